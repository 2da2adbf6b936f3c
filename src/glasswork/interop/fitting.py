"""Training an estimator: epochs of `glasswork.fit`, with scikit-learn's initial weights, L2 term and stopping rules.

loss + alpha / 2 × Σ weights² / samples of the batch        biases do not count
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from glasswork.data.as_loader import leaves_single
from glasswork.data.batches import Batches
from glasswork.engine.threads import limited_to
from glasswork.errors import DivergedError, InputError
from glasswork.nn import ACTIVATIONS, MLP, BatchNorm, Dropout, Layer, Linear, Loss
from glasswork.optim import SGD, Adam, Optimizer
from glasswork.training.lbfgs import minimize
from glasswork.training.loop import fit, not_every_step
from glasswork.training.progress import Progress
from glasswork.training.threads import threads_of

#: Rows as the first layer takes them, their targets, and their weights, if they have any.
Samples: TypeAlias = tuple[NDArray[Any], NDArray[Any], NDArray[np.float64] | None]

_NOT_FINITE = (
    "Solver produced non-finite parameter weights. The input data may contain large values and need to be preprocessed."
)


class Objective(NamedTuple):
    """A loss, its factor in training, and the number by which scikit-learn divides it when it reports it."""

    loss: Loss
    factor: float = 1.0
    divided: int = 1


def linear_layers(model: MLP) -> list[Linear]:
    """Return the layers that have weights and biases, in order."""
    return [layer for layer in model.layers if isinstance(layer, Linear)]


def described(model: MLP) -> dict[str, Any]:
    """Return the arguments of an estimator that describe a network's hidden layers."""
    acts: list[str] = []
    for layer in model.layers:
        if isinstance(layer, Linear):
            acts.append("identity")
        elif acts and layer.kind in ACTIVATIONS:
            acts[-1] = str(layer.kind)
    layers: dict[type[Layer], Any] = {type(layer): layer for layer in model.layers}
    return {
        "hidden_layer_sizes": model.hidden_size, "activation": tuple(acts[:-1]),
        "dropout": layers[Dropout].p if Dropout in layers else 0.0, "batch_norm": BatchNorm in layers,
    }  # fmt: skip


def draw_weights(model: MLP, logistic: Sequence[bool], random: Any) -> None:
    """Draw weights and biases as scikit-learn does, layer by layer, so that its numbers of ``random`` are used up.

    Uniform, within ``√(6 / (fan_in + fan_out))`` (Glorot and Bengio 2010, eq. 16), or ``√(2 / (fan_in + fan_out))``
    before a logistic activation.
    """
    for layer, small in zip(linear_layers(model), logistic, strict=True):
        bound = math.sqrt((2 if small else 6) / sum(layer.weight.shape))
        layer.weight, layer.bias = (random.uniform(-bound, bound, a.shape) for a in (layer.weight, layer.bias))


def train(estimator: Any, samples: Samples, validation: Samples | None, *, once: bool) -> None:
    """Train an estimator's network by Adam or SGD, until a stopping rule is satisfied or for one epoch."""
    model: MLP = estimator.model_
    (rows, targets, weights), (loss, factor, divided) = samples, estimator._objective()
    size = min(200 if estimator.batch_size == "auto" else int(estimator.batch_size), len(rows))
    if estimator.batch_size not in ("auto", size):
        warnings.warn(f"{estimator}: batch_size is above the number of samples, {size:,}", stacklevel=4)
    loader = Batches(
        rows, targets, size, targets=True, seed=estimator._seed, shuffle=estimator.shuffle, dtype=model.dtype,
        drop_last=estimator.batch_norm and leaves_single(len(rows), size), weights=_scaled(weights, factor, len(rows)),
    )  # fmt: skip
    loader.inputs = model.inputs  # type: ignore[assignment]
    loader.seek(estimator._epochs + 1)
    estimator.n_iter_, estimator._share = 0, estimator._share if once else 1.0
    optimizer, mean, squares = _optimizer(estimator), 1.0 if weights is None else float(weights.mean()), []

    @not_every_step
    def prepare_step(progress: Progress) -> None:
        """Set the decay that the next batch needs; note the squares for the L2 term of its loss."""
        batch = min(size, loader.samples - progress.num_samples) or size
        optimizer.weight_decay = estimator.alpha / (batch * mean)
        squares.append(_squares(model) if estimator.alpha else 0.0)

    prepare_step(Progress())
    best = _state(model, optimizer)
    try:
        with limited_to(estimator.threads or threads_of(model, loader)):
            for result in fit(
                model, loader, None, optimizer, loss, epochs=1 if once else estimator.max_iter,
                after_step=prepare_step, threads=estimator.threads, engine=estimator.engine,
            ):  # fmt: skip
                *before, following = squares
                squares[:] = [following]
                penalty = estimator.alpha / 2 * math.fsum(before) / len(before) * len(loader) / (loader.samples * mean)
                _note(estimator, result.train_loss / divided + penalty, len(rows), validation)
                if _improves(estimator):
                    best = _state(model, optimizer)
                if _stops(estimator):
                    break
                _set_rate(optimizer, _rate(estimator))
            else:
                if not once:
                    _warn(f"{estimator}: max_iter={estimator.max_iter} epochs were not enough to converge")
    except DivergedError as error:
        if not estimator.early_stopping:
            raise InputError(f"{estimator}: {error}. {_NOT_FINITE}") from None
        _note(estimator, math.nan, len(rows), validation)
        _warn(f"{estimator}: the training diverged; the network has its best weights before that: {error}")
    except KeyboardInterrupt:
        warnings.warn(f"{estimator}: training interrupted by user", stacklevel=4)
    if estimator.early_stopping:
        for array, kept in zip(model.state().values(), best[0], strict=True):
            array[...] = kept
        optimizer.load_state(best[1])
    estimator._optimizer_state = optimizer.state()


def train_at_once(estimator: Any, samples: Samples) -> None:
    """Train an estimator's network by L-BFGS, on all samples at once."""
    if estimator.dropout or estimator.batch_norm:
        raise InputError(f"{estimator}: lbfgs cannot train dropout or batch_norm; use the solver 'adam' or 'sgd'")
    model: MLP = estimator.model_
    (rows, targets, weights), (loss, factor, divided) = samples, estimator._objective()
    decay = estimator.alpha / (len(rows) if weights is None else float(weights.sum()))
    before, x, t = _state(model)[0], model.prepare(rows), targets.astype(model.dtype)
    found = minimize(
        model, loss, x, t, _scaled(weights, factor, len(rows)), decay=decay, threads=estimator.threads,
        maxfun=estimator.max_fun, maxiter=estimator.max_iter, gtol=estimator.tol,
    )  # fmt: skip
    if not (math.isfinite(found.fun) and np.isfinite(found.x).all()):
        for array, kept in zip(model.state().values(), before, strict=True):
            array[...] = kept
        raise InputError(f"{estimator}: the loss became {found.fun}. {_NOT_FINITE}")
    penalty = decay / 2 * _squares(model)
    estimator.n_iter_, estimator.loss_ = int(found.nit), float((found.fun - penalty) / divided + penalty)
    if found.status != 0:
        _warn(f"{estimator}: lbfgs did not converge in {found.nit} iterations: {found.message}")


def _optimizer(estimator: Any) -> Optimizer:
    """Return the optimiser; it continues from the last training, if that had the same rule."""
    arrays, rate = (estimator.model_.parameters(), estimator.model_.gradients()), _rate(estimator)
    optimizer: Optimizer
    if estimator.solver == "adam":
        optimizer = Adam(*arrays, rate, beta1=estimator.beta_1, beta2=estimator.beta_2, eps=estimator.epsilon)
    else:
        ahead = bool(estimator.nesterovs_momentum and estimator.momentum)
        optimizer = SGD(*arrays, rate, momentum=estimator.momentum, nesterov=ahead)
    if estimator._optimizer_state.keys() == optimizer.live_state().keys():
        optimizer.load_state(estimator._optimizer_state)
    return optimizer


def _rate(estimator: Any) -> float:
    """Return the learning rate of the next epoch."""
    schedule = "constant" if estimator.solver == "adam" else estimator.learning_rate
    scaling = (estimator.t_ + 1.0) ** -estimator.power_t if schedule == "invscaling" else 1.0
    return float(estimator.learning_rate_init * (estimator._share if schedule == "adaptive" else scaling))


def _set_rate(optimizer: Optimizer, rate: float) -> None:
    """Change the learning rate. scikit-learn's velocities include it, so ours change by the opposite factor."""
    if isinstance(optimizer, SGD) and rate != optimizer.lr:
        for velocity in optimizer.velocities:
            np.multiply(velocity, optimizer.lr / rate, out=velocity)
    optimizer.lr = rate


def _note(estimator: Any, loss: float, samples: int, validation: Samples | None) -> None:
    """Note the metrics of an epoch."""
    estimator.loss_ = loss
    estimator.loss_curve_.append(loss)
    estimator.n_iter_, estimator._epochs = estimator.n_iter_ + 1, estimator._epochs + 1
    estimator.t_ += samples
    said = f"Iteration {estimator.n_iter_}, loss = {loss:.8f}"
    if validation is not None:
        (rows, targets, weights), (criterion, factor, divided) = validation, estimator._objective()
        valid_loss = score = math.nan
        with np.errstate(over="ignore", invalid="ignore"):
            outputs = estimator.model_(rows)
            if math.isfinite(loss) and np.isfinite(outputs).all():
                each = _scaled(weights, factor, len(rows))
                valid_loss = criterion(outputs, targets.astype(outputs.dtype), each) / divided
                score = estimator._score_of(outputs, targets, weights)
        estimator.validation_loss_curve_.append(valid_loss)
        estimator.validation_scores_.append(score)
        said += f", validation loss = {valid_loss:.8f}, validation score = {score:.6f}"
    if estimator.verbose:
        print(said)


def _improves(estimator: Any) -> bool:
    """Count the epochs without an improvement of ``tol``; return whether this one has the best validation score."""
    if estimator.early_stopping:
        now, best = estimator.validation_scores_[-1], estimator.best_validation_score_
        best = -math.inf if best is None else best
        estimator.best_loss_, estimator.best_validation_score_ = None, max(best, now)
    else:
        now, best = -estimator.loss_, -math.inf if estimator.best_loss_ is None else -estimator.best_loss_
        estimator.best_loss_ = -max(best, now)
    count = estimator._no_improvement_count
    estimator._no_improvement_count = count + 1 if now < best + estimator.tol else 0
    return bool(estimator.early_stopping and now > best)


def _stops(estimator: Any) -> bool:
    """Whether the training has converged; "adaptive" first tries learning rates down to a millionth."""
    if estimator._no_improvement_count <= estimator.n_iter_no_change:
        return False
    if estimator.solver == "adam" or estimator.learning_rate != "adaptive" or _rate(estimator) <= 1e-6:
        return True
    estimator._share, estimator._no_improvement_count = estimator._share / 5, 0
    return False


def _scaled(weights: NDArray[np.float64] | None, factor: float, count: int) -> NDArray[np.float64] | None:
    """Return weights whose mean is ``factor``; None if all would be 1."""
    if weights is None:
        return None if factor == 1 else np.full(count, factor)
    return np.asarray(weights * (factor / weights.mean()))


def _state(model: MLP, optimizer: Optimizer | None = None) -> tuple[list[NDArray[Any]], dict[str, NDArray[Any]]]:
    """Return copies of everything that a training continues from."""
    return [array.copy() for array in model.state().values()], {} if optimizer is None else optimizer.state()


def _squares(model: MLP) -> float:
    return math.fsum(float(np.vdot(layer.weight, layer.weight)) for layer in linear_layers(model))


def _warn(message: str) -> None:
    """Warn that a training has not converged."""
    warnings.warn(message, ConvergenceWarning, stacklevel=5)
