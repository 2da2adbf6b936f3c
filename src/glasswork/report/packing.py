"""Arrays as text: how numbers are stored in the page.

array ──► float64, float32, float16, int8 with scales, uint8 or uint4 ──► gzip if it pays off ──► base64
"""

import base64
import gzip
from typing import Any, Literal, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from glasswork.arrays import FloatArray

Encoding: TypeAlias = Literal["float64", "float32", "float16", "int8", "uint8", "uint4"]

#: Gzip is used if the result is smaller than this share.
_WORTHWHILE = 0.92

#: A pixel of four bits has one of 16 levels, which are this many grey levels apart.
LEVEL = 17


class Packed(msgspec.Struct, frozen=True, omit_defaults=True):
    """An array as text.

    Attributes
    ----------
    encoding : str
        ``int8``: multiply column k by ``scales[k]``. ``uint4``: two levels per byte, the first in the upper four bits;
        multiply by 17.
    shape : list of int
    data : str
        Base64 of the bytes, little-endian.
    gzip : bool
        Whether the bytes are compressed.
    scales : list of float
        One for each column.
    """

    encoding: Encoding
    shape: list[int]
    data: str
    gzip: bool = False
    scales: list[float] = []


def pack(array: NDArray[Any], encoding: Encoding) -> Packed:
    """Return an array as text; ``float16`` and ``int8`` round it."""
    scales: list[float] = []
    numbers: NDArray[Any]
    if encoding == "int8":
        numbers, found = quantise(array)
        scales = [float(scale) for scale in found]
    elif encoding == "uint4":
        numbers = _four_bits(array)
    else:
        numbers = array.astype(np.dtype(encoding).newbyteorder("<"))
    content = np.ascontiguousarray(numbers).tobytes()
    small = gzip.compress(content, compresslevel=6, mtime=0)
    use = len(small) < _WORTHWHILE * len(content)
    text = base64.b64encode(small if use else content).decode()
    return Packed(encoding, list(array.shape), text, use, scales)


def rounded(array: FloatArray, encoding: Encoding) -> FloatArray:
    """Return the array that the page will read back from this encoding, in the array's dtype."""
    if encoding == "int8":
        numbers, scales = quantise(array)
        return np.asarray(numbers.astype(np.float64) * scales, array.dtype)
    return np.asarray(array.astype(encoding), array.dtype)


def quantise(array: FloatArray) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """Return an array in steps of 1/127 of each column's largest magnitude: int8, and the scale of each column."""
    largest = np.abs(array).max(axis=0, keepdims=array.ndim == 1)
    scales = np.maximum(np.asarray(largest, np.float64), 1e-30) / 127
    return np.rint(array / scales).astype(np.int8), scales.reshape(-1)


def _four_bits(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    levels: NDArray[np.uint8] = np.rint(images / LEVEL).astype(np.uint8).reshape(-1)
    if levels.size % 2:
        levels = np.append(levels, np.uint8(0))
    return np.asarray(levels[::2] << 4 | levels[1::2], np.uint8)
