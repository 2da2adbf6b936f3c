"""Elastic distortions: a smooth random field moves every pixel (Simard, Steinkraus, Platt 2003, section 2).

    field = A Z Bᵀ        Z   random displacements of knots, a distance of σ apart
                          A   Gaussian weights of the knots' rows for the image's rows, B of their columns

Simard draws one uniform number for each pixel and smooths them by a Gaussian. Uniform numbers at knots a distance of σ
apart give the same field at a fraction of the cost: the sum of squared weights, which is the field's variance, then
differs by less than 0.01 % from place to place. Here it is 1 everywhere, so a field has a standard deviation of one
pixel before it is multiplied by the displacement that is asked for.
"""

import math

import numpy as np
from numpy.typing import NDArray

from glasswork.arrays import FloatArray

#: Knots reach this many σ beyond the image; farther ones would have no weight.
_MARGIN = 3.5

#: The standard deviation of a random byte.
_BYTE_SPREAD = math.sqrt((256**2 - 1) / 12)


class ElasticFields:
    """Draws fields for images of one size.

    Parameters
    ----------
    size : (height, width)
    smoothness : float
        σ, the standard deviation of the Gaussian, in pixels.

    Attributes
    ----------
    words : int
        Random words for an image.
    """

    def __init__(self, size: tuple[int, int], smoothness: float) -> None:
        self._rows, self._columns = (knot_weights(length, smoothness) for length in size)
        self._knots = self._rows.shape[1], self._columns.shape[1]
        self.words = -(-2 * math.prod(self._knots) // 8)

    def fields(self, words: NDArray[np.uint64], displacement: float) -> FloatArray:
        """Return fields with this standard deviation, in pixels: ``(n, 2, height, width)`` float32, x before y."""
        n = len(words)
        knots = words.view(np.uint8)[:, : 2 * math.prod(self._knots)].reshape(n, 2, *self._knots)
        z = (knots - np.float32(127.5)) * np.float32(displacement / _BYTE_SPREAD)
        return self._rows @ z @ self._columns.T


def knot_weights(length: int, smoothness: float) -> FloatArray:
    """Return the Gaussian weights of the knots for each of ``length`` pixels in a line: ``(length, knots)`` float32.

    The squares of the weights of a pixel add up to 1.
    """
    count = math.ceil((length - 1) / smoothness + 2 * _MARGIN) + 1
    knots = (length - 1) / 2 + smoothness * (np.arange(count) - (count - 1) / 2)
    weights = np.exp(-((np.arange(length)[:, None] - knots) ** 2) / (2 * smoothness**2))
    weights /= np.sqrt((weights**2).sum(axis=1, keepdims=True))
    return weights.astype(np.float32)
