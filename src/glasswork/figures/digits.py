"""digits: the first image of each class, in rows (handout, section 1).

0 1 2 3 4
5 6 7 8 9
"""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from glasswork.arrays import Images
from glasswork.errors import InputError
from glasswork.figures.checks import DIGITS, class_names, image_shape, noun, whole_numbers
from glasswork.figures.style import FAINT, HEADING, INK, MARGIN, MUTED, SMALL, TOP, fit, heading, new_figure, place

MOST = 60
CELL, GAP, CAPTION = 1.5, 0.2, 0.35


def digits(
    images: Images, labels: ArrayLike, *, classes: Sequence[str] = DIGITS, shape: tuple[int, int] | None = None
) -> Figure:
    """Draw the first image of each class, at most of the first 60 classes.

    Parameters
    ----------
    images : (N, height * width) uint8
        Drawn dark on light: 0 is paper, 255 is ink.
    labels : (N,) integers
        Which class each shows; a class that none shows leaves its cell empty, and marked so.
    classes : sequence of str
        The names of the classes; the ten digits by default.
    shape : (height, width), optional
        Of an image; square by default.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If images do not have that shape, labels are of another length, or a label has no class.
    """
    numbers = whole_numbers(labels, "digits", "labels")
    if images.ndim != 2 or numbers.shape != images.shape[:1]:
        raise InputError(
            f"digits: expected images (N, 784) and labels (N,), got shapes {images.shape} and {numbers.shape}"
        )
    if numbers.size and numbers.max() >= len(classes):
        raise InputError(
            f"digits: expected labels from 0 to {len(classes) - 1}, got {numbers.max()}; pass classes, the name of each"
        )
    names = class_names(classes, len(classes), "digits")
    height, width = image_shape(images.shape[1], shape, "digits")

    shown = min(len(names), MOST)
    columns = 5 if shown <= 10 else min(10, math.ceil(math.sqrt(2 * shown)))
    rows = math.ceil(shown / columns)
    tall = CELL * min(max(height / width, 0.25), 4.0)
    across = 2 * MARGIN + columns * CELL + (columns - 1) * GAP
    up = MARGIN + TOP + rows * (CAPTION + tall) + (rows - 1) * GAP
    figure = new_figure(across, up)
    title = f"The first image of each {noun(names)}"
    title += f": {shown} of {len(names):,} classes" if shown < len(names) else ""
    heading(figure, title, f"among {len(images):,} images of {height} × {width} pixels")
    for k, name in enumerate(names[:shown]):
        row, column = divmod(k, columns)
        bottom = up - TOP - (row + 1) * (CAPTION + tall) - row * GAP
        axes = place(figure, MARGIN + column * (CELL + GAP), bottom, CELL, tall)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_color(FAINT)
        found = np.flatnonzero(numbers == k)
        if found.size:
            pixels = images[found[0]].reshape(height, width)
            axes.imshow(pixels, cmap="Greys", vmin=0, vmax=255, interpolation="nearest", aspect="auto")
        else:
            axes.text(0.5, 0.5, "absent", transform=axes.transAxes, ha="center", va="center", color=MUTED)
        _caption(axes, name, f"row {found[0]:,}" if found.size else "no image", above=0.075 / tall)
    return figure


def _caption(axes: Axes, name: str, note: str, *, above: float) -> None:
    """Write the name of a class over a cell, and on the right, small, a note."""
    beside = axes.text(1, 1 + above, note, transform=axes.transAxes, fontsize=SMALL, color=MUTED, ha="right")
    text = axes.text(0, 1 + above, name, transform=axes.transAxes, fontsize=HEADING, fontweight="bold", color=INK)
    text.set_parse_math(False)
    figure = axes.get_figure()
    assert figure is not None
    fit(text, CELL - beside.get_window_extent().width / figure.dpi - 0.08)
