"""A description of the strokes in an image and their places: the numbers that the sceptic sees.

    28×28, slant removed → 16 filters of 5×5, every second pixel → ReLU → sums of 2×2 → 6×6 cells × 16
                         → unit length → square root

Eight filters respond to edges, one for each direction, and eight to lines. Unit length and square root make thin and
thick pens look alike.
"""

from __future__ import annotations

from math import isqrt

import numpy as np

from glasswork.arrays import Images
from glasswork.models.doubt.edges import without_slant
from glasswork.models.doubt.paint import SIDE, Floats

#: The width of a filter, its stride in pixels, the threshold that it must exceed, and its places in each direction.
_WIDE, _STEP, _FLOOR, _PLACES = 5, 2, 0.1, 12

#: Images that are described at a time.
_AT_A_TIME = 250


def _filters() -> Floats:
    """Return the first and second derivatives of a bell curve in eight directions: (16, 25) float32."""
    y, x = np.mgrid[-2:3, -2:3].astype(float)
    found = []
    for angle in np.arange(8) * np.pi / 4:
        found.append((x * np.cos(angle) + y * np.sin(angle)) * np.exp(-(x * x + y * y) / (2 * 1.3**2)))
    for angle in np.arange(8) * np.pi / 8:
        across, along = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
        line = (1 - across**2) * np.exp(-(across**2) / 2 - along**2 / (2 * 1.8**2))
        found.append(line - line.mean())
    rows = np.array(found).reshape(16, -1)
    return np.asarray(rows / (np.abs(rows).sum(axis=1, keepdims=True) / 2), np.float32)


#: The filters, one per row.
FILTERS = _filters()

#: The number of values that describe an image.
NUMBERS = (_PLACES // 2) ** 2 * len(FILTERS)


def describe(images: Images) -> Floats:
    """Describe images by the lines and edges in each of their cells.

    Parameters
    ----------
    images : (n, features) uint8
        Square.

    Returns
    -------
    (n, 576) float32
        Filter by filter, 6×6 cells each; from 0 to 1, and all 0 for an image of a single level.
    """
    found = np.empty((len(images), NUMBERS), np.float32)
    for start in range(0, len(images), _AT_A_TIME):
        part = images[start : start + _AT_A_TIME]
        upright = without_slant(on_grid(part).reshape(-1, SIDE, SIDE) * np.float32(255)) / np.float32(255)
        found[start : start + _AT_A_TIME] = _in_cells(upright)
    return found


def on_grid(images: Images) -> Floats:
    """Resize square images to 28×28 pixels from 0 to 1: (n, features) uint8 to (n, 784) float32."""
    side = isqrt(images.shape[1])
    pixels = images.reshape(-1, side, side).astype(np.float32) * np.float32(1 / 255)
    if side != SIDE:
        weights = grid_weights(side)
        pixels = weights @ pixels @ weights.T
    return pixels.reshape(len(images), -1)


def grid_weights(side: int) -> Floats:
    """Return the weight of each of ``side`` pixels in each of 28 on the same length: (28, side); rows sum to 1."""
    wide = max(side / SIDE, 1)
    centres = (np.arange(SIDE) + 0.5) * side / SIDE - 0.5
    weights = np.maximum(0, 1 - np.abs(np.arange(side) - centres[:, np.newaxis]) / wide)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)


def _in_cells(field: Floats) -> Floats:
    """Filter images and sum the responses in cells: (n, 28, 28) to (n, 576)."""
    n = len(field)
    padded = np.pad(field, ((0, 0), (1, 1), (1, 1)))
    windows = np.empty((_WIDE, _WIDE, n, _PLACES, _PLACES), np.float32)
    reach = _STEP * _PLACES
    for row, column in np.ndindex(_WIDE, _WIDE):
        windows[row, column] = padded[:, row : row + reach : _STEP, column : column + reach : _STEP]
    answers = FILTERS @ windows.reshape(_WIDE**2, -1)
    answers -= np.float32(_FLOOR)
    np.maximum(answers, 0, out=answers)
    pairs = answers.reshape(-1, n, _PLACES // 2, 2, _PLACES)
    rows = pairs[:, :, :, 0] + pairs[:, :, :, 1]
    cells = rows[..., ::2] + rows[..., 1::2]
    numbers = cells.transpose(1, 0, 2, 3).reshape(n, -1)
    length = np.sqrt(np.einsum("ij,ij->i", numbers, numbers))[:, np.newaxis]
    return np.asarray(np.sqrt(numbers / np.maximum(length, np.float32(1e-3))), np.float32)
