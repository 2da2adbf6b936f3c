"""Looking at a run that was left behind: its recipe, its network, its history."""

from dataclasses import dataclass
from pathlib import Path

from glasswork.errors import FileError
from glasswork.nn import MLP
from glasswork.training.model_file import load_model
from glasswork.training.recipe import Recipe, read_recipe


@dataclass(frozen=True)
class FinishedRun:
    """What a run's folder holds."""

    folder: Path
    recipe: Recipe
    model: MLP


def open_run(folder: Path) -> FinishedRun:
    """Read the recipe and the network of a run.

    Raises
    ------
    FileError
        If the folder is not that of a run, or what it holds is damaged.
    """
    if not (folder / "recipe.toml").is_file():
        raise FileError(f"{folder}: expected the folder of a run, with a recipe.toml in it; see ls runs/")
    return FinishedRun(folder, read_recipe(folder / "recipe.toml"), load_model(folder))
