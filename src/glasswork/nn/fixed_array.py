"""FixedArray: an attribute whose array is never replaced, so that an optimiser that holds it sees every change."""

from __future__ import annotations

from typing import Any

import numpy as np

from glasswork.errors import InputError


class FixedArray:
    """An attribute whose array is never replaced: assigning to it copies the numbers into the existing array.

    Reading the attribute costs no more than reading any other: there is no ``__get__``, so Python finds the array in
    the instance's dictionary.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __set__(self, layer: Any, value: Any) -> None:
        existing = layer.__dict__.get(self.name)
        if existing is None:
            layer.__dict__[self.name] = np.require(value, requirements=["C", "A"])  # row by row, as kernels expect it
        elif value is not existing:
            if np.shape(value) != existing.shape:
                raise InputError(
                    f"{layer}: expected {self.name} of shape {existing.shape}, got {describe(value)}; "
                    "to change the width, create a new layer"
                )
            existing[...] = value


def fixed_array() -> Any:
    """Return a `FixedArray` for a class body; its type is left open, so that it can be annotated as an array."""
    return FixedArray()


def describe(x: object) -> str:
    """Return an object's shape in words, for a message."""
    shape = getattr(x, "shape", None)
    return f"an object of type {type(x).__name__}" if shape is None else f"shape {shape}"
