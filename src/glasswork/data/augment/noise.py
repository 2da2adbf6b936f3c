"""Noise: a random number is added to every pixel of the network's input.

noise = std (b1 + b2 + b3 + b4 - 510) / 147.8        four random bytes: their sum is nearly normal
"""

import math

import numpy as np
from numpy.typing import NDArray

from glasswork.arrays import FloatArray

#: Random bytes in a sum, its mean and its standard deviation.
_BYTES = 4
_MEAN, _SPREAD = _BYTES * 127.5, math.sqrt(_BYTES * (256**2 - 1) / 12)


def noise_words(features: int) -> int:
    """Return how many random words an image needs."""
    return -(-_BYTES * features // 8)


def add_noise(x: FloatArray, words: NDArray[np.uint64], std: float) -> None:
    """Add noise to ``x``, ``(n, features)`` from -1 to 1, in place; pixels stay in this range."""
    n, features = x.shape
    drawn = words.view(np.uint8)[:, : _BYTES * features].reshape(n, _BYTES, features)
    x += (drawn.sum(axis=1, dtype=np.float32) - np.float32(_MEAN)) * np.float32(std / _SPREAD)
    np.clip(x, -1, 1, out=x)
