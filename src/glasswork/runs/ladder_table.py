"""What each rung of a ladder gained, as a table and in words.

a rung's accuracies, one per seed ──► mean ± deviation ──► the step from the rung below, if chance does not explain it
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from glasswork.errors import FileError
from glasswork.recipes.recipe import Recipe
from glasswork.runs.folder import RunFolder
from glasswork.runs.ladder import run_folder
from glasswork.statistics import SIGNIFICANCE, Sample, difference_p_value, interval_in_words, significant

#: Test images in both splits of MNIST, and the smallest difference in test accuracy, in percent: one of them.
TESTED = 10_000
RESOLUTION = 100 / TESTED


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
        Training time of the fastest seed with one thread for matrix products; the other seeds had to share the machine.
    """

    name: str
    change: str
    accuracies: tuple[float, ...]
    parameters: int
    seconds: float

    @property
    def sample(self) -> Sample:
        """Mean test accuracy and its standard deviation over the seeds, percent."""
        return Sample.of(self.accuracies)


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
    """Return the ladder as a Markdown table; below it stands the rule that decides what counts as a gain."""
    rows = [
        f"| rung | change | test accuracy, {split} split | gain | parameters | seconds |",
        "|---|---|--:|--:|--:|--:|",
    ]
    for result, gain in zip(results, gains(results), strict=True):
        rows.append(
            f"| {result.name} | {result.change} | {_spread(result.sample)} | {gain} | {result.parameters:,} "
            f"| {result.seconds:.0f} |"
        )
    seeds = results[0].sample.count
    measured = (
        f"Accuracies are means ± standard deviations over {seeds} seeds, each on {TESTED:,} test images. The standard "
        f"error of a mean is its deviation divided by √{seeds}."
        if seeds > 1
        else f"Accuracies are of one seed, on {TESTED:,} test images, with their 95 % confidence intervals."
    )
    return "\n".join(rows) + f"\n\n{measured} {rule(len(results) - 1)}\n"


def gains(results: Sequence[RungResult]) -> list[str]:
    """Return in words how much mean accuracy each rung gained over the one below; "" for the first."""
    return ["", *step_words([result.sample for result in results])]


def describe_step(below: RungResult, above: RungResult) -> str:
    """Return in words what one step gained, judged by itself: 1 in 20 steps without an effect is called a gain."""
    return step_words([below.sample, above.sample])[0]


def step_words(samples: Sequence[Sample]) -> list[str]:
    """Return the steps between rungs in words, judged together; a step that chance can explain is not called a gain."""
    steps = list(pairwise(samples))
    p_values = [difference_p_value(below, above, resolution=RESOLUTION) for below, above in steps]
    words = []
    for (below, above), p, claimed in zip(steps, p_values, significant(p_values), strict=True):
        step = f"{above.mean - below.mean:+.2f}".replace("-", "−")
        unproven = "one seed: not judged" if math.isnan(p) else "no measurable gain"
        words.append(step if claimed else f"{unproven} ({step})")
    return words


def rule(steps: int) -> str:
    """Return a sentence that says when a step counts as a gain or a loss, in a ladder with ``steps`` steps."""
    correction = f", corrected for {steps} steps by Holm's method" if steps > 1 else ""
    return (
        "A step counts as a gain or a loss if chance alone would produce it with a probability of less than "
        f"{100 * SIGNIFICANCE:.0f} % (Welch's t test{correction}); it is measured at this place in the ladder only."
    )


def _spread(sample: Sample) -> str:
    if sample.count > 1:
        return f"{sample.mean:.2f} ± {sample.deviation:.2f} %"
    return f"{sample.mean:.2f} % ({interval_in_words(round(sample.mean * TESTED / 100), TESTED)})"
