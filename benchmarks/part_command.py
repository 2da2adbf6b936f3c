"""What one waits for and pays for around the training itself: starting, loading, memory."""

import sys
import tempfile

from processes import GLASSWORK, HERE, clock, peak, run
from report import Row, ratios


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
    values = ratios(ours[1:], theirs[1:])
    return [Row("glasswork predict, cold start", "time / import torch", "cold start", values, at_most=0.25)]


def memory() -> list[Row]:
    """Peak resident memory of whole processes: ours, and one that does as the handout says."""
    work = "glasswork train, peak memory"
    with tempfile.TemporaryDirectory() as folder:
        ours = peak([*GLASSWORK, "train", "--epochs", "2", "--quiet", "--out", f"{folder}/run"])
    theirs = peak([sys.executable, str(HERE / "listing_memory.py")])
    return [
        Row(work, "MB", "memory", [ours], at_most=320),
        Row(work, f"of the handout's {theirs:,.0f} MB", "memory, listing", [ours / theirs], at_most=0.25),
    ]


def loading(rounds: int) -> list[Row]:
    """The one absolute time, as its target is: reading, checking and unpacking all of MNIST."""
    code = (
        "import time; from glasswork import load_mnist; start = time.perf_counter(); load_mnist();"
        "print(time.perf_counter() - start)"
    )
    seconds = [float(run([sys.executable, "-c", code])) for _ in range(rounds)]
    return [Row("load MNIST", "seconds", "load MNIST", seconds, at_most=0.35)]
