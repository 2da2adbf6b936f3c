"""What one waits for and pays for around the training: predicting, growing, starting, loading, memory, safety."""

import csv
import json
import statistics
import sys
import tempfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from processes import GLASSWORK, HERE, clock, inside, peak, run
from report import Measured, Row, ratios

#: How much more a doubling of the network or of the batch may cost, at most.
MOST = 2.2

#: What grows.
AXES = {"width": "hidden units", "batch": "images in a batch"}

#: For each recipe, how much of its bare time a run may take at most, and how many epochs a round has.
SAFETY = {"classwork": (1.02, 10), "plain-best": (1.03, 1)}


def predicting(rounds: int) -> list[Row]:
    """One image and ten thousand, by the same 784-300-100-10 network; everybody at its better number of threads."""
    seconds: dict[tuple[str, str], list[float]] = {}
    for threads in (1, 2):
        for name, sizes in json.loads(inside("predict", rounds, threads=threads)).items():
            for size, times in sizes.items():
                known = seconds.get((name, size))
                if known is None or statistics.median(times) < statistics.median(known):
                    seconds[name, size] = times
    found = []
    for size, words in (("one", "predict one image"), ("many", "predict 10,000 images")):
        for peer in ("onnxruntime", "PyTorch"):
            engines = []
            for engine, one in (("NumPy engine", 1.5), ("compiled engine", 1.0)):
                most = {"many": 1.0, "one": None if peer == "PyTorch" else one}[size]
                known = (engine, size) in seconds
                values = ratios(seconds[engine, size], seconds[peer, size]) if known else []
                engines.append(Measured(values, at_most=most) if known else None)
            found.append(Row(words, f"time / {peer}", *engines))
    return found


@dataclass(frozen=True)
class Growth:
    """What the figure shows of an engine on an axis: median seconds per image at each size, and the worst doubling."""

    sizes: list[int]
    seconds: list[float]
    worst_from: int
    worst: float


def growing(rounds: int) -> tuple[list[Row], dict[str, dict[str, Growth]]]:
    """Return one row an axis, the doubling that costs most per image, and what the figure shows."""
    measured = json.loads(inside("growth", rounds, threads=2))
    found, growth = [], {}
    for axis, words in AXES.items():
        columns, notes, growth[axis] = [], [], {}
        for engine, name in (("numpy", "NumPy"), ("compiled", "compiled")):
            sizes, seconds = measured[engine][axis]["sizes"], measured[engine][axis]["seconds"]
            worst, values = worst_doubling(seconds)
            columns.append(Measured(values, at_most=MOST))
            notes.append(f"{name}: {sizes[worst]:,} to {sizes[worst + 1]:,}")
            medians = [statistics.median(times) for times in seconds]
            growth[axis][name] = Growth(sizes, medians, worst, columns[-1].value)
        found.append(Row("growth", f"worst doubling of {words}, time per image", *columns, note=", ".join(notes)))
    return found, growth


def worst_doubling(seconds: list[list[float]]) -> tuple[int, list[float]]:
    """Return which step from a size to the next costs most, and its ratios, round by round."""
    steps = [ratios(larger, smaller) for smaller, larger in pairwise(seconds)]
    worst = max(range(len(steps)), key=lambda i: statistics.median(steps[i]))
    return worst, steps[worst]


def compiling(rounds: int) -> list[Row]:
    """The first start of the compiled engine on a machine, which compiles it, and later ones, which read it."""
    with tempfile.TemporaryDirectory() as folder:
        seconds = [float(inside("start", threads=2, more={"NUMBA_CACHE_DIR": folder})) for _ in range(rounds + 1)]
    return [
        Row("start of the compiled engine", "first, seconds", None, Measured(seconds[:1], at_most=20)),
        Row("start of the compiled engine", "later, seconds", None, Measured(seconds[1:], at_most=1)),
    ]


def cold_start(rounds: int) -> list[Row]:
    """The whole command, from nothing to an answer, against importing PyTorch; and its help, against NumPy alone."""
    from PIL import Image

    from glasswork import load_mnist

    with tempfile.TemporaryDirectory() as folder:
        run([*GLASSWORK, "train", "--epochs", "1", "--quiet", "--out", f"{folder}/run"])
        Image.fromarray(load_mnist()[0][60_000].reshape(28, 28)).save(f"{folder}/seven.png")
        ours, theirs = [], []
        for _ in range(rounds + 1):
            ours.append(clock([*GLASSWORK, "predict", f"{folder}/run", f"{folder}/seven.png"]))
            theirs.append(clock([sys.executable, "-c", "import torch"]))
        helps = [clock([*GLASSWORK, "--help"]) for _ in range(rounds + 1)]
    return [
        Row(
            "glasswork predict, cold start", "time / import torch", Measured(ratios(ours[1:], theirs[1:]), at_most=0.4)
        ),
        Row("glasswork --help", "seconds", Measured(helps[1:], at_most=0.3)),
    ]


def command(rounds: int) -> list[Row]:
    """What the command adds to its epochs, and whether an epoch of a run takes longer than one of a bare `fit`."""
    whole, alike = [], []
    with tempfile.TemporaryDirectory() as folder:
        for n in range(rounds):
            seconds = clock([*GLASSWORK, "train", "--quiet", "--out", f"{folder}/whole-{n}"], threads=2)
            whole.append(seconds / sum(_epochs_of(f"{folder}/whole-{n}")))
            options = ["--engine", "compiled", "--epochs", "20", "--quiet", "--no-report"]
            clock([*GLASSWORK, "train", *options, "--out", f"{folder}/compiled-{n}"], threads=2)
            bare = json.loads(inside("epochs", "classwork", "compiled", 20, threads=2))
            run_of = _epochs_of(f"{folder}/compiled-{n}")
            alike.append(statistics.median(run_of[1:]) / statistics.median(bare[1:]))  # the first one warms up
    return [
        Row("glasswork train, default run", "time / its epochs", Measured(whole, at_most=1.3)),
        Row("an epoch of glasswork train", "time / an epoch of fit", None, Measured(alike, at_most=1.1)),
    ]


def _epochs_of(folder: str) -> list[float]:
    """Return the seconds of each epoch of a run."""
    rows = csv.DictReader((Path(folder) / "history.csv").read_text(encoding="utf-8").splitlines())
    return [float(row["seconds"]) for row in rows]


def memory(rounds: int) -> list[Row]:
    """Peak resident memory of whole processes: ours, and one that does as the handout says."""
    work = "glasswork train, peak memory"
    with tempfile.TemporaryDirectory() as folder:
        ours = peak([*GLASSWORK, "train", "--epochs", "2", "--quiet", "--out", f"{folder}/run"])
    theirs = peak([sys.executable, str(HERE / "inside.py"), "listing"])
    return [
        Row(work, "MB", Measured([ours], at_most=260)),
        Row(work, f"of the handout's {theirs:,.0f} MB", Measured([ours / theirs], at_most=0.25)),
    ]


def loading(rounds: int) -> list[Row]:
    """The one absolute time, as its target is: reading, checking and unpacking all of MNIST."""
    code = (
        "import time; from glasswork import load_mnist; start = time.perf_counter(); load_mnist();"
        "print(time.perf_counter() - start)"
    )
    seconds = [float(run([sys.executable, "-c", code])) for _ in range(rounds)]
    return [Row("load MNIST", "seconds", Measured(seconds, at_most=0.35))]


def safety(rounds: int) -> list[Row]:
    """What it costs to keep a run safe, by checkpoints, history and the look for faults, against bare training."""
    return [
        Row(
            f"{name}, a run kept safe",
            "time / bare training",
            Measured(json.loads(inside("safety", name, rounds, epochs, threads=2)), at_most=most),
        )
        for name, (most, epochs) in SAFETY.items()
    ]
