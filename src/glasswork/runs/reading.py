"""Looking at a run that was left behind: its recipe, its network, its history."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

import msgspec

from glasswork.errors import FileError
from glasswork.nn import MLP
from glasswork.files import read_small
from glasswork.runs.history import read_history
from glasswork.runs.lock import is_locked
from glasswork.training.loop import EpochResult
from glasswork.runs.model_file import load_model
from glasswork.recipes.recipe import Recipe
from glasswork.recipes.shelf import read_recipe


class RunResult(msgspec.Struct, frozen=True, kw_only=True):
    """How a run ended: the content of its ``result.json``."""

    state: Literal["running", "finished", "interrupted", "failed"]
    epochs: int = 0
    test_accuracy: float | None = None
    split: str = ""
    seconds: float = 0.0
    reason: str = ""
    pid: int = 0
    history_sha256: str = ""
    sha256: str = ""

    def sealed(self) -> Self:
        """Return this result with the SHA-256 of all else that it says."""
        bare = msgspec.structs.replace(self, sha256="")
        return msgspec.structs.replace(bare, sha256=hashlib.sha256(msgspec.json.encode(bare)).hexdigest())


@dataclass(frozen=True)
class PastRun:
    """What a run's folder holds; each part is read when it is asked for.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    FileError
        If the folder is not that of a run, or what it holds is damaged.
    """

    folder: Path

    def __post_init__(self) -> None:
        if not (self.folder / "recipe.toml").is_file():
            raise FileError(f"{self.folder}: expected the folder of a run, with a recipe.toml; see glasswork runs")

    @property
    def recipe(self) -> Recipe:
        """What was asked."""
        return read_recipe(self.folder / "recipe.toml")

    @property
    def model(self) -> MLP:
        """What was learnt."""
        return load_model(self.folder)

    @property
    def history(self) -> list[EpochResult]:
        """How it went, epoch by epoch."""
        path, sealed = self.folder / "history.csv", read_result(self.folder).history_sha256
        history = read_history(path)
        if sealed and sealed != hash_file(path):
            raise FileError(f"{path}: was changed since the run wrote it; glasswork resume writes it anew")
        return history

    @property
    def result(self) -> RunResult:
        """How it ended."""
        result = read_result(self.folder)
        if result.state == "running" and not is_locked(self.folder):
            return msgspec.structs.replace(result, state="interrupted", reason=f"process {result.pid} was killed")
        return result


def read_recipe_of(folder: Path) -> Recipe:
    """Return the recipe of a run's folder."""
    return PastRun(folder).recipe


def read_result(folder: Path) -> RunResult:
    """Return what a run's ``result.json`` says; a run that was killed says that it is running."""
    path = folder / "result.json"
    try:
        result = msgspec.json.decode(read_small(path), type=RunResult)
    except (OSError, ValueError, msgspec.MsgspecError) as error:  # ValueError: no UTF-8
        raise FileError(f"{path}: not the result of a run ({error})") from error
    if result != result.sealed():
        raise FileError(f"{path}: not the result of a run (it has no seal, or was changed since the run wrote it)")
    return result


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a small file; nothing if it is not there."""
    return hashlib.sha256(read_small(path)).hexdigest() if path.exists() else ""
