"""Which layer, loss and rule has a kernel. What is not in these tables runs in NumPy.

The compiled engine computes what a class of ours computes. A subclass may compute something else, so the tables are
asked for the very class of an object.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from glasswork.nn import (
    GELU,
    BatchNorm,
    CrossEntropyLoss,
    Dropout,
    GaussianNoise,
    Identity,
    Layer,
    LeakyReLU,
    Linear,
    Loss,
    MSELoss,
    ReLU,
    Scale,
    Sigmoid,
    SiLU,
    Tanh,
)
from glasswork.optim import SGD, Adam, AdamW, Optimizer, RMSprop


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


@dataclass(frozen=True)
class LayerKernel:
    """How the kernel of a layer uses memory.

    Attributes
    ----------
    kind : Kind
    needs_input, needs_output : bool
        Whether its backward reads them, so that the next layer must not overwrite them.
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

LOSS_KERNELS: dict[type[Loss], LossKind] = {MSELoss: LossKind.MSE, CrossEntropyLoss: LossKind.CROSS_ENTROPY}

#: SGD has three, by its settings: see `rule_of`.
RULE_KERNELS: dict[type[Optimizer], Rule] = {
    SGD: Rule.SGD, RMSprop: Rule.RMSPROP, Adam: Rule.ADAM, AdamW: Rule.ADAMW
}  # fmt: skip


def rule_of(optimizer: Optimizer) -> Rule:
    """Return the rule of an optimiser that has a kernel."""
    if isinstance(optimizer, SGD) and optimizer.momentum:
        return Rule.NESTEROV if optimizer.nesterov else Rule.MOMENTUM
    return RULE_KERNELS[type(optimizer)]


class Role(IntEnum):
    """What an array that a step changes is, for the kernel."""

    WEIGHT = 0
    BIAS = 1
    NORM = 2  # batch normalisation's gamma or beta: their gradients come with the statistics
    STATISTIC = 3  # not trained, only averaged


class Source(IntEnum):
    """What the images are, for the kernel."""

    BYTES = 0  # pixels, to be normalised
    FLOAT32 = 1
    FLOAT64 = 2
