"""The optimisers' rules for a block of weights, while block and gradient are in the cache.

g ──clip, decay──► rule ──► p          the formulas are those of `glasswork.optim`
"""

from __future__ import annotations

from typing import Any

import numpy as np

from glasswork.engine.compiled.compiling import kernel
from glasswork.engine.compiled.native import add_multiple, same
from glasswork.engine.compiled.table import Rule


@kernel
def update(run: Any, decays: int, p: Any, g: Any, m: Any, v: Any) -> None:
    """Change the parameters p by the rule of the run; g is overwritten."""
    if p.size == 0:
        return
    one = same(1.0, p[0])
    lr = same(run.lr, one)
    if run.clip != 1.0:
        scale(g, same(run.clip, one))
    if decays and run.decay != 0.0 and run.rule != Rule.ADAMW:
        add_multiple(g, p, same(run.decay, one))  # decay as a part of the gradient
    if run.rule == Rule.SGD:
        sgd(p, g, lr)
    elif run.rule == Rule.MOMENTUM:
        momentum(p, g, m, lr, same(run.momentum, one))
    elif run.rule == Rule.NESTEROV:
        nesterov(p, g, m, lr, same(run.momentum, one))
    elif run.rule == Rule.RMSPROP:
        rmsprop(p, g, m, lr, same(run.beta2, one), same(1.0 - run.beta2, one), same(run.epsilon, one))
    else:
        keep = same(1.0 - run.lr * run.decay, one) if decays and run.rule == Rule.ADAMW else one
        adam(
            p, g, m, v, same(run.beta1, one), same(run.beta2, one), same(run.epsilon / run.root, one),
            same(run.lr * run.mean / run.root, one), keep,
        )  # fmt: skip


@kernel
def scale(g: Any, factor: Any) -> None:
    """``g ← factor g``."""
    for i in range(g.size):
        g[i] *= factor


@kernel
def sgd(p: Any, g: Any, lr: Any) -> None:
    """``p ← p - lr g``."""
    for i in range(p.size):
        p[i] -= lr * g[i]


@kernel
def momentum(p: Any, g: Any, velocity: Any, lr: Any, share: Any) -> None:
    """``v ← share v + g``, ``p ← p - lr v``."""
    for i in range(p.size):
        v = share * velocity[i] + g[i]
        velocity[i] = v
        p[i] -= lr * v


@kernel
def nesterov(p: Any, g: Any, velocity: Any, lr: Any, share: Any) -> None:
    """``v ← share v + g``, ``p ← p - lr (g + share v)``."""
    for i in range(p.size):
        v = share * velocity[i] + g[i]
        velocity[i] = v
        p[i] -= lr * (g[i] + share * v)


@kernel
def rmsprop(p: Any, g: Any, squares: Any, lr: Any, alpha: Any, rest: Any, epsilon: Any) -> None:
    """``s ← alpha s + (1 - alpha) g²``, ``p ← p - lr g / (√s + eps)``."""
    for i in range(p.size):
        s = alpha * squares[i] + rest * g[i] * g[i]
        squares[i] = s
        p[i] -= lr * g[i] / (np.sqrt(s) + epsilon)


@kernel
def adam(p: Any, g: Any, means: Any, squares: Any, beta1: Any, beta2: Any, epsilon: Any, step: Any, keep: Any) -> None:
    """``m ← beta1 m + g``, ``v ← beta2 v + g²``, ``p ← keep p - step m / (√v + eps)``: `glasswork.optim.Adam`.

    m and v are decaying sums; step and eps hold the corrections, and ``keep`` is AdamW's ``1 - lr decay``.
    """
    for i in range(p.size):
        m = beta1 * means[i] + g[i]
        v = beta2 * squares[i] + g[i] * g[i]
        means[i] = m
        squares[i] = v
        p[i] = keep * p[i] - step * m / (np.sqrt(v) + epsilon)


@kernel
def move_average(average: Any, p: Any, share: Any) -> None:
    """``average ← average + share (p - average)``: `glasswork.optim.Average`."""
    for i in range(p.size):
        average[i] += share * (p[i] - average[i])


@kernel
def sum_of_squares(g: Any) -> float:
    """Return ``Σ g²`` in float64."""
    total = 0.0
    for i in range(g.size):
        total += np.float64(g[i]) * np.float64(g[i])
    return total


@kernel
def limit_columns(p: Any, begin: int, end: int, norms: Any, most: float) -> None:
    """Scale the columns ``begin`` to ``end`` of p, (in, out), down to the norm ``most`` if theirs is larger."""
    one = same(1.0, norms[0])
    for j in range(begin, end):
        norms[j] = 0
    for i in range(p.shape[0]):
        for j in range(begin, end):
            norms[j] += p[i, j] * p[i, j]
    for j in range(begin, end):
        norms[j] = min(one, same(most, one) / max(np.sqrt(norms[j]), same(1e-30, one)))
    for i in range(p.shape[0]):
        for j in range(begin, end):
            p[i, j] *= norms[j]
