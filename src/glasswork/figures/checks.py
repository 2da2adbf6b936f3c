"""What pictures demand of the arrays that they show."""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glasswork.errors import InputError


def side_of(features: int, who: str) -> int:
    """Return the side of a square image of so many pixels: 28 for 784."""
    side = math.isqrt(max(features, 0))
    if features < 1 or side * side != features:
        near = max(side, 1)
        raise InputError(
            f"{who}: expected square images, such as 784 = 28 × 28 pixels, got {features:,} numbers an image, "
            f"which is no square (near it are {near**2:,} and {(near + 1) ** 2:,}); only square images can be drawn"
        )
    return side


def whole_numbers(values: ArrayLike, who: str, what: str) -> NDArray[np.int64]:
    """Return values as integers if that is what they are and none is negative."""
    array: NDArray[Any] = np.asarray(values)
    if array.dtype.kind not in "iu" or (array.size and int(array.min()) < 0):
        least = f" and a least value of {array.min()}" if array.size and array.dtype.kind in "if" else ""
        raise InputError(f"{who}: expected {what} as integers of 0 or more, got an array of {array.dtype}{least}")
    return array.astype(np.int64)


def finite_numbers(values: ArrayLike, who: str, what: str) -> NDArray[np.float64]:
    """Return values as floats if they are numbers and none is infinite or NaN."""
    array: NDArray[Any] = np.asarray(values)
    if array.dtype.kind not in "iuf":
        raise InputError(f"{who}: expected {what} as numbers, got an array of {array.dtype}")
    numbers = array.astype(np.float64)
    if not np.isfinite(numbers).all():
        bad = int((~np.isfinite(numbers)).sum())
        raise InputError(
            f"{who}: expected finite {what}, got {bad:,} of {numbers.size:,} infinite or NaN; "
            "has the training diverged? Try a smaller learning rate"
        )
    return numbers
