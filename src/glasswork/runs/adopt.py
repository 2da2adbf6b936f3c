"""adopt: a network that was trained elsewhere becomes a run: every command takes it, resume trains it on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from glasswork.errors import InputError
from glasswork.nn import MLP, Activation, BatchNorm, Layer, Linear, Scale
from glasswork.pixels import normalize
from glasswork.recipes.build import pixel_scale
from glasswork.recipes.experiment import load_data
from glasswork.recipes.recipe import Recipe
from glasswork.recipes.schema import Data
from glasswork.runs import given
from glasswork.runs.run import Run


def adopt(
    model: MLP,
    folder: str | Path | None = None,
    *,
    source: str = "mnist",
    scaling: str = "handout",
    dataset: given.Data | None = None,
) -> Run:
    """Return a finished run, without any training, that holds a network and its accuracy on the test data.

    Parameters
    ----------
    model : MLP
        Of float32; its own input contract counts for nothing: the data and the scaling make that of the run.
    folder : path, optional
        As for `Run`.
    source : str
        The recipe's ``data.source``.
    scaling : {"handout", "zero-to-one", "standardize"}
        The recipe's ``data.scaling``: what the network's first layer expects.
    dataset : Dataset or (images, labels), optional
        As for `Run`.

    Raises
    ------
    InputError
        If a recipe cannot describe the network, or it does not fit the data.
    """
    layers = _two_scores(model)
    run = Run(_recipe(layers, source, scaling), folder, dataset=dataset)
    theirs, ours = _with_arrays(layers), _with_arrays(run.model.layers)
    widths = [[array.shape for array in layer.state().values()] for layer in theirs]
    if widths != [[array.shape for array in layer.state().values()] for layer in ours]:
        raise InputError(
            f"{model}: does not fit the data, {source}: for {run.model.in_features} numbers and "
            f"{len(run.parts.classes)} classes the network would be {run.model}"
        )
    with run:
        for there, here in zip(theirs, ours, strict=True):
            for name, array in there.state().items():
                here.state()[name][...] = array
        run.end_untrained()
    return run


def scaling_of(model: MLP, source: str) -> str:
    """Return the scaling of pixels that a network's input contract states.

    Raises
    ------
    InputError
        If it states none; the message tells the accuracy on the test images with each.
    """
    if model.inputs is not None and (model.inputs.normalizes or model.inputs.features is not None):
        return "handout" if model.inputs.normalizes else "standardize"
    parts = load_data(Data(source=source))
    if parts.kind == "features":
        return "standardize"
    rows, labels = (array[:2000] for array in (parts.test.images, parts.test.labels))
    found = []
    for scaling in ("handout", "zero-to-one", "standardize"):
        offset, spread = pixel_scale(scaling, parts.train.images) or (0.0, 1.0)
        x = (normalize(rows).astype(np.float32) - offset) / spread
        found.append(f"{scaling} {100 * (model.predict(x, prepared=True) == labels).mean():.1f}%")
    raise InputError(
        f"{model}: the file does not say which numbers it takes; state the scaling of the pixels with --scaling. "
        f"Accuracy on test images with each: {', '.join(found)}"
    )


def _two_scores(model: MLP) -> list[Layer]:
    """Return a network's layers; a single score of two classes becomes two logits, which say the same."""
    layers = [layer for layer in model.layers if not isinstance(layer, Scale)]
    if model.out_features != 1:
        return layers
    if model.scores_are == "probabilities" and getattr(layers[-1], "kind", "") == "sigmoid":
        layers = layers[:-1]
    last = layers[-1]
    if not isinstance(last, Linear):
        raise InputError(f"{model}: has a single score behind {last}; expected a sum or a sigmoid")
    two = Linear(last.in_features, 2)
    two.weight[...], two.bias[...] = np.hstack([0 * last.weight, last.weight]), [0, float(last.bias[0])]
    return [*layers[:-1], two]


def _recipe(layers: Sequence[Layer], source: str, scaling: str) -> Recipe:
    """Return a recipe that builds such layers, and would train them on with Adam."""
    linear = [k for k, layer in enumerate(layers) if isinstance(layer, Linear)]
    between = [layers[a + 1 : b] for a, b in zip(linear, [*linear[1:], len(layers)], strict=True)]
    norms = [any(isinstance(layer, BatchNorm) for layer in some) for some in between[:-1]]
    words = [[_word(layer) for layer in some if not isinstance(layer, BatchNorm)] for some in between]
    if any(norms) != all(norms) or any(len(some) > 1 for some in words):
        raise InputError(
            "a recipe cannot describe this network: expected one activation behind each hidden layer, and "
            "batch normalisation in all of them or in none"
        )
    output = words[-1][0] if words[-1] else "none"
    return Recipe.from_dict({
        "name": "imported",
        "data": {"source": source, "scaling": scaling},
        "network": {
            "hidden": [layers[k].out_features for k in linear[:-1]],
            "activation": [some[0] if some else "identity" for some in words[:-1]] or "sigmoid",
            "output_activation": output,
            "batch_norm": bool(norms) and all(norms),
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
