"""Checks of the arrays that figures show."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glasswork.errors import InputError
from glasswork.figures.style import one_line
from glasswork.reading import is_image

#: The names of MNIST's classes.
DIGITS = tuple("0123456789")


def image_shape(features: int, shape: tuple[int, ...] | None, who: str) -> tuple[int, ...]:
    """Return the shape of images with this many numbers: the given one, or that of a grey square."""
    if shape is None:
        side = math.isqrt(max(features, 0))
        shape = (side, side)
        hint = (
            "; for images that are not square pass shape=(height, width); a network of a table's columns is drawn by "
            'column once model.inputs = Inputs(kind="features")'
        )
    else:
        hint = ""
    if features < 1 or not is_image(shape) or math.prod(shape) != features:
        raise InputError(f"{who}: expected images of {_times(shape)} pixels, got {features:,} numbers per image{hint}")
    return shape


def _times(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))


def class_names(classes: Sequence[str] | None, count: int, who: str) -> tuple[str, ...]:
    """Return the names of the classes, each on one line: the given ones, or numbers from 0."""
    if classes is None:
        return tuple(str(k) for k in range(count))
    if len(classes) != count:
        raise InputError(f"{who}: expected the names of {count} classes, got {len(classes)}")
    return tuple(one_line(name) for name in classes)


def times(shape: tuple[int, ...]) -> str:
    """Return the size of an image in words: ``28 × 28 pixels``, or ``28 × 28 pixels in colour``."""
    return f"{_times(shape[:2])} pixels" + (" in colour" if len(shape) == 3 else "")


def noun(classes: Sequence[str]) -> str:
    """Return the word for a class: "digit" if these are the ten digits, otherwise "class"."""
    return "digit" if tuple(classes) == DIGITS else "class"


def whole_numbers(values: ArrayLike, who: str, what: str) -> NDArray[np.int64]:
    """Return values as integers; raise an InputError if they are not integers or one is negative."""
    array: NDArray[Any] = np.asarray(values)
    if array.dtype.kind not in "iu" or (array.size and int(array.min()) < 0):
        least = f" and a least value of {array.min()}" if array.size and array.dtype.kind in "if" else ""
        raise InputError(f"{who}: expected {what} as integers of 0 or more, got an array of {array.dtype}{least}")
    return array.astype(np.int64)


def finite_numbers(values: ArrayLike, who: str, what: str) -> NDArray[np.float64]:
    """Return values as floats; raise an InputError if they are not numbers or one is infinite or NaN."""
    array: NDArray[Any] = np.asarray(values)
    if array.dtype.kind not in "iuf":
        raise InputError(f"{who}: expected {what} as numbers, got an array of {array.dtype}")
    numbers = array.astype(np.float64)
    if not np.isfinite(numbers).all():
        bad = int((~np.isfinite(numbers)).sum())
        raise InputError(
            f"{who}: expected finite {what}, got {bad:,} of {numbers.size:,} values that are infinite or NaN; "
            "has the training diverged? Try a smaller learning rate"
        )
    return numbers
