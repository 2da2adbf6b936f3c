"""Reads what figures take: a history, a model or a dataset, recognised by their attributes.

list of EpochResult, Run, RunFolder ──► History      MLP ──► its linear layers      Dataset, Split ──► images, labels
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from glasswork.errors import InputError
from glasswork.figures.checks import whole_numbers


class Model(Protocol):
    """A network of named layers, such as `glasswork.MLP`, which may know what it was trained on as ``inputs``."""

    named_layers: dict[str, Any]


#: A list of EpochResult, or an object that has one: a `Run` as ``history``, a `RunFolder` as ``history()``. Figures
#: import neither training nor runs, so `read_history` examines what it is given.
HistorySource: TypeAlias = Any


@dataclass(frozen=True)
class History:
    """The metrics of one run, one element per epoch: accuracies in percent, and losses that may be infinite or NaN."""

    epochs: NDArray[np.int64]
    train_loss: NDArray[np.float64]
    valid_loss: NDArray[np.float64]
    valid_accuracy: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.epochs)

    @property
    def best(self) -> int:
        """The index of the epoch with the highest accuracy, the first if there are several."""
        return int(np.argmax(self.valid_accuracy))

    @property
    def diverged(self) -> int | None:
        """The first epoch whose loss is not finite, if there is one."""
        bad = ~(np.isfinite(self.train_loss) & np.isfinite(self.valid_loss))
        return int(self.epochs[bad.argmax()]) if bad.any() else None


def read_history(source: HistorySource, who: str) -> History:
    """Return the history in a list of epochs, a run or a run's folder.

    Raises
    ------
    InputError
        If there is no epoch, epochs are not in order, or an accuracy is not a percentage.
    """
    found: Any = getattr(source, "history", source)
    found = found() if callable(found) else found
    try:
        rows = [(e.epoch, e.train_loss, e.valid_loss, e.valid_accuracy) for e in found]
    except (AttributeError, TypeError):
        raise InputError(
            f"{who}: expected a history: a list of EpochResult, a Run or a RunFolder, got {type(source).__name__}"
        ) from None
    if not rows:
        raise InputError(f"{who}: expected at least one epoch, got none; train first")
    epochs, *metrics = zip(*rows, strict=True)
    numbers = whole_numbers(epochs, who, "epochs")
    train_loss, valid_loss, accuracy = (np.asarray(values, dtype=np.float64) for values in metrics)
    if not (np.diff(numbers) > 0).all():
        raise InputError(f"{who}: expected epochs in increasing order, got {numbers.tolist()}")
    if not ((accuracy >= 0) & (accuracy <= 100)).all():
        raise InputError(
            f"{who}: expected accuracies in percent, from 0 to 100, got {accuracy.min()} to {accuracy.max()}"
        )
    return History(numbers, train_loss, valid_loss, accuracy)


def name_of(source: HistorySource) -> str:
    """Return the name of a run's folder; empty if there is none."""
    folder = getattr(source, "folder", getattr(source, "path", None))
    return folder.name if isinstance(folder, Path) else ""


@dataclass(frozen=True)
class Column:
    """A linear layer of a network, and the layers that its sums pass through next.

    Attributes
    ----------
    weight : (in, out)
    biases : int
    steps : tuple of str
        The kinds of the layers after it, in order, such as ``("batch-norm", "relu")``.
    extra : tuple of (int, str)
        The parameters of those layers: ``((50, "scales"), (50, "shifts"))``.
    before : tuple of str
        The kinds of the layers between the input and the first linear layer; empty for the others.
    """

    weight: NDArray[Any]
    biases: int
    steps: tuple[str, ...]
    extra: tuple[tuple[int, str], ...]
    before: tuple[str, ...]


#: The names of the parameters of layers other than Linear.
_WORDS = {"gamma": "scales", "beta": "shifts"}


def columns(model: Model, who: str) -> list[Column]:
    """Return the linear layers of a model, from the input on, each with the layers after it.

    Raises
    ------
    InputError
        If the object is not a model, or has no linear layer.
    """
    layers = list(getattr(model, "named_layers", {}).values())
    starts = [i for i, layer in enumerate(layers) if np.ndim(getattr(layer, "weight", 0)) == 2]
    if not starts:
        raise InputError(f"{who}: expected a model with linear layers, such as an MLP, got {type(model).__name__}")
    found = []
    for start, end in zip(starts, [*starts[1:], len(layers)], strict=True):
        linear, behind = layers[start], layers[start + 1 : end]
        weight = np.asarray(linear.weight)
        biases = sum(parameter.size for parameter in linear.parameters()) - weight.size
        extra = tuple(part for layer in behind for part in _learnt(layer))
        before = layers[:start] if start == starts[0] else []
        found.append(Column(weight, biases, tuple(map(_kind, behind)), extra, tuple(map(_kind, before))))
    return found


def _kind(layer: Any) -> str:
    return getattr(layer, "kind", None) or type(layer).__name__


def _learnt(layer: Any) -> Iterator[tuple[int, str]]:
    """Yield the size and the name of each kind of parameter of a layer."""
    names = {id(value): name for name, value in vars(layer).items()}
    for parameter in layer.parameters():
        yield parameter.size, _WORDS.get(names.get(id(parameter), ""), f"numbers of {_kind(layer)}")


def model_shape(features: int, shape: tuple[int, ...] | None) -> tuple[int, ...] | None:
    """Return the shape of an image with this many pixels: the given one, or a square; None if neither fits."""
    side = math.isqrt(features)
    return shape or ((side, side) if side * side == features else None)


def feature_names(model: Model) -> list[str] | None:
    """Return the names of the columns of the table that a model was trained on; None if it takes images."""
    inputs = getattr(model, "inputs", None)
    if inputs is None or inputs.kind != "features":
        return None
    return list(
        inputs.columns or (f"column {k + 1}" for k in range(columns(model, "feature_names")[0].weight.shape[0]))
    )
