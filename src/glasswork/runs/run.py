"""A run: a recipe being trained, and the folder that it leaves behind.

recipe ──► Experiment ──fit──► EpochResult, EpochResult, ...      checkpoints between steps
                                                                  model, history and result at the end
"""

import dataclasses
import hashlib
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from glasswork.data import Dataset, Split
from glasswork.data.reference import ReferenceSet
from glasswork.errors import FileError, GlassworkError, StateError, UnhealthyError
from glasswork.nn import MLP
from glasswork.recipes.experiment import assemble
from glasswork.recipes.recipe import Recipe
from glasswork.runs.checkpoint import Checkpoints, Machine, extended
from glasswork.runs.folder import RunFolder, default_folders, free_folder
from glasswork.runs.history import encode_history
from glasswork.runs.model_file import save_model
from glasswork.runs.result import RunResult, State
from glasswork.runs.snapshots import Snapshots
from glasswork.training.health import Watch, diagnose
from glasswork.training.loop import AfterStep, StopTraining, fit, show_validated, test
from glasswork.training.progress import Progress
from glasswork.training.results import EpochResult, Finding
from glasswork.training.threads import choose_threads

#: Seconds between two checkpoints, unless told otherwise.
CHECKPOINT_EVERY = 5.0


class Run:
    """A recipe being trained. The constructor checks and builds everything in memory and changes nothing on disk.

    Parameters
    ----------
    recipe : Recipe
    folder : path, optional
        Must not exist yet; by default ``runs/<date>-<recipe>``, with a number if that is taken.
    dataset : Dataset, optional
        The images, in place of those of the recipe's ``data.source``.
    checkpoint_every : float
        Seconds between two checkpoints, at least; there is one at the end of every epoch as well.
    should_stop : callable, optional
        Asked between two steps; when it returns True, the run is saved and ends as interrupted.

    Attributes
    ----------
    folder : Path
        Final once the block is entered.
    experiment : Experiment
        What the recipe asks for: model, data, loss, optimizer, loaders.
    recipe, model, parts
        Those of the experiment.
    history : list of EpochResult
        So far.
    test_accuracy : float or None
        Percent, once all epochs are done.
    notes : list of str
        What a user should know about a run that was resumed.

    Raises
    ------
    RecipeError
        If the recipe asks for what the data does not allow.
    FileError
        If the folder exists.

    Examples
    --------
    >>> with Run(named_recipe("classwork")) as run:  # doctest: +SKIP
    ...     for result in run.epochs():
    ...         print(result.epoch, result.valid_accuracy)

    However the block is left, the folder then holds what was learnt, and how the run ended. A process that is killed
    leaves its last checkpoint: see `Run.resume`.
    """

    history: list[EpochResult]
    test_accuracy: float | None
    notes: list[str]
    _watch: Watch
    _resumed: bool  #: Whether it goes on with a folder that was there.
    _entered: bool  #: Whether its block is under way.
    _begun: bool  #: Whether its training was begun.
    _stopped: bool  #: Whether it was asked to stop within an epoch.

    def __init__(
        self,
        recipe: Recipe,
        folder: str | Path | None = None,
        *,
        dataset: Dataset | None = None,
        checkpoint_every: float = CHECKPOINT_EVERY,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self._candidates = iter([Path(folder)]) if folder is not None else default_folders(recipe.name)
        self._build(recipe, free_folder(self._candidates), dataset, checkpoint_every, should_stop)

    @classmethod
    def resume(
        cls,
        folder: str | Path,
        *,
        epochs: int | None = None,
        dataset: Dataset | None = None,
        checkpoint_every: float = CHECKPOINT_EVERY,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> Self:
        """Return the run in a folder at its last checkpoint; it ends as if it had never been stopped, byte for byte.

        That holds on the same machine, with the same versions and as many threads; where they differ, ``notes``
        says so.

        Parameters
        ----------
        folder : path
            Of the run.
        epochs : int, optional
            How many in all, to extend a run; where its learning rate was not laid out for those it has.
        dataset, checkpoint_every, should_stop
            As for a new run.

        Raises
        ------
        StateError
            If another process is at work on the run.
        RecipeError
            If the run cannot be extended so.
        FileError
            If the folder is not that of a run, its data are no longer what they were, or all checkpoints are damaged.
        """
        place = RunFolder(folder)
        written = place.recipe()
        place.check_free()
        recipe = written if epochs is None else extended(written, epochs, place.path)
        run = cls.__new__(cls)
        run._candidates = iter(())
        run._build(recipe, place, dataset, checkpoint_every, should_stop)
        run._load()
        return run

    @property
    def folder(self) -> Path:
        """Where the run leaves what it leaves."""
        return self._place.path

    @property
    def recipe(self) -> Recipe:
        """What was asked."""
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
    def findings(self) -> list[Finding]:
        """What seemed to go wrong so far."""
        return [finding for result in self.history for finding in result.findings]

    # Training ---------------------------------------------------------------------------------------

    def epochs(
        self, *, after_step: AfterStep | Sequence[AfterStep] = (), strict: bool = False
    ) -> Iterator[EpochResult]:
        """Train, and yield the metrics of each epoch; at the end, test.

        Parameters
        ----------
        after_step : callable or sequence of callables
            Called with the position between two steps, to draw a progress bar, say.
        strict : bool
            Stop with an error at the first finding: a training that seems to go wrong.

        Raises
        ------
        UnhealthyError
            If it is ``strict``, and something was found.
        DivergedError
            If the loss stops being a number.
        FileError
            If the folder cannot be written in: the last good checkpoint is kept.
        StateError
            If the run was trained before, or outside of its ``with`` block.
        """
        if not self._entered or self._begun:
            done = "was trained already; make another Run" if self._begun else "is to be used in a block: with run: ..."
            raise StateError(f"{self.folder}: this run {done}")
        self._begun = True
        return self._epochs((after_step,) if callable(after_step) else tuple(after_step), strict)

    def _epochs(self, after_step: Sequence[AfterStep], strict: bool) -> Iterator[EpochResult]:
        if self._resumed:
            if self.recipe != self._place.recipe():
                self._place.write_recipe(self.recipe)
            self._place.write_history(self.history)
            self._place.write_result(self._result("running"))
        made = self.experiment
        if not self.progress.step:
            self._snapshots.note(0, made.model)
        epochs = fit(
            made.model,
            made.train_loader,
            made.valid_loader,
            made.optimizer,
            made.loss,
            epochs=self.recipe.training.epochs,
            patience=self.recipe.training.early_stopping or None,
            average=made.average,
            progress=self.progress,
            after_step=(self._save_or_stop, *after_step),
            threads=self.threads,
        )
        for result in epochs:
            train = made.parts.train
            found = tuple(self._watch.new(diagnose(made.model, train.images, train.labels, [*self.history, result])))
            self.history.append(dataclasses.replace(result, findings=found))
            self._snapshots.note(result.epoch, made.model)  # before the checkpoint that goes on behind it
            self.save()
            self._history_sha256 = self._place.write_history(self.history)
            if found and strict:
                raise UnhealthyError(f"epoch {result.epoch}: {found[0].message}")
            yield self.history[-1]
            if not self._entered:
                raise StateError(f"{self.folder}: the block of this run was left; Run.resume goes on with it")
            self._saved_at = time.monotonic()
            if self._should_stop():
                return
        if not self._stopped:
            self.test_accuracy = test(made.model, made.test_loader)

    def _save_or_stop(self, progress: Progress) -> None:
        """Write a checkpoint from time to time, and end the training when asked to."""
        now = time.monotonic()
        stop = self._should_stop()
        if stop or now - self._saved_at >= self.checkpoint_every:
            progress.seconds += now - self._saved_at
            self.save()
            if stop:
                self._stopped = True
                raise StopTraining

    def save(self) -> None:
        """Write a checkpoint, between two steps.

        Raises
        ------
        FileError
            If it cannot be written; the one before is kept.
        """
        machine = Machine.here(self.threads)
        average = self.experiment.average
        try:
            with nullcontext() if average is None else average.hidden():  # what goes on is the training's weights
                self._checkpoints.save(self.experiment, self.progress, machine=machine, history=self.history)
        except FileError as error:
            raise FileError(f"{error} What was saved before is whole: glasswork resume goes on from it") from error
        self._saved_at = time.monotonic()

    # Entering and leaving ---------------------------------------------------------------------------

    def __enter__(self) -> Self:
        if self._entered or self._begun:
            raise StateError(f"{self.folder}: this run was used already; make another Run")
        if self._resumed:
            self._take_again()
        else:
            self._create()
        self._entered = True
        self._saved_at = time.monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._entered = False
        try:
            if self._begun or not self._resumed:
                self._close(error)
        finally:
            self._place.unlock()

    def _close(self, error: BaseException | None) -> None:
        """Leave in the folder what was learnt, and how the run ended."""
        if self.recipe.training.early_stopping and self.progress.epoch:
            show_validated(self.model, self.experiment.average, self.progress, self.recipe.training.early_stopping)
        try:
            split = self.parts
            save_model(
                self.model,
                self._place.model_path,
                classes=split.classes,
                image_shape=split.shape,
                reference=_reference(split),
            )
        except GlassworkError as failure:
            first = error if isinstance(error, GlassworkError) else failure  # the first error is the one to report
            with suppress(GlassworkError):
                self._place.write_result(self._result("failed", str(first)))
            if first is failure:
                raise
            return
        if error is None or not isinstance(error, Exception):  # the block's end, or Ctrl-C
            self._place.write_result(self._result("interrupted" if self.test_accuracy is None else "finished"))
        else:
            self._place.write_result(self._result("failed", str(error) or type(error).__name__))

    def _result(self, state: State, reason: str = "") -> RunResult:
        best = self.recipe.training.early_stopping > 0 and self.progress.best_epoch > 0
        return RunResult.by_this_process(
            state=state,
            epochs=len(self.history),
            valid_accuracy=self.progress.best_accuracy if best else self._last_accuracy(),
            test_accuracy=self.test_accuracy,
            split=self.parts.scheme,
            parameters=sum(parameter.size for parameter in self.model.parameters()),
            seconds=math.fsum(epoch.seconds for epoch in self.history),
            reason=reason,
            history_sha256="" if state == "running" else self._history_sha256,
        )

    def _last_accuracy(self) -> float | None:
        return self.history[-1].valid_accuracy if self.history else None

    # Building ---------------------------------------------------------------------------------------

    def _build(
        self,
        recipe: Recipe,
        place: RunFolder,
        dataset: Dataset | None,
        checkpoint_every: float,
        should_stop: Callable[[], bool],
    ) -> None:
        """Make all that a recipe asks for, in memory."""
        self._use(place)
        self.checkpoint_every, self._should_stop = checkpoint_every, should_stop
        self.experiment = assemble(recipe, dataset)
        self.progress = Progress()
        self.threads = choose_threads(
            recipe.training.threads, batch_size=recipe.training.batch_size, weights=self.experiment.weights
        )
        self.history, self.notes, self.test_accuracy = [], [], None
        self._history_sha256 = ""
        self._watch = Watch()
        self._resumed = self._entered = self._begun = self._stopped = False
        self._saved_at = 0.0

    def _create(self) -> None:
        """Make the folder of a new run; another process may have taken its default name meanwhile."""
        while True:
            try:
                return self._place.create(self.recipe, self._result("running"))
            except FileExistsError:
                self._use(free_folder(self._candidates))

    def _take_again(self) -> None:
        """Lock the folder of a run that is resumed; another process may have gone on with it meanwhile."""
        self._place.lock()
        try:
            if self._checkpoints.signature() != self._seen:
                self._load()
        except BaseException:
            self._place.unlock()
            raise

    def _use(self, place: RunFolder) -> None:
        self._place, self._checkpoints = place, Checkpoints(place.path)
        self._snapshots = Snapshots(place.path)

    def _load(self) -> None:
        """Put the newest checkpoint into memory."""
        self._resumed, self._seen = True, self._checkpoints.signature()
        self.history, self.notes = [], []
        facts, problems = self._checkpoints.load(self.experiment, self.progress)
        self.notes += [f"passed over: {problem}" for problem in problems]
        if facts is None:
            if self._place.model_path.exists():
                raise FileError(
                    f"{self.folder}: has a network and no checkpoint to go on from; the network is left as it is; "
                    f"train it anew with: glasswork train {self.folder}"
                )
            self.notes.append("there is no checkpoint yet: the run begins anew")
            return
        with suppress(FileError):  # a damaged result is no hindrance: it is written anew
            if self._place.result().state == "finished" and self.progress.epoch >= self.recipe.training.epochs:
                self.notes.append("finished already: only tested and drawn again; --epochs N trains it up to N in all")
        self.history = list(facts.history)
        self._snapshots.load(up_to=self.progress.epoch)
        self._history_sha256 = hashlib.sha256(encode_history(self.history)).hexdigest()
        self._watch = Watch(self.findings)
        self.threads = choose_threads(facts.machine.threads, batch_size=0, weights=0)
        self.notes += facts.machine.differences(Machine.here(self.threads))


def _reference(split: Split) -> ReferenceSet | None:
    """Return training images to compare others with; None where images are not square, or hardly any."""
    height, width = split.shape
    if height != width or len(split.train) < 2 or len(split.valid) < 1:
        return None
    return ReferenceSet.choose(split.train.images, split.train.labels, split.valid.images)
