"""Faults in a training, found while it runs.

images ──► linear1 ──► act1 ──► linear2 ──► scores        history, epoch by epoch
0 to 255?  NaN?        all 0?   NaN?        at chance?    does the loss fall?  are labels learnt at all?

An infinite or NaN loss stops the loop. The faults found here raise no error: the network simply fails to learn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glasswork.arrays import FloatArray
from glasswork.errors import InputError
from glasswork.nn import GELU, MLP, Layer, ReLU, Sigmoid, SiLU, Tanh
from glasswork.nn.scores import labels_of
from glasswork.optim.optimizer import Optimizer
from glasswork.pixels import as_array, as_bytes_or_floats, as_rows, normalize
from glasswork.training.results import EpochResult, Finding

#: Number of images examined, spread evenly over all of them: always the same ones.
SAMPLE = 500

#: Number of images needed to tell whether labels match them, or which neurons are dead.
ENOUGH = 400

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

#: Epochs in which a run should have begun to learn, and the share by which its loss should have fallen in them.
PATIENCE, FALL = 3, 0.05

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
) -> list[Finding]:
    """Return what is wrong with a training at the end of an epoch. The model and the history are not changed.

    Parameters
    ----------
    model : MLP
    images : (N, features) or (N, height, width)
        The training images: integers from 0 to 255, normalised here as in the batches, or floats, taken as they are.
    labels : (N,) integers
    history : sequence of EpochResult
        The epochs so far; may be empty.
    learning_rate : float, optional
        The rate given to the optimiser, which advice will name. By default the largest in the history, which may be
        smaller if there is a schedule.

    Raises
    ------
    InputError
        If there are no images, or the number of labels is a different one.
    """
    read = as_array if model.pixels is False else as_bytes_or_floats
    images, known = read("diagnose", images), np.asarray(labels)
    if len(images) == 0 or len(images) != len(known):
        raise InputError(f"diagnose: expected images, and one label for each, got {len(images):,} and {len(known):,}")
    images = as_rows("diagnose", images, model.in_features)
    rate = learning_rate or max((epoch.learning_rate for epoch in history), default=0.0)
    slower = "a smaller learning rate" + (f" than {rate:g}" if rate else "")
    if broken := _check_weights(model, slower):
        return broken  # with such weights, other findings mean nothing
    chance = 100 * np.unique(known, return_counts=True)[1].max() / len(known)
    luck = float(chance + LUCK * (100 - chance))

    rows = np.linspace(0, len(images) - 1, min(SAMPLE, len(images))).astype(int)
    sample, known = images[rows], known[rows]
    bytes_given = sample.dtype == np.uint8 and model.pixels is not False
    x = normalize(sample, dtype=model.dtype) if bytes_given else sample.astype(model.dtype)
    with model.mode(training=False), np.errstate(over="ignore", invalid="ignore"):
        accuracy = 100 * float((labels_of(model.forward(x), model.scores_are) == known).mean())

    findings = _check_images(x)
    for name, layer in model.named_layers.items():
        if layer is not model.layers[-1] or accuracy < luck:  # scores that are right may well be near 0 and 1
            findings += _check_layer(name, layer, slower)
    latest = history[-PATIENCE:]
    if len(latest) == PATIENCE and all(epoch.valid_accuracy < luck for epoch in latest):
        before, now = latest[0].train_loss, latest[-1].train_loss
        observation = (
            f"in {PATIENCE} epochs the training loss went from {before:.4g} to {now:.4g}, and the validation accuracy, "
            f"{latest[-1].valid_accuracy:.1f} %, is no better than chance"
        )
        unlearnable = _check_labels(x, known, accuracy, luck, observation)
        findings += unlearnable or (
            [] if findings else _check_loss(before, now, rate, observation)
        )  # one cause is enough
    return findings


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


def _check_images(x: FloatArray) -> list[Finding]:
    low, high = float(x.min()), float(x.max())
    observation = f"the images hold numbers from {low:.4g} to {high:.4g}"
    if np.sqrt(np.square(x).mean()) > LARGE:
        advice = "where -1 to 1 is expected; give the bytes as they are, or glasswork.normalize(images)"
        return [Finding("images-not-normalised", f"{observation}, {advice}")]
    if max(abs(low + 1), abs(high + 1)) < SQUEEZED:
        advice = "so black and white hardly differ; they were probably normalised twice, so normalise bytes once"
        return [Finding("images-normalised-twice", f"{observation}, {advice}")]
    return []


def _check_layer(name: str, layer: Layer, slower: str) -> list[Finding]:
    y = layer.output
    if isinstance(layer, Sigmoid | Tanh):
        slope, ends = (4 * y * (1 - y), "0 or 1") if isinstance(layer, Sigmoid) else (1 - np.square(y), "-1 or 1")
        flat = float((slope < FLAT).mean())
        observation = f"{name}: {100 * flat:.0f} % of its outputs are nearly {ends}, where the gradient is almost 0"
        advice = f"its sums are too large, so check that the images are normalised, and try {slower}"
        return [Finding("saturated-layer", f"{observation}; {advice}", name)] if flat > NEARLY_ALL else []
    if isinstance(layer, ReLU | SiLU | GELU):
        dead = int((np.abs(y).max(axis=0) < SILENT).sum())
        neurons = f"{dead:,} of its {y.shape[1]:,} neurons"
        observation = f"{name}: {neurons} give 0 for each of {len(y)} images, and no longer learn"
        advice = f"the steps were probably too large, so try {slower}, or leaky-relu"
        share = dead / y.shape[1]
        if share > NEARLY_ALL:
            return [Finding("dead-layer", f"{observation}; {advice}", name)]
        if share > MANY and len(y) >= ENOUGH:  # with fewer images, many live neurons give 0 for all of them
            return [Finding("dead-neurons", f"{observation}; {advice}", name)]
    return []


def _check_labels(x: FloatArray, labels: NDArray[Any], accuracy: float, luck: float, observation: str) -> list[Finding]:
    """At chance level, distinguish labels that cannot be learnt from a network that fails to learn."""
    if accuracy >= luck + 2 * LUCK * (100 - luck):  # well above luck: a network that begins to learn is a little above
        evidence = f"{accuracy:.0f} % of the training images are classified correctly"
    elif len(x) >= ENOUGH and _nearest_mean(x, labels) < luck:
        evidence = "not even the nearest mean image predicts the label of a training image"
    else:
        return []
    advice = "the labels are probably in another order than the images, so shuffle and split both by the same indices"
    return [Finding("labels-do-not-match", f"{observation}; {evidence}: {advice}")]


def _nearest_mean(x: FloatArray, labels: NDArray[Any]) -> float:
    """Return the accuracy, in percent, of labelling half of the sample by the nearest mean image of the other half."""
    x = x - x.mean(axis=0)
    classes = np.unique(labels[::2])
    means = np.stack([x[::2][labels[::2] == label].mean(axis=0) for label in classes])
    distances = np.square(means).sum(axis=1) - 2 * x[1::2] @ means.T
    return 100 * float((classes[distances.argmin(axis=1)] == labels[1::2]).mean())


def _check_loss(before: float, now: float, rate: float, observation: str) -> list[Finding]:
    if now <= (1 - FALL) * before:
        return []
    advice = (
        f"the learning rate of {rate:g} may be far too small or far too large, so try ten times as much, and a tenth; "
        "gradients vanish through many layers of sigmoids, so try relu and batch_norm too"
        if rate
        else "the learning rate is 0, so nothing moves; try 0.1, or 0.001 with Adam"
    )
    return [Finding("loss-does-not-move", f"{observation}; {advice}")]
