"""Checkpoints: the whole state of a run at one position, so that it can continue from there to the same end.

    checkpoint-1.safetensors  ┐  two generations, written in turn: while one is being
    checkpoint-2.safetensors  ┘  written, the other one is complete

All randomness is a function of the position, so weights, optimiser state and position are the whole state of a run.
"""

import hashlib
import platform
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import msgspec
import numpy as np

from glasswork.arrays import FloatArray
from glasswork.engine.threads import blas_kernels
from glasswork.errors import FileError, RecipeError
from glasswork.recipes.experiment import Experiment
from glasswork.recipes.recipe import Recipe, leaves
from glasswork.runs.changes import changed_before
from glasswork.sealed import Facts, open_sealed, read_arrays, write_sealed
from glasswork.training.progress import Progress, State
from glasswork.training.results import EpochResult
from glasswork.training.state import Training
from glasswork.version import __version__

_WHAT = "checkpoint"

Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, lt=2**48)]


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """What the last digits of a result may depend on, apart from the recipe and the data."""

    threads: int
    numpy: str
    processor: str
    engine: str = "numpy"
    blas: str = ""  #: NumPy's BLAS and its kernels for this processor. Here and below, "" means unknown.
    scipy: str = ""  #: Version of SciPy, whose BLAS the compiled engine uses; empty for NumPy's engine.
    numba: str = ""  #: Version of Numba, which compiled the engine.

    @classmethod
    def here(cls, threads: int, engine: str = "numpy") -> "Machine":
        """Return the description of this machine."""
        used = {name: _version(name) for name in ("scipy", "numba") if engine == "compiled"}
        return cls(
            threads=threads, numpy=np.__version__, processor=platform.machine(), engine=engine, blas=blas_kernels(),
            **used,
        )  # fmt: skip

    def differences(self, here: "Machine") -> list[str]:
        """Return in words what is known to be different here."""
        pairs = [(name, getattr(self, name), getattr(here, name)) for name in self.__struct_fields__]
        return [
            f"{name}: {then} then, {now} now; the last digits may differ from an unbroken run's"
            for name, then, now in pairs
            if then != now and "" not in (then, now)
        ]


@cache
def _version(package: str) -> str:
    return metadata.version(package)


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of a `Progress`."""

    epoch: Count
    batch: Count
    num_samples: Count
    total_loss: float
    step: Count
    seconds: float
    best_epoch: Count
    best_accuracy: float
    best_measure: float | None = None


class CheckpointFacts(Facts, frozen=True, kw_only=True):
    """What a checkpoint states in addition to its arrays."""

    recipe: dict[str, Any]
    data_sha256: str
    weights_sha256: str = ""  #: Of the weights of training images; empty if there are none.
    machine: Machine
    position: Position
    history: list[EpochResult]

    @property
    def place(self) -> tuple[int, int]:
        """How far the training is: the epochs done, and the batches done of the next one."""
        return self.position.epoch, self.position.batch


class Checkpoints:
    """The two generations of a run's checkpoints.

    Parameters
    ----------
    folder : Path
        The run's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.paths = [folder / f"checkpoint-{n}.safetensors" for n in (1, 2)]
        self._next = 0

    def signature(self) -> list[tuple[int, int]]:
        """Return a value that changes whenever a checkpoint is written."""
        return [(stat.st_mtime_ns, stat.st_ino) for path in self.paths if path.exists() and (stat := path.stat())]

    def save(self, experiment: Experiment, progress: Progress, *, machine: Machine, history: list[EpochResult]) -> None:
        """Write a checkpoint; it replaces the older of the two.

        Raises
        ------
        FileError
            If it cannot be written. The previous checkpoint is kept.
        """
        state = Training(experiment.model, experiment.optimizer, experiment.average, progress).current()
        position = Position(**{field: state.position[field] for field in Position.__struct_fields__})
        facts = CheckpointFacts(
            version=__version__,
            recipe=experiment.recipe.to_dict(),
            data_sha256=experiment.data_sha256,
            weights_sha256=_digest(experiment.train_loader.weights),
            machine=machine,
            position=position,
            history=history,
        )
        best = state.position["best"] if _with_best(experiment.recipe, position) else []
        arrays = _arrays(experiment, state, state.position["last_good"], best)
        before = self.signature()
        try:
            write_sealed(self.paths[self._next], facts, arrays, what=_WHAT)
        finally:
            if self.signature() != before:  # it was written, even if the folder could not be synced
                self._next = 1 - self._next

    def load(self, experiment: Experiment, progress: Progress) -> tuple[CheckpointFacts | None, list[str]]:
        """Load the newest undamaged checkpoint into a run; the other one will be overwritten next.

        Returns
        -------
        facts : CheckpointFacts or None
            None if there is no checkpoint at all.
        problems : list of str
            What is wrong with each checkpoint that was skipped.

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
                    raise FileError(f"{path}: expected a checkpoint, and it is not a file; move it away")
                try:
                    with open_sealed(path, CheckpointFacts, what=_WHAT) as (facts, _):
                        found.append((facts.place, n))
                except FileError as error:
                    problems.append(str(error))
        for _, n in sorted(found, reverse=True):
            path = self.paths[n]
            try:
                with open_sealed(path, CheckpointFacts, what=_WHAT) as (facts, file):
                    _check_recipe(path, facts, experiment.recipe)
                    _check_data(path, facts, experiment)
                    _restore(file, path, facts, experiment, progress)
            except (FileError, RecipeError) as error:
                problems.append(
                    str(error) if isinstance(error, FileError) else f"{path}: its recipe is not valid: {error}"
                )
                continue
            self._next = 1 - n
            return facts, problems
        if problems:
            raise FileError("; ".join(problems))
        return None, []


def can_extend(recipe: Recipe) -> bool:
    """Return whether a run can have more epochs: not if something was planned for a number of epochs."""
    return not _planned(recipe)


def _planned(recipe: Recipe) -> str:
    """Return what was planned for a number of epochs; empty if nothing was."""
    if recipe.augment.make(recipe.training.epochs).changes:
        return "strength of the distortions"
    warm = " with a warm-up" if recipe.schedule.warmup else ""
    return "" if recipe.schedule.name == "constant" and not warm else f"{recipe.schedule.name} schedule{warm}"


def extended(recipe: Recipe, epochs: int, folder: Path) -> Recipe:
    """Return the recipe of the run in a folder with more epochs; raise a RecipeError if it cannot have them."""
    had = recipe.training.epochs
    if epochs != had and not can_extend(recipe):
        raise RecipeError(
            f"training.epochs: the {_planned(recipe)} of {folder} was planned for {had} epochs, so it cannot be "
            f"extended to {epochs}; train a new run with --epochs {epochs}"
        )
    if epochs < had:
        raise RecipeError(f"training.epochs: expected at least the {had} that {folder} has, got {epochs}")
    if epochs == had:
        return recipe
    words = "; ".join(filter(None, [recipe.description, f"extended from {had} to {epochs} epochs"]))
    return recipe.override({"training.epochs": epochs, "description": words})


def same_experiment(a: Recipe, b: Recipe) -> bool:
    """Return whether two recipes describe the same training.

    Descriptions, the place of the data and the engine may differ, and so may epochs where these can be extended.
    """
    alike = {"description": "", "data.source": "mnist", "training.engine": "auto"} | (
        {"training.epochs": 1} if can_extend(a) else {}
    )
    return a.override(alike) == b.override(alike)


def _check_recipe(path: Path, facts: CheckpointFacts, recipe: Recipe) -> None:
    done = facts.position.step  # later changes have changed nothing yet
    written, recipe = (changed_before(r, done) for r in (Recipe.from_dict(facts.recipe, newer=True), recipe))
    if not same_experiment(written, recipe) or recipe.training.epochs < written.training.epochs:
        before, now = dict(leaves(written.to_dict())), dict(leaves(recipe.to_dict()))
        differ = ", ".join(f"{key} = {value!r}" for key, value in before.items() if value != now.get(key))
        raise FileError(
            f"{path}: this checkpoint does not belong to the recipe.toml beside it; its recipe had {differ}"
        )


def _digest(weights: FloatArray | None) -> str:
    return "" if weights is None else hashlib.sha256(weights.tobytes()).hexdigest()


def _check_data(path: Path, facts: CheckpointFacts, experiment: Experiment) -> None:
    written = facts.data_sha256
    if facts.weights_sha256 != _digest(experiment.train_loader.weights):
        raise FileError(
            f"{path}: the weights in {experiment.recipe.training.sample_weights} are not those that the run "
            "was trained with; bring those back to go on"
        )
    if written != experiment.data_sha256:
        raise FileError(
            f"{path}: the data ({experiment.recipe.data.source}) are not those that the run was trained on (SHA-256 "
            f"{experiment.data_sha256[:12]}… now, {written[:12]}… then); restore the old data to continue"
        )


def _arrays(
    experiment: Experiment, state: State, last_good: list[FloatArray], best: list[FloatArray]
) -> dict[str, FloatArray]:
    """Return every array of a state, by its name in a checkpoint."""
    weights = zip(experiment.model.state(), state.weights, strict=True)
    return {
        **{f"model.{name}": array for name, array in weights},
        **{f"optimizer.{name}": array for name, array in state.optimizer.items()},
        **state.average,
        **{f"last_good.{i}": array for i, array in enumerate(last_good)},
        **{f"best.{i}": array for i, array in enumerate(best)},
    }


def _with_best(recipe: Recipe, position: Position) -> bool:
    """Return whether the arrays of the best epoch are needed and differ from those of the last epoch."""
    return recipe.training.early_stopping > 0 and position.best_epoch not in (0, position.epoch)


def _restore(file: Any, path: Path, facts: CheckpointFacts, experiment: Experiment, progress: Progress) -> None:
    """Read a whole state into new arrays first, and then copy it into the run."""
    weights, last_good, best = ([np.empty_like(array) for array in experiment.model.state().values()] for _ in range(3))
    fresh = Progress(**msgspec.structs.asdict(facts.position))
    average = {} if experiment.average is None else experiment.average.state()
    fresh.state = State(weights, experiment.optimizer.state(), average, {})
    with_best = _with_best(experiment.recipe, facts.position)
    read_arrays(file, path, facts, _arrays(experiment, fresh.state, last_good, best if with_best else []), what=_WHAT)
    fresh.last_good = last_good
    fresh.best = best if with_best else last_good if facts.position.best_epoch else []
    fresh.state.position.update(fresh.position())
    vars(progress).update(vars(fresh))
    Training(experiment.model, experiment.optimizer, experiment.average, progress).restore()
