"""The sceptic: a second small network that has learnt to tell training images from things drawn at random.

    image → its lines and their places (576 numbers) → Linear → ReLU → Linear → log-odds of a training image

The first network has seen only digits, so it considers everything a digit. The sceptic has seen other things as well:
outlier exposure (Hendrycks, Mazeika and Dietterich, 2019, "Deep anomaly detection with outlier exposure").
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glasswork.arrays import Images
from glasswork.engine.threads import limited_to
from glasswork.errors import InputError
from glasswork.models.doubt.lines import NUMBERS, describe, on_grid
from glasswork.models.doubt.paint import Floats
from glasswork.models.doubt.strange import strange_things
from glasswork.nn import MLP, CrossEntropyLoss, Linear
from glasswork.optim import Adam, one_cycle

#: Training images that it learns from (with as many strange things), and the fewest that are worthwhile.
EXAMPLES, FEWEST = 20_000, 1000

#: Its hidden neurons, and the settings of its training.
_HIDDEN, _EPOCHS, _BATCH, _RATE = 64, 5, 250, 0.004

#: Training images from which pieces are made, and the number of parts in which examples are made.
_PIECES, _PARTS = 2000, 16

#: During training, the numbers from 0 to 1 that describe an image are rounded to multiples of this.
_ONE_LEVEL = np.float32(1 / 255)

#: A stored weight is a level from 0 to 255, minus this, times the scale of its neuron.
_MIDDLE = 128


@dataclass(frozen=True, eq=False)
class Sceptic:
    """Two layers of weights.

    Attributes
    ----------
    levels : (576, hidden) uint8
        Weights of the first layer in eight bits: the weight is ``(level - 128) * scale``.
    scales, bias : (hidden,) float32
        The scale and the bias of each hidden neuron.
    output : (hidden + 1,) float32
        Weights of the second layer, and its bias.
    """

    levels: NDArray[np.uint8]
    scales: Floats
    bias: Floats
    output: Floats

    def __post_init__(self) -> None:
        hidden = len(self.scales)
        shapes = [array.shape for array in (self.levels, self.scales, self.bias, self.output)]
        if shapes != [(NUMBERS, hidden), (hidden,), (hidden,), (hidden + 1,)] or self.levels.dtype != np.uint8:
            raise InputError(f"a sceptic: expected arrays of {NUMBERS} numbers and some neurons, got shapes {shapes}")

    @classmethod
    def learn(cls, images: Images, *, seed: int = 0) -> Sceptic:
        """Learn to tell training images from strange things.

        Parameters
        ----------
        images : (n, features) uint8
            Training images, square.
        seed : int
            Determines the strange things and the initial weights.
        """
        rng = np.random.default_rng(seed)
        rows = np.sort(rng.permutation(len(images))[:EXAMPLES])
        levels = _examples(images, rows, rng)
        sample = levels[::20] * _ONE_LEVEL
        mean, deviation = sample.mean(axis=0), float(sample.std())
        targets = np.repeat(np.eye(2, dtype=np.float32), len(rows), axis=0)
        with limited_to(1):
            first, second = _train(levels, mean, deviation, targets, rng)
        weights = first.weight / np.float32(deviation)
        bias = first.bias - mean @ weights
        scales = np.maximum(np.abs(weights).max(axis=0), np.float32(1e-12)) / np.float32(_MIDDLE - 1)
        output = np.append(second.weight[:, 0] - second.weight[:, 1], second.bias[0] - second.bias[1])
        return cls((np.rint(weights / scales) + _MIDDLE).astype(np.uint8), scales, np.asarray(bias, np.float32), output)

    def weights(self) -> Floats:
        """Return the weights of the first layer: (576, hidden)."""
        return (self.levels.astype(np.float32) - np.float32(_MIDDLE)) * self.scales

    def odds(self, images: Images) -> Floats:
        """Return the log-odds that each image is like the training images.

        Parameters
        ----------
        images : (n, features) uint8

        Returns
        -------
        (n,) float32
            Above 0 the sceptic considers the image a training image, below 0 something else.
        """
        hidden = np.maximum(describe(images) @ self.weights() + self.bias, 0)
        return np.asarray(hidden @ self.output[:-1] + self.output[-1], np.float32)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays by name."""
        return {"levels": self.levels, "scales": self.scales, "bias": self.bias, "output": self.output}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Sceptic:
        """Return the sceptic with the arrays from :meth:`to_arrays`.

        Raises
        ------
        InputError
            If an array is missing or has another shape or dtype.
        """
        try:
            return cls(*(arrays[name] for name in ("levels", "scales", "bias", "output")))
        except KeyError as missing:
            raise InputError(f"a sceptic: no array named {missing}; got {', '.join(arrays)}") from None


def _examples(images: Images, known: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Describe some training images, then as many strange things, in two threads: (2 n, 576), in 255 levels."""
    pieces = on_grid(images[known[:_PIECES]])
    levels = np.empty((2, len(known), NUMBERS), np.uint8)  # a quarter of the memory of float32
    parts = np.array_split(np.arange(len(known)), _PARTS)

    def describe_known(rows: NDArray[np.int64]) -> None:
        levels[0, rows[0] : rows[-1] + 1] = _in_levels(describe(images[known[rows]]))

    def make_and_describe(rows: NDArray[np.int64], own: np.random.Generator) -> None:
        things = np.rint(255 * strange_things(pieces, len(rows), own)).astype(np.uint8)
        levels[1, rows[0] : rows[-1] + 1] = _in_levels(describe(things))

    with limited_to(1), ThreadPoolExecutor(2) as threads:
        list(threads.map(describe_known, parts))
        list(threads.map(make_and_describe, parts, rng.spawn(_PARTS)))
    return levels.reshape(2 * len(known), NUMBERS)


def _in_levels(numbers: Floats) -> NDArray[np.uint8]:
    levels: NDArray[np.uint8] = np.rint(numbers / _ONE_LEVEL).astype(np.uint8)
    return levels


def _train(
    levels: NDArray[np.uint8], mean: Floats, deviation: float, targets: Floats, rng: np.random.Generator
) -> tuple[Linear, Linear]:
    """Train a network with two outputs, training image and something else; return its two layers."""
    model = MLP(NUMBERS, _HIDDEN, 2, activation="relu", output_activation=None, rng=rng)
    loss = CrossEntropyLoss()
    steps = _EPOCHS * -(-len(levels) // _BATCH)
    optimizer = Adam(
        model.parameters(), model.gradients(), _RATE, beta2=0.99, weight_decay=3e-4,
        schedule=one_cycle(), total_steps=steps,
    )  # fmt: skip
    for _ in range(_EPOCHS):
        order = rng.permutation(len(levels))
        for start in range(0, len(order), _BATCH):
            rows = order[start : start + _BATCH]
            loss(model.forward((levels[rows] * _ONE_LEVEL - mean) / np.float32(deviation)), targets[rows])
            model.backward(loss.backward())
            optimizer.step()
    first, second = (layer for layer in model.layers if isinstance(layer, Linear))
    return first, second
