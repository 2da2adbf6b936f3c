"""From a recipe's words to the objects they mean, and for networks back again.

[network] ──► MLP        [loss] ──► MSELoss        [optimizer] ──► SGD
"""

from collections.abc import Callable

import msgspec
import numpy as np

from glasswork.errors import InputError
from glasswork.nn import MLP, Layer, Loss, MSELoss
from glasswork.nn.activations import ACTIVATIONS
from glasswork.optim import SGD
from glasswork.training import recipe

_LOSSES: dict[str, type[Loss]] = {"mse": MSELoss}


def build_model(network: recipe.Network, in_features: int, out_features: int, rng: np.random.Generator) -> MLP:
    """Return the network that a recipe describes, with initial weights from ``rng``."""
    return MLP(
        in_features,
        network.hidden,
        out_features,
        activation=ACTIVATIONS[network.activation],
        output_activation=ACTIVATIONS[network.output_activation],
        bias_grad=network.bias_grad,
        dtype=network.dtype,
        rng=rng,
    )


def describe_model(model: MLP) -> recipe.Network:
    """Return the description from which `build_model` makes a network of the same shape.

    Raises
    ------
    InputError
        If the network has activations that no recipe has a word for.
    """
    settings = {
        "hidden": list(model.hidden_size),
        "activation": _word(model.activation),
        "output_activation": _word(model.output_activation),
        "bias_grad": model.bias_grad,
        "dtype": model.dtype.name,
    }
    return msgspec.convert(settings, recipe.Network)


def _word(activation: Callable[..., Layer] | None) -> str:
    for word, known in ACTIVATIONS.items():
        if known is activation:
            return word
    raise InputError(f"{activation!r} has no name in recipes and model files; there are {', '.join(ACTIVATIONS)}")


def build_loss(loss: recipe.Loss) -> Loss:
    """Return the loss that a recipe names."""
    return _LOSSES[loss.name]()


def build_optimizer(optimizer: recipe.Optimizer, model: MLP) -> SGD:
    """Return the optimiser that a recipe describes, for the parameters of a model."""
    return SGD(model.parameters(), model.gradients(), lr=optimizer.learning_rate)
