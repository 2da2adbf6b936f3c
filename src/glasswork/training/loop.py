"""The loop: forward, loss, backward, step, for every batch of every epoch.

    for epoch in fit(...):  EpochResult ──► a printed line, a row of history.csv, a page: one stream, many readers

`train`, `valid` and `test` are the handout's (section 7); `fit` is built on them.
"""

import math
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from glasswork.arrays import FloatArray
from glasswork.data.batches import int_to_onehot
from glasswork.errors import DivergedError, InputError, StateError
from glasswork.nn import MLP
from glasswork.training.progress import Progress

Loader = Iterable[tuple[Any, Any]]


class Model(Protocol):
    """What the loop needs of a network: `glasswork.MLP`, or a student's own from the handout."""

    def __call__(self, x: Any) -> FloatArray:
        """Return scores, ``(batch, classes)``."""
        ...

    def backward(self, grad_output: FloatArray) -> Any:
        """Fill the gradients."""
        ...

    def parameters(self) -> list[FloatArray]:
        """Return what training moves."""
        ...


class Criterion(Protocol):
    """What the loop needs of a loss."""

    def __call__(self, pred: Any, target: Any) -> float:
        """Return the loss, a mean over the batch."""
        ...

    def backward(self) -> FloatArray:
        """Return its gradient by ``pred``."""
        ...


class Optimizer(Protocol):
    """What the loop needs of an optimiser."""

    lr: float

    def step(self) -> None:
        """Move the parameters."""
        ...

    def zero_grad(self) -> None:
        """Forget the gradients."""
        ...


@dataclass(frozen=True)
class EpochResult:
    """What one epoch came to.

    Attributes
    ----------
    epoch : int
        From 1.
    train_loss, valid_loss : float
        Mean over the samples; the first is taken while the weights move.
    valid_accuracy : float
        Percent.
    seconds : float
        For training and validation.
    learning_rate : float
        At the epoch's end.
    """

    epoch: int
    train_loss: float
    valid_loss: float
    valid_accuracy: float
    seconds: float
    learning_rate: float


@np.errstate(over="ignore", invalid="ignore")  # a loss that is not a number is found and said below
def train(
    model: Model,
    train_loader: Loader,
    optimizer: Optimizer,
    criterion: Criterion,
    *,
    progress: Progress | None = None,
) -> float:
    """Train a model for one epoch (handout, section 7).

    Parameters
    ----------
    model : MLP
    train_loader : iterable of (X_batch, y_batch)
        ``X_batch`` is ``(batch, in_features)``; ``y_batch`` holds labels ``(batch,)`` or targets
        ``(batch, classes)``.
    optimizer : SGD
    criterion : MSELoss
    progress : Progress, optional
        Counts the batches as they are done; where an epoch is taken up again, those before count as well.

    Returns
    -------
    float
        The loss, mean over the samples.

    Raises
    ------
    DivergedError
        As soon as the loss of a batch is infinite or NaN; that batch moves nothing.
    InputError
        If the loader gives no batch at all.
    StateError
        If the optimiser moves the parameters of another model.
    """
    _check_together(model, optimizer)
    progress = progress or Progress()
    with _mode(model, training=True):
        for X_batch, y_batch in train_loader:
            optimizer.zero_grad()

            if isinstance(model, MLP):
                model.set_position(int(getattr(optimizer, "steps", progress.batch)))
            preds = model(X_batch)
            loss = criterion(preds, _targets(y_batch, preds))
            if not math.isfinite(loss):
                raise DivergedError(
                    f"the loss became {loss} at batch {progress.batch + 1:,} of the epoch, with a learning "
                    f"rate of {optimizer.lr:g}; try a smaller one, such as {_smaller(optimizer.lr):g}"
                )
            model.backward(criterion.backward())
            optimizer.step()

            progress.note_batch(loss, len(preds))
    return progress.total_loss / _at_least_one(progress.num_samples, "train")


@np.errstate(over="ignore", invalid="ignore")
def valid(model: Model, valid_loader: Loader, criterion: Criterion) -> tuple[float, float]:
    """Return the loss, mean over the samples, and the accuracy in percent (handout, section 7).

    Parameters
    ----------
    model : MLP
    valid_loader : iterable of (X_batch, y_batch)
        As for `train`.
    criterion : MSELoss
    """
    total_loss = 0.0
    correct_predictions = 0
    total_predictions = 0
    with _mode(model, training=False):
        for X_batch, y_batch in valid_loader:
            preds = model(X_batch)
            targets = _targets(y_batch, preds)
            total_loss += criterion(preds, targets) * len(preds)
            correct_predictions += _correct(preds, targets)
            total_predictions += len(preds)
    _at_least_one(total_predictions, "valid")
    return total_loss / total_predictions, correct_predictions / total_predictions * 100


@np.errstate(over="ignore", invalid="ignore")
def test(model: Model, test_loader: Loader) -> float:
    """Return the accuracy in percent (handout, section 10)."""
    correct_predictions = 0
    total_predictions = 0
    with _mode(model, training=False):
        for X_batch, y_batch in test_loader:
            preds = model(X_batch)
            correct_predictions += _correct(preds, _targets(y_batch, preds))
            total_predictions += len(preds)
    return correct_predictions / _at_least_one(total_predictions, "test") * 100


def fit(
    model: Model,
    train_loader: Loader,
    valid_loader: Loader,
    optimizer: Optimizer,
    criterion: Criterion,
    *,
    epochs: int,
    patience: int | None = None,
    progress: Progress | None = None,
) -> Generator[EpochResult]:
    """Train for some epochs and yield what each one came to.

    An optimiser with an average of the weights has that average validated, and left in the model at the
    end. With ``patience``, the weights of the best epoch are left in it.

    Parameters
    ----------
    model, optimizer, criterion
        As for `train`.
    train_loader, valid_loader : re-iterable
        Such as `Batches`: looped over once an epoch.
    epochs : int
    patience : int, optional
        Stop early, when the validation accuracy has not risen for so many epochs.
    progress : Progress, optional
        Where to go on from, kept up to date; the first loop over ``train_loader`` must begin there.

    Yields
    ------
    EpochResult

    Raises
    ------
    DivergedError
        If the loss stops being a number; the weights are then those of the last good epoch.
    """
    if isinstance(epochs, bool) or not isinstance(epochs, int | np.integer) or epochs < 0:
        raise InputError(f"fit: expected epochs to be an integer of at least 0, got {epochs!r}")
    if patience is not None and patience < 1:
        raise InputError(f"fit: expected a patience of at least 1 epoch, or None, got {patience!r}")
    progress = progress or Progress()
    progress.last_good = progress.last_good or _copy(model)
    averaged: Callable[[], AbstractContextManager[None]] = getattr(optimizer, "averaged", nullcontext)
    try:
        while progress.epoch < epochs and (patience is None or progress.epoch - progress.best_epoch < patience):
            start = time.perf_counter() - progress.seconds
            train_loss = train(model, train_loader, optimizer, criterion, progress=progress)
            with averaged():
                valid_loss, valid_accuracy = valid(model, valid_loader, criterion)
                if not math.isfinite(valid_loss):  # the epoch's last step can be the one too far
                    raise DivergedError(
                        f"the validation loss became {valid_loss}, with a learning rate of {optimizer.lr:g}; "
                        f"try a smaller one, such as {_smaller(optimizer.lr):g}"
                    )
                progress.note_epoch(valid_accuracy, _copy(model))
            seconds = time.perf_counter() - start
            yield EpochResult(progress.epoch, train_loss, valid_loss, valid_accuracy, seconds, optimizer.lr)
    except DivergedError as error:
        _restore(model, progress.last_good)
        raise DivergedError(f"epoch {progress.epoch + 1}: {error}") from None
    except BaseException:  # stopped from outside: what was validated is kept, where that is not where the weights are
        if progress.epoch and (patience is not None or getattr(optimizer, "average", None) is not None):
            _restore(model, progress.last_good if patience is None else progress.best)
        raise
    else:
        _restore(model, progress.last_good if patience is None else progress.best or progress.last_good)


def _check_together(model: Model, optimizer: Optimizer) -> None:
    moved = getattr(optimizer, "params", None)
    if moved is not None and {id(p) for p in model.parameters()}.isdisjoint(map(id, moved)):
        raise StateError(
            "train: this optimizer moves the parameters of another model; make the optimizer after the model, of its "
            "parameters() and gradients()"
        )


def _smaller(learning_rate: float) -> float:
    """Return a learning rate to try after one that was too large."""
    return min(learning_rate / 10, 0.1)


def _copy(model: Model) -> list[FloatArray]:
    return [array.copy() for array in _arrays(model)]


def _restore(model: Model, arrays: list[FloatArray]) -> None:
    for array, kept in zip(_arrays(model), arrays, strict=True):
        array[...] = kept


def _arrays(model: Model) -> list[FloatArray]:
    """Return all that makes a model what it is; of a student's own, what training moves."""
    return list(model.state().values()) if isinstance(model, MLP) else model.parameters()


def _mode(model: Model, *, training: bool) -> AbstractContextManager[None]:
    """Train or evaluate for a while, if the model knows a difference; a student's own may not."""
    return model.mode(training=training) if isinstance(model, MLP) else nullcontext()


def _targets(y_batch: ArrayLike, preds: FloatArray) -> FloatArray:
    y = np.asarray(y_batch)
    targets = y if y.ndim == 2 else int_to_onehot(y, preds.shape[1], dtype=preds.dtype)
    if targets.shape != preds.shape:
        raise InputError(
            f"the loop: expected labels (batch,) or targets {preds.shape}, as many as there are scores, got {y.shape}"
        )
    return targets


def _correct(preds: FloatArray, targets: FloatArray) -> int:
    return int((preds.argmax(axis=1) == targets.argmax(axis=1)).sum())


def _at_least_one(samples: int, who: str) -> int:
    if samples == 0:
        raise InputError(
            f"{who}: the loader gave no batch; a generator can be looped over only once, so make a new one "
            "each epoch, or use Batches"
        )
    return samples
