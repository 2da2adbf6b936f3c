"""The ground: the picture as it would look without ink.

    ▓▓▓▓░░░░░░░░        ▓▓▓▓░░░░░░░░        each pixel becomes the darkest of the lightest levels around it,
    ▓▓█▓░░█░░░░░   →    ▓▓▓▓░░░░░░░░        a closing: strokes narrower than the window vanish,
    ▓▓▓█░░░█░░░░        ▓▓▓▓░░░░░░░░        the steps of shadows and of a sheet's edge stay

Dark ink is assumed here; :mod:`glasswork.data.photos.ink` first inverts a picture with light ink.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from glasswork.data.photos.read import Pixels


def ground_of(pixels: Pixels, window: int) -> Pixels:
    """Estimate the ground of dark ink.

    Parameters
    ----------
    pixels : (height, width, channels) float32
    window : int
        Strokes narrower than this, in pixels, are ink; anything wider belongs to the ground.

    Returns
    -------
    (height, width, channels) float32
        The ground's levels.
    """
    window = max(3, window | 1)
    return np.stack([_closing(channel, window) for channel in np.moveaxis(pixels, 2, 0)], axis=2)


def _closing(channel: NDArray[np.float32], window: int) -> NDArray[np.float32]:
    margin = window // 2  # the ground is assumed to continue outside the border
    lightest = ndimage.maximum_filter(np.pad(channel, margin, mode="edge"), window, mode="nearest")
    return np.asarray(ndimage.minimum_filter(lightest, window)[margin:-margin, margin:-margin], np.float32)


def even_level(pixels: Pixels) -> NDArray[np.float32] | None:
    """Return the level of an even ground, as drawings and scans have it, or None.

    Parameters
    ----------
    pixels : (height, width, channels) float32

    Returns
    -------
    (channels,) float32 or None
        The level of the border, if three quarters of the border have exactly this level.
    """
    rows, columns, channels = pixels.shape
    width = max(1, round(0.05 * min(rows, columns)))
    border = np.ones((rows, columns), bool)
    border[width : rows - width, width : columns - width] = False
    edge = pixels[border].reshape(-1, channels)
    level = np.median(edge, axis=0)
    even = (np.abs(edge - level) <= 0.5).all(axis=1).mean() >= 0.75
    return level.astype(np.float32) if even else None
