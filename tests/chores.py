"""Tasks that other processes can import: what test_tasks.py has done.

python tests/chores.py FOLDER      runs two long tasks; each writes its process ids into the folder first
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from glasswork.tasks import run_tasks


class OddError(Exception):
    """Can be pickled, and not be built again."""

    def __init__(self, a, b):
        super().__init__(f"{a} and {b}")


def square(x):
    return x * x


def process(_):
    return os.getpid()


def threads(_):
    import numpy as np
    from threadpoolctl import threadpool_info

    np.ones((2, 2)) @ np.ones((2, 2))
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def do(order):
    """Return, raise, hang or die as ordered."""
    word, _, rest = order.partition(" ")
    if word == "value":
        raise ValueError(rest)
    if word == "odd":
        raise OddError(1, 2)
    if word == "exit":
        raise SystemExit(3)
    if word == "hard-exit":
        os._exit(3)
    if word == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if word == "lambda":
        return lambda: None
    if word == "sleep":
        time.sleep(float(rest))
    if word == "digits":
        str(9 ** (10**8))  # one long calculation, in which no other Python thread has a turn
    if word == "log":
        with Path(rest).open("a") as file:
            file.write("done\n")
    return rest


def hang_with_child(folder):
    """Write the ids of this process and of one that it starts; then do nothing for a long time."""
    child = subprocess.Popen(["sleep", "600"])
    half = Path(folder) / f"{os.getpid()}.half"
    half.write_text(f"{os.getpid()} {child.pid}")
    half.rename(half.with_suffix(".pids"))
    time.sleep(600)


def die_with_helper(order):
    """Start a process that lives on and holds all that this one has open, as ordered; then die."""
    helper, death, folder = order
    if helper == "fork":
        child = os.fork()
    elif helper == "C fork":  # Python knows nothing of it
        child = ctypes.CDLL(None).fork()
    else:
        files = [int(file.name) for file in Path("/proc/self/fd").iterdir() if file.exists()]
        child = subprocess.Popen(["sleep", "30"], pass_fds=files).pid
    if child == 0:
        time.sleep(30)
        os._exit(0)
    (Path(folder) / "helper").write_text(str(child))
    if death == "exit":
        os._exit(3)
    os.kill(os.getpid(), getattr(signal, death))
    time.sleep(600)


def fork_and_both_return(x):
    return "the child's" if os.fork() == 0 else x


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets its background jobs ignore it
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    for outcome in run_tasks(hang_with_child, {"a": sys.argv[1], "b": sys.argv[1]}, workers=2):
        print(outcome)


class Homebound:
    """Can be sent from its own process, and cannot be rebuilt in another."""

    def __init__(self):
        self.home = os.getpid()

    def __reduce__(self):
        return rebuild, (self.home,)


def rebuild(home):
    if home != os.getpid():
        raise ValueError("away from home")


def homebound(_):
    return Homebound()
