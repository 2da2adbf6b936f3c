"""The losses and their gradients for a thread's rows of the batch: the formulas of `glasswork.nn`."""

from __future__ import annotations

from typing import Any

import numpy as np

from glasswork.engine.compiled.compiling import kernel
from glasswork.engine.compiled.formulas import exp
from glasswork.engine.compiled.native import same, vector
from glasswork.engine.compiled.table import LossKind


@kernel
def loss_and_gradient(run: Any, begin: int, end: int, one: Any) -> float:
    """Return the sum of the losses of rows ``begin`` to ``end``, and fill the gradient with respect to the scores.

    The loss is a mean over the batch, so the gradient is divided by its size.
    """
    n = run.classes
    total = 0.0
    rows = vector(run.order, run.step * run.batch, (run.step + 1) * run.batch, np.int64(1))
    for i in range(begin, end):
        weight = vector(run.weights, rows[i], rows[i] + 1, 1.0)[0] if run.weights else 1.0
        scores, targets = vector(run.scores, i * n, (i + 1) * n, one), vector(run.targets, i * n, (i + 1) * n, one)
        d = vector(run.grad_scores, i * n, (i + 1) * n, one)
        if run.loss == LossKind.MSE:
            total += weight * squared_error(scores, targets, d, same(weight * (2.0 / run.batch), one))
            continue
        share = same(weight * (1.0 / run.batch), one)
        if run.loss == LossKind.CROSS_ENTROPY:
            total += weight * cross_entropy(scores, targets, d, same(run.smoothing, one), share)
        elif run.loss == LossKind.BINARY_CROSS_ENTROPY:
            total += weight * binary_cross_entropy(scores, targets, d, share)
        else:
            total += weight * poisson(scores, targets, d, share)
    return total


@kernel
def squared_error(scores: Any, targets: Any, d: Any, factor: Any) -> float:
    """``Σ (score - target)²``; its gradient is ``2 (score - target)``, here times ``1 / batch``."""
    total = 0.0
    for j in range(scores.size):
        difference = scores[j] - targets[j]
        total += np.float64(difference * difference)
        d[j] = factor * difference
    return total


@kernel
def cross_entropy(scores: Any, targets: Any, d: Any, smoothing: Any, share: Any) -> float:
    """``-Σ target log p`` with ``log p = s - log Σ e^s``, where s is scores minus the largest.

    Its gradient is ``p Σ target - target``. Label smoothing spreads a share of the targets evenly first.
    """
    one = same(1.0, share)
    largest, whole = scores[0], same(0.0, share)
    for j in range(scores.size):
        largest = scores[j] if scores[j] > largest or np.isnan(scores[j]) else largest
        whole += targets[j]
    total = same(0.0, share)
    for j in range(scores.size):
        power = exp(scores[j] - largest)
        d[j] = power
        total += power
    log_total, even, loss = np.log(total), whole * smoothing / same(scores.size, share), 0.0
    for j in range(scores.size):
        target = targets[j] * (one - smoothing) + even
        loss -= np.float64(target * (scores[j] - largest - log_total))
        d[j] = share * (d[j] / total * whole - target)
    return loss


@kernel
def binary_cross_entropy(scores: Any, targets: Any, d: Any, share: Any) -> float:
    """``Σ log(1 + e^s) - target s``; its gradient is ``1 / (1 + e^-s) - target``."""
    one, total = same(1.0, share), 0.0
    for j in range(scores.size):
        power = exp(-abs(scores[j]))  # at most 1, so nothing overflows
        chance = one / (one + power)
        d[j] = share * ((chance if scores[j] >= 0 else power * chance) - targets[j])
        total += np.float64(max(scores[j], same(0.0, one)) - targets[j] * scores[j] + np.log1p(power))
    return total


@kernel
def poisson(scores: Any, targets: Any, d: Any, share: Any) -> float:
    """``Σ e^s - target s + target log(target) - target``; its gradient is ``e^s - target``."""
    total = 0.0
    for j in range(scores.size):
        rate = exp(scores[j])
        d[j] = share * (rate - targets[j])
        total += np.float64(rate - targets[j] * scores[j] - targets[j])
        if targets[j] > 0:
            total += np.float64(targets[j] * np.log(targets[j]))
    return total
