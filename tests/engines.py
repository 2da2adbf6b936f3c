"""Helpers of the engines' tests: small networks, trained by both engines from the same weights on the same batches."""

import copy
import itertools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from glasswork import MLP, Batches, Linear
from glasswork.engine.compiled.engine import CompiledEngine
from glasswork.nn import LOSSES, BatchNorm, make_layer
from glasswork.optim import OPTIMIZERS, Average
from glasswork.recipes.build import build_average, build_loss, build_model, build_optimizer
from glasswork.training.step import NumpyEngine

FEATURES, HIDDEN, CLASSES = 12, 9, 4

#: Rules by name: optimiser and settings.
RULES = {
    "sgd": ("sgd", {"lr": 0.05}),
    "momentum": ("sgd", {"lr": 0.02, "momentum": 0.9}),
    "nesterov": ("sgd", {"lr": 0.02, "momentum": 0.9, "nesterov": True}),
    "rmsprop": ("rmsprop", {"lr": 0.002}),
    "adam": ("adam", {"lr": 0.003}),
    "adamw": ("adamw", {"lr": 0.003}),
}

#: Settings that a layer needs.
SETTINGS = {
    "linear": {"in_features": HIDDEN, "out_features": HIDDEN},
    "batch-norm": {"features": HIDDEN},
    "dropout": {"p": 0.3},
    "gaussian-noise": {"std": 0.2},
    "scale": {"offset": 0.1, "spread": 1.5},
}


def network(kind, dtype="float64", *, seed=0):
    """Return a network with a layer of a kind before its last one.

    Not straight behind a Linear layer: a bias in front of batch normalisation has the gradient 0, and rounding alone
    would move it.
    """
    rng = np.random.default_rng(seed)
    return MLP.from_layers(
        {
            "linear1": Linear(FEATURES, HIDDEN, rng=rng, dtype=dtype, initializer="xavier"),
            "act1": make_layer("tanh", {}, dtype=dtype),
            "middle": make_layer(kind, SETTINGS.get(kind, {}), dtype=dtype),
            "linear2": Linear(HIDDEN, CLASSES, rng=rng, dtype=dtype, initializer="xavier"),
        }
    )


def deep_network(dtype="float64"):
    """Return a network with two hidden layers and every layer that makes the threads meet or draw."""
    rng = np.random.default_rng(0)

    def linear(inputs, outputs):
        return Linear(inputs, outputs, rng=rng, dtype=dtype, initializer="xavier")

    def layer(kind, **settings):
        return make_layer(kind, settings, dtype=dtype)

    return MLP.from_layers(
        {
            "linear1": linear(FEATURES, 40), "act1": layer("relu"), "norm1": layer("batch-norm", features=40),
            "noise1": layer("gaussian-noise", std=0.2), "linear2": linear(40, 30), "act2": layer("tanh"),
            "norm2": layer("batch-norm", features=30), "drop2": layer("dropout", p=0.3), "linear3": linear(30, CLASSES),
        }
    )  # fmt: skip


def wide_network(kind, dtype="float64"):
    """Return a network for 300 numbers with a layer of a kind between two that are wide enough to be cut by columns."""
    rng = np.random.default_rng(0)
    sizes = (300, 204), (204, 250), (250, CLASSES)
    linear = [Linear(n, m, rng=rng, dtype=dtype, initializer="xavier") for n, m in sizes]
    wide = {"linear": {"in_features": 204, "out_features": 204}, "batch-norm": {"features": 204}}
    return MLP.from_layers(
        {
            "linear1": linear[0], "act1": make_layer("tanh", {}, dtype=dtype),
            "middle": make_layer(kind, wide.get(kind, SETTINGS.get(kind, {})), dtype=dtype),
            "linear2": linear[1], "act2": make_layer("relu", {}, dtype=dtype), "linear3": linear[2],
        }
    )  # fmt: skip


def batches(dtype="float64", *, images=60, size=20, features=FEATURES, classes=CLASSES, **settings):
    """Return a loader of random pixels, the same ones at each call."""
    rng = np.random.default_rng(7)
    pixels = rng.integers(0, 256, (images, features), dtype=np.uint8)
    labels = rng.integers(0, classes, images)
    return Batches(pixels, labels, size, seed=3, classes=classes, dtype=dtype, **settings)


class Training:
    """A copy of a network, with an engine that trains it."""

    def __init__(self, engine, model, loss="cross-entropy", rule="sgd", *, average=None, threads=None, **settings):
        self.model = copy.deepcopy(model)
        name, own = RULES[rule]
        self.optimizer = OPTIMIZERS[name](self.model.parameters(), self.model.gradients(), **(own | settings))
        criterion = LOSSES[loss]() if isinstance(loss, str) else loss
        self.average = None if average is None else Average(list(self.model.state().values()), average)
        more = {} if engine is NumpyEngine else {"threads": threads}
        self.engine = engine(self.model, self.optimizer, criterion, self.average, **more)

    @classmethod
    def of(cls, engine, model, optimizer, average):
        """Return a training of objects that exist."""
        self = cls.__new__(cls)
        self.engine, self.model, self.optimizer, self.average = engine, model, optimizer, average
        return self

    def run(self, loader, steps, *, most=1 << 62):
        """Do steps, epoch after epoch, and return the loss of each."""
        losses, first = [], self.optimizer.steps
        with self.model.mode(training=True):
            while len(losses) < steps:
                whole = steps - len(losses) >= len(loader)
                for batch in self.engine.batches(loader, lambda whole=whole: most if whole else 1):
                    self.model.set_position(first + len(losses))
                    losses += [loss for loss, _ in self.engine.step(batch)]
                    if len(losses) >= steps:
                        break
        return losses

    def take_over(self, other):
        """Put everything that another training's next step depends on into this one."""
        for array, value in zip(self.model.state().values(), other.model.state().values(), strict=True):
            array[...] = value
        self.optimizer.load_state(other.optimizer.state())
        if self.average is not None:
            self.average.load_state(other.average.state())

    def arrays(self):
        """Return everything that a step changes, by name.

        But for a bias straight in front of batch normalisation, which takes it away again: its gradient is 0 and
        rounding, and Adam makes steps of that.
        """
        arrays = {**self.model.state(), **self.optimizer.state()}
        if self.average is not None:
            arrays |= self.average.state()
        layers = list(self.model.named_layers.items())
        for (name, layer), (_, behind) in itertools.pairwise(layers):
            if isinstance(layer, Linear) and isinstance(behind, BatchNorm):
                number = next(i for i, array in enumerate(self.model.parameters()) if array is layer.bias)
                place = list(self.model.state()).index(f"{name}.bias")
                moments = {f"{moment}.{number}" for moment in ("velocity", "mean", "square")}
                arrays = {n: a for n, a in arrays.items() if n not in {f"{name}.bias", f"average.{place}", *moments}}
        return arrays


def disagreement(a, b):
    """Return the largest relative distance between the arrays of two trainings, each ‖a - b‖ / ‖b‖."""
    first, second = a.arrays(), b.arrays()
    assert first.keys() == second.keys()
    return max(distance(first[name], second[name]) for name in first)


def distance(a, b):
    """Return ‖a - b‖ / ‖b‖, with at least 1e-3 below: what is 0 but for rounding has no digits to agree in."""
    return float(np.linalg.norm(np.asarray(a, np.float64) - b)) / max(float(np.linalg.norm(b)), 1e-3)


def train_both(model, loss="cross-entropy", rule="sgd", *, steps=100, loader=None, **settings):
    """Train copies of a network with both engines, and return how far they are apart."""
    loader = loader or batches(str(model.dtype))
    losses, trainings = [], []
    for engine in (CompiledEngine, NumpyEngine):
        loader.seek(1)
        trainings.append(Training(engine, model, loss, rule, **settings))
        losses.append(trainings[-1].run(loader, steps))
    return max(disagreement(*trainings), distance(np.array(losses[0]), np.array(losses[1])))


def steps_of_both(model, loss, rule, *, steps, loader, **settings):
    """Do single steps with both engines, each from NumPy's state, and return how far apart one of them ended at most.

    So a difference is that of one step. Over many steps rounding grows, and how fast is a matter of the network, not
    of the engine.
    """
    pair = [Training(engine, model, loss, rule, **settings) for engine in (CompiledEngine, NumpyEngine)]
    worst, done = 0.0, 0
    with pair[0].model.mode(training=True), pair[1].model.mode(training=True):
        while done < steps:
            epoch, _ = loader.begin()
            loaders = [copy.copy(loader) for _ in pair]
            for each in loaders:
                each.seek(epoch)
            engines = (training.engine.batches(each, lambda: 1) for training, each in zip(pair, loaders, strict=True))
            for two in zip(*engines, strict=True):
                losses = []
                for training, batch in zip(pair, two, strict=True):
                    training.model.set_position(done)
                    losses.append([loss for loss, _ in training.engine.step(batch)])
                worst = max(worst, disagreement(*pair), distance(*map(np.array, losses)))
                pair[0].take_over(pair[1])
                done += 1
    return worst


def build_of(recipe, *, total_steps=1000):
    """Return the network, optimiser, loss and average that a recipe describes."""
    rng = np.random.default_rng(0)
    model = build_model(recipe.network, 784, 10, rng=rng, seed=recipe.seed)
    optimizer = build_optimizer(recipe, model, total_steps=total_steps)
    return model, optimizer, build_loss(recipe.loss), build_average(recipe, model)


TRAIN = """
import sys
sys.path.insert(0, sys.argv[1])
import numpy as np
{before}
from engines import Training, batches, network
from glasswork.engine.compiled.engine import CompiledEngine, load_kernels
load_kernels(np.dtype("float32"), print)
training = Training(CompiledEngine, network("relu", "float32"), threads=2)
print(repr(float(np.sum(training.run(batches("float32"), 30)))))
{after}
"""


def start(before="", after="", **environment):
    """Train in a process of its own, and return what it prints."""
    return run(TRAIN.format(before=before, after=after), **environment)


def run(code, **environment):
    """Run Python code, which may import this file, in a process of its own, and return the lines that it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code, str(Path(__file__).parent)],
        env={**os.environ, **environment}, capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout.splitlines()
