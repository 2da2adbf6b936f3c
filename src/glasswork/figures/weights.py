"""weights: what each hidden neuron looks for, its incoming weights as an image.

weight (784, hidden) ── column i ──► 28 × 28: blue where ink speaks against it, red where ink speaks for it
"""

import math

import numpy as np
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from glasswork.arrays import FloatArray
from glasswork.errors import InputError
from glasswork.figures.checks import finite_numbers, image_shape
from glasswork.figures.style import FAINT, INK, MARGIN, MUTED, SMALL, TOP, heading, new_figure, place

MOST = 100
NUMBERS, BAR, SCALE, GAP, LEAST = 0.6, 0.18, 1.0, 0.08, 0.8

#: Percent of the weights that the scale of colours tells apart; the few beyond are as dark as its ends.
COVERED = 99.7


def weights(weight: FloatArray, *, shape: tuple[int, int] | None = None) -> Figure:
    """Draw the weights into each neuron of the first layer, at most the first 100.

    Parameters
    ----------
    weight : (height * width, hidden)
        Column i is drawn as image i; all share one scale of colours, white at zero.
    shape : (height, width), optional
        Of an image; square by default.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the weights are not finite, or do not come from images of that shape.
    """
    weight = finite_numbers(weight, "weights", "weights")
    if weight.ndim != 2 or 0 in weight.shape:
        raise InputError(f"weights: expected an array (784, hidden) with at least one neuron, got shape {weight.shape}")
    (high, wide), hidden = image_shape(weight.shape[0], shape, "weights"), weight.shape[1]
    shown = min(hidden, MOST)
    limit = float(np.percentile(np.abs(weight[:, :shown]), COVERED) or np.abs(weight[:, :shown]).max()) or 1.0
    norm = Normalize(-limit, limit)

    columns = min(shown, math.ceil(math.sqrt(2 * shown)), 10)
    rows = math.ceil(shown / columns)
    cell = {1: 3.0, 2: 2.4, 3: 2.0, 4: 1.6, 5: 1.4}.get(columns, 0.95 if columns == 10 else 1.1)
    tall = cell * min(max(high / wide, 0.25), 4.0)
    numbers = NUMBERS if rows > 1 else 0.0
    across = numbers + columns * cell + SCALE
    width = max(7.2, 2 * MARGIN + across)
    height = TOP + max(rows * tall, LEAST) + MARGIN
    figure = new_figure(width, height)
    few = f"What {hidden} hidden neurons look for" if hidden > 1 else "What one hidden neuron looks for"
    title = few if hidden <= MOST else f"What the hidden neurons look for: first {MOST} of {hidden:,}"
    heading(figure, title, f"{high} × {wide} weights into each: ink on red excites it, ink on blue inhibits it")
    left = (width - across) / 2 + numbers
    bottom = MARGIN + max(LEAST - rows * tall, 0) / 2
    axes = place(figure, left, bottom, columns * cell, rows * tall)
    for i in range(shown):
        row, column = divmod(i, columns)
        box = (column, column + 1 - GAP, row + 1 - GAP, row)
        pixels = weight[:, i].reshape(high, wide)
        axes.imshow(pixels, cmap="RdBu_r", norm=norm, extent=box, interpolation="nearest", aspect="auto")
        if column == 0 and rows > 1:
            axes.text(-0.12, row + 0.46, f"{i}", fontsize=SMALL, color=MUTED, ha="right", va="center")
    axes.set(xlim=(0, columns), ylim=(rows, 0))
    axes.axis("off")
    if rows > 1:
        axes.text(-0.12, 0.46 - 0.22 / tall, "neuron", fontsize=SMALL, color=MUTED, ha="right", va="center")

    length = min(max((rows - GAP) * tall, LEAST), 3.2)
    bar_axes = place(figure, left + columns * cell + 0.15, bottom + ((rows + GAP) * tall - length) / 2, BAR, length)
    bar = figure.colorbar(axes.images[0], cax=bar_axes, ticks=[-limit, 0, limit], extend="both", extendfrac=0.04)
    bar.outline.set_edgecolor(FAINT)
    bar_axes.tick_params(labelsize=SMALL, labelcolor=INK, color=FAINT)
    bar_axes.set_yticks([-limit, 0, limit], [f"−{limit:.2g}", "0", f"+{limit:.2g}"])
    return figure
