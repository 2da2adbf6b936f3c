"""The data of a run: loaded again, divided as the run divided them, and compared with what it was trained on.

recipe.toml ──source──► dataset ──split──► parts ──fingerprint──► the same as recorded?  else a FileError
data/ (kept arrays) ──────┘
"""

from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from glasswork.data import Dataset, Split
from glasswork.errors import FileError
from glasswork.paths import for_shell
from glasswork.recipes import experiment
from glasswork.runs.checkpoint import CheckpointFacts, Checkpoints
from glasswork.runs.folder import RunFolder
from glasswork.runs.moved import check_source
from glasswork.runs.result import TrainedOn
from glasswork.sealed import open_sealed

#: The most class names in a message.
_NAMED = 10


class RunData(NamedTuple):
    """The data of a run, with notes about them.

    Attributes
    ----------
    parts : Split
    notes : list of str
        For example, that the run does not record which data it was trained on.
    """

    parts: Split
    notes: list[str]


def data_of_run(folder: RunFolder | str | Path, dataset: Dataset | None = None) -> RunData:
    """Load the data of a run: the arrays in its folder, or the source in its recipe.

    Parameters
    ----------
    folder : RunFolder or path
    dataset : Dataset, optional
        Used instead of loading them; it must hold the same data.

    Raises
    ------
    FileError
        If the data cannot be loaded, or are not those that the run was trained on.
    InputError
        If the run was given arrays by a program and its folder does not hold them.
    """
    place = folder if isinstance(folder, RunFolder) else RunFolder(folder)
    recipe, given = place.recipe(), dataset or place.kept_data()
    if given is None:
        check_source(recipe, place.path)
    parts = experiment.load_data(recipe.data, None if given is None else given.with_identity())
    return RunData(parts, check_data(place, parts))


def check_data(place: RunFolder, parts: Split, parts_sha256: str = "", *, divided_alike: bool = True) -> list[str]:
    """Compare data with what a run was trained on.

    Parameters
    ----------
    place : RunFolder
    parts : Split
        The data, divided as the run divides them.
    parts_sha256 : str
        Their fingerprint; computed if it is not given.
    divided_alike : bool
        Whether the data must also be divided as the run's are. If not, the datasets are compared as a whole.

    Returns
    -------
    list of str
        A note, if the run does not record what it was trained on.

    Raises
    ------
    FileError
        If an image, a label, a class, the order of the classes or the division differs.
    """
    then = _recorded(place)
    if then is None:
        return ["this run does not record which data it was trained on, so changes in them cannot be detected"]
    now = trained_on(parts, parts_sha256 or parts.fingerprint())
    if now.parts_sha256 != then.parts_sha256 and (divided_alike or now.sha256 != then.sha256):
        raise FileError(f"{place.path}: {_difference(place, then, now)}")
    return []


def trained_on(parts: Split, parts_sha256: str) -> TrainedOn:
    """Return what a run records about its data."""
    return TrainedOn(
        sha256=parts.origin.sha256,
        parts_sha256=parts_sha256,
        images=len(parts.train) + len(parts.valid) + len(parts.test),
        classes=list(parts.classes),
    )


def _recorded(place: RunFolder) -> TrainedOn | None:
    """Return what a run was trained on, or None if that is not recorded; older runs have it only in checkpoints."""
    with suppress(FileError):  # if the result is damaged, the checkpoints are read instead
        if (data := place.result().data) is not None:
            return data
    for path in Checkpoints(place.path).paths:
        with suppress(FileError), open_sealed(path, CheckpointFacts, what="checkpoint") as (facts, _):
            return TrainedOn(sha256="", parts_sha256=facts.data_sha256, images=0, classes=[])
    return None


def _difference(place: RunFolder, then: TrainedOn, now: TrainedOn) -> str:
    """Return in words how data differ from those that a run was trained on, and what to do."""
    source = place.data_path if place.keeps_data() else place.recipe().data.source
    if then.sha256 and then.sha256 == now.sha256:
        return (
            f"the images of {source} are the same as when it was trained, but they are now divided differently into "
            "training, validation and test images; restore its recipe.toml, or train it again"
        )
    changes = []
    if then.images and then.images != now.images:
        changes.append(f"{then.images:,} images then, {now.images:,} now")
    if then.classes and then.classes != now.classes:
        changes.append(f"the classes {_names(then.classes)} then, {_names(now.classes)} now")
    what = "; ".join(changes) or f"SHA-256 {then.parts_sha256[:12]}… then, {now.parts_sha256[:12]}… now"
    return (
        f"its data, {source}, have changed since it was trained: {what}. Restore the old data. To test it on other "
        f"data: glasswork evaluate {for_shell(place.path)} --data PATH"
    )


def _names(classes: list[str]) -> str:
    more = f" and {len(classes) - _NAMED:,} more" if len(classes) > _NAMED else ""
    return ", ".join(classes[:_NAMED]) + more
