"""Many independent tasks: one function that runs them, on local processes or on a cluster."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any, Protocol

from glasswork.cores import granted_cores
from glasswork.tasks.processes import Processes, one_thread
from glasswork.tasks.run import Outcome, run_tasks, stop_request, tell_client

__all__ = ["Outcome", "Pool", "Processes", "one_thread", "open_pool", "run_tasks", "stop_request", "tell_client"]


class Pool(Protocol):
    """Where tasks run."""

    @property
    def executor(self) -> Executor:
        """Runs the tasks."""
        ...

    def width(self) -> int:
        """Return how many tasks are useful at a time."""
        ...

    def share(self, value: Any, name: str) -> Any:
        """Send a value to every worker once; return what stands for it as an argument of a call."""
        ...

    def listen(self, topic: str, hear: Callable[[Any], object]) -> None:
        """Call ``hear`` with what tasks say about a topic; see `tell_client`."""
        ...


@contextmanager
def open_pool(
    jobs: int | None = None, cluster: str | None = None, *, tell: Callable[[str], object] = print
) -> Iterator[Pool]:
    """Context manager: local processes, one for each granted core unless told otherwise, or a cluster."""
    if cluster is None:
        with Processes(jobs or granted_cores()) as processes:
            yield processes
    else:
        from glasswork.tasks.cluster import connect

        with connect(cluster, jobs, tell) as connected:
            yield connected
