"""RunFolder: what a run leaves on disk, and which process is working on it.

runs/2026-11-24-classwork/
  recipe.toml          all settings, defaults included: enough to run it again
  history.csv          one row for each epoch
  model.safetensors    the network
  checkpoint-*         the position, weights and moments, two generations
  snapshots.safetensors  the network at some epochs, for the report
  result.json          the state of the run, or its result
  figures/             curves, diagram, weights, digits
  data/                the images, if a program passed them as arrays
  .lock                one process at a time trains; when it ends, the operating system releases the lock
"""

import datetime
import hashlib
import os
import platform
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np

from glasswork.data.dataset import Dataset
from glasswork.data.sources.store import read_dataset, write_dataset
from glasswork.errors import FileError, StateError
from glasswork.files import create_folder, is_unfinished, read_small, remove_unfinished, write_whole
from glasswork.locks import Lock
from glasswork.paths import for_shell
from glasswork.recipes.recipe import Recipe
from glasswork.recipes.shelf import read_recipe
from glasswork.runs.history import decode_history, encode_history
from glasswork.runs.moved import with_source_now
from glasswork.runs.result import RunResult
from glasswork.sealed import read_sealed_json, write_sealed_json
from glasswork.training.results import EpochResult
from glasswork.version import __version__


class RunFolder:
    """The folder of a run. Every method that reads goes to the disk, so keep what it returns.

    Parameters
    ----------
    path : path
        It need not exist yet: `create` creates it.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.history_path = self.path / "history.csv"
        self.model_path = self.path / "model.safetensors"
        self.data_path = self.path / "data"
        self._lock = Lock(self.path / ".lock")

    def __repr__(self) -> str:
        return f"RunFolder({str(self.path)!r})"

    # Reading ----------------------------------------------------------------------------------------

    def exists(self) -> bool:
        """Return whether this is the folder of a run, as far as this user may look into it."""
        return os.path.isfile(self.path / "recipe.toml")  # noqa: PTH113  Path.is_file raises in others' folders

    def check(self) -> None:
        """Raise a FileError unless this is the folder of a run."""
        if not self.exists():
            raise FileError(f"{self.path}: expected the folder of a run, with a recipe.toml; see glasswork runs")

    def recipe(self) -> Recipe:
        """Return the run's recipe, with the engine that was used in place of ``auto``, and its data where they are now.

        Raises
        ------
        FileError
            If this is not the folder of a run, or its recipe is damaged.
        """
        self.check()
        recipe = with_source_now(read_recipe(self.path / "recipe.toml", newer=True), self.path)
        if recipe.training.engine == "auto":  # written before there was another engine
            return recipe.override({"training.engine": "numpy"})
        return recipe

    def keeps_data(self) -> bool:
        """Whether it keeps arrays that the run was given by a program."""
        return (self.data_path / "dataset.json").is_file()

    def kept_data(self) -> Dataset | None:
        """Return the arrays that a program passed to the run, or None if the folder holds none.

        Raises
        ------
        FileError
            If they are damaged.
        """
        return read_dataset(self.data_path) if self.keeps_data() else None

    def result(self) -> RunResult:
        """Return the current state of the run, or its result if it has ended.

        Raises
        ------
        FileError
            If this is not the folder of a run, or the file cannot be read or was changed since the run wrote it.
        """
        self.check()
        result = read_sealed_json(self.path / "result.json", RunResult, what="result of a run")
        try:
            return result.as_seen_now(folder=self.path.stat().st_ino)
        except OSError as error:  # it was removed in the meantime
            raise FileError(f"{self.path}: cannot be read ({error.strerror})") from error

    def history(self) -> list[EpochResult]:
        """Return the metrics of each epoch; an empty list before the first.

        Raises
        ------
        FileError
            If it is damaged, or was changed since the run wrote it.
        """
        path = self.history_path
        if not path.exists():
            return []
        sealed = self.result().history_sha256
        try:
            content = read_small(path)
            history = decode_history(content)
        except (OSError, ValueError) as error:
            raise FileError(f"{path}: expected the history of a run ({error})") from error
        if sealed and sealed != hashlib.sha256(content).hexdigest():
            raise FileError(f"{path}: this file was changed since the run wrote it; glasswork resume writes it again")
        return history

    def last_change(self) -> float:
        """Return when the run last wrote one of its small files, in seconds since 1970; 0.0 if it has none."""
        changes = [0.0]
        for name in ("recipe.toml", "history.csv", "result.json"):
            with suppress(FileNotFoundError):
                changes.append((self.path / name).stat().st_mtime)
        return max(changes)

    # Writing ----------------------------------------------------------------------------------------

    def create(self, recipe: Recipe, result: RunResult, data: Dataset | None = None) -> None:
        """Create the folder with its recipe, its result and the data to keep, and lock it.

        The folder appears complete or not at all.

        Raises
        ------
        FileExistsError
            If something with that name exists.
        FileError
            If it cannot be created.
        """

        def fill(path: Path) -> None:
            write_whole(path / "recipe.toml", _encode(recipe))
            RunFolder(path).write_result(result)
            if data is not None:
                write_dataset(replace(data, source=""), path / "data")

        create_folder(self.path, fill)
        self.lock()

    def lock(self) -> None:
        """Lock the run for this process, and remove what a killed process left half-written.

        Raises
        ------
        StateError
            If another process is working on it.
        FileError
            If the folder cannot be locked.
        """
        try:
            free = self._lock.acquire()
        except OSError as error:
            raise FileError(
                f"{self.path / '.lock'}: cannot be locked ({error.strerror}); check its permissions"
            ) from error
        if not free:
            raise self._busy()
        remove_unfinished(self.path)

    @property
    def has_no_lock(self) -> bool:
        """Whether the file system has no locks, so that a process on another machine is not kept out."""
        return self._lock.missing

    def unlock(self) -> None:
        """Release the lock of the run."""
        self._lock.release()

    def check_trainable(self) -> None:
        """Raise a StateError if this is the folder of a committee."""
        with suppress(FileError):
            if self.result().members:
                raise StateError(
                    f"{self.path}: a committee is not trained; train runs, then: glasswork committee RUN..."
                )

    def check_free(self) -> None:
        """Raise a StateError if the run cannot be trained now: another process is working on it, or it is a committee.

        It takes no lock and creates no file.
        """
        self.check_trainable()
        try:
            result = self.result()
        except FileError:  # a damaged result will be written again; the lock decides
            return
        if result.state == "running" and result.pid != os.getpid():
            raise self._busy()

    def _busy(self) -> StateError:
        try:
            who = f"process {self.result().pid}"
        except FileError:
            who = "another process"
        return StateError(f"{self.path}: {who} is working on this run; wait for it, or end it first")

    def write_recipe(self, recipe: Recipe) -> None:
        """Replace the recipe."""
        write_whole(self.path / "recipe.toml", _encode(recipe))

    def write_result(self, result: RunResult) -> None:
        """Write the state of the run, or its result."""
        try:
            number = self.path.stat().st_ino
        except OSError as error:
            raise FileError(f"{self.path}: result.json cannot be written ({error.strerror})") from error
        write_sealed_json(self.path / "result.json", msgspec.structs.replace(result, folder=number))

    def write_history(self, history: Sequence[EpochResult]) -> None:
        """Write the metrics of all epochs."""
        write_whole(self.history_path, encode_history(history))

    def history_digest(self) -> str:
        """Return the SHA-256 of the current history.csv; empty if there is none."""
        try:
            return hashlib.sha256(read_small(self.history_path)).hexdigest()
        except OSError:
            return ""


#: Where runs are by default.
DEFAULT_PARENT = Path("runs")


def default_folders(name: str, parent: Path = DEFAULT_PARENT) -> Iterator[Path]:
    """Yield default folders for a new run: ``runs/<date>-<name>``, then the same with a number."""
    first = parent / f"{datetime.date.today():%Y-%m-%d}-{name.rstrip('.')}"  # Windows has no names that end in a point
    yield first
    yield from (first.with_name(f"{first.name}-{n}") for n in range(2, 10_000))


def _encode(recipe: Recipe) -> bytes:
    """Return the content of a run's recipe.toml: a line with the versions it was trained with, then the recipe."""
    versions = f"glasswork {__version__}, NumPy {np.__version__}, Python {platform.python_version()}"
    return f"# {versions}\n{recipe.to_toml()}".encode()


def free_folder(wanted: Path | None, name: str, parent: Path = DEFAULT_PARENT) -> RunFolder:
    """Return the wanted folder, or the first default folder for a recipe of this name that does not exist yet.

    Raises
    ------
    FileError
        If it exists.
    """
    for path in default_folders(name, parent) if wanted is None else [wanted]:
        if not path.exists() and not path.is_symlink():
            return RunFolder(path)
    more = (
        f"; to train it for more epochs: glasswork resume {for_shell(path)} --epochs N"
        if RunFolder(path).exists()
        else ""
    )
    raise FileError(
        f"{path}: this path exists already, and a run never overwrites anything; choose another folder{more}"
    )


def find_runs(folder: Path) -> list[RunFolder]:
    """Return the runs in a folder, the most recently changed one last; not those that are being created."""
    found = [RunFolder(path) for path in folder.iterdir() if not is_unfinished(path) and RunFolder(path).exists()]
    return sorted(found, key=RunFolder.last_change)
