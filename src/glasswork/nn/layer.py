"""Layer: the interface of every part of a network, and the chain rule that joins the parts.

        x ──────► forward ──────► output          remembers what backward needs
    grad_input ◄── backward ◄── grad_output       overwrites the gradients of the layer's own parameters

The chain rule: how fast the loss changes with x is how fast it changes with the output, times how fast the output
changes with x::

    dloss/dx    =    dloss/doutput   ×   doutput/dx
    grad_input  =    grad_output     ×   the layer's own derivative

Where x influences several outputs, the products are added up. So a layer only has to know its own derivative: it
gets ``grad_output`` from the next layer, and passes ``grad_input`` on to the previous one::

    forward     x ──► linear1 ───► act1 ───► linear2 ───► act2 ───► loss
    backward          linear1 ◄─── act1 ◄─── linear2 ◄─── act2 ◄─── dloss/dscores     each times its own derivative

All arrays are ``(batch, features)``, and a layer works in one dtype. In training mode, ``forward`` and ``backward``
reuse the memory of the batch before; calling the layer, ``layer(x)``, always returns a new array.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import DTypeLike

from glasswork.arrays import FloatArray
from glasswork.errors import InputError, StateError
from glasswork.nn.fixed_array import describe
from glasswork.nn.module import Module


class Layer(Module):
    """Base of all layers: a differentiable function, perhaps with parameters.

    A layer of your own needs ``forward`` and ``backward`` and, if it learns, ``parameters``, ``gradients`` and
    ``state``; check it with `gradcheck`. A layer may contain layers, as attributes or in lists and dicts:
    ``parameters``, ``gradients`` and ``state`` then return those of the layers inside. If ``forward`` remembers
    anything in attributes other than ``input`` and ``output``, list their names in ``remembers``, so that copies and
    pickles leave them out.

    The layers of glasswork refuse an input of another shape or dtype with an `InputError`, and ``backward`` before
    ``forward`` with a `StateError`.

    Parameters
    ----------
    dtype : data type
        The dtype of every array that the layer takes, returns and keeps: float32 (the default) or float64.
    """

    #: What the outputs are if this is a network's last layer: ``"logits"``, for softmax, or ``"probabilities"``,
    #: estimates of them. None states nothing: the outputs are then what those of the layer before are.
    scores_are: ClassVar[Literal["logits", "probabilities"] | None] = None

    remembers: ClassVar[tuple[str, ...]] = ("input", "output")

    #: The number of features of the input and of the output; 0 for a layer that takes any number and keeps it.
    in_features: int = 0
    out_features: int = 0

    #: The argument and the result of the last ``forward``, ``(batch, in)`` and ``(batch, out)``.
    input: FloatArray
    output: FloatArray

    def __init_subclass__(cls, *, kind: str | None = None) -> None:
        super().__init_subclass__()
        cls.kind = kind

    def __init__(self, *, dtype: DTypeLike = np.float32) -> None:
        self._set_dtype(dtype)
        self._memory: dict[Any, FloatArray] | None = None  # arrays to reuse, by name; None: always create new ones

    def settings(self) -> dict[str, Any]:
        """Return the constructor's arguments that create another layer like this one."""
        return {}

    def __call__(self, x: FloatArray) -> FloatArray:
        """Return ``forward(x)`` in a new array."""
        return self.forward(x).copy()

    def forward(self, x: FloatArray) -> FloatArray:
        """Map ``(batch, in)`` to ``(batch, out)`` and remember what ``backward`` needs."""
        raise NotImplementedError

    def backward(self, grad_output: FloatArray) -> FloatArray:
        """Map the loss's gradient with respect to the output, ``(batch, out)``, to that with respect to the input.

        Overwrites the gradients of the layer's own parameters, in place.
        """
        raise NotImplementedError

    def backward_parameters(self, grad_output: FloatArray) -> None:
        """Fill the layer's own gradients, as ``backward`` does, without the gradient with respect to the input.

        That is enough for a network's first layer, whose inputs are the pixels.
        """
        self.backward(grad_output)

    def set_training(self, training: bool) -> None:
        """Switch between training, in which memory is reused from batch to batch, and evaluation."""
        super().set_training(training)
        self._memory = {} if training else None

    def _new(self, name: str, rows: int, columns: int) -> FloatArray:
        """Return an uninitialised array; in training mode, the one that was last used under this name, if it fits."""
        if self._memory is None:
            return np.empty((rows, columns), self.dtype)
        memory = self._memory.get(name)
        if memory is None or memory.shape[0] < rows or memory.shape[1] != columns:
            memory = self._memory[name] = np.empty((rows, columns), self.dtype)
        return memory if len(memory) == rows else memory[:rows]

    def _constant(self, value: float, rows: int, columns: int) -> FloatArray:
        """Return an array filled with one value, not to be changed; in training mode, the last such array, if it fits.

        NumPy's minimum and maximum are three times as fast between two arrays as between an array and a scalar. For one
        image, filling an array takes longer than that saves, so a single number is returned.
        """
        if rows == 1:
            return np.asarray(value, self.dtype)
        if self._memory is None:
            return np.full((rows, columns), value, self.dtype)
        constant = self._memory.get(value)
        if constant is None or constant.shape[0] < rows or constant.shape[1] != columns:
            constant = self._memory[value] = np.full((rows, columns), value, self.dtype)
        return constant[:rows]

    def _check_input(self, x: FloatArray, features: int | None = None) -> None:
        if getattr(x, "ndim", None) != 2 or (features is not None and x.shape[1] != features):
            expected = "features" if features is None else str(features)
            raise InputError(f"{self}: expected an input of shape (batch, {expected}), got {describe(x)}")
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
                f"{self}: expected a grad_output of the output's shape {self.output.shape}, got {describe(grad_output)}"
            )
        if grad_output.dtype != self.dtype:
            raise InputError(f"{self}: works in {self.dtype}, got a grad_output of {grad_output.dtype}")

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"
