"""A plan: the tables of a network, its optimiser and its loss from which the kernels work, and the memory they use.

model.layers ──► layers: where is each array, what may overwrite what        weights, moments: the objects' own
optimizer    ──► updates, run                                                activations, gradients: the plan's
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glasswork.arrays import FloatArray
from glasswork.engine.compiled.native import gemm_address
from glasswork.engine.compiled.program import Operation, program
from glasswork.engine.compiled.records import APART, BLOCK, FEWEST_ROWS, LAYER, OPERATION, RUN, STAGE, UPDATE
from glasswork.engine.compiled.step import work_function
from glasswork.engine.compiled.table import LAYER_KERNELS, LOSS_KERNELS, Kind, LayerKernel, Role, Source, rule_of
from glasswork.errors import StateError
from glasswork.nn import BatchNorm, CrossEntropyLoss, Dropout, GaussianNoise, Layer, LeakyReLU, Linear, Loss, Scale
from glasswork.nn.dropout import dropped_parts
from glasswork.nn.random_layer import RandomLayer
from glasswork.optim import SGD, Adam, Average, Optimizer, RMSprop

#: Numbers are aligned to the lines of the cache.
_LINE = 64

#: The fields of a layer's row that hold the arrays of batch normalisation.
BATCH_NORM_ARRAYS = {
    "weight": "gamma", "bias": "beta", "grad_weight": "grad_gamma", "grad_bias": "grad_beta",
    "running_mean": "running_mean", "running_variance": "running_variance",
}  # fmt: skip

SOURCES = {np.dtype(np.uint8): Source.BYTES, np.dtype(np.float32): Source.FLOAT32, np.dtype(np.float64): Source.FLOAT64}


def address(array: NDArray[Any]) -> int:
    """Return the address of an array's first number; kernels go on from there, row by row.

    Raises
    ------
    StateError
        If the array is not stored row by row.
    """
    if not (array.flags.c_contiguous and array.flags.aligned):
        raise StateError(
            f"the compiled engine: expected an array of shape {array.shape} to be stored row by row, got strides "
            f"{array.strides}; copy it with numpy.ascontiguousarray, or train with the engine 'numpy'"
        )
    return int(array.__array_interface__["data"][0])


def address_of(array: NDArray[Any], shape: tuple[int, ...], dtype: Any) -> int:
    """Check that an array is what a kernel will read, and return its address.

    Raises
    ------
    StateError
        If the array has another shape or dtype, or is not stored row by row.
    """
    if array.shape != shape or array.dtype != dtype:
        raise StateError(
            f"the compiled engine: expected an array of {dtype} of shape {shape}, got {array.dtype} of shape "
            f"{array.shape}; write into the network's and the optimizer's arrays with [...] = instead of replacing them"
        )
    return address(array)


class Plan:
    """The tables of a network's layers, and memory for batches up to a size.

    Parameters
    ----------
    layers : sequence of Layer
        Each with a kernel.
    features : int
        Numbers in an image.
    dtype : data type
    batch : int
        Images in the largest batch.
    parts : int
        The number of parts that a step is divided into.

    Attributes
    ----------
    layers, operations, stages, updates, run : structured arrays
        See `glasswork.engine.compiled.records`; operations, stages and updates come with `set_training`.
    """

    def __init__(self, layers: Sequence[Layer], features: int, dtype: np.dtype[Any], *, batch: int, parts: int) -> None:
        self.batch, self.dtype = batch, dtype
        self._memory: list[NDArray[Any]] = []  # keeps the arrays alive whose addresses are in the tables
        self.layers = np.zeros(len(layers), LAYER)
        self.updates = np.zeros(0, UPDATE)
        self.run = np.zeros(1, RUN)
        self._set_layers(layers, features)
        scratch = max(BLOCK, FEWEST_ROWS * self._widest, self._words_length * 2)
        self._set(
            work=work_function(str(dtype)).address,
            layers=address(self.layers),
            layer_count=len(layers),
            parts=parts,
            alone=parts == 1,
            gemm=gemm_address(dtype),
            features=features,
            classes=self._width,
            targets=self._new(batch * self._width),
            scratch=self._new(parts * scratch),
            scratch_length=scratch,
            words=self._new(parts * self._words_length, np.uint64),
            words_length=self._words_length,
            sums=self._new(APART * parts, np.float64),
        )

    def _set(self, **settings: Any) -> None:
        for name, value in settings.items():
            self.run[name] = value

    def _new(self, size: int, dtype: Any = None) -> int:
        """Return the address of new memory for this many numbers."""
        dtype = np.dtype(dtype or self.dtype)
        memory = np.zeros(size * dtype.itemsize + _LINE, np.uint8)
        self._memory.append(memory)
        return -(-address(memory) // _LINE) * _LINE

    def _set_layers(self, layers: Sequence[Layer], features: int) -> None:
        """Fill the table of layers: forward to place the outputs, then backward to place the gradients."""
        width = self._widest = features
        self._words_length = 4
        x = self._new(self.batch * width)
        self._set(x=x)
        before: LayerKernel | None = None
        for row, layer in zip(self.layers, layers, strict=True):
            kernel = LAYER_KERNELS[type(layer)]
            outputs = layer.out_features or width
            overwrites = kernel.in_place and not (before and before.needs_output)
            y = x if overwrites else self._new(self.batch * outputs)
            row["kind"], row["inputs"], row["outputs"], row["x"], row["y"] = kernel.kind, width, outputs, x, y
            self._set_arrays(row, layer)
            x, width, before = y, outputs, kernel
            self._widest = max(self._widest, width)
            if isinstance(layer, RandomLayer):
                self._words_length = max(self._words_length, 4 * layer.blocks(width))
        self._width = width
        gradient = self._new(self.batch * width)
        self._set(scores=x, grad_scores=gradient)
        for row in self.layers[::-1]:
            row["dy"] = gradient
            if row["kind"] == Kind.LINEAR:
                gradient = self._new(self.batch * int(row["inputs"]))
            row["dx"] = gradient

    def _set_program(self, stages: Sequence[Sequence[Operation]]) -> None:
        """Fill the tables of operations and of stages."""
        ends = np.cumsum([len(stage) for stage in stages])
        self.operations = np.array([operation for stage in stages for operation in stage], OPERATION)
        self.stages = np.array(list(zip([0, *ends[:-1]], ends, strict=True)), STAGE)
        self._set(operations=address(self.operations), stages=address(self.stages), stage_count=len(stages))

    def _set_arrays(self, row: Any, layer: Layer) -> None:
        """Fill the fields that only some kinds of layers have."""
        inputs, outputs = int(row["inputs"]), int(row["outputs"])
        if isinstance(layer, Linear):
            for name in ("weight", "grad_weight"):
                row[name] = address_of(getattr(layer, name), (inputs, outputs), self.dtype)
            for name in ("bias", "grad_bias"):
                row[name] = address_of(getattr(layer, name), (outputs,), self.dtype)
            row["divides_bias"] = layer.bias_grad == "mean"
        elif isinstance(layer, BatchNorm):
            for column, name in BATCH_NORM_ARRAYS.items():
                row[column] = address_of(getattr(layer, name), (outputs,), self.dtype)
            row["mean"], row["scale"] = self._new(layer.features), self._new(layer.features)
            row["constant"] = layer.momentum
        elif isinstance(layer, Dropout):
            row["mask"], row["constant"] = self._new(self.batch * int(row["outputs"])), dropped_parts(layer.p)
        elif isinstance(layer, GaussianNoise):
            row["constant"] = layer.std
        elif isinstance(layer, Scale):
            row["constant"], row["factor"] = layer.offset, 1 / layer.spread
        elif isinstance(layer, LeakyReLU):
            row["constant"] = layer.slope
        if isinstance(layer, RandomLayer):
            row["seed"], row["index"] = layer.seed, layer.index

    def set_training(
        self, layers: Sequence[Layer], optimizer: Optimizer, criterion: Loss, average: Average | None
    ) -> None:
        """Fill the tables of operations and updates; updates have one row for each array that a step changes."""
        trained = next((i for i, layer in enumerate(layers) if layer.parameters()), len(layers))
        parts = int(self.run["parts"][0])
        self._set_program(program(self.layers, batch=self.batch, parts=parts, trained=trained))
        averages = {} if average is None else dict(zip(map(address, average.arrays), average.averages, strict=True))
        moments = list(optimizer.moments().values())
        count = len(optimizer.params)
        owners = {
            address(array): (
                i,
                Role.NORM if isinstance(layer, BatchNorm) else (Role.WEIGHT, Role.BIAS)[array.ndim == 1],
            )
            for i, layer in enumerate(layers)
            for array in layer.parameters()
        }
        rows = []
        for i, (parameter, gradient) in enumerate(zip(optimizer.params, optimizer.grads, strict=True)):
            owner, role = owners[address(parameter)]
            first, second = (
                address_of(moments[j], parameter.shape, self.dtype) if j < len(moments) else 0 for j in (i, count + i)
            )
            kept = averages.pop(address(parameter), None)
            rows.append(self._update(role, owner, parameter, gradient, first, second, kept))
        arrays = {address(array): array for array in average.arrays} if average is not None else {}
        rows += [self._update(Role.STATISTIC, 0, arrays[at], arrays[at], 0, 0, kept) for at, kept in averages.items()]
        self.updates = np.array(rows, UPDATE)
        self._set(updates=address(self.updates), update_count=len(rows))
        self._set(loss=LOSS_KERNELS[type(criterion)], averages=average is not None)
        if isinstance(criterion, CrossEntropyLoss):
            self._set(smoothing=criterion.label_smoothing)

    def _update(
        self, role: Role, owner: int, array: FloatArray, gradient: FloatArray, first: int, second: int, kept: Any
    ) -> tuple[int, ...]:
        rows, columns = array.shape if array.ndim > 1 else (array.size, 1)
        return (
            role, owner, rows, columns, array.ndim > 1, address(array), address_of(gradient, array.shape, self.dtype),
            first, second, 0 if kept is None else address_of(kept, array.shape, self.dtype),
        )  # fmt: skip

    def set_rule(self, optimizer: Optimizer) -> None:
        """Store the optimiser's settings, which may change between two calls, and its count of steps."""
        self._set(
            rule=rule_of(optimizer),
            decay=optimizer.weight_decay,
            clip_norm=optimizer.clip_norm or 0.0,
            max_norm=optimizer.max_norm or 0.0,
            steps=optimizer.steps,
        )
        if isinstance(optimizer, SGD):
            self._set(momentum=optimizer.momentum)
        elif isinstance(optimizer, RMSprop):
            self._set(beta2=optimizer.alpha, epsilon=optimizer.eps)
        elif isinstance(optimizer, Adam):
            self._set(beta1=optimizer.beta1, beta2=optimizer.beta2, epsilon=optimizer.eps)

    def set_positions(self, layers: Sequence[Layer]) -> None:
        """Store the step and row that each random layer draws for next, and dropout's probability, which may change."""
        for row, layer in zip(self.layers, layers, strict=True):
            if isinstance(layer, RandomLayer):
                row["step"], row["row"] = layer.known_position()
            if isinstance(layer, Dropout):
                row["constant"] = dropped_parts(layer.p)

    def set_batch(
        self,
        images: NDArray[Any],
        order: NDArray[np.int64],
        size: int,
        *,
        labels: NDArray[np.int64] | None = None,
        targets: FloatArray | None = None,
        weights: FloatArray | None = None,
    ) -> None:
        """Store the addresses of images, their order, labels or targets, and weights; ``size`` images make a batch.

        The caller must check once per epoch that the rows of the order and the labels are valid.
        """
        n = len(images)
        self._set(
            images=address_of(images, (n, int(self.run["features"][0])), images.dtype),
            source=SOURCES[images.dtype],
            order=address_of(order, order.shape, np.int64),
            batch=size,
            labels=0 if labels is None else address_of(labels, (n,), np.int64),
            given_targets=0 if targets is None else address_of(targets, (n, self._width), self.dtype),
            weights=0 if weights is None else address_of(weights, (n,), np.float64),
        )
