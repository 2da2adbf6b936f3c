"""What a sweep takes from Optuna: the journal of its trials, the distributions that are searched, and pruning.

A journal is one file, which the client and all workers may write to.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from glasswork.errors import MissingLibraryError
from glasswork.recipes.differences import show_value
from glasswork.runs.sweep_space import Space
from glasswork.training.results import EpochResult


@dataclass(frozen=True)
class StopIfWorse:
    """Reports each epoch of a trial's first run, and says whether to stop the trial; runs in a worker."""

    folder: str
    trial: int
    epochs: int

    def __call__(self, result: EpochResult) -> bool:
        """Return whether the trial is worse, at this epoch, than the median of the others."""
        study = _opened(self.folder)
        trial = load_optuna().trial.Trial(study, self.trial)
        trial.report(result.valid_accuracy, result.epoch)
        return result.epoch < self.epochs and bool(trial.should_prune())


def open_study(folder: Path, *, create: bool = False) -> Any:
    """Return Optuna's study in the folder of a sweep."""
    optuna = load_optuna()
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    storage = JournalStorage(JournalFileBackend(str(folder / "study.journal")))
    options = {"study_name": "sweep", "storage": storage, "pruner": optuna.pruners.MedianPruner()}
    if create:
        return optuna.create_study(**options, direction="maximize", load_if_exists=True)
    return optuna.load_study(**options)


@lru_cache(maxsize=1)
def _opened(folder: str) -> Any:
    return open_study(Path(folder))


def load_optuna() -> Any:
    """Import Optuna, which only sweeps need; of its log, only errors are printed."""
    try:
        import optuna
    except ModuleNotFoundError as error:
        raise MissingLibraryError(
            f"a sweep needs {error.name}, which is not installed: pip install 'glasswork[scale]'"
        ) from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def distribution(space: Space) -> Any:
    """Return the distribution that Optuna has for a space."""
    distributions = load_optuna().distributions
    if space.values:
        return distributions.CategoricalDistribution([show_value(value) for value in space.values])
    if space.whole:
        return distributions.IntDistribution(int(space.low), int(space.high), log=space.log)
    return distributions.FloatDistribution(space.low, space.high, log=space.log)


def as_optuna_has(space: Space, value: Any) -> Any:
    """Return a value as Optuna has it: those of a list are words."""
    return show_value(value) if space.values else value


def as_recipe_has(space: Space, written: Any) -> Any:
    """Return the value that Optuna's stands for; fractions have three digits."""
    if isinstance(written, float):
        return space.rounded(written)
    return next((value for value in space.values if show_value(value) == written), written)
