"""GaussianNoise: in training, random noise is added to every number, so that a network relies on no exact value.

training     1.3  0.2 -0.7  2.1   ──► + 0.3 × N(0, 1) ──►   1.5  0.1 -0.3  2.0
evaluation   1.3  0.2 -0.7  2.1   ──►   1.3  0.2 -0.7  2.1
"""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from glasswork.arrays import FloatArray
from glasswork.nn.random_layer import RandomLayer
from glasswork.randomness import Purpose
from glasswork.settings import Range, check_settings


class GaussianNoise(RandomLayer, kind="gaussian-noise"):
    """Add normal noise to each number: ``x + std * N(0, 1)``.

    Sietsma and Dow 1991, "Creating artificial neural networks that generalize"; Bishop 1995, "Training
    with noise is equivalent to Tikhonov regularization"; in every layer, as here, Rasmus et al. 2015,
    "Semi-supervised learning with ladder networks", section 4.1.

    Parameters
    ----------
    std : float
        Standard deviation, 0 or more, in the units of the input.
    seed : int
        The noise is a function of ``(seed, index, step, row)``; see ``glasswork.nn.random_layer``.
    index : int
        The layer's number in its network, so that no two layers add the same noise.
    dtype : data type
        Of inputs and outputs; float32 unless told otherwise.

    Raises
    ------
    InputError
        If ``std`` is negative, infinite or NaN, or ``seed`` or ``index`` is out of range.
    """

    purpose = Purpose.NOISE
    numbers_per_word = 2

    def __init__(
        self,
        std: Annotated[float, Range(ge=0), "standard deviation of the noise"],
        *,
        seed: int = 0,
        index: int = 0,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.std = std
        super().__init__(seed=seed, index=index, dtype=dtype)
        check_settings(self, std=std)

    def forward(self, x: FloatArray) -> FloatArray:
        """Return x with noise in training, or x itself in evaluation: the same shape."""
        self._check_input(x)
        if not self.training:
            return self._pass_on(x)
        noise = standard_normal(self._draw(*x.shape), self.dtype)[:, : x.shape[1]]
        output = self._new("output", *x.shape)
        np.multiply(noise, self.std, out=output, casting="same_kind")
        output += x
        self.output = output
        return output

    def backward(self, grad_output: FloatArray) -> FloatArray:
        """Return ``grad_output`` unchanged: the noise does not depend on x."""
        self._check_grad(grad_output)
        return grad_output

    def settings(self) -> dict[str, Any]:
        """Return the standard deviation and the layer's index."""
        return {"std": float(self.std), "index": int(self.index)}

    def __repr__(self) -> str:
        return f"GaussianNoise({self.std})"


def standard_normal(words: NDArray[np.uint64], dtype: DTypeLike = np.float32) -> FloatArray:
    """Turn random words into twice as many numbers from N(0, 1), row by row (Box and Muller 1958).

    Two uniform numbers u and v, each of 32 random bits, give two normal ones, ``√(-2 log u)`` times the cosine and
    the sine of ``2π v``. Unlike with rejection methods, every number takes the same count of random bits, so each row
    can be drawn on its own. The largest possible number is 6.7.

    Parameters
    ----------
    words : (rows, n) uint64
    dtype : data type
        Of the result.

    Returns
    -------
    (rows, 2 * n)
    """
    halves = words.view("<u4")
    count = words.shape[1]
    uniform = halves[:, :count].astype(dtype)
    uniform += 0.5  # never 0
    uniform *= 2.0**-32
    radius = np.sqrt(-2 * np.log(uniform))
    angle = halves[:, count:].astype(dtype)
    angle *= 2 * np.pi * 2.0**-32
    normal = np.empty((len(words), 2 * count), dtype)
    np.multiply(radius, np.cos(angle), out=normal[:, :count])
    np.multiply(radius, np.sin(angle), out=normal[:, count:])
    return normal
