"""A run: a recipe being trained, and the folder that it leaves behind.

runs/2026-11-24-classwork/
  recipe.toml          all that was asked, defaults included: enough to run it again
  history.csv          one row an epoch
  model.safetensors    the network
  checkpoint-*         where it stands, two generations: `Run.resume` goes on from there, bit for bit
  result.json          how it ended, and the test accuracy
  figures/             pictures, drawn by those who look at the run
"""

import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import msgspec

from glasswork.errors import FileError, GlassworkError, StateError, UnhealthyError
from glasswork.runs.checkpoint import Checkpoints, Machine, extended
from glasswork.recipes.experiment import assemble
from glasswork.files import new_run_folder, remove_unfinished, uninterrupted, write_whole
from glasswork.training.health import Finding, Watch, diagnose
from glasswork.runs.history import write_history
from glasswork.runs.lock import lock
from glasswork.training.loop import EpochResult, Loader, fit, test
from glasswork.runs.model_file import save_model
from glasswork.training.progress import Progress
from glasswork.runs.reading import RunResult, hash_file, read_recipe_of, read_result
from glasswork.recipes.recipe import Recipe
from glasswork.training.threads import choose_threads, limited_to

#: Seconds between two checkpoints, unless told otherwise.
CHECKPOINT_EVERY = 5.0

#: Training images that are looked at to tell whether a training goes wrong.
HEALTH_SAMPLE = 500


class Run:
    """A recipe being trained. Everything is checked and built before the folder is made.

    Parameters
    ----------
    recipe : Recipe
    folder : path, optional
        Must not exist yet; by default ``runs/<date>-<recipe>``, with a number if that is taken.
    checkpoint_every : float
        Seconds between two checkpoints, at least; there is one at the end of every epoch as well.

    Attributes
    ----------
    folder : Path
    model : MLP
    parts : Split
        The data.
    history : list of EpochResult
        So far.
    test_accuracy : float or None
        Percent, once all epochs are done.
    findings : list of Finding
        What seems to go wrong, each said once; see `glasswork.training.health`.
    notes : list of str
        What is to be said of a run that was taken up again.

    Raises
    ------
    RecipeError
        If the recipe asks for what the data does not allow.
    FileError
        If the folder exists or cannot be made.

    Examples
    --------
    >>> with Run(named_recipe("classwork")) as run:
    ...     for result in run.epochs():
    ...         print(result.epoch, result.valid_accuracy)

    However the block is left, what was learnt is in the folder then, and how it ended. In the block, a first Ctrl-C
    or SIGTERM lets the step end, saves the run and raises KeyboardInterrupt; a second one ends it at once. A process
    that is killed leaves its last checkpoint: see `Run.resume`.
    """

    def __init__(
        self, recipe: Recipe, folder: str | Path | None = None, *, checkpoint_every: float = CHECKPOINT_EVERY
    ) -> None:
        self._build(recipe, checkpoint_every)
        self._open(new_run_folder(Path(folder) if folder is not None else None, recipe.name))
        write_whole(self.folder / "recipe.toml", recipe.to_toml().encode())
        self._write_result("running")

    @classmethod
    def resume(
        cls, folder: str | Path, *, epochs: int | None = None, checkpoint_every: float = CHECKPOINT_EVERY
    ) -> Self:
        """Take up a run that was stopped or killed: it ends as if it had never been, byte for byte.

        That holds on the same machine, with the same versions and as many threads; where they differ, ``notes``
        says so.

        Parameters
        ----------
        folder : path
            Of the run.
        epochs : int, optional
            How many in all, to extend a run; where its learning rate was not laid out for those it has.
        checkpoint_every : float
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
        folder = Path(folder)
        written = read_recipe_of(folder)
        recipe = written if epochs is None else extended(written, epochs, folder)
        run = cls.__new__(cls)
        run._build(recipe, checkpoint_every)
        run._open(folder)
        try:
            run._take_up(recipe)
        except BaseException:
            run._lock.release()
            raise
        if recipe != written:
            write_whole(folder / "recipe.toml", recipe.to_toml().encode())
        run._write_result("running")
        return run

    def _take_up(self, recipe: Recipe) -> None:
        remove_unfinished(self.folder)
        facts, problems = self._checkpoints.load(self.model, self.optimizer, self.progress, recipe=recipe)
        self.notes += [f"passed over: {problem}" for problem in problems]
        if facts is None:
            if (self.folder / "model.safetensors").exists():
                raise FileError(
                    f"{self.folder}: has a network and no checkpoint to go on from; the network is left as it is; "
                    f"train it anew with: glasswork train {self.folder}"
                )
            self.notes.append("there is no checkpoint yet: the run begins anew")
            return
        if facts.data_sha256 != self.data_sha256:
            raise FileError(
                f"{self.folder}: its data ({recipe.data.source}) are not those that it was trained on "
                f"(SHA-256 {self.data_sha256[:12]}…, then {facts.data_sha256[:12]}…); bring those back to go on"
            )
        with suppress(FileError):  # a damaged result is no hindrance: it is written anew
            if read_result(self.folder).state == "finished" and self.progress.epoch >= recipe.training.epochs:
                self.notes.append("finished already: only tested and drawn again; --epochs N trains it up to N in all")
        self.history.extend(facts.history)
        write_history(self.folder / "history.csv", self.history)
        self.threads = choose_threads(facts.machine.threads, batch_size=0, weights=0)
        here = Machine.here(self.threads)
        for name in Machine.__struct_fields__:
            then, now = getattr(facts.machine, name), getattr(here, name)
            if then != now:
                self.notes.append(f"{name}: {then} then, {now} now; the last digits may differ from an unbroken run's")

    def _open(self, folder: Path) -> None:
        """Make a folder this run's own, for as long as this process is at work."""
        self.folder = folder
        self._lock = lock(folder)
        self._checkpoints = Checkpoints(folder)

    def _build(self, recipe: Recipe, checkpoint_every: float) -> None:
        """Make all that a recipe asks for, in memory."""
        self.recipe = recipe
        self.checkpoint_every = checkpoint_every
        self.notes: list[str] = []
        made = assemble(recipe)
        self.parts, self.data_sha256 = made.parts, made.data_sha256
        self.model, self.loss, self.optimizer = made.model, made.loss, made.optimizer
        self.train_loader, self.valid_loader, self.test_loader = made.train_loader, made.valid_loader, made.test_loader
        self.progress = Progress()
        self.threads = choose_threads(
            recipe.training.threads, batch_size=recipe.training.batch_size, weights=made.weights
        )
        self.history: list[EpochResult] = []
        self.test_accuracy: float | None = None
        self.findings: list[Finding] = []
        self._watch = Watch()
        self._handlers: dict[int, Any] = {}
        self._begun = self._asked_to_stop = self._saved = False

    def epochs(
        self, *, watch: Callable[[Loader], Loader] = lambda loader: loader, strict: bool = False
    ) -> Iterator[EpochResult]:
        """Train, and yield what each epoch came to; at the end, test.

        Parameters
        ----------
        watch : callable
            Wraps the loader of training batches, to count them for a progress bar, say.
        strict : bool
            Whether a training that goes wrong is stopped; else what was found is added to ``findings``, once.

        Raises
        ------
        UnhealthyError
            If it is ``strict``, and something was found.
        DivergedError
            If the loss stops being a number.
        FileError
            If the folder cannot be written in: the last good checkpoint is kept.
        StateError
            If it was called before: a run is one training.
        """
        if self._begun:
            raise StateError(f"{self.folder}: this run was trained already; make another Run")
        self._begun = True
        epochs = fit(
            self.model,
            watch(_Kept(self)),
            self.valid_loader,
            self.optimizer,
            self.loss,
            epochs=self.recipe.training.epochs,
            patience=self.recipe.training.early_stopping or None,
            progress=self.progress,
        )
        with limited_to(self.threads), closing(epochs):
            for result in epochs:
                self.history.append(result)
                self.save()
                write_history(self.folder / "history.csv", self.history)
                self._look(strict)
                yield result
                self._stop_if_asked()
            self.test_accuracy = test(self.model, self.test_loader)

    def _look(self, strict: bool) -> None:
        """Look whether the training goes wrong."""
        train = self.parts.train
        found = self._watch.new(
            diagnose(self.model, train.images[:HEALTH_SAMPLE], train.labels[:HEALTH_SAMPLE], self.history)
        )
        if found and strict:
            raise UnhealthyError(f"epoch {self.progress.epoch}: {found[0].message}")
        self.findings += found

    def save(self) -> None:
        """Write a checkpoint, between two steps.

        Raises
        ------
        FileError
            If it cannot be written; the one before is kept.
        """
        try:
            self._checkpoints.save(
                self.model,
                self.optimizer,
                self.progress,
                recipe=self.recipe,
                data_sha256=self.data_sha256,
                machine=Machine.here(self.threads),
                history=self.history,
            )
        except FileError as error:
            raise FileError(f"{error} What was saved before is whole: glasswork resume goes on from it") from error

    def _stop_if_asked(self) -> None:
        if self._asked_to_stop:
            self._saved = True
            raise KeyboardInterrupt

    def _ask_to_stop(self, number: int, frame: object) -> None:
        """Note a first Ctrl-C or SIGTERM, and leave the next to those who handled them before."""
        self._asked_to_stop = True
        self._give_back_signals()

    def _give_back_signals(self) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():  # signals are the main thread's
            for number in (signal.SIGINT, signal.SIGTERM):
                self._handlers[number] = signal.signal(number, self._ask_to_stop)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._give_back_signals()
        with uninterrupted():
            try:
                self._close(error)
            finally:
                self._lock.release()

    def _close(self, error: BaseException | None) -> None:
        """Leave in the folder what was learnt, and how it ended."""
        if isinstance(error, KeyboardInterrupt) and self._asked_to_stop and not self._saved:
            self._write_result("interrupted")  # at once, perhaps within a step: the checkpoint is what counts
            return
        try:
            save_model(self.model, self.folder / "model.safetensors")
        except GlassworkError as failure:
            first = error if isinstance(error, GlassworkError) else failure  # the first error is the one to tell
            with suppress(GlassworkError):
                self._write_result("failed", str(first))
            if first is failure:
                raise
            return
        if error is None or isinstance(error, KeyboardInterrupt):
            self._write_result("interrupted" if self.test_accuracy is None else "finished")
        else:
            self._write_result("failed", str(error))

    def _write_result(self, state: Literal["running", "finished", "interrupted", "failed"], reason: str = "") -> None:
        result = RunResult(
            state=state,
            epochs=len(self.history),
            test_accuracy=self.test_accuracy,
            split=self.parts.scheme,
            seconds=math.fsum(epoch.seconds for epoch in self.history),
            reason=reason,
            pid=os.getpid(),
            history_sha256="" if state == "running" else hash_file(self.folder / "history.csv"),
        ).sealed()
        write_whole(self.folder / "result.json", msgspec.json.format(msgspec.json.encode(result)) + b"\n")


class _Kept:
    """A run's training batches; between two of them, a step being done, it is saved from time to time."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        run, saved = self._run, time.monotonic()
        for batch in run.train_loader.batches(run.progress.epoch + 1, start=run.progress.batch):
            yield batch
            now = time.monotonic()
            if now - saved >= run.checkpoint_every or run._asked_to_stop:
                run.progress.seconds += now - saved
                run.save()
                saved = now
                run._stop_if_asked()
