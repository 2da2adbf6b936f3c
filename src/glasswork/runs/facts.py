"""What can be read from a run in memory: its folder, what it trains, and how far it is."""

from pathlib import Path

from glasswork.data import Split
from glasswork.nn import MLP
from glasswork.recipes.experiment import Experiment
from glasswork.recipes.recipe import Recipe
from glasswork.runs.folder import RunFolder
from glasswork.runs.state import RunState
from glasswork.training.progress import Progress
from glasswork.training.results import EpochResult, Finding


class RunFacts:
    """The properties of a `Run`."""

    _place: RunFolder
    _state: RunState

    def __repr__(self) -> str:
        done = f"{len(self.history)} of {self.recipe.training.epochs} epochs"
        return f"{type(self).__name__}({str(self.folder)!r}, {self.recipe.name}, {done})"

    @property
    def folder(self) -> Path:
        """The run's folder. Its name is final once the ``with`` block is entered."""
        return self._place.path

    @property
    def experiment(self) -> Experiment:
        """What the recipe asks for: model, data, loss, optimizer, loaders."""
        return self._state.experiment

    @property
    def recipe(self) -> Recipe:
        """The recipe that is trained."""
        return self.experiment.recipe

    @property
    def model(self) -> MLP:
        """The network."""
        return self.experiment.model

    @property
    def parts(self) -> Split:
        """The data."""
        return self.experiment.parts

    @property
    def progress(self) -> Progress:
        """The position in the training."""
        return self._state.progress

    @property
    def history(self) -> list[EpochResult]:
        """The metrics of the epochs so far."""
        return self._state.history

    @property
    def findings(self) -> list[Finding]:
        """What seems to have gone wrong so far."""
        return self._state.findings

    @property
    def test_accuracy(self) -> float | None:
        """Test accuracy in percent, once all epochs are done; None before."""
        return self._state.test_accuracy

    @property
    def notes(self) -> list[str]:
        """What a user should know about the run: few images, or what is different in a run that was resumed."""
        return self._state.notes

    @property
    def engine(self) -> str:
        """What computes the steps: ``"numpy"`` or ``"compiled"``."""
        return self._state.engine.name

    @property
    def threads(self) -> int:
        """Number of threads for matrix products."""
        return self._state.threads
