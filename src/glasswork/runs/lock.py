"""One process at a time works on a run: the operating system holds the lock, and drops it however the process ends."""

from pathlib import Path

from filelock import FileLock, Timeout

from glasswork.errors import FileError, StateError

#: The file in a run's folder that stands for the lock; it says nothing by itself.
NAME = ".lock"


def lock(folder: Path) -> FileLock:
    """Take a run's lock, or say who has it.

    Raises
    ------
    StateError
        If another process has it.
    FileError
        If the folder does not let itself be locked.
    """
    taken = _lock_of(folder)
    try:
        taken.acquire(timeout=0.5)  # somebody may just look whether it is taken
    except Timeout:
        raise StateError(f"{folder}: {_who(folder)} is at work on this run; wait for it, or end it first") from None
    except OSError as error:
        raise FileError(f"{folder / NAME}: cannot be locked ({error.strerror}); is there permission?") from error
    return taken


def is_locked(folder: Path) -> bool:
    """Whether a process is at work on a run."""
    probe = _lock_of(folder)
    try:
        probe.acquire()
    except Timeout:
        return True
    except OSError:  # a folder that cannot be written in is not worked on
        return False
    probe.release()
    return False


def _who(folder: Path) -> str:
    from glasswork.runs.reading import read_result

    try:
        return f"process {read_result(folder).pid}"
    except FileError:
        return "another process"


def _lock_of(folder: Path) -> FileLock:
    return FileLock(folder / NAME, timeout=0)
