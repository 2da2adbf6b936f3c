"""A sweep: many trials of one recipe, each with other values of some keys, judged by the validation images.

recipe, spaces ──► trial 0: values ──► its recipe with seed 1, 2, ... ──► runs ──► mean validation accuracy
               └─► trial 1: ...
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from glasswork.recipes.recipe import Recipe
from glasswork.runs.sweep_space import Space, in_words
from glasswork.statistics import Sample

Search: TypeAlias = Literal["grid", "random", "tpe"]
Keep: TypeAlias = Literal["best", "all", "none"]
TrialState: TypeAlias = Literal["running", "finished", "pruned", "diverged"]


@dataclass(frozen=True)
class Sweep:
    """What a sweep searches, and how.

    Attributes
    ----------
    recipe : Recipe
        What all trials have in common. Its seed decides which points random search and TPE try.
    spaces : tuple of Space
    search : {"grid", "random", "tpe"}
    seeds : int
        Runs of each trial, with the seeds 1, 2, ..., ``seeds``.
    prune : bool
        Whether to stop a trial whose first run is worse, at some epoch, than the median of the others were there.
    """

    recipe: Recipe
    spaces: tuple[Space, ...]
    search: Search
    seeds: int = 1
    prune: bool = False

    def facts(self) -> dict[str, Any]:
        """Return what must not change when trials are added later."""
        return {
            "recipe": self.recipe.override({"description": ""}).to_dict(),
            "over": [f"{space.key}={space.text}" for space in self.spaces],
            "search": self.search,
            "seeds": self.seeds,
            "prune": self.prune,
        }

    def recipe_of(self, trial: "Trial", *, seed: int = 1, name: str = "") -> Recipe:
        """Return the recipe of a trial's run."""
        words = f"{self.recipe.name}, trial {trial.number}: {in_words(trial.settings)}"
        name = name or self.recipe.name
        return self.recipe.override({**trial.settings, "name": name, "description": words, "seed": seed})


@dataclass(frozen=True)
class Trial:
    """A trial and its result.

    Attributes
    ----------
    number : int
    settings : dict
        The value of each key that is searched.
    state : {"running", "finished", "pruned", "diverged"}
    accuracies : tuple of float
        Validation accuracy of each seed, percent; of a pruned trial, that of the epoch at which it was stopped.
    """

    number: int
    settings: dict[str, Any]
    state: TrialState
    accuracies: tuple[float, ...] = ()

    @property
    def sample(self) -> Sample:
        """Mean validation accuracy and its standard deviation over the seeds, percent."""
        return Sample.of(self.accuracies)


def run_folder(folder: Path, number: int, seed: int) -> Path:
    """Return the folder for a trial's run with a seed."""
    return folder / f"trial-{number:04}" / f"seed-{seed}"
