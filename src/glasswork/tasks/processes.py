"""Processes: an executor of local processes, each of which can die without affecting the others.

    submit ──► a thread per process ──► the standard library's pool, of one process
                    └── if that dies, another pool, and the same call again; not for ever

In a pool of several processes, one that dies breaks the pool: all calls fail, and nobody knows which one was to blame.
loky, which joblib brings, breaks in the same way. Dask's LocalCluster does not, but costs a dependency, open ports and
seconds at each start; it is what `glasswork.tasks.cluster` is for.
"""

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, suppress
from multiprocessing.connection import Connection
from typing import Any, ParamSpec, Self, TypeVar

from glasswork.errors import InputError, TaskError
from glasswork.stopping import one_interrupt_at_a_time

Result = TypeVar("Result")
P = ParamSpec("P")

#: How many processes a call may take down before it fails.
MOST_DEATHS = 3

#: Seconds in which a call that obeys SIGTERM may save its work when its process is to end.
_TO_SAVE = 10.0

#: A new interpreter for each process: a forked one would inherit the threads and locks of this one.
_SPAWN = multiprocessing.get_context("spawn")

_ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


class Processes(Executor):
    """An executor of processes, each with one thread for matrix products.

    A call whose process dies is made again; after three deaths it raises `TaskError`. The processes, and those that
    they started, end when the executor is killed, or when this process ends, however it ends; a call that has a handler
    for SIGTERM then gets this signal, and some time to save its work. In a ``with`` block the first Ctrl-C raises a
    KeyboardInterrupt, and more of them, while it is handled, end the processes at once. A script that uses it needs
    ``if __name__ == "__main__":``.

    Parameters
    ----------
    count : int
        The number of processes, at least 1; each is started when it is first needed.

    Raises
    ------
    InputError
        If ``count`` is less than 1.
    """

    def __init__(self, count: int) -> None:
        if count < 1:
            raise InputError(f"processes: expected at least 1, got {count}")
        self.count = count
        self._killed = False
        self._mine = threading.local()
        # Every process holds one end, and ends when the other one is closed: by kill(), or with this process.
        self._held, self._leash = _SPAWN.Pipe(duplex=False)
        self._threads = ThreadPoolExecutor(count, "processes", initializer=_leave_interrupts_to_main)
        self._signals = ExitStack()

    def submit(self, fn: Callable[P, Result], /, *args: P.args, **kwargs: P.kwargs) -> Future[Result]:
        """Call a function in one of the processes."""
        return self._threads.submit(self._call, fn, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes when all calls are done, or only those that have begun."""
        self._threads.shutdown(wait, cancel_futures=cancel_futures)
        if wait:
            self.kill()

    def kill(self) -> None:
        """End all processes, without waiting for their calls to be done."""
        with self._signals:
            self._let_go()
            self._threads.shutdown(cancel_futures=True)
            self._held.close()

    def _let_go(self) -> None:
        self._killed = True
        with suppress(OSError):  # a signal may come just while it is being closed
            self._leash.close()

    def __enter__(self) -> Self:
        self._signals.enter_context(one_interrupt_at_a_time(self._let_go))
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def executor(self) -> Executor:
        """This executor."""
        return self

    def width(self) -> int:
        """Return how many tasks are useful at a time."""
        return self.count

    def share(self, value: object, name: str) -> None:
        """Send nothing: a process on this machine loads data by itself, once."""

    def listen(self, topic: str, hear: Callable[[Any], object]) -> None:
        """Do nothing: a process on this machine says nothing, because its files are here."""

    def _call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call a function in the process of this thread; runs in one of the executor's threads."""
        for _ in range(MOST_DEATHS):
            process = self._process()
            try:
                return process.pool.submit(function, *args, **kwargs).result()
            except BrokenProcessPool:
                self._mine.process = None
                death = process.death()
                if self._killed:
                    break
        else:
            raise TaskError(f"its process {death}, {MOST_DEATHS} times; it is not tried again")
        raise TaskError("its process was ended")

    def _process(self) -> "_Process":
        if getattr(self._mine, "process", None) is None:
            self._mine.process = _Process(self._held)
        mine: _Process = self._mine.process
        return mine


class _Process:
    """A pool of one process."""

    def __init__(self, leash: Connection) -> None:
        self.pool = ProcessPoolExecutor(1, _SPAWN, _begin, (leash,))
        try:
            pid = self.pool.submit(os.getpid).result()
        except (BrokenProcessPool, OSError, RuntimeError) as error:
            raise TaskError(
                f"a process cannot be started ({error}); does the script lack "
                'if __name__ == "__main__": around its calls?'
            ) from None
        self._child = next(child for child in multiprocessing.active_children() if child.pid == pid)

    def death(self) -> str:
        """Return in words how the process died."""
        self.pool.shutdown()
        status = self._child.exitcode
        if status is None or status >= 0:
            return f"ended by itself with status {status}"
        name = signal.Signals(-status).name
        return f"was killed by {name}" + ("; did it run out of memory?" if name == "SIGKILL" else "")


def one_thread() -> None:
    """Let this process use one thread for matrix products, in libraries that are loaded and in those that will be."""
    from threadpoolctl import threadpool_limits

    loaded = {"NUMBA_NUM_THREADS"} if "numba" in sys.modules else set()  # it must not change any more
    os.environ.update({name: one for name, one in _ONE_THREAD.items() if name not in loaded})
    threadpool_limits(1)


def _leave_interrupts_to_main() -> None:
    """Block Ctrl-C in this thread and in the processes that it starts: the main thread alone handles it."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def _begin(leash: Connection) -> None:
    """Set up a new process."""
    if hasattr(os, "setsid"):
        os.setsid()  # its own process group, which ends as a whole
    threading.Thread(target=_end_with, args=(leash,), daemon=True).start()
    one_thread()


def _end_with(leash: Connection) -> None:
    """End this process when the other end of the leash is closed."""
    with suppress(EOFError, OSError):
        leash.recv_bytes()
    if callable(signal.getsignal(signal.SIGTERM)):
        os.kill(os.getpid(), signal.SIGTERM)
        end = time.monotonic() + _TO_SAVE
        while callable(signal.getsignal(signal.SIGTERM)) and time.monotonic() < end:
            time.sleep(0.02)
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)
    os._exit(1)
