"""Distortion: the settings applied to images of one shape. The same image of the same epoch is always the same.

(seed, epoch, index) ──► random words ──► strokes of the image, places ──sample──► the network's input ──► noise, holes
"""

import math
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glasswork.arrays import FloatArray
from glasswork.data.augment import affine, erasing, variants
from glasswork.data.augment.elastic import ElasticFields
from glasswork.data.augment.noise import add_noise, noise_words
from glasswork.data.augment.sampling import Sample, pad, sample
from glasswork.data.augment.settings import Augmentation
from glasswork.data.augment.thickness import change_thickness
from glasswork.errors import InputError
from glasswork.pixels import normalize
from glasswork.randomness import Purpose, random_words, uniform

#: Images that are distorted at a time, to limit memory.
_AT_A_TIME = 128


class Part(IntEnum):
    """What random words are for; two parts never share any."""

    AFFINE = 0
    ELASTIC = 1
    VARIANTS = 2
    THICKNESS = 3
    NOISE = 4
    ERASING = 5


def check_images(dtype: np.dtype[Any], shape: tuple[int, ...] | None, features: int) -> None:
    """Raise InputError if rows of this dtype and length are not images of a known shape, which can be distorted."""
    if dtype != np.uint8:
        raise InputError(
            f"augment: expected images, with pixels as bytes from 0 to 255, got {dtype} numbers, such as a table of "
            "features has; only images can be distorted, so leave augment out"
        )
    if shape is None or math.prod(shape) != features:
        wanted = "of a known shape" if shape is None else f"of shape {shape}"
        raise InputError(
            f"augment: expected images {wanted}, got rows of {features:,} pixels; state their shape, such as "
            "shape=(28, 28), or give images as (N, height, width)"
        )


class Distortion:
    """Distorts the training images of one dataset.

    Parameters
    ----------
    settings : Augmentation
    shape : (height, width), or (height, width, 3) in colour
        The shape of an image.
    seed : int
    classes : sequence of str
        The name of each class, to find those that the settings name.
    ground : (channels,) uint8
        What is around an image.
    """

    def __init__(
        self,
        settings: Augmentation,
        shape: tuple[int, ...],
        *,
        seed: int,
        classes: tuple[str, ...],
        ground: NDArray[np.uint8],
    ) -> None:
        self.settings, self.shape, self.seed, self.ground = settings, shape, seed, ground
        self._classes = np.array([*classes, ""])  # the last one is that of images without a label
        self._calm = np.isin(self._classes, settings.calm)
        self._elastic = ElasticFields((shape[0], shape[1]), settings.smoothness) if settings.elastic else None

    def __call__(
        self,
        images: NDArray[np.uint8],
        indices: NDArray[np.integer],
        labels: NDArray[np.integer] | None,
        epoch: int,
        out: FloatArray,
        sample: Sample = sample,
    ) -> None:
        """Fill ``out`` with the distorted images, scaled from -1 to 1.

        Parameters
        ----------
        images : (n, pixels) uint8
        indices : (n,)
            Which images of the dataset these are.
        labels : (n,), optional
            Their labels; without them no class is calm, and none has variants.
        epoch : int
            From 1.
        out : (n, pixels)
        sample : callable
            `glasswork.data.augment.sample`, or a faster function that computes the same.
        """
        for begin in range(0, len(images), _AT_A_TIME):
            now = slice(begin, begin + _AT_A_TIME)
            known = np.full(len(indices[now]), -1) if labels is None else labels[now]
            self._some(images[now], indices[now], known, epoch, out[now], sample)

    def _some(
        self,
        rows: NDArray[np.uint8],
        indices: NDArray[np.integer],
        labels: NDArray[np.integer],
        epoch: int,
        out: FloatArray,
        sample: Sample,
    ) -> None:
        settings, strength = self.settings, self.settings.strength(epoch)
        height, width, *channels = self.shape

        def words(part: Part, count: int) -> NDArray[np.uint64]:
            return random_words(self.seed, Purpose.DISTORTION, epoch=epoch, part=part, indices=indices, count=count)

        def numbers(part: Part, count: int) -> NDArray[np.float64]:
            return uniform(words(part, count))

        images = rows.reshape(-1, height, width, math.prod(channels))
        if settings.variants:
            drawn, names = numbers(Part.VARIANTS, variants.NUMBERS), self._classes[labels]
            images = variants.add_variants(images, names, drawn, settings.variants * strength, self.ground)
        if settings.thickness:
            amounts = (2 * numbers(Part.THICKNESS, 1)[:, 0] - 1) * settings.thickness * strength
            images = change_thickness(images, amounts.clip(-1, 1))
        drawn = numbers(Part.AFFINE, affine.NUMBERS)
        matrices = affine.affine_matrices(drawn, settings, strength, self._calm[labels], (height, width))
        fields = np.empty((0, 2, height, width), np.float32)
        if self._elastic is not None:
            fields = self._elastic.fields(words(Part.ELASTIC, self._elastic.words), settings.elastic * strength)
        sample(pad(images, self.ground), matrices, fields, out)
        if settings.pixel_noise:
            add_noise(out, words(Part.NOISE, noise_words(out.shape[1])), settings.pixel_noise * strength)
        if settings.erase:
            drawn, ground = numbers(Part.ERASING, erasing.NUMBERS), normalize(self.ground, dtype=out.dtype)
            erasing.erase(out.reshape(images.shape), drawn, settings.erase * strength, settings.erase_area, ground)
