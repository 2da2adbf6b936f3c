"""Many independent tasks: several run at a time, and each outcome is yielded as soon as it is there.

next task ──► executor ──► outcome: a value, or an error that names its task
                 ├── Processes            here
                 ├── a Dask cluster       on other machines: `glasswork.tasks.cluster`
                 └── any other concurrent.futures.Executor, such as one of threads
"""

import pickle
import queue
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from glasswork.errors import TaskError

Result = TypeVar("Result")
Arguments: TypeAlias = tuple[Any, ...]

#: The fewest seconds between two calls of ``tick``.
_TICK = 0.2


@dataclass(frozen=True)
class Outcome(Generic[Result]):
    """The outcome of a task.

    Attributes
    ----------
    key : str
        The key of the task.
    value : object
        What the function returned; None if it failed.
    error : TaskError or None
        Why it failed; its ``__cause__`` is the exception that the function raised, if any.
    """

    key: str
    value: Result | None = None
    error: TaskError | None = None


@dataclass(frozen=True)
class OnWorker:
    """An argument that stands for a value which every worker of a cluster holds."""

    name: str

    def get(self) -> Any:
        """Return the value; on a worker."""
        from distributed import get_worker

        shared: Any = get_worker().plugins[self.name]
        return shared.value


def run_tasks(
    function: Callable[..., Result],
    tasks: Mapping[str, Arguments] | Callable[[], tuple[str, Arguments] | None],
    executor: Executor,
    *,
    width: Callable[[], int],
    tick: Callable[[Collection[str]], object] = len,
) -> Iterator[Outcome[Result]]:
    """Call a function with the arguments of each of many tasks, several at a time, and yield each outcome at once.

    When the iteration ends, even by an exception, by Ctrl-C or because it is abandoned, tasks that wait are cancelled.

    Parameters
    ----------
    function : callable
        Unless the executor is one of threads, other processes must be able to import it.
    tasks : mapping, or callable
        The arguments of each task by a key that names it. A callable returns the next key and arguments, or None if
        there are none at the moment; it is asked again after each outcome, so a task may depend on earlier outcomes.
    executor : concurrent.futures.Executor
        Runs the tasks. It is left open.
    width : callable
        Returns how many tasks may be submitted and not yet done.
    tick : callable
        Called several times a second with the keys of the tasks that are running or will be next, for example to draw
        a progress bar.

    Yields
    ------
    Outcome
        One for each task, in the order in which they end.
    """
    ready = tasks if callable(tasks) else _in_turn(tasks)
    running: dict[Future[Result], str] = {}
    done: queue.SimpleQueue[Future[Result]] = queue.SimpleQueue()
    ticked = time.monotonic()
    try:
        while True:
            while len(running) < max(1, width()) and (task := ready()) is not None:
                future = executor.submit(_call, function, *task[1])
                running[future] = task[0]
                future.add_done_callback(done.put)
            if not running:
                return
            with suppress(queue.Empty):
                future = done.get(timeout=_TICK)
                yield _outcome(running.pop(future), future)
            if time.monotonic() - ticked >= _TICK:
                ticked = time.monotonic()
                tick(running.values())
    finally:
        for future in running:
            future.cancel()


def stop_request() -> Callable[[], bool]:
    """Return a function that says whether the task that runs in this thread is still wanted: False unless on a cluster.

    A task on a cluster that was cancelled, or whose client is gone, runs on until it stops itself.
    """
    if "distributed" not in sys.modules:
        return lambda: False
    from distributed import get_worker

    try:
        worker = get_worker()
        key = worker.get_current_task()
    except ValueError:  # not on a worker
        return lambda: False
    known = worker.state.tasks
    return lambda: (task := known.get(key)) is None or task.state == "cancelled"


def tell_client(topic: str, words: Any) -> None:
    """Tell the client of a cluster something about the task that runs in this thread; elsewhere, do nothing."""
    if "distributed" in sys.modules:
        from distributed import get_worker

        with suppress(ValueError):  # not on a worker
            get_worker().log_event(topic, words)


def _in_turn(tasks: Mapping[str, Arguments]) -> Callable[[], tuple[str, Arguments] | None]:
    waiting = iter(tasks.items())
    return lambda: next(waiting, None)


def _call(function: Callable[..., Result], *arguments: Any) -> Result:
    """Call a function; an exception that cannot be sent to another process, or would end this one, becomes another."""
    try:
        return function(*(one.get() if isinstance(one, OnWorker) else one for one in arguments))
    except BaseException as error:
        try:
            sendable = isinstance(pickle.loads(pickle.dumps(error)), Exception)
        except Exception:
            sendable = False
        if sendable:
            raise
        raise RuntimeError(f"{type(error).__name__}: {error}") from None


def _outcome(key: str, future: Future[Result]) -> Outcome[Result]:
    if future.cancelled():
        return Outcome(key, error=TaskError(f"{key}: it was cancelled on the cluster; the same command continues it"))
    error = future.exception()
    if error is None:
        return Outcome(key, future.result())
    words = str(error) if isinstance(error, TaskError) else f"{type(error).__name__}: {error}"
    named = TaskError(f"{key}: {words}")
    named.__cause__ = error
    return Outcome(key, error=named)
