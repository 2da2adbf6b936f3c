"""Seconds per image of one training step as the network and as the batch grow; every size has its turn in every round.

    python benchmarks/growth.py ROUNDS

Prints one JSON line: for each axis, its sizes, and for each size its seconds, round by round.
"""

import json
import sys
import time
from itertools import islice

from glasswork import MLP, SGD, Batches, CrossEntropyLoss, ReLU, load_mnist, train
from glasswork.arrays import Images, Labels
from glasswork.training.threads import choose_threads, limited_to

WIDTHS = [10 * 2**n for n in range(10)]
BATCHES = [2**n for n in range(13)]
TURN = 0.05


class Case:
    """One size: a network, its batches, and as many steps a turn as fill it."""

    def __init__(self, images: Images, labels: Labels, *, hidden: int, batch: int) -> None:
        self.batch = batch
        self.model = MLP(784, [hidden], 10, activation=ReLU, output_activation=None)
        self.loader = Batches(images, labels, batch, seed=1)
        self.optimizer = SGD(self.model.parameters(), self.model.gradients(), 0.01)
        self.loss = CrossEntropyLoss()
        self.threads = choose_threads(0, batch_size=batch, weights=(784 + 10) * hidden)
        self.steps = 2
        self.turn()
        self.steps = max(2, min(int(TURN / (self.turn() * batch)), len(self.loader) - 1))

    def turn(self) -> float:
        """Return the seconds per image."""
        batches = iter(self.loader)
        next(batches)  # an epoch's order and targets are made with its first batch
        with limited_to(self.threads):
            start = time.perf_counter()
            train(self.model, islice(batches, self.steps), self.optimizer, self.loss)
            return (time.perf_counter() - start) / (self.steps * self.batch)


def main(rounds: int) -> None:
    mnist = load_mnist()
    axes = {
        "width": (WIDTHS, [Case(*mnist, hidden=width, batch=100) for width in WIDTHS]),
        "batch": (BATCHES, [Case(*mnist, hidden=50, batch=batch) for batch in BATCHES]),
    }
    seconds: dict[str, list[list[float]]] = {axis: [[] for _ in sizes] for axis, (sizes, _) in axes.items()}
    for _ in range(rounds):
        for axis, (_, cases) in axes.items():
            for case, times in zip(cases, seconds[axis], strict=True):
                time.sleep(0.1)  # the threads of the case before still wait for work, and would be in the way
                times.append(case.turn())
    print(json.dumps({axis: {"sizes": sizes, "seconds": seconds[axis]} for axis, (sizes, _) in axes.items()}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
