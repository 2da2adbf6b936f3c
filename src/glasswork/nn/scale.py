"""Scale: shifts and stretches a network's inputs by two constants that are part of the network.

pixels -1 to 1 ──► (x - offset) / spread ──► mean 0 and standard deviation 1, say
"""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from numpy.typing import DTypeLike

from glasswork.arrays import FloatArray
from glasswork.nn.layer import Layer
from glasswork.settings import Range, check_settings


class Scale(Layer, kind="scale"):
    """Compute ``(x - offset) / spread``; nothing in it is trained.

    As the first layer, it holds the scaling of the pixels, so that the scaling is saved with the network and prediction
    cannot forget it.

    Parameters
    ----------
    offset : float
        The number that becomes 0.
    spread : float
        The divisor, above 0.
    dtype : data type
        Of inputs and outputs; float32 unless told otherwise.

    Raises
    ------
    InputError
        If a constant is infinite or NaN, or ``spread`` is not positive.

    Examples
    --------
    >>> Scale(-1.0, 2.0).forward(np.array([[-1, 0, 1]], np.float32))
    array([[0. , 0.5, 1. ]], dtype=float32)
    """

    def __init__(
        self,
        offset: Annotated[float, Range(), "what becomes 0"],
        spread: Annotated[float, Range(gt=0), "what is divided by"],
        *,
        dtype: DTypeLike = np.float32,
    ) -> None:
        check_settings("Scale", Scale, offset=offset, spread=spread)
        self.offset, self.spread = offset, spread
        super().__init__(dtype=dtype)

    def forward(self, x: FloatArray) -> FloatArray:
        """Return ``(x - offset) / spread``, of the same shape."""
        self._check_input(x)
        output = self._new("output", *x.shape)
        np.subtract(x, self.offset, out=output, casting="same_kind")
        output *= 1 / self.spread
        self.output = output
        return output

    def backward(self, grad_output: FloatArray) -> FloatArray:
        """Return ``grad_output / spread``."""
        self._check_grad(grad_output)
        grad_input = self._new("grad_input", *grad_output.shape)
        np.multiply(grad_output, 1 / self.spread, out=grad_input)
        return grad_input

    def settings(self) -> dict[str, Any]:
        """Return the two constants."""
        return {"offset": float(self.offset), "spread": float(self.spread)}

    def __repr__(self) -> str:
        return f"Scale({self.offset:g}, {self.spread:g})"
