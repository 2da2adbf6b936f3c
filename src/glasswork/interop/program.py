"""Program: what a network computes in evaluation, as a few plain steps that any language can write down.

raw numbers ──fill──► (x - offset) * factor ──► Dense ──► Activation ──► ... ──► scores ──► probabilities

Every export is written from these steps, and every import is read into them. Layers that act only in training are left
out, and numbers that stretch a layer of weights become part of its weights.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from glasswork.interop.translation import check_layers
from glasswork.models.committee import Committee
from glasswork.nn import MLP, Layer, Scale
from glasswork.nn.batchnorm import EPSILON


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


@dataclass(frozen=True, eq=False)
class Norm:
    """A batch normalisation that is read, and stays a layer of its own."""

    gamma: NDArray[np.float64]
    beta: NDArray[np.float64]
    mean: NDArray[np.float64]
    variance: NDArray[np.float64]


Step: TypeAlias = Dense | Stretch | Activation | Norm


def folded(steps: Iterable[Step]) -> list[Step]:
    """Return steps in which stretches are part of the weights before or behind them, where there are any."""
    found: list[Step] = []
    for step in steps:
        before = found[-1] if found else None
        if isinstance(step, Stretch) and isinstance(before, Dense):
            found[-1] = Dense(before.weight * step.factor[:, np.newaxis], before.bias * step.factor + step.shift)
        elif isinstance(step, Stretch) and isinstance(before, Stretch):
            found[-1] = Stretch(before.factor * step.factor, before.shift * step.factor + step.shift)
        elif isinstance(step, Dense) and isinstance(before, Stretch):
            shift = step.weight @ np.broadcast_to(before.shift, step.weight.shape[1])
            found[-1] = Dense(step.weight * before.factor, step.bias + shift)
        else:
            found.append(step)
    return found


@dataclass(frozen=True, eq=False)
class Program:
    """A network's steps, and what surrounds them.

    Attributes
    ----------
    model : MLP
    data : mapping
        The settings of the recipe's data, if they are known.
    steps : list of Dense, Stretch and Activation
        From prepared numbers to scores; arrays in float64. A stretch may be one number for all.
    fill : (in_features,) or None
        What a missing number, NaN, becomes.
    offset, factor : (in_features,), or (1,) for one number for all, or None
        The first step gets ``(x - offset) * factor``; None where raw numbers are taken as they are.
    members : tuple of Program
        Of a committee, in place of steps: each goes from the prepared numbers to scores; the mean of their
        probabilities is the committee's.
    """

    model: MLP
    data: Mapping[str, Any]
    steps: list[Step]
    fill: NDArray[np.float64] | None = None
    offset: NDArray[np.float64] | None = None
    factor: NDArray[np.float64] | None = None
    members: tuple[Program, ...] = ()

    @property
    def takes(self) -> str:
        """What the raw numbers are, and how they are scaled, in a few words."""
        inputs, first = self.model.inputs, self.model.layers[0]
        if inputs is not None and isinstance(first, Scale) and inputs.features is None:
            offset, factor = inputs.offset + first.offset / inputs.factor, inputs.factor / first.spread
            inputs = replace(inputs, offset=offset, factor=factor)
        return str(inputs or "numbers, as the first layer takes them")

    @property
    def columns(self) -> list[str]:
        """Lines that name the columns of a table of features in their order; none for pixels."""
        inputs = self.model.inputs
        if inputs is None or inputs.kind != "features" or inputs.columns is None:
            return []
        return textwrap.wrap(f"Columns in this order: {', '.join(inputs.columns)}.", 110)

    def facts(self) -> dict[str, str]:
        """Return what a file can state of scores, classes, inputs and data; lists and numbers as JSON."""
        inputs, words = self.model.inputs, dict[str, Any]()
        words["classes"] = self.model.classes
        if inputs is not None:
            words |= {"inputs": asdict(inputs), "shape": inputs.shape, "columns": inputs.columns}
        words["data"] = dict(self.data) or None
        texts = {k: json.dumps(word, ensure_ascii=False) for k, word in words.items() if word is not None}
        how = "not known" if inputs is None else f"{inputs.formula}; trained on {inputs}"
        return {"scores": self.model.scores_are, "preprocessing": how, **texts}


def program_of(model: MLP, *, who: str, data: Mapping[str, Any] | None = None) -> Program:
    """Return what a network of glasswork's layers computes; ``who`` is the function that an error message names."""
    if isinstance(model, Committee):
        members = (program_of(member, who=who) for member in model.members)
        bare = tuple(replace(member, fill=None, offset=None, factor=None) for member in members)
        program = Program(model, data or {}, [], members=bare)
    else:
        check_layers(model, target=who)
        program = Program(model, data or {}, folded(step for layer in model.layers for step in _steps(layer)))
    inputs = model.inputs
    if inputs is None or not inputs.scales:
        return program
    if inputs.features is None:
        return replace(program, offset=np.array([inputs.offset]), factor=np.array([inputs.factor]))
    fill = inputs.features.missing
    return replace(
        program,
        fill=None if fill is None else np.array(fill),
        offset=np.array(inputs.features.centre),
        factor=1 / np.array(inputs.features.spread),
    )


def _steps(layer: Any) -> Iterable[Step]:
    """Return the step of a layer that does anything in evaluation; a new kind is a line here and in each language."""
    if layer.kind == "linear":
        yield Dense(np.array(layer.weight.T, np.float64, order="C"), np.array(layer.bias, np.float64))
    elif layer.kind == "batch-norm":
        factor = layer.gamma / np.sqrt(layer.running_variance.astype(np.float64) + EPSILON)
        yield Stretch(factor, layer.beta - layer.running_mean * factor)
    elif layer.kind == "scale":
        yield Stretch(np.array([1 / layer.spread]), np.array([-layer.offset / layer.spread]))
    elif acts(layer):
        yield Activation(str(layer.kind), float(getattr(layer, "slope", 0.0)))


def acts(layer: Layer) -> bool:
    """Whether a layer does anything in evaluation."""
    return layer.kind not in ("dropout", "gaussian-noise", "identity")
