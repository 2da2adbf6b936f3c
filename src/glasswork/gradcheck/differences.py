"""Slopes of a function by differences, and the comparison of a gradient with them.

f(w - h)    f(w)    f(w + h)         slope = (f(w + h) - f(w - h)) / 2h, accurate to about 1e-7
   └─ left ──┴─ right ─┘             a kink: the slopes on the two sides differ, and any between them is right
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from glasswork.arrays import FloatArray
from glasswork.gradcheck.report import WRONG, Check

#: Half the distance between the two points of a central difference: about the cube root of float64's
#: precision, where the error of the formula, h², meets the error of rounding, 1e-16 / h.
STEP = 1e-5

#: Shares of the function's value. An error is relative to at least the first, because the relative errors of tiny
#: gradients are rounding errors. A derivative below the second is taken to be 0.
FLOOR, ROUNDING = 1e-4, 1e-9

#: The function has a kink if the slopes on the two sides differ by more than this, relative to the largest slope.
KINK = 1e-2

#: The largest curvature of a function without a kink, relative to its value: its slopes differ by the step times this.
CURVATURE = 5


@dataclass(frozen=True)
class Slopes:
    """Slopes of a function in several directions: central differences, and the slopes to the left and to the right."""

    value: float
    left: FloatArray
    right: FloatArray
    central: FloatArray

    @classmethod
    def along(cls, array: FloatArray, directions: Sequence[Any], value: Callable[[], float]) -> Self:
        """Return the slopes of ``value()`` as an array moves along directions: arrays of its shape, or indices."""
        middle = value()
        points = np.array([_on_both_sides(array, direction, value) for direction in directions]).reshape(-1, 2)
        below, above = points.T
        return cls(middle, (middle - below) / STEP, (above - middle) / STEP, (above - below) / (2 * STEP))

    @property
    def at_kink(self) -> NDArray[np.bool_]:
        """For each direction, whether the slopes on the two sides differ."""
        largest, curvature = float(np.abs(self.central).max(initial=0)), CURVATURE * abs(self.value)
        kinks: NDArray[np.bool_] = np.abs(self.right - self.left) > KINK * largest + STEP * curvature
        return kinks

    def judge(self, name: str, shape: tuple[int, ...], analytic: FloatArray, problem: str = "") -> Check:
        """Compare the gradient that backward computed in these directions with the slopes."""
        if not (np.isfinite(self.central).all() and np.isfinite(analytic).all()):
            return Check(name, shape, float("inf"), float("nan"), problem=problem)
        largest = float(np.abs(self.central).max(initial=0))
        scale = max(largest, float(np.abs(analytic).max(initial=0)), FLOOR * abs(self.value))
        between = np.clip(analytic, np.minimum(self.left, self.right), np.maximum(self.left, self.right))
        numeric = np.where(self.at_kink, between, self.central)
        error = float(np.abs(analytic - numeric).max() / scale) if scale > 0 else 0.0
        if largest <= ROUNDING * abs(self.value) or not numeric.any():
            return Check(name, shape, error, float("nan"), problem=problem)
        ratio = float(analytic @ numeric) / float(numeric @ numeric)
        proportional = bool(np.abs(analytic - ratio * numeric).max() <= 1e-4 * scale)
        return Check(name, shape, error, ratio, proportional, problem)


def compare(
    name: str,
    array: FloatArray,
    gradient: FloatArray,
    value: Callable[[], float],
    entries: int | None,
    *,
    problem: str = "",
) -> Check:
    """Check the gradient of ``value()`` with respect to an array, entry by entry."""
    count = array.size if entries is None else min(entries, array.size)
    picked = np.linspace(0, array.size - 1, count).astype(int)
    places = [np.unravel_index(i, array.shape) for i in picked]
    return Slopes.along(array, places, value).judge(name, array.shape, gradient.reshape(-1)[picked], problem)


def may_be_kink(check: Check) -> bool:
    """Whether a gradient is wrong by so little that a kink within a step, too small to be seen as one, may be why."""
    return WRONG < check.error <= KINK and not check.problem


def _on_both_sides(array: FloatArray, direction: Any, value: Callable[[], float]) -> tuple[float, float]:
    """Return ``value()`` one step back and one step forward, along a direction or in the entry at an index."""
    place, move = (direction, 1.0) if isinstance(direction, tuple) else (..., direction)
    kept = np.array(array[place])
    array[place] = kept - STEP * move
    below = value()
    array[place] = kept + STEP * move
    above = value()
    array[place] = kept
    return below, above
