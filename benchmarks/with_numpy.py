"""The contenders in plain NumPy: glasswork with either engine, the handout's listing, and the floor."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from works import TRAIN, Work, data, initial

from glasswork import (
    MLP,
    SGD,
    Adam,
    AdamW,
    Batches,
    CrossEntropyLoss,
    EpochResult,
    MSELoss,
    ReLU,
    Sigmoid,
    fit,
    load_mnist,
    named_recipe,
    test,
)
from glasswork.recipes.experiment import assemble


def numpy_engine(work: Work | str) -> "Glasswork | Recipe":
    return Recipe(work, "numpy") if isinstance(work, str) else Glasswork(work, "numpy")


def compiled_engine(work: Work | str) -> "Glasswork | Recipe":
    return Recipe(work, "compiled") if isinstance(work, str) else Glasswork(work, "compiled")


class Recipe:
    """A recipe of glasswork's, validated after each epoch as in a run."""

    def __init__(self, name: str, engine: str) -> None:
        made = assemble(named_recipe(name))
        self.made, self.epochs = made, fit(
            made.model, made.train_loader, made.valid_loader, made.optimizer, made.loss, epochs=10**6,
            average=made.average, engine=engine,
        )  # fmt: skip

    def train(self, epochs: int) -> None:
        for _ in range(epochs):
            next(self.epochs)

    def test(self) -> float:
        return test(self.made.model, self.made.test_loader)


class Glasswork:
    """glasswork through its public names; an epoch is validated on 100 images, so next to nothing."""

    def __init__(self, work: Work, engine: str) -> None:
        images, labels = load_mnist()
        self.test_images, self.test_labels = images[-10_000:], labels[-10_000:]
        squared = work.loss == "mse"
        self.model = MLP(
            work.widths[0],
            work.widths[1:-1],
            work.widths[-1],
            activation=Sigmoid if squared else ReLU,
            output_activation=Sigmoid if squared else None,
            dropout=work.dropout,
        )
        starts = [array for pair in initial(work) for array in pair]
        for parameter, start in zip(self.model.parameters(), starts, strict=True):
            parameter[...] = start
        self.loader = Batches(images[:TRAIN], labels[:TRAIN], work.batch, seed=1)
        few = Batches(images[TRAIN : TRAIN + 100], labels[TRAIN : TRAIN + 100], 100, seed=1)
        self.loss = MSELoss() if squared else CrossEntropyLoss()
        rule = {"sgd": SGD, "adam": Adam, "adamw": AdamW}[work.optimizer]
        decay = {"weight_decay": 0.01} if work.optimizer == "adamw" else {}
        self.optimizer = rule(self.model.parameters(), self.model.gradients(), work.learning_rate, **decay)
        self.epochs: Iterator[EpochResult] = fit(
            self.model, self.loader, few, self.optimizer, self.loss, epochs=10**6, engine=engine
        )

    def train(self, epochs: int) -> None:
        for _ in range(epochs):
            next(self.epochs)

    def test(self) -> float:
        return float(100 * np.mean(self.model.predict(self.test_images) == self.test_labels))


class Listing:
    """The handout's listing in plain float64 NumPy, as a student has it."""

    def __init__(self, work: Work) -> None:
        sys.path.append(str(Path(__file__).parents[1] / "tests"))
        import listing

        self.listing = listing
        x, self.y, x_test, self.y_test = data()
        self.x, self.x_test, self.batch = x.astype(np.float64), x_test.astype(np.float64), work.batch
        np.random.seed(1)
        self.model = listing.MLP(*work.widths)
        self.optimizer = listing.SGD(self.model.parameters(), self.model.gradients(), work.learning_rate)

    def train(self, epochs: int) -> None:
        for _ in range(epochs):
            loader = self.listing.minibatch_generator(self.x, self.y, self.batch)
            self.listing.train(self.model, loader, self.optimizer, self.listing.loss_fn)

    def test(self) -> float:
        return float(100 * np.mean(self.model(self.x_test).argmax(axis=1) == self.y_test))


class Floor:
    """The bare matrix products of a step, on preallocated float32 arrays, and nothing else."""

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
