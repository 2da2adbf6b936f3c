"""Images that are not square, stretched to squares: doubt compares where edges lie, and that needs no proportions.

4×16 ──each row four times──► 16×16
"""

from collections.abc import Mapping
from math import isqrt, prod
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from glasswork.arrays import Images
from glasswork.errors import InputError

#: The height and width of an image; None if it is square.
Shape: TypeAlias = tuple[int, int] | None

#: How many times as long as the shorter side the longer one may be: the square has as many times more pixels.
MOST = 8


def stretched(images: Images, shape: Shape) -> Images:
    """Return images as squares of their longer side, whose rows or columns are repeated.

    Parameters
    ----------
    images : (n, height * width) uint8
    shape : (height, width) or None
        None if they are square.

    Returns
    -------
    (n, side * side) uint8
    """
    if shape is None or shape[0] == shape[1]:
        return images
    height, width = shape
    side = max(height, width)
    down, across = np.arange(side) * height // side, np.arange(side) * width // side
    return images.reshape(-1, height, width)[:, down][:, :, across].reshape(len(images), side * side)


def check_images(images: Images, what: str, shape: Shape, features: int | None = None) -> None:
    """Raise an InputError unless images are (N, features) uint8 of a shape, or square; ``what`` names them."""
    found: tuple[int, ...] = getattr(images, "shape", ())
    features = features or (prod(shape) if shape else None)
    right = len(found) == 2 and images.dtype == np.uint8 and found[1] > 8
    if not (right and (found[1] == features if features else isqrt(found[1]) ** 2 == found[1])):
        raise InputError(
            f"{what} of a reference set: expected (N, features) uint8 with {features or 'a square number of'} "
            f"features, got {found} of {getattr(images, 'dtype', type(images).__name__)}"
        )


def shape_in(arrays: Mapping[str, NDArray[Any]], width: int) -> Shape:
    """Return the shape that a file states of images in rows of ``width`` numbers, or one less; None if it is square."""
    stated = arrays.get("shape")
    if stated is None:
        return None
    right = stated.shape == (2,) and stated.dtype.kind in "ui" and stated.min() > 0
    if not right or stated.max() > MOST * stated.min() or width - stated[0] * stated[1] not in (0, 1):
        raise InputError(f"a reference set's shape: expected a height and a width, got {stated.tolist()}")
    return int(stated[0]), int(stated[1])
