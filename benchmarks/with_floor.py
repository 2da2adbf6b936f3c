"""The floor: the bare matrix products of a step, on preallocated float32 arrays, and nothing else."""

from typing import Any

import numpy as np
from work import TRAIN, WORKS, Work


def make(name: str) -> "Floor":
    return Floor(WORKS[name])


class Floor:
    def __init__(self, work: Work) -> None:
        draw = np.random.default_rng(0)

        def array(*shape: int) -> Any:
            return draw.standard_normal(shape, np.float32)

        self.steps = TRAIN // work.batch
        self.layers = []
        for i, (n, m) in enumerate(zip(work.widths, work.widths[1:], strict=False)):
            x, weight, output, grad = array(work.batch, n), array(n, m), array(work.batch, m), array(work.batch, m)
            self.layers.append((i == 0, x, weight, output, grad, np.empty_like(weight), np.empty_like(x)))

    def train(self, epochs: int) -> None:
        for _ in range(epochs * self.steps):
            for _, x, weight, output, _, _, _ in self.layers:
                np.matmul(x, weight, out=output)
            for first, x, weight, _, grad, grad_weight, grad_input in reversed(self.layers):
                np.matmul(x.T, grad, out=grad_weight)
                if not first:
                    np.matmul(grad, weight.T, out=grad_input)

    def test(self) -> float:
        return float("nan")
