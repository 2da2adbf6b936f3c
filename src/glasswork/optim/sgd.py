"""SGD: every parameter takes a small step against its gradient, optionally with momentum.

parameter ← parameter - lr × gradient
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np

from glasswork.arrays import FloatArray
from glasswork.errors import InputError
from glasswork.optim.optimizer import LearningRate, Optimizer
from glasswork.settings import Range, check_settings


class SGD(Optimizer):
    """Gradient descent on the current batch (handout, section 5).

    With momentum, a velocity accumulates the gradients: ``v ← momentum v + g``, ``p ← p - lr v`` (Polyak
    1964; Sutskever et al. 2013). With ``nesterov``, ``p ← p - lr (g + momentum v)``. Weight decay is
    added to the gradient first: ``g + weight_decay p``.

    Parameters
    ----------
    params, grads : sequence of arrays
        The arrays to change, in place, and the gradient of each.
    lr : float
        The learning rate, 0 or more.
    momentum : float
        Share of the last step that is kept: 0 or more, and below 1.
    nesterov : bool
        Look ahead along the momentum, which must be above 0.
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
        lr: LearningRate = 0.1,
        *,
        momentum: Annotated[float, Range(ge=0, lt=1), "share of the last step that is kept"] = 0.0,
        nesterov: Annotated[bool, "look ahead along the momentum"] = False,
        **settings: Any,
    ) -> None:
        super().__init__(params, grads, lr, **settings)
        check_settings(self, momentum=momentum, nesterov=nesterov)
        if nesterov and momentum == 0:
            raise InputError(f"{self}: nesterov needs a momentum above 0, such as 0.9")
        self.momentum, self.nesterov = momentum, nesterov
        self.velocities = [np.zeros_like(p) for p in self.params] if momentum else []

    def update(self, i: int, p: FloatArray, g: FloatArray, scratch: FloatArray) -> None:
        """Move one parameter; see `SGD` for the rule."""
        direction = g
        if self.momentum:
            v = self.velocities[i]
            v *= self.momentum
            v += g
            direction = v
        if self.nesterov:
            np.multiply(v, self.momentum, out=scratch)
            scratch += g
            direction = scratch
        np.multiply(direction, self.lr, out=scratch)
        p -= scratch

    def moments(self) -> dict[str, FloatArray]:
        """Return the velocities."""
        return {f"velocity.{i}": v for i, v in enumerate(self.velocities)}
