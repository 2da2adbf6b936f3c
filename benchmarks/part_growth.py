"""Does a larger network or a larger batch ever cost more than its size? benchmarks/growth.py is what measures."""

import json
import statistics
import sys
from dataclasses import dataclass
from itertools import pairwise

from processes import HERE, run
from report import Row, ratios

AXES = {"width": "hidden units", "batch": "images in a batch"}
MOST = 2.2


@dataclass(frozen=True)
class Growth:
    """What the figure shows of one axis: median seconds per image at each size, and the worst doubling."""

    sizes: list[int]
    seconds: list[float]
    worst_from: int
    worst: float


def rows(rounds: int) -> tuple[list[Row], dict[str, Growth]]:
    """Return one row an axis, the doubling that costs most, and what the figure shows."""
    measured = json.loads(run([sys.executable, str(HERE / "growth.py"), str(rounds)], threads=2))
    found, growth = [], {}
    for axis, words in AXES.items():
        sizes, seconds = measured[axis]["sizes"], measured[axis]["seconds"]
        worst, values = worst_doubling(seconds)
        name = f"worst doubling of {words}, {sizes[worst]:,} to {sizes[worst + 1]:,}"
        found.append(Row("growth", name, f"growth, {axis}", values, at_most=MOST, note="time per image"))
        growth[axis] = Growth(sizes, [statistics.median(times) for times in seconds], worst, found[-1].value)
    return found, growth


def worst_doubling(seconds: list[list[float]]) -> tuple[int, list[float]]:
    """Return which step from a size to the next costs most, and its ratios, round by round."""
    steps = [ratios(larger, smaller) for smaller, larger in pairwise(seconds)]
    worst = max(range(len(steps)), key=lambda i: statistics.median(steps[i]))
    return worst, steps[worst]
