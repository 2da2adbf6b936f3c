"""The page of results: what was measured, whether its target was reached, and if not, by how much and why."""

import datetime
import os
import platform
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

NOTES = Path(__file__).with_name("NOTES.md")


@dataclass(frozen=True)
class Row:
    """One line of the table.

    ``key`` names it in the list of reasons in NOTES.md; a row with neither ``at_most`` nor ``at_least`` has no target.
    """

    work: str
    measured: str
    key: str
    values: Sequence[float]
    at_most: float | None = None
    at_least: float | None = None
    note: str = ""

    @property
    def value(self) -> float:
        return statistics.median(self.values)

    @property
    def target(self) -> str:
        if self.at_most is not None:
            return f"≤ {in_digits(self.at_most)}"
        return "" if self.at_least is None else f"≥ {in_digits(self.at_least)}"

    @property
    def result(self) -> str:
        spread = f" ({in_digits(min(self.values))} to {in_digits(max(self.values))})" if len(self.values) > 1 else ""
        return in_digits(self.value) + spread + (f"; {self.note}" if self.note else "")

    @property
    def missed_by(self) -> float:
        """Return how far the value is beyond its target, as a share of the target; 0 if it is not."""
        if self.at_most is not None:
            return max(self.value / self.at_most - 1, 0.0)
        return 0.0 if self.at_least is None else max(1 - self.value / self.at_least, 0.0)

    @property
    def verdict(self) -> str:
        if self.at_most is None and self.at_least is None:
            return ""
        return "**missed**" if self.missed_by else "reached"

    def __str__(self) -> str:
        return f"| {self.work} | {self.measured} | {self.target} | {self.result} | {self.verdict} |"


def in_digits(value: float) -> str:
    return f"{value:.2f}" if value < 100 else f"{value:.0f}"


def ratios(numerators: Sequence[float], denominators: Sequence[float]) -> list[float]:
    """Return ratios round by round: what disturbs a round disturbs both of its times."""
    return [a / b for a, b in zip(numerators, denominators, strict=True)]


def page(rows: Sequence[Row], rounds: int) -> str:
    """Return the results as a page in Markdown: what was measured, on what, with what."""
    versions = ", ".join(f"{name} {version(name)}" for name in ("numpy", "torch", "jax", "scikit-learn", "onnxruntime"))
    return f"""# Benchmarks

{datetime.date.today()}, {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {versions}.
`make bench` makes this page; [NOTES.md](NOTES.md) says what was tried, and what it gave.

![Time of an epoch relative to the bare matrix products, for each contender](results.png)

Ratios are medians over {rounds} rounds in which the contenders took turns, with the least and the largest;
each is at the better of one and two threads. The floor is the bare matrix products of a step, and nothing else.
Accuracies are those of glasswork and of the rival, on the test images, after as many epochs. The listing is the
handout's, in float64. Its memory is that of a process that does what the handout does: MNIST as
OpenML gives it, int64, rescaled to float64 in one line, split twice, then one epoch (`listing_memory.py`).

| work | measured | target | result | |
|---|---|--:|--:|---|
{chr(10).join(map(str, rows))}

![Microseconds per image as the network and as the batch grow; the worst doubling in orange](growth.png)

Growth is that of one step of 784-hidden-10, ReLU, cross-entropy and SGD: hidden units from 10 to 5,120 at batches of
100, images in a batch from 1 to 4,096 at 50 hidden units, with the threads that a run would choose.

{why(rows)}"""


def why(rows: Sequence[Row]) -> str:
    """Return the section about the targets that were missed; the reasons are written by hand, in NOTES.md."""
    missed, known = [row for row in rows if row.missed_by], reasons()
    if not missed:
        return "## Why\n\nEvery target was reached.\n"
    lines = [
        "## Why",
        "",
        "A floor is the time of the bare matrix products.",
        "",
        "| missed | by | why |",
        "|---|--:|---|",
    ]
    for row in missed:
        reason = known.get(row.key, "**not explained yet**: NOTES.md")
        lines.append(f"| {row.key} | {row.missed_by:.0%} | {reason} |")
    return "\n".join(lines) + "\n"


def reasons() -> dict[str, str]:
    """Return what NOTES.md says, by the keys of rows; a reason may be several lines long."""
    section = NOTES.read_text(encoding="utf-8").partition("## Why a target is missed")[2]
    items = re.findall(r"^- ([^:\n]+): (.+(?:\n  .+)*)", section, re.MULTILINE)
    return {key: " ".join(reason.split()) for key, reason in items}
