"""Workers: an executor of processes of which each can fail, hang or die without the others.

    submit ──► queue ──► a thread a worker ──pipe──► a process a worker    killed and replaced where a call
                                                                           takes too long or takes it down

The standard library's pool of processes is broken as a whole by one process that dies, and fails the calls of all.
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

#: A new interpreter for each worker: a forked one would inherit the threads and locks of this process as they stand.
_SPAWN = multiprocessing.get_context("spawn")

#: What limits each library of matrix products, and the compiled engine, to one thread; read when they are loaded.
_ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
_environment_lock = threading.Lock()

#: Seconds between two looks at whether a process that has not answered is alive.
_DEATH_CHECK = 0.1


class Workers(Executor):
    """An executor of processes, each with one thread of matrix products.

    The processes end with this one, even if it is killed, and with them the processes that they started. A call that
    takes too long or takes its process down raises `TaskError`; what a call raises itself is passed on.

    Parameters
    ----------
    count : int
        Processes, at least 1; each is started when it is first needed.
    timeout : float, optional
        Seconds that a call may take, not counting the start of its process.

    Raises
    ------
    InputError
        If there is to be no worker, or no time.
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
        """Have a function called in one of the processes.

        Raises
        ------
        RuntimeError
            If the workers were shut down or killed.
        """
        if self._closed:
            raise RuntimeError("workers: expected to be submitted to before shutdown() or kill(); make other Workers")
        future: Future[Result] = Future()
        try:
            self._waiting.put((future, pickle.dumps((fn, args, kwargs))))
        except Exception as error:  # a call that cannot be pickled fails alone
            future.set_exception(error)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes when all calls are done, or those that have begun."""
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
                raise TaskError("was not run, as its workers were ended")
            try:
                process = _Process()
            except OSError as error:
                raise TaskError(f"its process cannot be started ({error.strerror})") from error
            except (RuntimeError, AssertionError) as error:  # multiprocessing refuses, in a process that it started
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
    """One process: it is sent calls, and sends back what they return or raise."""

    def __init__(self) -> None:
        if hasattr(signal, "pthread_sigmask"):  # inherited: Ctrl-C is for the parent alone, which ends its processes
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        self._pipe, other = _SPAWN.Pipe()
        self._process = _SPAWN.Process(target=_serve, args=(other,), daemon=True)
        with _one_thread_for_children():
            self._process.start()
        other.close()
        self._ready = False

    def call(self, call: bytes, timeout: float | None) -> tuple[Any, Exception | None]:
        """Return what a call returned, and what it raised; raise TaskError if the process is of no use any more."""
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
        """End it, and what it started itself, even if it is dead already."""
        if self._ready and hasattr(os, "killpg"):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid or 0, signal.SIGKILL)
        self._process.kill()

    def _answers(self, timeout: float | None) -> bool:
        """Wait for an answer; return False when time is up, and raise EOFError if the process is dead.

        The end of the pipe does not show a death: a process that the call forked holds the pipe open, and the
        sentinel of `multiprocessing` too, which is the end of another pipe.
        """
        end = math.inf if timeout is None else time.monotonic() + timeout
        while not self._pipe.poll(max(0, min(_DEATH_CHECK, end - time.monotonic()))):
            if self._process.exitcode is not None and not self._pipe.poll():  # it may have answered before it died
                raise EOFError
            if time.monotonic() >= end:
                return False
        return True


def _rebuilt(answer: bytes) -> tuple[Any, Exception | None]:
    """Return what a call returned and what it raised; a value that cannot be unpickled here is an error."""
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
    """Answer calls, in a process of its own, for as long as the parent is there."""
    if hasattr(os, "setsid"):
        os.setsid()  # a group of its own, to be ended with all that it starts
    threading.Thread(target=_end_with_parent, daemon=True).start()
    worker = os.getpid()
    with suppress(EOFError, BrokenPipeError):
        pipe.send(True)
        while True:
            answer = _answer(pipe.recv_bytes())
            if os.getpid() != worker:
                os._exit(0)  # a process that the call forked and that returned too: one call has one answer
            pipe.send_bytes(answer)


def _answer(call: bytes) -> bytes:
    try:
        function, args, kwargs = pickle.loads(call)
        return pickle.dumps((function(*args, **kwargs), None))
    except BaseException as error:  # SystemExit too, which is not to end the worker
        words = f"{type(error).__name__}: {error}"
        error.add_note(f"In another process:\n{traceback.format_exc()}")
        answer = pickle.dumps((None, RuntimeError(words)))
        with suppress(Exception):  # there are exceptions that cannot be pickled, or not be built again
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
