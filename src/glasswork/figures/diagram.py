"""diagram: the textbook drawing of a network, columns of neurons with lines for the weights between them.

input 784 ──39,200 weights + 50 biases── hidden 50, sigmoid ──500 weights + 10 biases── output 10, sigmoid
"""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection, LineCollection

from glasswork.figures.checks import class_names, image_shape, times
from glasswork.figures.figure import Picture, picture
from glasswork.figures.sources import Column, Model, columns, feature_names, model_shape
from glasswork.figures.style import (
    BLUE,
    BODY,
    GREEN,
    HEADING,
    INK,
    MARGIN,
    MUTED,
    ORANGE,
    PAPER,
    SMALL,
    TOP,
    fit,
    fit_names,
    heading,
    new_figure,
    one_line,
    place,
)

PITCH, RADIUS, ALL = 0.36, 0.13, 10
ABOVE, LINE, BELOW, SIDE, NAME = 0.3, 0.2, 1.0, 0.95, 1.5

Point = tuple[float, float]


@picture
def diagram(model: Model, *, shape: tuple[int, ...] | None = None, classes: Sequence[str] | None = None) -> Picture:
    """Draw a network: some neurons of each layer, the weights between them, and the number of parameters.

    Parameters
    ----------
    model : MLP
    shape : (height, width), or (height, width, 3) in colour, optional
        The shape of the input image; by default a square, if the number of pixels is one.
    classes : sequence of str, optional
        The names of the outputs; numbers from 0 by default.

    Returns
    -------
    Picture
        Layers with more than ten neurons are shortened, and the gap states how many are left out. A wider layer is
        drawn taller.

    Raises
    ------
    InputError
        If the model has no linear layers, or shape or classes do not fit it.
    """
    layers = columns(model, "diagram")
    sizes = [layers[0].weight.shape[0], *(layer.weight.shape[1] for layer in layers)]
    shape = None if feature_names(model) else model_shape(sizes[0], shape)
    if shape is not None:
        image_shape(sizes[0], shape, "diagram")
    names = class_names(classes, sizes[-1], "diagram")
    spacing = 2.7 if len(sizes) <= 4 else 2.1
    across = spacing * (len(sizes) - 1)
    counts = [_counts(layer) for layer in layers]
    above = ABOVE + LINE * max(map(len, counts))
    tall = max(_height(size) for size in sizes)
    written, widest = fit_names(_shown(names), HEADING, NAME)
    right = max(SIDE, 0.25 + widest)
    width, height = max(7.2, 2 * MARGIN + SIDE + across + right), TOP + above + tall + BELOW
    figure = new_figure(width, height)
    shortened = "; not every neuron and weight is drawn" if max(sizes) > ALL else ""
    title = f"The network {'–'.join(map(str, sizes))}"
    heading(figure, title, f"{_total(layers):,} numbers to learn{shortened}")

    axes = place(figure, 0, 0, width, height)
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.axis("off")
    left = (width - across + SIDE - right) / 2
    drawn = [_neurons(size, left + spacing * i, BELOW + tall / 2) for i, size in enumerate(sizes)]
    for i, lines in enumerate(counts):
        _draw_weights(axes, drawn[i], drawn[i + 1])
        middle = left + spacing * (i + 0.5)
        axes.text(
            middle, height - TOP - 0.05, "\n".join(lines), fontsize=SMALL, color=MUTED, ha="center", va="top",
            linespacing=1.35,
        )  # fmt: skip
    for i, neurons in enumerate(drawn):
        colour = BLUE if i == 0 else ORANGE if i == len(layers) else GREEN
        _draw_neurons(axes, neurons, colour)
        _describe(axes, left + spacing * i, _words(i, sizes, layers, shape), spacing - 0.12)
    _name_outputs(axes, drawn[-1], written)
    return figure


# Text -----------------------------------------------------------------------------------------------


def _counts(layer: Column) -> list[str]:
    """Return the parameters of a layer, one line for each kind."""
    kinds = [(layer.weight.size, "weights"), (layer.biases, "biases"), *layer.extra]
    lines = [f"{size:,} {_singular(word) if size == 1 else word}" for size, word in kinds if size]
    return [lines[0], *(f"+ {line}" for line in lines[1:])]


def _singular(word: str) -> str:
    return "bias" if word == "biases" else word.removesuffix("s")


def _total(layers: Sequence[Column]) -> int:
    return sum(layer.weight.size + layer.biases + sum(size for size, _ in layer.extra) for layer in layers)


def _words(i: int, sizes: Sequence[int], layers: Sequence[Column], shape: tuple[int, ...] | None) -> tuple[str, str]:
    """Return the text under a column: its kind and size, and the layers that its sums pass through."""
    if i == 0:
        pixels = [times(shape)] if shape else []
        return f"input {sizes[0]:,}", _arrows([*pixels, *layers[0].before])
    last = i == len(layers)
    steps = _arrows(layers[i - 1].steps)
    return f"{'output' if last else 'hidden'} {sizes[i]:,}", steps or ("logits" if last else "no activation")


def _arrows(steps: Sequence[str]) -> str:
    return " → ".join(step.replace("-", " ") for step in steps)


def _describe(axes: Axes, x: float, words: tuple[str, str], room: float) -> None:
    lines = ((words[0], 0.2, HEADING, BODY, INK), (words[1], 0.48, BODY, 7.0, MUTED))
    for text, below, points, least, colour in lines:
        artist = axes.text(x, BELOW - below, one_line(text), fontsize=points, color=colour, parse_math=False)
        artist.set(ha="center", va="top")
        fit(artist, room, least)


def _shown(names: Sequence[str]) -> list[str]:
    """Return the names of the outputs that are drawn."""
    half = _half(len(names))
    return list(names) if len(names) <= ALL else [*names[:half], *names[-half:]]


def _name_outputs(axes: Axes, neurons: "_Neurons", names: Sequence[str]) -> None:
    """Write the class beside each output that is drawn."""
    for name, (x, y) in zip(names, neurons.places, strict=True):
        axes.text(x + 0.25, y, name, fontsize=HEADING, color=INK, va="center_baseline", parse_math=False)


# Drawing --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Neurons:
    """The neurons of a column that are drawn, from the top down, and how many are not."""

    places: list[Point]
    hidden: int


def _half(size: int) -> int:
    """Return how many neurons of a shortened column are drawn above and below its gap."""
    return 3 + sum(size > limit for limit in (30, 100, 300, 600))


def _height(size: int) -> float:
    rows = size if size <= ALL else 2 * _half(size) + 2
    return PITCH * (rows - 1) + 2 * RADIUS


def _neurons(size: int, x: float, middle: float) -> _Neurons:
    half = _half(size)
    rows = [*range(size)] if size <= ALL else [*range(half), *range(half + 2, 2 * half + 2)]
    return _Neurons([(x, middle + PITCH * (rows[-1] / 2 - row)) for row in rows], size - len(rows))


def _draw_weights(axes: Axes, here: _Neurons, there: _Neurons) -> None:
    lines = [(a, b) for a in here.places for b in there.places]
    axes.add_collection(LineCollection(lines, colors=MUTED, linewidths=0.4, alpha=0.4))


def _draw_neurons(axes: Axes, neurons: _Neurons, colour: str) -> None:
    """Draw a column of circles; its gap states how many are left out."""
    axes.add_collection(
        EllipseCollection(
            2 * RADIUS,
            2 * RADIUS,
            0,
            units="xy",
            offsets=neurons.places,
            offset_transform=axes.transData,
            facecolors=PAPER,
            edgecolors=colour,
            linewidths=1.8,
            zorder=3,
        )
    )
    if neurons.hidden:
        x, middle = neurons.places[0][0], (neurons.places[0][1] + neurons.places[-1][1]) / 2
        axes.text(
            x, middle, f"⋮\n{neurons.hidden:,} more\n⋮", fontsize=SMALL, color=colour, ha="center", va="center",
            linespacing=1.0, zorder=4, bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1.5, "alpha": 0.9},
        )  # fmt: skip
