"""The table of layers, by the names that recipes and model files use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import DTypeLike

from glasswork.errors import InputError
from glasswork.nn.activations import ACTIVATIONS
from glasswork.nn.batchnorm import BatchNorm
from glasswork.nn.dropout import Dropout
from glasswork.nn.layer import Layer
from glasswork.nn.linear import Linear
from glasswork.nn.noise import GaussianNoise
from glasswork.nn.scale import Scale
from glasswork.randomness import Purpose, generator

#: ``LAYERS[layer.kind](**layer.settings(), dtype=...)`` creates a layer of the same shape.
LAYERS: dict[str, type[Layer]] = {
    **{str(kind.kind): kind for kind in (Linear, BatchNorm, Dropout, GaussianNoise, Scale)},
    **ACTIVATIONS,
}


def make_layer(kind: str, settings: Mapping[str, Any], *, dtype: DTypeLike) -> Layer:
    """Return a layer described by ``layer.kind`` and ``layer.settings()``, ready to read saved arrays into.

    Its initial weights are drawn from a fixed seed; NumPy's global state is not used.

    Raises
    ------
    InputError
        If there is no such layer, or the settings do not fit it.

    Examples
    --------
    >>> make_layer("leaky-relu", {"slope": 0.2}, dtype="float32")
    LeakyReLU(0.2)
    """
    if kind not in LAYERS:
        raise InputError(f"layer: expected one of {', '.join(LAYERS)}, got {kind!r}")
    weights = {"rng": generator(0, Purpose.WEIGHTS)} if kind == "linear" else {}
    try:
        return LAYERS[kind](**settings, **weights, dtype=dtype)
    except TypeError as error:
        raise InputError(f"layer {kind}: expected settings that fit it, got {dict(settings)} ({error})") from None
