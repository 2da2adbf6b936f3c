"""What the loop needs of a model, a loss and an optimiser; those of the handout are enough.

model(x)   model.backward(grad)   model.parameters()        loss(pred, target)   loss.backward()
optimizer.zero_grad()   optimizer.step()   optimizer.lr     and, where there are any: gradients(), mode(), state()
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol, TypeAlias

import numpy as np

from glasswork.arrays import FloatArray
from glasswork.errors import InputError, StateError
from glasswork.nn.random_layer import RandomLayer
from glasswork.pixels import check_scale

#: Gives ``(X_batch, y_batch)`` pairs; looped over once an epoch.
Loader: TypeAlias = Iterable[tuple[Any, Any]]


class Model(Protocol):
    """What the loop needs of a network: `glasswork.MLP`, or a student's own from the handout.

    If the model also has ``mode(training=...)``, ``state()`` or ``set_position(step)``, as an `MLP` has, they are used.
    """

    def __call__(self, x: Any) -> FloatArray:
        """Return scores, ``(batch, classes)``."""
        ...

    def backward(self, grad_output: FloatArray) -> Any:
        """Fill the gradients."""
        ...

    def parameters(self) -> list[FloatArray]:
        """Return the arrays that training changes."""
        ...


class Criterion(Protocol):
    """What the loop needs of a loss."""

    def __call__(self, pred: Any, target: Any) -> float:
        """Return the loss, a mean over the batch."""
        ...

    def backward(self) -> FloatArray:
        """Return its gradient with respect to ``pred``."""
        ...


class Optimizer(Protocol):
    """What the loop needs of an optimiser."""

    lr: float

    def step(self) -> None:
        """Change the parameters."""
        ...

    def zero_grad(self) -> None:
        """Clear the gradients."""
        ...


def checked(loader: Loader, model: Model, *, learning: bool = False) -> Iterator[tuple[Any, Any]]:
    """Yield a loader's batches, having checked that the first one's pixels are on the scale that the model expects.

    A model with an attribute ``pixels``, as an `MLP` has, is told that its inputs are pixels if it is ``learning``
    and the loader gives bytes. One batch an epoch is looked at, so that steps cost nothing more.
    """
    if isinstance(loader, tuple | list) and len(loader) == 2 and all(isinstance(part, np.ndarray) for part in loader):
        raise InputError(
            "the loop: expected a loader of batches, got images and labels; make one: Batches(images, labels, 100, "
            "seed=0)"
        )
    first = hasattr(model, "pixels")
    for X_batch, y_batch in loader:
        if first:
            _check_pixels(np.asarray(X_batch), getattr(loader, "pixels", False), model, learning)
            first = False
        yield X_batch, y_batch


def _check_pixels(x: Any, are_bytes: bool, model: Any, learning: bool) -> None:
    if are_bytes or x.dtype.kind in "iu":
        if learning and model.pixels is None:
            model.pixels = True
    else:
        check_scale(model, x, pixels=model.pixels)


def check_together(model: Model, optimizer: Optimizer) -> None:
    """Check that the optimiser moves the model's own parameters along the model's own gradients."""
    for what, held, own in (
        ("parameters", getattr(optimizer, "params", None), model.parameters()),
        ("gradients", getattr(optimizer, "grads", None), gradients_of(model)),
    ):
        if held and own and not {_memory(array) for array in held} <= {_memory(array) for array in own}:
            raise StateError(
                f"train: this optimizer holds {what} that are not this model's: of another model, or of layers or "
                "arrays that were replaced since; make the optimizer after the model, from its parameters() and "
                "gradients(), and write into arrays with [...] = instead of replacing them"
            )


def check_not_rebound(before: list[FloatArray], model: Model) -> None:
    """Check that backward wrote into the gradients, where the optimiser sees them, and made no new arrays."""
    pairs = zip(before, gradients_of(model), strict=False)
    rebound = [i for i, (old, new) in enumerate(pairs) if _memory(old) != _memory(new)]
    if rebound:
        raise StateError(
            f"train: backward replaced {len(rebound)} of the model's {len(before)} gradients by new arrays (the first "
            f"is gradients()[{rebound[0]}]), so the optimizer, which holds the old ones, would move nothing; write "
            "into them instead: self.grad_weight[...] = ..."
        )


def check_restorable(model: Model | None) -> None:
    """Check that a model's ``state()`` returns its own arrays: weights that are kept are written back into them.

    None stands for a model whose weights are not to be kept.
    """
    first, second = ([], []) if model is None else (arrays_of(model), arrays_of(model))
    if [_memory(array) for array in first] != [_memory(array) for array in second]:
        raise InputError(
            "fit: expected state() to return the model's own arrays, the same ones at every call, got copies; patience "
            "and average write the weights to keep into them"
        )


def _memory(array: FloatArray) -> tuple[Any, ...]:
    """Return what two views of the same memory have in common."""
    return (np.asarray(array).__array_interface__["data"][0], np.shape(array))


def gradients_of(model: Model) -> list[FloatArray]:
    """Return the model's gradients; none for a model without ``gradients()``."""
    gradients = getattr(model, "gradients", None)
    return list(gradients()) if callable(gradients) else []


def first_step(model: Model, optimizer: Optimizer) -> int:
    """Return the number of the next step: the optimiser's own count, or one more than random layers last drew for."""
    steps = getattr(optimizer, "steps", None)
    if isinstance(steps, int | np.integer):
        return int(steps)
    layers = getattr(model, "layers", None)
    drawn = [layer.position for layer in layers if isinstance(layer, RandomLayer)] if isinstance(layers, list) else []
    return max((position[0] + 1 for position in drawn if position is not None), default=0)


def mode_of(model: Model, *, training: bool) -> AbstractContextManager[None]:
    """Context manager: the mode of a model that has one, as an MLP or a wrapper of it; a student's own may not."""
    mode = getattr(model, "mode", None)
    return mode(training=training) if callable(mode) else nullcontext()


def arrays_of(model: Model) -> list[FloatArray]:
    """Return all arrays of a model, running statistics included; of a student's own, its parameters."""
    state = getattr(model, "state", None)
    return list(state().values()) if callable(state) else model.parameters()


def copy_arrays(model: Model) -> list[FloatArray]:
    """Return copies of all arrays of a model."""
    return [array.copy() for array in arrays_of(model)]


def restore_arrays(model: Model, arrays: list[FloatArray]) -> None:
    """Write copies back into a model, in place."""
    for array, kept in zip(arrays_of(model), arrays, strict=True):
        array[...] = kept
