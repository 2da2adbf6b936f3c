"""The ladder: from the handout's network to the best plain one, one change a rung.

    classwork ──► true bias gradient ──► cross-entropy ──► ReLU ──► ... ──► plain-best

Every rung is trained on several seeds. A rung that is done is never trained again.
"""

import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from glasswork.errors import FileError, GlassworkError, InputError
from glasswork.files import write_whole
from glasswork.recipes.recipe import Recipe
from glasswork.recipes.shelf import named_recipe
from glasswork.runs.reading import PastRun


@dataclass(frozen=True)
class Rung:
    """One change to the experiment below.

    Attributes
    ----------
    name : str
        Of the recipe that it makes.
    change : str
        In words.
    settings : dict
        The keys of the recipe that change.
    """

    name: str
    change: str
    settings: dict[str, Any]


RUNGS = (
    Rung("classwork", "the handout: 784-50-10, sigmoid, squared error, SGD", {}),
    Rung("bias", "biases get their true gradient", {"network.bias_grad": "sum"}),
    Rung(
        "cross-entropy",
        "cross-entropy in place of squared error",
        {"loss.name": "cross-entropy", "network.output_activation": "none"},
    ),
    Rung("relu", "ReLU in place of sigmoid, He's initial weights", {"network.activation": "relu"}),
    Rung("momentum", "momentum 0.9", {"optimizer.momentum": 0.9, "optimizer.learning_rate": 0.01}),
    Rung("width", "512 hidden neurons in place of 50", {"network.hidden": [512]}),
    Rung("depth", "a second hidden layer", {"network.hidden": [512, 512]}),
    Rung(
        "adam",
        "AdamW, a cosine schedule, 30 epochs in place of SGD, 50",
        {
            "optimizer.name": "adamw",
            "optimizer.momentum": 0.0,
            "optimizer.learning_rate": 0.001,
            "optimizer.weight_decay": 0.01,
            "schedule.name": "cosine",
            "schedule.warmup": 0.02,
            "training.epochs": 30,
        },
    ),
    Rung("dropout", "dropout of 0.2 of the neurons", {"network.dropout": 0.2}),
    Rung(
        "batch-norm",
        "batch normalisation, twice the learning rate",
        {"network.batch_norm": True, "optimizer.learning_rate": 0.002},
    ),
    Rung(
        "noise",
        "Gaussian noise in place of dropout",
        {
            "network.dropout": 0.0,
            "network.input_noise": 0.6,
            "network.noise": 0.3,
        },
    ),
    Rung("average", "an average of the weights", {"training.average": 0.999}),
    Rung(
        "plain-best",
        "five layers, 1000-500-250-250-250, 40 epochs",
        {"network.hidden": [1000, 500, 250, 250, 250], "training.epochs": 40},
    ),
)


def recipes(*, official: bool = False, epochs: int | None = None) -> list[Recipe]:
    """Return the recipe of each rung, from ``classwork`` up.

    Parameters
    ----------
    official : bool
        The official split, not the handout's.
    epochs : int, optional
        How long every rung is trained, for a quick look; by default as long as its recipe says.
    """
    recipe = named_recipe("classwork").override({"data.split": "official" if official else "handout"})
    made = []
    for rung in RUNGS:
        recipe = recipe.override({**rung.settings, "name": rung.name, "description": rung.change})
        made.append(recipe if epochs is None else recipe.override({"training.epochs": epochs}))
    return made


@dataclass(frozen=True)
class RungResult:
    """What a rung came to.

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


def climb(rungs: Sequence[Recipe], folder: Path, *, seeds: int, jobs: int) -> Iterator[tuple[Recipe, PastRun]]:
    """Train every rung on every seed, several at a time, and yield each run when it is done.

    Parameters
    ----------
    rungs : sequence of Recipe
        From the bottom up, such as those of `recipes`.
    folder : Path
        Where the runs go, ``<folder>/<rung>/seed-<n>``; runs that are done there are not trained again.
    seeds : int
        The seeds are 1, 2, ... to this.
    jobs : int
        Runs at a time, each a process with one thread of matrix products.

    Raises
    ------
    FileError
        If the folder holds runs of another recipe, or cannot be written.
    GlassworkError
        If a run fails.
    """
    wanted = [
        (rung.override({"seed": seed}), folder / rung.name / f"seed-{seed}")
        for rung in rungs
        for seed in range(1, seeds + 1)
    ]
    if seeds < 1 or jobs < 1:
        raise InputError(f"ladder: expected at least 1 seed and 1 job, got {seeds} and {jobs}")
    missing = []
    for recipe, place in wanted:
        if not place.exists():
            missing.append((recipe, place))
        elif (past := PastRun(place)).recipe != recipe or past.result.test_accuracy is None:
            raise FileError(f"{place}: holds another run, or one that did not finish; choose another --out, or move it")
        else:
            yield recipe, PastRun(place)
    pool = ThreadPoolExecutor(jobs)
    try:
        waiting = {pool.submit(_train, recipe, place): (recipe, place) for recipe, place in missing}
        for done in as_completed(waiting):
            done.result()
            recipe, place = waiting[done]
            yield recipe, PastRun(place)
    finally:
        pool.shutdown(cancel_futures=True)


def summarize(rungs: Sequence[Recipe], folder: Path, *, seeds: int) -> list[RungResult]:
    """Return what each rung under a folder came to, from the bottom up."""
    results = []
    for rung in rungs:
        runs = [PastRun(folder / rung.name / f"seed-{seed}") for seed in range(1, seeds + 1)]
        ends = [run.result for run in runs]
        results.append(
            RungResult(
                rung.name,
                rung.description,
                tuple(end.test_accuracy or 0.0 for end in ends),
                sum(array.size for array in runs[0].model.parameters()),
                min(end.seconds for end in ends),
            )
        )
    return results


def markdown(results: list[RungResult], *, split: str) -> str:
    """Return the ladder as a table in Markdown; what a rung bought is its step in mean accuracy."""
    rows = [
        f"| rung | change | test accuracy, {split} split | bought | parameters | seconds |",
        "|---|---|--:|--:|--:|--:|",
    ]
    bought_by = ["", *(describe_step(below, above) for below, above in pairwise(results))]
    for result, bought in zip(results, bought_by, strict=True):
        rows.append(
            f"| {result.name} | {result.change} | {_spread(result)} % | {bought} | {result.parameters:,} "
            f"| {result.seconds:.0f} |"
        )
    return "\n".join(rows) + "\n"


def _spread(result: RungResult) -> str:
    return f"{result.mean:.2f}" + (f" ± {result.deviation:.2f}" if len(result.accuracies) > 1 else "")


def describe_step(below: RungResult, above: RungResult) -> str:
    """Return what a rung bought, in words: a step of less than twice its standard error is nothing."""
    step = above.mean - below.mean
    error = sum(result.deviation**2 / len(result.accuracies) for result in (below, above)) ** 0.5
    return f"{step:+.2f}" if abs(step) > 2 * error else f"nothing ({step:+.2f})"


def _train(recipe: Recipe, place: Path) -> None:
    """Train one run in a process of its own; its folder appears only when it is done."""
    unfinished = place.with_name(f".{place.name}-unfinished")
    asked = place.with_name(f".{place.name}.toml")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"{place.parent}: this folder cannot be made ({error.strerror}); choose another") from error
    shutil.rmtree(unfinished, ignore_errors=True)
    write_whole(asked, recipe.to_toml().encode())
    threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "glasswork", "train", "--quiet", f"--out={unfinished}", "--", str(asked)],
        env={**os.environ, **threads},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise GlassworkError(f"{place}: this run failed: {done.stderr.strip() or done.stdout.strip()}")
    asked.unlink()
    unfinished.rename(place)
