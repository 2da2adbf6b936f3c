"""The ladder: from the handout's network to the best plain one and on to distorted images, one change per rung.

    classwork ──► true bias gradient ──► cross-entropy ──► ReLU ──► ... ──► plain-best ──► affine ──► ... ──► patience

Every rung is trained with several seeds. A finished run is never trained again; a run that was stopped or killed
continues from its last checkpoint.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glasswork.errors import InputError
from glasswork.recipes.recipe import Recipe
from glasswork.recipes.shelf import named_recipe
from glasswork.runs.many import Trained, Wanted, Watch, open_site, train_all
from glasswork.tasks import open_pool


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
    Rung(
        "affine",
        "affine distortions in place of Gaussian noise",
        {
            "network.input_noise": 0.0,
            "network.noise": 0.0,
            "augment.rotation": 15.0,
            "augment.calm": ["1", "7"],
            "augment.scale": 0.15,
            "augment.shear": 0.15,
            "augment.shift": 2.0,
        },
    ),
    Rung(
        "elastic",
        "elastic distortions too; weaker at the end",
        {"augment.elastic": 1.2, "augment.end_strength": 0.6, "augment.end_share": 0.2},
    ),
    Rung("broad", "three layers, 1024-512-256", {"network.hidden": [1024, 512, 256]}),
    Rung("patience", "120 epochs, batches of 250", {"training.epochs": 120, "training.batch_size": 250}),
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


def climb(
    rungs: Sequence[Recipe],
    folder: Path,
    *,
    seeds: int,
    jobs: int | None = None,
    cluster: str | None = None,
    tell: Callable[[str], object] = print,
    watch: Watch = len,
) -> Iterator[Trained]:
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
    jobs, cluster, tell
        See `glasswork.tasks.open_pool`.
    watch : callable
        See `Site.train`.

    Raises
    ------
    InputError
        If ``seeds`` or ``jobs`` is less than 1.
    StateError
        If another command is training runs in the folder.
    FileError
        If the folder holds other runs, or runs on other data, or cannot be written.
    TaskError
        At the end, if a run failed.
    """
    if seeds < 1 or (jobs is not None and jobs < 1):
        raise InputError(f"ladder: expected at least 1 seed and 1 job, got {seeds} and {jobs}")
    runs = [
        Wanted(run_folder(folder, rung, seed), rung.override({"seed": seed}))
        for rung in rungs
        for seed in range(1, seeds + 1)
    ]
    with open_pool(jobs, cluster, tell=tell) as pool, open_site(folder, pool, tell=tell) as site:
        yield from train_all(site, runs, watch=watch)


def run_folder(folder: Path, rung: Recipe, seed: int) -> Path:
    """Return the folder for a rung's run with a seed."""
    return folder / rung.name / f"seed-{seed}"
