"""Which layers, losses and rules have a kernel. Anything that is not in these tables runs in NumPy.

The compiled engine computes what glasswork's own classes compute. A subclass may compute something else, so the tables
are searched for the exact class of an object.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np

from glasswork.nn import (
    GELU,
    MLP,
    BatchNorm,
    BinaryCrossEntropyLoss,
    CrossEntropyLoss,
    Dropout,
    GaussianNoise,
    Identity,
    Layer,
    LeakyReLU,
    Linear,
    Loss,
    MSELoss,
    PoissonLoss,
    ReLU,
    Scale,
    Sigmoid,
    SiLU,
    Tanh,
)
from glasswork.optim import SGD, Adam, AdamW, Average, Optimizer, RMSprop


class Kind(IntEnum):
    """The kinds of layers, for the kernel."""

    LINEAR = 0
    BATCH_NORM = 1
    DROPOUT = 2
    NOISE = 3
    SCALE = 4
    SIGMOID = 5
    TANH = 6
    RELU = 7
    LEAKY_RELU = 8
    SILU = 9
    GELU = 10
    IDENTITY = 11


class Rule(IntEnum):
    """The optimisers' rules, for the kernel."""

    SGD = 0
    MOMENTUM = 1
    NESTEROV = 2
    RMSPROP = 3
    ADAM = 4
    ADAMW = 5


class LossKind(IntEnum):
    """The losses, for the kernel."""

    MSE = 0
    CROSS_ENTROPY = 1
    BINARY_CROSS_ENTROPY = 2
    POISSON = 3


@dataclass(frozen=True)
class LayerKernel:
    """How the kernel of a layer uses memory.

    Attributes
    ----------
    kind : Kind
    needs_input, needs_output : bool
        Whether the layer's backward reads them, so that the next layer must not overwrite them.
    """

    kind: Kind
    needs_input: bool = False
    needs_output: bool = False

    @property
    def in_place(self) -> bool:
        """Whether the output may be written over the input."""
        return not self.needs_input and self.kind not in (Kind.LINEAR, Kind.DROPOUT)


LAYER_KERNELS: dict[type[Layer], LayerKernel] = {
    Linear: LayerKernel(Kind.LINEAR, needs_input=True),
    BatchNorm: LayerKernel(Kind.BATCH_NORM, needs_input=True),
    Dropout: LayerKernel(Kind.DROPOUT),
    GaussianNoise: LayerKernel(Kind.NOISE),
    Scale: LayerKernel(Kind.SCALE),
    Sigmoid: LayerKernel(Kind.SIGMOID, needs_output=True),
    Tanh: LayerKernel(Kind.TANH, needs_output=True),
    ReLU: LayerKernel(Kind.RELU, needs_output=True),
    LeakyReLU: LayerKernel(Kind.LEAKY_RELU, needs_output=True),
    SiLU: LayerKernel(Kind.SILU, needs_input=True),
    GELU: LayerKernel(Kind.GELU, needs_input=True),
    Identity: LayerKernel(Kind.IDENTITY),
}

LOSS_KERNELS: dict[type[Loss], LossKind] = {
    MSELoss: LossKind.MSE,
    CrossEntropyLoss: LossKind.CROSS_ENTROPY,
    BinaryCrossEntropyLoss: LossKind.BINARY_CROSS_ENTROPY,
    PoissonLoss: LossKind.POISSON,
}

#: SGD has three rules, depending on its settings: see `rule_of`.
RULE_KERNELS: dict[type[Optimizer], Rule] = {
    SGD: Rule.SGD, RMSprop: Rule.RMSPROP, Adam: Rule.ADAM, AdamW: Rule.ADAMW
}  # fmt: skip


def is_plain(thing: object) -> bool:
    """Return whether no method of an object was replaced on the object itself."""
    return not any(
        callable(value) and callable(getattr(type(thing), name, None)) for name, value in vars(thing).items()
    )


def reasons(model: Any, optimizer: Any, criterion: Any, average: Any = None, loader: Any = None) -> str | None:
    """Return why this combination cannot run compiled, in a few words; None if it can.

    Any loader can be used: the kernel itself reads `Batches` of an array in memory; others are read batch by batch.
    """
    return (
        why_no_forward(model)
        or _about("the loss", criterion, LOSS_KERNELS)
        or _about("the optimiser", optimizer, RULE_KERNELS)
        or _about_arrays(model, optimizer, average)
    )


def why_no_forward(model: Any) -> str | None:
    """Return why a network's forward cannot run compiled, in a few words; None if it can."""
    return why_no_kernel(model) or _about_storage(model.state())


def why_no_kernel(model: Any) -> str | None:
    """Return which part of a network has no kernel, in a few words; None if all have one."""
    if type(model) is not MLP or not is_plain(model):
        return f"{type(model).__name__} is a network of its own kind"
    if model.dtype not in (np.float32, np.float64):
        return f"{model.dtype} has no kernels, only float32 and float64 have"
    if not model.in_features:
        return f"the layers of {model} do not determine how many numbers an image has"
    for name, layer in model.named_layers.items():
        if (problem := _about(name, layer, LAYER_KERNELS)) is not None:
            return problem
    return None


def _about_storage(arrays: Mapping[str, Any]) -> str | None:
    """Return the array that the kernels cannot read, because they go row by row from its address."""
    for name, array in arrays.items():
        if not (array.flags.c_contiguous and array.flags.aligned):
            return f"{name} is not stored row by row"
    return None


def _about(what: str, thing: Any, kernels: Mapping[Any, object]) -> str | None:
    if type(thing) not in kernels:
        return f"{what}, {thing}, has no kernel"
    return None if is_plain(thing) else f"{what}, {thing}, has a method of its own"


def _about_arrays(model: Any, optimizer: Any, average: Any) -> str | None:
    """Return what is wrong with the arrays: the model must own those that are trained and averaged."""
    own = {id(parameter): gradient for parameter, gradient in zip(model.parameters(), model.gradients(), strict=True)}
    if any(own.get(id(p)) is not g for p, g in zip(optimizer.params, optimizer.grads, strict=True)):
        return "the optimiser holds other arrays than the model's"
    if len({id(p) for p in optimizer.params}) < len(optimizer.params):
        return "the optimiser holds an array twice"
    kept = {f"gradient {i}": gradient for i, gradient in enumerate(model.gradients())} | optimizer.moments()
    if (problem := _about_storage(kept)) is not None:
        return problem
    if average is not None:
        if type(average) is not Average or not is_plain(average):
            return f"{type(average).__name__} is an average of its own kind"
        states = {id(array) for array in model.state().values()}
        if any(id(array) not in states for array in average.arrays):
            return "the average holds other arrays than the model's"
    return None


def rule_of(optimizer: Optimizer) -> Rule:
    """Return the rule of an optimiser that has a kernel."""
    if isinstance(optimizer, SGD) and optimizer.momentum:
        return Rule.NESTEROV if optimizer.nesterov else Rule.MOMENTUM
    return RULE_KERNELS[type(optimizer)]


class Role(IntEnum):
    """The role of an array that a step changes, for the kernel."""

    WEIGHT = 0
    BIAS = 1
    NORM = 2  # batch normalisation's gamma or beta: their gradients come with the statistics
    STATISTIC = 3  # not trained, only averaged


class Source(IntEnum):
    """The kind of the images, for the kernel."""

    BYTES = 0  # pixels, to be normalised
    FLOAT32 = 1
    FLOAT64 = 2
