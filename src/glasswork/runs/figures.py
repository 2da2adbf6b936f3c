"""The pictures of a run: curves, diagram, weights, digits, drawn into its ``figures`` folder.

A picture that fails never stops a command: the answer is a sentence to print.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from glasswork.data import Split
from glasswork.errors import FileError, GlassworkError
from glasswork.models.model_file import load_model
from glasswork.nn import LOSSES, MLP
from glasswork.recipes.recipe import Recipe
from glasswork.runs.data import data_of_run
from glasswork.runs.folder import RunFolder
from glasswork.runs.run import Run
from glasswork.training.results import EpochResult

_LOG = logging.getLogger(__name__)

#: Makes a picture, given the module `glasswork.figures`: that is loaded when the first picture is drawn, so that what
#: is wrong with matplotlib is wrong with a picture only.
Draw: TypeAlias = Callable[[Any], Any]


@dataclass(frozen=True)
class Seen:
    """What the pictures of a run are drawn from: a run that has just been trained, or one on disk."""

    name: str
    recipe: Recipe
    history: list[EpochResult]
    model: MLP
    parts: Split
    test_accuracy: float | None
    notes: list[str] = field(default_factory=list)

    @classmethod
    def of_run(cls, run: Run) -> "Seen":
        """Return it for a run in memory."""
        return cls(run.folder.name, run.recipe, run.history, run.model, run.parts, run.test_accuracy)

    @classmethod
    def of_folder(cls, folder: RunFolder) -> "Seen":
        """Return it for a run on disk; raises FileError if that cannot be read."""
        recipe, history, result = folder.recipe(), folder.history(), folder.result()
        model, (parts, notes) = load_model(folder.path), data_of_run(folder)
        return cls(folder.path.name, recipe, history, model, parts, result.test_accuracy, notes)


def _curves(figures: Any, seen: Seen) -> Any:
    return figures.curves(
        seen.history,
        name=seen.name,
        loss_name=LOSSES[seen.recipe.loss.name].label,
        test_accuracy=seen.test_accuracy,
        planned=seen.recipe.training.epochs if seen.test_accuracy is None else None,
        classes=seen.parts.classes,
    )


def _confusion(figures: Any, seen: Seen) -> Any:
    test = seen.parts.test
    return figures.confusion(test.labels, seen.model.predict(test.images), classes=seen.parts.classes)


#: How each picture of a run is drawn, given `glasswork.figures` and what to draw it from.
PICTURES: dict[str, Callable[[Any, Seen], Any]] = {
    "curves": _curves,
    "diagram": lambda figures, seen: figures.diagram(seen.model, shape=seen.parts.shape, classes=seen.parts.classes),
    "weights": lambda figures, seen: figures.weights(seen.model, shape=seen.parts.shape),
    "digits": lambda figures, seen: figures.digits(seen.parts),
    "confusion": _confusion,
}


def draw_pictures(run: Run, kind: str = "png") -> list[str]:
    """Draw the pictures of a run but its confusions, in one of `glasswork.figures.FORMATS`.

    Returns
    -------
    list of str
        A sentence about what could not be drawn, and why; empty where all is well.
    """
    seen = Seen.of_run(run)
    left_out = {"confusion"} if seen.parts.kind == "pixels" else {"confusion", "digits"}
    wanted = {name: _drawn_from(seen, make) for name, make in PICTURES.items() if name not in left_out}
    return draw(run.folder, wanted, kind)


def _drawn_from(seen: Seen, make: Callable[[Any, Seen], Any]) -> Draw:
    return lambda figures: make(figures, seen)


def draw(run: Path, pictures: Mapping[str, Draw], kind: str = "png") -> list[str]:
    """Draw pictures by name into the ``figures`` folder of a run, each whatever becomes of the others.

    Returns
    -------
    list of str
        A sentence about what could not be drawn, and why; empty where all is well.
    """
    failed: dict[str, list[str]] = {}
    for name, make in pictures.items():
        try:
            _draw_one(make, run / "figures" / f"{name}.{kind}")
        except Exception as error:  # whatever goes wrong, it is only a picture
            _LOG.debug("%s cannot be drawn", name, exc_info=True)
            known = isinstance(error, GlassworkError | OSError)
            failed.setdefault(str(error) if known else f"{type(error).__name__}: {error}", []).append(name)
    return [f"Not drawn: {', '.join(names)}. {reason}" for reason, names in failed.items()]


def _draw_one(make: Draw, path: Path) -> None:
    from glasswork import figures

    try:
        path.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise FileError(
            f"{path.parent}: this folder cannot be made ({error.strerror}); move away what is there"
        ) from error
    figures.save(make(figures), path)
