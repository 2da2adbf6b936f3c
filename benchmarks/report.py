"""The page of results: what was measured, and whether its target was reached."""

import datetime
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version


@dataclass(frozen=True)
class Measured:
    """Figures, one a round, and what their median should be at most or at least, if there is a target."""

    values: Sequence[float]
    at_most: float | None = None
    at_least: float | None = None

    @property
    def value(self) -> float:
        return statistics.median(self.values)

    @property
    def result(self) -> str:
        spread = f" ({in_digits(min(self.values))} to {in_digits(max(self.values))})" if len(self.values) > 1 else ""
        return in_digits(self.value) + spread

    @property
    def target(self) -> str:
        if self.at_most is not None:
            return f"≤ {in_digits(self.at_most)} " + ("reached" if self.value <= self.at_most else "**missed**")
        if self.at_least is not None:
            return f"≥ {in_digits(self.at_least)} " + ("reached" if self.value >= self.at_least else "**missed**")
        return ""


@dataclass(frozen=True)
class Row:
    """One line of a table: of the engines side by side, or of glasswork as a whole where ``compiled`` is None."""

    work: str
    measured: str
    numpy: Measured | None
    compiled: Measured | None = None
    note: str = ""

    def cells(self, columns: Sequence[Measured | None]) -> str:
        each = [(m.result, m.target) if m else ("", "") for m in columns]
        measured = self.measured + (f"; {self.note}" if self.note else "")
        return f"| {self.work} | {measured} | " + " | ".join(cell for pair in each for cell in pair) + " |"


def in_digits(value: float) -> str:
    return f"{value:.2f}" if value < 100 else f"{value:.0f}"


def ratios(numerators: Sequence[float], denominators: Sequence[float]) -> list[float]:
    """Return ratios round by round: what disturbs a round disturbs both of its times."""
    return [a / b for a, b in zip(numerators, denominators, strict=True)]


def page(rows: Sequence[Row], rounds: int, kernels: Mapping[str, str], problems: Sequence[str]) -> str:
    """Return the results as a page in Markdown: what was measured, on what, with what."""
    names = ("numpy", "scipy", "numba", "torch", "jax", "scikit-learn", "onnxruntime")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    engines = [row.cells((row.numpy, row.compiled)) for row in rows if row.compiled]
    others = [row.cells((row.numpy,)) for row in rows if not row.compiled]
    libraries = [f"- {', '.join(who)}: {library}" for library, who in _by_library(kernels).items()]
    lines = [
        "# Benchmarks",
        "",
        f"{datetime.date.today()}, {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"{versions}.",
        "`make bench` makes this page; [NOTES.md](NOTES.md) says what was tried, what it gave, and why a target is "
        "missed.",
        "",
        "![Time of an epoch relative to the bare matrix products, and how it grows](results.png)",
        "",
        f"Figures are medians over {rounds} rounds in which the contenders took turns, with the least and the largest; "
        "peers are at the better of one and two threads. The floor is the bare matrix products of a step in NumPy, and "
        "nothing else. The listing is the handout's, in float64.",
        "",
        "| work | measured | NumPy engine | target | compiled engine | target |",
        "|---|---|--:|---|--:|---|",
        *engines,
        "",
        "Growth is that of one step of 784-hidden-10, ReLU, cross-entropy and SGD: hidden units from 10 to 5,120 at "
        "batches of 100, images in a batch from 1 to 4,096 at 50 hidden units. Beside a busy process: an epoch while "
        "another process keeps one core busy, against one without. A seed of plain-best is the time of one of its "
        "epochs, validation included, times the epochs of its recipe.",
        "",
        "| work | measured | result | target |",
        "|---|---|--:|---|",
        *others,
        "",
        "The listing's memory is that of a process that does what the handout does: MNIST as OpenML gives it, int64, "
        "rescaled to float64 in one line, split twice, then one epoch.",
        "",
        "Kernels of the matrix products, as each process reports them; no process has `OPENBLAS_CORETYPE` or "
        "`OPENBLAS_L2_SIZE` in its environment:",
        "",
        *libraries,
        *["", "Not measured:", "", *(f"- {problem}" for problem in problems)] * bool(problems),
    ]
    return "\n".join(lines) + "\n"


def _by_library(kernels: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, library in kernels.items():
        found.setdefault(library, []).append(name)
    return found
