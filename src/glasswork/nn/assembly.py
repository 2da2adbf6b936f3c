"""How layers become a network: which layers an `MLP` has, in which order, and whether they fit each other.

a hidden layer:  linear → (norm) → (noise) → act → (dropout)           the output layer:  linear → (act)
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import DTypeLike

from glasswork.errors import InputError
from glasswork.nn.activations import ACTIVATIONS, Activation, Identity
from glasswork.nn.batchnorm import BatchNorm
from glasswork.nn.dropout import Dropout
from glasswork.nn.layer import Layer
from glasswork.nn.linear import Linear
from glasswork.nn.noise import GaussianNoise
from glasswork.nn.random_layer import RandomLayer
from glasswork.settings import check_number, did_you_mean

#: Makes an activation when called with ``dtype=...``: a class, or ``functools.partial(LeakyReLU, slope=0.2)``.
ActivationMaker: TypeAlias = Callable[..., Layer]

#: Other libraries' words for our activations.
_OTHER_NAMES = {"linear": "identity", "logistic": "sigmoid", "swish": "silu"}


def build_layers(
    widths: Sequence[int],
    activation: str | ActivationMaker | Sequence[str | ActivationMaker],
    output_activation: str | ActivationMaker | None,
    *,
    batch_norm: bool,
    dropout: float,
    input_dropout: float,
    noise: float,
    input_noise: float,
    initializer: str | None,
    bias_grad: Literal["sum", "mean"],
    dtype: DTypeLike,
    rng: np.random.Generator | None,
    seed: int,
) -> dict[str, Layer]:
    """Return the layers of an `MLP` by name, in order; ``widths`` are those of the input, hidden layers and output."""
    depth = len(widths) - 2
    _check_widths(widths)
    if not isinstance(batch_norm, bool | np.bool_):
        raise InputError(f"MLP: expected batch_norm to be True or False, got {batch_norm!r}")
    makers = list(activation) if isinstance(activation, list | tuple) else [activation] * depth
    if len(makers) != depth:
        raise InputError(f"MLP: expected {depth} activations, one for each hidden layer, got {len(makers)}")
    acts: list[Layer | None] = [make_activation(maker, dtype) for maker in makers]
    acts.append(None if output_activation in (None, "none") else make_activation(output_activation, dtype))
    layers: dict[str, Layer] = {}
    if input_dropout != 0:
        layers["drop0"] = Dropout(input_dropout, seed=seed, index=0, dtype=dtype)
    if input_noise != 0:
        layers["noise0"] = GaussianNoise(input_noise, seed=seed, index=0, dtype=dtype)
    for i, act in enumerate(acts, start=1):
        weights = initializer or str(getattr(act or Identity, "initializer", Activation.initializer))
        layers[f"linear{i}"] = Linear(
            widths[i - 1], widths[i], bias_grad=bias_grad, dtype=dtype, rng=rng, initializer=weights
        )
        is_hidden = i <= depth
        if is_hidden and batch_norm:
            layers[f"norm{i}"] = BatchNorm(widths[i], dtype=dtype)
        if is_hidden and noise != 0:
            layers[f"noise{i}"] = GaussianNoise(noise, seed=seed, index=i, dtype=dtype)
        if act is not None:
            layers[f"act{i}"] = act
        if is_hidden and dropout != 0:
            layers[f"drop{i}"] = Dropout(dropout, seed=seed, index=i, dtype=dtype)
    return layers


def widths(hidden_size: Any) -> list[Any]:
    """Return the widths of the hidden layers, which are given as a number or a sequence."""
    if isinstance(hidden_size, np.ndarray):
        hidden_size = hidden_size.tolist()
    if isinstance(hidden_size, Sequence) and not isinstance(hidden_size, str | bytes):
        return list(hidden_size)
    if isinstance(hidden_size, int | float | np.number):
        return [hidden_size]
    raise InputError(
        f"MLP: expected hidden_size to be an integer, or a sequence such as [300, 100], got {hidden_size!r}"
    )


def _check_widths(widths: Sequence[Any]) -> None:
    names = ["in_features", *["hidden_size"] * (len(widths) - 2), "out_features"]
    for name, width in zip(names, widths, strict=True):
        check_number("MLP", name, width, 1)


def make_activation(maker: Any, dtype: DTypeLike) -> Layer:
    """Return the activation that a word names, or that a class or a function creates."""
    if isinstance(maker, str):
        maker = _activation_called(maker)
    if not callable(maker) or isinstance(maker, Layer):
        raise InputError(
            'MLP: expected an activation to be a word such as "relu", a class such as glasswork.ReLU, or a function '
            f"that makes a layer when called with dtype=..., got {maker!r}"
        )
    try:
        layer = maker(dtype=dtype)
    except TypeError as error:
        raise InputError(f"MLP: expected {maker!r} to make a layer when called with dtype=..., got {error}") from error
    if not isinstance(layer, Layer):
        raise InputError(f"MLP: expected {maker!r} to make a layer when called with dtype=..., got {layer!r}")
    return layer


def _activation_called(word: str) -> type[Activation]:
    if word in ACTIVATIONS:
        return ACTIVATIONS[word]
    plain = word.strip().lower().replace("_", "-")
    if plain == "softmax":
        remedy = "; leave output_activation=None and train with CrossEntropyLoss(), which includes softmax"
    elif plain == "none":
        remedy = "; did you mean identity?"
    else:
        remedy = did_you_mean(_OTHER_NAMES.get(plain, plain), ACTIVATIONS)
    raise InputError(f"MLP: expected an activation to be one of {', '.join(ACTIVATIONS)}, got {word!r}{remedy}")


def check_layers(layers: Mapping[str, Layer], reserved: Container[str]) -> None:
    """Check that layers fit together: their names and dtypes, and that each takes the width that the last one gives."""
    if not isinstance(layers, Mapping) or not layers:
        raise InputError(
            f"MLP: expected at least one layer, by its name, as in {{'linear1': Linear(784, 10)}}, got {layers!r}"
        )
    width, before, first = 0, "", next(iter(layers.values()))
    for name, layer in layers.items():
        if not isinstance(layer, Layer):
            raise InputError(f"MLP: expected {name} to be a layer, a subclass of glasswork.Layer, got {layer!r}")
        if not isinstance(name, str) or not name.isidentifier() or name in reserved:
            raise InputError(f"MLP: a layer cannot be called {name!r}; use a name such as linear1 or act1")
        for inner in layer.modules():
            if not hasattr(inner, "dtype"):
                raise InputError(
                    f"MLP: expected {name} to have a dtype; call super().__init__(dtype=dtype) in the constructor of "
                    f"{type(inner).__name__}"
                )
            if inner.dtype != first.dtype:
                raise InputError(
                    f"MLP: expected all layers to work in {first.dtype}, but {name}, {inner}, works in {inner.dtype}"
                )
        if width and layer.in_features not in (0, width):
            raise InputError(f"MLP: {before} gives {width} features, but {name}, {layer}, takes {layer.in_features}")
        if layer.out_features or layer.parameters():  # 0 for a user's own layer that does not state its width
            width, before = layer.out_features, f"{name}, {layer},"
    if len({id(layer) for layer in layers.values()}) < len(layers):
        raise InputError(
            "MLP: expected different layers, got the same object twice; each layer remembers what its backward needs"
        )


def give_indices(layers: Sequence[RandomLayer]) -> None:
    """Give layers that would draw the same random numbers different indices."""
    taken: set[tuple[type, int, int]] = set()
    for layer in layers:
        while (type(layer), layer.seed, layer.index) in taken:
            layer.index += 1
        taken.add((type(layer), layer.seed, layer.index))
