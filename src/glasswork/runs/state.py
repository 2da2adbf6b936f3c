"""A run in memory: what is trained, how far it is, and what is known so far. Nothing here decides when to write.

Experiment ──fit──► Progress, history        ──Checkpoints──► the disk, and back
"""

import dataclasses
import hashlib
import math
from collections.abc import Sequence
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
from glasswork.runs.checkpoint import Checkpoints, Machine
from glasswork.runs.data import check_data, trained_on
from glasswork.runs.few_images import notes_on_size
from glasswork.runs.folder import RunFolder
from glasswork.runs.history import encode_history
from glasswork.runs.moved import check_source
from glasswork.runs.result import RunResult, State
from glasswork.training.engines import choose_engine
from glasswork.training.health import Watch, check_moments, diagnose
from glasswork.training.progress import Progress
from glasswork.training.results import EpochResult, Finding
from glasswork.training.state import Training
from glasswork.training.threads import blas_threads, choose_threads

#: Images that are looked at where all of them may be too many.
_SAMPLE = 10_000


@dataclass
class RunState:
    """What a run has in memory.

    Attributes
    ----------
    experiment : Experiment
        What the recipe asks for.
    progress : Progress
    engine : Engine
        What does the steps.
    threads : int
        Of matrix products.
    history : list of EpochResult
    test_accuracy : float or None
        Percent, once all epochs are done.
    notes : list of str
        What a user should know about the run: few images, or what is different in a run that was resumed.
    history_sha256 : str
        Of the history as it was last written.
    reference : ReferenceSet or None
        Of the training images; see `prepare_doubt`.
    no_reference : str
        Why there is none.
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
    _watch: Watch = field(default_factory=Watch)

    @classmethod
    def begin(cls, recipe: Recipe, dataset: Dataset | None, place: RunFolder) -> "RunState":
        """Return the state before the first step; arrays that a program handed in may be kept in the run's folder.

        Raises
        ------
        RecipeError
            If the recipe asks for what the data does not allow.
        """
        given = dataset or place.kept_data()
        if given is None and place.exists():
            check_source(recipe, place.path)
        experiment = assemble(recipe, given)
        engine, threads = _choose(experiment, recipe.training.threads)
        used = experiment.recipe.override({"training.engine": engine.name})
        experiment = dataclasses.replace(experiment, recipe=used)
        return cls(experiment, Progress(), engine, threads, notes=notes_on_size(experiment))

    def prepare_doubt(self) -> None:
        """Find the reference set of the training images, or learn it now, so that saving computes nothing.

        A set that cannot be learnt stops no training: a note says why, and the network is saved without one.
        """
        self.reference, note = reference_of(self.experiment.parts, self.experiment.data_sha256)
        self.no_reference = note if self.reference is None else ""
        if note:
            self.notes.append(note if self.reference else f"doubt is not available: {note}")

    def limited(self) -> AbstractContextManager[None]:
        """Context manager: the number of BLAS threads that everything in a run's block uses.

        One limit from first to last: with the compiled engine, a single product of NumPy's on several threads, between
        two epochs, would leave a thread of BLAS spinning beside the engine's own.
        """
        return limited_to(blas_threads(self.engine, self.threads))

    @property
    def findings(self) -> list[Finding]:
        """What seemed to go wrong so far."""
        return [finding for result in self.history for finding in result.findings]

    def note_epoch(self, result: EpochResult) -> EpochResult:
        """Add an epoch to the history, with what seems to go wrong since; return it."""
        made = self.experiment
        images, labels = made.train_loader.images, made.train_loader.labels
        if isinstance(images, MappedRows):  # some of them are enough, and all might not fit into memory
            rows = np.linspace(0, len(images) - 1, min(_SAMPLE, len(images))).astype(int)
            images, labels = images[rows], labels[rows]
        rate, history = made.optimizer.base_lr, [*self.history, result]
        found = diagnose(made.model, images, labels, history, learning_rate=rate) + check_moments(made.optimizer)
        self.history.append(dataclasses.replace(result, findings=tuple(self._watch.new(found))))
        return self.history[-1]

    # To the disk and back ---------------------------------------------------------------------------

    def save(self, checkpoints: Checkpoints) -> None:
        """Write a checkpoint.

        Raises
        ------
        FileError
            If it cannot be written; the one before is kept.
        """
        machine = Machine.here(self.threads, self.engine.name)
        try:
            checkpoints.save(self.experiment, self.progress, machine=machine, history=self.history)
        except FileError as error:
            raise FileError(f"{error} (what was saved before is whole: glasswork resume goes on from it)") from error

    def load(self, place: RunFolder, checkpoints: Checkpoints) -> None:
        """Take over the newest checkpoint of a run's folder.

        Raises
        ------
        FileError
            If all checkpoints are damaged or belong to other data or another recipe, or there is a network without one.
        """
        notes = check_data(place, self.experiment.parts, self.experiment.data_sha256)
        facts, problems = checkpoints.load(self.experiment, self.progress)
        self.history, self.notes = [], notes + [f"passed over: {problem}" for problem in problems]
        if facts is None:
            if place.model_path.exists() and place.history():
                raise FileError(
                    f"{place.path}: has a network and no checkpoint to go on from; the network is left as it is; "
                    f"train it anew with: glasswork train {for_shell(place.path)}"
                )
            self.notes.append("there is no checkpoint yet: the run begins anew")
            return
        with suppress(FileError):  # a damaged result is no hindrance: it is written anew
            done = self.progress.epoch >= self.experiment.recipe.training.epochs
            if done and place.result().state == "finished":
                self.notes.append("finished already: only tested and drawn again; --epochs N trains it up to N in all")
        self.history = list(facts.history)
        self.history_sha256 = hashlib.sha256(encode_history(self.history)).hexdigest()
        self._watch = Watch(self.findings)
        if facts.machine.engine == self.engine.name and facts.machine.threads != self.threads:
            self.engine, self.threads = _choose(self.experiment, facts.machine.threads)
        self.notes += facts.machine.differences(Machine.here(self.threads, self.engine.name))

    def save_model(self, place: RunFolder) -> None:
        """Write the model file, with the weights that were validated last, or with early stopping best.

        Before the first epoch is done, they are those of the last step, and no accuracy is reported beside them.

        Raises
        ------
        FileError
            If it cannot be written.
        """
        made = self.experiment
        training = Training(made.model, made.optimizer, made.average, self.progress)
        training.show(best=made.recipe.training.early_stopping > 0)
        save_model(made.model, place.model_path, reference=self.reference, no_reference=self.no_reference)

    def result(self, state: State, reason: str = "") -> RunResult:
        """Return what result.json is to say."""
        made = self.experiment
        return RunResult.by_this_process(
            state=state,
            epochs=len(self.history),
            valid_accuracy=kept_accuracy(made.recipe, self.history),
            test_accuracy=self.test_accuracy,
            split=made.parts.scheme,
            parameters=sum(parameter.size for parameter in made.model.parameters()),
            seconds=math.fsum(epoch.seconds for epoch in self.history),
            reason=reason,
            engine=self.engine.name,
            history_sha256="" if state == "running" else self.history_sha256,
            data=trained_on(made.parts, made.data_sha256),
        )


def _choose(made: Experiment, threads: int) -> tuple[Engine, int]:
    """Return the engine that a recipe asks for, and its number of threads; 0 threads are chosen by size."""
    training = made.recipe.training
    engine = choose_engine(
        training.engine,
        made.model,
        made.optimizer,
        made.loss,
        loader=made.train_loader,
        epochs=training.epochs,
        average=made.average,
        threads=threads or None,
    )
    if engine.name == "numpy":
        return engine, choose_threads(
            threads, batch_size=min(training.batch_size, len(made.train_loader.labels)), weights=made.weights
        )
    return engine, getattr(engine, "threads", None) or 1


def kept_accuracy(recipe: Recipe, history: Sequence[EpochResult]) -> float | None:
    """Return the validation accuracy, in percent, of the weights that a run keeps: the last epoch's, or the best."""
    accuracies = [epoch.valid_accuracy for epoch in history]
    if not accuracies:
        return None
    return max(accuracies) if recipe.training.early_stopping else accuracies[-1]
