"""A sweep on two hosts gives what it gives on one: two network namespaces, the second with files of its own.

python tests/two_hosts.py      (a minute; Linux, as root, with iproute2 and bubblewrap)
"""

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from glasswork import load_mnist

ADDRESS = "tcp://10.77.0.1:8786"
WORDS = [
    "sweep", "relu", "--over", "lr=log:1e-3..0.3", "--over", "hidden=[5],[6,4]", "--search", "random", "--trials", "6",
    "--seeds", "2", "--epochs", "3", "--batch-size", "20", "--keep", "all",
]  # fmt: skip
SET_UP = """
netns add gw-a | netns add gw-b | link add gw-a0 netns gw-a type veth peer name gw-b0 netns gw-b
-n gw-a addr add 10.77.0.1/24 dev gw-a0 | -n gw-b addr add 10.77.0.2/24 dev gw-b0
-n gw-a link set gw-a0 up | -n gw-b link set gw-b0 up | -n gw-a link set lo up | -n gw-b link set lo up
"""


def start(host, *words, hidden=()):
    """Start Python on a host, which does not see some folders."""
    apart = [
        "bwrap",
        "--die-with-parent",
        "--dev-bind",
        "/",
        "/",
        *(word for folder in hidden for word in ("--tmpfs", folder)),
    ]
    words = ["ip", "netns", "exec", host, *(apart if hidden else []), sys.executable, *words]
    return subprocess.Popen(list(map(str, words)), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def compare(folder):
    (folder / "data").mkdir()
    images, labels = load_mnist()
    np.savez(folder / "data" / "few.npz", x=images[::50].reshape(-1, 28, 28), y=labels[::50])
    words = ["-m", "glasswork", *WORDS, "--data", folder / "data" / "few.npz", "--out"]
    here = start("gw-a", *words, folder / "here" / "sweep")
    here.wait()
    (folder / "there").mkdir()
    processes = [start("gw-a", "-m", "dask", "scheduler", "--host", "10.77.0.1", "--port", "8786", "--no-dashboard")]
    try:
        for _ in range(2):
            worker = ("worker", ADDRESS, "--host", "10.77.0.2", "--nthreads", "1", "--no-nanny", "--no-dashboard")
            processes.append(start("gw-b", "-m", "dask", *worker, hidden=[folder / "data", folder / "there"]))
        time.sleep(15)
        there = start("gw-a", *words, folder / "there" / "sweep", "--cluster", ADDRESS)
        for line in there.stdout:
            print(line, end="", flush=True)
            if re.search(r" 1/6  trial", line):
                print("(a worker is killed)")
                processes[1].kill()
        assert there.wait() == 0
    finally:
        for process in processes:
            process.kill()
    files = [
        {path.relative_to(folder / name): path.read_bytes() for path in (folder / name).rglob(pattern)}
        for name in ("here", "there") for pattern in ("model.safetensors", "sweep.md")
    ]  # fmt: skip
    assert len(files[0]) == 12
    assert files[:2] == files[2:]


def main():
    try:
        for words in re.split(r"[|\n]", SET_UP.strip()):
            subprocess.run(["ip", *words.split()], check=True)
        with tempfile.TemporaryDirectory() as folder:
            compare(Path(folder))
        print("Two hosts, one of which lost a worker: the same table and the same 12 networks as on one.")
    finally:
        for host in ("gw-a", "gw-b"):
            subprocess.run(["ip", "netns", "del", host], check=False)


if __name__ == "__main__":
    main()
