"""Cluster: the executor of a Dask cluster, which runs tasks on other machines.

tcp://HOST:PORT  ──► a scheduler that is running
slurm, pbs, ...  ──► a cluster of dask-jobqueue, as the user's Dask configuration describes it

Dask is imported only here. Whoever can reach the address of a cluster can run code there, with no password.
"""

import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from glasswork.errors import InputError, MissingLibraryError, StateError
from glasswork.settings import did_you_mean
from glasswork.tasks.run import OnWorker

#: Seconds to wait for a scheduler to answer.
_PATIENCE = 10

#: Seconds between two counts of the workers.
_COUNT_EVERY = 1.0

#: Tasks that are sent for each thread of the workers: one to work on, and one that is there when that is done.
_AHEAD = 2


class Cluster:
    """A Dask cluster.

    Attributes
    ----------
    executor : concurrent.futures.Executor
        Runs a call on any worker. If the worker dies, the call is made again on another one, a few times.
    """

    def __init__(self, client: Any) -> None:
        self.client, self.address = client, client.scheduler.address
        self.executor: Executor = client.get_executor(pure=False)
        self._threads, self._counted = 0, -math.inf
        self._shared: list[str] = []

    def width(self) -> int:
        """Return how many tasks are useful at a time: two for each thread of the workers that there are now."""
        return _AHEAD * self.threads()

    def threads(self) -> int:
        """Return how many tasks the workers that there are now can run at a time.

        Raises
        ------
        StateError
            If the scheduler is gone.
        """
        if self.client.status != "running":  # Dask has cancelled everything, even if the scheduler comes back
            raise StateError(
                f"{self.address}: the connection to the scheduler is lost; if it has ended, start it and its workers "
                "again; then give the same command, which goes on from what was saved"
            )
        if time.monotonic() - self._counted > _COUNT_EVERY:
            with suppress(OSError):  # the connection is lost at this moment
                self._threads = sum(self.client.nthreads().values())
            self._counted = time.monotonic()
        return self._threads

    def share(self, value: Any, name: str) -> OnWorker:
        """Send a value to every worker, once, also to those that come later; return what stands for it in a call.

        A value with the same name, perhaps of a client that was killed, is replaced.
        """
        from glasswork.tasks.shared import Shared

        try:
            self.client.register_plugin(Shared(value), name=name)
        except Exception as error:  # Dask raises a plain Exception for what went wrong on a worker
            advice = "; install the same version of it on all of them" if "No module named" in str(error) else ""
            raise StateError(f"data cannot be sent to the workers: {error}{advice}") from error
        self._shared.append(name)
        return OnWorker(name)

    def listen(self, topic: str, hear: Callable[[Any], object]) -> None:
        """Call ``hear``, in another thread, with what tasks say about a topic."""
        self.client.subscribe_topic(topic, lambda event: hear(event[1]))

    def forget(self) -> None:
        """Remove from the workers what was shared with them."""
        if self.client.status == "running":
            with suppress(OSError, ValueError):  # the scheduler is gone at this moment
                for name in self._shared:
                    self.client.unregister_worker_plugin(name)


@contextmanager
def connect(where: str, jobs: int | None = None, tell: Callable[[str], object] = print) -> Iterator[Cluster]:
    """Context manager: connects to a Dask cluster, or starts one through dask-jobqueue and ends it on exit.

    Parameters
    ----------
    where : str
        The address of a scheduler, ``tcp://HOST:PORT`` or ``tls://HOST:PORT``; or a batch system that dask-jobqueue
        knows, such as ``slurm``.
    jobs : int, optional
        How many jobs to start on a batch system, 1 by default.
    tell : callable
        Called with a line that says which workers there are.

    Raises
    ------
    InputError
        If it is neither.
    MissingLibraryError
        If Dask or dask-jobqueue is not installed.
    StateError
        If no scheduler answers.
    """
    try:
        import distributed
    except ModuleNotFoundError as error:
        raise MissingLibraryError(
            f"--cluster needs {error.name}, which is not installed: pip install 'glasswork[scale]'"
        ) from error
    with ExitStack() as stack:
        target: Any = where
        if "://" not in where:
            target = stack.enter_context(_batch_system(where)())
            target.scale(jobs=jobs or 1)
        try:
            connected: Any = distributed.Client
            client = stack.enter_context(connected(target, timeout=_PATIENCE, set_as_default=False))
        except (OSError, ValueError) as error:
            raise StateError(
                f"{where}: no Dask scheduler answers there ({error}); start one with: dask scheduler"
            ) from error
        cluster = Cluster(client)
        number = cluster.threads()
        at_once = f"{number} task{'s' * (number != 1)} at a time" if number else "no worker yet; the work waits for one"
        tell(f"cluster {cluster.address}: {at_once}")
        try:
            yield cluster
        finally:
            cluster.forget()


def _batch_system(word: str) -> Any:
    """Return the class of dask-jobqueue for a batch system."""
    if not word.isalpha():
        raise InputError(
            f"--cluster {word}: expected an address such as tcp://HOST:8786, or a batch system such as slurm; did you "
            f"mean tcp://{word}?"
        )
    try:
        import dask_jobqueue
    except ModuleNotFoundError as error:
        raise MissingLibraryError(
            f"--cluster {word}: expected an address such as tcp://HOST:8786, or a batch system, for which {error.name} "
            "is needed: pip install dask-jobqueue"
        ) from error
    ending = "Cluster"
    known = {name.removesuffix(ending).lower(): name for name in vars(dask_jobqueue) if name.endswith(ending)}
    known.pop("jobqueue", None)  # what they have in common
    if word not in known:
        raise InputError(
            f"--cluster {word}: expected an address such as tcp://HOST:8786, or one of {', '.join(sorted(known))}"
            + did_you_mean(word, known)
        )
    return getattr(dask_jobqueue, known[word])
