"""curves: loss and accuracy, epoch by epoch (handout, section 9).

history ──► left: the losses of training and validation     right: the validation accuracy, its best epoch marked
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, Locator, LogLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from glasswork.figures.figure import Picture, picture
from glasswork.figures.line_ends import LineEnd, name_line_ends
from glasswork.figures.sources import History, HistorySource, name_of, read_history
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

TICKS, PANEL, HIGH, NAMES, FOOT, HEAD = 0.7, 3.9, 3.0, 1.5, 0.75, 0.5
FEW = 25

#: If the largest loss is more than this many times the least, the scale is logarithmic.
WIDE = 50


@picture
def curves(
    history: HistorySource,
    *,
    name: str = "",
    loss_name: str = "",
    test_accuracy: float | None = None,
    tested: str = "",
    planned: int | None = None,
    classes: Sequence[str] | int | None = None,
) -> Picture:
    """Draw the losses of a run on the left, its validation accuracy on the right.

    Parameters
    ----------
    history : list of EpochResult, Run or RunFolder
        Losses may be infinite or NaN: the figure marks the first such epoch.
    name : str
        The name of the run; by default that of its folder.
    loss_name : str
        The name of the loss, such as ``"MSE"``.
    test_accuracy : float, optional
        Percent.
    tested : str
        What it was measured on, such as ``10,000 images, handout split``.
    planned : int, optional
        The planned number of epochs, to show that the run was stopped early.
    classes : sequence of str, or int, optional
        The classes, or their number: if the network is hardly better than guessing, a line shows the accuracy of
        guessing.

    Returns
    -------
    Picture

    Raises
    ------
    InputError
        If there is no epoch, epochs are not in order, or an accuracy is not a percentage.
    """
    run = read_history(history, "curves")
    figure = new_figure(2 * MARGIN + 2 * TICKS + 2 * PANEL + NAMES, TOP + HEAD + HIGH + FOOT)
    name = one_line(name) or name_of(history)
    story = [_how_long(run, planned)]
    story += (
        [] if test_accuracy is None else [f"test accuracy {test_accuracy:.2f}%" + (f" of {tested}" if tested else "")]
    )
    heading(figure, f"How {name} learnt" if name else "How the network learnt", "; ".join(story))
    loss = f"Loss ({one_line(loss_name)})" if loss_name else "Loss"
    _draw_losses(epoch_axes(figure, MARGIN + TICKS, PANEL, [run]), run, loss)
    chance = None if not classes else 100 / (classes if isinstance(classes, int) else len(classes))
    _draw_accuracy(epoch_axes(figure, MARGIN + 2 * TICKS + PANEL + NAMES, PANEL, [run]), run, chance)
    return figure


def _how_long(run: History, planned: int | None) -> str:
    """Return how many epochs there were, and whether the run ended early or diverged."""
    done = int(run.epochs[-1])
    words = f"{done:,} epoch{'s' * (done > 1)}"
    if run.diverged is not None:
        return f"{words}; diverged in epoch {run.diverged}: the loss is not a finite number"
    return words if planned is None or planned <= done else f"stopped after {done:,} of {planned:,} epochs"


def _draw_losses(axes: Axes, run: History, title: str) -> None:
    losses = np.concatenate([run.train_loss, run.valid_loss])
    finite = losses[np.isfinite(losses)]
    if finite.size and finite.min() > 0 and finite.max() > WIDE * finite.min():
        log_scale(axes, finite)
        title += ", logarithmic"
    else:
        top = 1.08 * float(finite.max(initial=0))
        axes.set_ylim(min(0.0, float(finite.min(initial=0))), top if top > 0 else 1.0)
    name_axes(axes, title)
    marker = "o" if len(run) <= FEW else ""
    ends = []
    for values, colour, name in ((run.train_loss, BLUE, "train"), (run.valid_loss, ORANGE, "valid")):
        axes.plot(run.epochs, values, color=colour, linewidth=1.8, marker=marker, markersize=4, clip_on=False)
        drawn = np.flatnonzero(np.isfinite(values))
        if drawn.size:
            ends.append(
                LineEnd(int(run.epochs[drawn[-1]]), values[drawn[-1]], colour, f"{name} {_short(values[drawn[-1]])}")
            )
    if ends:
        name_line_ends(axes, ends, NAMES)
    if run.diverged is not None:
        _mark_diverged(axes, run.diverged)


def _draw_accuracy(axes: Axes, run: History, chance: float | None) -> None:
    values = run.valid_accuracy
    axes.set_ylim(*percent_limits(values, chance))
    name_axes(axes, "Validation accuracy")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda percent, _: f"{percent:g}%"))
    if chance is not None and axes.get_ylim()[0] < chance:
        right = axes.get_xlim()[1]
        axes.axhline(chance, color=MUTED, linewidth=1.2, linestyle="--", zorder=1)
        axes.annotate(
            f"chance, {chance:.3g}%", (right, chance), (0, -4), textcoords="offset points", ha="right", va="top",
            fontsize=SMALL, color=MUTED,
        )  # fmt: skip
    marker = "o" if len(run) <= FEW else ""
    axes.plot(run.epochs, values, color=GREEN, linewidth=1.8, marker=marker, markersize=4, clip_on=False)
    _mark_best(axes, int(run.epochs[run.best]), float(values[run.best]))


def _mark_diverged(axes: Axes, epoch: int) -> None:
    """Draw a vertical line where the loss stopped being a number."""
    axes.axvline(epoch, color=MUTED, linewidth=1.2, linestyle="--")
    right = epoch > sum(axes.get_xlim()) / 2
    axes.annotate(
        "diverged", (epoch, 0.96), (-5 if right else 5, 0), xycoords=("data", "axes fraction"),
        textcoords="offset points", ha="right" if right else "left", va="top", fontsize=SMALL, color=MUTED,
    )  # fmt: skip


def _mark_best(axes: Axes, x: int, y: float) -> None:
    """Mark the best epoch, and name it above the axes."""
    axes.plot([x, x], [y, axes.get_ylim()[1]], color=MUTED, linewidth=1, linestyle=":", clip_on=False)
    axes.plot([x], [y], color=GREEN, marker="o", markersize=8, markeredgecolor=INK, clip_on=False, zorder=5)
    label = axes.text(
        0, 1 + 0.06 / HIGH, f"best: {y:.2f}% in epoch {x}", transform=axes.transAxes, fontsize=SMALL, color=INK,
        ha="center", va="bottom",
    )  # fmt: skip
    box, half = axes.get_window_extent(), label.get_window_extent().width / 2
    at = float(axes.transData.transform((x, y))[0]) - box.x0
    label.set_x(min(max(at, half), box.width - half) / box.width)


# Shared with compare ---------------------------------------------------------------------------------


def epoch_axes(figure: Picture, left: float, width: float, runs: Sequence[History], high: float = HIGH) -> Axes:
    """Add axes whose x-axis counts the epochs of some runs."""
    axes = place(figure, left, FOOT, width, high)
    first, last = min(int(run.epochs[0]) for run in runs), max(int(run.epochs[-1]) for run in runs)
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
    return axes


def name_axes(axes: Axes, name: str) -> None:
    """Write a title above axes."""
    box = axes.get_window_extent()
    inch = axes.figure.dpi
    x, y = -TICKS * inch / box.width, 1 + 0.34 * inch / box.height
    axes.text(x, y, name, transform=axes.transAxes, fontsize=HEADING, fontweight="bold", color=INK, parse_math=False)


def log_scale(axes: Axes, values: NDArray[np.float64]) -> None:
    """Give axes a logarithmic scale that covers all finite values, which must be above zero."""
    finite = values[np.isfinite(values)]
    low, high = float(finite.min(initial=1e300)), float(finite.max(initial=0))
    low, high = (low / 1.15, high * 1.15) if low <= high else (0.1, 1.0)
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    axes.yaxis.set_major_locator(_log_ticks(high / low))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _log_ticks(ratio: float) -> Locator:
    """Return the ticks of a logarithmic axis, given the ratio of its top and bottom."""
    if ratio < 5:
        return MaxNLocator(nbins=5)
    return LogLocator(subs=(1, 2, 5) if ratio < 2000 else (1,), numticks=8)


def percent_limits(accuracies: NDArray[np.float64], chance: float | None = None) -> tuple[float, float]:
    """Return the limits of an axis of percentages; it starts at 0 if some values are hardly better than guessing."""
    low, high = float(accuracies.min()), float(accuracies.max())
    pad = max(0.06 * (high - low), 0.25)
    if chance is not None and low < 1.5 * chance:
        return 0.0, min(max(high + pad, 4 * chance), 100.0)
    return max(low - pad, 0.0), min(high + pad, 100.0)


def _short(loss: float) -> str:
    return f"{loss:.4f}" if 0.001 <= abs(loss) < 100 else f"{loss:.2g}"
