"""Processes to measure: each with a number of threads of its own, so that no two pools of threads meet."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
GLASSWORK = [sys.executable, "-m", "glasswork"]


class Worker:
    """A contender that waits for its turns; benchmarks/contender.py is the other end."""

    def __init__(self, work: str, name: str, threads: int) -> None:
        self.name, self.threads = name, threads
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "contender.py"), work, f"with_{name}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env=environment(threads),
        )  # fmt: skip
        self._answer()

    def train(self, epochs: int) -> float:
        """Return the seconds that so many epochs took."""
        return float(self._ask(f"train {epochs}"))

    def test(self) -> float:
        """Return the accuracy, percent."""
        return float(self._ask("test"))

    def end(self) -> None:
        self._process.communicate()

    def _ask(self, order: str) -> str:
        assert self._process.stdin is not None
        print(order, file=self._process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} with {self.threads} threads ended with status {self._process.wait()}")
        return line.strip()


@contextmanager
def workers(work: str, names: Sequence[str]) -> Iterator[list[Worker]]:
    """Start each contender with one thread and with two."""
    started: list[Worker] = []
    try:
        for name in names:
            for threads in (1, 2):
                started.append(Worker(work, name, threads))
        yield started
    finally:
        for worker in started:
            worker.end()


def run(words: Sequence[str], *, threads: int = 1) -> str:
    """Return what a process prints."""
    return subprocess.run(words, env=environment(threads), stdout=subprocess.PIPE, text=True, check=True).stdout


def clock(words: Sequence[str]) -> float:
    """Return the seconds that a whole process takes."""
    start = time.perf_counter()
    run(words)
    return time.perf_counter() - start


def peak(words: Sequence[str]) -> float:
    """Return the most memory that a process held, in MB."""
    code = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    return float(run([sys.executable, "-c", code, *words])) / 1024


def environment(threads: int) -> dict[str, str]:
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    return {**os.environ, **{name: str(threads) for name in names}}
