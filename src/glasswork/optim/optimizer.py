"""Optimizer: the base of all optimisers, and SGD, the plainest of them; each adds only its own rule.

gradients ──clip, add weight decay──► rule, with this step's learning rate ──► parameters ──► limit norms

    SGD's rule:   parameter ← parameter - lr × gradient
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, TypeAlias

import numpy as np

from glasswork.arrays import FloatArray
from glasswork.errors import InputError, StateError
from glasswork.optim.limits import clip_and_decay, limit_norms
from glasswork.optim.schedules import Schedule
from glasswork.settings import Range, check_number, check_settings, list_of_arrays

LearningRate: TypeAlias = Annotated[float, Range(ge=0), "what each gradient is multiplied by"]


class Optimizer:
    """Changes parameters, in place, in the direction opposite to their gradients. Gradients are only read.

    Parameters
    ----------
    params, grads : sequence of arrays
        The arrays to change, in place, and the gradient of each.
    lr : float
        The learning rate, 0 or more; the schedule multiplies it.
    weight_decay : float
        How strongly weights are pulled towards 0. Biases and scales, arrays of one dimension, do not decay.
    clip_norm : float, optional
        If the norm of all gradients together is larger, they are scaled down to it (Pascanu et al. 2013).
    max_norm : float, optional
        The weights into one neuron, a column of a weight array, are scaled down to this norm after each
        step (Srivastava et al. 2014, section 5.1).
    schedule : callable, optional
        Maps ``(step, total_steps)`` to a factor of the learning rate; see `glasswork.optim.schedules`.
    total_steps : int, optional
        Steps in the whole run; needed with a schedule.

    Attributes
    ----------
    steps : int
        Steps taken so far.
    lr : float
        The learning rate of the last step; set it between steps to change it, if there is no schedule.

    Raises
    ------
    InputError
        If the lists do not match, or a number is out of its range.
    """

    #: Whether weight decay is added to the gradients before the rule sees them.
    decays_gradients = True

    def __init__(
        self,
        params: Sequence[FloatArray],
        grads: Sequence[FloatArray],
        lr: LearningRate,
        *,
        weight_decay: Annotated[float, Range(ge=0), "how strongly weights are pulled towards 0"] = 0.0,
        clip_norm: Annotated[float | None, Range(gt=0), "largest common norm of all gradients"] = None,
        max_norm: Annotated[float | None, Range(gt=0), "largest norm of the weights into one neuron"] = None,
        schedule: Schedule | None = None,
        total_steps: int | None = None,
    ) -> None:
        self.params, self.grads = list_of_arrays(self, "params", params), list_of_arrays(self, "grads", grads)
        if [p.shape for p in self.params] != [g.shape for g in self.grads]:
            raise InputError(
                f"{self}: expected one gradient of the same shape for each parameter, got shapes "
                f"{[p.shape for p in self.params]} and {[g.shape for g in self.grads]}"
            )
        check_settings(self, lr=lr, weight_decay=weight_decay, clip_norm=clip_norm, max_norm=max_norm)
        if schedule is not None and not callable(schedule):
            raise InputError(f"{self}: expected a schedule such as glasswork.optim.cosine(), got {schedule!r}")
        if schedule is not None and total_steps is None:
            raise InputError(f"{self}: a schedule needs total_steps, the number of steps in the whole run")
        if total_steps is not None:
            check_number(self, "total_steps", total_steps, 1)
        self.lr = self.base_lr = lr
        self.weight_decay, self.clip_norm, self.max_norm = weight_decay, clip_norm, max_norm
        self.schedule, self.total_steps = schedule, total_steps
        self.steps = 0
        self._scratch = [np.empty_like(p) for p in self.params]
        self._changed: list[FloatArray] = []

    def step(self) -> None:
        """Change every parameter by one step."""
        self.lr = self.rate(self.steps)
        self.steps += 1
        grads = self.grads
        if self.clip_norm is not None or (self.weight_decay and self.decays_gradients):
            self._changed = self._changed or [np.empty_like(g) for g in self.grads]
            decay = self.weight_decay if self.decays_gradients else 0.0
            grads = clip_and_decay(self.params, self.grads, self._changed, self._scratch, self.clip_norm, decay)
        for i, (p, g) in enumerate(zip(self.params, grads, strict=True)):
            self.update(i, p, g, self._scratch[i])
        if self.max_norm is not None:
            limit_norms(self.params, self.max_norm)

    def update(self, i: int, p: FloatArray, g: FloatArray, scratch: FloatArray) -> None:
        """Apply the rule to parameter ``i``: change the array ``p`` in place; its gradient ``g`` is only read.

        ``scratch`` is an array of the same shape for intermediate results.
        """
        raise NotImplementedError

    def zero_grad(self) -> None:
        """Fill every gradient with zeros, in place."""
        for g in self.grads:
            g.fill(0.0)

    def moments(self) -> dict[str, FloatArray]:
        """Return, by name, the arrays that the rule keeps from step to step."""
        return {}

    def live_state(self) -> dict[str, FloatArray]:
        """Return everything that the next step depends on, except parameters and settings: the arrays themselves."""
        return {**self.moments(), "steps": np.array([self.steps], np.float64)}

    def state(self) -> dict[str, FloatArray]:
        """Return copies of everything that the next step depends on, except parameters and settings."""
        return {name: array.copy() for name, array in self.live_state().items()}

    def load_state(self, state: dict[str, FloatArray]) -> None:
        """Restore a ``state()``: the next steps are, bit for bit, those that would have followed it.

        Parameters
        ----------
        state : dict of str to array
            What ``state()`` returned.

        Raises
        ------
        StateError
            If its names or shapes are not those of this optimiser.
        """
        current = self.live_state()
        if {name: array.shape for name, array in current.items()} != {name: a.shape for name, a in state.items()}:
            raise StateError(f"{self}: this state has other names or shapes than the optimiser's own")
        self.steps = int(state["steps"][0])
        if self.steps:
            self.lr = self.rate(self.steps - 1)  # the learning rate is that of the last step
        for name, array in self.moments().items():
            array[...] = state[name]

    def rate(self, step: int) -> float:
        """Return the learning rate of a step, counted from 0: without a schedule, the current one."""
        if self.schedule is None or self.total_steps is None:
            return self.lr
        return self.base_lr * self.schedule(min(step, self.total_steps), self.total_steps)

    def __repr__(self) -> str:
        return type(self).__name__


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
        self.velocities: list[FloatArray] = []
        self._velocities()

    def update(self, i: int, p: FloatArray, g: FloatArray, scratch: FloatArray) -> None:
        """Move one parameter; see `SGD` for the rule."""
        direction = g
        if self.momentum:
            v = self._velocities()[i]
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
        return {f"velocity.{i}": v for i, v in enumerate(self._velocities())}

    def _velocities(self) -> list[FloatArray]:
        """Return a velocity for each parameter, zeros at first; none without momentum, which may be set later."""
        if self.momentum and not self.velocities:
            self.velocities = [np.zeros_like(p) for p in self.params]
        return self.velocities
