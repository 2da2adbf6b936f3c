"""The four figures of the classwork: the network, the three sets, forward and backward, the sigmoid."""

import io
from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch
from matplotlib.text import Text

from glasswork.figures import diagram
from glasswork.figures.figure import Picture
from glasswork.figures.style import BLUE, BODY, GREEN, HEADING, INK, MUTED, ORANGE, PAPER, SMALL, new_figure, place
from glasswork.nn import MLP

#: Dots per inch: the figures are about 700 pixels wide, the width of a notebook's text.
_DPI = 100


#: Returns a word in the language of the exercise.
Say = Callable[[str], str]


def network(say: Say, _: dict[str, int]) -> bytes:
    """Return Figure 1, the network 784-50-10, as a PNG."""
    figure = diagram(MLP(784, 50, 10, rng=np.random.default_rng(0)))
    for text in figure.findobj(Text):
        text.set_text(say(text.get_text()))
    return _png(figure)


def three_sets(say: Say, sizes: dict[str, int]) -> bytes:
    """Return Figure 2, the images as one bar of three sets, as a PNG."""
    figure, axes = _canvas(7.2, 1.5)
    left = 0.3
    for name, images, colour, use in (
        ("training", sizes["train"], BLUE, "learn from these"),
        ("validation", sizes["valid"], ORANGE, "after each epoch"),
        ("test", sizes["test"], GREEN, "at the end"),
    ):
        width = 6.6 * images / sum(sizes.values())
        axes.barh(0.75, width - 0.04, 0.5, left=left, color=colour, align="center")
        middle = left + (width - 0.04) / 2
        narrow = name == "validation"  # its words are wider than its bar, and end where it ends
        x, side = (left + width - 0.04, "right") if narrow else (middle, "center")
        axes.text(x, 1.12, say(name), fontsize=HEADING, color=INK, ha=side)
        axes.text(middle, 0.75, f"{images:,}", fontsize=SMALL - narrow, color=PAPER, ha="center", va="center")
        axes.text(x, 0.25, say(use), fontsize=SMALL, color=MUTED, ha=side)
        left += width
    axes.set(xlim=(0, 7.2), ylim=(0, 1.5))
    return _png(figure)


def flow(say: Say, _: dict[str, int]) -> bytes:
    """Return Figure 3, the shapes on the way forward and on the way back, as a PNG."""
    figure, axes = _canvas(9.6, 2.2)
    names = ("linear1", "act1", "linear2", "act2", "loss")
    keeps = ("input", "output", "input", "output", "pred, target")
    forward = ("x\n(B, 784)", "(B, 50)", "(B, 50)", "(B, 10)", "pred\n(B, 10)")
    backward = ("", "grad_z1", "grad_a1", "grad_z2", "grad_output")
    for i, (name, kept, ahead, back) in enumerate(zip(names, keeps, forward, backward, strict=True)):
        x = 1.0 + 1.78 * i
        colour = ORANGE if name == "loss" else BLUE if name.startswith("linear") else GREEN
        axes.add_patch(_box(x, colour))
        axes.text(x + 0.46, 1.4, name, fontsize=HEADING, color=INK, ha="center", va="center")
        axes.text(x + 0.46, 0.42, f"{say('keeps')}\n{kept}", fontsize=SMALL, color=MUTED, ha="center", va="center")
        _arrow(axes, x - 0.82, x - 0.04, 1.55, INK)
        axes.text(x - 0.43, 1.65, ahead, fontsize=SMALL, color=INK, ha="center", va="bottom")
        if back:
            _arrow(axes, x - 0.04, x - 0.82, 1.18, ORANGE)
            axes.text(x - 0.43, 1.06, back, fontsize=SMALL, color=ORANGE, ha="center", va="top")
    axes.text(9.12, 1.4, say("error"), fontsize=SMALL, color=INK, va="center")
    return _png(figure)


def sigmoid(say: Say, _: dict[str, int]) -> bytes:
    """Return Figure 4, the sigmoid and its derivative, as a PNG."""
    figure = new_figure(7.2, 2.7)
    axes = place(figure, 0.6, 0.5, 4.9, 2.0)
    z = np.linspace(-6, 6, 241)
    value = 1 / (1 + np.exp(-z))
    for curve, colour, name in ((value, BLUE, "sigmoid"), (value * (1 - value), ORANGE, "its derivative")):
        axes.plot(z, curve, color=colour, linewidth=2)
        axes.text(6.2, curve[-1], say(name), fontsize=BODY, color=colour, va="center")
    axes.set(xlim=(-6, 6), ylim=(-0.05, 1.05), xticks=range(-6, 7, 2), yticks=(0, 0.25, 0.5, 1))
    axes.grid(color=MUTED, alpha=0.2)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=SMALL, colors=MUTED)
    axes.set_xlabel("z", fontsize=BODY, color=MUTED)
    return _png(figure)


#: The figures by the names that the template gives them.
FIGURES: dict[str, Callable[[Say, dict[str, int]], bytes]] = {
    "network": network,
    "split": three_sets,
    "flow": flow,
    "sigmoid": sigmoid,
}


def _canvas(width: float, height: float) -> tuple[Picture, Axes]:
    """Return an empty figure, and axes over all of it whose unit is an inch."""
    figure = new_figure(width, height)
    axes = place(figure, 0, 0, width, height)
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.axis("off")
    return figure, axes


def _box(x: float, colour: str) -> FancyBboxPatch:
    return FancyBboxPatch(
        (x, 0.95), 0.92, 0.9, boxstyle="round,pad=0,rounding_size=0.1", facecolor=PAPER, edgecolor=colour, linewidth=2
    )


def _arrow(axes: Axes, start: float, end: float, y: float, colour: str) -> None:
    axes.annotate("", (end, y), (start, y), arrowprops={"arrowstyle": "->", "color": colour, "linewidth": 1.5})


def _png(figure: Picture) -> bytes:
    """Return a figure as the bytes of a PNG file, the same at every call."""
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=_DPI, metadata={"Software": None})
    return content.getvalue()
