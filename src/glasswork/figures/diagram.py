"""diagram: the textbook's picture of a network, columns of neurons with a line for every weight.

input 784 ──39,200 weights + 50 biases── hidden 50, sigmoid ──500 weights + 10 biases── output 10, sigmoid
"""

from collections.abc import Sequence
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection, LineCollection
from matplotlib.figure import Figure

from glasswork.errors import InputError
from glasswork.figures.checks import class_names, image_shape, whole_numbers
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
    heading,
    new_figure,
    one_line,
    place,
)

PITCH, RADIUS, ALL = 0.36, 0.13, 10
ABOVE, BELOW, SIDE = 0.75, 1.0, 0.95


def diagram(
    sizes: Sequence[int],
    activations: Sequence[str | None],
    *,
    batch_norm: bool = False,
    shape: tuple[int, int] | None = None,
    classes: Sequence[str] | None = None,
) -> Figure:
    """Draw a network: some neurons of each layer, all between them, and what there is to learn.

    Parameters
    ----------
    sizes : sequence of int
        Neurons of each layer, the input first: ``[784, 50, 10]``.
    activations : sequence of str or None
        One for each layer after the input: ``["sigmoid", "sigmoid"]``; None is a layer that leaves
        its sums as they are, whose outputs are called logits.
    batch_norm : bool
        Whether each hidden neuron has a scale and a shift to learn as well.
    shape : (height, width), optional
        Of the image that is the input.
    classes : sequence of str, optional
        What the outputs stand for; up to ten are named.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If there are fewer than two layers, one is empty, or activations do not fit them.
    """
    sizes = [int(size) for size in whole_numbers(sizes, "diagram", "sizes")]
    if len(sizes) < 2 or min(sizes) < 1 or len(activations) != len(sizes) - 1:
        raise InputError(
            "diagram: expected sizes of at least two layers of 1 neuron or more, and an activation for each but the "
            f"first, got sizes {sizes} and activations {list(activations)}"
        )
    if shape is not None:
        image_shape(sizes[0], shape, "diagram")
    names = class_names(classes, sizes[-1], "diagram") if classes is not None else ()
    spacing = 2.7 if len(sizes) <= 4 else 2.0
    columns = [_heights(size) for size in sizes]
    tall = max(max(column) - min(column) for column in columns) + 2 * RADIUS
    across = spacing * (len(sizes) - 1)
    width = max(7.2, 2 * MARGIN + 2 * SIDE + across)
    height = TOP + ABOVE + tall + BELOW
    figure = new_figure(width, height)
    pairs = list(pairwise(sizes))
    total = sum(n_in * n_out + n_out for n_in, n_out in pairs)
    story = "a weight for each line, a bias for each neuron after the input"
    if batch_norm:
        total += 2 * sum(sizes[1:-1])
        story = "a weight for each line; for a neuron a bias and, if hidden, a scale and a shift"
    story = f"{total:,} numbers to learn: {story}"
    heading(figure, f"The network {'–'.join(map(str, sizes))}", story)

    axes = place(figure, 0, 0, width, height)
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.axis("off")
    middle, left = BELOW + tall / 2, (width - across) / 2
    xs = [left + spacing * i for i in range(len(sizes))]
    dots = [[(x, middle + y) for y in column] for x, column in zip(xs, columns, strict=True)]
    for (n_in, n_out), (here, there) in zip(pairs, pairwise(dots), strict=True):
        axes.add_collection(
            LineCollection([(a, b) for a in here for b in there], colors=MUTED, linewidths=0.4, alpha=0.45)
        )
        text = f"{n_in * n_out:,} weight{'s' * (n_in * n_out > 1)}\n+ {n_out:,} bias{'es' * (n_out > 1)}"
        axes.text(
            (here[0][0] + there[0][0]) / 2,
            height - TOP - 0.1,
            text,
            fontsize=SMALL,
            color=MUTED,
            ha="center",
            va="top",
            linespacing=1.35,
        )
    for i, (size, neurons) in enumerate(zip(sizes, dots, strict=True)):
        last = i == len(sizes) - 1
        _neurons(axes, neurons, BLUE if i == 0 else ORANGE if last else GREEN, size > len(neurons))
        kind = "input" if i == 0 else "output" if last else "hidden"
        note = (f"{shape[0]} × {shape[1]} pixels" if shape else "") if i == 0 else activations[i - 1] or "logits"
        lines = ((f"{kind} {size:,}", 0.2, HEADING, INK), (one_line(note), 0.48, BODY, MUTED))
        for text, below, points, colour in lines:
            artist = axes.text(xs[i], BELOW - below, text, fontsize=points, color=colour, parse_math=False)
            artist.set(ha="center", va="top")
            fit(artist, spacing - 0.15)
    if len(names) <= ALL:
        for name, (x, y) in zip(names, dots[-1], strict=False):
            artist = axes.text(x + 0.25, y, name, fontsize=HEADING, color=INK, va="center_baseline", parse_math=False)
            fit(artist, width - MARGIN - x - 0.25)
    return figure


def _heights(size: int) -> list[float]:
    """Return where the drawn neurons of a column are, from its top down, around 0."""
    half = 5 if size > 200 else 4
    rows = [float(row) for row in (range(size) if size <= ALL else [*range(half), *range(half + 2, 2 * half + 2)])]
    return [PITCH * (rows[-1] / 2 - row) for row in rows]


def _neurons(axes: Axes, neurons: list[tuple[float, float]], colour: str, more: bool) -> None:
    """Draw a column of circles, with three dots in its middle if there are more than are drawn."""
    axes.add_collection(
        EllipseCollection(
            2 * RADIUS,
            2 * RADIUS,
            0,
            units="xy",
            offsets=neurons,
            offset_transform=axes.transData,
            facecolors=PAPER,
            edgecolors=colour,
            linewidths=1.8,
            zorder=3,
        )
    )
    if more:
        x, middle = neurons[0][0], (neurons[0][1] + neurons[-1][1]) / 2
        axes.plot([x] * 3, [middle - 0.13, middle, middle + 0.13], ".", color=colour, markersize=6, zorder=3)
