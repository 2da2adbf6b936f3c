"""Optimizer: what all optimisers share; each adds only its own rule.

gradients ──clip──► rule, with the learning rate of this step ──► parameters ──limit norms──► average
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from glasswork.arrays import FloatArray
from glasswork.errors import InputError, StateError
from glasswork.optim.average import Average
from glasswork.optim.schedules import Schedule


class Optimizer:
    """Moves parameters, in place, against their gradients.

    Parameters
    ----------
    params, grads : sequence of arrays
        What to move and which way, pair by pair.
    lr : float
        The learning rate, 0 or more: what the schedule's 1 means.
    weight_decay : float
        How strongly weights are pulled to 0. Arrays of one dimension, biases and scales, are not.
    clip_norm : float, optional
        Gradients whose common norm is larger are scaled down to it (Pascanu et al. 2013).
    max_norm : float, optional
        The weights into one neuron, a column of a weight array, are scaled down to this norm after each
        step (Srivastava et al. 2014, section 5.1).
    schedule : callable, optional
        From progress, 0 to 1, to a factor of the learning rate; see `glasswork.optim.schedules`.
    total_steps : int, optional
        How many steps make the whole of progress; needed with a schedule.
    average : Average, optional
        Follows the parameters after each step.

    Attributes
    ----------
    steps : int
        How many were made.

    Raises
    ------
    InputError
        If the lists do not fit each other, or a number is out of its range.
    """

    def __init__(
        self,
        params: Sequence[FloatArray],
        grads: Sequence[FloatArray],
        lr: float,
        *,
        weight_decay: float = 0.0,
        clip_norm: float | None = None,
        max_norm: float | None = None,
        schedule: Schedule | None = None,
        total_steps: int | None = None,
        average: Average | None = None,
    ) -> None:
        self.params, self.grads = list(params), list(grads)
        if [p.shape for p in self.params] != [g.shape for g in self.grads]:
            raise InputError(
                f"{self}: expected one gradient of the same shape for each parameter, got shapes "
                f"{[p.shape for p in self.params]} and {[g.shape for g in self.grads]}"
            )
        self._check("learning rate", lr, 0, float("inf"))
        self._check("weight_decay", weight_decay, 0, float("inf"))
        for name, norm in (("clip_norm", clip_norm), ("max_norm", max_norm)):
            if norm is not None and not 0 < norm < float("inf"):
                raise InputError(f"{self}: expected {name} to be above 0, got {norm}")
        if schedule is not None and (total_steps is None or total_steps < 1):
            raise InputError(f"{self}: a schedule needs total_steps, how many steps make the whole run")
        self.lr = self.base_lr = lr
        self.weight_decay, self.clip_norm, self.max_norm = weight_decay, clip_norm, max_norm
        self.schedule, self.total_steps, self.average = schedule, total_steps, average
        self.steps = 0
        self._scratch = [np.empty_like(p) for p in self.params]

    def step(self) -> None:
        """Move every parameter by one step."""
        self._follow_schedule(self.steps)
        self.steps += 1
        if self.clip_norm is not None:
            self._clip(self.clip_norm)
        for i, (p, g) in enumerate(zip(self.params, self.grads, strict=True)):
            self.update(i, p, g, self._scratch[i], self.weight_decay if p.ndim > 1 else 0.0)
        if self.max_norm is not None:
            self._limit(self.max_norm)
        if self.average is not None:
            self.average.update()

    def update(self, i: int, p: FloatArray, g: FloatArray, scratch: FloatArray, weight_decay: float) -> None:
        """Move parameter ``i``, the array ``p``, against its gradient ``g``, in place: the rule itself.

        ``scratch`` is memory of the same shape to work in; ``g`` may be overwritten.
        """
        raise NotImplementedError

    def zero_grad(self) -> None:
        """Fill every gradient with zeros, in place."""
        for g in self.grads:
            g.fill(0.0)

    def moments(self) -> dict[str, FloatArray]:
        """Return, by name, the arrays that the rule remembers from step to step."""
        return {}

    def state(self) -> dict[str, FloatArray]:
        """Return copies of all that the next step depends on, besides parameters and settings."""
        state = {name: array.copy() for name, array in self.moments().items()}
        state["steps"] = np.array([self.steps], np.float64)
        if self.average is not None:
            state |= self.average.state()
        return state

    def load_state(self, state: dict[str, FloatArray]) -> None:
        """Go on from a ``state()``: k steps, then these, then k more are 2k steps, bit for bit.

        Raises
        ------
        StateError
            If it is the state of another optimiser: other names, or other shapes.
        """
        own = self.state()
        if {name: array.shape for name, array in own.items()} != {name: a.shape for name, a in state.items()}:
            raise StateError(f"{self}: this state has other names or shapes than the optimiser's own")
        self.steps = int(state["steps"][0])
        if self.steps:
            self._follow_schedule(self.steps - 1)  # the learning rate is that of the last step
        for name, array in self.moments().items():
            array[...] = state[name]
        if self.average is not None:
            self.average.load_state(state)

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Put the averaged parameters in place of the parameters, if there is an average, for a while."""
        if self.average is None:
            yield
            return
        self.average.swap()
        try:
            yield
        finally:
            self.average.swap()

    def _follow_schedule(self, step: int) -> None:
        """Set the learning rate of a step, counted from 0."""
        if self.schedule is not None and self.total_steps is not None:
            self.lr = self.base_lr * self.schedule(min(step / self.total_steps, 1.0))

    def _clip(self, clip_norm: float) -> None:
        with np.errstate(over="ignore"):
            norm = sum(float(np.vdot(g, g)) for g in self.grads) ** 0.5
        if norm == float("inf"):  # the squares overflowed: once more, by the largest gradient
            largest = max(float(np.abs(g).max()) for g in self.grads)
            norm = largest * sum(float(np.vdot(g / largest, g / largest)) for g in self.grads) ** 0.5
        if norm > clip_norm:
            for g in self.grads:
                g *= clip_norm / norm  # noqa: PLW2901

    def _limit(self, max_norm: float) -> None:
        for p in self.params:
            if p.ndim > 1:
                norms = np.sqrt(np.einsum("io,io->o", p, p))
                if norms.max() > max_norm:
                    np.multiply(p, np.minimum(1, max_norm / np.maximum(norms, 1e-30)), out=p)

    def _check(self, name: str, value: float, low: float, high: float) -> None:
        if not low <= value < high:
            raise InputError(f"{self}: expected {name} of at least {low:g} and below {high:g}, got {value}")

    def __repr__(self) -> str:
        return type(self).__name__
