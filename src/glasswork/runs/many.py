"""Many runs, trained several at a time, here or on a cluster; a run that is finished is never trained again.

folder/low/seed-1 ◄── recipe, seed 1 ──┐
folder/low/seed-2 ◄── recipe, seed 2 ──┼── workers: `glasswork.runs.worker`
folder/top/seed-1 ◄── recipe, seed 1 ──┘
"""

import io
import secrets
import shutil
import tarfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from glasswork.data import Dataset
from glasswork.data.kinds import noun
from glasswork.errors import FileError, StateError, TaskError
from glasswork.files import create_folder, write_whole
from glasswork.locks import Lock
from glasswork.recipes.experiment import load_source, what_is_loaded
from glasswork.recipes.recipe import Recipe
from glasswork.recipes.schema import Data
from glasswork.runs.folder import RunFolder
from glasswork.runs.result import RunResult
from glasswork.runs.worker import Order, machine, train_one
from glasswork.tasks import Outcome, Pool, run_tasks
from glasswork.training.results import EpochResult

#: Called with the folders of the runs that are being trained, and the share of each that is done.
Watch = Callable[[Mapping[Path, float]], object]


@dataclass(frozen=True)
class Wanted:
    """A run to train: its folder, its recipe with the seed, and how it may end early; see `Order`."""

    folder: Path
    recipe: Recipe
    tested: bool = True
    stop_after: Callable[[EpochResult], bool] | None = None

    @property
    def result(self) -> RunResult:
        """The result, read from the run's folder."""
        return RunFolder(self.folder).result()


@dataclass(frozen=True)
class Trained:
    """What became of a run.

    Attributes
    ----------
    wanted : Wanted
    resumed_after : int or None
        Epochs that were done when it continued from a checkpoint; None if it was trained without interruption.
    error : TaskError or None
        Why it failed.
    """

    wanted: Wanted
    resumed_after: int | None = None
    error: TaskError | None = None

    @property
    def recipe(self) -> Recipe:
        """The recipe, with the seed."""
        return self.wanted.recipe

    @property
    def result(self) -> RunResult:
        """The result, read from the run's folder."""
        return self.wanted.result


class Source(NamedTuple):
    """Data that runs are trained on: their fingerprint, what stands for them in a call, and "images" or "rows"."""

    sha256: str
    in_call: Any
    things: str


class Site:
    """A folder under which many runs are trained, locked for this process; see `open_site`.

    Parameters
    ----------
    folder : Path
    pool : Pool
        Where runs are trained.
    tell : callable
        Called with a line about each worker whose last digits may differ.
    dataset : Dataset, optional
        Used instead of loading the recipes' source.
    """

    def __init__(self, folder: Path, pool: Pool, tell: Callable[[str], object], dataset: Dataset | None = None) -> None:
        self.folder, self.pool, self.tell = folder, pool, tell
        self._given = None if dataset is None else dataset.with_identity()
        self.token = folder / f".client-{secrets.token_hex(8)}"
        self._source = cache(self._load)  # a source is loaded and sent once, however many runs use it
        self._told = [machine()]
        self._epochs: dict[str, int] = {}  # done by runs whose folder is elsewhere
        pool.listen(self.token.name, self._epochs.update)

    def train(self, ready: Callable[[], Wanted | None], *, watch: Watch = len) -> Iterator[Trained]:
        """Train runs, and yield each when it has ended.

        Parameters
        ----------
        ready : callable
            Returns the next run, or None if there is none at the moment; asked again whenever a run has ended.
        watch : callable
            Called several times a second with the runs that are being trained.
        """
        wanted: dict[str, Wanted] = {}

        def task() -> tuple[str, tuple[Any, ...]] | None:
            if (run := ready()) is None:
                return None
            place = str(run.folder.absolute())
            wanted[place] = run
            data, token = self.source(run.recipe.data), str(self.token.absolute())
            order = Order(place, run.recipe, data.sha256, token, run.tested, run.stop_after)
            return place, (order, data.in_call)

        def tick(keys: Collection[str]) -> None:
            shares = {wanted[key].folder: self._share_done(wanted[key]) for key in keys}
            watch({folder: share for folder, share in shares.items() if share is not None})

        for outcome in run_tasks(train_one, task, self.pool.executor, width=self.pool.width, tick=tick):
            run = wanted.pop(outcome.key)
            report = outcome.value
            if report is None:
                _check_installed(outcome)
                yield Trained(run, error=outcome.error)
                continue
            if report.packed:
                _unpack(report.packed, run.folder)
            self._compare(report.worker, report.machine)
            yield Trained(run, report.resumed_after)

    def finished(self, run: Wanted) -> bool:
        """Return whether a run is finished; if not, it must still be trained, or trained further.

        Raises
        ------
        FileError
            If something else is in its place, or it was trained on other data.
        """
        place, recipe = RunFolder(run.folder), run.recipe
        if not place.exists():
            if run.folder.exists():
                raise FileError(
                    f"{run.folder}: expected the folder of a run, or nothing; choose another --out, or move it"
                )
            return False
        alike = {"description": ""} | ({"training.engine": "auto"} if recipe.training.engine == "auto" else {})
        if place.recipe().override(alike) != recipe.override(alike):
            raise FileError(
                f"{run.folder}: this folder holds a run of another recipe; choose another --out, or move it"
            )
        result = place.result()
        if result.state != "finished":
            return False
        if result.data and result.data.sha256 and result.data.sha256 != self.source(recipe.data).sha256:
            raise FileError(
                f"{run.folder}: this run was trained on other data than {recipe.data.source} holds now; restore the "
                "old data, choose another --out, or move the run away"
            )
        return result.test_accuracy is not None or not run.tested

    def source(self, data: Data) -> Source:
        """Return the data that a recipe names; on a cluster, the workers have them then."""
        return self._source(what_is_loaded(data))

    def _load(self, data: Data) -> Source:
        dataset = self._given or load_source(data)
        sha256 = dataset.origin.sha256
        shared = self.pool.share(dataset, f"{self.folder.absolute()} {sha256}")
        return Source(sha256, self._given if shared is None else shared, noun(dataset.kind))

    def _share_done(self, run: Wanted) -> float | None:
        """Return the share of a run's epochs that are done; None if it has not begun."""
        epochs = self._epochs.get(str(run.folder.absolute()))
        if epochs is None:
            try:
                epochs = (run.folder / "history.csv").read_bytes().count(b"\n") - 1
            except OSError:
                return None
        return epochs / run.recipe.training.epochs

    def _compare(self, worker: str, theirs: dict[str, str]) -> None:
        """Name a worker that differs from this process, once for each kind of difference."""
        if theirs not in self._told:
            self._told.append(theirs)
            words = ", ".join(
                f"{name} {it}, here {self._told[0][name]}" for name, it in theirs.items() if it != self._told[0][name]
            )
            self.tell(f"the worker {worker} differs: {words}; the last digits of its runs may differ, too")


def train_all(site: Site, runs: Collection[Wanted], *, watch: Watch = len) -> Iterator[Trained]:
    """Train those of many runs that are not finished, and yield each when it is; finished ones come first.

    A run that fails does not stop the others.

    Raises
    ------
    FileError
        If another run, or one on other data, is in the place of one of them.
    TaskError
        At the end, if a run failed.
    """
    finished = {run.folder for run in runs if site.finished(run)}
    yield from (Trained(run) for run in runs if run.folder in finished)
    missing = [run for run in runs if run.folder not in finished]
    waiting = iter(missing)
    failed = []
    for trained in site.train(lambda: next(waiting, None), watch=watch):
        if trained.error is None:
            yield trained
        else:
            failed.append(str(trained.error))
    if failed:
        number = "1 run" if len(failed) == 1 else f"{len(failed)} runs"
        raise TaskError(f"{number} of {len(missing)} failed; the others are kept: {'; '.join(failed)}")


@contextmanager
def open_site(
    folder: Path, pool: Pool, *, tell: Callable[[str], object] = print, dataset: Dataset | None = None
) -> Iterator[Site]:
    """Context manager: locks a folder, so that no other command trains runs in it; see `Site`.

    Raises
    ------
    StateError
        If another command is using the folder.
    FileError
        If the folder cannot be used.
    """
    lock = Lock(folder / ".lock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = lock.acquire()
    except OSError as error:
        raise FileError(f"{folder}: this folder cannot be used ({error.strerror}); choose another") from error
    if not free:
        raise StateError(
            f"{folder}: another command is training runs here; wait for it, end it, or choose another --out"
        )
    site = Site(folder, pool, tell, dataset)
    try:
        for old in folder.glob(".client-*"):  # of a command that was killed
            old.unlink(missing_ok=True)
        write_whole(site.token, site.token.name.encode())
        yield site
    finally:
        site.token.unlink(missing_ok=True)
        lock.release()


def _check_installed(outcome: Outcome[Any]) -> None:
    """Raise a StateError if a task failed because a worker has no glasswork: they would all fail."""
    cause = outcome.error.__cause__ if outcome.error else None
    if isinstance(cause, ModuleNotFoundError) and (cause.name or "").partition(".")[0] == "glasswork":
        raise StateError(f"a worker cannot import glasswork ({cause}); install the same version on all of them")


def _unpack(packed: bytes, place: Path) -> None:
    """Put the folder of a run that was trained elsewhere in its place; of a part that was trained here, it has all."""
    shutil.rmtree(place, ignore_errors=True)

    def fill(folder: Path) -> None:
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(folder, filter="data")

    create_folder(place, fill)
