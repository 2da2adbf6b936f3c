"""The figure of the page, in the look that all pictures of glasswork share."""

from collections.abc import Mapping
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator
from part_using import AXES, Growth

from glasswork.figures import save
from glasswork.figures.style import BLUE, BODY, FAINT, GREY, INK, MUTED, ORANGE, SMALL, heading, new_figure, place

OURS = {"NumPy engine": "glasswork, NumPy", "compiled engine": "glasswork, compiled"}
COLOURS = {"NumPy": GREY, "compiled": BLUE}
FIXED = {"width": "batches of 100", "batch": "50 hidden units"}
BAR, GAP, LEFT, WIDTH, GROWTH = 0.34, 0.6, 2.1, 7.8, 3.7


def draw(relative: Mapping[str, Mapping[str, float]], growth: Mapping[str, Mapping[str, Growth]], path: Path) -> None:
    """Draw each work's contenders as bars, fastest first, and below how a step's time grows."""
    bars = 1.3 + sum(BAR * len(times) + GAP for times in relative.values())
    height = bars + (GROWTH if growth else 0.0)
    figure = new_figure(LEFT + WIDTH + 1.1, height)
    heading(
        figure,
        "Time of an epoch, relative to its matrix products",
        "the floor, 1, is the bare products of a step in NumPy and nothing else; peers at their better number of "
        "threads",
    )
    bottom = height - 0.75
    most = max((value for times in relative.values() for value in times.values()), default=1.0)
    for work, times in relative.items():
        bottom -= BAR * len(times) + GAP
        _bars(place(figure, LEFT, bottom, WIDTH, BAR * len(times)), work, times, most)
    if growth:
        _growth(figure, growth)
    save(figure, path)


def _bars(axes: Axes, work: str, times: Mapping[str, float], most: float) -> None:
    for y, (name, value) in enumerate(sorted(times.items(), key=lambda pair: -pair[1])):
        weight = "bold" if name in OURS else "normal"
        axes.barh(y, value, 0.72, color=BLUE if name in OURS else GREY)
        for x, shift, side, text in ((value, 5, "left", f"{value:.2f}"), (0, -7, "right", OURS.get(name, name))):
            axes.annotate(
                text, (x, y), (shift, 0), textcoords="offset points", ha=side, va="center_baseline",
                fontsize=BODY, color=INK, weight=weight,
            )  # fmt: skip
    axes.axvline(1, color=ORANGE, linewidth=1.4)
    axes.set(xlim=(0, most), ylim=(-0.5, len(times) - 0.5))
    axes.set_title(work, loc="left", fontsize=BODY, color=MUTED, pad=4)
    axes.axis("off")


def _growth(figure: Figure, growth: Mapping[str, Mapping[str, Growth]]) -> None:
    micros = [1e6 * second for engines in growth.values() for of in engines.values() for second in of.seconds]
    for i, (axis, engines) in enumerate(growth.items()):
        axes = place(figure, 0.9 + 5.3 * i, 0.75, 4.6, 2.5)
        for name, of in engines.items():
            times = [1e6 * second for second in of.seconds]
            axes.plot(of.sizes, times, "o-", color=COLOURS[name], markersize=4, linewidth=1.6)
        rising = axis == "width"  # so the upper left is empty, else the upper right
        for y, (name, of) in zip((0.93, 0.83), engines.items(), strict=False):
            axes.text(
                0.03 if rising else 0.97, y, f"{name}: the worst doubling costs {of.worst:.2f} times",
                transform=axes.transAxes, ha="left" if rising else "right", va="center", fontsize=SMALL,
                color=MUTED if name == "NumPy" else COLOURS[name],
            )  # fmt: skip
        axes.set(xscale="log", yscale="log", ylim=(min(micros) / 2.5, max(micros) * 2.5))
        axes.set_title(f"µs per image of a step; {FIXED[axis]}", loc="left", fontsize=BODY, color=INK)
        axes.set_xlabel(AXES[axis], fontsize=BODY, color=MUTED)
        axes.set_xticks(next(iter(engines.values())).sizes[::2])
        for scale in (axes.xaxis, axes.yaxis):
            scale.set_minor_locator(NullLocator())
            scale.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
        axes.tick_params(colors=MUTED, labelsize=SMALL, length=0)
        axes.grid(color=FAINT, linewidth=0.7)
        axes.set_axisbelow(True)
        axes.spines[:].set_visible(False)
