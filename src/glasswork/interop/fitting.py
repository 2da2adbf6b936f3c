"""Training an estimator: epochs of `glasswork.fit`, with scikit-learn's initial weights, L2 term and stopping rules.

loss + alpha / 2 × Σ weights² / samples of the batch        biases do not count
"""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from glasswork.data.batches import Batches, leaves_single
from glasswork.engine.threads import limited_to
from glasswork.errors import DivergedError, InputError
from glasswork.nn import MLP, Linear, Loss
from glasswork.optim import SGD, Adam, Optimizer
from glasswork.training.loop import fit
from glasswork.training.progress import Progress
from glasswork.training.threads import threads_of

#: Rows as the first layer takes them, their targets, and their weights, if they have any.
Samples: TypeAlias = tuple[NDArray[Any], NDArray[Any], NDArray[np.float64] | None]

#: "adaptive" divides no learning rate that is smaller.
_SMALLEST_RATE = 1e-6

_NOT_FINITE = (
    "Solver produced non-finite parameter weights. The input data may contain large values and need to be preprocessed."
)


class Objective(NamedTuple):
    """A loss, its factor in training, and the number by which scikit-learn divides it when it reports it."""

    loss: Loss
    factor: float = 1.0
    divided: int = 1


def draw_weights(sizes: Sequence[int], logistic: Sequence[bool], random: Any) -> list[NDArray[np.float64]]:
    """Return weights and biases, layer by layer, from the distribution that scikit-learn's networks begin with.

    Uniform, within ``√(6 / (fan_in + fan_out))`` (Glorot and Bengio 2010, eq. 16), or ``√(2 / (fan_in + fan_out))``
    before a logistic activation.
    """
    arrays: list[NDArray[np.float64]] = []
    for sides, small in zip(itertools.pairwise(sizes), logistic, strict=True):
        bound = math.sqrt((2 if small else 6) / sum(sides))
        arrays += [random.uniform(-bound, bound, sides), random.uniform(-bound, bound, sides[1])]
    return arrays


def linear_layers(model: MLP) -> list[Linear]:
    """Return the layers that have weights and biases, in order."""
    return [layer for layer in model.layers if isinstance(layer, Linear)]


class _Penalty:
    """The L2 term. `glasswork.fit` calls it between two steps, to set the weight decay of the next one.

    ``weight`` is the mean weight of a sample, by which scikit-learn divides the term as well.
    """

    every_step = False  # nothing changes between two batches of the same size

    def __init__(self, alpha: float, model: MLP, optimizer: Optimizer, loader: Batches, weight: float) -> None:
        self.alpha, self.model, self.optimizer, self.loader, self.weight = alpha, model, optimizer, loader, weight
        self.squares: list[float] = []
        self(Progress())

    def __call__(self, progress: Progress) -> None:
        size = self.loader.batch_size
        rows = min(size, self.loader.samples - progress.num_samples) or size
        self.optimizer.weight_decay = self.alpha / (rows * self.weight)
        self.squares.append(_squares(self.model) if self.alpha else 0.0)

    def of_epoch(self) -> float:
        """Return the term of the epoch that has ended, mean over its samples."""
        *before, following = self.squares
        self.squares = [following]
        return self.alpha / 2 * math.fsum(before) / len(before) * len(self.loader) / (self.loader.samples * self.weight)


def train(estimator: Any, samples: Samples, validation: Samples | None, *, once: bool) -> None:
    """Train an estimator's network by Adam or SGD, until a stopping rule is satisfied or for one epoch."""
    model: MLP = estimator.model_
    (rows, targets, weights), (loss, factor, divided) = samples, estimator._objective()
    batch_size = _batch_size(estimator, len(rows))
    loader = Batches(
        rows, estimator._softened(targets).astype(model.dtype), batch_size, seed=estimator._seed, dtype=model.dtype,
        drop_last=estimator.batch_norm and leaves_single(len(rows), batch_size), shuffle=estimator.shuffle,
        weights=_scaled(weights, factor, len(rows)),
    )  # fmt: skip
    if model.inputs is not None:
        loader.inputs = model.inputs
    loader.seek(estimator._epochs + 1)
    estimator.n_iter_, estimator._share = 0, estimator._share if once else 1.0
    optimizer = _optimizer(estimator)
    penalty = _Penalty(estimator.alpha, model, optimizer, loader, 1.0 if weights is None else float(weights.mean()))
    epochs = fit(
        model, loader, None, optimizer, loss, epochs=1 if once else estimator.max_iter, after_step=penalty,
        threads=estimator.threads, engine=estimator.engine,
    )  # fmt: skip
    best = [array.copy() for array in model.state().values()], optimizer.state()
    try:
        with limited_to(estimator.threads or threads_of(model, loader)):
            for result in epochs:
                _note(estimator, result.train_loss / divided + penalty.of_epoch(), len(rows), validation)
                if _improves(estimator) and estimator.early_stopping:
                    best = [array.copy() for array in model.state().values()], optimizer.state()
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


def minimize(estimator: Any, samples: Samples) -> None:
    """Train an estimator's network on all samples at once, by L-BFGS (Liu and Nocedal 1989) on its own gradients."""
    from scipy import optimize

    if estimator.dropout or estimator.batch_norm:
        raise InputError(f"{estimator}: lbfgs cannot train dropout or batch_norm; use the solver 'adam' or 'sgd'")
    model: MLP = estimator.model_
    (rows, targets, weights), (loss, factor, divided) = samples, estimator._objective()
    x, t = model.prepare(rows), estimator._softened(targets).astype(model.dtype)
    each = _scaled(weights, factor, len(rows))
    decay = estimator.alpha / (len(x) if weights is None else weights.sum())
    parameters, gradients = model.parameters(), model.gradients()
    ends = np.cumsum([array.size for array in parameters])[:-1]

    def put(flat: NDArray[np.float64]) -> None:
        for array, part in zip(parameters, np.split(flat, ends), strict=True):
            array[...] = part.reshape(array.shape)

    def objective(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        put(flat)
        value = loss(model.forward(x), t, each) + decay / 2 * _squares(model)
        model.backward(loss.backward())
        parts = [g + decay * p if p.ndim > 1 else g for p, g in zip(parameters, gradients, strict=True)]
        return value, np.concatenate([part.ravel() for part in parts]).astype(np.float64)

    start = np.concatenate([array.ravel() for array in parameters]).astype(np.float64)
    options = {"maxfun": estimator.max_fun, "maxiter": estimator.max_iter, "gtol": estimator.tol}
    with limited_to(estimator.threads or threads_of(model, [(x, t)])), np.errstate(over="ignore", invalid="ignore"):
        found = optimize.minimize(objective, start, method="L-BFGS-B", jac=True, options=options)
    if not (math.isfinite(found.fun) and np.isfinite(found.x).all()):
        put(start)
        raise InputError(f"{estimator}: the loss became {found.fun}. {_NOT_FINITE}")
    put(found.x)
    penalty = decay / 2 * _squares(model)
    estimator.n_iter_, estimator.loss_ = int(found.nit), float((found.fun - penalty) / divided + penalty)
    if found.status != 0:
        _warn(f"{estimator}: lbfgs did not converge in {found.nit} iterations: {found.message}")


def _batch_size(estimator: Any, samples: int) -> int:
    """Return the number of samples in a batch, at most all."""
    if estimator.batch_size == "auto":
        return min(200, samples)
    if estimator.batch_size > samples:
        warnings.warn(f"{estimator}: batch_size is above the number of samples, {samples:,}", stacklevel=5)
    return min(int(estimator.batch_size), samples)


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
    estimator.n_iter_ += 1
    estimator._epochs += 1
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
    """Count the epochs without an improvement of ``tol``; return whether this one is the best so far."""
    if estimator.early_stopping:
        now, best = estimator.validation_scores_[-1], estimator.best_validation_score_
        best = -math.inf if best is None else best
        stands, improves = now < best + estimator.tol, now > best
        estimator.best_loss_, estimator.best_validation_score_ = None, max(best, now)
    else:
        now, best = estimator.loss_, math.inf if estimator.best_loss_ is None else estimator.best_loss_
        stands, improves = now > best - estimator.tol, now < best
        estimator.best_loss_ = min(best, now)
    estimator._no_improvement_count = estimator._no_improvement_count + 1 if stands else 0
    return bool(improves)


def _stops(estimator: Any) -> bool:
    """Whether the training has converged; "adaptive" first tries ever smaller learning rates."""
    if estimator._no_improvement_count <= estimator.n_iter_no_change:
        return False
    if estimator.solver == "adam" or estimator.learning_rate != "adaptive" or _rate(estimator) <= _SMALLEST_RATE:
        return True
    estimator._share, estimator._no_improvement_count = estimator._share / 5, 0
    return False


def _scaled(weights: NDArray[np.float64] | None, factor: float, count: int) -> NDArray[np.float64] | None:
    """Return weights whose mean is ``factor``; None if all would be 1."""
    if weights is None:
        return None if factor == 1 else np.full(count, factor)
    scaled: NDArray[np.float64] = weights * (factor / weights.mean())
    return scaled


def _squares(model: MLP) -> float:
    return math.fsum(float(np.vdot(layer.weight, layer.weight)) for layer in linear_layers(model))


def _warn(message: str) -> None:
    warnings.warn(message, ConvergenceWarning, stacklevel=5)
