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
from glasswork.runs.given import Data, as_dataset, as_recipe, check_stops, folder_and_dataset
from glasswork.runs.result import State
from glasswork.runs.snapshots import Snapshots
from glasswork.runs.state import RunState
from glasswork.runs.uninterrupted import uninterrupted
from glasswork.training.engines import EngineName, check_engine
from glasswork.training.evaluation import test
from glasswork.training.loop import AfterStep, StopTraining, not_every_step
from glasswork.training.progress import Progress
from glasswork.training.results import EpochResult

#: Seconds between two checkpoints, unless told otherwise.
CHECKPOINT_EVERY = 5.0


class Run(RunFacts):
    """A recipe being trained. The constructor checks and builds everything in memory; it changes nothing on disk.

    Parameters
    ----------
    recipe : Recipe, str or path
        A recipe, its name, its TOML file, or the folder of a run, to repeat it.
    folder : path, optional
        Must not exist yet; by default ``runs/<date>-<recipe>``, with a number if that is taken. It stays the same
        folder if the program changes its working folder.
    dataset : Dataset or (images, labels), optional
        Used instead of ``data.source``; may also be the second argument. Arrays, and a dataset that was changed since
        it was loaded, are stored in the folder, up to 256 MB.
    engine : {"auto", "numpy", "compiled"}, optional
        Used instead of ``training.engine``.
    checkpoint_every : float
        Minimum number of seconds between two checkpoints; there is also one at the end of every epoch.
    should_stop : callable, optional
        Called between two steps; if it returns True, the run is saved and ends as interrupted.

    Raises
    ------
    RecipeError
        If there is no such recipe, or the data do not allow what it asks for.
    InputError
        If ``dataset`` is not one, or a number is out of range.
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

    However the block ends, the folder then holds the network and the result. A process that is killed leaves its last
    checkpoint: see `Run.resume`. Inside the block, NumPy's products use as many threads as the run does.
    """

    _resumed: bool  #: Whether it continues the run of an existing folder.
    _entered: bool  #: Whether the ``with`` block is being executed.
    _begun: bool  #: Whether its training has begun.
    _finished: bool  #: Whether its training has come to its end.

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
        self._wanted, data = folder_and_dataset(folder, dataset, recipe.data.missing)
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

        That holds on the same machine, with the same versions and number of threads; ``notes`` names any difference.

        Parameters
        ----------
        folder : path
            The folder of the run.
        epochs : int, optional
            Total number of epochs, to extend a run. Its learning rate must not have been planned for fewer.
        engine : {"auto", "numpy", "compiled"}, optional
            Used instead of the engine so far; the last digits then differ from those of an unbroken run.
        dataset, checkpoint_every, should_stop : optional
            As for a new run.

        Raises
        ------
        StateError
            If another process is working on the run, or its engine is the compiled one and that is not installed.
        RecipeError
            If the run cannot be extended to that number of epochs.
        FileError
            If the folder is not that of a run, its data have changed, or all checkpoints are damaged.
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
        run._build(recipe, place, as_dataset(dataset, recipe.data.missing), checkpoint_every, should_stop)
        run._load()
        return run

    # Training ---------------------------------------------------------------------------------------

    def epochs(
        self, *, after_step: AfterStep | Sequence[AfterStep] = (), strict: bool = False, tested: bool = True
    ) -> Iterator[EpochResult]:
        """Train, and yield the metrics of each epoch; at the end, test.

        Parameters
        ----------
        after_step : callable or sequence of callables
            Called between two steps with the position, for example to draw a progress bar.
        strict : bool
            Stop with an error at the first finding, that is, when the training seems to go wrong.
        tested : bool
            Whether to look at the test images at the end. `resume` tests a finished run that was not tested.

        Returns
        -------
        iterator of EpochResult
            It trains as it is looped over.

        Raises
        ------
        UnhealthyError
            If ``strict`` is True and there is a finding.
        DivergedError
            If the loss is no longer finite.
        FileError
            If a file in the folder cannot be written. The last good checkpoint is kept.
        StateError
            If the run was trained already, or is used outside its ``with`` block.
        """
        self._check_fresh()
        return self._epochs((after_step,) if callable(after_step) else tuple(after_step), strict, tested=tested)

    def _check_fresh(self) -> None:
        if not self._entered or self._begun:
            done = "was trained already; create a new Run" if self._begun else "must be used in a block: with run: ..."
            raise StateError(f"{self.folder}: this run {done}")

    def _epochs(
        self, after_step: Sequence[AfterStep], strict: bool, *, epochs: int | None = None, tested: bool = True
    ) -> Iterator[EpochResult]:
        self._check_fresh()
        self._begun = True
        if self._resumed:
            self._place.write_history(self.history)
            self._place.write_result(self._state.result("running"))
            if self.recipe != self._place.recipe():  # last: a kill before this leaves a consistent run
                self._place.write_recipe(self.recipe)
        experiment = self.experiment
        self._state.prepare_doubt()
        self._saved_at = time.monotonic()
        if not self.progress.step:
            self._snapshots.note(0, experiment.model)
        for epoch in self._state.train(epochs, (self._save_or_stop, *after_step)):
            result = self._state.note_epoch(epoch)
            uninterrupted(self._record)
            if result.findings and strict:
                raise UnhealthyError(f"epoch {result.epoch}: {result.findings[0].message}")
            yield result
            if not self._entered:
                raise StateError(f"{self.folder}: the block of this run has ended; Run.resume continues the run")
            self._saved_at = time.monotonic()
            if self._should_stop():
                return
        if self.progress.batch == 0:  # it was not stopped within an epoch
            self._state.test_accuracy = test(experiment.model, experiment.test_loader) if tested else None
            self._finished = True

    def end_untrained(self) -> None:
        """Test the network as it is, and end the run before its first step; `resume` trains it on."""
        for _ in self._epochs((), strict=False, epochs=0):
            pass
        self.save()

    def _record(self) -> None:
        """Write everything that an epoch adds to the folder."""
        self._snapshots.note(self.progress.epoch, self.model)  # before the checkpoint, which continues after it
        self._state.save(self._checkpoints)
        self._write_history()

    def _write_history(self) -> None:
        """Write the history, and note its checksum: it may be in place even if the folder could not be synced."""
        try:
            self._place.write_history(self.history)
        finally:
            self._state.history_sha256 = self._place.history_digest()

    @not_every_step
    def _save_or_stop(self, progress: Progress) -> None:
        """Write a checkpoint if it is time for one, and end the training if that was requested."""
        now = time.monotonic()
        stop = self._should_stop()
        if stop or now - self._saved_at >= self.checkpoint_every:
            progress.seconds += now - self._saved_at
            self.save()
            if stop:
                raise StopTraining

    def change(self, **settings: float) -> None:
        """Change ``learning_rate`` or ``dropout`` from the next step on; a rerun of the run makes the same change.

        An ``after_step`` callable calls it. The recipe has the change before it takes effect.

        Raises a RecipeError if a value is not allowed, a StateError if the run is not being trained.
        """
        if not self._begun or not self._entered:
            raise StateError(f"{self.folder}: only a run that is being trained can be changed")
        self._state.change(settings, self._place)

    def save(self) -> None:
        """Write a checkpoint between two steps. Ctrl-C takes effect after it has been written.

        Raises a FileError if it cannot be written; the previous checkpoint is kept.
        """
        uninterrupted(lambda: self._state.save(self._checkpoints))
        self._saved_at = time.monotonic()

    # Entering and leaving ---------------------------------------------------------------------------

    def __enter__(self) -> Self:
        if self._entered or self._begun:
            raise StateError(f"{self.folder}: this run was used already; create a new Run")
        if self._resumed:
            self._take_again()
        else:
            self._create()
        if self._place.has_no_lock:
            self.notes.append("this file system has no locks: see to it that only one process trains this run")
        self._limits = ExitStack()
        self._limits.enter_context(self._state.limited())
        self._entered = True
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
        """Write the network and how the run ended into the folder."""
        try:
            self._state.save_model(self._place)
        except GlassworkError as failure:
            first = error if isinstance(error, GlassworkError) else failure  # the first error is the one to report
            with suppress(GlassworkError):
                self._place.write_result(self._state.result("failed", str(first)))
            if first is failure:
                raise
            return
        if not isinstance(error, Exception):  # the block's end, or Ctrl-C
            why = "" if self.history else "stopped before an epoch was done: the network was never validated"
            state: State = "finished" if self._finished else "interrupted"
            self._place.write_result(self._state.result(state, "" if state == "finished" else why))
        else:
            self._place.write_result(self._state.result("failed", str(error) or type(error).__name__))

    def _build(
        self,
        recipe: Recipe,
        place: RunFolder,
        dataset: Dataset | None,
        checkpoint_every: float,
        should_stop: Callable[[], bool],
    ) -> None:
        """Build everything that the recipe asks for, in memory."""
        check_stops(checkpoint_every, should_stop)
        self._use(place)
        self.checkpoint_every, self._should_stop = checkpoint_every, should_stop
        self._state = RunState.begin(recipe, dataset, place)
        arrays = self.recipe.data.source.startswith(f"{ARRAYS}:")
        self._kept = dataset if dataset and arrays and dataset.images.nbytes < MAP_FROM else None  # to be stored
        self._resumed = self._entered = self._begun = self._finished = False
        self._saved_at = 0.0

    def _create(self) -> None:
        """Create the folder of a new run; another process may have taken its default name in the meantime."""
        if self._kept is not None and self._kept.fingerprint() != self.parts.origin.sha256:
            raise StateError(f"{self.folder}: the arrays that this run was given have changed since; make another Run")
        while True:
            try:
                return self._place.create(self.recipe, self._state.result("running"), self._kept)
            except FileExistsError:
                self._use(free_folder(self._wanted, self.recipe.name, self._runs))

    def _take_again(self) -> None:
        """Lock the folder of a resumed run; load again if another process has continued it in the meantime."""
        self._place.lock()
        try:
            if self._checkpoints.signature() != self._loaded:
                self._load()
        except BaseException:
            self._place.unlock()
            raise

    def _use(self, place: RunFolder) -> None:
        self._place = RunFolder(place.path.absolute())
        self._wanted = None if self._wanted is None else self._place.path
        self._checkpoints, self._snapshots = Checkpoints(self.folder), Snapshots(self.folder)

    def _load(self) -> None:
        """Load the newest checkpoint into memory."""
        self._resumed, self._loaded = True, self._checkpoints.signature()
        self._state.load(self._place, self._checkpoints)
        self._snapshots.load(up_to=self.progress.epoch)
