"""adopt: a network that was trained elsewhere becomes a run: every command takes it, resume trains it on."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from glasswork.data import Split
from glasswork.errors import InputError
from glasswork.inputs import Inputs
from glasswork.nn import MLP, Activation, BatchNorm, Layer, Linear, Scale
from glasswork.nn.batchnorm import EPSILON
from glasswork.pixels import BYTES_FACTOR, BYTES_OFFSET
from glasswork.recipes.build import pixel_scale
from glasswork.recipes.recipe import Recipe
from glasswork.runs import given
from glasswork.runs.run import Run

#: How pixels from 0 to 255 reach a network: by a word of `SCALINGS`, or as (x / 255 - mean) / deviation, whose mean
#: and deviation may be one for each colour.
Scaling: TypeAlias = "str | tuple[Sequence[float], Sequence[float]]"

#: The words for scalings of pixels: those of recipes, and none: as they are.
SCALINGS = ("handout", "zero-to-one", "standardize", "none")

#: The first layer of weights gets ``x * factor + shift`` of a raw row x.
_Affine: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64]]


def adopt(
    model: MLP,
    folder: str | Path | None = None,
    *,
    source: str = "mnist",
    scaling: Scaling | None = None,
    channels: str | None = None,
    data: Mapping[str, Any] | None = None,
    dataset: given.Data | None = None,
    scales_itself: bool = False,
) -> Run:
    """Return a finished run, without any training, that holds a network and its accuracy on the test data.

    The run's own scaling follows from its recipe and its data. If the network takes other numbers, that difference
    becomes part of its first weights, so that it answers for raw data as before.

    Parameters
    ----------
    model : MLP
        Of float32. Its input contract says which numbers it takes, unless ``scaling`` does.
    folder : path, optional
        As for `Run`.
    source : str
        The recipe's ``data.source``.
    scaling : {"handout", "zero-to-one", "standardize", "none"} or (means, deviations), optional
        The pixels that the network takes; see `Scaling`.
    channels : {"first", "last"}, optional
        Where the network has the colours: in planes, or in the numbers of each pixel, the default.
    data : mapping, optional
        Other settings of the recipe's data, such as ``{"split": "official", "colour": "rgb"}``.
    dataset : Dataset or (images, labels), optional
        As for `Run`.
    scales_itself : bool
        Whether the network begins by scaling its inputs: it is then given the raw columns of a table, unless
        ``scaling`` says otherwise.

    Raises
    ------
    InputError
        If a recipe cannot describe the network, it does not fit the data, or nothing says which numbers it takes; the
        message then tells the accuracy on the test images with each choice.
    """
    settings = {**(data or {}), "source": source}
    if isinstance(scaling, str) and scaling != "none":
        settings["scaling"] = scaling
    layers = _two_scores([layer for layer in model.layers if not isinstance(layer, Scale)], model)
    layers = layers if _norms_like_ours(layers) else _without_norms(layers)
    run = Run(_recipe(layers, settings), folder, dataset=dataset)
    inputs, parts = model.inputs or Inputs(), run.parts
    stated = inputs.scales or inputs.low is not None
    theirs, ours = _with_arrays(layers), _with_arrays(run.model.layers)
    widths = [[array.shape for array in layer.state().values()] for layer in theirs]
    if widths != [[array.shape for array in layer.state().values()] for layer in ours]:
        colours = " (in colour: --colour rgb)" if model.in_features == 3 * run.model.in_features else ""
        raise InputError(
            f"{model}: does not fit the data, {source}: for {run.model.in_features} numbers and "
            f"{len(parts.classes)} classes the network would be {run.model}{colours}; state the data that it was "
            "trained on with --data"
        )
    unclear = scaling is None or (len(parts.shape) == 3 and channels is None)
    if parts.kind == "pixels" and unclear and not stated:
        raise InputError(_what_to_state(model, parts, scaling, channels))
    own = _affine_of(run.model, run.model.inputs)
    wanted = _affine_of(model, inputs) if stated else own
    if scales_itself and scaling is None and not stated:
        wanted = _affine("none", parts)
    if scaling is not None and not (isinstance(scaling, str) and parts.kind == "features" and scaling != "none"):
        wanted = _affine(scaling, parts)
    classes = _order("classes", model, inputs.classes, parts.classes)
    columns = _order("columns", model, inputs.columns, run.model.inputs.columns if run.model.inputs else None)
    with run:
        for there, here in zip(theirs, ours, strict=True):
            for name, array in there.state().items():
                here.state()[name][...] = array
        linear = [layer for layer in run.model.layers if isinstance(layer, Linear)]
        first, last = linear[0], linear[-1]
        if channels == "first":
            columns = _planes(parts.shape)
        first.weight[...] = first.weight[columns]
        if isinstance(columns, list):
            wanted = wanted[0][columns], wanted[1][columns]
        last.weight[...], last.bias[...] = last.weight[:, classes], last.bias[classes]
        _retell(first, wanted, own)
        run.end_untrained()
    return run


def _order(what: str, model: MLP, names: Sequence[str] | None, wanted: Sequence[str] | None) -> Any:
    """Return where the data's classes, or columns, stand among those that a network states."""
    if not names or not wanted or list(names) == list(wanted) or list(names) == list(map(str, range(len(names)))):
        return slice(None)
    if set(names) != set(wanted):
        raise InputError(
            f"{model}: was trained on the {what} {', '.join(names)}, and these data have {', '.join(wanted)}; "
            "state the data that it was trained on with --data"
        )
    return [list(names).index(name) for name in wanted]


def _affine_of(model: MLP, inputs: Inputs | None) -> _Affine:
    """Return what a network does to raw rows before its first layer of weights."""
    inputs = inputs or Inputs()
    factor = np.full(model.in_features, inputs.factor)
    shift = -inputs.offset * factor
    if inputs.features is not None:
        factor = 1 / np.array(inputs.features.spread)
        shift = -np.array(inputs.features.centre) * factor
    for layer in itertools.takewhile(lambda layer: not isinstance(layer, Linear), model.layers):
        if isinstance(layer, Scale):
            factor, shift = factor / layer.spread, (shift - layer.offset) / layer.spread
    return factor, shift


def _affine(scaling: Scaling, parts: Split) -> _Affine:
    """Return what a scaling does to pixels from 0 to 255, or to rows of features."""
    one = np.ones(parts.train.images.shape[1])
    if not isinstance(scaling, str):
        _check_numbers(*scaling, sizes={1, len(one), *parts.shape[2:]})
        mean, deviation = (np.resize(np.array(numbers, np.float64), len(one)) for numbers in scaling)
        return 1 / deviation / (255 if parts.kind == "pixels" else 1), -mean / deviation
    if scaling == "none":
        return one, 0 * one
    offset, spread = pixel_scale(scaling, parts.train.images) or (0.0, 1.0)
    return one * BYTES_FACTOR / spread, one * (-BYTES_OFFSET * BYTES_FACTOR - offset) / spread


def _check_numbers(mean: Sequence[float], deviation: Sequence[float], *, sizes: set[int]) -> None:
    """Refuse means and deviations that cannot scale all numbers of a row."""
    if not ({len(mean), len(deviation)} <= sizes and np.isfinite([*mean, *deviation]).all() and min(deviation) > 0):
        count = " or ".join(map(str, sorted(sizes)))
        raise InputError(
            f"scaling: expected {count} finite means and deviations above 0, got {list(mean)} and {list(deviation)}"
        )


def _retell(first: Linear, wanted: _Affine, own: _Affine) -> None:
    """Change the first weights so that they get numbers scaled as ``own`` and compute what ``wanted`` would give."""
    factor = wanted[0] / own[0]
    shift = wanted[1] - factor * own[1]
    if np.allclose(factor, 1, rtol=1e-9) and np.allclose(shift, 0, atol=1e-9):
        return
    weight = first.weight.astype(np.float64)
    first.bias[...] = first.bias + shift @ weight
    first.weight[...] = weight * factor[:, np.newaxis]


def _planes(shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Return where each number of a row, pixel by pixel, stands in a row of colour planes."""
    height, width, colours = shape
    return np.arange(height * width * colours).reshape(colours, height, width).transpose(1, 2, 0).reshape(-1)


def _what_to_state(model: MLP, parts: Split, scaling: Scaling | None, channels: str | None) -> str:
    """Return the message that asks for what is not known, with the accuracy on test images of each choice."""
    rows, labels = (array[:2000] for array in (parts.test.images, parts.test.labels))
    orders = [channels] if channels or len(parts.shape) < 3 else ["last", "first"]
    found = []
    for word, order in itertools.product(SCALINGS if scaling is None else [scaling], orders):
        factor, shift = _affine(word, parts)
        x = (rows * factor + shift).astype(np.float32)
        x = x[:, np.argsort(_planes(parts.shape))] if order == "first" else x
        right = 100 * (model.predict(x, prepared=True) == labels).mean()
        choice = [str(word)] * (scaling is None) + [f"channels {order}"] * (len(orders) > 1)
        found.append(f"{' with '.join(choice)} {right:.1f}%")
    options = ["the scaling of the pixels with --scaling (or --mean and --std)"] * (scaling is None)
    options += ["the place of the colours with --channels"] * (len(orders) > 1)
    return (
        f"{model}: the file does not say which numbers it takes; state {' and '.join(options)}. "
        f"Accuracy on test images with each: {', '.join(found)}"
    )


def _norms_like_ours(layers: Sequence[Layer]) -> bool:
    """Whether each batch normalisation stands behind a Linear layer, in all hidden layers or in none."""
    places = [k for k, layer in enumerate(layers) if isinstance(layer, BatchNorm)]
    hidden = [k + 1 for k, layer in enumerate(layers) if isinstance(layer, Linear)][:-1]
    return places in ([], hidden)


def _without_norms(layers: Sequence[Layer]) -> list[Layer]:
    """Return layers in which batch normalisations are part of the weights before or behind them."""
    found, factor, shift = list[Layer](), np.array(1.0), np.array(0.0)
    for layer in layers:
        before = found[-1] if found else None
        if isinstance(layer, BatchNorm):
            factor = layer.gamma / np.sqrt(layer.running_variance.astype(np.float64) + EPSILON)
            shift = layer.beta - layer.running_mean * factor
            if isinstance(before, Linear):
                found[-1] = _linear(before.weight * factor, before.bias * factor + shift)
                factor, shift = np.array(1.0), np.array(0.0)
        elif isinstance(layer, Linear):
            weight = layer.weight.astype(np.float64)
            bias = layer.bias + np.broadcast_to(shift, len(weight)) @ weight
            found.append(_linear(weight * np.broadcast_to(factor, len(weight))[:, np.newaxis], bias))
            factor, shift = np.array(1.0), np.array(0.0)
        else:
            found.append(layer)
    if factor.ndim:
        raise InputError("a recipe cannot describe a network that ends in a batch normalisation behind an activation")
    return found


def _linear(weight: NDArray[Any], bias: NDArray[Any]) -> Linear:
    layer = Linear(*weight.shape, rng=np.random.default_rng(0))
    layer.weight[...], layer.bias[...] = weight, bias
    return layer


def _two_scores(layers: list[Layer], model: MLP) -> list[Layer]:
    """Return a network's layers; a single score of two classes becomes two logits, which say the same."""
    if model.out_features != 1:
        return layers
    if model.scores_are == "probabilities" and getattr(layers[-1], "kind", "") == "sigmoid":
        layers = layers[:-1]
    last = layers[-1]
    if not isinstance(last, Linear):
        raise InputError(f"{model}: has a single score behind {last}; expected a sum or a sigmoid")
    two = _linear(np.hstack([0 * last.weight, last.weight]), np.array([0, float(last.bias[0])]))
    return [*layers[:-1], two]


def _recipe(layers: Sequence[Layer], data: Mapping[str, Any]) -> Recipe:
    """Return a recipe that builds such layers, and would train them on with Adam."""
    linear = [k for k, layer in enumerate(layers) if isinstance(layer, Linear)]
    between = [layers[a + 1 : b] for a, b in zip(linear, [*linear[1:], len(layers)], strict=True)]
    words = [[_word(layer) for layer in some if not isinstance(layer, BatchNorm)] for some in between]
    if any(len(some) > 1 for some in words):
        raise InputError("a recipe cannot describe this network: expected one activation behind each hidden layer")
    output = words[-1][0] if words[-1] else "none"
    return Recipe.from_dict({
        "name": "imported",
        "data": dict(data),
        "network": {
            "hidden": [layers[k].out_features for k in linear[:-1]],
            "activation": [some[0] if some else "identity" for some in words[:-1]] or "sigmoid",
            "output_activation": output,
            "batch_norm": any(isinstance(layer, BatchNorm) for layer in layers),
        },
        "loss": {"name": "cross-entropy" if output == "none" else "mse"},
        "optimizer": {"name": "adam"},
        "training": {"epochs": 1},
    })  # fmt: skip


def _word(layer: Layer) -> object:
    if not isinstance(layer, Activation):
        raise InputError(f"a recipe cannot describe a network with {layer}")
    settings = layer.settings()
    return {"name": layer.kind, **settings} if settings else layer.kind


def _with_arrays(layers: Sequence[Layer]) -> list[Layer]:
    return [layer for layer in layers if layer.state()]
