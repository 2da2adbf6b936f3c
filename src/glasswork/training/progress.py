"""Progress: the position of a training, in a few numbers, which a checkpoint stores with weights and moments."""

from __future__ import annotations

from dataclasses import dataclass, field

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
        The epoch with the highest validation accuracy, and that accuracy in percent.
    last_good, best : lists of arrays
        The model's arrays as they were validated after the last epoch and after the best one; empty before the first.
    """

    epoch: int = 0
    batch: int = 0
    num_samples: int = 0
    total_loss: float = 0.0
    step: int = 0
    seconds: float = 0.0
    best_epoch: int = 0
    best_accuracy: float = -1.0
    last_good: list[FloatArray] = field(default_factory=list)
    best: list[FloatArray] = field(default_factory=list)

    def note_batch(self, loss: float, images: int) -> None:
        """Count one batch whose step is done."""
        self.batch += 1
        self.step += 1
        self.num_samples += images
        self.total_loss += loss * images

    def note_epoch(self, accuracy: float, arrays: list[FloatArray]) -> None:
        """Count one validated epoch and begin the next."""
        self.epoch += 1
        self.batch, self.num_samples, self.total_loss, self.seconds = 0, 0, 0.0, 0.0
        self.last_good = arrays
        if accuracy > self.best_accuracy:
            self.best, self.best_epoch, self.best_accuracy = arrays, self.epoch, accuracy
