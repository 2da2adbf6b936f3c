"""Randomness as a function of a position, not as a stream that is used up.

    (seed, purpose, epoch, index, block) ──► generator ──► a permutation, a mask, initial weights ...

The same position always gives the same values, whatever was drawn in between. So a run that was stopped anywhere can be
resumed exactly, and workers need not coordinate.
"""

from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glasswork.errors import InputError

#: The number of 64-bit words that Philox computes from one value of its counter.
WORDS_PER_BLOCK = 4


class Purpose(IntEnum):
    """What a random number is for; two purposes never share numbers."""

    WEIGHTS = 1
    SHUFFLE = 2
    DROPOUT = 3
    NOISE = 4
    SEARCH = 5
    DISTORTION = 6


def generator(seed: int, purpose: Purpose, *, epoch: int = 0, index: int = 0, block: int = 0) -> np.random.Generator:
    """Return the generator that belongs to one position.

    Parameters
    ----------
    seed : int
        The run's seed, 0 to 2**64 - 1.
    purpose : Purpose
        What the numbers are for.
    epoch, index : int
        The position in the run: the epoch, and the step, image or layer in it.
    block : int
        Blocks of four 64-bit words to skip, at no cost.

    Returns
    -------
    numpy.random.Generator
        On Philox, a counter-based generator (Salmon et al. 2011, "Parallel random numbers: as easy as
        1, 2, 3"): the seed and purpose are its key, the position is its counter, and each position has
        2**128 blocks before it would reach the next.

    Raises
    ------
    InputError
        If the seed is not an integer from 0 to 2**64 - 1.
    """
    if not isinstance(seed, int | np.integer) or not 0 <= seed < 2**64:
        raise InputError(f"seed: expected an integer from 0 to 2**64 - 1, got {seed!r}")
    key = np.array([seed, purpose], dtype=np.uint64)
    counter = np.array([block, 0, index, epoch], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=counter))


def random_rows(
    seed: int, purpose: Purpose, *, layer: int, step: int, row: int, rows: int, blocks: int
) -> NDArray[np.uint64]:
    """Return random words for rows of a batch; each row depends only on its number, the layer and the step.

    Row r starts at block ``r * blocks``, so any part of a batch can be drawn without the rest.

    Parameters
    ----------
    seed, purpose
        As for `generator`.
    layer, step : int
        The layer's index in its network, and the step of the training.
    row, rows : int
        The first row, and the number of rows.
    blocks : int
        Blocks of four words for each row.

    Returns
    -------
    (rows, 4 * blocks) uint64
        Little-endian, whatever the machine.
    """
    rng = generator(seed, purpose, epoch=layer, index=step, block=row * blocks)  # in place of epoch, index
    words = rng.integers(1 << 64, size=(rows, blocks * WORDS_PER_BLOCK), dtype=np.uint64)
    return words.astype("<u8", copy=False)


#: SplitMix64's constant, 2**64 divided by the golden ratio.
_GOLDEN = 0x9E3779B97F4A7C15


def random_words(
    seed: int, purpose: Purpose, *, epoch: int, part: int, indices: NDArray[Any], count: int
) -> NDArray[np.uint64]:
    """Return random words for images in any order; each image's depend only on its index, the epoch and the part.

    A generator for each image would take longer than what is done with its numbers. So these words are SplitMix64
    (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators"), whose j-th word is a hash of
    ``key + j * constant``, and the key is a hash of the position.

    Parameters
    ----------
    seed, purpose, epoch
        As for `generator`.
    part : int
        What the words are for, among those of one purpose.
    indices : (n,) integers
        The indices of the images.
    count : int
        Words for each image.

    Returns
    -------
    (n, count) uint64
        Little-endian, whatever the machine.
    """
    key = np.array([seed], np.uint64)
    for place in (int(purpose), part, epoch, indices):
        key = _mix(key + np.uint64(_GOLDEN) * (np.atleast_1d(place).astype(np.uint64) + np.uint64(1)))
    words = _mix(key[:, None] + np.uint64(_GOLDEN) * np.arange(1, count + 1, dtype=np.uint64))
    return words.astype("<u8", copy=False)


def uniform(words: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Return random words as numbers from 0 up to, and without, 1."""
    numbers: NDArray[np.float64] = np.multiply(words >> np.uint64(11), 2.0**-53)
    return numbers


def _mix(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64's hash of a word: every bit of the result depends on every bit of ``z``."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
