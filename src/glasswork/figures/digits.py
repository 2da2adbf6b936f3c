"""digits: the first image of each digit, in two rows of five (handout, section 1).

0 1 2 3 4
5 6 7 8 9
"""

import numpy as np
from matplotlib.figure import Figure

from glasswork.arrays import Images, Labels
from glasswork.errors import InputError
from glasswork.figures.checks import side_of, whole_numbers
from glasswork.figures.style import FAINT, HEADING, INK, MARGIN, MUTED, SMALL, TOP, heading, new_figure, place

CLASSES, COLUMNS = 10, 5
CELL, GAP, CAPTION = 1.5, 0.2, 0.35


def digits(images: Images, labels: Labels) -> Figure:
    """Draw the first image of each of the digits 0 to 9.

    Parameters
    ----------
    images : (N, side * side) uint8
        Square images, dark on light when drawn: 0 is paper, 255 is ink.
    labels : (N,) integers
        Which digit each shows; a digit that none shows leaves its cell empty, and marked so.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If images are not square, labels are of another length, or a label is above 9.
    """
    labels = whole_numbers(labels, "digits", "labels")
    if images.ndim != 2 or labels.shape != images.shape[:1]:
        raise InputError(
            f"digits: expected images (N, 784) and labels (N,), got shapes {images.shape} and {labels.shape}"
        )
    if labels.size and labels.max() >= CLASSES:
        raise InputError(f"digits: expected labels from 0 to {CLASSES - 1}, got {labels.max()}")
    side = side_of(images.shape[1], "digits")

    rows = CLASSES // COLUMNS
    width = 2 * MARGIN + COLUMNS * CELL + (COLUMNS - 1) * GAP
    height = MARGIN + TOP + rows * (CAPTION + CELL) + (rows - 1) * GAP
    figure = new_figure(width, height)
    heading(figure, "The first image of each digit", f"among {len(images):,} images of {side} × {side} pixels")
    for digit in range(CLASSES):
        row, column = divmod(digit, COLUMNS)
        bottom = height - TOP - (row + 1) * (CAPTION + CELL) - row * GAP
        axes = place(figure, MARGIN + column * (CELL + GAP), bottom, CELL, CELL)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_color(FAINT)
        found = np.flatnonzero(labels == digit)
        if found.size:
            pixels = images[found[0]].reshape(side, side)
            axes.imshow(pixels, cmap="Greys", vmin=0, vmax=255, interpolation="nearest", aspect="auto")
        else:
            axes.text(0.5, 0.5, "absent", transform=axes.transAxes, ha="center", va="center", color=MUTED)
        note = f"row {found[0]:,}" if found.size else "no image"
        axes.text(0, 1.05, str(digit), transform=axes.transAxes, fontsize=HEADING, fontweight="bold", color=INK)
        axes.text(1, 1.05, note, transform=axes.transAxes, fontsize=SMALL, color=MUTED, ha="right")
    return figure
