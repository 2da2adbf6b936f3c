"""Tasks that other processes can import: what test_tasks.py has done.

python tests/chores.py FOLDER      runs two long tasks; each writes its process ids into the folder first
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from glasswork.tasks import Processes, run_tasks


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
    if word == "away":
        return Homebound()
    return rest


def hang_with_child(folder):
    """Write the ids of this process and of one that it starts; then do nothing for a long time."""
    child = subprocess.Popen(["sleep", "600"])
    half = Path(folder) / f"{os.getpid()}.half"
    half.write_text(f"{os.getpid()} {child.pid}")
    half.rename(half.with_suffix(".pids"))
    time.sleep(600)


def do_or_hang(what, rest):
    return do(rest) if what == "do" else hang_with_child(rest)


def die_so_often(order):
    """Die, the first ``deaths`` times."""
    deaths, folder = order
    before = len(list(Path(folder).iterdir()))
    if before == deaths:
        return "done"
    (Path(folder) / str(before)).touch()
    os.kill(os.getpid(), signal.SIGSEGV)
    return None


class Counted:
    """Data that note each time they are unpacked, in a file of the process that does it."""

    def __init__(self, folder, content):
        self.folder, self.content = folder, content

    def __setstate__(self, state):
        self.__dict__.update(state)
        with (Path(self.folder) / str(os.getpid())).open("a") as file:
            file.write("unpacked\n")


def size_of(_, data):
    return len(data.content), os.getpid()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets its background jobs ignore it
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with Processes(2) as pool:
        tasks = {"a": (sys.argv[1],), "b": (sys.argv[1],)}
        for outcome in run_tasks(hang_with_child, tasks, pool, width=pool.width):
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
