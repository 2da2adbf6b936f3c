"""Faults in a training, found while it runs.

images ──► linear1 ──► act1 ──► linear2 ──► scores        history, epoch by epoch
0 to 255?  NaN?        all 0?   NaN?        at chance?    does the loss fall?  are labels learnt at all?

An infinite or NaN loss stops the loop. The faults found here raise no error: the network simply fails to learn.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glasswork.arrays import FloatArray
from glasswork.data.kinds import noun
from glasswork.data.labels import check_labels
from glasswork.errors import InputError
from glasswork.nn import GELU, MLP, Layer, ReLU, Scale, Sigmoid, SiLU, Tanh
from glasswork.nn.scores import labels_of
from glasswork.optim.optimizer import Optimizer
from glasswork.pixels import as_array, as_bytes_or_floats, as_rows, normalize
from glasswork.statistics import accuracy_interval
from glasswork.training.learnable import best_simple_rule
from glasswork.training.results import EpochResult, Finding

#: Number of images examined, spread evenly over all of them: always the same ones.
SAMPLE = 500

#: Number of images needed to tell whether labels match them, or which neurons are dead.
ENOUGH = 400

#: Number of validation images whose accuracy shows that nothing is learnt.
ENOUGH_VALIDATED = 100

#: Share of a layer that counts as nearly all of it: in runs that fail, it was at least 0.92.
NEARLY_ALL = 0.9

#: Share of dead neurons in a layer that is reported: in runs that go well, at most 0.4 of them gave 0 for all images.
MANY = 0.5

#: Slope of a sigmoid or tanh, as a share of its steepest, that counts as flat: that of a sigmoid beyond -6 and 6.
FLAT = 0.01

#: Output that counts as 0: a dead ReLU gives 0, a dead SiLU or GELU gives nearly 0.
SILENT = 1e-3

#: Root mean square of pixels that is far too large: pixels from -1 to 1 have at most 1, bytes as floats have 79.
LARGE = 3.0

#: All pixels are within this distance of -1 if they were normalised twice: 1 becomes -0.992.
SQUEEZED = 0.05

#: Images whose common offset is so many times as large as what differs between them are hard to learn from.
OFFSET = 4.0

#: Epochs in which a run should have begun to learn, and the share by which its loss should have fallen in them.
PATIENCE, FALL = 3, 0.05

#: How many times as large the loss is at the end of these epochs, at least, where the steps are far too large.
GROWTH = 2.0

#: Steps in which a run should have begun to learn, also from images that hardly differ, if it learns from them at all.
STEPS, STEPS_TO_TELL = 300, 100

#: Share of the way from chance to 100 % that may still be luck.
LUCK = 0.1


class Watch:
    """Remembers what was reported in a run, so that nothing is reported twice."""

    def __init__(self, reported: Iterable[Finding] = ()) -> None:
        self._reported = {(finding.name, finding.where) for finding in reported}

    def new(self, findings: Iterable[Finding]) -> list[Finding]:
        """Return the findings that have not been reported before, judged by name and place."""
        fresh = [finding for finding in findings if (finding.name, finding.where) not in self._reported]
        self._reported |= {(finding.name, finding.where) for finding in fresh}
        return fresh


def diagnose(
    model: MLP,
    images: ArrayLike,
    labels: ArrayLike,
    history: Sequence[EpochResult],
    *,
    learning_rate: float | None = None,
    validated: int | None = None,
    steps: int | None = None,
    greyed: bool = False,
) -> list[Finding]:
    """Return what is wrong with a training at the end of an epoch. The model and the history are not changed.

    Parameters
    ----------
    model : MLP
        The network after this epoch.
    images : (N, features) or (N, height, width)
        The training images: integers from 0 to 255, normalised here as in the batches, or floats, taken as they are.
    labels : (N,) integers
        Their classes.
    history : sequence of EpochResult
        The epochs so far; may be empty.
    learning_rate : float, optional
        The rate given to the optimiser, which advice will name. By default the largest in the history, which may be
        smaller if there is a schedule.
    validated : int, optional
        The number of validation images. The accuracy on fewer than 100 shows nothing. By default, 100 or more.
    steps : int, optional
        Steps taken so far. After fewer than 300, nothing is expected. By default, 300 or more.
    greyed : bool
        Whether the images were in colour and are grey now.

    Returns
    -------
    list of Finding
        Empty if nothing seems wrong.

    Raises
    ------
    InputError
        If there are no images, the number of labels is a different one, or they are not the network's.
    """
    takes = model.inputs
    as_given = takes is not None and (takes.kind == "features" or (takes.low is not None and not takes.scales))
    read = as_array if as_given else as_bytes_or_floats
    images, known = read("diagnose", images), np.asarray(labels)
    if len(images) == 0 or len(images) != len(known):
        raise InputError(f"diagnose: expected images, and one label for each, got {len(images):,} and {len(known):,}")
    check_labels(known, max(model.out_features, 2), argument="out_features")
    images = as_rows("diagnose", images, model.in_features)
    rate = learning_rate or max((epoch.learning_rate for epoch in history), default=0.0)
    slower = "a smaller learning rate" + (f" than {rate:g}" if rate else "")
    if broken := _check_weights(model, slower):
        return broken  # with such weights, other findings mean nothing
    chance = 100 * np.unique(known, return_counts=True)[1].max() / len(known)
    luck = float(chance + LUCK * (100 - chance))

    rows = _spread(len(images))
    sample, known = images[rows], known[rows]
    bytes_given = sample.dtype == np.uint8 and not as_given
    x = normalize(sample, dtype=model.dtype) if bytes_given else sample.astype(model.dtype)
    with model.mode(training=False), np.errstate(over="ignore", invalid="ignore"):
        accuracy = 100 * float((labels_of(model.forward(x), model.scores_are) == known).mean())

    things = noun(takes.kind if takes else None)
    findings = [] if bytes_given else _check_scale(x, things)
    hardly_differ = _hardly_differ(model, x, things)
    for name, layer in model.named_layers.items():
        if layer is not model.layers[-1] or accuracy < luck:  # scores that are right may well be near 0 and 1
            findings += _check_layer(name, layer, slower, hardly_differ, things)
    needed = STEPS_TO_TELL if hardly_differ else STEPS
    epochs = max(PATIENCE, math.ceil(needed * len(history) / steps)) if steps and rate else PATIENCE
    latest = history[-epochs:]
    enough = validated is None or validated >= ENOUGH_VALIDATED
    seen = [epoch.valid_accuracy for epoch in latest] if enough else [accuracy]
    if len(latest) < epochs or max(seen) >= luck:
        return findings
    observation = (
        f"in {epochs} epochs the training loss went from {latest[0].train_loss:.4g} to {latest[-1].train_loss:.4g}, "
        f"and the {'validation' if enough else 'training'} accuracy, {seen[-1]:.1f} %, is no better than chance"
    )
    right, count = best_simple_rule(x, known, None if model.inputs is None else model.inputs.shape)
    if enough and len(x) >= ENOUGH:
        unlearnable = _check_labels(accuracy, luck, 100 * right / count, observation, things, greyed=greyed)
    else:
        unlearnable = []
    if unlearnable or findings:
        return findings + unlearnable  # one cause is enough
    learnable = count > 0 and accuracy_interval(right, count)[0] > luck
    fell = latest[-1].train_loss <= (1 - FALL) * latest[0].train_loss
    grew = latest[-1].train_loss > GROWTH * latest[0].train_loss
    return _check_network(rate, observation, hardly_differ, fell=fell, grew=grew) if learnable or not rate else []


def check_moments(optimizer: Optimizer) -> list[Finding]:
    """Return which averages of an optimiser overflowed: their weights no longer move, although the loss looks fine.

    Parameters
    ----------
    optimizer : Optimizer
        One of glasswork's own, which has ``moments()``.
    """
    return [
        Finding(
            "moments-not-finite",
            f"{name} of {optimizer}: {bad:,} of its {array.size:,} numbers are NaN or infinite, so the weights that "
            "they belong to no longer move; the gradients are too large, so check that the images are normalised, and "
            "start again with a smaller learning rate",
            name,
        )
        for name, array in optimizer.moments().items()
        if (bad := array.size - int(np.isfinite(array).sum()))
    ]


def _check_weights(model: MLP, slower: str) -> list[Finding]:
    return [
        Finding(
            "weights-not-finite",
            f"{name}: {bad:,} of its {array.size:,} numbers are NaN or infinite; the steps were too large, so start "
            f"again with {slower}",
            name,
        )
        for name, array in model.state().items()
        if (bad := array.size - int(np.isfinite(array).sum()))
    ]


def _check_scale(x: FloatArray, things: str) -> list[Finding]:
    low, high = float(x.min()), float(x.max())
    observation = f"the {things} hold numbers from {low:.4g} to {high:.4g}"
    if np.sqrt(np.square(x).mean()) > LARGE:
        advice = "where -1 to 1 is expected; give the bytes as they are, or glasswork.normalize(images)"
        if things == "rows":
            advice = "where about -1 to 1 is expected; subtract the mean of each column, and divide by its deviation"
        return [Finding("images-not-normalised", f"{observation}, {advice}")]
    if things == "images" and max(abs(low + 1), abs(high + 1)) < SQUEEZED:
        advice = "so black and white hardly differ; they were probably normalised twice, so normalise bytes once"
        return [Finding("images-normalised-twice", f"{observation}, {advice}")]
    return []


def _check_layer(name: str, layer: Layer, slower: str, hardly_differ: str, things: str) -> list[Finding]:
    """Return what is wrong with a layer; where the images ``hardly_differ``, they are the cause."""
    y = getattr(layer, "output", np.empty((0, 0)))  # a user's own layer need not keep it
    if y.size == 0:
        return []
    if isinstance(layer, Sigmoid | Tanh):
        slope, ends = (4 * y * (1 - y), "0 or 1") if isinstance(layer, Sigmoid) else (1 - np.square(y), "-1 or 1")
        flat = float((slope < FLAT).mean())
        kind = "saturated-layer" if flat > NEARLY_ALL else ""
        observation = f"{name}: {100 * flat:.0f} % of its outputs are nearly {ends}, where the gradient is almost 0"
        advice = f"its sums are too large, so check that the {things} are normalised, and try {slower}"
    elif isinstance(layer, ReLU | SiLU | GELU):
        dead = int((np.abs(y).max(axis=0) < SILENT).sum())
        share = dead / y.shape[1]
        enough = len(y) >= ENOUGH  # with fewer images, many live neurons give 0 for all of them
        kind = "dead-layer" if share > NEARLY_ALL else "dead-neurons" if share > MANY and enough else ""
        neurons = f"{dead:,} of its {y.shape[1]:,} neurons"
        observation = f"{name}: {neurons} give 0 for each of {len(y)} {things}, and no longer learn"
        advice = f"the steps were probably too large, so try {slower}, or leaky-relu"
    else:
        return []
    if kind and hardly_differ:
        return [Finding("images-not-standardised", f"{observation}; {hardly_differ}")]
    return [Finding(kind, f"{observation}; {advice}", name)] if kind else []


def _hardly_differ(model: MLP, x: FloatArray, things: str) -> str:
    """Return why the images are hard to learn from, if what differs between them is small beside what does not."""
    first = model.layers[0]
    given = (x - first.offset) / first.spread if isinstance(first, Scale) else x
    mean = given.mean(axis=0)
    offset, spread = (float(np.sqrt(np.square(part).mean())) for part in (mean, given - mean))
    if offset <= OFFSET * spread:
        return ""
    return (
        f"the {things} hardly differ: {'pixels' if things == 'images' else 'values'} are {spread:.2g} from their mean, "
        f"which is {offset:.2g} from 0; set data.scaling to standardize, or subtract the mean of all {things} and "
        "divide by their standard deviation"
    )


def _spread(count: int) -> NDArray[np.integer]:
    """Return at most `SAMPLE` rows of so many, spread evenly but for a little, as labels may follow a pattern."""
    if count <= SAMPLE:
        return np.arange(count)
    return ((np.arange(SAMPLE) + np.random.default_rng(0).random(SAMPLE)) * count / SAMPLE).astype(int)


def _check_labels(
    accuracy: float, luck: float, simple: float, observation: str, things: str, *, greyed: bool
) -> list[Finding]:
    """At chance level, distinguish labels that cannot be learnt from a network that fails to learn.

    ``accuracy`` is the network's on the training images, ``simple`` that of a simple rule on those it has not seen.
    """
    order = f"in another order than the {things}, so shuffle and split both by the same indices"
    if simple >= luck:
        if accuracy < luck + 2 * LUCK * (100 - luck):  # a network that begins to learn is a little above luck
            return []
        evidence = f"{accuracy:.0f} % of the training {things} are classified correctly"
        return [Finding("labels-do-not-match", f"{observation}; {evidence}: labels are probably {order}")]
    one = things[:-1]
    evidence = f"not even the nearest mean {one} or the nearest {one} predicts the label of a training {one}"
    if greyed:
        cause = "the images were converted to grey, and the classes probably differ in their colours only"
        return [Finding("colours-needed", f"{observation}; {evidence}: {cause}")]
    cause = f"the {things} do not show what the labels say, or the labels are {order}"
    return [Finding("labels-do-not-match", f"{observation}; {evidence}: {cause}")]


def _check_network(rate: float, observation: str, hardly_differ: str, *, fell: bool, grew: bool) -> list[Finding]:
    """At chance level with labels that can be learnt, say why the network does not learn them."""
    if rate and hardly_differ:
        return [Finding("images-not-standardised", f"{observation}; {hardly_differ}")]
    if rate and grew:
        advice = f"the loss grows, so the learning rate of {rate:g} is far too large; try a tenth of it"
        return [Finding("loss-does-not-move", f"{observation}; {advice}")]
    advice = (
        f"the learning rate of {rate:g} may be far too small or far too large, so try ten times as much, and a tenth; "
        "gradients vanish through many layers of sigmoids, so try relu and batch_norm too"
        if rate
        else "the learning rate is 0, so nothing moves; try 0.1, or 0.001 with Adam"
    )
    return [] if fell else [Finding("loss-does-not-move", f"{observation}; {advice}")]
