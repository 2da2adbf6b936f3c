"""Program: what a network computes in evaluation, as a few plain steps that any language can write down.

raw numbers ──fill──► (x - offset) * factor ──► Dense ──► Activation ──► ... ──► scores ──► probabilities

Every export is written from these steps. Layers that act only in training are left out, and a batch normalisation
behind a Linear layer becomes part of its weights.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from glasswork.interop.translation import check_layers
from glasswork.nn import (
    GELU,
    MLP,
    BatchNorm,
    Dropout,
    GaussianNoise,
    Identity,
    Layer,
    LeakyReLU,
    Linear,
    ReLU,
    Scale,
    Sigmoid,
    SiLU,
    Tanh,
)
from glasswork.nn.batchnorm import EPSILON
from glasswork.nn.scores import ScoresAre


@dataclass(frozen=True, eq=False)
class Dense:
    """``weight @ x + bias``, with weights as ``(out, in)``."""

    weight: NDArray[np.float64]
    bias: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Stretch:
    """``x * factor + shift``, number by number."""

    factor: NDArray[np.float64]
    shift: NDArray[np.float64]


@dataclass(frozen=True)
class Activation:
    """A function of one number, by the name of its layer's kind."""

    kind: str
    slope: float = 0.0


Step: TypeAlias = Dense | Stretch | Activation


@dataclass(frozen=True, eq=False)
class Program:
    """A network's steps, and what surrounds them.

    Attributes
    ----------
    model : MLP
    steps : list of Dense, Stretch and Activation
        From prepared numbers to scores; arrays in float64.
    fill : (in_features,) or None
        What a missing number, NaN, becomes.
    offset, factor : (in_features,), or None
        The first step gets ``(x - offset) * factor``; None where raw numbers are taken as they are.
    scores_are : {"logits", "probabilities"}
    classes : tuple of str
    """

    model: MLP
    steps: list[Step]
    fill: NDArray[np.float64] | None
    offset: NDArray[np.float64] | None
    factor: NDArray[np.float64] | None
    scores_are: ScoresAre
    classes: tuple[str, ...]

    @property
    def in_features(self) -> int:
        """Numbers in a row."""
        return self.model.in_features

    @property
    def out_features(self) -> int:
        """Scores of a row."""
        return self.model.out_features

    @property
    def takes(self) -> str:
        """What the raw numbers are, in a few words."""
        return str(self.model.inputs or "numbers, as the first layer takes them")


def program_of(model: MLP, *, who: str) -> Program:
    """Return what a network computes as a program.

    Parameters
    ----------
    model : MLP
    who : str
        The function that an error message names.

    Raises
    ------
    InputError
        If a layer is not one of glasswork's.
    """
    check_layers(model, _STEPS, target=who)
    steps: list[Step] = []
    for layer in model.layers:
        step = _STEPS[type(layer)](layer)
        before = steps[-1] if steps else None
        if isinstance(step, Stretch) and isinstance(before, Dense):
            steps.pop()
            step = Dense(before.weight * step.factor[:, np.newaxis], before.bias * step.factor + step.shift)
        if step is not None:
            steps.append(step)
    width = model.in_features
    for k, step in enumerate(steps):  # a Scale has one number for all, which languages without broadcasting lack
        if isinstance(step, Stretch):
            steps[k] = replace(
                step, factor=np.broadcast_to(step.factor, width), shift=np.broadcast_to(step.shift, width)
            )
        width = len(step.bias) if isinstance(step, Dense) else width
    return Program(model, steps, *_preparation(model), model.scores_are, model.classes)


def _preparation(
    model: MLP,
) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None, NDArray[np.float64] | None]:
    """Return fill, offset and factor of raw numbers."""
    inputs = model.inputs
    if inputs is None or not inputs.scales:
        return None, None, None
    if inputs.features is None:
        return None, np.full(model.in_features, inputs.offset), np.full(model.in_features, inputs.factor)
    fill = inputs.features.missing
    return (
        None if fill is None else np.array(fill),
        np.array(inputs.features.centre),
        1 / np.array(inputs.features.spread),
    )


def _linear(layer: Any) -> Step:
    return Dense(np.array(layer.weight.T, np.float64, order="C"), np.array(layer.bias, np.float64))


def _batch_norm(layer: Any) -> Step:
    factor = layer.gamma / np.sqrt(layer.running_variance.astype(np.float64) + EPSILON)
    return Stretch(factor, layer.beta - layer.running_mean * factor)


def _scale(layer: Any) -> Step:
    return Stretch(np.array([1 / layer.spread]), np.array([-layer.offset / layer.spread]))


def _activation(layer: Any) -> Step:
    return Activation(str(layer.kind), float(getattr(layer, "slope", 0.0)))


def _nothing(layer: Any) -> None:
    return None


#: The step of each layer; a new layer is one line here, and one in each language.
_STEPS: dict[type[Layer], Callable[[Any], Step | None]] = {
    Linear: _linear,
    BatchNorm: _batch_norm,
    Scale: _scale,
    **dict.fromkeys((Sigmoid, Tanh, ReLU, LeakyReLU, SiLU, GELU), _activation),
    **dict.fromkeys((Identity, Dropout, GaussianNoise), _nothing),
}
