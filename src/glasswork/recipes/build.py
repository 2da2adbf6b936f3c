"""From a recipe's words to the objects they mean, and for networks back again.

[network] ──► MLP      [loss] ──► MSELoss ...      [optimizer], [schedule] ──► SGD, Adam ...
"""

import msgspec
import numpy as np

from glasswork.errors import InputError
from glasswork.nn import (
    ACTIVATIONS,
    MLP,
    BatchNorm,
    CrossEntropyLoss,
    Dropout,
    GaussianNoise,
    Layer,
    Linear,
    Loss,
    MSELoss,
)
from glasswork.optim import OPTIMIZERS, SCHEDULES, Optimizer, warmup
from glasswork.recipes import recipe


def build_model(
    network: recipe.Network, in_features: int, out_features: int, *, rng: np.random.Generator, seed: int
) -> MLP:
    """Return the network that a recipe describes: initial weights from ``rng``, masks and noise from ``seed``."""
    words = network.activation
    return MLP(
        in_features,
        network.hidden,
        out_features,
        activation=[ACTIVATIONS[word] for word in ([words] * len(network.hidden) if isinstance(words, str) else words)],
        output_activation=None if network.output_activation == "none" else ACTIVATIONS[network.output_activation],
        batch_norm=network.batch_norm,
        dropout=network.dropout,
        input_dropout=network.input_dropout,
        noise=network.noise,
        input_noise=network.input_noise,
        initializer=None if network.initializer == "auto" else network.initializer,
        bias_grad=network.bias_grad,
        dtype=network.dtype,
        rng=rng,
        seed=seed,
    )


def describe_model(model: MLP) -> recipe.Network:
    """Return the description from which `build_model` makes a network of the same shape.

    Raises
    ------
    InputError
        If the network has activations, or a dtype, that no recipe has a word for.
    """
    layers = model.named_layers
    hidden = range(1, len(model.hidden_size) + 1)
    drop, drop0, noise, noise0 = (layers.get(name) for name in ("drop1", "drop0", "noise1", "noise0"))
    linear, output = layers["linear1"], model.output_activation
    settings = {
        "hidden": [int(width) for width in model.hidden_size],
        "activation": [_word(layers[f"act{i}"]) for i in hidden],
        "output_activation": "none" if output is None else _word(output),
        "batch_norm": isinstance(layers.get("norm1"), BatchNorm),
        "dropout": drop.p if isinstance(drop, Dropout) else 0.0,
        "input_dropout": drop0.p if isinstance(drop0, Dropout) else 0.0,
        "noise": noise.std if isinstance(noise, GaussianNoise) else 0.0,
        "input_noise": noise0.std if isinstance(noise0, GaussianNoise) else 0.0,
        "bias_grad": linear.bias_grad if isinstance(linear, Linear) else "sum",
        "dtype": model.dtype.name,
    }
    try:
        return msgspec.convert(settings, recipe.Network)
    except msgspec.ValidationError as error:
        raise InputError(f"{model}: cannot be described in recipes and model files: {error}") from None


def _word(activation: Layer) -> str:
    if activation.kind in ACTIVATIONS:
        return str(activation.kind)
    raise InputError(f"{activation!r} has no name in recipes and model files; there are {', '.join(ACTIVATIONS)}")


def build_loss(loss: recipe.Loss) -> Loss:
    """Return the loss that a recipe names."""
    if loss.name == "cross-entropy":
        return CrossEntropyLoss(label_smoothing=loss.label_smoothing)
    return MSELoss()


def build_optimizer(recipe: recipe.Recipe, model: MLP, *, total_steps: int) -> Optimizer:
    """Return the optimiser that a recipe describes, with its schedule, for the parameters of a model."""
    settings = recipe.optimizer
    schedule = warmup(SCHEDULES[recipe.schedule.name](), recipe.schedule.warmup)
    own = {"momentum": settings.momentum, "nesterov": settings.nesterov} if settings.name == "sgd" else {}
    return OPTIMIZERS[settings.name](
        model.parameters(),
        model.gradients(),
        settings.learning_rate,
        weight_decay=settings.weight_decay,
        clip_norm=settings.clip_norm or None,
        max_norm=settings.max_norm or None,
        schedule=schedule,
        total_steps=total_steps,
        **own,
    )
