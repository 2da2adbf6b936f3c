"""SGD: every parameter goes a small step against its gradient.

parameter ← parameter - lr × gradient
"""

from collections.abc import Sequence

import numpy as np

from glasswork.arrays import FloatArray
from glasswork.errors import InputError


class SGD:
    """Gradient descent on the batch at hand (handout, section 5).

    Parameters
    ----------
    params, grads : sequence of arrays
        What to move and which way, pair by pair; moved in place.
    lr : float
        The learning rate, 0 or more.

    Raises
    ------
    InputError
        If the lists do not fit each other, or the learning rate is negative, infinite or NaN.
    """

    def __init__(self, params: Sequence[FloatArray], grads: Sequence[FloatArray], lr: float = 0.1) -> None:
        if [p.shape for p in params] != [g.shape for g in grads]:
            raise InputError(
                "SGD: expected one gradient of the same shape for each parameter, got shapes "
                f"{[p.shape for p in params]} and {[g.shape for g in grads]}"
            )
        if not 0 <= lr < float("inf"):
            raise InputError(f"SGD: expected a learning rate of 0 or more, got {lr}; try 0.1")
        self.params = list(params)
        self.grads = list(grads)
        self.lr = lr
        self._moves = [np.empty_like(p) for p in self.params]

    def step(self) -> None:
        """Move every parameter against its gradient, in place."""
        for p, g, move in zip(self.params, self.grads, self._moves, strict=True):
            np.multiply(g, self.lr, out=move)
            np.subtract(p, move, out=p)

    def zero_grad(self) -> None:
        """Fill every gradient with zeros, in place."""
        for g in self.grads:
            g.fill(0.0)
