"""GaussianNoise: while training, every number trembles, so that a network learns what survives trembling.

training     1.3  0.2 -0.7  2.1   ──► + 0.3 × N(0, 1) ──►   1.5  0.1 -0.3  2.0
evaluating   1.3  0.2 -0.7  2.1   ──►   1.3  0.2 -0.7  2.1
"""

from typing import Annotated

import numpy as np
from numpy.typing import DTypeLike

from glasswork.arrays import FloatArray
from glasswork.nn.layer import Layer
from glasswork.randomness import Purpose, generator
from glasswork.settings import Range, check_settings


class GaussianNoise(Layer):
    """Add normal noise to each number: ``x + std * N(0, 1)``.

    Sietsma and Dow 1991, "Creating artificial neural networks that generalize"; Bishop 1995, "Training
    with noise is equivalent to Tikhonov regularization"; in every layer, as here, Rasmus et al. 2015,
    "Semi-supervised learning with ladder networks", section 4.1.

    Parameters
    ----------
    std : float
        Standard deviation, 0 or more, in the units of what comes in.
    seed : int
        The noise of a step is a function of ``(seed, index, step)``.
    index : int
        Which of a network's noise layers it is, so that no two have the same noise.
    dtype : data type

    Attributes
    ----------
    step : int
        How often noise was drawn; set it to go on from anywhere.

    Raises
    ------
    InputError
        If ``std`` is negative, infinite or NaN.
    """

    def __init__(
        self,
        std: Annotated[float, Range(ge=0), "standard deviation of the noise"],
        *,
        seed: int = 0,
        index: int = 0,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.std = std
        super().__init__(dtype=dtype)
        check_settings(self, std=std)
        self.seed, self.index, self.step = seed, index, 0

    def forward(self, x: FloatArray) -> FloatArray:
        """Return x with noise while training, x itself otherwise: the same shape."""
        self._check_input(x)
        if not self.training:
            self.output = x
            return x
        rng = generator(self.seed, Purpose.NOISE, epoch=self.index, index=self.step)
        self.step += 1
        self.output = self._reuse("output", *x.shape)
        np.multiply(rng.standard_normal(x.shape, np.float32), self.std, out=self.output, casting="same_kind")
        self.output += x
        return self.output

    def backward(self, grad_output: FloatArray) -> FloatArray:
        """Return ``grad_output`` as it is: noise is added whatever x may be."""
        self._check_grad(grad_output)
        return grad_output

    def __repr__(self) -> str:
        return f"GaussianNoise({self.std:g})"
