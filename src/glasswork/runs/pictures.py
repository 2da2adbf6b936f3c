"""The pictures of a run: curves, diagram, weights, digits, drawn into its ``figures`` folder.

A picture that fails never stops a command: the answer is a sentence to print.
"""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from glasswork.errors import FileError, GlassworkError
from glasswork.runs.run import Run

_LOG = logging.getLogger(__name__)

#: Makes a picture, given the module `glasswork.figures`: that is loaded when the first picture is drawn, so that what
#: is wrong with matplotlib is wrong with a picture only.
Draw: TypeAlias = Callable[[Any], Any]


def draw_pictures(run: Run, kind: str = "png") -> list[str]:
    """Draw the pictures of a run, in one of `glasswork.figures.FORMATS`.

    Returns
    -------
    list of str
        A sentence about what could not be drawn, and why; empty where all is well.
    """
    parts = run.parts
    pictures: dict[str, Draw] = {
        "curves": lambda figures: figures.curves(
            run.history,
            name=run.folder.name,
            loss_name=run.experiment.loss.label,
            test_accuracy=run.test_accuracy,
            planned=run.recipe.training.epochs if run.test_accuracy is None else None,
            classes=parts.classes,
        ),
        "diagram": lambda figures: figures.diagram(run.model, shape=parts.shape, classes=parts.classes),
        "weights": lambda figures: figures.weights(run.model, shape=parts.shape),
        "digits": lambda figures: figures.digits(parts),
    }
    return draw(run.folder, pictures, kind)


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
