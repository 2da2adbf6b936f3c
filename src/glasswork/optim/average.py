"""Average: a moving average of the weights, which often generalises better than the last weights.

average ← decay × average + (1 - decay) × weights        after every step
"""

from collections.abc import Sequence
from typing import Annotated

import numpy as np

from glasswork.arrays import FloatArray
from glasswork.settings import Range, check_settings


class Average:
    """An exponential moving average of arrays (Polyak and Juditsky 1992; Kingma and Ba 2014, section 7.2).

    Parameters
    ----------
    arrays : sequence of arrays
        What to average: ``model.state().values()``, so that running statistics are averaged as well.
    decay : float
        From 0 up to, not including, 1. Step t uses at most ``t / (t + 9)``, so that the first, poor weights are
        soon forgotten.

    Raises
    ------
    InputError
        If ``decay`` is out of range.
    """

    def __init__(
        self, arrays: Sequence[FloatArray], decay: Annotated[float, Range(ge=0, lt=1), "how slowly it forgets"]
    ) -> None:
        check_settings("Average", Average, decay=decay)
        self.arrays, self.decay, self.steps = list(arrays), decay, 0
        self.averages = [array.copy() for array in self.arrays]
        self._scratch = [np.empty_like(array) for array in self.arrays]

    def update(self) -> None:
        """Move the averages by one step, towards the arrays as they are now."""
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
        """Return copies of the averages, and the number of steps taken."""
        state = {f"average.{i}": average.copy() for i, average in enumerate(self.averages)}
        state["average.steps"] = np.array([self.steps], np.float64)
        return state

    def load_state(self, state: dict[str, FloatArray]) -> None:
        """Resume from a ``state()``."""
        self.steps = int(state["average.steps"][0])
        for i, average in enumerate(self.averages):
            average[...] = state[f"average.{i}"]
