"""What it costs to keep a run safe: checkpoints, history and the look for faults, against the same training bare.

Epochs of the two take turns in one process: a `Run` with its folder, and `fit` with the same parts and nothing kept.
"""

import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from report import Row

from glasswork import Run, fit, named_recipe
from glasswork.recipes.experiment import assemble
from glasswork.training.threads import limited_to

#: For each recipe, how much of its bare time it may take at most, and how many epochs a round has.
TARGETS = {"classwork": (1.02, 10), "plain-best": (1.03, 1)}


def rows(rounds: int) -> list[Row]:
    """Return a row a recipe."""
    return [_row(name, rounds) for name in TARGETS]


def _row(name: str, rounds: int) -> Row:
    most, epochs = TARGETS[name]
    recipe = named_recipe(name).override({"training.epochs": (rounds + 1) * epochs})
    bare = assemble(recipe)
    ratios = []
    with tempfile.TemporaryDirectory() as folder, Run(recipe, Path(folder) / "run") as run, limited_to(run.threads):
        kept = run.epochs()
        plain = fit(
            bare.model, bare.train_loader, bare.valid_loader, bare.optimizer, bare.loss, epochs=recipe.training.epochs
        )
        with closing(plain), closing(kept):
            for _ in range(rounds + 1):
                ratios.append(_clock(kept, epochs) / _clock(plain, epochs))
    return Row(f"{name}, a run kept safe", "time / bare training", f"safety {name}", ratios[1:], at_most=most)


def _clock(training: Iterator[object], epochs: int) -> float:
    start = time.perf_counter()
    for _ in range(epochs):
        next(training)
    return time.perf_counter() - start
