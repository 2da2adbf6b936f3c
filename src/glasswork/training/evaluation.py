"""How good a network is: its loss and its accuracy on images that it was not trained on.

every image, once ──► scores ──► loss, mean over the samples; accuracy in percent
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np

from glasswork.arrays import FloatArray, Labels
from glasswork.engine.agreement import checked
from glasswork.engine.contract import Criterion, Loader, Model, correct, targets_of
from glasswork.engine.threads import limited_to
from glasswork.errors import InputError
from glasswork.nn.assembly import give_indices
from glasswork.nn.module import Module, modules_in
from glasswork.nn.random_layer import RandomLayer
from glasswork.nn.scores import labels_of, probabilities_of
from glasswork.training.checks import check_parts
from glasswork.training.loaders import Data, evaluation_loader
from glasswork.training.measures import FROM_PROBABILITIES, of_probabilities
from glasswork.training.threads import threads_of


def valid(model: Model, valid_loader: Data, criterion: Criterion) -> tuple[float, float]:
    """Return the loss, mean over the samples, and the accuracy in percent (handout, section 7).

    Parameters
    ----------
    model : MLP
        Or any other model of the same interface. It is not changed.
    valid_loader : iterable of (X_batch, y_batch), Dataset or Part
        As for `train`. `Batches` yields every image, including those that it leaves out of a training epoch.
    criterion : MSELoss
        Or another loss.

    Returns
    -------
    loss : float
        The mean over the samples.
    accuracy : float
        In percent.

    Raises
    ------
    InputError
        If the loader gives no batches, a label is out of range, or scores are not finite, as after a training that
        diverged.
    """
    check_parts("valid", model=model, loss=criterion)
    return _evaluate_alone("valid", model, valid_loader, criterion)


def test(model: Model, test_loader: Data) -> float:
    """Return the accuracy in percent (handout, section 10).

    Parameters
    ----------
    model : MLP
        As for `valid`.
    test_loader : iterable of (X_batch, y_batch), Dataset or Part
        As for `valid`.

    Returns
    -------
    float
        The accuracy, in percent.

    Raises
    ------
    InputError
        As for `valid`.
    """
    check_parts("test", model=model)
    return _evaluate_alone("test", model, test_loader, None)[1]


@np.errstate(over="ignore", invalid="ignore")
def evaluate(
    who: str,
    scores: Callable[[Any], FloatArray],
    model: Model,
    loader: Loader,
    criterion: Criterion | None,
    monitor: str = "accuracy",
) -> tuple[float, float, float]:
    """Return the mean loss, 0 without a criterion, the accuracy in percent, and the measure that is monitored.

    Accuracy and measure are NaN if a score is not finite. A monitored loss is negative, so that more is always better.
    """
    scores_are = getattr(model, "scores_are", "probabilities")
    labels: list[Labels] = []
    probabilities: list[FloatArray] = []
    total_loss = 0.0
    correct_predictions = 0.0
    total_predictions = 0
    with mode_of(model, training=False):
        for X_batch, y_batch, *_ in checked(loader, model):
            preds = scores(X_batch)
            targets = targets_of(y_batch, preds)
            if criterion is not None:
                total_loss += criterion(preds, targets) * len(preds)
            correct_predictions += correct(preds, targets, model) if np.isfinite(preds).all() else math.nan
            if monitor in FROM_PROBABILITIES:
                labels.append(labels_of(targets, "probabilities"))
                probabilities.append(probabilities_of(preds, scores_are))
            total_predictions += len(preds)
    at_least_one(total_predictions, who)
    loss, accuracy = total_loss / total_predictions, correct_predictions / total_predictions * 100
    if labels and math.isfinite(accuracy):
        measure = of_probabilities(monitor, np.concatenate(labels), np.concatenate(probabilities))
    else:
        measure = -loss if monitor == "loss" else accuracy
    return loss, accuracy, measure


def _evaluate_alone(who: str, model: Model, data: Data, criterion: Criterion | None) -> tuple[float, float]:
    """Return the loss and the accuracy of a model that is not being trained; raise if its scores are not finite."""
    loader = evaluation_loader(who, data, model)
    with limited_to(threads_of(model, loader)):
        loss, accuracy, _ = evaluate(who, model, model, loader, criterion)
    if math.isnan(accuracy):
        raise InputError(
            f"{who}: the model's scores are not finite; are there NaN or infinite inputs, or weights from a training "
            "that diverged?"
        )
    return loss, accuracy


def at_least_one(samples: int, who: str) -> int:
    """Return a number of samples; raise an InputError if a loader gave none."""
    if samples == 0:
        raise InputError(
            f"{who}: the loader gave no batches; a generator can be looped over only once, so create a new one "
            "for each epoch, or use Batches"
        )
    return samples


def mode_of(model: Model, *, training: bool) -> AbstractContextManager[None]:
    """Context manager: sets the mode of a model that has one, such as an MLP, or of the layers in a student's model."""
    mode = getattr(model, "mode", None)
    return mode(training=training) if callable(mode) else _mode_of_layers(modules_in(model), training)


def position_of(model: Model) -> Callable[[int], object]:
    """Return a function that tells a model's random layers the next step, also those in a student's own model."""
    set_position = getattr(model, "set_position", None)
    if callable(set_position):
        return set_position  # type: ignore[no-any-return]
    layers = [layer for layer in modules_in(model) if isinstance(layer, RandomLayer)]
    give_indices(layers)

    def set_positions(step: int) -> None:
        for layer in layers:
            layer.set_position(step)

    return set_positions


@contextmanager
def _mode_of_layers(layers: list[Module], training: bool) -> Iterator[None]:
    before = [layer.training for layer in layers]
    for layer in layers:
        layer.set_training(training)
    try:
        yield
    finally:
        for layer, was in zip(layers, before, strict=True):
            layer.set_training(was)
