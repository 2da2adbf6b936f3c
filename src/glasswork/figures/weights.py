"""weights: what each hidden neuron looks for, its incoming weights as an image.

linear1.weight (784, hidden) ── column i ──► 28 × 28: red where ink excites neuron i, blue where ink inhibits it
in colour (2352, hidden)     ── column i ──► 28 × 28 for the red of the pixels, beside them for the green and the blue
"""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from numpy.typing import NDArray

from glasswork.figures.checks import finite_numbers, image_shape, times
from glasswork.figures.column_weights import column_weights, strongest
from glasswork.figures.figure import Picture, picture
from glasswork.figures.sources import Model, columns, feature_names
from glasswork.figures.style import FAINT, INK, MARGIN, MUTED, SMALL, TOP, fit, heading, new_figure, place

MOST = 100
BAR, SCALE, GAP, CAPTION, FOOT, LEAST = 0.18, 0.95, 0.1, 0.2, 0.35, 0.8

#: The percentage of the weights that the colour scale covers; the few beyond are as dark as its ends.
COVERED = 99.7

SPECKLE = (
    "speckle is the random start: it stays where pixels are blank in every image, and in neurons that learn little"
)


@picture
def weights(model: Model, *, shape: tuple[int, ...] | None = None) -> Picture:
    """Draw the weights into each neuron of the first layer, or into the 100 strongest if there are more.

    For a network that was trained on a table of features, draw bars by column: the 12 strongest neurons and the 30
    strongest columns. A run and an estimator know that they take a table; for a network from your own loop, set
    ``model.inputs = Inputs(kind="features")`` first.

    Parameters
    ----------
    model : MLP
    shape : (height, width), or (height, width, 3) in colour, optional
        The shape of an image; a grey square by default.

    Returns
    -------
    Picture
        Each neuron has its number, from 0. All share one colour scale, with white at zero. The strongest neurons are
        those whose weights have the largest sum of squares. Weights for images in colour are drawn as three planes side
        by side: from the red, the green and the blue of the pixels.

    Raises
    ------
    InputError
        If the weights are not finite, or do not come from images of that shape.
    """
    weight = finite_numbers(columns(model, "weights")[0].weight, "weights", "weights")
    if (names := feature_names(model)) is not None:
        return column_weights(weight, names)
    shape, hidden = image_shape(weight.shape[0], shape, "weights"), weight.shape[1]
    high, wide = _side_by_side(weight[:, 0], shape).shape
    shown = strongest(weight, MOST)
    limit = float(np.percentile(np.abs(weight[:, shown]), COVERED) or np.abs(weight[:, shown]).max()) or 1.0

    across = min(len(shown), math.ceil(math.sqrt(2 * len(shown))), 10 if len(shape) == 2 else 5)
    rows = math.ceil(len(shown) / across)
    cell = {1: 3.0, 2: 2.4, 3: 2.0, 4: 1.6, 5: 1.4}.get(across, 0.95 if across == 10 else 1.1)
    tall = (cell - GAP) * min(max(high / wide, 0.25), 4.0)
    grid = (across * cell, rows * (tall + CAPTION))
    width = max(7.6, 2 * MARGIN + grid[0] + SCALE)
    figure = new_figure(width, TOP + max(grid[1], LEAST) + FOOT + MARGIN)
    heading(figure, _title(hidden), _story(model, shape))
    left = (width - grid[0] - SCALE) / 2
    bottom = MARGIN + FOOT + max(LEAST - grid[1], 0) / 2
    axes = place(figure, left, bottom, *grid)
    axes.set(xlim=(0, grid[0]), ylim=(grid[1], 0))
    axes.axis("off")
    norm = Normalize(-limit, limit)
    for cell_number, i in enumerate(shown):
        row, column = divmod(cell_number, across)
        x, y = column * cell, row * (tall + CAPTION) + CAPTION
        pixels = _side_by_side(weight[:, i], shape)
        box = (x, x + cell - GAP, y + tall, y)
        axes.imshow(
            pixels,
            cmap="RdBu_r" if len(shape) == 2 else "PuOr_r",
            norm=norm,
            extent=box,
            interpolation="nearest",
            aspect="auto",
        )
        axes.text(x, y - 0.04, str(i), fontsize=7.5, color=MUTED, va="bottom")
    _draw_scale(figure, axes, limit, left + grid[0] + 0.1, bottom, grid[1])
    note = figure.text(MARGIN / width, 0.3 / figure.get_figheight(), SPECKLE, fontsize=SMALL, color=MUTED)
    fit(note, width - 2 * MARGIN, least=7.0)
    return figure


def _side_by_side(values: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return weights as an image; of three planes, as three images with empty columns (NaN) between them."""
    image = values.reshape(shape)
    if len(shape) == 2:
        return image
    gap = np.full((shape[0], max(1, round(shape[1] / 12))), np.nan)
    return np.hstack([image[..., 0], gap, image[..., 1], gap, image[..., 2]])


def _story(model: Model, shape: tuple[int, ...]) -> str:
    """Return what the colours mean, in words."""
    reading = getattr(getattr(model, "inputs", None), "reading", None)
    if len(shape) == 3:
        planes = f"its weights from the red, the green and the blue of {shape[0]} × {shape[1]} pixels, side by side"
        return f"{planes}: light on orange excites it, light on purple inhibits it"
    word = "light" if getattr(reading, "polarity", "light on dark") != "light on dark" else "ink"
    return f"the weights from {times(shape)}: {word} on red excites it, {word} on blue inhibits it"


def _title(hidden: int) -> str:
    if hidden == 1:
        return "What one neuron looks for"
    if hidden <= MOST:
        return f"What the {hidden} neurons of the first layer look for"
    return f"What the {MOST} strongest of {hidden:,} neurons look for"


def _draw_scale(figure: Picture, axes: Axes, limit: float, left: float, bottom: float, high: float) -> None:
    """Draw the colour scale beside the grid."""
    length = min(max(high - CAPTION, LEAST), 3.2)
    bar_axes = place(figure, left, bottom + (high - CAPTION - length) / 2, BAR, length)
    bar = figure.colorbar(axes.images[0], cax=bar_axes, ticks=[-limit, 0, limit], extend="both", extendfrac=0.04)
    bar.outline.set_edgecolor(FAINT)
    bar_axes.tick_params(labelsize=SMALL, labelcolor=INK, color=FAINT)
    bar_axes.set_yticks([-limit, 0, limit], [f"−{limit:.2g}", "0", f"+{limit:.2g}"])
