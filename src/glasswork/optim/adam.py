"""Adam, AdamW and RMSprop: every parameter has a step length of its own.

step ≈ lr × (average of gradients) / (root of the average of their squares)
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from glasswork.arrays import FloatArray
from glasswork.optim.optimizer import Optimizer


class RMSprop(Optimizer):
    """``s ← alpha s + (1 - alpha) g²``, ``p ← p - lr g / (√s + eps)`` (Hinton 2012, lecture 6e).

    Weight decay is added to the gradient first.

    Parameters
    ----------
    params, grads, lr, **settings
        As for `Optimizer`.
    alpha : float
        How slowly the average of squares forgets, from 0 up to 1.
    eps : float
        Keeps the denominator from 0.
    """

    def __init__(
        self,
        params: Sequence[FloatArray],
        grads: Sequence[FloatArray],
        lr: float = 0.001,
        *,
        alpha: float = 0.99,
        eps: float = 1e-8,
        **settings: Any,
    ) -> None:
        super().__init__(params, grads, lr, **settings)
        self._check("alpha", alpha, 0, 1)
        self.alpha, self.eps = alpha, eps
        self.squares = [np.zeros_like(p) for p in self.params]

    def update(self, i: int, p: FloatArray, g: FloatArray, scratch: FloatArray, weight_decay: float) -> None:
        """Move one parameter; see `RMSprop` for the rule."""
        s = self.squares[i]
        if weight_decay:
            np.multiply(p, weight_decay, out=scratch)
            g += scratch
        np.square(g, out=scratch)
        scratch *= 1 - self.alpha
        s *= self.alpha
        s += scratch
        np.sqrt(s, out=scratch)
        scratch += self.eps
        np.divide(g, scratch, out=scratch)
        scratch *= self.lr
        p -= scratch

    def moments(self) -> dict[str, FloatArray]:
        """Return the averages of squares."""
        return {f"square.{i}": s for i, s in enumerate(self.squares)}


class Adam(Optimizer):
    """Averages of gradients and of their squares, corrected for starting at 0 (Kingma and Ba 2014, algorithm 1).

    ``m ← beta1 m + g``, ``v ← beta2 v + g²``, and with ``M = m (1 - beta1) / (1 - beta1^t)`` and
    ``V = v (1 - beta2) / (1 - beta2^t)``, the averages: ``p ← p - lr M / (√V + eps)``.
    Keeping sums in place of averages, and the factors to the end, spares a quarter of the passes over memory.
    Weight decay is added to the gradient first.

    Parameters
    ----------
    params, grads, lr, **settings
        As for `Optimizer`.
    beta1, beta2 : float
        How slowly the two averages forget, from 0 up to 1.
    eps : float
        Keeps the denominator from 0.
    """

    def __init__(
        self,
        params: Sequence[FloatArray],
        grads: Sequence[FloatArray],
        lr: float = 0.001,
        *,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        **settings: Any,
    ) -> None:
        super().__init__(params, grads, lr, **settings)
        self._check("beta1", beta1, 0, 1)
        self._check("beta2", beta2, 0, 1)
        self._check("eps", eps, 0, float("inf"))
        self.beta1, self.beta2, self.eps = beta1, beta2, eps
        self.means = [np.zeros_like(p) for p in self.params]
        self.squares = [np.zeros_like(p) for p in self.params]

    def update(self, i: int, p: FloatArray, g: FloatArray, scratch: FloatArray, weight_decay: float) -> None:
        """Move one parameter; see `Adam` for the rule."""
        if weight_decay:
            np.multiply(p, weight_decay, out=scratch)
            g += scratch
        m, v = self.means[i], self.squares[i]
        mean = (1 - self.beta1) / (1 - self.beta1**self.steps)
        root = ((1 - self.beta2) / (1 - self.beta2**self.steps)) ** 0.5
        m *= self.beta1
        m += g
        np.multiply(g, g, out=g)
        v *= self.beta2
        v += g
        np.sqrt(v, out=g)
        g += self.eps / root
        np.divide(m, g, out=g)
        g *= self.lr * mean / root
        p -= g

    def moments(self) -> dict[str, FloatArray]:
        """Return the fading sums of gradients and of squares."""
        return {f"mean.{i}": m for i, m in enumerate(self.means)} | {
            f"square.{i}": v for i, v in enumerate(self.squares)
        }


class AdamW(Adam):
    """Adam whose weight decay is apart from the gradient: ``p ← p - lr weight_decay p`` first.

    Loshchilov and Hutter 2017, algorithm 2. Parameters as for `Adam`.
    """

    def update(self, i: int, p: FloatArray, g: FloatArray, scratch: FloatArray, weight_decay: float) -> None:
        """Move one parameter; see `AdamW` for the rule."""
        p *= 1 - self.lr * weight_decay
        super().update(i, p, g, scratch, 0.0)
