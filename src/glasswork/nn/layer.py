"""Layer: the one contract that every part of a network keeps.

        x ──────► forward ──────► output          remembers what backward needs
    grad_input ◄── backward ◄── grad_output       fills the layer's own gradients in place

All arrays are ``(batch, features)``. A layer works in one dtype and in its own reused memory: what it
hands over is valid until its next ``forward`` or ``backward``.
"""

import copy
from typing import Self

import numpy as np
from numpy.typing import DTypeLike

from glasswork.arrays import FloatArray
from glasswork.errors import InputError, StateError


class Layer:
    """Base of all layers: a differentiable function with, perhaps, parameters of its own.

    Parameters
    ----------
    dtype : data type
        Of every array the layer takes, makes and keeps: float32 unless told otherwise.
    """

    #: True while `glasswork.train` is at work, and only then: layers that train otherwise than they
    #: evaluate (dropout, noise, batch normalisation) look here.
    training = False

    #: What the last ``forward`` was given and what it returned, ``(batch, in)`` and ``(batch, out)``.
    input: FloatArray
    output: FloatArray

    def __init__(self, *, dtype: DTypeLike = np.float32) -> None:
        self.dtype = np.dtype(dtype)
        if self.dtype.kind != "f":
            raise InputError(f"{self}: expected a floating dtype such as numpy.float32, got {self.dtype}")
        self._memory: dict[str, FloatArray] = {}

    def __call__(self, x: FloatArray) -> FloatArray:
        """Return ``forward(x)``."""
        return self.forward(x)

    def forward(self, x: FloatArray) -> FloatArray:
        """Map ``(batch, in)`` to ``(batch, out)`` and remember what ``backward`` needs."""
        raise NotImplementedError

    def backward(self, grad_output: FloatArray) -> FloatArray:
        """Map the loss's gradient by the output, ``(batch, out)``, to that by the input, ``(batch, in)``.

        Overwrites the gradients of the layer's own parameters.
        """
        raise NotImplementedError

    def backward_parameters(self, grad_output: FloatArray) -> None:
        """Do the part of ``backward`` that fills the layer's own gradients, and no more.

        A network's first layer needs no gradient by its input: nobody moves the pixels.
        """
        self.backward(grad_output)

    def parameters(self) -> list[FloatArray]:
        """Return the arrays that training moves; they are never rebound."""
        return []

    def gradients(self) -> list[FloatArray]:
        """Return the gradient of each of ``parameters()``, in the same order; never rebound either."""
        return []

    def state(self) -> dict[str, FloatArray]:
        """Return, by name, the arrays that make this layer what it is: what a model file keeps."""
        return {}

    def astype(self, dtype: DTypeLike) -> Self:
        """Return a copy of this layer that works in another dtype."""
        twin = copy.deepcopy(self)
        twin.convert(dtype)
        return twin

    def convert(self, dtype: DTypeLike) -> None:
        """Convert this layer to another dtype, rebinding its arrays."""
        self.dtype = np.dtype(dtype)
        self._memory = {}
        for name, value in vars(self).items():
            if isinstance(value, np.ndarray) and value.dtype.kind == "f":
                setattr(self, name, value.astype(self.dtype))

    def _reuse(self, name: str, rows: int, columns: int) -> FloatArray:
        """Return ``(rows, columns)`` of uninitialised memory: the same memory at every call that it fits."""
        memory = self._memory.get(name)
        if memory is None or memory.shape[0] < rows or memory.shape[1] != columns:
            memory = self._memory[name] = np.empty((rows, columns), self.dtype)
        return memory if len(memory) == rows else memory[:rows]

    def _constant(self, value: float, rows: int, columns: int) -> FloatArray:
        """Return ``(rows, columns)`` of one value, always the same one for a layer.

        NumPy's minimum and maximum are three times as fast between two arrays as with a scalar.
        """
        constant = self._memory.get("constant")
        if constant is None or constant.shape[0] < rows or constant.shape[1] != columns:
            constant = self._reuse("constant", rows, columns)
            constant.fill(value)
        return constant[:rows]

    def _check_input(self, x: FloatArray, features: int | None = None) -> None:
        if getattr(x, "ndim", None) != 2 or (features is not None and x.shape[1] != features):
            expected = "features" if features is None else str(features)
            raise InputError(f"{self}: expected an input of shape (batch, {expected}), got {_describe(x)}")
        if x.dtype != self.dtype:
            raise InputError(
                f"{self}: works in {self.dtype}, got an input of {x.dtype}; convert it with "
                f"x.astype({str(self.dtype)!r})"
            )

    def _check_grad(self, grad_output: FloatArray) -> None:
        if not hasattr(self, "output"):
            raise StateError(f"{self}: backward was called before forward; call forward(x) first")
        if getattr(grad_output, "shape", None) != self.output.shape:
            raise InputError(
                f"{self}: expected a grad_output of the output's shape {self.output.shape}, "
                f"got {_describe(grad_output)}"
            )
        if grad_output.dtype != self.dtype:
            raise InputError(f"{self}: works in {self.dtype}, got a grad_output of {grad_output.dtype}")

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


def _describe(x: object) -> str:
    shape = getattr(x, "shape", None)
    return f"an object of type {type(x).__name__}" if shape is None else f"shape {shape}"
