"""What each rung of a ladder gained: a table, and the words for it.

a rung's accuracies, one a seed ──► mean ± deviation ──► the step from the rung below, if it can be told from chance
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from glasswork.errors import FileError
from glasswork.recipes.recipe import Recipe
from glasswork.runs.folder import RunFolder
from glasswork.runs.ladder import run_folder


@dataclass(frozen=True)
class RungResult:
    """The results of a rung.

    Attributes
    ----------
    name, change : str
    accuracies : tuple of float
        Test accuracy of each seed, percent.
    parameters : int
    seconds : float
        Of training the fastest seed, on one thread of matrix products: the others had to share the machine.
    """

    name: str
    change: str
    accuracies: tuple[float, ...]
    parameters: int
    seconds: float

    @property
    def mean(self) -> float:
        """Mean test accuracy, percent."""
        return statistics.fmean(self.accuracies)

    @property
    def deviation(self) -> float:
        """Standard deviation over the seeds, percent; 0 for one seed."""
        return statistics.stdev(self.accuracies) if len(self.accuracies) > 1 else 0.0


def summarize(rungs: Sequence[Recipe], folder: Path, *, seeds: int) -> list[RungResult]:
    """Return the results of each rung under a folder, from the bottom up.

    Raises
    ------
    FileError
        If a run is missing, is not finished, or is damaged.
    """
    summaries = []
    for rung in rungs:
        results = [RunFolder(run_folder(folder, rung, seed)).result() for seed in range(1, seeds + 1)]
        accuracies = tuple(result.test_accuracy for result in results if result.test_accuracy is not None)
        if len(accuracies) < seeds:
            raise FileError(f"{folder / rung.name}: expected {seeds} finished runs, got {len(accuracies)}")
        seconds = min(result.seconds for result in results)
        summaries.append(RungResult(rung.name, rung.description, accuracies, results[0].parameters, seconds))
    return summaries


def markdown(results: Sequence[RungResult], *, split: str) -> str:
    """Return the ladder as a table in Markdown."""
    rows = [
        f"| rung | change | test accuracy, {split} split | gain | parameters | seconds |",
        "|---|---|--:|--:|--:|--:|",
    ]
    for result, gain in zip(results, gains(results), strict=True):
        rows.append(
            f"| {result.name} | {result.change} | {_spread(result)} % | {gain} | {result.parameters:,} "
            f"| {result.seconds:.0f} |"
        )
    return "\n".join(rows) + "\n"


def gains(results: Sequence[RungResult]) -> list[str]:
    """Return in words what each rung gained in mean accuracy over the one below; nothing for the first."""
    return ["", *(describe_step(below, above) for below, above in pairwise(results))]


def describe_step(below: RungResult, above: RungResult) -> str:
    """Return a step in words: one of less than twice its standard error, or between single seeds, proves nothing."""
    step = f"{above.mean - below.mean:+.2f}".replace("-", "−")
    if min(len(below.accuracies), len(above.accuracies)) < 2:
        return f"one seed: not judged ({step})"
    error = sum(result.deviation**2 / len(result.accuracies) for result in (below, above)) ** 0.5
    return step if abs(above.mean - below.mean) > 2 * error else f"no measurable gain ({step})"


def _spread(result: RungResult) -> str:
    return f"{result.mean:.2f}" + (f" ± {result.deviation:.2f}" if len(result.accuracies) > 1 else "")
