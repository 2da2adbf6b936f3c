"""Gather the data of the page from the folder of a run: some are read, some are measured."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from glasswork.arrays import Images, Labels
from glasswork.data import Split
from glasswork.data.contract import polarity_of
from glasswork.inputs import Inputs
from glasswork.models.doubt import ReferenceSet
from glasswork.models.doubt.lines import FILTERS
from glasswork.models.loaded import ModelFile
from glasswork.models.model_file import read_model_file
from glasswork.nn import MLP, Linear
from glasswork.nn.scores import probabilities_of
from glasswork.recipes.build import build_loss, column_scaling
from glasswork.recipes.recipe import Recipe
from glasswork.report import room
from glasswork.report.data import Columns, EpochData, Novelty, Pictures, ReportData, ScepticData, Snapshot, Tested
from glasswork.report.evaluation import evaluate
from glasswork.report.facts import attribution, command, committee_facts, facts, handwriting, headline, shareable
from glasswork.report.packing import Encoding, pack
from glasswork.report.replay import fitting_snapshots
from glasswork.report.storage import as_stored, choose_encoding, describe
from glasswork.report.words import Language, Words
from glasswork.runs.data import data_of_run
from glasswork.runs.folder import RunFolder
from glasswork.runs.snapshots import read_snapshots
from glasswork.training.engines import is_long
from glasswork.training.results import EpochResult
from glasswork.version import __version__

#: Test images in the page, and the number of further ones that the network answers wrongly.
_TESTED, _MISTAKES = 1000, 400

#: Training images in the page if there is no reference set.
_EXAMPLES = 500

#: Mistakes in the list of the worst.
_WORST = 12

#: Examples kept for each neuron, and snapshots kept for the slider.
_EXCITING, _SNAPSHOTS = 8, 20


def gather_folder(path: str | Path, language: Language = "en") -> ReportData:
    """Gather the data of the page from the folder of a run; the run's dataset is loaded again.

    Parameters
    ----------
    path : path
    language : {"en", "de"}
        The language of the page.

    Raises
    ------
    FileError
        If it is not the folder of a run that has a network.
    InputError
        If the network is too large for a page.
    """
    place = RunFolder(path)
    place.check()
    return gather(place, read_model_file(place.path), data_of_run(place).parts, language)


def gather(place: RunFolder, file: ModelFile, parts: Split, language: Language = "en") -> ReportData:
    """Gather the data of the page.

    Parameters
    ----------
    place : RunFolder
    file : ModelFile
        The model file of the run.
    parts : Split
        The data of the run.
    language : {"en", "de"}
        The language of the page.

    Raises
    ------
    FileError
        If a file of the run is damaged.
    InputError
        If the network is too large for a page, or there is no table of words for the language.
    """
    words = Words(language)
    whole, file = file, file.for_page()
    recipe, history, result, model = place.recipe(), place.history(), place.result(), file.model
    features = parts.kind == "features"
    shape = file.image_shape or parts.shape
    encoding = choose_encoding(model)
    stored = as_stored(model, encoding)
    numbers: Encoding = "float64" if features else "uint4"
    examples, labels, are_all = _examples(file.reference, parts, numbers)
    packed = pack(examples, numbers)
    novelty = None if file.reference is None else _novelty(file.reference, with_maps=not are_all)
    tested = _tested(stored, parts)
    maps = len(novelty.maps.data) if novelty is not None and novelty.maps is not None else 0
    left = room.TOTAL - len(packed.data) - maps - len(tested.pictures.images.data)
    shared = shareable(recipe)
    digits = not features and all(len(name) == 1 and name.isdigit() for name in file.classes)
    dark = file.reading.polarity == "dark on light"
    kept = None if features else shape
    evaluation = evaluate(model, parts.test.images, parts.test.labels, kept, len(file.classes), dark=dark)
    return ReportData(
        title=headline(words, parts, model, result, evaluation.accuracy, digits=digits),
        version=__version__,
        classes=list(file.classes),
        shape=shape,
        network=describe(model, stored, encoding, parts.test.images[:_TESTED]),
        examples=Pictures(packed, labels.tolist()),
        novelty=novelty,
        exciting=_exciting(model, examples),
        inkless=[] if features else np.flatnonzero(~parts.train.images.any(axis=0)).tolist(),
        tested=tested,
        evaluation=evaluation,
        history=[_epoch(result) for result in history],
        loss_name=build_loss(recipe.loss).label,
        snapshots=_snapshots(place, recipe, model, history, left),
        state=result.state,
        epochs=recipe.training.epochs,
        validated=len(parts.valid),
        facts={words.say("Run"): place.path.resolve().name}
        | facts(words, shared, result, parts, model, evaluation.accuracy)
        | committee_facts(words, whole, parts),
        recipe=shared.to_toml(),
        command=command(
            shared, members=result.members, is_long=is_long(model, len(parts.train), recipe.training.epochs)
        ),
        attribution=attribution(words, shared, parts),
        handwriting=handwriting(words, recipe),
        pictures=file.reading.pictures,
        ink=len(shape) == 2 and polarity_of(parts.train.images, shape) == "light on dark",
        dark=dark,
        no_reference=file.why_no_reference,
        thing="digit" if digits else "class",
        columns=columns_of(recipe, model, parts) if features else None,
        language=language,
    )


def columns_of(recipe: Recipe, model: MLP, parts: Split) -> Columns | None:
    """Return how the rows of a table reach the first layer, and the mean of each column over the training rows."""
    inputs = model.inputs
    if inputs is None or (features := inputs.features) is None:
        return None
    return Columns(
        names=list(inputs.columns or (f"column {k + 1}" for k in range(len(features)))),
        low=list(features.low),
        high=list(features.high),
        centre=list(features.centre),
        spread=list(features.spread),
        missing=None if features.missing is None else list(features.missing),
        typical=np.nanmean(parts.train.images, axis=0, dtype=np.float64).reshape(-1).tolist(),
        scaling=column_scaling(recipe.data.scaling),
    )


def _examples(reference: ReferenceSet | None, parts: Split, encoding: Encoding) -> tuple[Images, Labels, bool]:
    """Return training images for the page, their labels, and whether these are all images of the reference set."""
    if reference is not None:
        images, labels = reference.images, reference.labels
        are_all = room.fitting(images, encoding, room.EXAMPLES) == len(images)
        count = len(images) if are_all else room.fitting(images, encoding, room.SHOWN)
        return images[:count], labels[:count], are_all
    rows = np.random.default_rng(0).permutation(len(parts.train))[:_EXAMPLES]
    rows = rows[: room.fitting(parts.train.images[rows], encoding, room.EXAMPLES)]
    return parts.train.images[rows], parts.train.labels[rows], False


def _novelty(reference: ReferenceSet, *, with_maps: bool) -> Novelty:
    sceptic = reference.sceptic
    return Novelty(
        spread=pack(reference.spread, "float32"),
        threshold=reference.threshold,
        limits=list(reference.limits),
        labels=reference.labels.tolist(),
        maps=pack(reference.maps, "float16") if with_maps else None,
        sceptic=None
        if sceptic is None
        else ScepticData(
            filters=pack(FILTERS, "float32"),
            weights=pack(sceptic.weights(), "int8"),
            bias=sceptic.bias.tolist(),
            output=sceptic.output.tolist(),
        ),
    )


def _exciting(model: MLP, examples: Images) -> dict[str, list[list[int]]]:
    """Return, for each hidden layer and neuron, the examples that excite it most, the strongest first."""
    found: dict[str, list[list[int]]] = {}
    activations, name = (model.inputs or Inputs.of_bytes()).prepared(examples, model.dtype, who="report"), ""
    for word, layer in model.named_layers.items():
        if isinstance(layer, Linear):
            if name:
                found[name] = _strongest(activations)
            name = word
        activations = layer(activations)
    return found


def _strongest(activations: NDArray[np.floating]) -> list[list[int]]:
    rows: list[list[int]] = np.argsort(-activations, axis=0, kind="stable")[:_EXCITING].T.tolist()
    return rows


def _tested(stored: MLP, parts: Split) -> Tested:
    """Choose test images for the page: the first ones, then the mistakes with the highest share."""
    test = parts.test
    scores = stored.scores(test.images)
    answers = scores.argmax(axis=1)
    every = np.arange(len(test))
    sure = np.where(answers == test.labels, -1, probabilities_of(scores, stored.scores_are)[every, answers])
    worst = np.argsort(-sure, kind="stable")[: np.count_nonzero(answers != test.labels)]
    encoding: Encoding = "float64" if parts.kind == "features" else "uint8"
    share = min(1.0, room.fitting(test.images, encoding, room.TESTS) / min(len(test), _TESTED + _MISTAKES))
    checked = max(1, int(share * min(_TESTED, len(test))))
    rows = np.concatenate([every[:checked], worst[worst >= checked][: int(share * _MISTAKES)]])
    place = {int(row): n for n, row in enumerate(rows)}
    return Tested(
        pictures=Pictures(pack(test.images[rows], encoding), test.labels[rows].tolist()),
        answers=answers[rows].tolist(),
        checked=checked,
        scores=pack(scores[:checked], "float32"),
        worst=[place[int(row)] for row in worst if int(row) in place][:_WORST],
    )


def _epoch(result: EpochResult) -> EpochData:
    return EpochData(
        epoch=result.epoch,
        train_loss=result.train_loss,
        valid_loss=result.valid_loss,
        valid_accuracy=result.valid_accuracy,
        seconds=result.seconds,
        findings=[finding.message for finding in result.findings],
    )


def _snapshots(place: RunFolder, recipe: Recipe, model: MLP, history: list[EpochResult], left: float) -> list[Snapshot]:
    """Return about twenty snapshots that the run has stored, in the room that is left, and the network itself."""
    found = read_snapshots(place.path, model)
    if not found:
        return []
    whole, layers = fitting_snapshots(model, found, _SNAPSHOTS, left)
    if not recipe.training.early_stopping:  # which may end with the weights of an earlier epoch
        layers[len(history)] = []
    accuracy = {result.epoch: result.valid_accuracy for result in history}
    return [Snapshot(epoch, accuracy.get(epoch), whole, kept) for epoch, kept in layers.items()]
