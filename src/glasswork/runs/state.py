"""The state of a run in memory: what is trained, how far it is, and the results so far. Others decide when to write it.

Experiment ──fit──► Progress, history        ──Checkpoints──► the disk, and back
"""

import dataclasses
import hashlib
import math
from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field

import numpy as np

from glasswork.data import Dataset
from glasswork.data.mapped import MappedRows
from glasswork.engine.contract import Engine
from glasswork.engine.threads import limited_to
from glasswork.errors import FileError
from glasswork.models.doubt import ReferenceSet
from glasswork.models.doubt.of_data import reference_of
from glasswork.models.model_file import save_model
from glasswork.paths import for_shell
from glasswork.recipes.experiment import Experiment, assemble
from glasswork.recipes.recipe import Recipe
from glasswork.runs.changes import Changes, with_changes
from glasswork.runs.checkpoint import Checkpoints, Machine
from glasswork.runs.data import check_data, trained_on
from glasswork.runs.few_images import notes_on_augment, notes_on_size
from glasswork.runs.folder import RunFolder
from glasswork.runs.history import encode_history
from glasswork.runs.moved import check_source
from glasswork.runs.result import RunResult, State
from glasswork.training.engines import choose_engine
from glasswork.training.health import Watch, check_moments, diagnose
from glasswork.training.loop import AfterStep, fit
from glasswork.training.progress import Progress
from glasswork.training.results import EpochResult, Finding
from glasswork.training.state import Training
from glasswork.training.threads import blas_threads, choose_threads

#: Number of images to examine if all of them might be too many.
_SAMPLE = 10_000


@dataclass
class RunState:
    """The state of a run in memory.

    Attributes
    ----------
    experiment : Experiment
        What the recipe describes, built in memory.
    progress : Progress
    engine : Engine
        What computes the steps.
    threads : int
        Number of threads for matrix products.
    history : list of EpochResult
    test_accuracy : float or None
        In percent, once all epochs are done.
    notes : list of str
        What a user should know about the run: few images, or what is different in a run that was resumed.
    history_sha256 : str
        SHA-256 of the history that was written last.
    reference : ReferenceSet or None
        Reference set of the training images; see `prepare_doubt`.
    no_reference : str
        Why there is no reference set.
    changes : Changes
        What puts the changes of the recipe into force, once it is trained.
    """

    experiment: Experiment
    progress: Progress
    engine: Engine
    threads: int
    history: list[EpochResult] = field(default_factory=list)
    test_accuracy: float | None = None
    notes: list[str] = field(default_factory=list)
    history_sha256: str = ""
    reference: ReferenceSet | None = None
    no_reference: str = "it was saved before it was trained"
    changes: Changes = field(init=False, repr=False)
    _watch: Watch = field(default_factory=Watch)

    @classmethod
    def begin(cls, recipe: Recipe, dataset: Dataset | None, place: RunFolder) -> "RunState":
        """Return the state before the first step; arrays that a program passed may be stored in the run's folder.

        Raises
        ------
        RecipeError
            If the data do not allow what the recipe asks for.
        """
        given = dataset or place.kept_data()
        if given is None and place.exists():
            check_source(recipe, place.path)
        experiment = assemble(recipe, given)
        engine, threads = _choose(experiment, recipe.training.threads)
        used = experiment.recipe.override({"training.engine": engine.name})
        experiment = dataclasses.replace(experiment, recipe=used)
        return cls(
            experiment, Progress(), engine, threads, notes=notes_on_size(experiment) + notes_on_augment(experiment)
        )

    def prepare_doubt(self) -> None:
        """Load the reference set of the training images, or learn it now, so that saving computes nothing.

        If it cannot be learnt, training continues: a note says why, and the network is saved without it.
        """
        self.reference, note = reference_of(self.experiment.parts, self.experiment.data_sha256)
        self.no_reference = note if self.reference is None else ""
        if note:
            self.notes.append(note if self.reference else f"doubt is not available: {note}")

    def limited(self) -> AbstractContextManager[None]:
        """Context manager: limits the BLAS threads for everything in a run's block.

        The limit holds for the whole block. With the compiled engine, a single NumPy product on several threads
        between two epochs would leave a BLAS thread spinning beside the engine's own threads.
        """
        return limited_to(blas_threads(self.engine, self.threads))

    @property
    def findings(self) -> list[Finding]:
        """What seems to have gone wrong so far."""
        return [finding for result in self.history for finding in result.findings]

    def note_epoch(self, result: EpochResult) -> EpochResult:
        """Add an epoch to the history, with what seems to go wrong in it; return it."""
        experiment = self.experiment
        images, labels = experiment.train_loader.images, experiment.train_loader.labels
        if isinstance(images, MappedRows):  # some are enough, and all of them might not fit into memory
            rows = np.linspace(0, len(images) - 1, min(_SAMPLE, len(images))).astype(int)
            images, labels = images[rows], labels[rows]
        rate, history = experiment.optimizer.base_lr, [*self.history, result]
        found = diagnose(
            experiment.model,
            images,
            labels,
            history,
            learning_rate=rate,
            validated=len(experiment.parts.valid),
            steps=self.progress.step,
            greyed=any("converted to grey" in note for note in experiment.parts.origin.notes),
        ) + check_moments(experiment.optimizer)
        self.history.append(dataclasses.replace(result, findings=tuple(self._watch.new(found))))
        return self.history[-1]

    def train(self, epochs: int | None, after_step: Sequence[AfterStep]) -> Generator[EpochResult]:
        """Train from the current position on, with the changes that the recipe has, and yield each epoch."""
        experiment, training = self.experiment, self.experiment.recipe.training
        self.changes = Changes(experiment)
        self.changes.apply(self.progress.step)
        return fit(
            experiment.model, experiment.train_loader, experiment.valid_loader, experiment.optimizer, experiment.loss,
            epochs=training.epochs if epochs is None else epochs,
            patience=training.early_stopping or None,
            monitor=training.monitor,
            average=experiment.average,
            progress=self.progress,
            after_step=(*after_step, self.changes),
            threads=self.threads,
            engine=self.engine,
        )  # fmt: skip

    def change(self, settings: Mapping[str, float], place: RunFolder) -> None:
        """Write changes before the next step into the recipe of a run's folder, then put them into force."""
        recipe = with_changes(self.experiment.recipe, self.progress.step, settings)
        place.write_recipe(recipe)
        self.experiment = dataclasses.replace(self.experiment, recipe=recipe)
        self.changes.recipe = recipe
        self.changes.apply(self.progress.step)

    # To the disk and back ---------------------------------------------------------------------------

    def save(self, checkpoints: Checkpoints) -> None:
        """Write a checkpoint.

        Raises
        ------
        FileError
            If it cannot be written. The previous checkpoint is kept.
        """
        machine = Machine.here(self.threads, self.engine.name)
        try:
            checkpoints.save(self.experiment, self.progress, machine=machine, history=self.history)
        except FileError as error:
            raise FileError(
                f"{error} (the previous checkpoint is not damaged; glasswork resume continues from it)"
            ) from error

    def load(self, place: RunFolder, checkpoints: Checkpoints) -> None:
        """Load the newest checkpoint of a run's folder.

        Raises
        ------
        FileError
            If no checkpoint can be used (damaged, other data, another recipe), or there is a network and no checkpoint.
        """
        notes = check_data(place, self.experiment.parts, self.experiment.data_sha256)
        facts, problems = checkpoints.load(self.experiment, self.progress)
        self.history, self.notes = [], notes + [f"skipped a checkpoint: {problem}" for problem in problems]
        if facts is None:
            if place.model_path.exists() and place.history():
                raise FileError(
                    f"{place.path}: expected a checkpoint to continue from; the folder holds a network without one, "
                    f"which is not changed. To train a new run: glasswork train {for_shell(place.path)}"
                )
            self.notes.append("there is no checkpoint yet: the run starts from the beginning")
            return
        with suppress(FileError):  # a damaged result does not matter: it will be written again
            done = self.progress.epoch >= self.experiment.recipe.training.epochs
            if done and place.result().state == "finished":
                self.notes.append("finished already: only tested and drawn again; --epochs N extends it to N epochs")
        self.history = list(facts.history)
        self.history_sha256 = hashlib.sha256(encode_history(self.history)).hexdigest()
        self._watch = Watch(self.findings)
        if facts.machine.engine == self.engine.name and facts.machine.threads != self.threads:
            self.engine, self.threads = _choose(self.experiment, facts.machine.threads)
        self.notes += facts.machine.differences(Machine.here(self.threads, self.engine.name))

    def save_model(self, place: RunFolder) -> None:
        """Write the model file with the weights of the last validation, or of the best one with early stopping.

        Before the first epoch is done, they are the weights of the last step, and no accuracy is reported.

        Raises
        ------
        FileError
            If it cannot be written.
        """
        experiment = self.experiment
        training = Training(experiment.model, experiment.optimizer, experiment.average, self.progress)
        training.show(best=experiment.recipe.training.early_stopping > 0)
        save_model(experiment.model, place.model_path, reference=self.reference, no_reference=self.no_reference)

    def result(self, state: State, reason: str = "") -> RunResult:
        """Return the content for result.json."""
        experiment = self.experiment
        return RunResult.by_this_process(
            state=state,
            epochs=len(self.history),
            valid_accuracy=kept_accuracy(experiment.recipe, self.history),
            test_accuracy=self.test_accuracy,
            split=experiment.parts.division.replace(" split", ""),
            validated=len(experiment.parts.valid),
            tested=len(experiment.parts.test),
            parameters=sum(parameter.size for parameter in experiment.model.parameters()),
            seconds=math.fsum(epoch.seconds for epoch in self.history),
            reason=reason,
            engine=self.engine.name,
            history_sha256="" if state == "running" else self.history_sha256,
            data=trained_on(experiment.parts, experiment.data_sha256),
        )


def _choose(experiment: Experiment, threads: int) -> tuple[Engine, int]:
    """Return the engine that a recipe asks for, and its number of threads; 0 means a number chosen by size."""
    training = experiment.recipe.training
    engine = choose_engine(
        training.engine,
        experiment.model,
        experiment.optimizer,
        experiment.loss,
        loader=experiment.train_loader,
        epochs=training.epochs,
        average=experiment.average,
        threads=threads or None,
    )
    if engine.name == "numpy":
        return engine, choose_threads(
            threads,
            batch_size=min(training.batch_size, len(experiment.train_loader.labels)),
            weights=experiment.weights,
        )
    return engine, getattr(engine, "threads", None) or 1


def kept_accuracy(recipe: Recipe, history: Sequence[EpochResult]) -> float | None:
    """Return the validation accuracy, in percent, of the weights that a run keeps: the last epoch's, or the best."""
    if not history:
        return None
    if not recipe.training.early_stopping:
        return history[-1].valid_accuracy
    return max(history, key=lambda epoch: _monitored(recipe.training.monitor, epoch)).valid_accuracy


def _monitored(monitor: str, epoch: EpochResult) -> float:
    if epoch.valid_measure is not None:
        return epoch.valid_measure
    return -epoch.valid_loss if monitor == "loss" else epoch.valid_accuracy
