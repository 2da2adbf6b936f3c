"""Identify a process, and find out whether it is still running, without taking a lock or creating a file.

A process id alone does not identify a process, because ids are reused; the id together with the time at which the
process started does.
"""

import os
import platform

import psutil


def this_process() -> tuple[int, float, str]:
    """Return the id of this process, when it started (seconds since boot), and its machine's name."""
    return os.getpid(), _started(psutil.Process()), platform.node()


def is_alive(pid: int, started: float, host: str) -> bool | None:
    """Return whether a process, as given by `this_process`, still runs; None if it ran on another machine."""
    if host != platform.node():
        return None
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and abs(_started(process) - started) < 0.1
    except (psutil.NoSuchProcess, ValueError, OverflowError):  # ValueError: the id is impossible
        return False
    except psutil.AccessDenied:  # another user's process: only its id is visible
        return True


def _started(process: psutil.Process) -> float:
    """Return when a process started, in seconds since boot: a clock that is never adjusted."""
    boot = psutil.boot_time()
    return float(process.create_time() - boot)
