"""The table of layers: by these names recipes and model files know them."""

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
from glasswork.randomness import Purpose, generator

#: ``LAYERS[layer.kind](**layer.settings(), dtype=...)`` makes a layer of the same shape.
LAYERS: dict[str, type[Layer]] = {
    **{str(kind.kind): kind for kind in (Linear, BatchNorm, Dropout, GaussianNoise)},
    **ACTIVATIONS,
}


def make_layer(kind: str, settings: Mapping[str, Any], *, dtype: DTypeLike) -> Layer:
    """Return a layer of the shape that ``layer.kind`` and ``layer.settings()`` describe, for arrays to be read into.

    Its initial weights are always the same ones, and NumPy's global state is left alone.

    Raises
    ------
    InputError
        If there is no such layer, or it has not these settings.

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
        raise InputError(f"layer {kind}: expected other settings than {dict(settings)} ({error})") from None
