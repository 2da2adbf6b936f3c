"""What the loop requires of its arguments, checked before a training begins.

An engine's own checks of a batch, its targets and gradients are in `glasswork.engine.contract`.
"""

from __future__ import annotations

import operator
from typing import Any

from glasswork.arrays import FloatArray
from glasswork.engine.contract import Model, Optimizer, gradients_of, memory_of
from glasswork.errors import InputError, StateError
from glasswork.nn import LOSSES
from glasswork.optim import Average

#: The methods that a model, an optimiser and a loss must have; optional methods are used where they exist.
_NEEDED: dict[str, tuple[str, ...]] = {
    "model": ("backward", "parameters"), "optimizer": ("step", "zero_grad"), "criterion": ("backward",), "loss": ()
}  # fmt: skip
_KIN = {"model": "an MLP", "optimizer": "SGD(model.parameters(), model.gradients())"}


def check_parts(who: str, **parts: Any) -> None:
    """Check that a model, an optimiser and a loss have the methods that the loop calls.

    Raises
    ------
    InputError
        If a method is missing, or a class was given instead of an object.
    """
    for what, part in parts.items():
        if isinstance(part, type):
            raise InputError(
                f"{who}: expected {what} to be an object, got the class {part.__name__}; create one, as in "
                f"{part.__name__}({'...' if what in ('model', 'optimizer') else ''})"
            )
        if isinstance(part, str) and part.lower() in LOSSES and what in ("criterion", "loss"):
            raise InputError(
                f"{who}: expected {what} to be an object, got {part!r}; write {LOSSES[part.lower()].__name__}()"
            )
        missing = [f"{name}()" for name in _NEEDED[what] if not callable(getattr(part, name, None))]
        if missing or not (what == "optimizer" or callable(part)):
            raise InputError(
                f"{who}: expected {what} to be an object such as {_KIN.get(what, 'MSELoss()')}, got {describe(part)}"
                + (f", which has no {' and no '.join(missing)}" if missing else ", which cannot be called")
            )


def check_together(model: Model, optimizer: Optimizer) -> None:
    """Check that the optimiser moves the model's own parameters along the model's own gradients."""
    for what, held, own in (
        ("parameters", getattr(optimizer, "params", None), model.parameters()),
        ("gradients", getattr(optimizer, "grads", None), gradients_of(model)),
    ):
        if held and own and not (same_arrays(held, own) or set(map(memory_of, held)) <= set(map(memory_of, own))):
            raise StateError(
                f"train: this optimizer holds {what} that are not this model's: they belong to another model, or to "
                "layers or arrays that have been replaced; create the optimizer after the model, from its "
                "parameters() and gradients(), and write into arrays with [...] = instead of replacing them"
            )


def check_average(average: Average, arrays: list[FloatArray]) -> None:
    """Check that an average is one of the model's own arrays."""
    if not set(map(memory_of, average.arrays)) <= set(map(memory_of, arrays)):
        raise StateError(
            "fit: this average holds arrays that are not this model's; create it from the model's own, as in "
            "Average(model.state().values(), 0.99)"
        )


def check_restorable(model: Model) -> None:
    """Check that a model's ``state()`` returns its own arrays, because the weights to keep are written into them."""
    state = getattr(model, "state", None)
    if callable(state) and not same_arrays(list(state().values()), list(state().values())):
        raise InputError(
            "fit: expected state() to return the model's own arrays, the same ones at every call, got copies; patience "
            "and average write the weights to keep into them"
        )


def same_arrays(first: list[FloatArray], second: list[FloatArray]) -> bool:
    """Return whether two lists hold the same arrays, and not copies."""
    if len(first) == len(second) and all(map(operator.is_, first, second)):  # as almost always
        return True
    return list(map(memory_of, first)) == list(map(memory_of, second))


def describe(thing: Any) -> str:
    """Return what was given, for a message."""
    return repr(thing) if thing is None or isinstance(thing, str | int | float) else f"an object of {type(thing)}"
