"""Processes to measure: each with a number of threads of its own, so that no two pools of threads meet."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
GLASSWORK = [sys.executable, "-m", "glasswork"]

#: What each contender is called on the page, the class that makes it, and the numbers of threads that it is tried with.
#: The NumPy engine chooses for itself how many of the two it uses.
CONTENDERS: dict[str, tuple[str, tuple[int, ...]]] = {
    "floor": ("with_numpy:Floor", (1, 2)),
    "NumPy engine": ("with_numpy:numpy_engine", (2,)),
    "compiled engine": ("with_numpy:compiled_engine", (1, 2)),
    "JAX": ("with_jax:Jax", (1, 2)),
    "PyTorch": ("with_torch:Torch", (1, 2)),
    "scikit-learn": ("with_sklearn:Sklearn", (1, 2)),
    "the listing": ("with_numpy:Listing", (1, 2)),
    "record": ("with_augment:Steps", (2,)),
    "NumPy distortion": ("with_augment:InNumpy", (1,)),
    "compiled distortion": ("with_augment:Compiled", (1, 2)),
    "SciPy": ("with_augment:Scipy", (1,)),
    "torchvision": ("with_augment:Torchvision", (1, 2)),
}

#: Which library of matrix products each contender has loaded and which kernel it runs, as its process says.
kernels: dict[str, str] = {}


class Worker:
    """A contender that waits for its turns; benchmarks/works.py is the other end."""

    def __init__(self, work: str, name: str, threads: int) -> None:
        self.name, self.threads = name, threads
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "works.py"), work, CONTENDERS[name][0]],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=environment(threads),
        )  # fmt: skip

    def wait(self) -> None:
        """Wait until it is set up and warm."""
        kernels[self.name] = self._answer()

    def train(self, epochs: int) -> float:
        """Return the seconds that an epoch took."""
        return float(self._ask(f"train {epochs}")) / epochs

    def test(self) -> float:
        """Return the accuracy, percent."""
        return float(self._ask("test"))

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _ask(self, order: str) -> str:
        assert self._process.stdin is not None
        print(order, file=self._process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            said = self._process.communicate()[1].strip().splitlines()
            raise RuntimeError(f"{self.name}: {said[-1] if said else 'its process ended'}")
        return line.strip()


@contextmanager
def workers(work: str, names: Sequence[str], threads: int | None = None) -> Iterator[list[Worker]]:
    """Start each contender with its numbers of threads, or these; who cannot start is left out, with a printed line."""
    started: list[Worker] = []
    try:
        for name in names:
            for count in CONTENDERS[name][1] if threads is None else (threads,):
                worker = Worker(work, name, count)
                try:
                    worker.wait()
                except RuntimeError as error:
                    print(f"left out of {work}: {error}", flush=True)
                    worker.end()
                else:
                    started.append(worker)
        yield started
    finally:
        for worker in started:
            worker.end()


@contextmanager
def busy_neighbour() -> Iterator[None]:
    """Context manager: another process keeps one core busy."""
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        time.sleep(0.2)
        yield
    finally:
        process.kill()
        process.wait()


def run(words: Sequence[str], *, threads: int = 1, more: Mapping[str, str] | None = None) -> str:
    """Return what a process prints."""
    env = environment(threads) | (more or {})
    return subprocess.run(words, env=env, stdout=subprocess.PIPE, text=True, check=True).stdout


def inside(what: str, *arguments: object, threads: int = 1, more: Mapping[str, str] | None = None) -> str:
    """Return what benchmarks/inside.py prints."""
    return run([sys.executable, str(HERE / "inside.py"), what, *map(str, arguments)], threads=threads, more=more)


def clock(words: Sequence[str], *, threads: int = 1) -> float:
    """Return the seconds that a whole process takes."""
    start = time.perf_counter()
    run(words, threads=threads)
    return time.perf_counter() - start


def peak(words: Sequence[str]) -> float:
    """Return the most memory that a process held, in MB."""
    code = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    return float(run([sys.executable, "-c", code, *words])) / 1024


def environment(threads: int) -> dict[str, str]:
    """Return the environment of a process: so many threads, and OpenBLAS free to choose the kernel for this processor.

    Some machines set the latter two for all programs, to those of another processor.
    """
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
    kept = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}
    return kept | dict.fromkeys(names, str(threads))
