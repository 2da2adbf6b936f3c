"""RandomLayer: base of the layers that draw random numbers. They are told the step, so they need no counter.

(seed, layer, step, row) ──► the random numbers of one image in one step
"""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike, NDArray

from glasswork.arrays import FloatArray
from glasswork.errors import InputError, StateError
from glasswork.nn.layer import Layer
from glasswork.randomness import WORDS_PER_BLOCK, Purpose, generator, random_rows


class RandomLayer(Layer):
    """Base of `Dropout` and `GaussianNoise`: random in training, the identity in evaluation.

    The numbers for an image are a function of the seed, the layer, the step and the image's row in the batch. So a
    resumed run only has to set the step, and part of a batch draws the same numbers as it would in the whole batch.

    Parameters
    ----------
    seed : int
        The network's.
    index : int
        The layer's number in its network, so that no two layers draw the same numbers.
    dtype : data type
    """

    #: What the random numbers are for: different kinds of layer draw different numbers.
    purpose: Purpose

    #: Random numbers that one 64-bit word gives.
    numbers_per_word: int

    def __init__(self, *, seed: int, index: int, dtype: DTypeLike) -> None:
        super().__init__(dtype=dtype)
        if isinstance(index, bool) or not isinstance(index, int | np.integer) or not 0 <= index < 2**63:
            raise InputError(f"{self}: expected index to be an integer of at least 0, got {index!r}")
        generator(seed, self.purpose)  # refuses what is no seed
        self.seed, self.index = seed, index
        self.position: tuple[int, int] | None = None

    def set_position(self, step: int, row: int = 0) -> None:
        """Set the step that the next forward belongs to, and the number of its first row in the batch.

        Parameters
        ----------
        step : int
            From 0; `glasswork.train` counts the steps of a run.
        row : int
            0 unless the batch is split into parts.
        """
        for name, number in (("step", step), ("row", row)):
            if isinstance(number, bool) or not isinstance(number, int | np.integer) or not 0 <= number < 2**48:
                raise InputError(f"{self}: expected {name} to be an integer of at least 0, got {number!r}")
        self.position = int(step), int(row)
        super().set_position(step, row)

    def known_position(self) -> tuple[int, int]:
        """Return the step and the first row that the next forward draws for.

        Raises
        ------
        StateError
            If the position was not set.
        """
        if self.position is None:
            raise StateError(
                f"{self}: is in training mode but was not told the step, so it cannot draw random numbers; call "
                "model.set_position(step) before each forward, as glasswork.train does"
            )
        return self.position

    def blocks(self, features: int) -> int:
        """Return how many blocks of four random words a row of ``features`` numbers needs."""
        return -(-features // (self.numbers_per_word * WORDS_PER_BLOCK))

    def _draw(self, rows: int, features: int) -> NDArray[np.uint64]:
        """Return enough random words for these features, row by row: ``(rows, words)``."""
        step, row = self.known_position()
        blocks = self.blocks(features)
        return random_rows(self.seed, self.purpose, layer=self.index, step=step, row=row, rows=rows, blocks=blocks)

    def _pass_on(self, x: FloatArray) -> FloatArray:
        """Return the input itself, as in evaluation."""
        self.output = x
        return x
