"""The figures of a run: curves, diagram, weights and digits, saved in its ``figures`` folder.

A figure that fails never stops a command: the functions return a sentence to print.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from glasswork.data import Split
from glasswork.data.kinds import noun
from glasswork.errors import FileError, GlassworkError
from glasswork.models.model_file import load_model
from glasswork.nn import LOSSES, MLP
from glasswork.recipes.recipe import Recipe
from glasswork.runs.data import data_of_run
from glasswork.runs.folder import RunFolder
from glasswork.runs.run import Run
from glasswork.training.results import EpochResult

_LOG = logging.getLogger(__name__)

#: Draws a figure, given the module `glasswork.figures`. The module is imported when the first figure is drawn, so that
#: trouble with matplotlib costs figures only.
Draw: TypeAlias = Callable[[Any], Any]


@dataclass(frozen=True)
class FigureSource:
    """What the figures of a run are drawn from: a run that has just been trained, or one on disk."""

    name: str
    recipe: Recipe
    history: list[EpochResult]
    model: MLP
    parts: Split
    test_accuracy: float | None
    notes: list[str] = field(default_factory=list)

    @classmethod
    def of_run(cls, run: Run) -> "FigureSource":
        """Return the source for a run in memory."""
        return cls(run.folder.name, run.recipe, run.history, run.model, run.parts, run.test_accuracy)

    @classmethod
    def of_folder(cls, folder: RunFolder) -> "FigureSource":
        """Return the source for a run on disk; raise a FileError if it cannot be read."""
        recipe, history, result = folder.recipe(), folder.history(), folder.result()
        model, (parts, notes) = load_model(folder.path), data_of_run(folder)
        return cls(folder.path.name, recipe, history, model, parts, result.test_accuracy, notes)


def _curves(figures: Any, source: FigureSource) -> Any:
    return figures.curves(
        source.history,
        name=source.name,
        loss_name=LOSSES[source.recipe.loss.name].label,
        test_accuracy=source.test_accuracy,
        tested=f"{len(source.parts.test):,} {noun(source.parts.kind)}, {source.parts.division}; "
        f"validated on {len(source.parts.valid):,}",
        planned=source.recipe.training.epochs if source.test_accuracy is None else None,
        classes=source.parts.classes,
    )


def _confusion(figures: Any, source: FigureSource) -> Any:
    test = source.parts.test
    return figures.confusion(test.labels, source.model.predict(test.images), classes=source.parts.classes)


#: How each figure of a run is drawn, given `glasswork.figures` and its source.
FIGURES: dict[str, Callable[[Any, FigureSource], Any]] = {
    "curves": _curves,
    "diagram": lambda figures, source: figures.diagram(
        source.model, shape=source.parts.shape, classes=source.parts.classes
    ),
    "weights": lambda figures, source: figures.weights(source.model, shape=source.parts.shape),
    "digits": lambda figures, source: figures.digits(source.parts),
    "confusion": _confusion,
}


def draw_figures(run: Run, kind: str = "png") -> list[str]:
    """Draw all figures of a run except its confusion table, in one of `glasswork.figures.FORMATS`.

    Returns
    -------
    list of str
        A sentence for each reason why figures could not be drawn; empty if all were drawn.
    """
    source = FigureSource.of_run(run)
    left_out = {"confusion"} if source.parts.kind == "pixels" else {"confusion", "digits"}
    wanted = {name: _drawn_from(source, make) for name, make in FIGURES.items() if name not in left_out}
    return draw(run.folder, wanted, kind)


def _drawn_from(source: FigureSource, make: Callable[[Any, FigureSource], Any]) -> Draw:
    return lambda figures: make(figures, source)


def draw(run: Path, wanted: Mapping[str, Draw], kind: str = "png") -> list[str]:
    """Draw figures by name into the ``figures`` folder of a run. A figure that fails does not stop the others.

    Returns
    -------
    list of str
        A sentence for each reason why figures could not be drawn; empty if all were drawn.
    """
    failed: dict[str, list[str]] = {}
    for name, make in wanted.items():
        try:
            _draw_one(make, run / "figures" / f"{name}.{kind}")
        except Exception as error:  # no error in a figure may stop the command
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
            f"{path.parent}: this folder cannot be created ({error.strerror}); move away what is there"
        ) from error
    figures.save(make(figures), path)
