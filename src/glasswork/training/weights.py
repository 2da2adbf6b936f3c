"""What the loop asks of a model and an optimiser around the steps: its own arrays, copied, restored and checked.

What an engine needs of them for a step is in `glasswork.engine.contract`.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import numpy as np

from glasswork.arrays import FloatArray
from glasswork.engine.contract import Model, Optimizer, gradients_of, memory_of
from glasswork.errors import InputError, StateError
from glasswork.nn.random_layer import RandomLayer


def check_together(model: Model, optimizer: Optimizer) -> None:
    """Check that the optimiser moves the model's own parameters along the model's own gradients."""
    for what, held, own in (
        ("parameters", getattr(optimizer, "params", None), model.parameters()),
        ("gradients", getattr(optimizer, "grads", None), gradients_of(model)),
    ):
        if held and own and not {memory_of(array) for array in held} <= {memory_of(array) for array in own}:
            raise StateError(
                f"train: this optimizer holds {what} that are not this model's: of another model, or of layers or "
                "arrays that were replaced since; make the optimizer after the model, from its parameters() and "
                "gradients(), and write into arrays with [...] = instead of replacing them"
            )


def check_restorable(model: Model | None) -> None:
    """Check that a model's ``state()`` returns its own arrays: weights that are kept are written back into them.

    None stands for a model whose weights are not to be kept.
    """
    first, second = ([], []) if model is None else (arrays_of(model), arrays_of(model))
    if [memory_of(array) for array in first] != [memory_of(array) for array in second]:
        raise InputError(
            "fit: expected state() to return the model's own arrays, the same ones at every call, got copies; patience "
            "and average write the weights to keep into them"
        )


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
