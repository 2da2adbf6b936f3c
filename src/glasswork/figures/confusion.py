"""confusion: which digit is taken for which, a row for the true one, a column for the guess."""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from glasswork.errors import InputError
from glasswork.figures.checks import whole_numbers
from glasswork.figures.style import (
    BODY,
    FAINT,
    HEADING,
    INK,
    MARGIN,
    MUTED,
    PAPER,
    SMALL,
    TOP,
    heading,
    new_figure,
    place,
)

CELL, LEFT, RIGHT, ABOVE, BOTTOM = 0.62, 0.7, 1.05, 0.3, 0.9
RIGHT_ONES, MISTAKES = "#dcebf5", (PAPER, "#fdd9b5", "#f08a3c", "#a33c00")


def confusion(matrix: ArrayLike, *, title: str | None = None) -> Figure:
    """Draw a table of confusions, in which the mistakes are what one sees.

    Parameters
    ----------
    matrix : (classes, classes) integers
        Row t, column p: how many images of class t were taken for p.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure
        Mistakes are coloured by their own scale, what is right is in one pale colour; beside each row
        is the part of it that is right.

    Raises
    ------
    InputError
        If the matrix is not square, or holds anything but counts.
    """
    counts = whole_numbers(matrix, "confusion", "counts")
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or len(counts) < 2:
        raise InputError(f"confusion: expected a square matrix, such as (10, 10), got shape {counts.shape}")
    classes, total, right = len(counts), int(counts.sum()), int(np.trace(counts))
    mistakes = np.ma.masked_array(counts, mask=np.eye(classes, dtype=bool))
    most = max(int(mistakes.max()), 1)
    colours = LinearSegmentedColormap.from_list("mistakes", MISTAKES).with_extremes(bad=RIGHT_ONES)

    side = classes * CELL
    width = max(6.4, 2 * MARGIN + LEFT + side + RIGHT)
    figure = new_figure(width, TOP + ABOVE + side + BOTTOM)
    share = f"{right:,} of {total:,} images right ({100 * right / total:.2f}%)" if total else "no images"
    heading(figure, title or "Which digit is taken for which", f"{share}; the darker the orange, the more mistakes")
    axes = place(figure, (width + LEFT - RIGHT - side) / 2, BOTTOM, side, side)
    axes.imshow(mistakes, cmap=colours, norm=Normalize(0, most), interpolation="nearest", aspect="auto")
    axes.spines[:].set_visible(False)
    axes.set_xticks(np.arange(classes), [str(k) for k in range(classes)], fontsize=HEADING, color=INK)
    axes.set_yticks(np.arange(classes), [str(k) for k in range(classes)], fontsize=HEADING, color=INK)
    axes.set_xticks(np.arange(classes + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(classes + 1) - 0.5, minor=True)
    axes.grid(which="minor", color=FAINT, linewidth=0.8)
    axes.tick_params(which="both", length=0, pad=7)
    axes.set_xlabel("predicted digit", fontsize=BODY, color=MUTED, labelpad=6)
    axes.set_ylabel("true digit", fontsize=BODY, color=MUTED, labelpad=6)

    size = BODY if counts.max() < 100_000 else 7.0
    for (t, p), count in np.ndenumerate(counts):
        colour = INK if t == p else PAPER if count > 0.75 * most else INK
        if count or t == p:
            axes.text(
                p,
                t,
                str(count),
                ha="center",
                va="center",
                fontsize=size,
                color=colour,
                fontweight="bold" if t == p else "normal",
            )
    for t, row in enumerate(counts):
        share = f"{100 * row[t] / row.sum():.1f}%" if row.sum() else "no image"
        axes.text(classes - 0.35, t, share, va="center", fontsize=BODY, color=INK if row.sum() else MUTED)
    axes.text(classes - 0.35, -0.68, "right", fontsize=SMALL, color=MUTED)
    return figure
