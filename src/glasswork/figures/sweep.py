"""sweep, sweep_key: what the trials of a sweep reached, with what values of the keys that it searched.

sweep_key    a dot for each trial: across, its value of one key; up, its validation accuracy
sweep        parallel coordinates: a line for each trial, through its value of every key, to its accuracy
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from glasswork.errors import InputError
from glasswork.figures.figure import Picture, picture
from glasswork.figures.style import (
    BLUE,
    BODY,
    FAINT,
    GREY,
    INK,
    MARGIN,
    MUTED,
    ORANGE,
    PAPER,
    SMALL,
    TOP,
    fit,
    heading,
    new_figure,
    place,
)

WIDE, HIGH, LEFT, FOOT, GAP, MOST_WIDE = 5.6, 3.4, 0.75, 0.75, 1.7, 14.0


@dataclass(frozen=True)
class SweptKey:
    """The values of a key in each trial.

    Attributes
    ----------
    name : str
    values : sequence of float
        One for each trial; if there are words, the place of the trial's word among them.
    log : bool
        Whether the axis is spaced by the logarithm.
    words : tuple of str
        The possible values of a key that is not a number.
    """

    name: str
    values: Sequence[float]
    log: bool = False
    words: tuple[str, ...] = ()


@picture
def sweep_key(key: SweptKey, accuracies: Sequence[float], finished: Sequence[bool], *, title: str) -> Picture:
    """Draw the validation accuracies of trials over their values of one key.

    Parameters
    ----------
    key : SweptKey
    accuracies : sequence of float
        Validation accuracy of each trial, percent.
    finished : sequence of bool
        Whether the trial was finished, not pruned.
    title : str

    Raises
    ------
    InputError
        If there is no trial, or the sequences have different lengths.
    """
    _check([key], accuracies, finished)
    figure = new_figure(2 * MARGIN + LEFT + WIDE, TOP + HIGH + FOOT)
    heading(figure, title, _legend(finished))
    axes = place(figure, MARGIN + LEFT, FOOT, WIDE, HIGH)
    best = _best(accuracies, finished)
    for i, (value, accuracy) in enumerate(zip(key.values, accuracies, strict=True)):
        axes.plot(
            [value], [accuracy], "o", color=_colour(i, best, finished), markersize=6, alpha=0.75, markeredgewidth=0
        )
    axes.set_ylabel("validation accuracy", fontsize=BODY, color=MUTED)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda accuracy, _: f"{accuracy:.4g}%"))
    axes.set_xlabel(key.name, fontsize=BODY, color=MUTED, parse_math=False)
    if key.log:
        axes.set_xscale("log")
    if key.words:
        axes.set_xlim(-0.5, len(key.words) - 0.5)
        axes.set_xticks(range(len(key.words)), key.words, parse_math=False)
    axes.grid(color=FAINT, linewidth=0.8)
    _quiet(axes)
    return figure


@picture
def sweep(keys: Sequence[SweptKey], accuracies: Sequence[float], finished: Sequence[bool], *, title: str) -> Picture:
    """Draw trials in parallel coordinates: an axis for each key, and one for the validation accuracy.

    Parameters
    ----------
    keys : sequence of SweptKey
    accuracies, finished, title
        See `sweep_key`.

    Raises
    ------
    InputError
        If there is no trial, or the sequences have different lengths.
    """
    _check(keys, accuracies, finished)
    across = max(WIDE, min(GAP * len(keys), MOST_WIDE))
    figure = new_figure(2 * MARGIN + 2 * LEFT + across, TOP + HIGH + FOOT)
    heading(figure, title, _legend(finished))
    axes = place(figure, MARGIN + LEFT, FOOT, across, HIGH)
    shown = [*keys, SweptKey("accuracy, %", accuracies)]
    heights, labels = zip(*map(_axis, shown), strict=True)
    best = _best(accuracies, finished)
    for i in np.argsort(accuracies, kind="stable"):  # the best on top
        axes.plot(
            range(len(shown)), [at[i] for at in heights], color=_colour(int(i), best, finished),
            linewidth=2.4 if i == best else 1.0, alpha=1.0 if i == best else 0.5,
        )  # fmt: skip
    axes.set_xlim(0, len(keys))
    axes.set_ylim(-0.04, 1.04)
    axes.set_xticks(range(len(shown)), [""] * len(shown))
    axes.set_yticks([])
    for x, key in enumerate(shown):
        axes.axvline(x, color=MUTED, linewidth=0.8)
        name = key.name.removesuffix(".name").rpartition(".")[2]
        text = axes.text(x, -0.14, name, ha="center", va="top", fontsize=BODY, color=INK, parse_math=False)
        fit(text, across / len(keys) - 0.15)
        for height, label in labels[x]:
            axes.text(
                x + 0.03, height, label, fontsize=SMALL, color=MUTED, va="center", parse_math=False,
                bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1},
            )  # fmt: skip
    _quiet(axes)
    return figure


def _axis(key: SweptKey) -> tuple[Any, list[tuple[float, str]]]:
    """Return how high each trial is on the axis of a key, from 0 to 1, and the axis's labels with their heights."""
    at = np.asarray(key.values, dtype=np.float64)
    if key.words:
        last = max(1, len(key.words) - 1)
        return at / last, [(k / last, word) for k, word in enumerate(key.words)]
    ends = [(0.0, f"{at.min():.4g}"), (1.0, f"{at.max():.4g}")]
    at = np.log(at) if key.log else at
    return (at - at.min()) / (np.ptp(at) or 1.0), ends


def _best(accuracies: Sequence[float], finished: Sequence[bool]) -> int:
    """Return the place of the winner: the best of the finished trials, or -1."""
    places = [i for i, done in enumerate(finished) if done]
    return max(places, key=lambda i: (accuracies[i], -i), default=-1)


def _colour(i: int, best: int, finished: Sequence[bool]) -> str:
    return ORANGE if i == best else BLUE if finished[i] else GREY


def _legend(finished: Sequence[bool]) -> str:
    return "orange: the winner; blue: finished" + ("" if all(finished) else "; grey: pruned, where it was stopped")


def _quiet(axes: Axes) -> None:
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=SMALL, colors=MUTED, length=0)
    for side in axes.spines.values():
        side.set_visible(False)


def _check(keys: Sequence[SweptKey], accuracies: Sequence[float], finished: Sequence[bool]) -> None:
    if not keys or not accuracies or {len(accuracies)} != {len(finished), *(len(key.values) for key in keys)}:
        raise InputError(
            f"sweep: expected a key at least, and a value of each, an accuracy and an ending for every trial, got "
            f"{len(keys)} keys, {len(accuracies)} accuracies and {len(finished)} endings"
        )
