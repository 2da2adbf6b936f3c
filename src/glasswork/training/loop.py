"""The loop: forward, loss, backward, step, for every batch of every epoch.

    for epoch in fit(...):  EpochResult ──► a printed line, a row of history.csv, a page

`train`, `valid` and `test` are the handout's (sections 7 and 10); `fit` is built on the same steps.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Sequence
from typing import Any, TypeAlias, TypeVar

import numpy as np

from glasswork.arrays import FloatArray
from glasswork.data.batches import as_loader
from glasswork.data.dataset import Dataset
from glasswork.data.split import Part
from glasswork.engine.agreement import checked
from glasswork.engine.contract import (
    NO_LIMIT,
    Criterion,
    Engine,
    Loader,
    Model,
    Optimizer,
    check_loss,
    correct,
    targets_of,
    weights_of,
)
from glasswork.engine.threads import limited_to
from glasswork.errors import DivergedError, InputError
from glasswork.optim import Average
from glasswork.training.engines import EngineName, choose_engine
from glasswork.training.progress import Progress
from glasswork.training.results import EpochResult
from glasswork.training.step import NumpyEngine
from glasswork.training.threads import blas_threads, choose_threads
from glasswork.training.weights import (
    arrays_of,
    check_restorable,
    check_together,
    copy_arrays,
    first_step,
    mode_of,
    restore_arrays,
)

#: Called with the position after each step; it may save, draw a progress bar, or raise `StopTraining`. One with an
#: attribute ``every_step`` that is False is content to be called after several steps, which an engine may do at a time.
AfterStep: TypeAlias = Callable[[Progress], object]
Call = TypeVar("Call", bound=Callable[..., object])

#: The handout's batch size, assumed for a loader without ``batch_size``.
USUAL_BATCH = 100


def not_every_step(call: Call) -> Call:
    """Decorate an ``after_step`` callable that is content to be called after several steps."""
    call.__dict__["every_step"] = False
    return call


class StopTraining(Exception):  # noqa: N818  (a request, as StopIteration is, and not an error)
    """Raised by an ``after_step`` callable to end a training between two steps."""


def train(
    model: Model,
    train_loader: Loader,
    optimizer: Optimizer,
    criterion: Criterion,
    *,
    progress: Progress | None = None,
    after_step: AfterStep | Sequence[AfterStep] = (),
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
        Updated after every batch. In a resumed epoch, it counts the batches before the interruption as well.
    after_step : callable or sequence of callables, optional
        Called with ``progress`` between two steps.

    Returns
    -------
    float
        The loss, mean over the samples.

    Raises
    ------
    DivergedError
        If the loss of a batch is infinite or NaN; that batch changes no weights.
    InputError
        If the loader gives no batches, or pixels on another scale than the model expects, or if the loss does not
        suit the model's output.
    StateError
        If the optimiser holds other arrays than the model's parameters and gradients.
    """
    progress = progress or Progress(step=first_step(model, optimizer))
    with limited_to(_threads(model, train_loader)):
        engine = NumpyEngine(model, optimizer, criterion)
        return _train_epoch(engine, model, train_loader, optimizer, criterion, progress, _as_sequence(after_step))


def valid(model: Model, valid_loader: Loader, criterion: Criterion) -> tuple[float, float]:
    """Return the loss, mean over the samples, and the accuracy in percent (handout, section 7).

    Parameters
    ----------
    model : MLP
    valid_loader : iterable of (X_batch, y_batch)
        As for `train`.
    criterion : MSELoss
    """
    with limited_to(_threads(model, valid_loader)):
        return _validate(model, model, valid_loader, criterion)


@np.errstate(over="ignore", invalid="ignore")
def test(model: Model, test_loader: Loader) -> float:
    """Return the accuracy in percent (handout, section 10)."""
    correct_predictions = 0
    total_predictions = 0
    with limited_to(_threads(model, test_loader)), mode_of(model, training=False):
        for X_batch, y_batch in checked(test_loader, model):
            preds = model(X_batch)
            correct_predictions += correct(preds, targets_of(y_batch, preds), model)
            total_predictions += len(preds)
    return correct_predictions / _at_least_one(total_predictions, "test") * 100


def fit(
    model: Model,
    train_loader: Loader | Dataset | Part,
    valid_loader: Loader | Dataset | Part,
    optimizer: Optimizer,
    criterion: Criterion,
    *,
    epochs: int,
    patience: int | None = None,
    average: float | Average | None = None,
    progress: Progress | None = None,
    after_step: AfterStep | Sequence[AfterStep] = (),
    threads: int | None = None,
    engine: EngineName | Engine = "auto",
) -> Generator[EpochResult]:
    """Train for some epochs and yield the metrics of each.

    When an epoch is yielded, the model holds the weights that were validated. At the end it holds those of the last
    epoch, or with ``patience`` those of the best one. They are restored if an error or Ctrl-C ends an epoch early.
    An ``after_step`` callable may raise `StopTraining` to end the training without an error: with ``average`` or
    ``patience`` the validated weights are restored then too, otherwise the weights of the last step stay.

    Parameters
    ----------
    model, optimizer, criterion
        As for `train`.
    train_loader, valid_loader : re-iterable, Dataset or Part
        Such as `Batches`: looped over once an epoch. Of a dataset, or a part of one, batches of 100 are made.
    epochs : int
    patience : int, optional
        Stop when the validation accuracy has not risen for this many epochs.
    average : float or Average, optional
        Keep an exponential moving average of the weights, with this decay, and validate the average.
    progress : Progress, optional
        The position to continue from; it is kept up to date. A ``train_loader`` with ``seek(epoch, batch)``, such as
        `Batches`, is moved there.
    after_step : callable or sequence of callables, optional
        Called with ``progress`` between two steps.
    threads : int, optional
        Threads for NumPy's matrix products; by default one for small networks, all for large ones. The compiled
        engine uses as many, by default all.
    engine : {"auto", "numpy", "compiled"} or Engine
        What does the steps: NumPy, or the same step compiled, if it is installed; "auto" takes that for long
        trainings. Where it cannot do a step, NumPy does it, and a printed line says so.

    Yields
    ------
    EpochResult

    Raises
    ------
    DivergedError
        If the loss or a weight becomes infinite or NaN; the weights of the last good epoch are restored.
    """
    kept = patience is not None or average is not None  # whether the model should end with other weights than the last
    _check_settings(epochs, patience)
    check_restorable(model if kept else None)
    classes, dtype = getattr(model, "out_features", 10), getattr(model, "dtype", np.float32)
    training: Loader = as_loader(train_loader, classes=classes, dtype=dtype, learning=True)
    validation: Loader = as_loader(valid_loader, classes=classes, dtype=dtype, learning=False)
    if average is not None and not isinstance(average, Average):
        average = Average(arrays_of(model), average)
    engine = choose_engine(
        engine, model, optimizer, criterion, loader=training, epochs=epochs, average=average, threads=threads
    )
    steps = _as_sequence(after_step)
    threads = blas_threads(engine, threads or _threads(model, training))
    if progress is None:
        progress = Progress(step=first_step(model, optimizer))
    elif hasattr(training, "seek"):
        training.seek(progress.epoch + 1, progress.batch)
    progress.last_good = progress.last_good or copy_arrays(model)
    try:
        while progress.epoch < epochs and (patience is None or progress.epoch - progress.best_epoch < patience):
            if average is not None:
                average.hide()
            with limited_to(threads):
                result = _fit_epoch(engine, model, training, validation, optimizer, criterion, average, progress, steps)
            yield result
    except DivergedError as error:
        restore_arrays(model, progress.last_good)
        raise DivergedError(f"epoch {progress.epoch + 1}: {error}") from None
    except StopTraining:
        if kept and progress.epoch:
            show_validated(model, average, progress, patience)
    except (Exception, KeyboardInterrupt):
        if progress.epoch:
            show_validated(model, average, progress, patience)
        raise
    else:  # never when the generator is closed or deleted: the model may be somebody else's by then
        if kept:
            show_validated(model, average, progress, patience)


def _check_settings(epochs: int, patience: int | None) -> None:
    if isinstance(epochs, bool) or not isinstance(epochs, int | np.integer) or epochs < 0:
        raise InputError(f"fit: expected epochs to be an integer of at least 0, got {epochs!r}")
    if patience is not None and patience < 1:
        raise InputError(f"fit: expected a patience of at least 1 epoch, or None, got {patience!r}")


def _fit_epoch(
    engine: Engine,
    model: Model,
    train_loader: Loader,
    valid_loader: Loader,
    optimizer: Optimizer,
    criterion: Criterion,
    average: Average | None,
    progress: Progress,
    after_step: Sequence[AfterStep],
) -> EpochResult:
    """Train and validate one epoch; the model is left with the weights that were validated."""
    start = time.perf_counter() - progress.seconds
    train_loss = _train_epoch(engine, model, train_loader, optimizer, criterion, progress, after_step)
    if average is not None:
        average.show()
    valid_loss, valid_accuracy = _validate(engine.scores, model, valid_loader, criterion)
    if not math.isfinite(valid_loss):  # the epoch's last step can be the one too far
        raise DivergedError(f"the validation loss became {valid_loss}, {_advice(optimizer)}")
    if not all(np.isfinite(array).all() for array in arrays_of(model)):  # a sigmoid hides it from the loss
        raise DivergedError(f"weights became infinite or NaN, {_advice(optimizer)}")
    progress.note_epoch(valid_accuracy, copy_arrays(model))
    seconds = time.perf_counter() - start
    return EpochResult(progress.epoch, train_loss, valid_loss, valid_accuracy, seconds, optimizer.lr)


@np.errstate(over="ignore", invalid="ignore")  # a loss that is not a number is found and reported below
def _train_epoch(
    engine: Engine,
    model: Model,
    train_loader: Loader,
    optimizer: Optimizer,
    criterion: Criterion,
    progress: Progress,
    after_step: Sequence[AfterStep],
) -> float:
    """Do the remaining steps of one epoch."""
    check_together(model, optimizer)
    check_loss(model, criterion)
    set_position = getattr(model, "set_position", None)
    most = 1 if any(getattr(call, "every_step", True) for call in after_step) else NO_LIMIT
    with mode_of(model, training=True):
        for batch in engine.batches(train_loader, most):
            if set_position is not None:
                set_position(progress.step)
            for loss, samples in engine.step(batch):
                if not math.isfinite(loss):
                    raise DivergedError(
                        f"the loss became {loss} at batch {progress.batch + 1:,} of the epoch, {_advice(optimizer)}"
                    )
                progress.note_batch(loss, samples)
            for call in after_step:
                call(progress)
    return progress.total_loss / _at_least_one(progress.num_samples, "train")


@np.errstate(over="ignore", invalid="ignore")
def _validate(
    scores: Callable[[Any], FloatArray], model: Model, valid_loader: Loader, criterion: Criterion
) -> tuple[float, float]:
    total_loss = 0.0
    correct_predictions = 0
    total_predictions = 0
    with mode_of(model, training=False):
        for X_batch, y_batch in checked(valid_loader, model):
            preds = scores(X_batch)
            targets = targets_of(y_batch, preds)
            total_loss += criterion(preds, targets) * len(preds)
            correct_predictions += correct(preds, targets, model)
            total_predictions += len(preds)
    _at_least_one(total_predictions, "valid")
    return total_loss / total_predictions, correct_predictions / total_predictions * 100


def show_validated(model: Model, average: Average | None, progress: Progress, patience: int | None) -> None:
    """Restore the weights that were validated last, or with ``patience`` the best ones."""
    if average is not None:
        average.show()  # so that the average keeps the last step's weights
    restore_arrays(model, progress.last_good if patience is None else progress.best or progress.last_good)


def _threads(model: Model, loader: Loader) -> int:
    return choose_threads(0, batch_size=getattr(loader, "batch_size", USUAL_BATCH), weights=weights_of(model))


def _as_sequence(after_step: AfterStep | Sequence[AfterStep]) -> Sequence[AfterStep]:
    return (after_step,) if callable(after_step) else tuple(after_step)


def _advice(optimizer: Optimizer) -> str:
    """Return which learning rate was too large, the one that was given and not what a schedule made of it."""
    given = getattr(optimizer, "base_lr", optimizer.lr) if getattr(optimizer, "schedule", None) else optimizer.lr
    return f"with a learning rate of {given:g}; try a smaller one, such as {min(given / 10, 0.1):g}"


def _at_least_one(samples: int, who: str) -> int:
    if samples == 0:
        raise InputError(
            f"{who}: the loader gave no batch; a generator can be looped over only once, so make a new one "
            "each epoch, or use Batches"
        )
    return samples
