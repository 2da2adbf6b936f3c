"""Schedules: the learning rate as a function of progress, from 0, the first step, to 1, the end.

    1 ┤────╮             1 ┤──╮              1 ┤ ╭─╮
      │    ╰───╮           │   ╲               │╱   ╲
    0 ┼────────╰──       0 ┼────╰──          0 ┼─────╰──
         step               cosine            one-cycle

A schedule gives a factor of the learning rate. It has no memory, so a run goes on anywhere.
"""

import math
from collections.abc import Callable
from typing import TypeAlias

from glasswork.errors import InputError

Schedule: TypeAlias = Callable[[float], float]


def constant() -> Schedule:
    """Return the schedule that is 1 throughout."""
    return lambda progress: 1.0


def step(drops: int = 2, factor: float = 0.1) -> Schedule:
    """Return the schedule that drops by ``factor``, so many times, at equal distances."""
    if drops < 1 or not 0 < factor < 1:
        raise InputError(f"step schedule: expected at least 1 drop by a factor between 0 and 1, got {drops}, {factor}")
    return lambda progress: factor ** min(drops, math.floor(progress * (drops + 1)))


def cosine(end: float = 0.0) -> Schedule:
    """Return half a cosine wave from 1 down to ``end`` (Loshchilov and Hutter 2016, eq. 5)."""
    return lambda progress: end + (1 - end) * (1 + math.cos(math.pi * progress)) / 2


def one_cycle(peak: float = 0.3, start: float = 0.04, end: float = 0.0) -> Schedule:
    """Return a rise from ``start`` to 1 at progress ``peak``, then a fall to ``end``, both along a cosine.

    Smith and Topin 2017, "Super-convergence".
    """
    if not 0 < peak < 1:
        raise InputError(f"one-cycle schedule: expected its peak between 0 and 1, got {peak}")
    fall = cosine(end)

    def at(progress: float) -> float:
        if progress < peak:
            return start + (1 - start) * (1 - math.cos(math.pi * progress / peak)) / 2
        return fall((progress - peak) / (1 - peak))

    return at


def warmup(schedule: Schedule, share: float) -> Schedule:
    """Return a schedule that first rises in a line from 0, for a share of the run, then is the given one.

    Goyal et al. 2017, section 2.2.
    """
    if not 0 <= share < 1:
        raise InputError(f"warmup: expected a share of the run from 0 up to (not including) 1, got {share}")
    if share == 0:
        return schedule

    def at(progress: float) -> float:
        if progress < share:
            return progress / share * schedule(0.0)
        return schedule((progress - share) / (1 - share))

    return at
