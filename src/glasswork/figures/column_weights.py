"""column_weights: what each hidden neuron looks for in a table, its incoming weights as bars, one per column.

linear1.weight (13, hidden) ── column i ──► 13 bars: to the right where a high value excites neuron i
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from glasswork.figures.figure import Picture
from glasswork.figures.style import (
    BLUE,
    BODY,
    FAINT,
    INK,
    MARGIN,
    MUTED,
    ORANGE,
    SMALL,
    TOP,
    fit_names,
    heading,
    new_figure,
    place,
)

#: The most neurons and the most columns that are drawn.
NEURONS, COLUMNS = 12, 30

#: The number of panels side by side; in inches: a panel's width, a bar's height, and the width for the column names.
ACROSS, PANEL, LINE, NAMES = 4, 1.7, 0.2, 2.6
GAP, CAPTION = 0.2, 0.45


def column_weights(weight: NDArray[np.float64], names: Sequence[str]) -> Picture:
    """Draw the weights ``(columns, hidden)`` of the first layer; `glasswork.figures.weights` says more."""
    neurons = strongest(weight, NEURONS)
    rows = sorted(strongest(weight.T, COLUMNS))
    shown = weight[np.ix_(rows, neurons)]
    limit = float(np.abs(shown).max()) or 1.0

    across = min(len(neurons), ACROSS)
    down = -(-len(neurons) // across)
    written, widest = fit_names([names[row] for row in rows], SMALL, NAMES)
    tall = LINE * len(rows)
    width = max(7.2, 2 * MARGIN + widest + 0.1 + across * (PANEL + GAP))
    figure = new_figure(width, MARGIN + TOP + down * (CAPTION + tall))
    heading(figure, _title(len(neurons), weight.shape[1]), _story(len(rows), len(weight)))
    positions = np.arange(len(rows))
    for k, neuron in enumerate(neurons):
        row, column = divmod(k, across)
        left = MARGIN + widest + 0.1 + column * (PANEL + GAP)
        axes = place(figure, left, MARGIN + (down - row - 1) * (CAPTION + tall), PANEL, tall)
        values = shown[:, k]
        axes.barh(positions, values, height=0.7, color=np.where(values >= 0, ORANGE, BLUE))
        axes.set(xlim=(-limit, limit), ylim=(len(rows) - 0.5, -0.5), xticks=[])
        axes.axvline(0, color=INK, linewidth=0.8)
        axes.spines[:].set_visible(False)
        axes.set_yticks(positions, written if column == 0 else [""] * len(rows), fontsize=SMALL, color=INK)
        for label in axes.get_yticklabels():
            label.set_parse_math(False)
        axes.tick_params(length=0)
        axes.grid(axis="y", color=FAINT, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.set_title(f"neuron {neuron}", fontsize=BODY, color=MUTED, loc="left", pad=4)
    return figure


def strongest(weight: NDArray[np.float64], most: int) -> list[int]:
    """Return the columns to draw: all in order or, if too many, those with the largest sums of squares first."""
    if weight.shape[1] <= most:
        return list(range(weight.shape[1]))
    return [int(i) for i in np.argsort(-np.square(weight).sum(axis=0), kind="stable")[:most]]


def _title(shown: int, hidden: int) -> str:
    if shown == hidden:
        return f"What the {hidden} neurons of the first layer look for" if hidden > 1 else "What one neuron looks for"
    return f"What the {shown} strongest of {hidden:,} neurons look for"


def _story(shown: int, inputs: int) -> str:
    which = f"{inputs} columns" if shown == inputs else f"the {shown} strongest of {inputs:,} columns"
    return f"the weights from {which}: orange excites it when the value is high, blue inhibits it"
