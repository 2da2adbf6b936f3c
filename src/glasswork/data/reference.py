"""Is an image like anything that a network was trained on?

A network gives its ten scores to anything, and a scribble may score as high as a digit. A reference set keeps a few
thousand training images and measures how far a new image is from the nearest of them:

    image → slant removed → smoothed → edges in four directions → 4 maps of 7×7 cells, at unit length
    distance to the nearest reference image > threshold  ⇒  unlike anything it was trained on

The maps of edges tell strokes that cross or join in the wrong place from those that lie a pixel further left, which
the distance between pixels does not. Distances are relative to how densely the reference images lie (as in the local
outlier factor of Breunig et al., 2000): a one with a bar is far from all ones, although it is near in pixels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glasswork.arrays import FloatArray, Images, Labels
from glasswork.errors import InputError

#: Cells of the maps of edges, each way.
_CELLS = 7

#: Share of validation images that the threshold marks wrongly.
FALSE_ALARMS = 0.02

#: How many neighbours of a reference image measure the density around it.
_NEIGHBOURS = 5

#: A stored pixel takes four bits: 16 levels, these many grey levels apart.
_LEVEL = 17

#: Shares of the threshold between which doubt grows from none to full; the highest probability in full doubt.
_DOUBTFUL, _MOST_IN_DOUBT = (0.88, 0.94), 0.85

#: Images compared in one go: more would take hundreds of megabytes.
_AT_A_TIME = 1000

_Maps = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class ReferenceSet:
    """Training images to compare new ones with.

    Attributes
    ----------
    images : (N, features) uint8
        Square images, row by row, on the 16 grey levels 0, 17, ..., 255.
    labels : (N,) int64
        The class of each.
    threshold : float
        An image whose distance is greater is unlike all of them.
    """

    images: Images
    labels: Labels
    threshold: float

    def __post_init__(self) -> None:
        _check(self.images, "the reference images")
        if self.labels.shape != (len(self.images),):
            raise InputError(
                f"a reference set: expected {len(self.images)} labels, one per image, got shape {self.labels.shape}"
            )

    @classmethod
    def choose(
        cls, images: Images, labels: ArrayLike, valid_images: Images, *, size: int = 2000, seed: int = 0
    ) -> ReferenceSet:
        """Draw reference images from the training images and set the threshold.

        Parameters
        ----------
        images : (n, features) uint8
            Training images.
        labels : (n,) integers
            Their classes.
        valid_images : (m, features) uint8
            Images that are not among ``images``: 2 % of them lie beyond the threshold.
        size : int
            How many images to keep; all of them if there are fewer.
        seed : int
            Decides which.

        Raises
        ------
        InputError
            If the images are not square uint8 images, or if there are fewer than two, or none to validate.
        """
        _check(images, "the training images")
        _check(valid_images, "the validation images")
        if len(images) < 2 or len(valid_images) < 1:
            raise InputError(
                f"a reference set: expected two or more training images and one or more validation images, "
                f"got {len(images)} and {len(valid_images)}"
            )
        rows = np.random.default_rng(seed).permutation(len(images))[:size]
        levels = np.rint(images[rows] / _LEVEL).astype(np.uint8) * np.uint8(_LEVEL)
        found = cls(levels, np.asarray(labels, np.int64)[rows], threshold=np.inf)
        distances = found.distances(valid_images)
        return cls(found.images, found.labels, float(np.quantile(distances, 1 - FALSE_ALARMS)))

    def distances(self, images: Images) -> NDArray[np.float32]:
        """Measure how far each image is from the nearest reference image.

        Parameters
        ----------
        images : (n, features) uint8

        Returns
        -------
        (n,) float32
            Distance between maps of edges, relative to the density there; infinite for an image of one even level.
        """
        return self.nearest(images, 1)[1][:, 0]

    def nearest(self, images: Images, k: int = 5) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Find the reference images nearest to each image.

        Parameters
        ----------
        images : (n, features) uint8
        k : int
            How many.

        Returns
        -------
        rows : (n, k) int64
            Which of the reference images, the nearest first.
        distances : (n, k) float32
            How far each is.
        """
        _check(images, "the images", self.images.shape[1])
        if len(images) > _AT_A_TIME:
            parts = [self.nearest(images[i : i + _AT_A_TIME], k) for i in range(0, len(images), _AT_A_TIME)]
            return np.concatenate([rows for rows, _ in parts]), np.concatenate([far for _, far in parts])
        maps = _edge_maps(images)
        distances = _between(maps, self._maps) / self.spread
        rows = np.argpartition(distances, min(k, distances.shape[1]) - 1, axis=1)[:, :k]
        order = np.argsort(np.take_along_axis(distances, rows, axis=1), axis=1, kind="stable")
        rows = np.take_along_axis(rows, order, axis=1)
        nearest = np.take_along_axis(distances, rows, axis=1)
        nearest[~maps.any(axis=1)] = np.inf
        return rows, nearest

    def unlike(self, images: Images) -> NDArray[np.bool_]:
        """Mark the images that are unlike anything in the reference set.

        Parameters
        ----------
        images : (n, features) uint8

        Returns
        -------
        (n,) bool
        """
        return self.distances(images) > self.threshold

    def temper(self, images: Images, probabilities: FloatArray) -> FloatArray:
        """Limit a network's confidence where it cannot be trusted.

        The highest probability may be at most 0.85 for an image near the threshold or beyond it, or if fewer than
        three of its five nearest reference images are of the class that it favours. What is above goes evenly to all
        classes, so that the favoured one stays the same.

        Parameters
        ----------
        images : (n, features) uint8
        probabilities : (n, classes) floats
            What the network gives for them; each row sums to 1.

        Returns
        -------
        (n, classes) floats
            Each row still sums to 1.
        """
        rows, distances = self.nearest(images, _NEIGHBOURS)
        answers = probabilities.argmax(axis=1)
        agreeing = (self.labels[rows] == answers[:, np.newaxis]).mean(axis=1)
        near, far = (share * self.threshold for share in _DOUBTFUL)
        doubt = np.clip((np.minimum(distances[:, 0], far) - near) / (far - near), 0, 1)
        doubt[agreeing <= 0.4] = 1
        limit = 1 - (1 - _MOST_IN_DOUBT) * doubt
        top, even = probabilities.max(axis=1), 1 / probabilities.shape[1]
        keep = np.minimum(1, (limit - even) / np.maximum(top - even, 1e-9))[:, np.newaxis]
        return np.asarray(keep * probabilities + (1 - keep) * even, probabilities.dtype)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the set as named arrays for a file: two pixels a byte, the left one in the upper four bits."""
        levels = self.images // _LEVEL
        if levels.shape[1] % 2:
            levels = np.pad(levels, ((0, 0), (0, 1)))
        return {
            "images": levels[:, ::2] << 4 | levels[:, 1::2],
            "labels": self.labels.astype(np.uint8),
            "threshold": np.array([self.threshold]),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> ReferenceSet:
        """Return the set that :meth:`to_arrays` packed.

        Raises
        ------
        InputError
            If an array is missing or has another shape or dtype.
        """
        missing = {"images", "labels", "threshold"} - set(arrays)
        if missing:
            raise InputError(f"a reference set: no array named {', '.join(sorted(missing))}; got {', '.join(arrays)}")
        packed = arrays["images"]
        if packed.ndim != 2 or packed.dtype != np.uint8:
            raise InputError(f"a reference set's images: expected (N, bytes) uint8, got {packed.shape} {packed.dtype}")
        levels = np.stack([packed >> 4, packed & 15], axis=-1).reshape(len(packed), -1)
        features = isqrt(levels.shape[1]) ** 2  # an odd square was padded to an even number of pixels
        return cls(
            levels[:, :features] * np.uint8(_LEVEL), arrays["labels"].astype(np.int64), float(arrays["threshold"][0])
        )

    @cached_property
    def _maps(self) -> _Maps:
        return _edge_maps(self.images)

    @cached_property
    def spread(self) -> _Maps:
        """Square root of the mean distance from each reference image to its nearest ones: (N,)."""
        among = _between(self._maps, self._maps)
        np.fill_diagonal(among, np.inf)
        count = min(_NEIGHBOURS, len(among) - 1)
        radius = np.partition(among, count - 1, axis=1)[:, :count].mean(axis=1)
        floor = np.quantile(radius, 0.05) + 1e-6  # copies of an image have radius 0
        return np.asarray(np.sqrt(np.maximum(radius, floor)), np.float32)


# From images to maps of edges -----------------------------------------------------------------------


def _edge_maps(images: Images) -> _Maps:
    """Describe images by where their edges lie: (n, features) uint8 to (n, 4 · 7 · 7) float32 of unit length."""
    side = isqrt(images.shape[1])
    field = _smooth(_without_slant(images.reshape(-1, side, side).astype(np.float32)))
    across, down = np.zeros_like(field), np.zeros_like(field)
    across[:, :, 1:-1] = field[:, :, 2:] - field[:, :, :-2]
    down[:, 1:-1] = field[:, 2:] - field[:, :-2]
    cells = _windows(side)
    maps = [
        (cells.T @ np.maximum(edges, 0) @ cells).reshape(len(images), _CELLS**2)
        for edges in (across, -across, down, -down)
    ]
    joined: _Maps = np.concatenate(maps, axis=1)
    length = np.linalg.norm(joined, axis=1, keepdims=True)
    return np.asarray(joined / np.maximum(length, 1e-6), np.float32)


def _without_slant(field: _Maps) -> _Maps:
    """Shift each row sideways until the strokes' mean slant is upright: (n, side, side)."""
    n, side, _ = field.shape
    place = np.arange(side, dtype=np.float32)
    mass = field.sum(axis=2)  # of each row
    total = np.maximum(mass.sum(axis=1), 1)[:, np.newaxis]
    moment = field @ place
    down = place - (mass @ place)[:, np.newaxis] / total
    right = moment - moment.sum(axis=1, keepdims=True) / total * mass
    slant = (down * right).sum(axis=1) / np.maximum((down * down * mass).sum(axis=1), 1)
    shift = np.clip(slant, -0.7, 0.7)[:, np.newaxis] * down  # (n, side), in pixels
    source = place + shift[:, :, np.newaxis]
    left = np.floor(source)
    part = source - left
    wide = np.pad(field, ((0, 0), (0, 0), (1, 2)))
    column = np.clip(left.astype(np.int64) + 1, 0, side + 1)
    row = np.arange(n)[:, np.newaxis, np.newaxis], np.arange(side)[np.newaxis, :, np.newaxis]
    upright: _Maps = wide[*row, column] * (1 - part) + wide[*row, column + 1] * part
    return upright


def _smooth(field: _Maps) -> _Maps:
    """Blur with 1 2 1, each way; the border stays as it is."""
    down = field.copy()
    down[:, 1:-1] = (field[:, :-2] + 2 * field[:, 1:-1] + field[:, 2:]) / 4
    both = down.copy()
    both[:, :, 1:-1] = (down[:, :, :-2] + 2 * down[:, :, 1:-1] + down[:, :, 2:]) / 4
    return both


def _windows(side: int) -> _Maps:
    """Weights by which pixels count for cells, triangles that overlap: (side, 7)."""
    wide = side / _CELLS
    centres = (np.arange(_CELLS) + 0.5) * wide - 0.5
    away = np.abs(np.arange(side)[:, np.newaxis] - centres) / (1.25 * wide)
    return np.maximum(0, 1 - away).astype(np.float32)


def _between(a: _Maps, b: _Maps) -> _Maps:
    """Distances between unit vectors: (n, features), (m, features) to (n, m)."""
    return np.asarray(np.sqrt(np.maximum(2 - 2 * (a @ b.T), 0)), np.float32)


def _check(images: Images, what: str, features: int | None = None) -> None:
    shape: tuple[int, ...] = getattr(images, "shape", ())
    expected = features if features else "a square number of"
    right = len(shape) == 2 and images.dtype == np.uint8 and shape[1] > 8
    if not (right and (shape[1] == features if features else isqrt(shape[1]) ** 2 == shape[1])):
        raise InputError(
            f"{what} of a reference set: expected (N, features) uint8 with {expected} features, "
            f"got {shape} of {getattr(images, 'dtype', type(images).__name__)}"
        )
