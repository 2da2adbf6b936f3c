"""An average of the weights along the way, which is often better than where they happen to stand.

average ← decay × average + (1 - decay) × weights        after every step
"""

from collections.abc import Sequence

import numpy as np

from glasswork.arrays import FloatArray
from glasswork.errors import InputError


class Average:
    """An exponential moving average of arrays (Polyak and Juditsky 1992; Kingma and Ba 2014, section 7.2).

    Parameters
    ----------
    arrays : sequence of arrays
        What to follow: ``model.state().values()``, so that running statistics are averaged as well.
    decay : float
        From 0 up to 1. At step t no more than ``t / (t + 9)`` is used, so that early steps, far from good,
        are soon forgotten.

    Raises
    ------
    InputError
        If ``decay`` is out of range.
    """

    def __init__(self, arrays: Sequence[FloatArray], decay: float) -> None:
        if not 0 <= decay < 1:
            raise InputError(f"Average: expected a decay from 0 up to (not including) 1, got {decay}")
        self.arrays, self.decay, self.steps = list(arrays), decay, 0
        self.averages = [array.copy() for array in self.arrays]
        self._scratch = [np.empty_like(array) for array in self.arrays]

    def update(self) -> None:
        """Follow the arrays by one step."""
        self.steps += 1
        share = 1 - min(self.decay, self.steps / (self.steps + 9))
        for array, average, scratch in zip(self.arrays, self.averages, self._scratch, strict=True):
            np.subtract(array, average, out=scratch)
            scratch *= share  # noqa: PLW2901
            average += scratch  # noqa: PLW2901

    def swap(self) -> None:
        """Exchange the arrays' contents and their averages, in place; twice changes nothing."""
        for array, average, scratch in zip(self.arrays, self.averages, self._scratch, strict=True):
            scratch[...] = array
            array[...] = average
            average[...] = scratch

    def state(self) -> dict[str, FloatArray]:
        """Return copies of the averages, and how many steps they followed."""
        state = {f"average.{i}": average.copy() for i, average in enumerate(self.averages)}
        state["average.steps"] = np.array([self.steps], np.float64)
        return state

    def load_state(self, state: dict[str, FloatArray]) -> None:
        """Go on from a ``state()``."""
        self.steps = int(state["average.steps"][0])
        for i, average in enumerate(self.averages):
            average[...] = state[f"average.{i}"]
