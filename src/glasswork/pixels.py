"""Turn the images that users have into rows of numbers, and scale pixels as the handout does.

    lists, data frames, arrays  ──as_array──► numbers  ──as_rows──► (N, features)        normalize: 0 to 255 ──► -1 to 1

Networks and batches share these functions. `glasswork.inputs` describes what a network does with the numbers.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from glasswork.arrays import FloatArray
from glasswork.errors import InputError

#: The offset that is subtracted from a byte, and the factor that multiplies the difference: 0 becomes -1, 255 becomes
#: 1.
BYTES_OFFSET, BYTES_FACTOR = 127.5, 1 / 127.5


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
        0 becomes exactly -1 and 255 exactly 1. Computed as ``(X - 127.5) * (1 / 127.5)``, which differs from the
        quotient by at most one in the last digit and takes a third of the time.

    Raises
    ------
    InputError
        If the images hold no numbers, or the result's dtype is not a floating one.
    """
    pixels = as_array("normalize", images)
    if out is None:
        out = np.empty(pixels.shape, dtype)
    if out.dtype.kind != "f" or out.shape != pixels.shape:
        raise InputError(
            f"normalize: expected a result of floats of shape {pixels.shape}, got {out.dtype} of {out.shape}"
        )
    np.copyto(out, pixels, casting="unsafe")
    out -= BYTES_OFFSET
    out *= BYTES_FACTOR  # within a last digit of the quotient, and exact at both ends
    return out


def even_array(who: object, what: str, values: object) -> NDArray[Any]:
    """Return values as an array.

    Raises
    ------
    InputError
        If their rows differ in length, or some are masked; the message names the object ``who`` and ``what`` the
        values are.
    """
    try:
        array: NDArray[Any] = np.asarray(values)
    except ValueError:
        raise InputError(f"{who}: expected {what} of one size, got rows of different lengths") from None
    if np.ma.is_masked(values):
        raise InputError(f"{who}: expected {what}, got a masked array in which some are missing; fill them in")
    return array


def as_array(who: object, images: ArrayLike) -> NDArray[Any]:
    """Return images as an array of integers or floats, as they are.

    Parameters
    ----------
    who : object
        The object that the error message names.
    images : array, list, data frame or anything else that ``numpy.asarray`` takes

    Raises
    ------
    InputError
        If it holds no numbers.
    """
    array = even_array(who, "images", images)
    if array.dtype.kind == "O":  # a data frame with columns of several kinds
        array = even_array(who, "images", array.tolist())
    if array.dtype.kind not in "fiu":
        raise InputError(
            f"{who}: expected images as bytes or floats, got {array.dtype} of shape {array.shape}"
            + _remedy(images, array)
        )
    return array


def as_bytes_or_floats(who: object, images: ArrayLike) -> NDArray[Any]:
    """Return images as an array of bytes, which are pixels, or of floats; integers of any dtype must be pixels.

    Raises
    ------
    InputError
        If it holds no numbers, or integers outside 0 to 255.
    """
    array = as_array(who, images)
    if array.dtype.kind == "f" or array.dtype == np.uint8:
        return array
    if array.size and not (array.min() >= 0 and array.max() <= 255):
        raise InputError(
            f"{who}: expected integers from 0 to 255, which are pixels, got {array.min()} to {array.max()}; "
            "give features that are not pixels as floats: x.astype(float)"
        )
    return array.astype(np.uint8)


def as_rows(who: object, images: NDArray[Any], features: int, image: tuple[int, ...] | None = None) -> NDArray[Any]:
    """Return images as rows, ``(N, features)``.

    Parameters
    ----------
    who : object
        The object that the error message names.
    images : (N, features), (N, height, width), (features,) or (height, width)
        The last two are one image: one row.
    features : int
        Numbers in an image; 0 if any number is accepted.
    image : tuple of int, optional
        The shape of an image: if it is in colour, its planes must be in the last axis.

    Raises
    ------
    InputError
        If the shape fits none of these.
    """
    shape = images.shape
    if image is not None and len(image) == 3 and shape[-3:] == (3, *image[:2]) != image:
        order = (*range(len(shape) - 3), *(len(shape) - 3 + k for k in (1, 2, 0)))
        raise InputError(
            f"{who}: expected the colours in the last axis, as (N, {', '.join(map(str, image))}), got shape {shape}; "
            f"give images.transpose{order}"
        )
    if len(shape) == 2 and features in (0, shape[1]):
        return images
    if len(shape) > 2 and math.prod(shape[1:]) == features:
        return images.reshape(len(images), features)
    if features and images.size == features:
        return images.reshape(1, features)
    raise InputError(f"{who}: expected {_shapes(features)}, got shape {shape}{_remedy_for_shape(shape, features)}")


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
    if len(shape) in (2, 3) and min(shape[-2:]) > 1 and 3 * math.prod(shape[-2:]) == features:
        return "; to give a network that sees colours grey images: numpy.stack([images] * 3, axis=-1)"
    return ""
