"""Progress: the position of a training. State: copies of everything that the training continues from, kept there."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from glasswork.arrays import FloatArray


@dataclass
class Progress:
    """The position of a training. With the weights and the optimiser's state, it determines how training continues.

    Attributes
    ----------
    epoch : int
        Epochs done.
    batch, num_samples, total_loss : int, int, float
        In the current epoch: batches and images so far, and the sum of their losses.
    step : int
        Steps taken since the training began, over all epochs; random layers draw for this number.
    seconds : float
        Time spent on the current epoch before it was resumed.
    best_epoch, best_accuracy : int, float
        The best epoch, that of the highest validation accuracy unless something else is monitored, and its accuracy in
        percent.
    best_measure : float or None
        The measure that was monitored instead, in that epoch; larger is better.
    last_good, best : lists of arrays
        The model's arrays as they were validated after the last epoch and after the best one;
        before the first epoch is done, ``last_good`` holds those that training began with.
    state : State or None
        What `glasswork.fit` copied last: at the end of an epoch, or where it was stopped.
    shown : bool
        Whether the model holds other weights than training continues from, such as the best ones: then
        `glasswork.fit`, called again with this progress, begins by restoring ``state``.
    """

    epoch: int = 0
    batch: int = 0
    num_samples: int = 0
    total_loss: float = 0.0
    step: int = 0
    seconds: float = 0.0
    best_epoch: int = 0
    best_accuracy: float = -1.0
    best_measure: float | None = None
    last_good: list[FloatArray] = field(default_factory=list, repr=False)
    best: list[FloatArray] = field(default_factory=list, repr=False)
    state: State | None = field(default=None, repr=False)
    shown: bool = False

    def note_batch(self, loss: float, images: int) -> None:
        """Count one batch whose step is done."""
        self.batch += 1
        self.step += 1
        self.num_samples += images
        self.total_loss += loss * images

    def note_epoch(self, accuracy: float, arrays: list[FloatArray], measure: float | None = None) -> None:
        """Count one validated epoch and begin the next; ``measure`` is what is monitored in place of the accuracy."""
        self.epoch += 1
        self.batch, self.num_samples, self.total_loss, self.seconds = 0, 0, 0.0, 0.0
        self.last_good = arrays
        if measure is None:
            better = accuracy > self.best_accuracy
        else:
            better = self.best_measure is None or measure > self.best_measure
        if better:
            self.best, self.best_epoch, self.best_accuracy = arrays, self.epoch, accuracy
            self.best_measure = measure

    def position(self) -> dict[str, Any]:
        """Return everything except the state."""
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name not in ("state", "shown")}


@dataclass(frozen=True)
class State:
    """Everything that a training continues from, at one position; nothing writes into these arrays.

    Attributes
    ----------
    weights : list of arrays
        The model's, running statistics included.
    optimizer, average : dict
        What their own ``state()`` returned; empty where there is none.
    position : dict
        The fields of the `Progress`.
    """

    weights: list[FloatArray]
    optimizer: dict[str, Any]
    average: dict[str, FloatArray]
    position: dict[str, Any]
