"""Sampling: the pixels of a distorted image, by bilinear interpolation between the four pixels around each place.

    a ─── b        value = (1 - dy) ((1 - dx) a + dx b) + dy ((1 - dx) c + dx d)
    │  ·  │
    c ─── d        outside of the image is ground

`sample` is the NumPy function. The compiled engine hands in one that computes the same, within 1e-5.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from glasswork.arrays import FloatArray
from glasswork.pixels import BYTES_FACTOR, BYTES_OFFSET

#: Pixels of ground around an image: a place is at most one pixel outside, and its right neighbour two.
BEFORE, AFTER = 1, 2

#: Samples images: ``sample(padded, matrices, fields, out)``.
Sample: TypeAlias = Callable[[NDArray[np.uint8], FloatArray, FloatArray, FloatArray], object]


def pad(images: NDArray[Any], ground: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return images ``(n, height, width, channels)`` with ground around them."""
    n, height, width, channels = images.shape
    padded = np.empty((n, height + BEFORE + AFTER, width + BEFORE + AFTER, channels), np.uint8)
    padded[...] = ground
    padded[:, BEFORE:-AFTER, BEFORE:-AFTER] = images
    return padded


def sample(padded: NDArray[np.uint8], matrices: FloatArray, fields: FloatArray, out: FloatArray) -> None:
    """Fill ``out`` with sampled pixels, scaled from -1 to 1.

    Parameters
    ----------
    padded : (n, height + 3, width + 3, channels) uint8
        Images with ground around them: see `pad`.
    matrices : (n, 2, 3) float32
        See `affine_matrices`.
    fields : (n, 2, height, width) float32
        Displacements that are added to the places; of size 0 if there are none.
    out : (n, height * width * channels)
    """
    n, full_height, full_width, channels = padded.shape
    height, width = full_height - BEFORE - AFTER, full_width - BEFORE - AFTER
    columns, rows = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)[:, None]
    m = matrices[:, :, :, None, None]
    places = m[:, :, 0] * columns + m[:, :, 1] * rows + m[:, :, 2]
    if fields.size:
        places += fields
    x = places[:, 0].clip(-1, width) + np.float32(BEFORE)
    y = places[:, 1].clip(-1, height) + np.float32(BEFORE)
    left, top = x.astype(np.int64), y.astype(np.int64)
    dx, dy = (x - left).astype(np.float32)[..., None], (y - top).astype(np.float32)[..., None]
    pixels = padded.reshape(-1, channels)
    at = (np.arange(n)[:, None, None] * full_height + top) * full_width + left

    def row(start: NDArray[np.int64]) -> FloatArray:
        """Interpolate between a pixel and its right neighbour."""
        first = pixels.take(start, axis=0).astype(np.float32)
        return first + dx * (pixels.take(start + 1, axis=0) - first)

    upper = row(at)
    values = upper + dy * (row(at + full_width) - upper)
    out[...] = ((values - BYTES_OFFSET) * BYTES_FACTOR).reshape(n, -1)
