"""Adam, AdamW and RMSprop: each parameter has its own step size.

step ≈ lr × (average of gradients) / (root of the average of their squares)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, TypeAlias

import numpy as np

from glasswork.arrays import FloatArray
from glasswork.optim.optimizer import LearningRate, Optimizer
from glasswork.settings import Range, check_settings

Epsilon: TypeAlias = Annotated[float, Range(gt=0), "added to the denominator, so that it is never 0"]


class RMSprop(Optimizer):
    """Gradients divided by the root mean square of recent gradients (Hinton 2012, lecture 6e).

    ``s ← alpha s + (1 - alpha) g²``, ``p ← p - lr g / (√s + eps)``. Weight decay is added to the gradient first.

    Parameters
    ----------
    params, grads : sequence of arrays
        The arrays to change, in place, and the gradient of each.
    lr : float
        The learning rate, 0 or more.
    alpha : float
        Decay rate of the average of squares: 0 or more, and below 1.
    eps : float
        Added to the denominator, so that it is never 0.
    **settings
        As for `Optimizer`.

    Raises
    ------
    InputError
        If the lists do not match, or a number is out of its range.
    """

    def __init__(
        self,
        params: Sequence[FloatArray],
        grads: Sequence[FloatArray],
        lr: LearningRate = 0.001,
        *,
        alpha: Annotated[float, Range(ge=0, lt=1), "decay rate of the average of squared gradients"] = 0.99,
        eps: Epsilon = 1e-8,
        **settings: Any,
    ) -> None:
        super().__init__(params, grads, lr, **settings)
        check_settings(self, alpha=alpha, eps=eps)
        self.alpha, self.eps = alpha, eps
        self.squares = [np.zeros_like(p) for p in self.params]

    def update(self, i: int, p: FloatArray, g: FloatArray, scratch: FloatArray) -> None:
        """Move one parameter; see `RMSprop` for the rule."""
        s = self.squares[i]
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

    At step t, counted from 1::

        m ← beta1 m + (1 - beta1) g           average of the gradients
        v ← beta2 v + (1 - beta2) g²          average of their squares
        p ← p - lr (m / (1 - beta1^t)) / (√(v / (1 - beta2^t)) + eps)

    The code stores ``m / (1 - beta1)`` and ``v / (1 - beta2)``, decaying sums instead of averages, and multiplies by
    the constants at the end, where they are scalars: the same step with a quarter fewer passes over memory. Weight
    decay is added to the gradient first.

    Parameters
    ----------
    params, grads : sequence of arrays
        The arrays to change, in place, and the gradient of each.
    lr : float
        The learning rate, 0 or more.
    beta1, beta2 : float
        Decay rates of the two averages: 0 or more, and below 1.
    eps : float
        Added to the denominator, so that it is never 0.
    **settings
        As for `Optimizer`.

    Raises
    ------
    InputError
        If the lists do not match, or a number is out of its range.
    """

    def __init__(
        self,
        params: Sequence[FloatArray],
        grads: Sequence[FloatArray],
        lr: LearningRate = 0.001,
        *,
        beta1: Annotated[float, Range(ge=0, lt=1), "decay rate of the average of gradients"] = 0.9,
        beta2: Annotated[float, Range(ge=0, lt=1), "decay rate of the average of squared gradients"] = 0.999,
        eps: Epsilon = 1e-8,
        **settings: Any,
    ) -> None:
        super().__init__(params, grads, lr, **settings)
        check_settings(self, beta1=beta1, beta2=beta2, eps=eps)
        self.beta1, self.beta2, self.eps = beta1, beta2, eps
        self.means = [np.zeros_like(p) for p in self.params]
        self.squares = [np.zeros_like(p) for p in self.params]

    def update(self, i: int, p: FloatArray, g: FloatArray, scratch: FloatArray) -> None:
        """Move one parameter; see `Adam` for the rule."""
        m, v = self.means[i], self.squares[i]
        mean = (1 - self.beta1) / (1 - self.beta1**self.steps)  # sum × mean: the corrected average
        root = ((1 - self.beta2) / (1 - self.beta2**self.steps)) ** 0.5  # √sum × root: that of the squares
        m *= self.beta1
        m += g
        np.multiply(g, g, out=scratch)
        v *= self.beta2
        v += scratch
        np.sqrt(v, out=scratch)
        scratch += self.eps / root
        np.divide(m, scratch, out=scratch)
        scratch *= self.lr * mean / root
        p -= scratch

    def moments(self) -> dict[str, FloatArray]:
        """Return the decaying sums of gradients and of their squares."""
        return {f"mean.{i}": m for i, m in enumerate(self.means)} | {
            f"square.{i}": v for i, v in enumerate(self.squares)
        }


class AdamW(Adam):
    """Adam whose weight decay is separate from the gradient: ``p ← p - lr weight_decay p`` first.

    Loshchilov and Hutter 2017, algorithm 2.

    Parameters
    ----------
    params, grads : sequence of arrays
        The arrays to change, in place, and the gradient of each.
    lr : float
        The learning rate, 0 or more.
    beta1, beta2 : float
        As for `Adam`.
    eps : float
        As for `Adam`.
    **settings
        As for `Optimizer`.

    Raises
    ------
    InputError
        If the lists do not match, or a number is out of its range.
    """

    decays_gradients = False

    def update(self, i: int, p: FloatArray, g: FloatArray, scratch: FloatArray) -> None:
        """Move one parameter; see `AdamW` for the rule."""
        if p.ndim > 1:
            p *= 1 - self.lr * self.weight_decay
        super().update(i, p, g, scratch)
