"""ladder: what each change to an experiment gained, from the first rung at the top to the last."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from glasswork.errors import InputError
from glasswork.figures.figure import Picture, picture
from glasswork.figures.style import BLUE, BODY, FAINT, INK, MARGIN, MUTED, SMALL, TOP, heading, new_figure, place

CHANGES, PANEL, GAINS, ROW, FOOT = 4.4, 4.6, 3.0, 0.42, 0.6
_TICKS = (80, 50, 30, 20, 15, 10, 8, 6, 5, 4, 3, 2, 1.5, 1, 0.8, 0.6, 0.5, 0.4, 0.3)


@picture
def ladder(
    changes: Sequence[str], accuracies: Sequence[Sequence[float]], gains: Sequence[str], *, title: str
) -> Picture:
    """Draw the accuracies of a ladder's rungs: a dot per seed, and a bar at their mean if there are several.

    Accuracies are spaced by the logarithm of the error: halving the errors is the same distance from 90 to 95 % as from
    98 to 99 %.

    Parameters
    ----------
    changes : sequence of str
        What each rung changes, from the first on.
    accuracies : sequence of sequences of float
        Test accuracy in percent, for each seed of each rung.
    gains : sequence of str
        The text beside each rung's mean.
    title : str

    Returns
    -------
    Picture

    Raises
    ------
    InputError
        If the ladder is empty, the three sequences have different lengths, or an accuracy is not from 0 to below 100.
    """
    flat = [accuracy for seeds in accuracies for accuracy in seeds]
    if not changes or len({len(changes), len(accuracies), len(gains)}) > 1 or not all(accuracies):
        raise InputError(
            "ladder: expected a change, accuracies and words for each rung, "
            f"got {len(changes)}, {len(accuracies)} and {len(gains)}"
        )
    if not all(0 <= accuracy < 100 for accuracy in flat):
        raise InputError(f"ladder: expected accuracies from 0 to below 100 %, got {min(flat)} to {max(flat)}")
    high = ROW * len(changes)
    figure = new_figure(2 * MARGIN + CHANGES + PANEL + GAINS, TOP + high + FOOT)
    several = max(map(len, accuracies)) > 1
    heading(
        figure,
        title,
        ("a dot for each seed, a bar at their mean" if several else "one seed: a dot for each rung")
        + "; further right is better; each rung keeps all the changes above it",
    )
    axes = place(figure, MARGIN + CHANGES, FOOT, PANEL, high)
    axes.set_xscale("log")
    axes.set_xlim(max(100 - a for a in flat) * 1.12, min(100 - a for a in flat) / 1.12)
    axes.set_ylim(len(changes) - 0.5, -0.5)
    axes.xaxis.set_major_locator(FixedLocator(_ticks(*sorted(axes.get_xlim()))))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda error, _: f"{100 - error:.4g}%"))
    axes.set_xlabel("test accuracy, spaced by the logarithm of the remaining errors", fontsize=BODY, color=MUTED)
    axes.set_yticks([])
    axes.tick_params(labelsize=SMALL, colors=MUTED, length=0)
    axes.grid(axis="x", color=FAINT, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_visible(False)
    dots: dict[str, Any] = {"markersize": 5, "alpha": 0.45} if several else {"markersize": 7}
    for row, (change, seeds, words) in enumerate(zip(changes, accuracies, gains, strict=True)):
        errors = 100 - np.asarray(seeds, dtype=np.float64)
        axes.plot(errors, [row] * len(errors), "o", color=BLUE, markeredgewidth=0, **dots)
        if len(errors) > 1:  # over a single dot a bar would hide it
            axes.plot([errors.mean()] * 2, [row - 0.28, row + 0.28], color=BLUE, linewidth=2.5, solid_capstyle="butt")
        beside: dict[str, Any] = {
            "fontsize": BODY,
            "va": "center",
            "transform": axes.get_yaxis_transform(),
            "parse_math": False,
        }
        axes.text(-0.03, row, change, ha="right", color=INK, **beside)
        axes.text(1.03, row, f"{100 - errors.mean():.2f}%", ha="left", color=INK, **beside)
        axes.text(1.2, row, words, ha="left", color=MUTED, **beside)
    return figure


def _ticks(low: float, high: float) -> list[float]:
    """Return the round errors of a range that are far enough from each other to be labelled."""
    ticks: list[float] = []
    for tick in _TICKS:
        if low <= tick <= high and (not ticks or math.log(ticks[-1] / tick) > 0.1 * math.log(high / low)):
            ticks.append(tick)
    return ticks
