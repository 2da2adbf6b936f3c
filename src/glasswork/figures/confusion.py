"""confusion: which class is taken for which, a row for the true one, a column for the predicted one."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from glasswork.errors import InputError
from glasswork.figures.checks import class_names, noun, whole_numbers
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
    fit,
    heading,
    new_figure,
    place,
)

CELL, LEFT, RIGHT, ABOVE, BOTTOM = 0.62, 0.55, 1.05, 0.3, 0.75

#: The side of all cells together, at most, and of a cell that still has room for letters, and for a count.
SIDE, NAMED, COUNTED = 12.4, 0.16, 0.4

#: Inches for the name of a class, at most.
NAME = 1.5
RIGHT_ONES, MISTAKES = "#dcebf5", (PAPER, "#fdd9b5", "#f08a3c", "#a33c00")


def confusion(matrix: ArrayLike, *, classes: Sequence[str] | None = None, title: str | None = None) -> Figure:
    """Draw a table of confusions, in which the mistakes stand out.

    Parameters
    ----------
    matrix : (classes, classes) integers
        Row t, column p: how many images of class t were taken for p.
    classes : sequence of str, optional
        The names of the classes; numbers from 0 by default.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure
        Mistakes are coloured on a scale of their own, correct predictions in one pale colour; beside each row
        is the share of it that is correct. Where there are too many classes for counts, or for names, they
        are left out.

    Raises
    ------
    InputError
        If the matrix is not square, holds anything but counts, or there is not a name for each class.
    """
    counts = whole_numbers(matrix, "confusion", "counts")
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or len(counts) < 2:
        raise InputError(f"confusion: expected a square matrix, such as (10, 10), got shape {counts.shape}")
    names = class_names(classes, len(counts), "confusion")
    total, right = int(counts.sum()), int(np.trace(counts))
    cell = min(CELL, SIDE / len(names))
    letters = min(HEADING, 45 * cell)
    written, widest = _fit_names(names, letters) if cell >= NAMED else ([], 0.0)
    turned = widest > cell - 0.1
    left, bottom = LEFT + widest, BOTTOM + (widest if turned else 0.2)

    side = len(names) * cell
    width = max(6.4, 2 * MARGIN + left + side + RIGHT)
    figure = new_figure(width, TOP + ABOVE + side + bottom)
    share = f"{right:,} of {total:,} images right ({100 * right / total:.2f}%)" if total else "no images"
    title = title or f"Which {noun(names)} is taken for which"
    heading(figure, title, f"{share}; the darker the orange, the more mistakes")
    axes = place(figure, (width + left - RIGHT - side) / 2, bottom, side, side)
    most = _colour_cells(axes, counts)
    if cell >= NAMED:
        _name_rows_and_columns(axes, written, letters, turned=turned)
        _write_shares(axes, counts, cell)
    axes.set_xlabel(f"predicted {noun(names)}", fontsize=BODY, color=MUTED, labelpad=6)
    axes.set_ylabel(f"true {noun(names)}", fontsize=BODY, color=MUTED, labelpad=6)
    if cell >= COUNTED:
        _write_counts(axes, counts, most, cell)
    return figure


def _colour_cells(axes: Axes, counts: NDArray[np.int64]) -> int:
    """Fill the cells with colours; return the largest number of mistakes in one."""
    size = len(counts)
    mistakes = np.ma.masked_array(counts, mask=np.eye(size, dtype=bool))
    most = max(int(mistakes.max()), 1)
    colours = LinearSegmentedColormap.from_list("mistakes", MISTAKES).with_extremes(bad=RIGHT_ONES)
    axes.imshow(mistakes, cmap=colours, norm=Normalize(0, most), interpolation="nearest", aspect="auto")
    axes.spines[:].set_visible(False)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_xticks(np.arange(size + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(size + 1) - 0.5, minor=True)
    axes.grid(which="minor", color=FAINT, linewidth=0.8 if size <= 40 else 0.3)
    axes.tick_params(which="both", length=0, pad=7)
    return most


def _name_rows_and_columns(axes: Axes, names: Sequence[str], letters: float, *, turned: bool) -> None:
    ticks = np.arange(len(names))
    axes.set_xticks(ticks, names, fontsize=letters, color=INK)
    axes.set_yticks(ticks, names, fontsize=letters, color=INK)
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        label.set_parse_math(False)
    if turned:
        axes.tick_params(axis="x", rotation=90)


def _write_counts(axes: Axes, counts: NDArray[np.int64], most: int, cell: float) -> None:
    size = (BODY if counts.max() < 100_000 else 7.0) * (cell / CELL) ** 0.8
    for (t, p), count in np.ndenumerate(counts):
        if count or t == p:
            colour = PAPER if t != p and count > 0.75 * most else INK
            weight = "bold" if t == p else "normal"
            axes.text(
                p, t, str(count), ha="center", va="center", fontsize=size, color=colour, fontweight=weight
            )  # fmt: skip


def _write_shares(axes: Axes, counts: NDArray[np.int64], cell: float) -> None:
    """Write beside each row the share of it that is correct."""
    edge, gap = len(counts) - 0.5, 0.09 / cell
    for t, row in enumerate(counts):
        share = f"{100 * row[t] / row.sum():.1f}%" if row.sum() else "no image"
        colour = INK if row.sum() else MUTED
        axes.text(edge + gap, t, share, va="center", fontsize=min(BODY, 45 * cell), color=colour)
    axes.text(edge + gap, -0.5 - 0.11 / cell, "right", fontsize=SMALL, color=MUTED)


def _fit_names(names: Sequence[str], letters: float) -> tuple[list[str], float]:
    """Return names that are no wider than ``NAME``, and the width of the widest in inches."""
    figure = new_figure(1, 1)
    texts = [figure.text(0, 0, name, fontsize=letters, parse_math=False) for name in names]
    for text in texts:
        fit(text, NAME, least=letters)
    return [text.get_text() for text in texts], max(text.get_window_extent().width for text in texts) / figure.dpi
