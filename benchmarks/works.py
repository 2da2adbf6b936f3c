"""The works that contenders do, and how each is told to do them: same network, same batches, same dtype, same steps.

    python benchmarks/works.py WORK MODULE:CLASS

WORK is one of those below, or a recipe that comes with glasswork. The process reads lines from its standard input:
``train N`` answers with the seconds that N epochs took, ``test`` with the accuracy on the official test set. So
contenders can take turns without their pools of threads meeting. The first line of its answers says which libraries of
matrix products it has loaded, and which kernel each runs.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

import numpy as np

from glasswork import load_mnist, normalize

TRAIN = 55_000


@dataclass(frozen=True)
class Work:
    """What is trained, on the first 55,000 images of MNIST in float32."""

    widths: tuple[int, ...]
    batch: int
    loss: str
    optimizer: str
    learning_rate: float
    dropout: float = 0.0


WORKS = {
    "classwork": Work((784, 50, 10), 100, "mse", "sgd", 0.1),
    "deep": Work((784, 300, 100, 10), 100, "cross-entropy", "adam", 0.001),
    "wide": Work((784, 1024, 1024, 10), 250, "cross-entropy", "adamw", 0.001, dropout=0.5),
}


class Contender(Protocol):
    """What every contender can do; each is set up as an expert of it would.

    One whose matrix products come from no library that threadpoolctl knows says so in an attribute ``kernel``.
    """

    def train(self, epochs: int) -> None:
        """Train so many epochs, shuffled and gathered anew each time."""

    def test(self) -> float:
        """Return the accuracy on the 10,000 official test images, in percent."""


def data() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return training images and labels, test images and labels; images are float32 in [-1, 1]."""
    images, labels = load_mnist()
    return normalize(images[:TRAIN]), labels[:TRAIN], normalize(images[-10_000:]), labels[-10_000:]


def initial(work: Work) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the same initial weights and biases for everybody, as (in, out) and (out,)."""
    draw = np.random.default_rng(1)
    gain = 0.1 if work.loss == "mse" else None
    return [
        (draw.normal(0, gain or (2 / n) ** 0.5, (n, m)).astype(np.float32), np.zeros(m, np.float32))
        for n, m in zip(work.widths, work.widths[1:], strict=False)
    ]


def kernels() -> str:
    """Return the libraries of matrix products in this process, and which kernel each runs."""
    from threadpoolctl import threadpool_info

    return "; ".join(
        f"{library['internal_api']} {library['version']}, {library.get('architecture', '?')}"
        for library in threadpool_info()
        if library["user_api"] == "blas"
    )


def main() -> None:
    name, maker = sys.argv[1:3]
    answers, sys.stdout = sys.stdout, sys.stderr  # whatever a library prints is no answer
    module, _, kind = maker.partition(":")
    make: Callable[[Work | str], Contender] = getattr(import_module(module), kind)
    contender = make(WORKS.get(name, name))
    contender.train(1)  # warm-up: pages, caches, compilers
    print(getattr(contender, "kernel", None) or kernels(), file=answers, flush=True)
    for line in sys.stdin:
        order, _, count = line.strip().partition(" ")
        if order == "train":
            start = time.perf_counter()
            contender.train(int(count))
            print(time.perf_counter() - start, file=answers, flush=True)
        else:
            print(contender.test(), file=answers, flush=True)


if __name__ == "__main__":
    main()
