"""compare: several runs in one picture, each line named at its end."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, Locator, LogLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from glasswork.errors import InputError
from glasswork.figures.curves import FEW, FOOT, HEAD, HIGH, TICKS, Curve, epoch_axes, percent_limits
from glasswork.figures.line_ends import LineEnd, name_line_ends
from glasswork.figures.style import INK, MARGIN, SERIES, TOP, heading, new_figure, one_line

PANEL, NAMES, LONGER = 3.8, 2.4, 3.0


def compare(runs: Sequence[Curve], *, same_loss: bool, loss_name: str = "loss", title: str | None = None) -> Figure:
    """Draw the validation curves of up to eight runs over each other.

    Parameters
    ----------
    runs : sequence of Curve
        One to eight, of different names and any number of epochs.
    same_loss : bool
        Whether all were trained with the same loss. If so the left side shows the validation loss;
        if not, losses cannot be compared, and it shows the error, 100 % minus the accuracy.
        Both are on a logarithmic scale, on which small differences near zero can still be seen.
    loss_name : str
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If there is no run, there are more than eight, or two have one name.
    """
    names = [one_line(run.name) for run in runs]
    if not 1 <= len(runs) <= len(SERIES) or len(set(names)) < len(names):
        raise InputError(
            f"compare: expected 1 to {len(SERIES)} runs, each with a name of its own, got {len(runs)}: "
            f"{', '.join(names) or 'none'}"
        )
    width = 2 * MARGIN + 2 * (TICKS + PANEL) + NAMES + LONGER
    figure = new_figure(width, TOP + HEAD + HIGH + FOOT)
    heading(
        figure,
        title or ("How the runs compare" if len(runs) > 1 else names[0]),
        "large dots mark each run's best epoch, by validation accuracy, which is written on the far right",
    )
    errors = [100 - np.asarray(run.valid_accuracy, dtype=np.float64) for run in runs]
    losses = [np.asarray(run.valid_loss, dtype=np.float64) for run in runs]
    positive = _above_zero(losses if same_loss else errors)
    what = f"Validation {one_line(loss_name)}" if same_loss else "Validation error"
    left_axes = epoch_axes(figure, MARGIN + TICKS, PANEL, runs, f"{what} (logarithmic)")
    left_axes.set_yscale("log")
    low, high = min(v.min() for v in positive) / 1.15, max(v.max() for v in positive) * 1.15
    left_axes.set_ylim(low, high)
    left_axes.yaxis.set_major_locator(_log_ticks(high / low))
    left_axes.yaxis.set_minor_locator(NullLocator())
    unit = "" if same_loss else "%"
    left_axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}{unit}"))
    axes = epoch_axes(figure, MARGIN + 2 * TICKS + PANEL + NAMES, PANEL, runs, "Validation accuracy")
    axes.set_ylim(*percent_limits(np.concatenate([run.valid_accuracy for run in runs])))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda percent, _: f"{percent:g}%"))

    for panel, values in ((left_axes, positive), (axes, [np.asarray(run.valid_accuracy) for run in runs])):
        ends = []
        for run, name, colour, y in zip(runs, names, SERIES, values, strict=False):
            marker = "." if len(run.epochs) <= FEW else ""
            panel.plot(run.epochs, y, color=colour, linewidth=1.6, marker=marker, clip_on=False)
            x, best = run.epochs[run.best], y[run.best]
            panel.plot([x], [best], color=colour, marker="o", markersize=7, markeredgecolor=INK, clip_on=False)
            text = f"{max(run.valid_accuracy):.2f}%  {name}" if panel is axes else name
            ends.append(LineEnd(run.epochs[-1], float(y[-1]), colour, text))
        name_line_ends(panel, ends, LONGER if panel is axes else NAMES)
    return figure


def _above_zero(curves: Sequence[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    """Return curves for a logarithmic scale: zeros become half the least value above zero."""
    above = [float(value) for curve in curves for value in curve if value > 0]
    floor = min(above) / 2 if above else 0.01
    return [np.where(curve > 0, curve, floor) for curve in curves]


def _log_ticks(ratio: float) -> Locator:
    """Return where a logarithmic axis has ticks, by how many times its top is its bottom."""
    if ratio < 5:
        return MaxNLocator(nbins=5)
    return LogLocator(subs=(1, 2, 5) if ratio < 2000 else (1,), numticks=8)
