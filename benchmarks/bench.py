"""glasswork against its peers and against the machine: ``make bench``.

    contenders take turns, A B C A B C ..., each in a process of its own ──► ratios, round by round ──► medians

Writes benchmarks/results.md. Figures are ratios of times taken in the same round, never lone absolute times.
"""

import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
ROUNDS = 7
GLASSWORK = [sys.executable, "-m", "glasswork"]


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    work: str
    measured: str
    target: str
    result: str
    met: bool | None


class Worker:
    """A contender in a process of its own, with a number of threads of its own."""

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
    started = [Worker(work, name, threads) for name in names for threads in (1, 2)]
    try:
        yield started
    finally:
        for worker in started:
            worker.end()


def median_ratio(numerators: Sequence[float], denominators: Sequence[float]) -> tuple[float, float, float]:
    """Return median, least and largest ratio, round by round."""
    ratios = sorted(a / b for a, b in zip(numerators, denominators, strict=True))
    return statistics.median(ratios), ratios[0], ratios[-1]


#: For each work: epochs in a turn, and for each rival what its time divided by ours must be at least; for the
#: floor, what our time divided by it may be at most.
TRAINING = {
    "classwork": (2, {"floor": 1.5, "torch": 3.0, "jax": 1.8, "sklearn": 2.5, "listing": 6.0}),
    "deep": (1, {"floor": 1.5, "torch": 1.3, "sklearn": 1.5}),
    "wide": (1, {"floor": 1.2, "torch": 1.4, "jax": 1.0}),
}


def training(work: str, rounds: int) -> list[Row]:
    """Let all train in turns; compare everybody's better number of threads."""
    epochs, targets = TRAINING[work]
    seconds: dict[tuple[str, int], list[float]] = {}
    with workers(work, ["glasswork", *targets]) as started:
        for worker in started:
            worker.train(1)  # warm-up: pages, caches, compilers
        for _ in range(rounds):
            for worker in started:
                time.sleep(0.1)  # the threads of the contender before still wait for work, and would be in the way
                seconds.setdefault((worker.name, worker.threads), []).append(worker.train(epochs) / epochs)
        accuracy = {(worker.name, worker.threads): worker.test() for worker in started}
    best = {
        name: min((1, 2), key=lambda threads, name=name: statistics.median(seconds[name, threads]))
        for name in ("glasswork", *targets)
    }
    ours = seconds["glasswork", best["glasswork"]]
    rows = []
    for name, target in targets.items():
        theirs = seconds[name, best[name]]
        against = f"{name}, {best[name]} thread{'s' * (best[name] > 1)}"
        shown = f"; accuracy {accuracy['glasswork', best['glasswork']]:.2f} % / {accuracy[name, best[name]]:.2f} %"
        if name == "floor":
            ratio, low, high = median_ratio(ours, theirs)
            rows.append(Row(work, f"time / {against}", f"≤ {target:.2f}", f"{ratio:.2f} ({low:.2f} to {high:.2f})",
                            ratio <= target))  # fmt: skip
        else:
            ratio, low, high = median_ratio(theirs, ours)
            rows.append(Row(work, f"{against} / time", f"≥ {target:.1f}",
                            f"{ratio:.2f} ({low:.2f} to {high:.2f}){shown}", ratio >= target))  # fmt: skip
        print(" | ".join(map(str, vars(rows[-1]).values())), flush=True)
    print("   ", {f"{n} {t}": round(statistics.median(s), 4) for (n, t), s in seconds.items()}, flush=True)
    return rows


def predicting(rounds: int) -> list[Row]:
    """One image and ten thousand, by the same network; everybody at its better number of threads."""
    seconds: dict[tuple[str, str], list[float]] = {}
    for threads in (1, 2):
        printed = run([sys.executable, str(HERE / "predicting.py"), str(rounds)], threads=threads)
        for name, sizes in json.loads(printed).items():
            for size, times in sizes.items():
                known = seconds.get((name, size))
                if known is None or statistics.median(times) < statistics.median(known):
                    seconds[name, size] = times
    rows = []
    for size, words in (("one", "predict one image"), ("many", "predict 10,000 images")):
        for name in ("onnxruntime", "torch"):
            ratio, low, high = median_ratio(seconds["glasswork", size], seconds[name, size])
            target = None if (size, name) == ("one", "torch") else 1.0
            rows.append(row(words, f"time / {name}", ratio, low, high, at_most=target))
    return rows


def cold_start(rounds: int) -> list[Row]:
    """The whole command, from nothing to an answer, against importing PyTorch."""
    from PIL import Image

    from glasswork import load_mnist

    with tempfile.TemporaryDirectory() as folder:
        run([*GLASSWORK, "train", "--epochs", "1", "--quiet", "--out", f"{folder}/run"])
        Image.fromarray(load_mnist()[0][60_000].reshape(28, 28)).save(f"{folder}/seven.png")
        ours, theirs = [], []
        for _ in range(rounds + 1):
            ours.append(clock([*GLASSWORK, "predict", f"{folder}/run", f"{folder}/seven.png"]))
            theirs.append(clock([sys.executable, "-c", "import torch"]))
    ratio, low, high = median_ratio(ours[1:], theirs[1:])
    return [row("glasswork predict, cold start", "time / import torch", ratio, low, high, at_most=0.25)]


def memory() -> list[Row]:
    """Peak resident memory of whole processes."""
    listing = "import sys; sys.path.insert(0, sys.argv[1]); from with_listing import make; make('classwork').train(1)"
    with tempfile.TemporaryDirectory() as folder:
        ours = peak([*GLASSWORK, "train", "--epochs", "2", "--quiet", "--out", f"{folder}/run"])
    theirs = peak([sys.executable, "-c", listing, str(HERE)])
    return [
        Row("glasswork train, peak memory", "MB", "≤ 320", f"{ours:.0f}", ours <= 320),
        row("glasswork train, peak memory", "of the listing's", ours / theirs, at_most=0.25),
    ]


def loading(rounds: int) -> list[Row]:
    """The one absolute time, as its target is: reading, checking and unpacking all of MNIST."""
    code = (
        "import time; from glasswork import load_mnist; start = time.perf_counter(); load_mnist();"
        "print(time.perf_counter() - start)"
    )
    seconds = [float(run([sys.executable, "-c", code])) for _ in range(rounds)]
    median = statistics.median(seconds)
    return [
        Row(
            "load MNIST",
            "seconds",
            "≤ 0.35",
            f"{median:.2f} ({min(seconds):.2f} to {max(seconds):.2f})",
            median <= 0.35,
        )
    ]


def row(
    work: str, measured: str, ratio: float, low: float | None = None, high: float | None = None, *,
    at_most: float | None,
) -> Row:  # fmt: skip
    spread = "" if low is None else f" ({low:.2f} to {high:.2f})"
    target = "" if at_most is None else f"≤ {at_most:.2f}"
    return Row(work, measured, target, f"{ratio:.2f}{spread}", None if at_most is None else ratio <= at_most)


def run(words: Sequence[str], *, threads: int = 1) -> str:
    return subprocess.run(words, env=environment(threads), stdout=subprocess.PIPE, text=True, check=True).stdout


def clock(words: Sequence[str]) -> float:
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("only", nargs="*", help="only these: classwork, deep, wide, predict, start, memory, load")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    asked = parser.parse_args()
    parts: dict[str, Callable[[], list[Row]]] = {
        **{work: partial(training, work, asked.rounds) for work in TRAINING},
        "predict": partial(predicting, asked.rounds),
        "start": partial(cold_start, asked.rounds),
        "memory": memory,
        "load": partial(loading, asked.rounds),
    }
    rows = []
    for name, part in parts.items():
        if not asked.only or name in asked.only:
            rows += part()
    text = page(rows, asked.rounds)
    print(text)
    if not asked.only:
        (HERE / "results.md").write_text(text, encoding="utf-8")


def page(rows: Sequence[Row], rounds: int) -> str:
    """Return the results as a page in Markdown: what was measured, on what, with what."""
    versions = ", ".join(f"{name} {version(name)}" for name in ("numpy", "torch", "jax", "scikit-learn", "onnxruntime"))
    lines = [
        "# Benchmarks",
        "",
        f"{datetime.date.today()}, {platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, {versions}.",
        "",
        f"Ratios are medians over {rounds} rounds in which the contenders took turns, with the least and the largest;",
        "each is at the better of one and two threads. `make bench` makes this page.",
        "",
        "| work | measured | target | result | |",
        "|---|---|--:|--:|---|",
    ]
    for r in rows:
        verdict = {True: "reached", False: "**missed**", None: ""}[r.met]
        lines.append(f"| {r.work} | {r.measured} | {r.target} | {r.result} | {verdict} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
