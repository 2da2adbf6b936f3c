"""Dropout: while training, some numbers are left out at random, so that no neuron can rely on another.

training     1.3  0.2 -0.7  2.1   ──► keep 3 of 4, times 4/3 ──►   1.7  0.0 -0.9  2.8
evaluating   1.3  0.2 -0.7  2.1   ──►   1.3  0.2 -0.7  2.1
"""

from typing import Annotated

import numpy as np
from numpy.typing import DTypeLike

from glasswork.arrays import FloatArray
from glasswork.nn.layer import Layer
from glasswork.randomness import Purpose, generator
from glasswork.settings import Range, check_settings

#: Chances are counted in this many parts, two random bytes each.
_PARTS = 1 << 16


class Dropout(Layer):
    """Leave each number out with a chance of ``p``, and scale the rest by ``1 / (1 - p)``.

    Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting"; scaled
    while training ("inverted"), so that evaluation does nothing at all.

    Parameters
    ----------
    p : float
        From 0 up to, not including, 1; rounded to 1/65,536.
    seed : int
        The mask of a step is a function of ``(seed, index, step)``.
    index : int
        Which of a network's dropout layers it is, so that no two have the same masks.
    dtype : data type

    Attributes
    ----------
    step : int
        How many masks were drawn; set it to go on from anywhere.

    Raises
    ------
    InputError
        If ``p`` is out of range.
    """

    def __init__(
        self,
        p: Annotated[float, Range(ge=0, le=0.99), "chance of leaving a number out"],
        *,
        seed: int = 0,
        index: int = 0,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.p = p
        super().__init__(dtype=dtype)
        check_settings(self, p=p)
        self.seed, self.index, self.step = seed, index, 0
        self._dropped = round(p * _PARTS)
        self.mask: FloatArray | None = None

    def forward(self, x: FloatArray) -> FloatArray:
        """Return x with some numbers left out while training, x itself otherwise: the same shape."""
        self._check_input(x)
        if not self.training:
            self.mask, self.output = None, x
            return x
        rng = generator(self.seed, Purpose.DROPOUT, epoch=self.index, index=self.step)
        self.step += 1
        drawn = rng.integers(1 << 64, size=-(-x.size // 4), dtype=np.uint64)  # a seventh of the time of rng.bytes
        chances = drawn.view(np.uint16)[: x.size].reshape(x.shape)
        self.mask = self._reuse("mask", *x.shape)
        np.multiply(chances >= self._dropped, _PARTS / (_PARTS - self._dropped), out=self.mask)
        self.output = self._reuse("output", *x.shape)
        return np.multiply(x, self.mask, out=self.output)

    def backward(self, grad_output: FloatArray) -> FloatArray:
        """Return ``grad_output`` times the mask and scale of the last forward."""
        self._check_grad(grad_output)
        if self.mask is None:
            return grad_output
        return np.multiply(grad_output, self.mask, out=self._reuse("grad_input", *grad_output.shape))

    def __repr__(self) -> str:
        return f"Dropout({self.p:g})"
