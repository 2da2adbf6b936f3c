"""Variants: digits as other writers make them, by a stroke that is added to some images of the classes 0, 1 and 9.

    0  slashed             1  with a flag, a foot, or both             9  with a hook

A stroke begins at the digit's own ink, and has its colour and its thickness: twice the area of the ink, divided by the
length of its edge.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from glasswork.arrays import FloatArray

#: Random numbers for an image: whether it is changed, which stroke, and the stroke's sizes.
NUMBERS = 6

#: The thinnest and the thickest pen, in pixels.
_THINNEST, _THICKEST = 1.5, 4.0

#: Straight pieces of a curve.
_PIECES = 5


def add_variants(
    images: NDArray[np.uint8],
    names: NDArray[np.str_],
    numbers: NDArray[np.float64],
    share: float,
    ground: NDArray[np.uint8],
) -> NDArray[np.uint8]:
    """Return images, with a stroke added to some.

    Parameters
    ----------
    images : (n, height, width, channels) uint8
    names : (n,) str
        The names of the images' classes.
    numbers : (n, 6)
        Random numbers from 0 to 1.
    share : float
        The share of the images of 0, 1 and 9 that get a stroke.
    ground : (channels,) uint8
    """
    changed = images.copy()
    for name, stroke in STROKES.items():
        chosen = np.flatnonzero((names == name) & (numbers[:, 0] < share))
        if chosen.size:
            changed[chosen] = _with_stroke(images[chosen], stroke, numbers[chosen, 1:].T, ground)
    return changed


class _Ink:
    """Where the ink of some images is: all in pixels, ``(n,)`` each.

    Parameters
    ----------
    far : (n, height, width)
        How far each pixel is from the ground.
    """

    def __init__(self, far: NDArray[np.float32]) -> None:
        inked = far > far.max(axis=(1, 2), keepdims=True) / 2
        rows, columns = inked.any(axis=2), inked.any(axis=1)
        self._inked = inked
        self.top, self.left = rows.argmax(axis=1), columns.argmax(axis=1)
        self.bottom = inked.shape[1] - 1 - rows[:, ::-1].argmax(axis=1)
        self.right = inked.shape[2] - 1 - columns[:, ::-1].argmax(axis=1)
        self.height = self.bottom - self.top + 1
        inside = inked.copy()
        for axis in (1, 2):
            inside &= np.roll(inked, 1, axis) & np.roll(inked, -1, axis)
        edge = np.maximum(1, (inked & ~inside).sum(axis=(1, 2)))
        self.pen = np.clip(2 * inked.sum(axis=(1, 2)) / edge, _THINNEST, _THICKEST)

    def middle_of(self, row: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the middle of the ink in a row of each image."""
        line = self._inked[np.arange(len(row)), row]
        middle: NDArray[np.float64] = line @ np.arange(line.shape[1]) / np.maximum(1, line.sum(axis=1))
        return middle


def _slash(ink: _Ink, u: NDArray[np.float64]) -> FloatArray:
    """A line through a 0, from below on the left to above on the right."""
    reach = 0.35 + 0.2 * u[1]
    across = reach * np.maximum(ink.right - ink.left, 0.8 * ink.height)
    down = reach * ink.height
    x, y = (ink.left + ink.right) / 2, (ink.top + ink.bottom) / 2
    return _line([(x - across, y + down), (x + across, y - down)])


def _flag_and_foot(ink: _Ink, u: NDArray[np.float64]) -> FloatArray:
    """A line from the top of a 1 down to the left (half of the images), one below it (a fifth), or both."""
    h = ink.height
    x, y = ink.middle_of(ink.top), ink.top
    flag = np.where(u[0] < 0.8, h, 0)
    flags = _line([(x, y), (x - flag * (0.2 + 0.2 * u[1]), y + flag * (0.15 + 0.25 * u[2]))])
    x, y = ink.middle_of(ink.bottom), ink.bottom
    foot = np.where(u[0] > 0.5, h, 0)
    feet = _line([(x - foot * (0.15 + 0.15 * u[3]), y), (x + foot * (0.15 + 0.15 * u[4]), y)])
    return np.concatenate([flags, feet], axis=1)


def _hook(ink: _Ink, u: NDArray[np.float64]) -> FloatArray:
    """A curve from the lower end of a 9 to the left and up."""
    h = ink.height
    x, y = ink.middle_of(ink.bottom), ink.bottom
    points = [(x, y - 0.1 * h), (x - 0.05 * h, y + 0.1 * h), (x - h * (0.3 + 0.2 * u[1]), y - h * 0.15 * u[2])]
    along = np.linspace(0, 1, _PIECES + 1)
    weights = [(1 - along) ** 2, 2 * along * (1 - along), along**2]  # of a quadratic Bézier curve
    curve = [
        tuple(sum(weight[k] * point[axis] for weight, point in zip(weights, points, strict=True)) for axis in (0, 1))
        for k in range(_PIECES + 1)
    ]
    return _line(curve)


#: The stroke of each class, by its name: from the ink and random numbers to the pieces of a line.
STROKES: dict[str, Callable[[_Ink, NDArray[np.float64]], FloatArray]] = {
    "0": _slash, "1": _flag_and_foot, "9": _hook,
}  # fmt: skip


def _line(points: list[tuple[NDArray[np.float64], NDArray[np.float64]]]) -> FloatArray:
    """Return a line through points as pieces from start to end: ``(n, pieces, 2, 2)``."""
    line = np.stack([np.stack(np.broadcast_arrays(x, y), axis=-1) for x, y in points], axis=1).astype(np.float32)
    return np.stack([line[:, :-1], line[:, 1:]], axis=2)


def _with_stroke(
    images: NDArray[np.uint8],
    stroke: Callable[[_Ink, NDArray[np.float64]], FloatArray],
    u: NDArray[np.float64],
    ground: NDArray[np.uint8],
) -> NDArray[np.uint8]:
    """Return images with a stroke each, painted by a round pen with soft edges."""
    n, height, width, channels = images.shape
    x = images.astype(np.float32)
    far = np.abs(x - ground).max(axis=3)
    ink = _Ink(far)
    colour = x.reshape(n, -1, channels)[np.arange(n), far.reshape(n, -1).argmax(axis=1)]
    start, end = np.moveaxis(stroke(ink, u)[:, :, :, None, None], 2, 0)
    places = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).astype(np.float32)
    to, long = places - start, end - start
    along = (to * long).sum(axis=-1) / np.maximum((long**2).sum(axis=-1), 1e-6)
    away = np.hypot(*np.moveaxis(to - along.clip(0, 1)[..., None] * long, -1, 0)).min(axis=1)
    cover = (ink.pen[:, None, None] / 2 + 0.5 - away).clip(0, 1)[..., None]
    return np.asarray(np.rint(x + cover * (colour[:, None, None] - x)), np.uint8)
