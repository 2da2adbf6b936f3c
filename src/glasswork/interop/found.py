"""Found: what another library's file or object says of a network, and the MLP that computes the same.

Module("0", "linear", {}, {"weight": ..., "bias": ...}), ... ──steps_of──► Found ──to_model──► MLP
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from glasswork.errors import InputError
from glasswork.inputs import Inputs
from glasswork.interop.program import Activation, Dense, Norm, Step, Stretch, folded
from glasswork.nn import ACTIVATIONS, MLP, BatchNorm, Layer, Linear
from glasswork.nn.batchnorm import EPSILON
from glasswork.nn.layers import make_layer
from glasswork.nn.scores import ScoresAre

#: The notice for a network whose GELU is exact.
GELU_NOTE = "GELU is computed by its tanh formula here: each neuron differs by up to 5e-4, and the answers accordingly"

#: Other libraries' words for activations, and ours; None for none.
_WORDS: dict[str, str | None] = {
    "linear": None, "identity": None, "none": None, "softmax": None, "log_softmax": None, "logistic": "sigmoid",
    "swish": "silu", **{word.replace("-", "_"): word for word in ACTIVATIONS if word != "identity"},
}  # fmt: skip


class Module(NamedTuple):
    """A layer by its name, the kind of ours, its settings, and its arrays by PyTorch's names."""

    name: str
    kind: str
    settings: Mapping[str, Any] = {}
    parts: Mapping[str, NDArray[Any]] = {}


@dataclass(eq=False)
class Found:
    """What is known of a network."""

    steps: list[Step] = field(default_factory=list)
    scores_are: ScoresAre | None = None
    inputs: Inputs | None = None  #: The input contract, or only the classes.
    raw: bool = False  #: Whether the file itself takes raw numbers, and prepares them as the contract states.
    shape: tuple[int, ...] = ()  #: Of a row, such as (3, 32, 32), if the file states it.
    data: dict[str, Any] = field(default_factory=dict)  #: The recipe's settings of the data it was trained on.
    notes: list[str] = field(default_factory=list)  #: What was assumed or left out.

    @property
    def scales_itself(self) -> bool:
        """Whether the network begins by scaling its inputs."""
        return bool(self.steps) and isinstance(self.steps[0], Stretch | Norm)

    def name_classes(self, names: Iterable[Any]) -> None:
        """Note what the classes are called."""
        self.inputs = Inputs(classes=tuple(n.decode() if isinstance(n, bytes) else str(n) for n in names))

    def take_facts(self, facts: Mapping[str, str]) -> None:
        """Take over what a file of glasswork's states; see `Program.facts`."""
        try:
            if "inputs" in facts:
                self.inputs = msgspec.convert(msgspec.json.decode(facts["inputs"]), Inputs)
            elif "classes" in facts:
                self.inputs = Inputs(classes=msgspec.json.decode(facts["classes"], type=tuple[str, ...]))
            self.data = msgspec.json.decode(facts.get("data", "{}"), type=dict[str, Any])
            self.raw = facts.get("takes", "").startswith("raw")
        except (msgspec.MsgspecError, InputError) as error:
            self.notes.append(f"what the file says of its inputs is damaged, and left out ({error})")
        if "scores" in facts:
            self.scores_are = "logits" if facts["scores"] == "logits" else "probabilities"

    def act(self, who: object, word: str | None, slope: float = 0.01, *, exact: bool = False) -> None:
        """Add an activation by another library's word for it."""
        if (kind := kind_of(who, word)) is not None:
            self.steps.append(Activation(kind, slope))
        if word in ("softmax", "log_softmax"):
            self.scores_are = "logits"
        if exact and kind == "gelu":
            self.notes.append(GELU_NOTE)

    def to_model(self, who: object) -> MLP:
        """Return the network in float32; errors name the file or object ``who``."""
        self.notes = list(dict.fromkeys(self.notes))
        layers: dict[str, Layer] = {}
        number = 0
        try:
            for step in folded(self.steps):
                if isinstance(step, Stretch):
                    raise InputError("numbers are scaled behind an activation, where no layer of weights follows")
                number += isinstance(step, Dense)
                name = f"{_PREFIXES[type(step)]}{number}"
                layers[name if name not in layers else f"{name}_{len(layers)}"] = _layer(step)
            if not number:
                raise InputError("there is no layer of weights")
            model = MLP.from_layers(layers, scores_are=self.scores_are)
            model.inputs = self.inputs
        except InputError as error:
            raise InputError(
                f"{who}: expected a multi-layer perceptron whose layers fit each other ({error})"
            ) from None
        return model


_PREFIXES: dict[type[Step], str] = {Dense: "linear", Norm: "norm", Activation: "act"}


def _layer(step: Dense | Norm | Activation) -> Layer:
    if isinstance(step, Activation):
        settings = {"slope": step.slope} if step.kind == "leaky-relu" else {}
        return make_layer(step.kind, settings, dtype="float32")
    if isinstance(step, Norm):
        norm = BatchNorm(len(step.gamma))
        norm.gamma[...], norm.beta[...] = step.gamma, step.beta
        norm.running_mean[...], norm.running_variance[...] = step.mean, step.variance
        return norm
    linear = Linear(step.weight.shape[1], len(step.weight), rng=np.random.default_rng(0))
    linear.weight[...], linear.bias[...] = step.weight.T, step.bias
    return linear


def kind_of(who: object, word: str | None) -> str | None:
    """Return our kind of activation for another library's word; None for none."""
    plain = None if word is None else word.replace("-", "_")
    if plain is not None and plain not in _WORDS:
        raise InputError(f"{who}: expected an activation out of {', '.join(_WORDS)}, got {word!r}")
    return None if plain is None else _WORDS[plain]


def check_precision(who: object, name: str, parts: Mapping[str, NDArray[Any]]) -> None:
    """Refuse arrays of another library that float32 cannot hold."""
    for part, array in parts.items():
        if array.dtype.kind == "f" and array.dtype.itemsize > 4:
            raise InputError(
                f"{who}: {name}: expected arrays of float32, got {array.dtype} in {part}; convert the network"
            )


def steps_of(who: object, modules: Iterable[Module]) -> list[Step]:
    """Return the steps of layers; an error names one whose arrays are missing, do not fit, or are not finite."""
    steps: list[Step] = []
    width = 0
    for name, kind, settings, parts in modules:
        got = {part: f"{array.dtype} {array.shape}" for part, array in parts.items()}
        for part, array in parts.items():
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                raise InputError(f"{who}: {name}.{part} has numbers that are not finite")
        if kind == "linear":
            weight = parts.get("weight", np.empty(0))
            if weight.ndim != 2 or weight.dtype.kind != "f":
                raise InputError(f"{who}: {name}: expected the weights of a Linear or BatchNorm1d, got {got}")
            if width not in (0, weight.shape[1]):
                raise InputError(
                    f"{who}: {name} takes {weight.shape[1]} numbers, but the layer before it gives {width}; "
                    "is a layer missing?"
                )
            width = len(weight)
            bias = parts.get("bias", np.zeros(width))
            if bias.shape != (width,):
                raise InputError(f"{who}: {name}: expected {width} biases, got shape {bias.shape}")
            steps.append(Dense(weight.astype(np.float64), bias.astype(np.float64)))
        elif kind == "batch-norm":
            arrays = [parts.get(part, np.empty(0)) for part in ("weight", "bias", "running_mean", "running_var")]
            width = width or len(arrays[0])
            if any(array.shape != (width,) or array.dtype.kind != "f" for array in arrays):
                raise InputError(
                    f"{who}: {name}: expected the four arrays of a BatchNorm1d of width {width}, got {got}"
                )
            gamma, beta, mean, variance = (array.astype(np.float64) for array in arrays)
            steps.append(Norm(gamma, beta, mean, variance + (settings.get("eps", EPSILON) - EPSILON)))
        elif kind == "scale":
            spread, offset = float(settings["spread"]), float(settings["offset"])
            steps.append(Stretch(np.array([1 / spread]), np.array([-offset / spread])))
        elif kind != "identity":
            steps.append(Activation(kind, float(settings.get("slope", 0.0))))
    return steps
