"""Changes while a run is trained: kept in its recipe with the step they were made before, and made again by a rerun.

change(learning_rate=0.05) ──► recipe.toml: [[3912, "learning_rate", 0.05]] ──► every step from 3,912 on

The settings in force are a function of the step alone, so a run that is resumed or repeated ends with the same bytes.
"""

from collections.abc import Mapping

from glasswork.nn import Dropout
from glasswork.recipes.experiment import Experiment
from glasswork.recipes.recipe import Recipe
from glasswork.training.progress import Progress


class Changes:
    """Puts the changes of a recipe into force: an ``after_step`` callable, which is also called before the first step.

    Parameters
    ----------
    experiment : Experiment
        Its optimiser and its hidden dropout layers are changed.
    """

    def __init__(self, experiment: Experiment) -> None:
        self._optimizer = experiment.optimizer
        named = experiment.model.named_layers.items()
        self._dropouts = [layer for name, layer in named if isinstance(layer, Dropout) and name != "drop0"]  # of inputs
        self.recipe = experiment.recipe
        self._done = 0

    @property
    def every_step(self) -> bool:
        """Whether a change is still to come, whose step must not be passed."""
        return self._done < len(self.recipe.training.changes)

    def __call__(self, progress: Progress) -> None:
        """Put into force what changes before the next step."""
        if self.every_step:
            self.apply(progress.step)

    def apply(self, step: int) -> None:
        """Put into force all that changes up to a step."""
        self._done = 0
        for at, key, value in self.recipe.training.changes:
            if at > step:
                break
            self._done += 1
            if key == "dropout":
                for layer in self._dropouts:
                    layer.p = value
            else:
                self._optimizer.base_lr = value
                if self._optimizer.schedule is None:
                    self._optimizer.lr = value


def with_changes(recipe: Recipe, step: int, settings: Mapping[str, float]) -> Recipe:
    """Return a recipe with settings that change before a step; they replace earlier ones for the same step.

    Raises
    ------
    RecipeError
        If a value is not allowed, or the network has no dropout.
    """
    kept = [change for change in recipe.training.changes if change[0] != step or change[1] not in settings]
    changes = [*kept, *((step, key, value) for key, value in settings.items())]
    return recipe.override({"training.changes": sorted(changes, key=lambda change: change[0])})


def changed_before(recipe: Recipe, step: int) -> Recipe:
    """Return a recipe with those of its changes alone that were in force before a step was done."""
    if not recipe.training.changes:
        return recipe
    return recipe.override({"training.changes": [change for change in recipe.training.changes if change[0] < step]})
