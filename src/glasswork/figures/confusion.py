"""confusion: which class is mistaken for which; rows are true classes, columns are predicted ones."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize
from numpy.typing import ArrayLike, NDArray

from glasswork.errors import InputError
from glasswork.figures.checks import class_names, noun, whole_numbers
from glasswork.figures.figure import Picture, picture
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
    fit_names,
    heading,
    new_figure,
    place,
)

CELL, LEFT, RECALL, LIST, ABOVE, BOTTOM = 0.62, 0.55, 0.9, 2.6, 0.3, 0.75

#: The largest side of all cells together, and the smallest side of a cell with room for letters, and for a count.
SIDE, NAMED, COUNTED = 8.0, 0.16, 0.45

#: The most inches for the name of a class, and the most lines in the list of frequent mistakes.
NAME, FREQUENT = 1.5, 15
RIGHT_ONES, MISTAKES = "#dcebf5", (PAPER, "#fdd9b5", "#f08a3c", "#a33c00")


@picture
def confusion(
    labels: ArrayLike,
    predictions: ArrayLike | None = None,
    *,
    classes: Sequence[str] | None = None,
    title: str | None = None,
) -> Picture:
    """Draw a table of confusions, in which the mistakes stand out.

    Parameters
    ----------
    labels : (N,) integers, or (classes, classes) integers
        The true class of each image; or the table itself: row t, column p counts the images of class t that were
        predicted as class p.
    predictions : (N,) integers, optional
        The predicted class of each image; leave it out with a table.
    classes : sequence of str, optional
        The names of the classes; numbers from 0 by default.
    title : str, optional

    Returns
    -------
    Picture
        Mistakes have their own colour scale, correct predictions one pale colour. Beside each row is its recall, the
        share of its images that are predicted correctly. If there are too many classes to write a count in each cell,
        the most frequent mistakes are listed instead.

    Raises
    ------
    InputError
        If labels and predictions are not integers of the same length, the table is not square or holds anything but
        counts, or a class has no name.
    """
    counts = _table(labels, predictions, classes)
    names = class_names(classes, len(counts), "confusion")
    cell = min(CELL, SIDE / len(names))
    letters = min(HEADING, 45 * cell)
    written, widest = fit_names(names, letters, NAME) if cell >= NAMED else ([], 0.0)
    turned = widest > cell - 0.1
    left, bottom = LEFT + widest, BOTTOM + (widest if turned else 0.2)
    right = (RECALL if cell >= NAMED else 0.25) + (LIST if cell < COUNTED else 0.0)

    side = len(names) * cell
    width = max(6.4, 2 * MARGIN + left + side + right)
    figure = new_figure(width, TOP + ABOVE + side + bottom)
    heading(figure, title or f"Which {noun(names)} is taken for which", _story(counts, names))
    axes = place(figure, (width + left - right - side) / 2, bottom, side, side)
    most = _colour_cells(axes, counts)
    axes.set_xlabel(f"predicted {noun(names)}", fontsize=BODY, color=MUTED, labelpad=6)
    axes.set_ylabel(f"true {noun(names)}", fontsize=BODY, color=MUTED, labelpad=6)
    if cell >= NAMED:
        _name_rows_and_columns(axes, written, letters, turned=turned)
        _write_recalls(axes, counts, cell)
    if cell >= COUNTED:
        _write_counts(axes, counts, most, cell)
    else:
        _list_mistakes(axes, counts, names, right - LIST)
    return figure


def _table(labels: ArrayLike, predictions: ArrayLike | None, classes: Sequence[str] | None) -> NDArray[np.int64]:
    """Return the given table of confusions, or that of labels and predictions."""
    first = whole_numbers(labels, "confusion", "counts" if predictions is None else "labels")
    if predictions is None:
        if first.ndim != 2 or first.shape[0] != first.shape[1] or len(first) < 2:
            raise InputError(
                "confusion: expected labels and predictions, or a square table such as (10, 10), got shape "
                f"{first.shape}"
            )
        return first
    second = whole_numbers(predictions, "confusion", "predictions")
    if first.ndim != 1 or first.shape != second.shape:
        raise InputError(
            f"confusion: expected labels (N,) and predictions (N,), got shapes {first.shape} and {second.shape}"
        )
    size = max(int(max(first.max(initial=1), second.max(initial=1))) + 1, len(classes or ()))
    counts = np.zeros((size, size), np.int64)
    np.add.at(counts, (first, second), 1)
    return counts


def _story(counts: NDArray[np.int64], names: Sequence[str]) -> str:
    total, right = int(counts.sum()), int(np.trace(counts))
    if not total:
        return "nothing to count"
    story = f"{right:,} of {total:,} correct ({100 * right / total:.2f}%)"
    mistakes = _mistakes(counts)
    if mistakes:
        count, t, p = mistakes[0]
        story += f"; most often, {names[t]} is taken for {names[p]}: {count:,} time{'s' * (count > 1)}"
    return story


def _mistakes(counts: NDArray[np.int64]) -> list[tuple[int, int, int]]:
    """Return how often each class is mistaken for each other, (count, true, predicted), the most frequent first."""
    found = [(int(count), t, p) for (t, p), count in np.ndenumerate(counts) if count and t != p]
    return sorted(found, key=lambda mistake: (-mistake[0], *mistake[1:]))


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


def _write_recalls(axes: Axes, counts: NDArray[np.int64], cell: float) -> None:
    """Write beside each row the share that is correct."""
    edge, gap = len(counts) - 0.5, 0.09 / cell
    for t, row in enumerate(counts):
        share = f"{100 * row[t] / row.sum():.1f}%" if row.sum() else "no image"
        colour = INK if row.sum() else MUTED
        axes.text(edge + gap, t, share, va="center", fontsize=min(BODY, 45 * cell), color=colour)
    axes.text(edge + gap, -0.5 - 0.11 / cell, "recall", fontsize=SMALL, color=MUTED)


def _list_mistakes(axes: Axes, counts: NDArray[np.int64], names: Sequence[str], gap: float) -> None:
    """Write the most frequent mistakes in a list to the right of the table."""
    box = axes.get_window_extent()
    inch = axes.figure.dpi / box.width
    x, y = 1 + gap * inch, 1 - 0.1 * inch
    axes.text(x, 1 + 0.11 * inch, "most frequent mistakes", transform=axes.transAxes, fontsize=SMALL, color=MUTED)
    for row, (count, t, p) in enumerate(_mistakes(counts)[:FREQUENT]):
        at = y - 0.24 * row * inch
        words: dict[str, Any] = {
            "transform": axes.transAxes,
            "fontsize": BODY,
            "va": "center",
            "color": INK,
            "parse_math": False,
        }
        axes.text(x + 0.45 * inch, at, f"{count:,}", ha="right", **words)
        fit(axes.text(x + 0.6 * inch, at, f"{names[t]} taken for {names[p]}", **words), LIST - 0.65)
