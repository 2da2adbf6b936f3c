"""Names at the ends of lines, instead of a box that one has to look things up in.

However close the lines end, the names keep apart: each goes as near to its line as the others let it,
and a thin thread in the line's colour leads to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from glasswork.figures.style import BODY, INK, fit

POINTS_PER_INCH = 72.0


@dataclass(frozen=True)
class LineEnd:
    """Where a line ends, in data coordinates, its colour, and what to write there."""

    x: float
    y: float
    colour: str
    text: str


def name_line_ends(axes: Axes, ends: Sequence[LineEnd], room: float) -> None:
    """Write names to the right of axes, whose limits must be set, in a column so many inches wide."""
    figure = axes.get_figure()
    assert figure is not None
    box = axes.get_window_extent()
    inch = figure.dpi / box.width
    gap = 1.35 * BODY / POINTS_PER_INCH * figure.dpi / box.height
    places = [axes.transAxes.inverted().transform(axes.transData.transform((end.x, end.y))) for end in ends]
    heights = keep_apart([y for _, y in places], gap)
    for end, (x, y), height in zip(ends, places, heights, strict=True):
        swatch = [1 + 0.16 * inch, 1 + 0.3 * inch]
        for xs, ys, thick, style in (((x, swatch[0]), (y, height), 1.0, ":"), (swatch, (height, height), 2.5, "-")):
            axes.plot(xs, ys, style, color=end.colour, linewidth=thick, transform=axes.transAxes, clip_on=False)
        text = axes.text(
            1 + 0.36 * inch,
            height,
            end.text,
            transform=axes.transAxes,
            fontsize=BODY,
            color=INK,
            va="center_baseline",
            parse_math=False,
        )
        fit(text, room - 0.5)


def keep_apart(heights: Sequence[float], gap: float) -> list[float]:
    """Move heights between 0 and 1 as little as possible so that any two are a gap apart.

    Neighbours that come too close become a block, which sits where its members would on average
    (isotonic regression by pooling).
    """
    order = sorted(range(len(heights)), key=heights.__getitem__)
    blocks: list[list[float]] = []
    for rank, i in enumerate(order):
        blocks.append([heights[i] - rank * gap])
        while len(blocks) > 1 and _mean(blocks[-2]) > _mean(blocks[-1]):
            last = blocks.pop()
            blocks[-1] += last
    free = max(1 - (len(heights) - 1) * gap, 0.0)
    moved = list(heights)
    starts = [min(max(_mean(block), 0.0), free) for block in blocks for _ in block]
    for rank, (i, start) in enumerate(zip(order, starts, strict=True)):
        moved[i] = start + rank * gap
    return moved


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
