"""What the probes of the loops hand to them: a right model, loss and optimizer, and made-up batches."""

from typing import Any

import numpy as np

from glasswork.classroom.probes.base import Bench


class Calls:
    """A right model, loss and optimizer that note how a loop uses them."""

    def __init__(self, bench: Bench) -> None:
        reference = bench.reference
        np.random.seed(5)
        self.model = reference["MLP"](3, 4, 10)
        self.loss = reference["MSELoss"]()
        self.optimizer = reference["SGD"](self.model.parameters(), self.model.gradients(), lr=0.5)
        self.log: list[str] = []
        self.before = [p.copy() for p in self.model.parameters()]
        self._note(self.model, "forward", "backward")
        self._note(self.loss, "forward", "backward")
        self._note(self.optimizer, "step", "zero_grad")

    def _note(self, thing: Any, *methods: str) -> None:
        for method in methods:
            original, name = getattr(thing, method), f"{type(thing).__name__}.{method}"

            def call(*args: Any, _o: Any = original, _n: str = name) -> Any:
                self.log.append(_n)
                return _o(*args)

            setattr(thing, method, call)


def made_up_batches(sizes: tuple[int, ...] = (5, 5, 3)) -> list[tuple[Any, Any]]:
    """Return batches of images with three numbers each, and of labels."""
    random = np.random.RandomState(11)
    return [(random.uniform(-1, 1, (n, 3)), random.randint(0, 10, n)) for n in sizes]


def all_of(loader: list[tuple[Any, Any]]) -> dict[str, Any]:
    """Return the data that the loader's batches come from, for a function that asks for their number."""
    x, y = (np.concatenate(arrays) for arrays in zip(*loader, strict=True))
    return {f"{letter}_{part}": data for part in ("train", "valid", "test") for letter, data in (("X", x), ("y", y))}


def to_float(value: Any) -> float:
    """Return the mean of a value as a float, nan if it has none."""
    try:
        return float(np.asarray(value, dtype=float).mean())
    except (TypeError, ValueError):
        return float("nan")
