"""Schedules: the learning rate as a function of the step.

    1 ┤────╮             1 ┤──╮              1 ┤ ╭─╮
      │    ╰───╮           │   ╲               │╱   ╲
    0 ┼────────╰──       0 ┼────╰──          0 ┼─────╰──
         step               cosine            one-cycle

A schedule maps ``(step, total_steps)`` to a factor of the learning rate, with steps counted from 0. It has no
memory, so a run can resume at any step. It is a function in this file with its settings filled in, so it can be
pickled. A setting that is out of range raises an InputError.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Annotated, TypeAlias

from glasswork.settings import Range, check_settings

#: Maps ``(step, total_steps)``, with ``0 <= step <= total_steps``, to a factor of the learning rate.
Schedule: TypeAlias = Callable[[int, int], float]


def constant() -> Schedule:
    """Return the schedule that is 1 at every step."""
    return _constant


def _constant(step: int, total_steps: int) -> float:
    return 1.0


def step(
    drops: Annotated[int, Range(ge=1, le=1000), "number of drops"] = 2,
    factor: Annotated[float, Range(gt=0, lt=1), "what each drop multiplies the learning rate by"] = 0.1,
) -> Schedule:
    """Return the schedule that multiplies the learning rate by ``factor`` at each of ``drops`` equally spaced steps."""
    check_settings("step schedule", step, drops=drops, factor=factor)
    return partial(_step, drops=drops, factor=factor)


def _step(step: int, total_steps: int, *, drops: int, factor: float) -> float:
    return factor ** min(drops, step * (drops + 1) // total_steps)


def cosine(end: Annotated[float, Range(ge=0, le=1), "factor of the learning rate at the end"] = 0.0) -> Schedule:
    """Return half a cosine wave from 1 down to ``end`` (Loshchilov and Hutter 2016, eq. 5)."""
    check_settings("cosine schedule", cosine, end=end)
    return partial(_cosine, end=end)


def _cosine(step: int, total_steps: int, *, end: float) -> float:
    return _fall(step / total_steps, end)


def one_cycle(
    peak: Annotated[float, Range(gt=0, lt=1), "share of the run after which the learning rate is largest"] = 0.3,
    start: Annotated[float, Range(ge=0, le=1), "factor of the learning rate at the first step"] = 0.04,
    end: Annotated[float, Range(ge=0, le=1), "factor of the learning rate at the end"] = 0.0,
) -> Schedule:
    """Return a rise from ``start`` to 1, then a fall to ``end``, each along half a cosine wave.

    The rise takes the share ``peak`` of the run.

    Smith and Topin 2017, "Super-convergence".
    """
    check_settings("one-cycle schedule", one_cycle, peak=peak, start=start, end=end)
    return partial(_one_cycle, peak=peak, start=start, end=end)


def _one_cycle(step: int, total_steps: int, *, peak: float, start: float, end: float) -> float:
    progress = step / total_steps
    if progress < peak:
        return start + (1 - start) * (1 - math.cos(math.pi * progress / peak)) / 2
    return _fall((progress - peak) / (1 - peak), end)


def warmup(
    schedule: Schedule, share: Annotated[float, Range(ge=0, lt=1), "share of the run that warms up"]
) -> Schedule:
    """Return a schedule that first rises in a straight line to the given one (Goyal et al. 2017, section 2.2).

    If the share amounts to n steps (rounded, and at least one), they have 1/n, 2/n, ..., n/n of the given schedule's
    first value, so no step is lost to a rate of 0. The given schedule then covers the rest of the run.
    """
    check_settings("warmup", warmup, share=share)
    return partial(_warmup, schedule=schedule, share=share) if share else schedule


def _warmup(step: int, total_steps: int, *, schedule: Schedule, share: float) -> float:
    rising = min(max(1, round(share * total_steps)), total_steps - 1)
    if step < rising:
        return (step + 1) / rising * schedule(0, total_steps - rising)
    return schedule(step - rising, total_steps - rising)


def _fall(progress: float, end: float) -> float:
    """Return half a cosine wave from 1, at progress 0, to ``end``, at progress 1."""
    return end + (1 - end) * (1 + math.cos(math.pi * progress)) / 2


#: By the names that recipes use.
SCHEDULES: dict[str, Callable[..., Schedule]] = {
    "constant": constant,
    "step": step,
    "cosine": cosine,
    "one-cycle": one_cycle,
}
