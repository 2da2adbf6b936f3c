"""A run: a recipe being trained, and the folder that it leaves behind.

recipe ──► Experiment ──fit──► EpochResult, EpochResult, ...      checkpoints between steps
                                                                  model, history and result at the end
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from glasswork.data import Dataset
from glasswork.data.mapped import MAP_FROM
from glasswork.data.sources import ARRAYS
from glasswork.errors import GlassworkError, StateError, UnhealthyError
from glasswork.recipes.recipe import Recipe
from glasswork.runs.checkpoint import Checkpoints, extended
from glasswork.runs.facts import RunFacts
from glasswork.runs.folder import DEFAULT_PARENT, RunFolder, free_folder
from glasswork.runs.given import Data, as_dataset, as_recipe, folder_and_dataset
from glasswork.runs.result import State
from glasswork.runs.snapshots import Snapshots
from glasswork.runs.state import RunState
from glasswork.runs.uninterrupted import uninterrupted
from glasswork.training.engines import EngineName, check_engine
from glasswork.training.evaluation import test
from glasswork.training.loop import AfterStep, StopTraining, fit, not_every_step
from glasswork.training.progress import Progress
from glasswork.training.results import EpochResult

#: Seconds between two checkpoints, unless told otherwise.
CHECKPOINT_EVERY = 5.0


class Run(RunFacts):
    """A recipe being trained. The constructor checks and builds everything in memory and changes nothing on disk.

    Parameters
    ----------
    recipe : Recipe, or its name, its TOML file, or the folder of a run
    folder : path, optional
        Must not exist yet; by default ``runs/<date>-<recipe>``, with a number if that is taken. It stays the same
        folder wherever the program changes to.
    dataset : Dataset or (images, labels), optional
        In place of ``data.source``; also as the second argument. Arrays, and a dataset that was changed after it was
        loaded, are kept in the folder, up to 256 MB.
    engine : {"auto", "numpy", "compiled"}, optional
        In place of ``training.engine``.
    checkpoint_every : float
        Seconds between two checkpoints, at least; there is one at the end of every epoch as well.
    should_stop : callable, optional
        Asked between two steps; when it returns True, the run is saved and ends as interrupted.

    Raises
    ------
    RecipeError
        If the recipe asks for what the data does not allow.
    FileError
        If the folder exists.

    Examples
    --------
    >>> from glasswork import named_recipe
    >>> recipe = named_recipe("classwork").override({"training.epochs": 2})
    >>> with Run(recipe, "my-run") as run:
    ...     for result in run.epochs():
    ...         print(f"epoch {result.epoch}: more than half are right: {result.valid_accuracy > 50}")
    epoch 1: more than half are right: True
    epoch 2: more than half are right: True

    However the block is left, the folder then holds what was learnt, and how the run ended. A process that is killed
    leaves its last checkpoint: see `Run.resume`. Within the block NumPy's matrix products use as many threads as the
    run does.
    """

    _resumed: bool  #: Whether it goes on with a folder that was there.
    _entered: bool  #: Whether its block is under way.
    _kept: Dataset | None  #: Arrays of a program's own, to be kept in the folder.
    _begun: bool  #: Whether its training was begun.

    def __init__(
        self,
        recipe: Recipe | str | Path,
        folder: str | Path | Data | None = None,
        *,
        dataset: Data | None = None,
        engine: EngineName | None = None,
        checkpoint_every: float = CHECKPOINT_EVERY,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        recipe = as_recipe(recipe).override({} if engine is None else {"training.engine": engine})
        self._wanted, data = folder_and_dataset(folder, dataset)
        self._runs = DEFAULT_PARENT.absolute()
        self._build(recipe, free_folder(self._wanted, recipe.name, self._runs), data, checkpoint_every, should_stop)

    @classmethod
    def resume(
        cls,
        folder: str | Path,
        *,
        epochs: int | None = None,
        engine: EngineName | None = None,
        dataset: Data | None = None,
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
        engine : {"auto", "numpy", "compiled"}, optional
            In place of the one that did the steps so far; the last digits then differ from an unbroken run's.
        dataset, checkpoint_every, should_stop
            As for a new run.

        Raises
        ------
        StateError
            If another process is at work on the run, or it was trained with the compiled engine and that is missing.
        RecipeError
            If the run cannot be extended so.
        FileError
            If the folder is not that of a run, its data are no longer what they were, or all checkpoints are damaged.
        """
        place = RunFolder(folder)
        written = place.recipe()
        place.check_free()
        recipe = written if epochs is None else extended(written, epochs, place.path)
        if engine is None:
            check_engine(recipe.training.engine, place.path)
        else:
            recipe = recipe.override({"training.engine": engine})
        run = cls.__new__(cls)
        run._wanted = place.path
        run._build(recipe, place, as_dataset(dataset), checkpoint_every, should_stop)
        run._load()
        return run

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
        self._check_fresh()
        return self._epochs((after_step,) if callable(after_step) else tuple(after_step), strict)

    def _check_fresh(self) -> None:
        if not self._entered or self._begun:
            done = "was trained already; make another Run" if self._begun else "is to be used in a block: with run: ..."
            raise StateError(f"{self.folder}: this run {done}")

    def _epochs(self, after_step: Sequence[AfterStep], strict: bool) -> Iterator[EpochResult]:
        self._check_fresh()
        self._begun = True
        if self._resumed:
            self._place.write_history(self.history)
            self._place.write_result(self._state.result("running"))
            if self.recipe != self._place.recipe():  # last, so that a kill leaves no finished run of too few epochs
                self._place.write_recipe(self.recipe)
        made = self.experiment
        self._state.prepare_doubt()
        self._saved_at = time.monotonic()
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
            engine=self._state.engine,
        )
        for epoch in epochs:
            result = self._state.note_epoch(epoch)
            uninterrupted(self._record)
            if result.findings and strict:
                raise UnhealthyError(f"epoch {result.epoch}: {result.findings[0].message}")
            yield result
            if not self._entered:
                raise StateError(f"{self.folder}: the block of this run was left; Run.resume goes on with it")
            self._saved_at = time.monotonic()
            if self._should_stop():
                return
        if self.progress.batch == 0:  # it was not stopped within an epoch
            self._state.test_accuracy = test(made.model, made.test_loader)

    def _record(self) -> None:
        """Write everything that an epoch adds to the folder."""
        self._snapshots.note(self.progress.epoch, self.model)  # before the checkpoint that goes on behind it
        self._state.save(self._checkpoints)
        self._write_history()

    def _write_history(self) -> None:
        """Write the history, and note which one is in place: it may be, even where the folder could not be synced."""
        try:
            self._place.write_history(self.history)
        finally:
            self._state.history_sha256 = self._place.history_digest()

    @not_every_step
    def _save_or_stop(self, progress: Progress) -> None:
        """Write a checkpoint from time to time, and end the training when asked to."""
        now = time.monotonic()
        stop = self._should_stop()
        if stop or now - self._saved_at >= self.checkpoint_every:
            progress.seconds += now - self._saved_at
            self.save()
            if stop:
                raise StopTraining

    def save(self) -> None:
        """Write a checkpoint, between two steps. Ctrl-C takes effect when it is written.

        Raises
        ------
        FileError
            If it cannot be written; the one before is kept.
        """
        uninterrupted(lambda: self._state.save(self._checkpoints))
        self._saved_at = time.monotonic()

    # Entering and leaving ---------------------------------------------------------------------------

    def __enter__(self) -> Self:
        if self._entered or self._begun:
            raise StateError(f"{self.folder}: this run was used already; make another Run")
        if self._resumed:
            self._take_again()
        else:
            self._create()
        if self._place.has_no_lock:
            self.notes.append("this file system has no locks: see to it that only one process trains this run")
        self._limits = ExitStack()
        self._limits.enter_context(self._state.limited())
        self._entered = True
        self._saved_at = time.monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._entered = False
        try:
            if self._begun or not self._resumed:
                uninterrupted(lambda: self._close(error))
        finally:
            self._limits.close()
            self._place.unlock()

    def _close(self, error: BaseException | None) -> None:
        """Leave in the folder what was learnt, and how the run ended."""
        try:
            self._state.save_model(self._place)
        except GlassworkError as failure:
            first = error if isinstance(error, GlassworkError) else failure  # the first error is the one to report
            with suppress(GlassworkError):
                self._place.write_result(self._state.result("failed", str(first)))
            if first is failure:
                raise
            return
        if error is None or not isinstance(error, Exception):  # the block's end, or Ctrl-C
            why = "" if self.history else "stopped before an epoch was done: the network was never validated"
            state: State = "interrupted" if self.test_accuracy is None else "finished"
            self._place.write_result(self._state.result(state, "" if state == "finished" else why))
        else:
            self._place.write_result(self._state.result("failed", str(error) or type(error).__name__))

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
        self._state = RunState.begin(recipe, dataset, place)
        arrays = self.recipe.data.source.startswith(f"{ARRAYS}:")
        self._kept = dataset if dataset and arrays and dataset.images.nbytes < MAP_FROM else None
        self._resumed = self._entered = self._begun = False
        self._saved_at = 0.0

    def _create(self) -> None:
        """Make the folder of a new run; another process may have taken its default name meanwhile."""
        while True:
            try:
                return self._place.create(self.recipe, self._state.result("running"), self._kept)
            except FileExistsError:
                self._use(free_folder(self._wanted, self.recipe.name, self._runs))

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
        self._place = RunFolder(place.path.absolute())
        self._wanted = None if self._wanted is None else self._place.path
        self._checkpoints, self._snapshots = Checkpoints(self.folder), Snapshots(self.folder)

    def _load(self) -> None:
        """Put the newest checkpoint into memory."""
        self._resumed, self._seen = True, self._checkpoints.signature()
        self._state.load(self._place, self._checkpoints)
        self._snapshots.load(up_to=self.progress.epoch)
