"""The ground of images: what is on their borders, and so what may lie around them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Images that are looked at.
SAMPLE = 1000


def some_of(images: Any, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return up to about 1,000 of the images, evenly spread: ``(n, *shape)``."""
    return np.asarray(images[:: max(1, len(images) // SAMPLE)]).reshape(-1, *shape)


def border_of(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the pixels on the border of each image: ``(n, pixels)``, or ``(n, pixels, 3)`` in colour."""
    sides = [images[:, 0], images[:, -1], images[:, 1:-1, 0], images[:, 1:-1, -1]]
    return np.concatenate(sides, axis=1, dtype=np.uint8)


def ground_of(images: Any, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return the median of the pixels on the borders of images: ``(1,)``, or ``(3,)`` in colour."""
    border = border_of(some_of(images, shape))
    return np.asarray(np.median(border.reshape(-1, *shape[2:] or (1,)), axis=0), np.uint8)
