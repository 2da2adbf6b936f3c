"""How a network is stored in the page: exactly if there is room, more coarsely if it is large."""

import copy

import numpy as np

from glasswork.errors import InputError
from glasswork.nn import MLP, Linear
from glasswork.nn.module import replaced_methods
from glasswork.report.data import LayerData, NetworkData
from glasswork.report.packing import Encoding, pack, rounded

#: Bytes of the page without the networks: images, snapshots, our modules.
_REST = 2_300_000

#: The largest page in bytes with each encoding; a larger one has coarser weights, or is too large to be useful.
_MOST: dict[Encoding, int] = {"float32": 3_600_000, "float16": 5_000_000, "int8": 25_000_000}

#: Base64 characters per weight.
_CHARACTERS: dict[Encoding, float] = {"float32": 4 * 4 / 3, "float16": 2 * 4 / 3, "int8": 4 / 3}

#: The largest magnitude of a float16.
_LARGEST_HALF = 6e4


def choose_encoding(model: MLP) -> Encoding:
    """Return how the weights of a network are stored.

    Raises
    ------
    InputError
        If the weights do not fit in any encoding.
    """
    weights = [parameter for parameter in model.parameters() if parameter.ndim > 1]
    count = sum(weight.size for weight in weights)
    largest = max(float(np.abs(weight).max()) for weight in weights)
    for encoding, characters in _CHARACTERS.items():
        fits = largest < _LARGEST_HALF or encoding != "float16"
        if fits and _REST + count * characters <= _MOST[encoding]:
            return encoding
    most = int((_MOST["int8"] - _REST) / _CHARACTERS["int8"])
    raise InputError(
        f"report: {model} has {count:,} weights, but a page holds at most {most:,}; all other commands work "
        "with this run"
    )


def as_stored(model: MLP, encoding: Encoding) -> MLP:
    """Return the network that the page computes with: a copy with rounded weights."""
    stored = copy.deepcopy(model)
    for layer in stored.layers:
        if isinstance(layer, Linear):
            layer.weight = rounded(layer.weight, encoding)
    return stored


def store(model: MLP, encoding: Encoding) -> list[LayerData]:
    """Return the layers of a network as the page reads them.

    Raises
    ------
    InputError
        If the network has a layer that the page cannot compute.
    """
    layers = []
    for name, layer in model.named_layers.items():
        if layer.kind is None or replaced_methods(layer, ("forward", "__call__"), type(layer)):
            raise InputError(f"report: {name}, {layer!r}, is a layer of your own, which the page cannot compute")
        arrays = {part: pack(array, encoding if array.ndim > 1 else "float32") for part, array in layer.state().items()}
        layers.append(LayerData(name, layer.kind, layer.settings(), arrays))
    return layers


def describe(
    model: MLP, stored: MLP, encoding: Encoding, images: np.ndarray[tuple[int, int], np.dtype[np.uint8]]
) -> NetworkData:
    """Return a network in the page's form, with the effect of its storage, measured on images ``(N, features)``."""
    exact, near = model.scores(images), stored.scores(images)
    return NetworkData(
        layers=store(model, encoding),
        precision=encoding,
        difference=float(np.abs(exact - near).max()),
        changed=int((exact.argmax(axis=1) != near.argmax(axis=1)).sum()),
        confidence="softmax" if model.scores_are == "logits" else "normalise",
    )
