"""The ladder: from the handout's network to the best plain one, one change per rung.

    classwork ──► true bias gradient ──► cross-entropy ──► ReLU ──► ... ──► plain-best

Every rung is trained with several seeds. A finished run is never trained again; a run that was stopped or killed
continues from its last checkpoint.
"""

import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from glasswork.data import load_dataset
from glasswork.errors import FileError, InputError, StateError, TaskError
from glasswork.locks import Lock
from glasswork.recipes.experiment import DATA_CACHE
from glasswork.recipes.recipe import Recipe
from glasswork.recipes.shelf import named_recipe
from glasswork.runs.folder import RunFolder
from glasswork.runs.result import RunResult
from glasswork.runs.run import Run
from glasswork.stopping import StopOnSignal
from glasswork.tasks import run_tasks


@dataclass(frozen=True)
class Rung:
    """One change to the experiment below.

    Attributes
    ----------
    name : str
        Name of the resulting recipe.
    change : str
        The change in words.
    settings : dict
        The keys of the recipe that change, with their new values.
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
    Rung(
        "momentum",
        "momentum 0.9, a tenth of the learning rate",
        {"optimizer.momentum": 0.9, "optimizer.learning_rate": 0.01},
    ),
    Rung("width", "512 hidden neurons in place of 50", {"network.hidden": [512]}),
    Rung("depth", "a second hidden layer", {"network.hidden": [512, 512]}),
    Rung(
        "adam",
        "AdamW, a cosine schedule, 30 epochs in place of SGD, 50",
        {
            "optimizer.name": "adamw",
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


def recipes(*, official: bool = False, epochs: int | None = None, engine: str = "auto") -> list[Recipe]:
    """Return the recipe of each rung, from ``classwork`` up.

    Parameters
    ----------
    official : bool
        Use the official split, not the handout's.
    epochs : int, optional
        Epochs for every rung, for a quick look; by default those of its recipe.
    engine : {"auto", "numpy", "compiled"}
        What computes the steps.
    """
    everywhere = {"data.split": "official" if official else "handout", "training.engine": engine}
    recipe = named_recipe("classwork").override(everywhere)
    found = []
    for rung in RUNGS:
        recipe = recipe.override({**rung.settings, "name": rung.name, "description": rung.change})
        found.append(recipe if epochs is None else recipe.override({"training.epochs": epochs}))
    return found


@dataclass(frozen=True)
class Climbed:
    """A finished run of the ladder.

    Attributes
    ----------
    recipe : Recipe
    result : RunResult
    resumed_after : int or None
        Epochs that were done when it continued from a checkpoint; None if it was trained without interruption.
    """

    recipe: Recipe
    result: RunResult
    resumed_after: int | None = None


def climb(rungs: Sequence[Recipe], folder: Path, *, seeds: int, jobs: int) -> Iterator[Climbed]:
    """Train every rung with every seed, several runs at a time, and yield each run when it is finished.

    A run that fails does not stop the others.

    Parameters
    ----------
    rungs : sequence of Recipe
        From the bottom up, for example those of `recipes`.
    folder : Path
        Where the runs go, ``<folder>/<rung>/seed-<n>``.
    seeds : int
        Number of seeds: 1, 2, ..., ``seeds``.
    jobs : int
        Runs at a time. Each is a process with one thread for matrix products.

    Raises
    ------
    InputError
        If ``seeds`` or ``jobs`` is less than 1.
    StateError
        If another ladder is running in the folder.
    FileError
        If the folder holds other runs, or runs on other data, or cannot be written.
    TaskError
        At the end, if a run failed.
    """
    if seeds < 1 or jobs < 1:
        raise InputError(f"ladder: expected at least 1 seed and 1 job, got {seeds} and {jobs}")
    wanted = {
        str(run_folder(folder, rung, seed)): rung.override({"seed": seed})
        for rung in rungs
        for seed in range(1, seeds + 1)
    }
    with _locked(folder):
        fingerprint = cache(_fingerprint)  # a source is loaded once, however many runs use it
        found = {place: _finished(Path(place), recipe, fingerprint) for place, recipe in wanted.items()}
        finished = {place: result for place, result in found.items() if result is not None}
        for place, result in finished.items():
            yield Climbed(wanted[place], result)
        missing = {place: (place, recipe) for place, recipe in wanted.items() if place not in finished}
        yield from _train_all(missing, jobs)


def run_folder(folder: Path, rung: Recipe, seed: int) -> Path:
    """Return the folder for a rung's run with a seed."""
    return folder / rung.name / f"seed-{seed}"


def _train_all(missing: Mapping[str, tuple[str, Recipe]], jobs: int) -> Iterator[Climbed]:
    failed = []
    for outcome in run_tasks(_train, missing, workers=jobs):
        if outcome.error is not None:
            failed.append(str(outcome.error))
        else:
            place, recipe = missing[outcome.key]
            yield Climbed(recipe, RunFolder(place).result(), outcome.value)
    if failed:
        runs = "1 run" if len(failed) == 1 else f"{len(failed)} runs"
        raise TaskError(f"ladder: {runs} of {len(missing)} failed; the others are kept: {'; '.join(failed)}")


def _train(task: tuple[str, Recipe]) -> int | None:
    """Train one run to its end, in its own process; return the epochs after which it was resumed, or None."""
    place, recipe = task
    resumed = RunFolder(place).exists()
    with StopOnSignal() as stop:  # a cluster sends its signals to every process
        run = Run.resume(place, should_stop=stop) if resumed else Run(recipe, place, should_stop=stop)
        before = len(run.history)
        with run:
            for _ in run.epochs():
                pass
    if stop.number is not None and RunFolder(place).result().state == "interrupted":
        raise TaskError(f"{signal.Signals(stop.number).name} ended it; it is saved, and the same command continues it")
    return before if resumed else None


def _finished(place: Path, recipe: Recipe, fingerprint: Callable[[str], str]) -> RunResult | None:
    """Return the result of a finished run; None if it must still be trained, or trained further."""
    run = RunFolder(place)
    if not run.exists():
        if place.exists():
            raise FileError(f"{place}: expected the folder of a run, or nothing; choose another --out, or move it")
        return None
    alike = {"description": ""} | ({"training.engine": "auto"} if recipe.training.engine == "auto" else {})
    if run.recipe().override(alike) != recipe.override(alike):
        raise FileError(f"{place}: this folder holds a run of another recipe; choose another --out, or move it")
    result = run.result()
    if result.state != "finished":
        return None
    if result.data and result.data.sha256 and result.data.sha256 != fingerprint(recipe.data.source):
        raise FileError(
            f"{place}: this run was trained on other data than {recipe.data.source} holds now; restore the old data, "
            "choose another --out, or move the run away"
        )
    return result


def _fingerprint(source: str) -> str:
    """Return the fingerprint of the current content of a source."""
    return load_dataset(source, cache=DATA_CACHE).origin.sha256


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Context manager: locks a folder against other ladders. When this process ends, the lock is released."""
    lock = Lock(folder / ".lock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = lock.acquire()
    except OSError as error:
        raise FileError(f"{folder}: this folder cannot be used ({error.strerror}); choose another") from error
    if not free:
        raise StateError(f"{folder}: another ladder is running here; wait for it, end it, or choose another --out")
    try:
        yield
    finally:
        lock.release()
