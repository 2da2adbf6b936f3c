"""Checkpoints: a run at one position, whole, so that it can go on from there as if nothing had happened.

    checkpoint-1.safetensors  ┐  two generations, written in turn: while one is written,
    checkpoint-2.safetensors  ┘  the other is there, whole

All randomness is a function of the position; so weights, the optimiser's state and the position are the whole run.
"""

import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from glasswork.arrays import FloatArray
from glasswork.errors import FileError, RecipeError
from glasswork.nn import MLP
from glasswork.optim import Optimizer
from glasswork.training.loop import EpochResult
from glasswork.training.progress import Progress
from glasswork.recipes.recipe import Recipe, Section, leaves
from glasswork.sealed import FORMAT, Facts, open_sealed, read_arrays, write_sealed

_WHAT = "checkpoint"


class Machine(Section, frozen=True):
    """What the last digits of a result may depend on, beside the recipe and the data."""

    threads: int
    numpy: str
    processor: str

    @classmethod
    def here(cls, threads: int) -> "Machine":
        """Return this machine."""
        return cls(threads=threads, numpy=np.__version__, processor=platform.machine())


class Position(Section, frozen=True):
    """The numbers of a `Progress`."""

    epoch: int
    batch: int
    num_samples: int
    total_loss: float
    seconds: float
    best_epoch: int
    best_accuracy: float


class CheckpointFacts(Facts, frozen=True, kw_only=True):
    """What a checkpoint says beside its arrays."""

    recipe: Recipe
    data_sha256: str
    machine: Machine
    position: Position
    history: list[EpochResult]

    @property
    def place(self) -> tuple[int, int]:
        """How far it is: epochs done, and batches of the next."""
        return self.position.epoch, self.position.batch


class Checkpoints:
    """The two generations of a run's checkpoints.

    Parameters
    ----------
    folder : Path
        Of the run.
    """

    def __init__(self, folder: Path) -> None:
        self.paths = [folder / f"checkpoint-{n}.safetensors" for n in (1, 2)]
        self._next = 0

    def save(
        self,
        model: MLP,
        optimizer: Optimizer,
        progress: Progress,
        *,
        recipe: Recipe,
        data_sha256: str,
        machine: Machine,
        history: list[EpochResult],
    ) -> None:
        """Write a checkpoint in place of the older of the two.

        Raises
        ------
        FileError
            If it cannot be written; the one before is untouched.
        """
        position = Position(**{field: getattr(progress, field) for field in Position.__struct_fields__})
        facts = CheckpointFacts(
            format=FORMAT,
            version=version("glasswork"),
            recipe=recipe,
            data_sha256=data_sha256,
            machine=machine,
            position=position,
            history=history,
        )
        write_sealed(
            self.paths[self._next], facts, _arrays(model, optimizer, progress, with_best=_with_best(recipe, progress))
        )
        self._next = 1 - self._next

    def load(
        self, model: MLP, optimizer: Optimizer, progress: Progress, *, recipe: Recipe
    ) -> tuple[CheckpointFacts | None, list[str]]:
        """Put the newest checkpoint that is whole into a run; the other is the next to be written over.

        Returns
        -------
        facts : CheckpointFacts or None
            None if there is no checkpoint at all.
        problems : list of str
            What is wrong with a checkpoint that was passed over.

        Raises
        ------
        FileError
            If there are checkpoints and none can be used.
        """
        found: list[tuple[tuple[int, int], int]] = []
        problems: list[str] = []
        for n, path in enumerate(self.paths):
            if path.exists():
                if not path.is_file():
                    raise FileError(f"{path}: expected a checkpoint, and it is no file; move it away")
                try:
                    with open_sealed(path, CheckpointFacts, what=_WHAT) as (facts, _):
                        found.append((facts.place, n))
                except FileError as error:
                    problems.append(str(error))
        for _, n in sorted(found, reverse=True):
            path = self.paths[n]
            try:
                with open_sealed(path, CheckpointFacts, what=_WHAT) as (facts, file):
                    _check_recipe(path, facts.recipe, recipe)
                    _restore(file, path, facts, model, optimizer, progress)
            except FileError as error:
                problems.append(str(error))
                continue
            self._next = 1 - n
            return facts, problems
        if problems:
            raise FileError("; ".join(problems))
        return None, []


def can_extend(recipe: Recipe) -> bool:
    """Whether more epochs continue a run: not where the learning rate was laid out for the epochs there were."""
    return recipe.schedule.name == "constant" and recipe.schedule.warmup == 0


def extended(recipe: Recipe, epochs: int, folder: Path) -> Recipe:
    """Return the recipe with more epochs, for the run in a folder, or say why it cannot have them."""
    had = recipe.training.epochs
    if epochs != had and not can_extend(recipe):
        raise RecipeError(
            f"training.epochs: {folder} was laid out for {had} epochs by its {recipe.schedule.name} schedule"
            + (" with a warm-up" if recipe.schedule.warmup else "")
            + f"; it cannot be extended to {epochs}; train it anew with --epochs {epochs}"
        )
    if epochs < had:
        raise RecipeError(f"training.epochs: expected at least the {had} that {folder} has, got {epochs}")
    return recipe.override({"training.epochs": epochs})


def same_experiment(a: Recipe, b: Recipe) -> bool:
    """Whether two recipes differ in nothing but words, and epochs where those may be more."""
    alike = {"description": ""} | ({"training.epochs": 1} if can_extend(a) else {})
    return a.override(alike) == b.override(alike)


def _check_recipe(path: Path, written: Recipe, recipe: Recipe) -> None:
    if not same_experiment(written, recipe) or recipe.training.epochs < written.training.epochs:
        before, now = dict(leaves(written.to_dict())), dict(leaves(recipe.to_dict()))
        differ = ", ".join(f"{key} = {before[key]!r}" for key in before if before[key] != now[key])
        raise FileError(f"{path}: belongs to another experiment than the recipe.toml beside it; that had {differ}")


def _arrays(model: MLP, optimizer: Optimizer, progress: Progress, *, with_best: bool) -> dict[str, FloatArray]:
    arrays = {f"model.{name}": array for name, array in model.state().items()}
    arrays |= {f"optimizer.{name}": array for name, array in optimizer.state().items()}
    arrays |= {f"last_good.{i}": array for i, array in enumerate(progress.last_good)}
    if with_best:
        arrays |= {f"best.{i}": array for i, array in enumerate(progress.best)}
    return arrays


def _with_best(recipe: Recipe, progress: Progress | Position) -> bool:
    """Whether the best epoch's arrays are needed, and are not those of the last epoch."""
    return recipe.training.early_stopping > 0 and progress.best_epoch not in (0, progress.epoch)


def _restore(
    file: Any, path: Path, facts: CheckpointFacts, model: MLP, optimizer: Optimizer, progress: Progress
) -> None:
    position = facts.position
    fresh = Progress(**msgspec.structs.asdict(position))
    fresh.last_good = [np.empty_like(array) for array in model.state().values()]
    fresh.best = [np.empty_like(array) for array in fresh.last_good]
    with_best = _with_best(facts.recipe, position)
    arrays = _arrays(model, optimizer, fresh, with_best=with_best)  # the optimiser's state is a copy, so filled apart
    read_arrays(file, path, facts, arrays, what=_WHAT)
    state = {name.removeprefix("optimizer."): array for name, array in arrays.items() if name.startswith("optimizer.")}
    optimizer.load_state(state)
    if not with_best:
        fresh.best = fresh.last_good if position.best_epoch else []
    vars(progress).update(vars(fresh))
