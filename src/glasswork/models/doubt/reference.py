"""Is an image like anything that the network was trained on?

A network gives ten scores to any input, and a scribble may score as high as a digit. A reference set keeps a few
thousand training images and a :class:`Sceptic`: a second small network that has learnt to tell training images from
things drawn at random. Both judge a new image:

    3 · distance to the nearest reference image / its threshold  -  log-odds of the sceptic  =  strangeness
    strangeness, on a scale where a typical image has 0, > 1  ⇒  unlike anything it was trained on

Distances are between maps of edges, relative to how densely the reference images lie (as in the local outlier factor
of Breunig et al., 2000): a one with a bar is far from all ones, although it is near in pixels. Less than 2 % of MNIST's
test digits are marked wrongly. docs/learn/pictures.md has the shares of letters, shapes and scribbles that are marked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import isqrt, prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glasswork.arrays import FloatArray, Images, Labels
from glasswork.errors import InputError
from glasswork.models.doubt.judgement import Judgement, few_agree, limit_confidence, most_common
from glasswork.models.doubt.neighbours import NEIGHBOURS, RESOLUTION, Neighbours
from glasswork.models.doubt.paint import Floats
from glasswork.models.doubt.sceptic import FEWEST, Sceptic
from glasswork.models.doubt.square import Shape, check_images, shape_in, stretched

#: Share of validation images that are marked wrongly.
FALSE_ALARMS = 0.0135

#: A stored pixel takes four bits: 16 levels, these many grey levels apart.
_LEVEL = 17

#: The weight of the distance, in units of its threshold, against the log-odds.
_WEIGHT = 3

#: Quantiles of validation images: the typical one, the share without any doubt, and the share without full doubt.
_TYPICAL, _CALM, _DOUBTFUL = 0.5, 0.94, 0.97

#: Without a sceptic, doubt grows from none to full between these values of strangeness.
_DOUBT_BY_DISTANCE = (0.88, 0.94)

#: The limits lie this much above the measured values, so that rounding errors push no image over them; and the least
#: difference between two limits.
_SLACK, _LEAST = 1e-3, 0.05

#: The least threshold: the distance to an equal image where the set is densest.
_LEAST_THRESHOLD = RESOLUTION**0.5

#: The prefix of the sceptic's arrays in a file.
_SCEPTIC = "sceptic."


@dataclass(frozen=True, eq=False)
class ReferenceSet:
    """Training images with which new images are compared.

    Attributes
    ----------
    images : (N, features) uint8
        Images, row by row, on the 16 grey levels 0, 17, ..., 255.
    labels : (N,) int64
        The class of each image.
    threshold : float
        1.35 % of validation images are farther away.
    sceptic : Sceptic or None
        None if there were too few images to learn from, or an older version wrote the set. Then an image is unlike the
        set if its distance is greater than the threshold.
    limits : (4,) floats
        The sum of distance and log-odds at strangeness 0, where doubt begins, where it is full, and at strangeness 1.
    shape : (height, width) or None
        Of an image; None if it is square.
    """

    images: Images
    labels: Labels
    threshold: float
    sceptic: Sceptic | None = None
    limits: tuple[float, ...] = (0.0, *_DOUBT_BY_DISTANCE, 1.0)
    shape: Shape = None

    def __post_init__(self) -> None:
        check_images(self.images, "the reference images", self.shape)
        if len(self.images) < 2:
            raise InputError("a reference set: expected at least two images, as their distances are measured, got one")
        if self.labels.shape != (len(self.images),):
            raise InputError(f"a reference set: expected {len(self.images)} labels, got shape {self.labels.shape}")

    @classmethod
    def choose(
        cls,
        images: Images,
        labels: ArrayLike,
        valid_images: Images,
        *,
        shape: Shape = None,
        size: int = 2000,
        seed: int = 0,
    ) -> ReferenceSet:
        """Draw reference images from the training images and set the threshold.

        Parameters
        ----------
        images : (n, features) uint8
            Training images.
        labels : (n,) integers
            Their classes.
        valid_images : (m, features) uint8
            Images that are not among ``images``: 1.35 % of them are marked as unlike.
        shape : (height, width), optional
            Of an image; by default it is square.
        size : int
            The number of images to keep; all of them if there are fewer.
        seed : int
            Determines which images.

        Raises
        ------
        InputError
            If the images are not uint8 images of that shape, there are fewer than two of them, or no validation images.
        """
        check_images(images, "the training images", shape)
        check_images(valid_images, "the validation images", shape)
        if len(images) < 2 or len(valid_images) < 1:
            raise InputError(
                f"a reference set: expected two or more training images and one or more validation images, "
                f"got {len(images)} and {len(valid_images)}"
            )
        found = cls._of_rows(images, labels, draw_rows(len(images), size, seed), shape)
        distances = found.distances(valid_images)
        known = np.isfinite(distances)  # an image of a single level is far from all others
        if not known.any():
            raise InputError(
                "a reference set: each validation image has only one level, but no training image is like that"
            )
        threshold = float(np.quantile(distances[known], 1 - FALSE_ALARMS)) * (1 + _SLACK)
        found = replace(found, threshold=max(threshold, _LEAST_THRESHOLD))
        if len(images) < FEWEST:
            return found
        found = replace(found, sceptic=Sceptic.learn(stretched(images, shape), seed=seed))
        strange = found._combined(valid_images[known], distances[known])
        typical, calm, full, limit = np.quantile(strange, [_TYPICAL, _CALM, _DOUBTFUL, 1 - FALSE_ALARMS]).tolist()
        limits = typical, calm, max(full, calm + _LEAST), max(limit + _SLACK, typical + _LEAST)
        return replace(found, limits=limits)

    @classmethod
    def _of_rows(cls, images: Images, labels: ArrayLike, rows: NDArray[np.int64], shape: Shape) -> ReferenceSet:
        """Return a set of some of the training images, rounded to 16 levels; it has no threshold yet."""
        levels = np.rint(images[rows] / _LEVEL).astype(np.uint8) * np.uint8(_LEVEL)
        return cls(levels, np.asarray(labels, np.int64)[rows], threshold=np.inf, shape=shape)

    def distances(self, images: Images) -> NDArray[np.float32]:
        """Measure how far each image is from the nearest reference image.

        Parameters
        ----------
        images : (n, features) uint8

        Returns
        -------
        (n,) float32
            Distance between maps of edges, relative to the density there. An image of a single level has no edges: its
            distance is the least possible if the set has another such image, otherwise infinite.
        """
        return self.nearest(images, 1)[1][:, 0]

    def nearest(self, images: Images, k: int = 5) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Find the reference images nearest to each image.

        Parameters
        ----------
        images : (n, features) uint8
        k : int
            The number of neighbours.

        Returns
        -------
        rows : (n, k) int64
            The numbers of the reference images, the nearest first.
        distances : (n, k) float32
            The distance of each.
        """
        check_images(images, "the images", self.shape, self.images.shape[1])
        return self._neighbours.nearest(stretched(images, self.shape), k)

    def strangeness(self, images: Images) -> NDArray[np.float32]:
        """Measure how strange each image is.

        Parameters
        ----------
        images : (n, features) uint8

        Returns
        -------
        (n,) float32
            0 for a typical image, more than 1 if it is unlike anything in the set; infinite for an image of a single
            level, if the set has none.
        """
        return self._on_scale(self._combined(images, self.distances(images)))

    def _combined(self, images: Images, distances: Floats) -> Floats:
        """Return distance and log-odds in one number, which grows with strangeness."""
        far = distances / np.float32(self.threshold)
        if self.sceptic is None:
            return far
        return _WEIGHT * far - self.sceptic.odds(stretched(images, self.shape))

    def _on_scale(self, combined: Floats | float) -> Floats:
        typical, *_, limit = self.limits
        return np.asarray((np.asarray(combined) - typical) / max(limit - typical, 1e-6), np.float32)

    def unlike(self, images: Images) -> NDArray[np.bool_]:
        """Mark the images that are unlike anything in the reference set.

        Parameters
        ----------
        images : (n, features) uint8

        Returns
        -------
        (n,) bool
        """
        return self.strangeness(images) > 1

    def judge(self, images: Images, probabilities: FloatArray) -> Judgement:
        """Judge how strange images are, what they resemble, and how far a network can be trusted about them.

        The stranger the image, the greater the doubt. Doubt is full if fewer than three of the five nearest reference
        images have the class that the network favours.

        Parameters
        ----------
        images : (n, features) uint8
        probabilities : (n, classes) floats
            The network's probabilities; each row sums to 1.
        """
        rows, distances = self.nearest(images, NEIGHBOURS)
        strange = self._combined(images, distances[:, 0])
        calm, full = self.limits[1:3]
        doubt = np.clip((np.minimum(strange, full) - calm) / max(full - calm, 1e-6), 0, 1)
        labels = np.where(np.isfinite(distances), self.labels[rows], -1)
        doubt[few_agree(labels, probabilities)] = 1
        return Judgement(self._on_scale(strange), most_common(labels), limit_confidence(probabilities, doubt))

    def temper(self, images: Images, probabilities: FloatArray) -> FloatArray:
        """Limit a network's confidence where it cannot be trusted: the probabilities of `judge`."""
        return self.judge(images, probabilities).probabilities

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the set as named arrays for a file: two pixels per byte, the left one in the upper four bits."""
        levels = self.images // _LEVEL
        if levels.shape[1] % 2:
            levels = np.pad(levels, ((0, 0), (0, 1)))
        shape = {} if self.shape is None else {"shape": np.array(self.shape)}
        return (
            shape
            | {
                "images": levels[:, ::2] << 4 | levels[:, 1::2],
                "labels": self.labels.astype(np.uint8 if self.labels.max(initial=0) < 256 else np.int64),
            }
            | self.learnt()
        )

    def learnt(self) -> dict[str, NDArray[Any]]:
        """Return what was learnt about the training images as named arrays, with the rows that are in the set."""
        arrays = {"threshold": np.array([self.threshold])}
        if self.sceptic is None:
            return arrays
        sceptic = {f"{_SCEPTIC}{name}": array for name, array in self.sceptic.to_arrays().items()}
        return arrays | sceptic | {"limits": np.array(self.limits)}

    @classmethod
    def restore(
        cls,
        images: Images,
        labels: ArrayLike,
        rows: NDArray[np.int64],
        learnt: Mapping[str, NDArray[Any]],
        shape: Shape,
    ) -> ReferenceSet:
        """Return a set of some of the training images with what :meth:`learnt` returned.

        Raises
        ------
        InputError
            If a row does not exist, or an array is missing or has another shape or dtype.
        """
        if rows.ndim != 1 or rows.dtype != np.int64 or rows.min(initial=0) < 0 or rows.max(initial=0) >= len(images):
            raise InputError(f"a reference set: expected rows of {len(images)} training images, got others")
        return cls._of_rows(images, labels, rows, shape)._with(learnt)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> ReferenceSet:
        """Return the set that :meth:`to_arrays` packed.

        Raises
        ------
        InputError
            If an array is missing or has another shape or dtype.
        """
        if missing := {"images", "labels", "threshold"} - set(arrays):
            raise InputError(f"a reference set: no array named {', '.join(sorted(missing))}; got {', '.join(arrays)}")
        packed = arrays["images"]
        if packed.ndim != 2 or packed.dtype != np.uint8:
            raise InputError(f"a reference set's images: expected (N, bytes) uint8, got {packed.shape} {packed.dtype}")
        levels = np.stack([packed >> 4, packed & 15], axis=-1).reshape(len(packed), -1)
        shape = shape_in(arrays, levels.shape[1])
        features = prod(shape or (isqrt(levels.shape[1]),) * 2)  # an odd number was padded to an even one
        images, labels = levels[:, :features] * np.uint8(_LEVEL), arrays["labels"].astype(np.int64)
        return cls(images, labels, np.inf, shape=shape)._with(arrays)

    def _with(self, arrays: Mapping[str, NDArray[Any]]) -> ReferenceSet:
        """Return this set with what was learnt; see `learnt`."""
        threshold = arrays.get("threshold", np.empty(0))
        if threshold.shape != (1,):
            raise InputError(f"a reference set's threshold: expected one number, got shape {threshold.shape}")
        found = replace(self, threshold=max(float(threshold[0]), _LEAST_THRESHOLD))
        sceptic = {name.removeprefix(_SCEPTIC): array for name, array in arrays.items() if name.startswith(_SCEPTIC)}
        if not sceptic:
            return found
        limits = arrays.get("limits", np.empty(0))
        if limits.shape != (len(found.limits),):
            raise InputError(f"a reference set's limits: expected {len(found.limits)} of them, got {limits.shape}")
        return replace(found, sceptic=Sceptic.from_arrays(sceptic), limits=tuple(map(float, limits)))

    @cached_property
    def _neighbours(self) -> Neighbours:
        return Neighbours(stretched(self.images, self.shape))

    @property
    def maps(self) -> Floats:
        """The map of edges of each reference image, (N, numbers); see `edge_maps`."""
        return self._neighbours.maps

    @property
    def spread(self) -> Floats:
        """How thinly the reference images lie around each of them, (N,); see `Neighbours`."""
        return self._neighbours.spread


def draw_rows(count: int, size: int = 2000, seed: int = 0) -> NDArray[np.int64]:
    """Draw the training images that a set keeps; all of them, in any order, if there are no more than ``size``."""
    return np.random.default_rng(seed).permutation(count)[:size]
