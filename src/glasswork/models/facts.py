"""What a model file states about networks, and the networks that are built from it.

MLP ──describe_network──► MemberFacts ──build_network──► MLP
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from glasswork.errors import FileError, InputError
from glasswork.inputs import Inputs, Reading
from glasswork.nn import LAYERS, MLP, Layer
from glasswork.nn.layers import make_layer
from glasswork.nn.module import replaced_methods
from glasswork.nn.scores import ScoresAre, declared_by
from glasswork.sealed import Facts

#: A file with more layers is refused: with a few bytes per layer it would take seconds to read.
MOST_LAYERS = 2000

#: A file may hold a network's arrays in half precision.
Stored = Literal["float16"] | None

#: The settings that determine how large the arrays of a layer are.
_WIDTHS = ("in_features", "out_features", "features")

#: A network that overrides one of these methods of `MLP` computes something that a model file cannot describe.
_COMPUTES = ("forward", "backward", "__call__", "prepare", "state", "scores", "probabilities", "predict")


class LayerFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One layer: its name in the network, the name of its kind, and the arguments that create it."""

    name: str
    kind: str
    settings: dict[str, Any] = msgspec.field(default_factory=dict)


class MemberFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One member of a committee, in the terms of `ModelFacts`; its arrays are called ``committee.members.0.*``."""

    name: str
    layers: list[LayerFacts]
    dtype: str
    scores_are: ScoresAre | None = None
    built_for: ScoresAre | None = None


class ModelFacts(Facts, frozen=True, kw_only=True):
    """The facts that a model file states about its network. Those of a committee state members in place of layers."""

    layers: list[LayerFacts]
    dtype: str
    classes: list[str]
    stored: Stored = None  #: The dtype of the network's arrays in the file, where it is not that of the network.
    inputs: Inputs | None = None
    scores_are: ScoresAre | None = None
    built_for: ScoresAre | None = None  #: What its owner said that the scores are; None: the layers say it.
    #: Files of older versions state these three in place of ``inputs``; older readers look for the first two.
    image_shape: Annotated[tuple[int, ...], msgspec.Meta(min_length=2, max_length=3)] | None = None
    preprocessing: dict[str, str] = msgspec.field(default_factory=dict)
    reading: Reading | None = None
    reference: dict[str, tuple[str, list[int]]] = msgspec.field(default_factory=dict)
    no_reference: str = ""
    members: list[MemberFacts] = msgspec.field(default_factory=list)


def describe_network(name: str, model: MLP) -> MemberFacts:
    """Return what a file states about a network of glasswork's layers; raise an InputError if it has others."""
    if own := replaced_methods(model, _COMPUTES, MLP):
        raise InputError(
            f"save_model: {type(model).__name__} has its own {', '.join(own)}, which a model file cannot hold; "
            "a loaded network would compute something else. Keep its arrays: numpy.savez(path, **model.state())"
        )
    return MemberFacts(
        name=name,
        layers=[_describe(name, layer) for name, layer in model.named_layers.items()],
        dtype=model.dtype.name,
        scores_are=model.scores_are,
        built_for=model.built_for if model.built_for != declared_by(model.layers) else None,
    )


def _describe(name: str, layer: Layer) -> LayerFacts:
    kind = str(layer.kind)
    if LAYERS.get(kind) is not type(layer) or replaced_methods(layer, ("forward", "backward", "__call__"), type(layer)):
        raise InputError(
            f"{name}, {layer!r}, cannot be saved: model files can hold only the layers {', '.join(LAYERS)}"
        )
    return LayerFacts(name=name, kind=kind, settings=layer.settings())


def build_network(facts: ModelFacts | MemberFacts) -> MLP:
    """Create a network from its layers, and state what its scores are; raise an InputError if that is impossible."""
    layers = {layer.name: make_layer(layer.kind, layer.settings, dtype=facts.dtype) for layer in facts.layers}
    model = MLP.from_layers(layers, scores_are=facts.built_for)
    if facts.scores_are is not None:
        model.trained_on(facts.scores_are)
    return model


def check_sizes(path: Path, facts: ModelFacts) -> int:
    """Check what a file states about its layers, and return about how many numbers they need, before any is created."""
    networks: Sequence[ModelFacts | MemberFacts] = facts.members or [facts]
    for network in networks:
        if network.dtype not in ("float32", "float64"):
            raise FileError(f"{path}: expected a network of float32 or float64, got {network.dtype!r}")
    names = [{layer.name for layer in network.layers} for network in networks]
    if sum(map(len, names)) < sum(len(network.layers) for network in networks) or (
        sum(map(len, names)) + len(facts.members) > MOST_LAYERS
    ):
        raise FileError(f"{path}: expected at most {MOST_LAYERS:,} layers with different names")
    return sum(_weights(path, layer, network.dtype) for network in networks for layer in network.layers)


def _weights(path: Path, layer: LayerFacts, dtype: str) -> int:
    """Return the size of a layer's largest array; check its other settings by creating a layer of width 1."""
    widths = {name: width for name, width in layer.settings.items() if name in _WIDTHS}
    try:
        for name, width in widths.items():
            if type(width) is not int or width < 1:
                raise InputError(f"{layer.name}: expected {name} to be an integer of at least 1, got {width!r:.50}")
        small = make_layer(layer.kind, {**layer.settings, **dict.fromkeys(widths, 1)}, dtype=dtype)
        if unknown := set(layer.settings) - set(small.settings()):
            raise InputError(f"{layer.name}: expected no setting called {', '.join(sorted(unknown))}")
    except (InputError, OverflowError) as error:
        raise FileError(f"{path}: states layers that cannot be built ({error})") from None
    return math.prod(widths.values()) if widths else 0
