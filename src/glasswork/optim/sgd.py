"""SGD: every parameter goes a small step against its gradient, perhaps with momentum.

parameter ← parameter - lr × gradient
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from glasswork.arrays import FloatArray
from glasswork.errors import InputError
from glasswork.optim.optimizer import Optimizer


class SGD(Optimizer):
    """Gradient descent on the batch at hand (handout, section 5).

    With momentum, a velocity gathers the gradients: ``v ← momentum v + g``, ``p ← p - lr v`` (Polyak
    1964; Sutskever et al. 2013). With ``nesterov``, ``p ← p - lr (g + momentum v)``. Weight decay is
    added to the gradient first: ``g + weight_decay p``.

    Parameters
    ----------
    params, grads : sequence of arrays
        What to move and which way, pair by pair; moved in place.
    lr : float
        The learning rate, 0 or more.
    momentum : float
        From 0 up to 1.
    nesterov : bool
        Needs momentum.
    **settings
        As for `Optimizer`.

    Raises
    ------
    InputError
        If the lists do not fit each other, or a number is out of its range.
    """

    def __init__(
        self,
        params: Sequence[FloatArray],
        grads: Sequence[FloatArray],
        lr: float = 0.1,
        *,
        momentum: float = 0.0,
        nesterov: bool = False,
        **settings: Any,
    ) -> None:
        super().__init__(params, grads, lr, **settings)
        self._check("momentum", momentum, 0, 1)
        if nesterov and momentum == 0:
            raise InputError(f"{self}: nesterov needs a momentum above 0, such as 0.9")
        self.momentum, self.nesterov = momentum, nesterov
        self.velocities = [np.zeros_like(p) for p in self.params] if momentum else []

    def update(self, i: int, p: FloatArray, g: FloatArray, scratch: FloatArray, weight_decay: float) -> None:
        """Move one parameter; see `SGD` for the rule."""
        if weight_decay:
            np.multiply(p, weight_decay, out=scratch)
            g += scratch
        if self.momentum:
            v = self.velocities[i]
            v *= self.momentum
            v += g
            if self.nesterov:
                np.multiply(v, self.momentum, out=scratch)
                g += scratch
            else:
                g = v
        np.multiply(g, self.lr, out=scratch)
        p -= scratch

    def moments(self) -> dict[str, FloatArray]:
        """Return the velocities."""
        return {f"velocity.{i}": v for i, v in enumerate(self.velocities)}
