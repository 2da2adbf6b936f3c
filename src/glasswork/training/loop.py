"""The loop: forward, loss, backward, step, for every batch of every epoch.

    for epoch in fit(...):  EpochResult ──► a printed line, a row of history.csv, a page

`train` is the handout's (section 7), and `fit` is built on the same steps; `valid` and `test` are in
`glasswork.training.evaluation`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Sequence
from typing import Any, TypeAlias, TypeVar

import numpy as np

from glasswork.engine.agreement import check_pair
from glasswork.engine.contract import NO_LIMIT, Criterion, Engine, Loader, Model, Optimizer, check_loss
from glasswork.engine.threads import limited_to
from glasswork.errors import DivergedError, InputError
from glasswork.nn import Loss
from glasswork.optim import Average
from glasswork.settings import check_number
from glasswork.training.checks import check_average, check_parts, check_restorable, check_together
from glasswork.training.engines import EngineName, choose_engine
from glasswork.training.evaluation import at_least_one, evaluate, mode_of, position_of
from glasswork.training.loaders import Data, evaluation_loader, remaining, training_loader
from glasswork.training.measures import FROM_PROBABILITIES, MONITORS, Monitor
from glasswork.training.progress import Progress
from glasswork.training.results import EpochResult
from glasswork.training.state import Training, arrays_of, count_steps, first_step
from glasswork.training.step import NumpyEngine
from glasswork.training.threads import blas_threads, threads_of

#: Called with the position after each step; it may save, draw a progress bar, or raise `StopTraining`. If it has an
#: attribute ``every_step`` that is False at the time, an engine may do several steps before it is called.
AfterStep: TypeAlias = Callable[[Progress], object]
Call = TypeVar("Call", bound=Callable[..., object])


def not_every_step(call: Call) -> Call:
    """Decorate an ``after_step`` callable that need not be called after every single step."""
    call.__dict__["every_step"] = False
    return call


class StopTraining(Exception):  # noqa: N818  (a request, as StopIteration is, and not an error)
    """Raised by an ``after_step`` callable to end a training between two steps."""


def train(
    model: Model,
    train_loader: Data,
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
        Or any other model of the same interface.
    train_loader : iterable of (X_batch, y_batch), Dataset or Part
        ``X_batch`` is ``(batch, in_features)``; ``y_batch`` holds labels ``(batch,)`` or targets
        ``(batch, classes)``. A dataset is cut into batches of 100, in a new order at each call.
    optimizer : SGD
        Or another optimiser of the model's parameters.
    criterion : MSELoss
        Or another loss.
    progress : Progress, optional
        Updated after every batch. In a resumed epoch, it counts the batches before the interruption as well.
    after_step : callable or sequence of callables, optional
        Called with ``progress`` after each step.

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
        If the arrays that the optimiser holds are not the model's parameters and gradients.
    """
    check_parts("train", model=model, optimizer=optimizer, criterion=criterion)
    loader = training_loader("train", train_loader, model, optimizer)
    progress = progress or Progress(step=first_step(model, optimizer))
    with limited_to(threads_of(model, loader)):
        engine = NumpyEngine(model, optimizer, criterion)
        return _train_epoch(engine, model, loader, optimizer, criterion, progress, _as_sequence(after_step))


def fit(
    model: Model,
    train_loader: Data,
    valid_loader: Data | None,
    optimizer: Optimizer,
    criterion: Criterion,
    *,
    epochs: int,
    patience: int | None = None,
    monitor: Monitor = "accuracy",
    average: float | Average | None = None,
    progress: Progress | None = None,
    after_step: AfterStep | Sequence[AfterStep] = (),
    threads: int | None = None,
    engine: EngineName | Engine = "auto",
) -> Generator[EpochResult]:
    """Train for some epochs and yield the metrics of each. Arguments are checked at the call.

    When an epoch is yielded, the model holds the weights that were validated. At the end it holds those of the last
    epoch, or, with ``patience``, those of the best one. The same is true after an error, after Ctrl-C, and after an
    ``after_step`` callable has raised `StopTraining`, which ends the training without an error. In the first epoch
    nothing has been validated yet, so the model then keeps the weights of the last step.

    Called again with the same ``progress``, `fit` continues as if it had never ended, bit for bit. Called without one,
    it trains from what the model holds, and shuffles as for the loader's next epoch.

    Parameters
    ----------
    model : MLP
        As for `train`.
    train_loader, valid_loader : re-iterable, Dataset or Part
        Such as `Batches`: looped over once an epoch. Validation uses every image. Without a ``valid_loader``, given as
        None, there is no validation: ``valid_loss`` and ``valid_accuracy`` are NaN, and ``patience`` cannot be used.
    optimizer : SGD
        As for `train`.
    criterion : MSELoss
        As for `train`.
    epochs : int
        Passes over the training data.
    patience : int, optional
        Stop when the validation accuracy has not risen for this many epochs.
    monitor : {"accuracy", "loss", "balanced-accuracy", "f1", "auc"}
        What ``patience`` watches in place of the accuracy: the validation loss, which is to fall; the mean recall or
        the mean F1 of the classes; or the area under the ROC curve, for two classes.
    average : float or Average, optional
        Keep an exponential moving average of the weights, with this decay, and validate the average.
    progress : Progress, optional
        The position to continue from. It is kept up to date, with a copy of everything that training continues from. A
        ``train_loader`` with ``seek(epoch, batch)``, such as `Batches`, is moved there; another one is looped over, and
        the batches before the position are left out.
    after_step : callable or sequence of callables, optional
        Called with ``progress`` after each step.
    threads : int, optional
        Threads for NumPy's matrix products; by default one for small networks, all for large ones. The compiled engine
        uses the same number, by default all.
    engine : {"auto", "numpy", "compiled"} or Engine
        Does the steps: NumPy, or the same step compiled, if it is installed. "auto" chooses the compiled engine for
        long trainings. If it cannot do the steps of a training, NumPy does them, and a printed line says why.

    Yields
    ------
    EpochResult

    Raises
    ------
    InputError, StateError
        If the arguments are wrong, or do not belong together.
    DivergedError
        If the loss or a weight becomes infinite or NaN. Weights, average and optimiser are restored to those of the
        last good epoch.
    """
    check_parts("fit", model=model, optimizer=optimizer, criterion=criterion)
    check_number("fit", "epochs", epochs, 0)
    if monitor not in MONITORS:
        raise InputError(f"fit: expected monitor to be one of {', '.join(MONITORS)}, got {monitor!r}")
    if monitor == "auc" and (outputs := getattr(model, "out_features", 2)) > 2:
        raise InputError(f"fit: auc is for two classes, but {model} has {outputs} outputs; choose f1")
    for name, number in (("patience", patience), ("threads", threads)):
        if number is not None:
            check_number("fit", name, number, 1)
    if patience is not None and valid_loader is None:
        raise InputError("fit: patience watches the validation images, so it needs a valid_loader")
    if patience is not None or average is not None:
        check_restorable(model)
    if progress is not None and not isinstance(progress, Progress):
        raise InputError(f"fit: expected progress to be a Progress, or None, got {progress!r}")
    learnt_from: Any = training_loader("fit", train_loader, model, optimizer)
    if isinstance(criterion, Loss) and getattr(learnt_from, "has_targets", False):
        criterion.check_targets(learnt_from.labels)  # all at once: the compiled engine does not ask the loss
    validated_on = None if valid_loader is None else evaluation_loader("fit", valid_loader, model)
    check_together(model, optimizer)
    if validated_on is not None:
        check_pair(model, learnt_from, validated_on)
    if isinstance(average, Average):
        check_average(average, arrays_of(model))
    elif average is not None:
        average = Average(arrays_of(model), average)
    engine = choose_engine(
        engine, model, optimizer, criterion, loader=learnt_from, epochs=epochs, average=average, threads=threads
    )
    threads = blas_threads(engine, threads or threads_of(model, learnt_from))
    if progress is not None and hasattr(learnt_from, "seek"):
        learnt_from.seek(progress.epoch + 1, progress.batch)
    progress = progress or Progress(step=first_step(model, optimizer))
    training = Training(model, optimizer, average, progress, learnt_from)
    calls = _as_sequence(after_step)
    return _epochs(engine, training, learnt_from, validated_on, criterion, epochs, patience, monitor, threads, calls)


def _epochs(
    engine: Engine,
    training: Training,
    train_loader: Loader,
    valid_loader: Loader | None,
    criterion: Criterion,
    epochs: int,
    patience: int | None,
    monitor: Monitor,
    threads: int,
    after_step: Sequence[AfterStep],
) -> Generator[EpochResult]:
    """Train and validate epoch by epoch; ``training`` is consistent, however this ends."""
    progress = training.progress
    training.begin()
    try:
        while progress.epoch < epochs and (patience is None or progress.epoch - progress.best_epoch < patience):
            training.go_on()
            with limited_to(threads):
                result = _fit_epoch(engine, training, train_loader, valid_loader, criterion, monitor, after_step)
            yield result
    except DivergedError as error:
        at = progress.epoch + 1
        training.restore()
        training.forget_inputs()
        training.show(best=False)
        raise DivergedError(f"epoch {at}: {error}") from None
    except StopTraining:
        training.keep()
        training.show(best=patience is not None)
    except (Exception, KeyboardInterrupt, SystemExit):
        training.give_up(best=patience is not None)
        raise
    else:  # never when the generator is closed or deleted: by then, somebody else may be using the model
        if patience is not None or training.average is not None:
            training.show(best=patience is not None)


def _fit_epoch(
    engine: Engine,
    training: Training,
    train_loader: Loader,
    valid_loader: Loader | None,
    criterion: Criterion,
    monitor: Monitor,
    after_step: Sequence[AfterStep],
) -> EpochResult:
    """Train and validate one epoch; leave the validated weights in the model."""
    model, optimizer, progress = training.model, training.optimizer, training.progress
    start = time.perf_counter() - progress.seconds
    learnt_from = remaining(train_loader, progress.batch)
    train_loss = _train_epoch(engine, model, learnt_from, optimizer, criterion, progress, after_step)
    if training.average is not None:
        training.average.show()
    valid_loss = valid_accuracy = measure = math.nan
    if valid_loader is not None:
        valid_loss, valid_accuracy, measure = evaluate("valid", engine.scores, model, valid_loader, criterion, monitor)
        if not math.isfinite(valid_loss):  # the last step of the epoch may be the one that diverged
            raise DivergedError(f"the validation loss became {valid_loss}, {_advice(optimizer)}")
    if not all(np.isfinite(array).all() for array in arrays_of(model)):  # a sigmoid hides this from the loss
        raise DivergedError(f"weights became infinite or NaN, {_advice(optimizer)}")
    if valid_loader is not None and math.isnan(valid_accuracy):
        raise DivergedError(f"scores became infinite or NaN, {_advice(optimizer)}")
    if valid_loader is not None and math.isnan(measure):
        raise InputError(f"fit: {monitor} needs validation images of both classes; validate on more images")
    training.note_epoch(valid_accuracy, None if monitor == "accuracy" or valid_loader is None else measure)
    seconds = time.perf_counter() - start
    shown = measure if monitor in FROM_PROBABILITIES and valid_loader is not None else None
    return EpochResult(progress.epoch, train_loss, valid_loss, valid_accuracy, seconds, optimizer.lr, (), shown)


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
    set_position = position_of(model)

    def most() -> int:
        return 1 if any(getattr(call, "every_step", True) for call in after_step) else NO_LIMIT

    with mode_of(model, training=True):
        for batch in engine.batches(train_loader, most):
            set_position(progress.step)
            for loss, samples in engine.step(batch):
                if not math.isfinite(loss):
                    raise DivergedError(
                        f"the loss became {loss} at batch {progress.batch + 1:,} of the epoch, {_advice(optimizer)}"
                    )
                progress.note_batch(loss, samples)
            for call in after_step:
                call(progress)
    count_steps(optimizer, progress.step)
    return progress.total_loss / at_least_one(progress.num_samples, "train")


def _as_sequence(after_step: AfterStep | Sequence[AfterStep]) -> Sequence[AfterStep]:
    calls = (after_step,) if callable(after_step) else after_step
    if not isinstance(calls, Sequence) or not all(map(callable, calls)):
        raise InputError(f"expected after_step to be a callable or a sequence of callables, got {after_step!r}")
    return tuple(calls)


def _advice(optimizer: Optimizer) -> str:
    """Return advice that names the learning rate that was given, not what a schedule made of it."""
    given = getattr(optimizer, "base_lr", optimizer.lr) if getattr(optimizer, "schedule", None) else optimizer.lr
    return f"with a learning rate of {given:g}; try a smaller one, such as {min(given / 10, 0.1):g}"
