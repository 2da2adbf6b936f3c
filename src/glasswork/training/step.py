"""The NumPy engine: the handout's step. It is the default, and tests hold the compiled engine to it.

zero_grad ──► forward ──► loss ──► backward ──► step
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from glasswork.arrays import FloatArray
from glasswork.engine.agreement import checked
from glasswork.engine.contract import (
    Criterion,
    Loader,
    Model,
    Optimizer,
    Outcome,
    check_not_rebound,
    gradients_of,
    targets_of,
)
from glasswork.nn.module import replaced_methods
from glasswork.nn.network import Network
from glasswork.optim import Average
from glasswork.optim.optimizer import Optimizer as OwnOptimizer


class NumpyEngine:
    """Does the steps of a training as the handout's section 7 does, in NumPy, one batch a call.

    Parameters
    ----------
    model, optimizer, criterion
        `MLP`, `SGD` and `MSELoss`, their kin, or a student's own.
    average : Average, optional
        Updated after each step.
    """

    name = "numpy"

    def __init__(
        self, model: Model, optimizer: Optimizer, criterion: Criterion, average: Average | None = None
    ) -> None:
        self.model, self.optimizer, self.criterion, self.average = model, optimizer, criterion, average
        self._unchecked: list[FloatArray] = []  # the gradients, until the first backward of an epoch is checked
        self._overwritten = False

    def batches(self, loader: Loader, most: Callable[[], int]) -> Iterator[tuple[Any, ...]]:
        """Yield a loader's batches; each call of ``step`` does one step, even if ``most()`` allows more."""
        self._unchecked = gradients_of(self.model)
        self._overwritten = overwrites_gradients(self.model, self.optimizer)
        return checked(loader, self.model, learning=True)

    def step(self, batch: tuple[Any, ...]) -> Outcome:
        """Do one step, unless the loss is infinite or NaN."""
        X_batch, y_batch, *weights = batch
        if not self._overwritten:
            self.optimizer.zero_grad()

        preds = self.model(X_batch)
        loss = self.criterion(preds, targets_of(y_batch, preds), *weights)
        if math.isfinite(loss):
            self.model.backward(self.criterion.backward())
            self._check_gradients()
            self.optimizer.step()
            if self.average is not None:
                self.average.update()
        return Outcome((loss,), (len(preds),))

    def scores(self, x: Any) -> FloatArray:
        """Return the model's scores of a batch."""
        return self.model(x)

    def _check_gradients(self) -> None:
        if self._unchecked:
            check_not_rebound(self._unchecked, self.model)
            self._unchecked = []  # checking once an epoch is enough


def overwrites_gradients(model: Model, optimizer: Optimizer) -> bool:
    """Whether backward overwrites every gradient, as glasswork's layers do: then they need not be cleared first.

    A student's own classes may instead add to their gradients.
    """
    if not isinstance(model, Network) or replaced_methods(model, ("backward",), Network):
        return False
    if not isinstance(optimizer, OwnOptimizer) or replaced_methods(optimizer, ("zero_grad",), OwnOptimizer):
        return False
    return not any(  # kind is None: a user's class
        layer.kind is None or replaced_methods(layer, ("backward", "backward_parameters"), type(layer))
        for layer in model.named_layers.values()
    )
