"""How far images are from the nearest of some others, relative to how densely those lie there.

    images ──edge_maps──► unit vectors ──► distance to each of the others / √(its mean distance from its own neighbours)

As in the local outlier factor (Breunig et al., 2000): what is far among images that lie close together may be near
among images that lie far apart.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from glasswork.arrays import Images
from glasswork.models.doubt.edges import edge_maps
from glasswork.models.doubt.paint import Floats

#: The number of neighbours that measure the density around a reference image.
NEIGHBOURS = 5

#: Images that are compared at a time: more would need hundreds of megabytes.
_AT_A_TIME = 250

#: Two images whose maps of edges are nearer than this count as equal, because stored images are rounded to 16 levels.
#: Without this, copies of an image would be infinitely dense, and rounding errors among them would look strange.
RESOLUTION = 0.02


class Neighbours:
    """Images to find neighbours among.

    Parameters
    ----------
    images : (N, features) uint8
        Square images.
    """

    def __init__(self, images: Images) -> None:
        self._images = images

    def nearest(self, images: Images, k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the rows of the ``k`` nearest, the nearest first, and their distances: ``(n, k)`` each."""
        if len(images) > _AT_A_TIME:
            parts = [self.nearest(images[i : i + _AT_A_TIME], k) for i in range(0, len(images), _AT_A_TIME)]
            return np.concatenate([rows for rows, _ in parts]), np.concatenate([far for _, far in parts])
        maps = edge_maps(images)
        distances = _between(maps, self.maps) / self.spread
        even = ~maps.any(axis=1)
        distances[even] = np.where(self._even, np.float32(0), np.float32(np.inf))
        rows = np.argpartition(distances, min(k, distances.shape[1]) - 1, axis=1)[:, :k]
        order = np.argsort(np.take_along_axis(distances, rows, axis=1), axis=1, kind="stable")
        rows = np.take_along_axis(rows, order, axis=1)
        return rows, np.take_along_axis(distances, rows, axis=1)

    @cached_property
    def maps(self) -> Floats:
        """The map of edges of each image, (N, numbers)."""
        parts = [edge_maps(self._images[i : i + _AT_A_TIME]) for i in range(0, len(self._images), _AT_A_TIME)]
        return np.concatenate(parts)

    @cached_property
    def _even(self) -> NDArray[np.bool_]:
        """Which reference images have a single level: (N,)."""
        return np.asarray(~self.maps.any(axis=1))

    @cached_property
    def spread(self) -> Floats:
        """Square root of the mean distance from each image to its nearest ones: (N,)."""
        count = min(NEIGHBOURS, len(self.maps) - 1)
        radius = np.zeros(len(self.maps), np.float32)
        for start in range(0, len(radius), _AT_A_TIME):
            among = _between(self.maps[start : start + _AT_A_TIME], self.maps)
            own = np.arange(len(among))
            among[own, start + own] = np.inf
            among.partition(count - 1, axis=1)
            radius[start : start + _AT_A_TIME] = among[:, :count].mean(axis=1)
        radius[self._even] = 0  # only other images of a single level are near them
        floor = max(float(np.quantile(radius, 0.05)), RESOLUTION)
        return np.asarray(np.sqrt(np.maximum(radius, floor)), np.float32)


def _between(a: Floats, b: Floats) -> Floats:
    """Distances between unit vectors: (n, features), (m, features) to (n, m)."""
    distances: Floats = a @ b.T
    distances *= -2
    distances += 2
    np.maximum(distances, 0, out=distances)
    return np.sqrt(distances, out=distances)
