"""Which process is at work, and whether it still is: nothing is taken or created to find out.

A process id alone does not name a process, as ids are used again; the id with the time at which the process
started does.
"""

import os
import platform

import psutil


def this_process() -> tuple[int, float, str]:
    """Return the id of this process, when it started (seconds since boot), and its machine's name."""
    return os.getpid(), _started(psutil.Process()), platform.node()


def is_alive(pid: int, started: float, host: str) -> bool | None:
    """Return whether a process, as `this_process` named it, still runs; None if it ran on another machine."""
    if host != platform.node():
        return None
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and abs(_started(process) - started) < 0.1
    except (psutil.NoSuchProcess, ValueError, OverflowError):  # ValueError: no such id can be
        return False
    except psutil.AccessDenied:  # somebody else's process, of which only the id can be seen
        return True


def _started(process: psutil.Process) -> float:
    """Return when a process started, in seconds since boot: a clock that nobody sets."""
    boot = psutil.boot_time()
    return float(process.create_time() - boot)
