"""Workers: an executor of processes, each of which can fail, hang or die without affecting the others.

    submit ──► queue ──► one thread ──pipe──► one process per worker    killed and replaced if a call takes
                                                                        too long or ends its process

In the standard library's pool of processes, one process that dies breaks the whole pool, and all calls fail.
"""

import atexit
import math
import multiprocessing
import os
import pickle
import queue
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any, ParamSpec, TypeVar

from glasswork.errors import InputError, TaskError

Result = TypeVar("Result")
P = ParamSpec("P")

#: A new interpreter for each worker: a forked one would inherit the threads and locks of this process.
_SPAWN = multiprocessing.get_context("spawn")

#: Environment variables that limit BLAS libraries and the compiled engine to one thread; read when these are loaded.
_ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
_environment_lock = threading.Lock()

#: Seconds between two checks whether a process that has not answered is alive.
_DEATH_CHECK = 0.1


class Workers(Executor):
    """An executor of processes, each with one thread for matrix products.

    The processes, and those that they started, end with this one, even if it is killed. A call that takes too long or
    ends its process raises `TaskError`; an exception of the call itself is passed on.

    Parameters
    ----------
    count : int
        The number of processes, at least 1; each is started when it is first needed.
    timeout : float, optional
        Seconds that a call may take, not counting the start of its process.

    Raises
    ------
    InputError
        If ``count`` is less than 1, or ``timeout`` is not above 0.
    """

    def __init__(self, count: int, *, timeout: float | None = None) -> None:
        if count < 1 or (timeout is not None and not 0 < timeout < math.inf):
            raise InputError(f"workers: expected at least 1, and a timeout above 0 if any, got {count} and {timeout}")
        self._timeout = timeout
        self._waiting: queue.SimpleQueue[tuple[Future[Any], bytes] | None] = queue.SimpleQueue()
        self._processes: set[_Process] = set()
        self._lock, self._killed, self._closed = threading.Lock(), False, False
        atexit.register(self.kill)
        # Daemons: after a second Ctrl-C the interpreter must not wait for them.
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def submit(self, fn: Callable[P, Result], /, *args: P.args, **kwargs: P.kwargs) -> Future[Result]:
        """Call a function in one of the processes.

        Raises
        ------
        RuntimeError
            If the workers were shut down or killed.
        """
        if self._closed:
            raise RuntimeError("workers: submit() was called after shutdown() or kill(); create new Workers")
        future: Future[Result] = Future()
        try:
            self._waiting.put((future, pickle.dumps((fn, args, kwargs))))
        except Exception as error:  # a call that cannot be pickled fails alone
            future.set_exception(error)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes when all calls are done, or only those that have begun."""
        self._closed = True
        if cancel_futures:
            with suppress(queue.Empty):
                while True:
                    if item := self._waiting.get_nowait():
                        item[0].cancel()
        for _ in self._threads:
            self._waiting.put(None)
        if wait:
            for thread in self._threads:
                thread.join()

    def kill(self) -> None:
        """End all processes at once."""
        with self._lock:
            self._killed = True
            for process in self._processes:
                process.kill()
        self.shutdown(wait=False, cancel_futures=True)
        atexit.unregister(self.kill)

    def _work(self) -> None:
        """Hand one call after another to one process."""
        process: _Process | None = None
        while item := self._waiting.get():
            future, call = item
            if not future.set_running_or_notify_cancel():
                continue
            try:
                process = process or self._start()
                value, error = process.call(call, self._timeout)
            except TaskError as died:
                self._end(process)
                process, value, error = None, None, died
            if error is None:
                future.set_result(value)
            else:
                future.set_exception(error)
        self._end(process)

    def _start(self) -> "_Process":
        with self._lock:
            if self._killed:
                raise TaskError("was not run, because its workers were ended")
            try:
                process = _Process()
            except OSError as error:
                raise TaskError(f"its process cannot be started ({error.strerror})") from error
            except (RuntimeError, AssertionError) as error:  # multiprocessing refuses this in a process that it started
                raise TaskError(
                    "its process cannot be started by a worker; does the script lack "
                    'if __name__ == "__main__": around its calls?'
                ) from error
            self._processes.add(process)
            return process

    def _end(self, process: "_Process | None") -> None:
        if process is not None:
            with self._lock:
                self._processes.discard(process)
                process.kill()


class _Process:
    """One process, which receives calls and sends back what they return or raise."""

    def __init__(self) -> None:
        if hasattr(signal, "pthread_sigmask"):  # inherited: only the parent handles Ctrl-C, and it ends its processes
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        self._pipe, other = _SPAWN.Pipe()
        self._process = _SPAWN.Process(target=_serve, args=(other,), daemon=True)
        with _one_thread_for_children():
            self._process.start()
        other.close()
        self._ready = False

    def call(self, call: bytes, timeout: float | None) -> tuple[Any, Exception | None]:
        """Return what a call returned and what it raised; raise TaskError if the process can no longer be used."""
        try:
            self._ready = self._ready or (self._answers(None) and self._pipe.recv())
            self._pipe.send_bytes(call)
            if self._answers(timeout):
                return _rebuilt(self._pipe.recv_bytes())
        except (EOFError, OSError):
            self._process.join(timeout=5)
            raise TaskError(f"its process {_describe(self._process.exitcode)}") from None
        raise TaskError(f"took longer than {timeout:g} seconds and was ended")

    def kill(self) -> None:
        """End the process and those that it started, even if it is already dead."""
        if self._ready and hasattr(os, "killpg"):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid or 0, signal.SIGKILL)
        self._process.kill()

    def _answers(self, timeout: float | None) -> bool:
        """Wait for an answer; return False when time is up, and raise EOFError if the process is dead.

        The pipe does not show whether the process is dead, because a process that the call forked keeps it open. The
        same goes for the sentinel of `multiprocessing`, which is the end of another pipe.
        """
        end = math.inf if timeout is None else time.monotonic() + timeout
        while not self._pipe.poll(max(0, min(_DEATH_CHECK, end - time.monotonic()))):
            if self._process.exitcode is not None and not self._pipe.poll():  # it may have answered before it died
                raise EOFError
            if time.monotonic() >= end:
                return False
        return True


def _rebuilt(answer: bytes) -> tuple[Any, Exception | None]:
    """Return what a call returned and what it raised; a value that cannot be unpickled here becomes an error."""
    try:
        value, error = pickle.loads(answer)
    except Exception as failure:
        words = f"{type(failure).__name__}: {failure}"
        return None, TaskError(f"its result cannot be rebuilt in this process ({words})")
    return value, error


@contextmanager
def _one_thread_for_children() -> Iterator[None]:
    with _environment_lock:
        before = {name: os.environ.get(name) for name in _ONE_THREAD}
        os.environ.update(_ONE_THREAD)
        try:
            yield
        finally:
            for name, value in before.items():
                del os.environ[name]
                if value is not None:
                    os.environ[name] = value


def _serve(pipe: Connection) -> None:
    """Answer calls in a separate process, as long as the parent is alive."""
    if hasattr(os, "setsid"):
        os.setsid()  # its own process group, which can be ended as a whole
    threading.Thread(target=_end_with_parent, daemon=True).start()
    worker = os.getpid()
    with suppress(EOFError, BrokenPipeError):
        pipe.send(True)
        while True:
            answer = _answer(pipe.recv_bytes())
            if os.getpid() != worker:
                os._exit(0)  # this is a process that the call forked: one call has one answer
            pipe.send_bytes(answer)


def _answer(call: bytes) -> bytes:
    try:
        function, args, kwargs = pickle.loads(call)
        return pickle.dumps((function(*args, **kwargs), None))
    except BaseException as error:  # SystemExit too, which must not end the worker
        words = f"{type(error).__name__}: {error}"
        error.add_note(f"In another process:\n{traceback.format_exc()}")
        answer = pickle.dumps((None, RuntimeError(words)))
        with suppress(Exception):  # some exceptions cannot be pickled or unpickled
            faithful = pickle.dumps((None, error))
            pickle.loads(faithful)
            answer = faithful if isinstance(error, Exception) else answer
        return answer


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _describe(status: int | None) -> str:
    if status is None or status >= 0:
        return f"ended by itself with status {status}"
    name = signal.Signals(-status).name
    return f"was killed by {name}" + ("; did it run out of memory?" if name == "SIGKILL" else "")
