"""Distortion: the settings applied to images of one shape. The same image of the same epoch is always the same.

(seed, epoch, index) ──► random words ──► places ──sample──► the network's input
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glasswork.arrays import FloatArray
from glasswork.data.augment.affine import NUMBERS, affine_matrices
from glasswork.data.augment.elastic import ElasticFields
from glasswork.data.augment.sampling import Sample, pad, sample
from glasswork.data.augment.settings import Augmentation
from glasswork.errors import InputError
from glasswork.randomness import Purpose, random_words, uniform

#: Parts of the random words.
_AFFINE, _ELASTIC = range(2)

#: Images that are distorted at a time, to limit memory.
_AT_A_TIME = 128


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
        self._calm = np.array([name in settings.calm for name in classes])
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
            Their labels; without them no class is calm.
        epoch : int
            From 1.
        out : (n, pixels)
        sample : callable
            `glasswork.data.augment.sample`, or a faster function that computes the same.
        """
        for begin in range(0, len(images), _AT_A_TIME):
            now = slice(begin, begin + _AT_A_TIME)
            calm = np.zeros(len(indices[now]), bool) if labels is None else self._calm[labels[now]]
            self._some(images[now], indices[now], calm, epoch, out[now], sample)

    def _some(
        self,
        images: NDArray[np.uint8],
        indices: NDArray[np.integer],
        calm: NDArray[np.bool_],
        epoch: int,
        out: FloatArray,
        sample: Sample,
    ) -> None:
        strength = self.settings.strength(epoch)
        height, width, *channels = self.shape
        size = height, width
        numbers = uniform(self._words(_AFFINE, epoch, indices, NUMBERS))
        matrices = affine_matrices(numbers, self.settings, strength, calm, size)
        fields = np.empty((0, 2, height, width), np.float32)
        if self._elastic is not None:
            words = self._words(_ELASTIC, epoch, indices, self._elastic.words)
            fields = self._elastic.fields(words, self.settings.elastic * strength)
        padded = pad(images.reshape(-1, height, width, math.prod(channels)), self.ground)
        sample(padded, matrices, fields, out)

    def _words(self, part: int, epoch: int, indices: NDArray[np.integer], count: int) -> NDArray[np.uint64]:
        return random_words(self.seed, Purpose.DISTORTION, epoch=epoch, part=part, indices=indices, count=count)
