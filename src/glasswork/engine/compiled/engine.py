"""The compiled engine: several steps per call, on the arrays of the model, the optimiser and the average.

batches   rows of the images, a few batches at a time: 20 ms of work
step      ──► kernel ──► losses        weights, moments, running statistics, average: changed in place
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glasswork.arrays import FloatArray
from glasswork.data.batches import Batches
from glasswork.data.labels import check_labels, check_lengths
from glasswork.data.targets import check_weights
from glasswork.engine.agreement import check_inputs, check_loader, checked
from glasswork.engine.compiled.compiling import can_share, cores, threads_for
from glasswork.engine.compiled.pace import Pace
from glasswork.engine.compiled.plan import SOURCES, Plan
from glasswork.engine.compiled.sampling import sampler
from glasswork.engine.compiled.step import load_kernels, steps
from glasswork.engine.compiled.table import reasons, why_no_kernel
from glasswork.engine.contract import (
    NO_LIMIT,
    Loader,
    Model,
    Outcome,
    targets_of,
    weights_of,
)
from glasswork.engine.threads import limited_to
from glasswork.errors import StateError
from glasswork.nn import MLP, BatchNorm, Loss
from glasswork.nn.random_layer import RandomLayer
from glasswork.optim import Average, Optimizer

#: A step uses one thread for each this many multiplications.
WORTH_A_PART = 4_000_000

#: Images that are distorted before the steps on them, to limit memory.
DISTORTED_AT_ONCE = 2048


@dataclass(frozen=True)
class Chunk:
    """A few batches: rows of images, and their labels or targets.

    Attributes
    ----------
    images : (N, features) uint8, float32 or float64
        The images of the whole dataset, contiguous.
    order : (steps * size,) int64
        Rows of the images, batch after batch.
    size : int
        Images in a batch.
    labels : (N,) int64, optional
    targets : (N, classes), optional
        In the network's dtype, if there are no labels.
    weights : (N,) float64, optional
        Of the images' losses.
    """

    images: NDArray[Any]
    order: NDArray[np.int64]
    size: int
    labels: NDArray[np.int64] | None = None
    targets: FloatArray | None = None
    weights: FloatArray | None = None


class CompiledEngine:
    """Does the steps of a training in machine code.

    Parameters
    ----------
    model, optimizer, criterion, average
        As for `NumpyEngine`; each with a kernel, see `glasswork.training.engines`.
    threads : int, optional
        Parts that the work is divided into; by default as many as it can keep busy, and at most one per core. One
        thread does all parts if Numba has no OpenMP, in a forked process (where OpenMP does not work), and while other
        programs keep the cores busy; see `glasswork.engine.compiled.pace`.
    say : callable, optional
        Called with a line of text if the kernels have to be compiled first.
    """

    name = "compiled"

    def __init__(
        self,
        model: MLP,
        optimizer: Optimizer,
        criterion: Loss,
        average: Average | None = None,
        threads: int | None = None,
        say: Callable[[str], object] | None = None,
    ) -> None:
        self.model, self.optimizer, self.criterion, self.average = model, optimizer, criterion, average
        self.threads = threads
        self._plan: Plan | None = None
        self._pace = Pace(can_share=False)
        load_kernels(model.dtype, say)

    #: Why a combination cannot run compiled, or None; see `glasswork.engine.compiled.table.reasons`.
    reasons = staticmethod(reasons)

    def batches(self, loader: Loader, most: Callable[[], int]) -> Iterator[Chunk]:
        """Yield the rest of an epoch in chunks; the next one has at most ``most()`` batches."""
        self._plan = None  # layers may have been replaced
        if (why := why_no_kernel(self.model)) is not None:
            raise StateError(f"the compiled engine: {why}, since the training began; train with the engine 'numpy'")
        check_loader(loader)
        if type(loader) is Batches and self._reads(loader):
            yield from self._chunks(loader, most)
        else:
            for X_batch, y_batch, *given in checked(loader, self.model, learning=True):
                x = np.ascontiguousarray(self.model.prepare(X_batch))
                like = np.empty((len(x), self.model.out_features), self.model.dtype)
                targets = np.ascontiguousarray(targets_of(y_batch, like), self.model.dtype)
                self._plan_for(max(len(x), getattr(loader, "batch_size", 0)))  # the first batch may be a short one
                self._pace.next_call()
                weights = check_weights(given[0], len(x)) if given else None
                yield Chunk(x, np.arange(len(x)), len(x), targets=targets, weights=weights)

    def _reads(self, loader: Batches) -> bool:
        """Return whether the kernel can read the loader's images itself, or those that it distorts."""
        in_memory = (
            isinstance(loader.images, np.ndarray)
            and loader.images.dtype in SOURCES
            and loader.images.flags.c_contiguous
        )
        return (
            (in_memory or loader.augment is not None)
            and loader.images.shape[1] == self.model.in_features
            and (loader.has_targets or loader.classes > 1)
            and (loader.classes, loader.dtype) == (self.model.out_features, self.model.dtype)
        )

    def _chunks(self, loader: Batches, most: Callable[[], int]) -> Iterator[Chunk]:
        epoch, batch = loader.begin()
        order, size = np.ascontiguousarray(loader.order(epoch), np.int64), loader.batch_size
        check_lengths("Batches", loader.images, loader.labels)  # the kernel does not check row numbers and labels
        labels = targets = None
        if loader.has_targets:
            targets = np.ascontiguousarray(loader.labels, self.model.dtype)
        else:
            labels = np.ascontiguousarray(check_labels(loader.labels, loader.classes), np.int64)
        first = np.empty((0, 0)) if loader.pixels else loader.images[order[:size]]
        check_inputs(self.model, loader.inputs, first, learning=True)
        self._plan_for(size)
        at_once = NO_LIMIT if loader.augment is None else max(1, DISTORTED_AT_ONCE // size)
        while batch < len(loader):
            whole = (len(order) - batch * size) // size
            count = min(most(), at_once, self._pace.next_call(), max(1, whole))
            rows = order[batch * size : (batch + count) * size]
            chunk = Chunk(loader.images, rows, min(size, len(rows)), labels, targets, loader.weights)
            yield chunk if loader.augment is None else self._distorted(chunk, loader, epoch)
            batch += count

    def _distorted(self, chunk: Chunk, loader: Batches, epoch: int) -> Chunk:
        """Return a chunk with its images distorted, as a small dataset of its own."""
        rows = chunk.order
        parts = 1 if self._pace.alone else int(self._plan_for(chunk.size).run["parts"][0])
        images = loader.distorted(rows, epoch, sampler(parts, loader.dtype))
        return Chunk(
            images,
            np.arange(len(rows)),
            chunk.size,
            labels=None if chunk.labels is None else chunk.labels[rows],
            targets=None if chunk.targets is None else chunk.targets[rows],
            weights=None if chunk.weights is None else chunk.weights[rows],
        )

    def step(self, batch: Chunk) -> Outcome:
        """Do the steps of a chunk, up to one whose loss is infinite or NaN."""
        plan = self._plan_for(batch.size)
        model, optimizer, average = self.model, self.optimizer, self.average
        count = len(batch.order) // batch.size
        if average is not None:
            average.hide()
        plan.set_rule(optimizer)
        plan.set_positions(model.layers)
        plan.set_batch(
            batch.images, batch.order, batch.size, labels=batch.labels, targets=batch.targets, weights=batch.weights
        )
        losses = np.empty(count)
        rates = np.array([optimizer.rate(optimizer.steps + i) for i in range(count)])
        shares = np.array([0.0 if average is None else average.share(average.steps + 1 + i) for i in range(count)])
        start = time.perf_counter()
        plan.run["alone"] = self._pace.alone
        with limited_to(1), threads_for(int(plan.run["parts"][0])):
            begun = steps(plan.layers, plan.run, rates, shares, losses)
        self._pace.note((time.perf_counter() - start) / begun)
        done = begun if math.isfinite(losses[begun - 1]) else begun - 1
        if done:
            optimizer.lr = float(rates[done - 1])
        optimizer.steps += done
        if average is not None:
            average.steps += done
        for layer in model.layers:
            if isinstance(layer, RandomLayer):
                step, row = layer.known_position()
                layer.set_position(step + begun - 1, row)
        return Outcome(losses[:begun], np.full(begun, batch.size))

    def scores(self, x: Any) -> FloatArray:
        """Return the model's scores for a batch, in evaluation mode."""
        from glasswork.engine.compiled.forward import compiled_forward

        return compiled_forward(self.model, self.model.prepare(x))

    def _plan_for(self, size: int) -> Plan:
        """Return a plan for batches of this size."""
        layers = self.model.layers
        for layer in layers:
            if isinstance(layer, BatchNorm):
                layer.check_batch(size)
        if self._plan is None or self._plan.batch < size:
            parts = self.threads or parts_for(self.model, size)
            shares = parts > 1 and can_share()
            if self._pace.can_share != shares:
                self._pace = Pace(can_share=shares)
            self._plan = Plan(layers, self.model.in_features, self.model.dtype, batch=size, parts=parts)
            self._plan.set_training(layers, self.optimizer, self.criterion, self.average)
        return self._plan


def parts_for(model: Model, batch_size: int) -> int:
    """Return how many parts a step is divided into: as many as are worth a thread, and at most one per core."""
    return max(1, min(cores(), 3 * batch_size * weights_of(model) // WORTH_A_PART))
