"""Looking at a run that was left behind: its recipe, its network, its history."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from glasswork.errors import FileError
from glasswork.nn import MLP
from glasswork.training.files import read_small
from glasswork.training.history import read_history
from glasswork.training.lock import is_locked
from glasswork.training.loop import EpochResult
from glasswork.training.model_file import load_model
from glasswork.training.recipe import Recipe, read_recipe


class RunResult(msgspec.Struct, frozen=True, kw_only=True):
    """How a run ended: the content of its ``result.json``."""

    state: Literal["running", "finished", "interrupted", "failed"]
    epochs: int = 0
    test_accuracy: float | None = None
    split: str = ""
    seconds: float = 0.0
    reason: str = ""
    pid: int = 0


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
        return read_history(self.folder / "history.csv")

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
        return msgspec.json.decode(read_small(path), type=RunResult)
    except (OSError, ValueError, msgspec.MsgspecError) as error:  # ValueError: no UTF-8
        raise FileError(f"{path}: not the result of a run ({error})") from error
