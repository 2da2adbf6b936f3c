"""Losses: how wrong the scores are, as one number, and which way each score should move.

pred (batch, classes) ┐
                      ├──► loss(pred, target) ──► float, the mean over the batch
target (the same)     ┘    loss.backward()    ──► gradient with respect to pred, (batch, classes)
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glasswork.arrays import FloatArray
from glasswork.errors import InputError, StateError
from glasswork.nn.module import without_remembered
from glasswork.settings import Range, check_settings


class Loss:
    """Base of all losses. Targets are ``(batch, classes)``: one-hot, or soft; for a single score, 0 or 1.

    ``forward`` raises an `InputError` if the shapes differ, and ``backward`` a `StateError` before any ``forward``.

    Attributes
    ----------
    label : str
        Its name in printed lines and on axes.
    pred, target : (batch, classes)
        The arguments of the last ``forward``, as arrays.
    """

    #: What ``pred`` is: ``"logits"`` or ``"probabilities"``, estimates of them. None if the loss does not say.
    pred_is: ClassVar[Literal["logits", "probabilities"] | None] = None

    #: What copies and pickles leave out: the arrays that forward leaves for backward.
    remembers: ClassVar[tuple[str, ...]] = ("pred", "target")

    label: str
    pred: FloatArray
    target: FloatArray

    def __getstate__(self) -> dict[str, Any]:
        return without_remembered(self)

    def __call__(self, pred: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> float:
        """Return ``forward(pred, target)``, with weights if there are any."""
        return self.forward(pred, target) if weights is None else self.forward(pred, target, weights)

    def forward(self, pred: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> float:
        """Return the loss, a mean over the batch: of each sample's loss times its weight, ``(batch,)``."""
        raise NotImplementedError

    def backward(self) -> FloatArray:
        """Return the gradient of the last loss with respect to ``pred``, ``(batch, classes)``."""
        raise NotImplementedError

    def check_model(self, model: object) -> None:
        """Raise an InputError if this loss does not suit the model's last layer; by default every model suits."""

    def check_targets(self, targets: FloatArray) -> None:
        """Raise an InputError if a target is outside what this loss is defined for; by default every number suits."""

    def _remember(self, pred: ArrayLike, target: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Check the arguments, keep them and return them as arrays."""
        pred, target = self._array("pred", pred), self._array("target", target)
        if pred.ndim != 2 or pred.shape != target.shape or pred.size == 0:
            raise InputError(
                f"{self}: expected pred and target of one shape (batch, classes), got {pred.shape} and "
                f"{target.shape}; turn labels into targets with int_to_onehot(labels)"
            )
        self.check_targets(target)
        self.pred, self.target = pred, target
        return pred, target

    def _column(self, weights: ArrayLike, pred: FloatArray) -> FloatArray:
        """Check the weights of samples; return them as a column of the dtype of ``pred``."""
        array = self._array("weights", weights)
        if array.shape != (len(pred),):
            raise InputError(f"{self}: expected weights of shape ({len(pred)},), one a sample, got {array.shape}")
        if not 0 <= array.min() <= array.max() < np.inf:  # never for NaN
            raise InputError(f"{self}: expected weights of 0 or more, got {array.min():g} to {array.max():g}")
        return array.astype(pred.dtype)[:, np.newaxis]

    def _array(self, name: str, value: ArrayLike) -> FloatArray:
        try:
            array: NDArray[Any] = np.asarray(value)
        except ValueError:  # rows of different lengths
            raise InputError(
                f"{self}: expected {name} of shape (batch, classes), got rows of different lengths"
            ) from None
        if array.dtype.kind in "biu":
            return array.astype(np.float64)
        if array.dtype.kind != "f":
            raise InputError(f"{self}: expected {name} to be numbers, (batch, classes), got {array.dtype}")
        return array

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
    pred_is = "probabilities"
    remembers = ("difference",)
    difference: FloatArray

    def forward(self, pred: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> float:
        """Return ``sum(weight * (pred - target)**2) / batch``; without weights, all are 1."""
        pred, target = self._remember(pred, target)
        difference = self.difference = np.subtract(pred, target, dtype=pred.dtype)
        if weights is not None:
            self.difference = difference * self._column(weights, pred)
        return float(np.vdot(self.difference, difference)) / len(pred)

    def backward(self) -> FloatArray:
        """Return ``2 weight (pred - target) / batch``, ``(batch, classes)``."""
        self._check_forward()
        return np.multiply(self.difference, 2 / len(self.difference))


#: What to do about cross-entropy of one score.
_ONE_SCORE = "softmax of one score is always 1; use two outputs, or output_activation='sigmoid' with MSELoss()"


class CrossEntropyLoss(Loss):
    """Cross-entropy of softmax probabilities, computed from logits: mean over the batch.

    ``-Σ target * log_softmax(logits)``, the negative log-likelihood of the target under
    `softmax` (Bishop 2006, eq. 4.108). Softmax and logarithm are computed together, as
    ``logits - log Σ exp(logits)``; the largest logit is subtracted first, so nothing overflows.

    Parameters
    ----------
    label_smoothing : float
        From 0 to 1: this share of each target is spread evenly over the classes (Szegedy et al. 2016,
        section 7).

    Raises
    ------
    InputError
        If ``label_smoothing`` is out of range.
    """

    label = "CE"
    pred_is = "logits"
    remembers = ("smoothed", "log_probabilities")
    smoothed: FloatArray
    log_probabilities: FloatArray

    def __init__(
        self,
        *,
        label_smoothing: Annotated[float, Range(ge=0, le=1), "share of each target spread over all classes"] = 0.0,
    ) -> None:
        check_settings(self, label_smoothing=label_smoothing)
        self.label_smoothing = label_smoothing

    def forward(self, pred: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> float:
        """Return the mean of ``-weight * sum(target * log_softmax(pred))``; pred are logits."""
        pred, target = self._remember(pred, target)
        if pred.shape[1] == 1:
            raise InputError(f"{self}: expected a score for each of at least 2 classes, got one; {_ONE_SCORE}")
        self.smoothed = target.astype(pred.dtype, casting="same_kind", copy=False)
        if self.label_smoothing:
            spread = self.smoothed.sum(axis=1, keepdims=True) * (self.label_smoothing / pred.shape[1])
            self.smoothed = self.smoothed * (1 - self.label_smoothing) + spread
        if weights is not None:  # a target that sums to the weight has as much loss and gradient
            self.smoothed = self.smoothed * self._column(weights, pred)
        self.log_probabilities = log_softmax(pred)
        return -float(np.vdot(self.smoothed, self.log_probabilities)) / len(pred)

    def check_model(self, model: object) -> None:
        """Refuse a model whose scores are probabilities, or that has only one score: softmax expects logits.

        Parameters
        ----------
        model : object
            The model that is to be trained.

        Raises
        ------
        InputError
            If it is such a model. A user's own model that does not state what its scores are is accepted.
        """
        if getattr(model, "out_features", 0) == 1:
            raise InputError(f"{self}: {model} has a single output; {_ONE_SCORE}")
        if getattr(model, "built_for", "logits") != "logits":
            raise InputError(
                f"{self}: takes logits, but the scores of {model} are probabilities, as a sigmoid's are; "
                "create the model with output_activation=None, or use MSELoss()"
            )

    def backward(self) -> FloatArray:
        """Return ``(softmax(pred) * sum(target) - target) / batch``, ``(batch, classes)``."""
        self._check_forward()
        grad: FloatArray = np.exp(self.log_probabilities)
        grad *= self.smoothed.sum(axis=1, keepdims=True)
        grad -= self.smoothed
        grad /= len(grad)
        return grad


def log_softmax(logits: FloatArray) -> FloatArray:
    """Return the logarithms of `softmax`, also where the probabilities themselves would round to 0."""
    shifted: FloatArray = logits - logits.max(axis=1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return shifted


#: By the names that recipes use.
LOSSES: dict[str, type[Loss]] = {"mse": MSELoss, "cross-entropy": CrossEntropyLoss}
