"""Many independent tasks: several run at a time, each outcome is yielded at once, and a stopped series can continue.

tasks ──► executor ──► outcomes: a value, or an error that names its task
             └── by default `Workers`: processes here; or any other concurrent.futures.Executor
"""

import json
import os
import pickle
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from glasswork.errors import FileError, InputError, TaskError
from glasswork.files import sync
from glasswork.tasks.workers import Workers

Task = TypeVar("Task")
Result = TypeVar("Result")


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


def run_tasks(
    function: Callable[[Task], Result],
    tasks: Mapping[str, Task],
    *,
    workers: int = 1,
    timeout: float | None = None,
    executor: Executor | None = None,
    journal: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Outcome[Result]]:
    """Call a function for each of many tasks, several at a time, and yield each outcome when it is there.

    The processes end as soon as the iteration does, even if it ends by an exception, by Ctrl-C or because it is
    abandoned.

    Parameters
    ----------
    function : callable
        A function of one argument, defined at the top of a module so that it can be imported. It runs in other
        processes, each with one thread for matrix products, so a script that calls this needs
        ``if __name__ == "__main__":``.
    tasks : mapping
        The argument of each task by a key that names it.
    workers : int
        The number of processes, at least 1.
    timeout : float, optional
        Seconds that a task may take; its process is killed then.
    executor : concurrent.futures.Executor, optional
        Runs the tasks in place of local processes, such as dask's ``client.get_executor()``. It is left open.
    journal : Path, optional
        A file with one line for each task that succeeded. These tasks are not run again: their outcomes come first.
        Results must be values that JSON can hold, or None if the function stores them elsewhere.
    progress : callable, optional
        Called as ``progress(done, total)``: once at the beginning, then for each outcome.

    Yields
    ------
    Outcome
        One for each task, in the order in which they end.

    Raises
    ------
    InputError
        If the function cannot be sent to another process, a journal cannot hold a result, or options are out of range
        or exclude each other.
    FileError
        If the journal cannot be read or written.
    """
    if executor is not None and timeout is not None:
        raise InputError("run_tasks: expected an executor or a timeout, got both: only local processes can be ended")
    _check_importable(function)
    done = {} if journal is None else _read_journal(journal)
    known = [Outcome[Result](key, done[key]) for key in tasks if key in done]
    pool = Workers(workers, timeout=timeout) if executor is None else executor
    futures: dict[Future[Result], str] = {}
    try:
        for key, task in tasks.items():
            if key not in done:
                futures[pool.submit(function, task)] = key
        if progress is not None:
            progress(len(known), len(tasks))
        yield from known
        for count, future in enumerate(as_completed(futures), start=len(known) + 1):
            outcome = _outcome(futures[future], future)
            if journal is not None and outcome.error is None:
                outcome = Outcome(outcome.key, _write_journal(journal, outcome.key, outcome.value))
            if progress is not None:
                progress(count, len(tasks))
            yield outcome
    finally:
        for future in futures:
            future.cancel()
        if executor is None and isinstance(pool, Workers):
            pool.kill()


def _check_importable(function: Callable[..., Any]) -> None:
    try:
        pickle.dumps(function)
    except Exception as error:
        raise InputError(
            f"run_tasks: expected a function that other processes can import, got {function!r}; "
            "define it at the top of a module"
        ) from error


def _outcome(key: str, future: Future[Result]) -> Outcome[Result]:
    error = future.exception()
    if error is None:
        return Outcome(key, future.result())
    if isinstance(error, TaskError):
        return Outcome(key, error=TaskError(f"{key}: {error}"))
    named = TaskError(f"{key}: {type(error).__name__}: {error}")
    named.__cause__ = error
    return Outcome(key, error=named)


def _read_journal(path: Path) -> dict[str, Any]:
    """Return the result of each task that is done; an incomplete last line is cut off."""
    try:
        content = path.read_bytes() if path.exists() else b""
        whole = content[: content.rfind(b"\n") + 1]
        done = dict(json.loads(line) for line in whole.decode().split("\n")[:-1])
        if whole != content:
            os.truncate(path, len(whole))
    except (ValueError, TypeError) as error:
        raise FileError(f"{path}: not a journal of tasks ({error}); choose another file") from error
    except OSError as error:
        raise FileError(f"{path}: this journal cannot be read ({error.strerror})") from error
    return done


def _write_journal(path: Path, key: str, value: Any) -> Any:
    """Append a line and flush it to the disk; return the value as it will be read back."""
    try:
        line = json.dumps([key, value])
    except (TypeError, ValueError) as error:
        raise InputError(f"run_tasks: {key} returned a value that a journal cannot hold ({error})") from error
    try:
        with path.open("a", encoding="ascii", newline="\n") as stream:
            stream.write(f"{line}\n")
            stream.flush()
            sync(stream.fileno())
    except OSError as error:
        raise FileError(f"{path}: this journal cannot be written ({error.strerror})") from error
    return json.loads(line)[1]
