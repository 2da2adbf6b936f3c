"""Average: a moving average of the weights, which often generalises better than the last weights.

average ← decay × average + (1 - decay) × weights        after every step
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np

from glasswork.arrays import FloatArray
from glasswork.errors import StateError
from glasswork.settings import Range, check_settings


class Average:
    """An exponential moving average of arrays (Polyak and Juditsky 1992; Kingma and Ba 2014, section 7.2).

    Parameters
    ----------
    arrays : sequence of arrays
        What to average: ``model.state().values()``, so that running statistics are averaged as well.
    decay : float
        Weight of the past in the average: 0 or more, and below 1. At step t at most ``t / (t + 9)`` is used, so that
        the first weights, which are far from good, soon count for little.

    Attributes
    ----------
    steps : int
        Updates so far.
    shown : bool
        Whether the arrays hold the averages now, while this object keeps the weights of the training.

    Raises
    ------
    InputError
        If ``decay`` is out of range.
    """

    def __init__(
        self,
        arrays: Sequence[FloatArray],
        decay: Annotated[float, Range(ge=0, lt=1), "weight of the past in the average"],
    ) -> None:
        check_settings("Average", Average, decay=decay)
        self.arrays, self.decay, self.steps, self.shown = list(arrays), decay, 0, False
        self._kept = [array.copy() for array in self.arrays]  # the averages; while shown, the training's weights
        self._scratch = [np.empty_like(array) for array in self.arrays]

    @property
    def averages(self) -> list[FloatArray]:
        """The averages, one for each array."""
        return self.arrays if self.shown else self._kept

    @property
    def weights(self) -> list[FloatArray]:
        """The weights of the training, one for each array."""
        return self._kept if self.shown else self.arrays

    def update(self) -> None:
        """Update the averages after a step."""
        self.hide()
        self.steps += 1
        share = self.share(self.steps)
        for array, average, difference in zip(self.arrays, self._kept, self._scratch, strict=True):
            np.subtract(array, average, out=difference)
            np.multiply(difference, share, out=difference)
            np.add(average, difference, out=average)

    def share(self, step: int) -> float:
        """Return the share of the new weights in the average at a step, counted from 1."""
        return 1 - min(self.decay, step / (step + 9))

    def show(self) -> None:
        """Put the averages into the arrays, in place, until `hide`."""
        if not self.shown:
            self._exchange()

    def hide(self) -> None:
        """Put the weights of the training back into the arrays, in place."""
        if self.shown:
            self._exchange()

    def _exchange(self) -> None:
        for array, kept, scratch in zip(self.arrays, self._kept, self._scratch, strict=True):
            scratch[...] = array
            array[...] = kept
            kept[...] = scratch
        self.shown = not self.shown

    def live_state(self) -> dict[str, FloatArray]:
        """Return the averages themselves, and the number of updates."""
        named = {f"average.{i}": average for i, average in enumerate(self.averages)}
        return {**named, "average.steps": np.array([self.steps], np.float64)}

    def state(self) -> dict[str, FloatArray]:
        """Return copies of the averages, and the number of updates."""
        return {name: array.copy() for name, array in self.live_state().items()}

    def load_state(self, state: dict[str, FloatArray]) -> None:
        """Restore a ``state()``; afterwards the arrays hold the weights of the training.

        Raises a StateError if the state has other names or shapes, and then changes nothing.
        """
        if {name: a.shape for name, a in self.live_state().items()} != {name: a.shape for name, a in state.items()}:
            raise StateError("Average: this state has other names or shapes than the average's own")
        self.hide()
        self.steps = int(state["average.steps"][0])
        for i, average in enumerate(self._kept):
            average[...] = state[f"average.{i}"]
