"""A description of where the edges of an image lie, whatever its slant.

    image → slant removed → smoothed → edges in four directions → 4 maps of 7×7 cells, at unit length

Maps of edges show whether strokes cross or join in the wrong place, or only lie a pixel further left. The distance
between pixels cannot tell these apart.
"""

from __future__ import annotations

from functools import cache
from math import isqrt

import numpy as np

from glasswork.arrays import Images
from glasswork.models.doubt.paint import Floats

#: Cells of a map of edges, in each direction.
_CELLS = 7


def edge_maps(images: Images) -> Floats:
    """Describe images by where their edges lie: (n, features) uint8 to (n, 4 · 7 · 7) float32 of unit length."""
    side = isqrt(images.shape[1])
    field = _smooth(without_slant(images.reshape(-1, side, side).astype(np.float32)))
    across, down = np.zeros_like(field), np.zeros_like(field)
    across[:, :, 1:-1] = field[:, :, 2:] - field[:, :, :-2]
    down[:, 1:-1] = field[:, 2:] - field[:, :-2]
    cells = _windows(side)
    maps = [
        (cells.T @ np.maximum(edges, 0) @ cells).reshape(len(images), _CELLS**2)
        for edges in (across, -across, down, -down)
    ]
    joined: Floats = np.concatenate(maps, axis=1)
    length = np.linalg.norm(joined, axis=1, keepdims=True)
    return np.asarray(joined / np.maximum(length, 1e-6), np.float32)


def without_slant(field: Floats) -> Floats:
    """Shift each row sideways until the strokes' mean slant is upright: (n, side, side)."""
    n, side, _ = field.shape
    place = np.arange(side, dtype=np.float32)
    mass = field.sum(axis=2)  # the ink of each row
    total = np.maximum(mass.sum(axis=1), 1)[:, np.newaxis]
    moment = field @ place
    down = place - (mass @ place)[:, np.newaxis] / total
    right = moment - moment.sum(axis=1, keepdims=True) / total * mass
    slant = (down * right).sum(axis=1) / np.maximum((down * down * mass).sum(axis=1), 1)
    shift = np.clip(slant, -0.7, 0.7)[:, np.newaxis] * down  # (n, side), in pixels
    source = place + shift[:, :, np.newaxis]
    left = np.floor(source)
    part = source - left
    wide = np.pad(field, ((0, 0), (0, 0), (2, 2))).reshape(-1)
    column = np.clip(left.astype(np.int32) + 2, 0, side + 2)
    place = column + (side + 4) * np.arange(n * side, dtype=np.int64).reshape(n, side, 1)
    upright: Floats = wide.take(place) * (1 - part) + wide.take(place + 1) * part
    return upright


def _smooth(field: Floats) -> Floats:
    """Blur with the weights 1 2 1 in each direction; the border does not change."""
    down = field.copy()
    down[:, 1:-1] = (field[:, :-2] + 2 * field[:, 1:-1] + field[:, 2:]) / 4
    both = down.copy()
    both[:, :, 1:-1] = (down[:, :, :-2] + 2 * down[:, :, 1:-1] + down[:, :, 2:]) / 4
    return both


@cache
def _windows(side: int) -> Floats:
    """Return the weights of pixels in cells, overlapping triangles: (side, 7)."""
    wide = side / _CELLS
    centres = (np.arange(_CELLS) + 0.5) * wide - 0.5
    away = np.abs(np.arange(side)[:, np.newaxis] - centres) / (1.25 * wide)
    return np.maximum(0, 1 - away).astype(np.float32)
