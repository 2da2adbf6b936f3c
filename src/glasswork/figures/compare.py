"""compare: several runs in one figure, with words on what differs between them.

{"sigmoid": history, "relu": history} ──► loss, if all minimise the same one    accuracy, with the names of the runs
"""

import textwrap
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from glasswork.errors import InputError
from glasswork.figures.curves import FEW, FOOT, HEAD, HIGH, TICKS, epoch_axes, log_scale, name_axes, percent_limits
from glasswork.figures.figure import Picture, picture
from glasswork.figures.sources import History, HistorySource, read_history
from glasswork.figures.style import BODY, INK, MARGIN, MUTED, SERIES, SMALL, TOP, fit, heading, new_figure, one_line

PANEL, GAP, NAMES, ROW, LINE = 3.8, 0.5, 4.0, 0.29, 0.17

#: The most letters in a line of notes, and the most lines.
LETTERS, MOST_LINES = 46, 4


@picture
def compare(
    runs: Mapping[str, HistorySource],
    *,
    notes: Mapping[str, str] | None = None,
    losses: Mapping[str, str] | str = "loss",
    title: str = "How the runs compare",
    validated: Collection[int] = (),
) -> Picture:
    """Draw the validation curves of up to eight runs over each other.

    Parameters
    ----------
    runs : mapping of str to list of EpochResult, Run or RunFolder
        Histories by name, of any number of epochs.
    notes : mapping of str to str, optional
        Text beneath a run's name: how it differs from the others.
    losses : str, or mapping of str to str
        The loss that all runs minimise, or the loss of each. Different losses cannot be compared and are not drawn.
    title : str
    validated : collection of int
        The numbers of validation images, if they are to be stated.

    Returns
    -------
    Picture

    Raises
    ------
    InputError
        If ``runs`` is not a mapping, is empty, or holds more than eight runs.
    """
    if not isinstance(runs, Mapping):
        raise InputError(f"compare: expected histories by name, as in {{'relu': history}}; got {runs!r}")
    if not 1 <= len(runs) <= len(SERIES):
        raise InputError(f"compare: expected 1 to {len(SERIES)} runs, got {len(runs)}")
    histories = {one_line(name): read_history(source, f"compare: {name}") for name, source in runs.items()}
    labels = {losses} if isinstance(losses, str) else {losses[name] for name in runs}
    panels = 2 if len(labels) == 1 else 1
    wrapped = {name: _wrap((notes or {}).get(name, "")) for name in histories}
    high = max(HIGH, sum(ROW + LINE * len(lines) for lines in wrapped.values()))
    panel = PANEL if panels == 2 else 1.6 * PANEL
    figure = new_figure(2 * MARGIN + panels * (TICKS + panel) + (panels - 1) * GAP + NAMES, TOP + HEAD + high + FOOT)
    shown = list(histories.values())
    story = "a dot marks each run's best epoch"
    if len({int(run.epochs[-1]) for run in shown}) > 1:
        story += "; an upright bar marks the end of a shorter run"
    if panels == 1:
        story += f"; their losses cannot be compared: {', '.join(sorted(map(one_line, labels)))}"
    heading(figure, title, story)

    if panels == 2:
        axes = epoch_axes(figure, MARGIN + TICKS, panel, shown, high)
        values = _above_zero([run.valid_loss for run in shown])
        log_scale(axes, np.concatenate(values))
        name_axes(axes, f"Validation {one_line(labels.pop())}, logarithmic")
        _draw_lines(axes, shown, values, dots=False)
    axes = epoch_axes(figure, MARGIN + panels * TICKS + (panels - 1) * (panel + GAP), panel, shown, high)
    axes.set_ylim(*percent_limits(np.concatenate([run.valid_accuracy for run in shown])))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda percent, _: f"{percent:g}%"))
    name_axes(axes, "Validation accuracy")
    _draw_lines(axes, shown, [run.valid_accuracy for run in shown], dots=True)
    lines = zip(histories.items(), SERIES, strict=False)
    legend = [(float(run.valid_accuracy.max()), name, colour) for (name, run), colour in lines]
    counts = " or ".join(f"{number:,}" for number in sorted(validated) if number)
    _draw_legend(axes, legend, wrapped, "best validation accuracy" + (f" (n = {counts})" if counts else ""))
    return figure


def _draw_legend(axes: Axes, runs: list[tuple[float, str, str]], notes: Mapping[str, list[str]], heading: str) -> None:
    """To the right of the axes, write the best accuracy, the name and the notes of each run, the best run first."""
    box, dpi = axes.get_window_extent(), axes.figure.dpi
    inch, up = dpi / box.width, dpi / box.height
    x, y = 1 + 0.6 * inch, 1 - 0.12 * up
    words: dict[str, Any] = {"transform": axes.transAxes, "va": "center_baseline", "parse_math": False}
    axes.text(x, 1 + 0.12 * up, heading, fontsize=SMALL, color=MUTED, **words)
    for best, name, colour in sorted(runs, key=lambda run: -run[0]):
        swatch = [1 + 0.3 * inch, 1 + 0.5 * inch]
        axes.plot(swatch, [y, y], color=colour, linewidth=3, transform=axes.transAxes, clip_on=False)
        fit(axes.text(x, y, f"{best:.2f}%  {name}", fontsize=BODY, color=INK, **words), NAMES - 0.6)
        for line in notes[name]:
            y -= LINE * up
            fit(axes.text(x, y, line, fontsize=SMALL, color=MUTED, **words), NAMES - 0.6, least=7.0)
        y -= ROW * up


def _wrap(note: str) -> list[str]:
    """Return a note in lines that fit the legend, broken at its commas."""
    parts = ", ".join(part.replace(" ", "\xa0") for part in one_line(note).split(", "))
    lines = textwrap.wrap(parts, LETTERS, max_lines=MOST_LINES, placeholder=" …", break_on_hyphens=False)
    return [line.replace("\xa0", " ") for line in lines]


def _draw_lines(axes: Axes, runs: list[History], values: list[NDArray[np.float64]], *, dots: bool) -> None:
    """Draw a line for each run; a short upright bar marks the end of a shorter run."""
    last = max(int(run.epochs[-1]) for run in runs)
    for run, colour, y in zip(runs, SERIES, values, strict=False):
        marker = "." if len(run) <= FEW else ""
        axes.plot(run.epochs, y, color=colour, linewidth=1.6, marker=marker, clip_on=False)
        if run.epochs[-1] < last:
            axes.plot(run.epochs[-1:], y[-1:], color=colour, marker="|", markersize=9, markeredgewidth=2, clip_on=False)
        if dots:
            x, best = run.epochs[run.best], y[run.best]
            axes.plot([x], [best], color=colour, marker="o", markersize=7, markeredgecolor=INK, clip_on=False)


def _above_zero(curves: list[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    """Return curves for a logarithmic scale: zeros become half the least value above zero."""
    above = [float(value) for curve in curves for value in curve if value > 0 and np.isfinite(value)]
    floor = min(above) / 2 if above else 0.01
    return [np.where(np.isfinite(curve) & (curve <= 0), floor, curve) for curve in curves]
