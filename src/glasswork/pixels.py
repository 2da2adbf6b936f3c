"""From images as users have them to the numbers that a network sees, -1 to 1.

    lists, data frames, arrays  ──as_numbers──► bytes or floats  ──as_rows──► (N, features)  ──normalize──► -1 to 1

Networks and batches share these, so that an image is prepared in the same way when a network learns from it and when
it is asked about it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from glasswork.arrays import FloatArray
from glasswork.errors import InputError

#: How far beyond -1 and 1 rounding may take a normalised pixel.
_TOLERANCE = 1e-3

#: Features from which whole numbers up to 255 are taken for pixels: images are at least 8 pixels each way.
_FEWEST_PIXELS = 64


def normalize(images: ArrayLike, *, dtype: DTypeLike = np.float32, out: FloatArray | None = None) -> FloatArray:
    """Rescale pixels from [0, 255] to [-1, 1]: ``((X / 255.) - .5) * 2`` (handout, section 1).

    Parameters
    ----------
    images : array of any shape
        Pixels from 0 to 255, as bytes or as floats.
    dtype : data type
        Of the result, float32 unless told otherwise.
    out : array of the same shape, optional
        Filled and returned instead of a new array; its dtype is kept.

    Returns
    -------
    array of the same shape
        0 becomes exactly -1 and 255 exactly 1. Computed as ``(X - 127.5) * (1 / 127.5)``, the same number
        to its last digit or the one beside, as a product takes a third of the time of a quotient.
    """
    pixels: NDArray[Any] = np.asarray(images)
    if out is None:
        out = np.empty(pixels.shape, dtype)
    np.copyto(out, pixels, casting="unsafe")
    out -= 127.5
    out *= 1 / 127.5  # within a last digit of the quotient, and exact at both ends
    return out


def as_numbers(who: object, images: ArrayLike, *, pixels: bool | None = True) -> NDArray[Any]:
    """Return images as an array of bytes, which are pixels, or of floats.

    Parameters
    ----------
    who : object
        Whom the error message names.
    images : array, list, data frame or anything else that ``numpy.asarray`` takes
        Integers of any dtype are pixels from 0 to 255.
    pixels : bool or None
        False where the features are no pixels: integers then become floats of the same value.

    Raises
    ------
    InputError
        If it holds no numbers, or integers that are no pixels.
    """
    array = _as_array(who, images)
    if array.dtype.kind == "f" or (array.dtype == np.uint8 and pixels is not False):
        return array
    if array.dtype.kind not in "iu":
        raise InputError(
            f"{who}: expected images as bytes or floats, got {array.dtype} of shape {array.shape}"
            + _remedy(images, array)
        )
    if pixels is False:
        return array.astype(np.float64)
    if array.size and not (array.min() >= 0 and array.max() <= 255):
        raise InputError(
            f"{who}: expected integers from 0 to 255, which are pixels, got {array.min()} to {array.max()}; "
            "give features that are not pixels as floats: x.astype(float)"
        )
    return array.astype(np.uint8)


def as_rows(who: object, images: NDArray[Any], features: int) -> NDArray[Any]:
    """Return images as rows, ``(N, features)``.

    Parameters
    ----------
    who : object
        Whom the error message names.
    images : (N, features), (N, height, width), (features,) or (height, width)
        The last two are one image: one row.
    features : int
        Numbers in an image; 0 if any number will do.

    Raises
    ------
    InputError
        If the shape fits none of these.
    """
    shape = images.shape
    if len(shape) == 2 and features in (0, shape[1]):
        return images
    if len(shape) > 2 and math.prod(shape[1:]) == features:
        return images.reshape(len(images), features)
    if features and images.size == features:
        return images.reshape(1, features)
    raise InputError(f"{who}: expected {_shapes(features)}, got shape {shape}{_remedy_for_shape(shape, features)}")


def check_scale(who: object, x: NDArray[Any], *, pixels: bool | None) -> None:
    """Refuse floats that are pixels on another scale than -1 to 1: a network would answer, and wrongly.

    Parameters
    ----------
    who : object
        Whom the error message names.
    x : (N, features) or (N, height, width)
        Floats; integers pass.
    pixels : bool or None
        Whether the features are known to be pixels: if so, every pixel has to be in [-1, 1], and some below 0. If it
        is unknown (None), only images that are bytes stored as floats are refused. False: anything passes.

    Raises
    ------
    InputError
        If the scale is another one.
    """
    if pixels is False or x.dtype.kind != "f" or x.size == 0:
        return
    with np.errstate(invalid="ignore"):
        low, high = float(x.min()), float(x.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        if pixels:
            raise InputError(f"{who}: expected finite pixels, got NaN or infinity; repair or remove such images")
        return
    if pixels is None and not _are_bytes(x, low, high):
        return
    if low >= -1 - _TOLERANCE and high <= 1 + _TOLERANCE and low < 0:
        return
    if low < 0 or high > 255:
        remedy = "give the pixels as bytes, 0 to 255, or as glasswork.normalize(pixels)"
    elif high > 1:
        remedy = "these look like bytes stored as floats, so give images.astype('uint8') or glasswork.normalize(images)"
    else:
        remedy = "these look like pixels from 0 to 1, so give 2 * images - 1, or the bytes, 0 to 255"
    otherwise = (
        "a forward pass, model(x), takes any floats" if pixels else "if they are not pixels, set model.pixels = False"
    )
    raise InputError(f"{who}: expected floats from -1 to 1, got {low:.4g} to {high:.4g}; {remedy}; {otherwise}")


def _as_array(who: object, images: ArrayLike) -> NDArray[Any]:
    try:
        array: NDArray[Any] = np.asarray(images)
        if array.dtype.kind == "O":  # a data frame with columns of several kinds
            array = np.asarray(array.tolist())
    except ValueError:
        raise InputError(f"{who}: expected images of one size, got rows of different lengths") from None
    return array


def _remedy(images: object, array: NDArray[Any]) -> str:
    if array.dtype.kind == "b":
        return "; multiply by 255 and convert: (images * 255).astype('uint8')"
    if array.dtype.kind in "US" or hasattr(images, "__fspath__"):
        return "; read a picture with glasswork.read_image(path)"
    if hasattr(images, "images"):
        return "; give the images in it: data.images"
    return ""


def _shapes(features: int) -> str:
    if not features:
        return "images of shape (N, features)"
    side = math.isqrt(features)
    grid = f", (N, {side}, {side})" if side * side == features and side > 1 else ""
    return f"images of shape (N, {features}){grid}, or one image ({features},)"


def _remedy_for_shape(shape: tuple[int, ...], features: int) -> str:
    if len(shape) == 2 and shape[0] == features:
        return "; transpose it: images.T"
    if len(shape) > 2 and shape[-1] in (3, 4) and features in (math.prod(shape[1:-1]), math.prod(shape[:-1])):
        return "; convert colours to grey first"
    return ""


def _are_bytes(x: NDArray[Any], low: float, high: float) -> bool:
    """Whether floats are whole numbers from 0 to 255, bright ones among them, in images that may be square."""
    features = x[0].size
    square = features >= _FEWEST_PIXELS and math.isqrt(features) ** 2 == features
    return square and low >= 0 and 127 < high <= 255 and np.array_equal(x, np.trunc(x))
