"""From the ink of one digit to an image like those of MNIST: light ink on dark ground, 28×28 pixels.

    crop of the ink → strokes as wide as MNIST's → fitted in 20×20 → centred in 28×28

MNIST was made by the last two steps: "the images were centered in a 28x28 image by
computing the center of mass of the pixels, and translating the image so as to position this point at the
center of the 28x28 field" (LeCun, Cortes and Burges, "The MNIST database"). Counted from 0, the centre
of the field is row 14 and column 14: 69,999 of the 70,000 images of MNIST lie within half a pixel of it.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from glasswork.arrays import Images
from glasswork.data.photos.ink import stroke_width

FIELD, BOX, _MIDDLE = 28, 20, 14

#: Stroke widths in a 20×20 box, in pixels: MNIST's mean, and the range that is not changed.
_MNIST_WIDTH, _THINNEST, _THICKEST = 1.95, 1.5, 4.5

_Strength: TypeAlias = NDArray[np.float32]


def centre(strength: _Strength, *, even_pen: bool = True) -> Images:
    """Turn the ink of one digit into an image like those of MNIST.

    Parameters
    ----------
    strength : (height, width) float32
        Strength of the ink, cropped to the digit; 0 is the ground.
    even_pen : bool
        Whether strokes that are much thinner or wider than MNIST's are brought to its width.

    Returns
    -------
    (784,) uint8
        28×28 pixels, row by row: 0 is the ground, 255 is full ink. The longer side of the digit is 20 pixels; its
        centre of mass is within half a pixel of row 14, column 14, or as near as the edge of the field allows.
    """
    if even_pen:
        strength = _with_width_of_mnist(strength)
    return _place(_fit(strength)).reshape(-1)


def as_it_is(strength: _Strength) -> Images | None:
    """Return a picture that is already like an image of MNIST, as (784,) uint8; otherwise None."""
    if strength.shape != (FIELD, FIELD) or strength.max() < 250:
        return None
    rows, columns = np.flatnonzero(strength.any(axis=1)), np.flatnonzero(strength.any(axis=0))
    if max(np.ptp(rows), np.ptp(columns)) >= BOX:
        return None
    places = [strength.sum(axis=1 - axis) @ np.arange(FIELD) / strength.sum() for axis in (0, 1)]
    if max(abs(place - _MIDDLE) for place in places) > 0.51:
        return None
    return np.rint(strength).astype(np.uint8).reshape(-1)


def _with_width_of_mnist(strength: _Strength) -> _Strength:
    """Widen thin strokes, and thin very wide ones, by moving their outline."""
    full = float(np.quantile(strength[strength > 0], 0.9))
    mask = strength > 0.5 * full
    width = stroke_width(mask)
    scale = max(strength.shape) / BOX
    if scale < 2 or _THINNEST <= width / scale <= _THICKEST:
        return strength
    aim = _MNIST_WIDTH if width / scale < _THINNEST else _THICKEST
    by = (aim * scale - width) / 2
    margin = math.ceil(max(by, 0)) + 1
    mask = np.pad(mask, margin)
    outside, inside = ndimage.distance_transform_edt(~mask), ndimage.distance_transform_edt(mask)
    moved: _Strength = np.clip(inside - outside + by + 0.5, 0, 1) * full
    if by > 0:
        moved = np.maximum(moved, np.pad(strength, margin))  # keep faint tails
    rows, columns = np.flatnonzero(moved.any(axis=1)), np.flatnonzero(moved.any(axis=0))
    return moved[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.float32)


def _fit(ink: _Strength) -> _Strength:
    """Scale a crop to fit 20×20 without changing its proportions, and its strongest ink to 255.

    A larger crop is reduced by averaging, a smaller one is enlarged by linear interpolation.
    """
    from PIL import Image

    rows, columns = ink.shape
    longer = max(rows, columns)
    size = (max(1, round(BOX * columns / longer)), max(1, round(BOX * rows / longer)))
    full = np.quantile(ink[ink > 0], 0.998, method="higher")
    way = Image.Resampling.BOX if longer >= BOX else Image.Resampling.BILINEAR
    image = Image.fromarray(np.minimum(ink, full).astype(np.float32)).resize(size, way)
    scaled = np.clip(np.asarray(image, np.float32), 0, None)
    strongest = scaled.max()
    return scaled if 254 <= strongest <= 255 else scaled * (255 / strongest)  # a tenth of MNIST peaks at 254


def _place(digit: _Strength) -> Images:
    """Put a digit of at most 20×20 into the field, (28, 28) uint8, with its centre of mass at row 14, column 14."""
    field = np.zeros((FIELD, FIELD), np.uint8)
    corner = []
    for axis, size in enumerate(digit.shape):
        mass = digit.sum(axis=1 - axis)
        shift = math.floor(_MIDDLE - float(mass @ np.arange(size) / mass.sum()) + 0.5)
        corner.append(min(max(shift, 0), FIELD - size))
    top, left = corner
    field[top : top + digit.shape[0], left : left + digit.shape[1]] = np.rint(digit)
    return field
