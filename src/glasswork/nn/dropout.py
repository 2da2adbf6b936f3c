"""Dropout: in training, random numbers are set to 0, so that no neuron can rely on another.

training     1.3  0.2 -0.7  2.1   ──► keep 3 of 4, times 4/3 ──►   1.7  0.0 -0.9  2.8
evaluation   1.3  0.2 -0.7  2.1   ──►   1.3  0.2 -0.7  2.1
"""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from numpy.typing import DTypeLike

from glasswork.arrays import FloatArray
from glasswork.nn.random_layer import RandomLayer
from glasswork.randomness import Purpose
from glasswork.settings import Range, check_settings

#: Probabilities are multiples of one in this many: two random bytes decide about each number.
PARTS = 1 << 16


class Dropout(RandomLayer, kind="dropout"):
    """Set each number to 0 with probability ``p``, and scale the others by ``1 / (1 - p)``.

    Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting". The scaling is done in
    training ("inverted dropout"), so evaluation returns its input.

    Parameters
    ----------
    p : float
        From 0 to 0.99; rounded to 1/65,536.
    seed : int
        The mask is a function of ``(seed, index, step, row)``; see ``glasswork.nn.random_layer``.
    index : int
        The layer's number in its network, so that no two layers draw the same masks.
    dtype : data type
        Of inputs and outputs; float32 unless told otherwise.

    Raises
    ------
    InputError
        If ``p``, ``seed`` or ``index`` is out of range.
    """

    remembers = ("mask",)
    purpose = Purpose.DROPOUT
    numbers_per_word = 4

    def __init__(
        self,
        p: Annotated[float, Range(ge=0, le=0.99), "probability of setting a number to 0"],
        *,
        seed: int = 0,
        index: int = 0,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.p = p
        super().__init__(seed=seed, index=index, dtype=dtype)
        check_settings(self, p=p)
        self.mask: FloatArray | None = None

    def forward(self, x: FloatArray) -> FloatArray:
        """Return x with some numbers set to 0 in training, or x itself in evaluation."""
        self._check_input(x)
        if not self.training:
            self.mask = None
            return self._pass_on(x)
        chances = self._draw(*x.shape).view("<u2")[:, : x.shape[1]]
        dropped = dropped_parts(self.p)
        self.mask = self._new("mask", *x.shape)
        np.multiply(chances >= dropped, PARTS / (PARTS - dropped), out=self.mask, dtype=self.dtype)
        self.output = np.multiply(x, self.mask, out=self._new("output", *x.shape))
        return self.output

    def backward(self, grad_output: FloatArray) -> FloatArray:
        """Return ``grad_output * mask``; the last forward's mask holds 0 or ``1 / (1 - p)``."""
        self._check_grad(grad_output)
        if self.mask is None:
            return grad_output
        return np.multiply(grad_output, self.mask, out=self._new("grad_input", *grad_output.shape))

    def settings(self) -> dict[str, Any]:
        """Return the probability and the layer's index."""
        return {"p": float(self.p), "index": int(self.index)}

    def __repr__(self) -> str:
        return f"Dropout({self.p})"


def dropped_parts(p: float) -> int:
    """Return a probability as a whole number of parts of 1 / `PARTS`."""
    return round(p * PARTS)
