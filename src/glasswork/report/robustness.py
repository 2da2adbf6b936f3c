"""How accuracy falls when the test images are changed: noise, shift, rotation, stroke width.

Every change is a function (images, strength) → images; strength 0 changes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from glasswork.arrays import Images, Labels
from glasswork.nn import MLP

_Field: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True)
class Change:
    """A kind of change and the strengths to try."""

    name: str
    unit: str
    strengths: tuple[float, ...]
    apply: Callable[[_Field, float], _Field]


def accuracies(
    model: MLP, images: Images, labels: Labels, shape: tuple[int, ...], change: Change, *, dark: bool = False
) -> list[float]:
    """Return the accuracy in percent at each strength of a change.

    Parameters
    ----------
    model : MLP
    images : (N, features) uint8
    labels : (N,)
    shape : (height, width), or (height, width, 3) in colour
    change : Change
        Each plane of colour is changed alike.
    dark : bool
        Whether ink is dark on a light ground; the change is made to the negative then.
    """
    negative = np.uint8(255 if dark else 0)
    field = (images ^ negative).reshape(len(images), shape[0], shape[1], -1).astype(np.float32)
    found = []
    for strength in change.strengths:
        planes = [change.apply(plane, strength) for plane in np.moveaxis(field, 3, 0)]
        changed = np.clip(np.rint(np.stack(planes, axis=3)), 0, 255).astype(np.uint8) ^ negative
        found.append(float((model.predict(changed.reshape(len(images), -1)) == labels).mean() * 100))
    return found


def add_noise(field: _Field, strength: float) -> _Field:
    """Add normal noise whose standard deviation is in percent of full ink; levels are clipped to 0 and 255."""
    noise = np.random.default_rng(0).standard_normal(field.shape, np.float32)
    return np.asarray(field + noise * (2.55 * strength), np.float32)


def shift(field: _Field, pixels: float) -> _Field:
    """Move images to the right, to the left, down and up, a quarter of the images each."""
    moved = field.copy()
    by = round(pixels)
    for quarter, (down, right) in enumerate(((0, by), (0, -by), (by, 0), (-by, 0))):
        moved[quarter::4] = _moved(field[quarter::4], down, right)
    return moved


def rotate(field: _Field, degrees: float) -> _Field:
    """Rotate images about their middle; positive is clockwise as seen by the viewer."""
    height, width = field.shape[1:]
    y, x = np.indices((height, width), np.float32)
    y -= (height - 1) / 2
    x -= (width - 1) / 2
    angle = np.deg2rad(degrees)
    source_x = np.cos(angle) * x + np.sin(angle) * y + (width - 1) / 2
    source_y = -np.sin(angle) * x + np.cos(angle) * y + (height - 1) / 2
    top, left = np.floor(source_y).astype(int), np.floor(source_x).astype(int)
    part_y, part_x = source_y - top, source_x - left
    wide = np.pad(field, ((0, 0), (1, 1), (1, 1)))
    rows = [np.clip(top + k + 1, 0, height + 1) for k in (0, 1)]
    columns = [np.clip(left + k + 1, 0, width + 1) for k in (0, 1)]
    upper = wide[:, rows[0], columns[0]] * (1 - part_x) + wide[:, rows[0], columns[1]] * part_x
    lower = wide[:, rows[1], columns[0]] * (1 - part_x) + wide[:, rows[1], columns[1]] * part_x
    return np.asarray(upper * (1 - part_y) + lower * part_y, np.float32)


def change_width(field: _Field, pixels: float) -> _Field:
    """Move the outline of strokes outwards or inwards, so that they become this many pixels wider.

    A fraction of a pixel mixes two images: an edge that moves by half a pixel covers half of the next one.
    """
    result = field
    spread = np.maximum if pixels > 0 else np.minimum
    left = abs(pixels) / 2
    while left > 0:
        neighbours = [_moved(result, *by) for by in ((0, 1), (0, -1), (1, 0), (-1, 0))]
        outer = spread.reduce([result, *neighbours])
        share = min(left, 1)
        result = np.asarray(result + share * (outer - result), np.float32)
        left -= 1
    return result


def _moved(field: _Field, down: int, right: int) -> _Field:
    """Move images by whole pixels; the uncovered area is blank."""
    height, width = field.shape[1:]
    moved = np.zeros_like(field)
    moved[:, max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)] = field[
        :, max(-down, 0) : height + min(-down, 0), max(-right, 0) : width + min(-right, 0)
    ]
    return moved


#: The changes that the page shows.
CHANGES = (
    Change("Noise", "% of full ink", (0, 10, 20, 30, 40, 50, 60), add_noise),
    Change("Shift", "pixels", (0, 1, 2, 3, 4, 5, 6), shift),
    Change("Rotation", "degrees clockwise", (-45, -30, -20, -10, 0, 10, 20, 30, 45), rotate),
    Change("Stroke width", "pixels wider", (-2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3), change_width),
)
