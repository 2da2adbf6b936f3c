"""Ruled lines: found by their length, and removed except where thicker strokes cross them.

───█──────        ▄  █            a pixel of a line has little ink above and below it, and lies on
──█──█────   →    ▀█  █           a straight row, maybe tilted, that runs through half of the picture
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from glasswork.data.photos.ink import Mask

#: A line is at most as thick as this share of the picture's shorter side.
_THICKEST = 0.018

#: A line has its own ink along at least this share of the picture.
_LENGTH = 0.45

#: Slopes that are tried: a picture may be tilted by up to five degrees.
_SLOPES = np.linspace(-0.09, 0.09, 37)


def ruled_lines(mask: Mask) -> Mask:
    """Mark the pixels of ruled lines.

    Parameters
    ----------
    mask : (height, width) bool
        Ink.

    Returns
    -------
    (height, width) bool
        Pixels of lines that run across or down the picture; where a stroke crosses, the ink belongs to the stroke.
    """
    return _across(mask) | _across(mask.T).T


def _across(mask: Mask) -> Mask:
    rows, columns = mask.shape
    thick = max(3, round(_THICKEST * min(rows, columns)))
    if not _leads_through(mask):
        return np.zeros_like(mask)
    thin = mask & ~ndimage.binary_opening(mask, np.ones((thick + 1, 1)))
    y, x = np.nonzero(thin)
    levels = [np.rint(y - slope * x).astype(np.int64) + rows for slope in _SLOPES]
    counts = [np.bincount(level, minlength=3 * rows) for level in levels]
    best = int(np.argmax([_top(count) for count in counts]))
    # A line of some thickness fills several levels; each pixel within its thickness of a full one belongs to it.
    filled = np.convolve(counts[best], np.ones(3), "same") > _LENGTH * columns
    near = ndimage.binary_dilation(filled, iterations=thick // 2 + 1)
    lines = np.zeros_like(mask)
    belongs = near[levels[best]]
    lines[y[belongs], x[belongs]] = True
    return lines


def _top(count: NDArray[np.int64]) -> int:
    """Return how much ink the fullest levels hold: the squares favour the slope at which lines are sharp."""
    return int((count.astype(np.int64) ** 2).sum())


def _leads_through(mask: Mask) -> bool:
    """Return whether a connected part reaches from the left border to the right one."""
    labels, _ = ndimage.label(mask, structure=np.ones((3, 3)))
    left, right = np.unique(labels[:, :3]), np.unique(labels[:, -3:])
    return bool(np.intersect1d(left[left > 0], right[right > 0]).size)
