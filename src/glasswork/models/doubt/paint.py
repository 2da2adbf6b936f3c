"""From points of strokes to images with MNIST's ink, thousands of them at a time.

    points → fitted in the 20×20 box → centre of mass in the middle → counted on half pixels → made ink

The darkness of a pixel depends on the length of stroke in it, so points lie densely on each stroke.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float32]

#: The side of an image, and of the box that a drawing is fitted into, in pixels.
SIDE, _BOX = 28, 20

#: Where MNIST has the centre of mass, in half pixels from the border: the middle of pixel 14, counted from 0.
_CENTRE = 29

#: Widths of pens, in pixels (MNIST's strokes: 1.3 to 3.0), and the gain that gives strokes of each width.
_PENS = (1.28, 1.67, 1.9, 2.17, 2.36, 2.5, 2.72, 3.0)
_GAINS = (2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 11.5)

#: Subtracted before ink saturates, so that strokes end in an edge.
_FLOOR = 0.2

#: Images that are painted at a time, so that counts stay in the cache.
_AT_A_TIME = 250


def paint(points: Floats, used: NDArray[np.bool_], rng: np.random.Generator) -> Floats:
    """Paint strokes, each image with its own pen.

    Parameters
    ----------
    points : (2, n, strokes, steps) float32
        x and y, with y down, in any unit; strokes that are not used repeat others.
    used : (n, strokes) bool
        Which strokes leave ink.
    rng : Generator
        Draws the pens.

    Returns
    -------
    (n, 784) float32
        0 is the ground, 1 is full ink.
    """
    _, n, _, steps = points.shape
    pen = np.asarray(rng.uniform(_PENS[0], _PENS[-1], n), np.float32)
    flat = points.reshape(2, n, -1)
    low, high = flat.min(axis=2), flat.max(axis=2)
    scale = (_BOX - pen) / np.maximum((high - low).max(axis=0), np.float32(0.04))
    flat = (flat - ((low + high) / 2)[..., np.newaxis]) * scale[:, np.newaxis]
    length = _lengths(flat.reshape(points.shape)) * np.repeat(used, steps, axis=1)
    mass = np.einsum("anp,np->an", flat, length) / length.sum(axis=1)
    mass += rng.uniform(-0.5, 0.5, mass.shape).astype(np.float32)  # MNIST's images were moved by whole pixels
    between = rng.random(flat.shape, np.float32) - np.float32(0.5)  # so that edges do not follow the grid
    spots = np.clip(2 * (flat - mass[..., np.newaxis]) + _CENTRE + between, 0, 2 * SIDE - 1).astype(np.int32)
    gain = np.asarray(np.interp(pen, _PENS, _GAINS), np.float32)[:, np.newaxis]
    painted: Floats = np.clip(gain * _smooth(spots, length) - np.float32(_FLOOR), 0, 1)
    return _soften(painted.reshape(n, SIDE, SIDE), rng).reshape(n, -1)


def _soften(ink: Floats, rng: np.random.Generator) -> Floats:
    """Blur each image a little, some more than others: (n, 28, 28)."""
    share = rng.uniform(0, 0.2, (len(ink), 1, 1)).astype(np.float32)
    wide = np.pad(ink, ((0, 0), (1, 1), (1, 1)))
    down = wide[:, 1:-1] + share * (wide[:, 2:] + wide[:, :-2] - 2 * wide[:, 1:-1])
    return np.asarray(down[:, :, 1:-1] + share * (down[:, :, 2:] + down[:, :, :-2] - 2 * down[:, :, 1:-1]), np.float32)


def _lengths(points: Floats) -> Floats:
    """Return the length of stroke that each point stands for: (2, n, strokes, steps) to (n, strokes · steps)."""
    step = np.empty(points.shape[1:], np.float32)
    ahead = points[..., 1:] - points[..., :-1]
    np.hypot(ahead[0], ahead[1], out=step[..., 1:])
    step[..., 0] = step[..., 1]
    return np.maximum(step, np.float32(0.05)).reshape(len(step), -1)  # a dot is ink too


def _smooth(spots: NDArray[np.int32], length: Floats) -> Floats:
    """Sum lengths on a grid of half pixels, and smooth it down to pixels: (2, n, points) to (n, 784)."""
    wide = 2 * SIDE
    found = np.empty((len(length), SIDE**2), np.float32)
    for start in range(0, len(length), _AT_A_TIME):
        part = slice(start, start + _AT_A_TIME)
        right, down = spots[:, part]
        place = np.arange(len(down))[:, np.newaxis] * wide**2 + down * wide + right
        counts = np.bincount(place.ravel(), length[part].ravel(), len(down) * wide**2)
        grid = counts.astype(np.float32).reshape(-1, wide, wide)
        found[part] = (_DOWN @ grid @ _DOWN.T).reshape(len(down), -1)
    return found


def _weights() -> Floats:
    """Return the weight of each half pixel in each pixel: (28, 56)."""
    away = np.abs(np.arange(SIDE)[:, np.newaxis] * 2 + 0.5 - np.arange(2 * SIDE)[np.newaxis])
    return np.select([away < 1, away < 2, away < 3], [0.5, 0.375, 0.125], 0).astype(np.float32)


_DOWN = _weights()
