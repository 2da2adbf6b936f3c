"""curves: loss and accuracy, epoch by epoch (handout, section 9).

epochs, train_loss, valid_loss ──► left    epochs, valid_accuracy ──► right, the best epoch marked in both
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from glasswork.errors import InputError
from glasswork.figures.checks import finite_numbers, whole_numbers
from glasswork.figures.line_ends import LineEnd, name_line_ends
from glasswork.figures.style import (
    BLUE,
    BODY,
    FAINT,
    GREEN,
    HEADING,
    INK,
    MARGIN,
    MUTED,
    ORANGE,
    SMALL,
    TOP,
    heading,
    new_figure,
    one_line,
    place,
)

TICKS, PANEL, HIGH, NAMES, FOOT, HEAD = 0.6, 3.9, 3.0, 1.5, 0.75, 0.5
FEW = 25


@dataclass(frozen=True)
class Curve:
    """The metrics of one run, epoch by epoch.

    Attributes
    ----------
    name : str
    epochs : (E,) integers, increasing
    train_loss, valid_loss : (E,)
    valid_accuracy : (E,)
        Percent.

    Raises
    ------
    InputError
        If there is no epoch, the lengths differ, a value is not finite, or an accuracy is not a percentage.
    """

    name: str
    epochs: Sequence[int]
    train_loss: Sequence[float]
    valid_loss: Sequence[float]
    valid_accuracy: Sequence[float]

    def __post_init__(self) -> None:
        lengths = [len(v) for v in (self.epochs, self.train_loss, self.valid_loss, self.valid_accuracy)]
        if min(lengths) != max(lengths) or lengths[0] == 0:
            raise InputError(
                "curves: expected the same number of epochs, train losses, valid losses and accuracies, "
                f"and at least one, got {', '.join(map(str, lengths))}"
            )
        if not (np.diff(whole_numbers(self.epochs, "curves", "epochs")) > 0).all():
            raise InputError(f"curves: expected epochs in increasing order, got {list(self.epochs)}")
        for values in (self.train_loss, self.valid_loss, self.valid_accuracy):
            finite_numbers(values, "curves", "losses and accuracies")
        if min(self.valid_accuracy) < 0 or max(self.valid_accuracy) > 100:
            raise InputError(
                "curves: expected accuracies in percent, from 0 to 100, got some from "
                f"{min(self.valid_accuracy):g} to {max(self.valid_accuracy):g}"
            )

    @property
    def best(self) -> int:
        """The position of the epoch of highest accuracy, the first if there are several."""
        return int(np.argmax(self.valid_accuracy))


def curves(
    epochs: Sequence[int],
    train_loss: Sequence[float],
    valid_loss: Sequence[float],
    valid_accuracy: Sequence[float],
    *,
    loss_name: str = "MSE",
    title: str | None = None,
) -> Figure:
    """Draw the loss of a run on the left, its validation accuracy on the right.

    Parameters
    ----------
    epochs : (E,) integers, increasing
    train_loss, valid_loss : (E,)
    valid_accuracy : (E,)
        Percent.
    loss_name : str
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If there is no epoch, the lengths differ, a value is not finite, or an accuracy is not a percentage.
    """
    run = Curve("", epochs, train_loss, valid_loss, valid_accuracy)
    width = 2 * MARGIN + 2 * TICKS + 2 * PANEL + NAMES
    figure = new_figure(width, TOP + HEAD + HIGH + FOOT)
    best = f"epoch {epochs[run.best]}"
    story = f"{len(epochs)} epochs; validation accuracy was highest at {best}" if len(epochs) > 1 else f"only {best}"
    heading(figure, title or "How the network learnt", story)

    loss_axes = epoch_axes(figure, MARGIN + TICKS, PANEL, [run], f"Loss ({one_line(loss_name)})")
    losses = [*train_loss, *valid_loss]
    loss_axes.set_ylim(min(0.0, *losses), 1.05 * max(losses) if max(losses) > 0 else 1.0)
    marker = "o" if len(epochs) <= FEW else ""
    for values, colour in ((train_loss, BLUE), (valid_loss, ORANGE)):
        loss_axes.plot(epochs, values, color=colour, linewidth=1.8, marker=marker, markersize=4, clip_on=False)
    ends = ((train_loss, BLUE, "train"), (valid_loss, ORANGE, "valid"))
    name_line_ends(loss_axes, [LineEnd(epochs[-1], v[-1], c, f"{n} {_short(v[-1])}") for v, c, n in ends], NAMES)
    _mark(loss_axes, epochs[run.best], valid_loss[run.best], ORANGE, f"{best}: valid {_short(valid_loss[run.best])}")

    left = MARGIN + 2 * TICKS + PANEL + NAMES
    axes = epoch_axes(figure, left, PANEL, [run], "Validation accuracy")
    axes.set_ylim(*percent_limits(valid_accuracy))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda percent, _: f"{percent:g}%"))
    axes.plot(epochs, valid_accuracy, color=GREEN, linewidth=1.8, marker=marker, markersize=4, clip_on=False)
    _mark(axes, epochs[run.best], valid_accuracy[run.best], GREEN, f"{best}: {valid_accuracy[run.best]:.2f}%")
    return figure


def epoch_axes(figure: Figure, left: float, width: float, runs: Sequence[Curve], name: str) -> Axes:
    """Add axes whose horizontal one counts the epochs of some runs."""
    axes = place(figure, left, FOOT, width, HIGH)
    first, last = min(run.epochs[0] for run in runs), max(run.epochs[-1] for run in runs)
    pad = 0.03 * (last - first) or 0.5
    axes.set_xlim(first - min(pad, 0.9), last + pad)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 2.5, 5, 10]))
    axes.set_xlabel("epoch", fontsize=BODY, color=MUTED)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.grid(axis="y", color=FAINT, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=SMALL, labelcolor=INK, color=FAINT)
    x, y = -TICKS / width, 1 + 0.34 / HIGH
    axes.text(x, y, name, transform=axes.transAxes, fontsize=HEADING, fontweight="bold", color=INK, parse_math=False)
    return axes


def percent_limits(accuracies: Sequence[float] | NDArray[np.float64]) -> tuple[float, float]:
    """Return from where to where an axis of percentages goes."""
    low, high = float(min(accuracies)), float(max(accuracies))
    pad = max(0.06 * (high - low), 0.25)
    return max(low - pad, 0.0), min(high + pad, 100.0)


def _mark(axes: Axes, x: float, y: float, colour: str, text: str) -> None:
    """Mark a point, and write above the axes, at the end of a dotted line, what it is."""
    top = axes.get_ylim()[1]
    axes.plot([x, x], [y, top], color=MUTED, linewidth=1, linestyle=":", clip_on=False)
    axes.plot([x], [y], color=colour, marker="o", markersize=8, markeredgecolor=INK, clip_on=False, zorder=5)
    label = axes.text(
        0, 1 + 0.06 / HIGH, text, transform=axes.transAxes, fontsize=SMALL, color=INK, ha="center", va="bottom"
    )
    box, half = axes.get_window_extent(), _width(label) / 2
    at = float(axes.transData.transform((x, y))[0]) - box.x0
    label.set_x(min(max(at, half), box.width - half) / box.width)


def _width(text: Text) -> float:
    return float(text.get_window_extent().width)


def _short(loss: float) -> str:
    return f"{loss:.4f}" if 0.001 <= abs(loss) < 100 else f"{loss:.2g}"
