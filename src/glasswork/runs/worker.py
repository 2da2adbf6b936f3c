"""The work on one of many runs, in a process of its own, here or on another machine.

order ──► the folder is here too       ──► trained in it; a run that was stopped or killed goes on from its checkpoint
      └─► this machine does not see it ──► trained in a temporary folder, which comes back with the report
"""

import io
import os
import signal
import sys
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import metadata
from pathlib import Path

import msgspec

from glasswork.data import Dataset
from glasswork.engine.installed import is_installed
from glasswork.errors import FileError, TaskError
from glasswork.locks import Lock
from glasswork.recipes.experiment import load_source, what_is_loaded
from glasswork.recipes.recipe import Recipe
from glasswork.runs.checkpoint import Machine
from glasswork.runs.folder import RunFolder
from glasswork.runs.run import Run
from glasswork.stopping import StopOnSignal
from glasswork.tasks import one_thread, stop_request, tell_client
from glasswork.training.results import EpochResult
from glasswork.version import __version__


@dataclass(frozen=True)
class Order:
    """One run to train: its recipe and its data determine all of its bytes.

    Attributes
    ----------
    folder : str
        The run's folder, as the client names it.
    recipe : Recipe
        With the seed.
    data_sha256 : str
        Fingerprint of the dataset.
    token : str
        A file that only this client has written, with its own name as its content: who finds it sees the client's
        files.
    tested : bool
        Whether to test the run at its end.
    stop_after : callable, optional
        Called with each epoch's result; the run is stopped, and not finished, if it returns True.
    """

    folder: str
    recipe: Recipe
    data_sha256: str
    token: str
    tested: bool = True
    stop_after: Callable[[EpochResult], bool] | None = None


@dataclass(frozen=True)
class Report:
    """What a worker says about a run that it has trained.

    Attributes
    ----------
    resumed_after : int or None
        Epochs that were done when it continued from a checkpoint; None if it was trained without interruption.
    worker : str
        The worker's address, or its process.
    machine : dict
        What the last digits may depend on.
    packed : bytes
        The run's folder as a tar archive; empty if the client sees the folder itself.
    """

    resumed_after: int | None
    worker: str
    machine: dict[str, str]
    packed: bytes = b""


def train_one(order: Order, dataset: Dataset | None = None) -> Report:
    """Train a run to its end.

    Parameters
    ----------
    order : Order
    dataset : Dataset, optional
        Its data, if they were sent; otherwise they are loaded, once for all runs of this process.
    """
    one_thread()
    dataset = dataset or _load(what_is_loaded(order.recipe.data))
    if dataset.origin.sha256 != order.data_sha256:
        raise FileError(f"{order.recipe.data.source}: these data have changed since the command was started")
    if is_seen(order.token):
        return _train(order, Path(order.folder), dataset)
    with tempfile.TemporaryDirectory(prefix="glasswork-") as temporary:
        place = Path(temporary, Path(order.folder).name)

        def tell(epochs: int) -> None:
            tell_client(Path(order.token).name, {order.folder: epochs})

        return replace(_train(order, place, dataset, tell), packed=_pack(place))


def machine() -> dict[str, str]:
    """Return what the last digits of a run in this process depend on, by name."""
    facts = msgspec.structs.asdict(Machine.here(1))
    numba = metadata.version("numba") if is_installed() else "not installed"
    return {
        "glasswork": __version__,
        **{name: str(facts[name]) for name in ("numpy", "blas", "processor")},
        "numba": numba,
    }


def is_seen(token: str) -> bool:
    """Return whether this process sees the files of the client that wrote a token."""
    try:
        return Path(token).read_text("utf-8") == Path(token).name
    except OSError:
        return False


_load = lru_cache(maxsize=1)(load_source)


def _train(order: Order, place: Path, dataset: Dataset, tell: Callable[[int], object] = int) -> Report:
    cancelled, stopped = stop_request(), False
    _wait_until_free(place, cancelled)
    resumed = RunFolder(place).exists()
    with StopOnSignal() as stop:  # a cluster sends its signals to every process

        def should_stop() -> bool:
            return stop() or stopped or cancelled()

        if resumed:
            run = Run.resume(place, dataset=dataset, should_stop=should_stop)
        else:
            run = Run(order.recipe, place, dataset=dataset, should_stop=should_stop)
        before = len(run.history)
        with run:
            tell(before)
            for result in run.epochs(tested=order.tested):
                tell(result.epoch)
                stopped = order.stop_after is not None and order.stop_after(result)
    if not stopped and RunFolder(place).result().state == "interrupted":
        who = "cancelled" if stop.number is None else f"{signal.Signals(stop.number).name} ended it"
        raise TaskError(f"{who}; it is saved, and the same command continues it")
    return Report(before if resumed else None, _name(), machine())


def _wait_until_free(place: Path, cancelled: Callable[[], bool]) -> None:
    """Wait while another worker still trains the run, for a client that is gone: it ends soon, and nothing is lost."""
    if RunFolder(place).exists():
        lock = Lock(place / ".lock")
        while not lock.acquire() and not cancelled():
            pass
        lock.release()


def _name() -> str:
    if "distributed" in sys.modules:
        from distributed import get_worker

        try:
            return str(get_worker().address)
        except ValueError:
            pass
    return f"process {os.getpid()}"


def _pack(folder: Path) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for path in sorted(folder.iterdir()):
            if path.name != ".lock":
                archive.add(path, path.name)
    return content.getvalue()
