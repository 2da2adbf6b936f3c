"""Losses in which each output counts on its own: binary cross-entropy and Poisson deviance.

pred (batch, outputs) ──► Σ over the outputs, mean over the batch        each output has a target of its own
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from glasswork.arrays import FloatArray
from glasswork.errors import InputError
from glasswork.nn.losses import Loss


class _OutputLoss(Loss):
    """Base: a loss whose gradient is ``weight (mean - target) / batch``, where ``mean`` is what pred stands for."""

    remembers = ("difference",)
    difference: FloatArray
    largest_target = np.inf

    def check_targets(self, targets: FloatArray) -> None:
        """Refuse targets that have no likelihood.

        Parameters
        ----------
        targets : array
            Of any shape.

        Raises
        ------
        InputError
            If one is negative, or too large.
        """
        low, high = targets.min(), targets.max()
        if low < 0 or high > self.largest_target:
            words = "of 0 or more" if self.largest_target == np.inf else f"from 0 to {self.largest_target:g}"
            raise InputError(f"{self}: expected targets {words}, got {low:g} to {high:g}")

    def _weighted(self, difference: FloatArray, losses: FloatArray, weights: ArrayLike | None) -> float:
        """Keep the difference for ``backward``; return the sum of the losses, mean over the batch."""
        if weights is not None:
            column = self._column(weights, difference)
            difference, losses = difference * column, losses * column
        self.difference = difference
        return float(losses.sum()) / len(losses)

    def backward(self) -> FloatArray:
        """Return the gradient of the last loss with respect to ``pred``, ``(batch, outputs)``."""
        self._check_forward()
        return self.difference / len(self.difference)


class BinaryCrossEntropyLoss(_OutputLoss):
    """Binary cross-entropy from logits: summed over the outputs, mean over the batch.

    ``Σ log(1 + e^pred) - target pred``, the negative log-likelihood of targets from 0 to 1 under `Sigmoid` (Bishop
    2006, eq. 4.90). It suits a single score that tells two classes apart, and several labels that may hold at once.
    """

    label = "BCE"
    largest_target = 1.0
    pred_is = "logits"

    def forward(self, pred: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> float:
        """Return the mean of ``weight * sum(log(1 + exp(pred)) - target * pred)``; pred are logits."""
        pred, target = self._remember(pred, target)
        probabilities = 0.5 + 0.5 * np.tanh(0.5 * pred)  # the sigmoid
        losses = np.logaddexp(0, pred) - target * pred
        return self._weighted((probabilities - target).astype(pred.dtype), losses, weights)

    def check_model(self, model: object) -> None:
        """Refuse a model whose scores are probabilities.

        Parameters
        ----------
        model : object
            The model that is to be trained.

        Raises
        ------
        InputError
            If it is such a model. A user's own model that does not state what its scores are is accepted.
        """
        if getattr(model, "built_for", "logits") != "logits":
            raise InputError(
                f"{self}: takes logits, but the scores of {model} are probabilities; create the model with "
                "output_activation=None"
            )


class PoissonLoss(_OutputLoss):
    """Half the Poisson deviance, from logarithms of rates: summed over the outputs, mean over the batch.

    ``Σ e^pred - target pred + target log(target) - target``, for targets that are counts or other numbers of 0 or
    more (McCullagh and Nelder 1989, section 2.3). The network estimates ``log(mean)``.
    """

    label = "Poisson deviance"

    def forward(self, pred: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> float:
        """Return the mean of ``weight * sum(exp(pred) - target * pred + target * log(target) - target)``."""
        pred, target = self._remember(pred, target)
        rates = np.exp(pred)
        losses = rates - target * pred + target * np.log(np.where(target > 0, target, 1)) - target
        return self._weighted((rates - target).astype(pred.dtype), losses, weights)
