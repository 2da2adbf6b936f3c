"""Names at the ends of lines, so that no legend is needed.

However close the lines end, the names do not overlap: each is as near to its line as the others allow. A thin thread
connects it with the line, unless the line ends early: then the thread would look like a part of the line.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from glasswork.figures.style import BODY, INK, fit

POINTS_PER_INCH = 72.0

#: A line that ends before this share of the axes has no thread.
NEAR = 0.9


@dataclass(frozen=True)
class LineEnd:
    """The end of a line in data coordinates, its colour, and its name."""

    x: float
    y: float
    colour: str
    text: str


def name_line_ends(axes: Axes, ends: Sequence[LineEnd], room: float) -> None:
    """Write names to the right of axes, whose limits must be set, in a column with this width in inches."""
    box, dpi = axes.get_window_extent(), axes.figure.dpi
    inch = dpi / box.width
    gap = 1.35 * BODY / POINTS_PER_INCH * dpi / box.height
    places = [axes.transAxes.inverted().transform(axes.transData.transform((end.x, end.y))) for end in ends]
    heights = keep_apart([y for _, y in places], gap)
    for end, (x, y), height in zip(ends, places, heights, strict=True):
        swatch = [1 + 0.16 * inch, 1 + 0.3 * inch]
        lines = [(swatch, [height, height], 2.5, "-")]
        if x > NEAR:
            lines.append(([x, swatch[0]], [y, height], 1.0, ":"))
        for xs, ys, thick, dash in lines:
            axes.plot(xs, ys, dash, color=end.colour, linewidth=thick, transform=axes.transAxes, clip_on=False)
        text = axes.text(
            1 + 0.36 * inch, height, end.text, transform=axes.transAxes, fontsize=BODY, color=INK,
            va="center_baseline", parse_math=False,
        )  # fmt: skip
        fit(text, room - 0.5)


def keep_apart(heights: Sequence[float], gap: float) -> list[float]:
    """Move heights between 0 and 1 as little as possible, in squares, so that any two are a gap apart.

    With a gap taken off for each neighbour below, the heights only have to increase: isotonic regression, here by its
    max-min formula (Barlow and others, Statistical Inference under Order Restrictions, 1972), as there are only a few.
    """
    order = np.argsort(heights, kind="stable")
    count = len(order)
    gaps = gap * np.arange(count)
    wanted = np.asarray(heights, np.float64)[order] - gaps
    increasing = [
        max(min(wanted[first:end].mean() for end in range(i + 1, count + 1)) for first in range(i + 1))
        for i in range(count)
    ]
    moved = np.empty(count)
    moved[order] = np.clip(increasing, 0.0, max(1 - float(gaps[-1]), 0.0)) + gaps
    return [float(height) for height in moved]
