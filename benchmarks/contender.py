"""One contender, in a process of its own: it sets up, warms up, and trains as many epochs as it is told to.

    python benchmarks/contender.py WORK NAME          (threads: OPENBLAS_NUM_THREADS and its kin)

It reads lines from its standard input: ``train N`` answers with the seconds that N epochs took, ``test`` with the
accuracy on the official test set. So contenders can take turns without their pools of threads meeting.
"""

import sys
import time
from importlib import import_module
from typing import Protocol


class Contender(Protocol):
    """What every contender can do; each is set up as an expert of it would."""

    def train(self, epochs: int) -> None:
        """Train so many epochs, shuffled and gathered anew each time."""

    def test(self) -> float:
        """Return the accuracy on the 10,000 official test images, in percent."""


def main() -> None:
    work, name = sys.argv[1:]
    answers, sys.stdout = sys.stdout, sys.stderr  # whatever a library prints is no answer
    contender: Contender = import_module(name).make(work)
    print("ready", file=answers, flush=True)
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
