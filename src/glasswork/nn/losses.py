"""Losses: how wrong the scores are, as one number, and which way each score should move.

pred (batch, classes) ┐
                      ├──► loss(pred, target) ──► float, the mean over the batch
target (the same)     ┘    loss.backward()    ──► gradient by pred, (batch, classes)
"""

import numpy as np

from glasswork.arrays import FloatArray
from glasswork.errors import InputError, StateError


class Loss:
    """Base of all losses. Targets are ``(batch, classes)``: one-hot, or soft.

    Attributes
    ----------
    label : str
        What printed lines and axes call it.
    pred, target : (batch, classes)
        What the last ``forward`` was given.
    """

    label: str
    pred: FloatArray
    target: FloatArray

    def __call__(self, pred: FloatArray, target: FloatArray) -> float:
        """Return ``forward(pred, target)``."""
        return self.forward(pred, target)

    def forward(self, pred: FloatArray, target: FloatArray) -> float:
        """Return the loss, a mean over the batch."""
        raise NotImplementedError

    def backward(self) -> FloatArray:
        """Return the gradient of the last loss by ``pred``, ``(batch, classes)``."""
        raise NotImplementedError

    def _remember(self, pred: FloatArray, target: FloatArray) -> None:
        if pred.ndim != 2 or pred.shape != target.shape or len(pred) == 0:
            raise InputError(
                f"{self}: expected pred and target of one shape (batch, classes), got {pred.shape} and "
                f"{target.shape}; make targets of labels with int_to_onehot(labels)"
            )
        self.pred, self.target = pred, target

    def _check_forward(self) -> None:
        if not hasattr(self, "pred"):
            raise StateError(f"{self}: backward was called before forward; call loss(pred, target) first")

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class MSELoss(Loss):
    """Squared error: summed over the outputs, mean over the batch (handout, section 4 C).

    ``1/N Σ (pred - target)²`` with N the number of samples: the loss whose gradient is the handout's.
    It is computed in the dtype of ``pred``.
    """

    label = "MSE"
    difference: FloatArray

    def forward(self, pred: FloatArray, target: FloatArray) -> float:
        """Return ``sum((pred - target)**2) / batch``."""
        self._remember(pred, target)
        self.difference = np.subtract(pred, target, dtype=pred.dtype)
        return float(np.vdot(self.difference, self.difference)) / len(pred)

    def backward(self) -> FloatArray:
        """Return ``2 (pred - target) / batch``, ``(batch, classes)``."""
        self._check_forward()
        return np.multiply(self.difference, 2 / len(self.difference))
