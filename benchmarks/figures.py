"""The two figures of the page, in the look that all pictures of glasswork share."""

from collections.abc import Mapping
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullLocator
from part_growth import AXES, Growth

from glasswork.figures import save
from glasswork.figures.style import BLUE, BODY, FAINT, GREY, INK, MUTED, ORANGE, SMALL, heading, new_figure, place

NAMES = {"torch": "PyTorch", "jax": "JAX", "sklearn": "scikit-learn", "listing": "the listing"}
FIXED = {"width": "batches of 100", "batch": "50 hidden units"}


def draw_results(relative: Mapping[str, Mapping[str, float]], path: Path) -> None:
    """Draw each work's contenders as bars, fastest first: time divided by that of the bare matrix products."""
    bar, gap, left, width = 0.34, 0.6, 1.6, 6.4
    bars = {work: {name: value for name, value in times.items() if name != "floor"} for work, times in relative.items()}
    height = 1.3 + sum(bar * len(times) + gap for times in bars.values())
    most = max(value for times in bars.values() for value in times.values())
    figure = new_figure(left + width + 1.0, height)
    heading(
        figure,
        "Time of an epoch, relative to its matrix products",
        "the floor is the bare products of a step and nothing else; everybody at its better number of threads",
    )
    bottom = height - 0.75
    for work, times in bars.items():
        bottom -= bar * len(times) + gap
        axes = place(figure, left, bottom, width, bar * len(times))
        for y, (name, value) in enumerate(sorted(times.items(), key=lambda pair: -pair[1])):
            colour, weight = (BLUE, "bold") if name == "glasswork" else (GREY, "normal")
            axes.barh(y, value, 0.72, color=colour)
            for x, shift, side, text in ((value, 5, "left", f"{value:.1f}"), (0, -7, "right", NAMES.get(name, name))):
                axes.annotate(
                    text, (x, y), (shift, 0), textcoords="offset points", ha=side, va="center_baseline",
                    fontsize=BODY, color=INK, weight=weight,
                )  # fmt: skip
        axes.axvline(1, color=ORANGE, linewidth=1.4)
        axes.set(xlim=(0, most), ylim=(-0.5, len(times) - 0.5))
        axes.set_title(work, loc="left", fontsize=BODY, color=MUTED, pad=4)
        axes.axis("off")
    axes.annotate(
        "1, the floor", (1, -0.5), (0, -4), textcoords="offset points", ha="center", va="top",
        fontsize=BODY, color=ORANGE,
    )  # fmt: skip
    save(figure, path)


def draw_growth(growth: Mapping[str, Growth], path: Path) -> None:
    """Draw time per image against size, the worst doubling in orange."""
    figure = new_figure(11.0, 4.9)
    heading(
        figure,
        "Microseconds per image of one training step",
        "784-hidden-10, ReLU, cross-entropy, SGD; orange: the doubling that costs most; dotted: exactly double",
    )
    micros = {axis: [1e6 * second for second in of.seconds] for axis, of in growth.items()}
    limits = min(map(min, micros.values())) / 2, max(map(max, micros.values())) * 2.5
    for i, (axis, of) in enumerate(growth.items()):
        axes = place(figure, 0.9 + 5.1 * i, 0.75, 4.5, 2.9)
        axes.plot(of.sizes, micros[axis], "o-", color=BLUE, markersize=4.5, linewidth=1.6)
        worst = slice(of.worst_from, of.worst_from + 2)
        axes.plot(of.sizes[worst], micros[axis][worst], "o-", color=ORANGE, markersize=4.5, linewidth=1.6)
        if axis == "width":
            steep = micros[axis][-1] / of.sizes[-1] / 2
            axes.plot(of.sizes, [steep * size for size in of.sizes], ":", color=MUTED, linewidth=1.2, zorder=0)
        for at, shift, side in ((0, (-4, 9), "left"), (-1, (4, 9), "right")):
            time = micros[axis][at]
            axes.annotate(
                f"{time:,.0f}" if time >= 100 else f"{time:.1f}", (of.sizes[at], time), shift,
                textcoords="offset points", ha=side, fontsize=BODY, color=INK,
            )  # fmt: skip
        axes.set(xscale="log", yscale="log", ylim=limits)
        title = f"{FIXED[axis]}; the worst doubling costs {of.worst:.2f} times"
        axes.set_title(title, loc="left", fontsize=BODY, color=INK)
        axes.set_xlabel(AXES[axis], fontsize=BODY, color=MUTED)
        _quiet(axes, of.sizes[::2])
    save(figure, path)


def _quiet(axes: Axes, marked: list[int]) -> None:
    axes.set_xticks(marked)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axes.tick_params(colors=MUTED, labelsize=SMALL, length=0)
    axes.grid(color=FAINT, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)
