"""What an engine is, and what it needs from a model, a loss and an optimiser; those of the handout satisfy it.

    the loop:   for batch in engine.batches(loader, most):   engine.step(batch)  ──►  Outcome: losses, samples

model(x)   model.backward(grad)   model.parameters()        loss(pred, target)   loss.backward()
optimizer.zero_grad()   optimizer.step()   optimizer.lr     and, if they exist: gradients(), mode(), state()
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from glasswork.arrays import FloatArray
from glasswork.data.batches import int_to_onehot
from glasswork.data.labels import check_labels
from glasswork.data.targets import targets_by_label
from glasswork.errors import InputError, StateError
from glasswork.nn import MLP
from glasswork.nn.scores import labels_of

#: Gives ``(X_batch, y_batch)``, or ``(X_batch, y_batch, weights)``; looped over once per epoch.
Loader: TypeAlias = Iterable[tuple[Any, ...]]

#: More steps than an epoch has, so one call may do any number.
NO_LIMIT = 1 << 62


class Model(Protocol):
    """What the loop needs from a network: `glasswork.MLP`, or a student's own from the handout.

    If the model also has ``mode(training=...)``, ``state()`` or ``set_position(step)``, like an `MLP`, they are used.
    Without the first or the last, those of the glasswork layers among its attributes are used.
    """

    def __call__(self, x: Any) -> FloatArray:
        """Return scores, ``(batch, classes)``."""
        ...

    def backward(self, grad_output: FloatArray) -> Any:
        """Fill the gradients."""
        ...

    def parameters(self) -> list[FloatArray]:
        """Return the arrays that training changes."""
        ...


class Criterion(Protocol):
    """What the loop needs from a loss."""

    def __call__(self, pred: Any, target: Any) -> float:
        """Return the loss, a mean over the batch."""
        ...

    def backward(self) -> FloatArray:
        """Return its gradient with respect to ``pred``."""
        ...


class Optimizer(Protocol):
    """What the loop needs from an optimiser."""

    lr: float

    def step(self) -> None:
        """Change the parameters."""
        ...

    def zero_grad(self) -> None:
        """Clear the gradients."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one call of an engine, which does one step or several.

    Attributes
    ----------
    losses : (steps,) floats
        The mean loss of each batch before its step. A loss that is infinite or NaN is the last one, and its batch has
        changed no weight.
    samples : (steps,) integers
        Images in each batch.
    """

    losses: Sequence[float] | FloatArray
    samples: Sequence[int] | FloatArray

    def __iter__(self) -> Iterator[tuple[float, int]]:
        """Yield the loss and the images of each step."""
        for loss, samples in zip(self.losses, self.samples, strict=True):
            yield float(loss), int(samples)


class Engine(Protocol):
    """Does the steps of a training, on the arrays of the model, the optimiser and the average.

    So checkpoints, health checks and a change of engine between two epochs do not involve the engine. Before each call
    of ``step``, the loop tells the model's random layers which step comes next (``model.set_position``), and the model
    is in training mode.
    """

    #: ``"numpy"`` or ``"compiled"``.
    name: str

    def batches(self, loader: Loader, most: Callable[[], int]) -> Iterator[Any]:
        """Yield the arguments of ``step`` for the rest of an epoch; the next call may do at most ``most()`` steps."""
        ...

    def step(self, batch: Any) -> Outcome:
        """Do one step, or several."""
        ...

    def scores(self, x: Any) -> FloatArray:
        """Return the model's scores for a batch, in evaluation mode."""
        ...


def targets_of(y_batch: ArrayLike, preds: FloatArray) -> FloatArray:
    """Return labels as targets, one row for each row of scores; return targets unchanged."""
    y = np.asarray(y_batch)
    if y.ndim == 2:
        targets = y
    elif preds.shape[1] == 1:
        targets = targets_by_label(1, preds.dtype).take(check_labels(y, 2), axis=0)
    else:
        targets = int_to_onehot(y, preds.shape[1], dtype=preds.dtype)
    if targets.shape != preds.shape:
        raise InputError(
            f"the loop: expected labels (batch,) or targets {preds.shape}, one for each row of scores, got {y.shape}"
            + (f"; for {preds.shape[1]} classes give Batches classes={preds.shape[1]}" if y.ndim == 2 else "")
        )
    return targets


def check_loss(model: Model, criterion: Criterion) -> None:
    """Check that a loss suits a model; record on the model how the loss interprets its scores."""
    if hasattr(criterion, "check_model"):
        criterion.check_model(model)
    pred_is = getattr(criterion, "pred_is", None)
    if isinstance(model, MLP) and pred_is is not None:
        model.trained_on(pred_is)


def correct(preds: FloatArray, targets: FloatArray, model: Model) -> int:
    """Return for how many rows the scores predict the label of the target, by the rule of ``model.predict``."""
    said = labels_of(preds, getattr(model, "scores_are", "probabilities"))
    return int((said == labels_of(targets, "probabilities")).sum())


def weights_of(model: Model) -> int:
    """Return the number of weights by which each image is multiplied in a forward pass."""
    return sum(parameter.size for parameter in model.parameters() if parameter.ndim > 1)


def gradients_of(model: Model) -> list[FloatArray]:
    """Return the model's gradients; none for a model without ``gradients()``."""
    gradients = getattr(model, "gradients", None)
    return list(gradients()) if callable(gradients) else []


def check_not_rebound(before: list[FloatArray], model: Model) -> None:
    """Check that backward wrote into the gradients that the optimiser holds, and made no new arrays."""
    pairs = zip(before, gradients_of(model), strict=False)
    rebound = [i for i, (old, new) in enumerate(pairs) if memory_of(old) != memory_of(new)]
    if rebound:
        raise StateError(
            f"train: backward replaced {len(rebound)} of the model's {len(before)} gradients with new arrays (the "
            f"first is gradients()[{rebound[0]}]), so the optimizer, which holds the old ones, would change "
            "nothing; write into them instead: self.grad_weight[...] = ..."
        )


def memory_of(array: FloatArray) -> tuple[Any, ...]:
    """Return a key that is equal for two views of the same memory."""
    return (np.asarray(array).__array_interface__["data"][0], np.shape(array))
