"""From a recipe's words to the objects they mean, and for networks back again.

[network] ──► MLP      [loss] ──► MSELoss ...      [optimizer], [schedule] ──► SGD, Adam ...
"""

from collections.abc import Callable

import msgspec
import numpy as np

from glasswork.errors import InputError
from glasswork.nn import MLP, CrossEntropyLoss, Loss, MSELoss
from glasswork.nn.activations import ACTIVATIONS, Activation
from glasswork.optim import SGD, Adam, AdamW, Average, Optimizer, RMSprop, Schedule
from glasswork.optim.schedules import constant, cosine, one_cycle, step, warmup
from glasswork.recipes import recipe

_OPTIMIZERS: dict[str, type[Optimizer]] = {"sgd": SGD, "adam": Adam, "adamw": AdamW, "rmsprop": RMSprop}
_SCHEDULES: dict[str, Callable[[], Schedule]] = {
    "constant": constant,
    "step": step,
    "cosine": cosine,
    "one-cycle": one_cycle,
}


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
    settings = {
        "hidden": [int(width) for width in model.hidden_size],
        "activation": [_word(activation) for activation in model.activations],
        "output_activation": "none" if model.output_activation is None else _word(model.output_activation),
        "batch_norm": model.batch_norm,
        "dropout": model.dropout,
        "input_dropout": model.input_dropout,
        "noise": model.noise,
        "input_noise": model.input_noise,
        "initializer": model.initializer or "auto",
        "bias_grad": model.bias_grad,
        "dtype": model.dtype.name,
    }
    try:
        return msgspec.convert(settings, recipe.Network)
    except msgspec.ValidationError as error:
        raise InputError(f"{model}: cannot be described in recipes and model files: {error}") from None


def _word(activation: type[Activation]) -> str:
    for word, known in ACTIVATIONS.items():
        if known is activation:
            return word
    raise InputError(f"{activation!r} has no name in recipes and model files; there are {', '.join(ACTIVATIONS)}")


def build_loss(loss: recipe.Loss) -> Loss:
    """Return the loss that a recipe names."""
    if loss.name == "cross-entropy":
        return CrossEntropyLoss(label_smoothing=loss.label_smoothing)
    return MSELoss()


def build_optimizer(recipe: recipe.Recipe, model: MLP, *, total_steps: int) -> Optimizer:
    """Return the optimiser that a recipe describes, with its schedule, for the parameters of a model."""
    settings = recipe.optimizer
    schedule = warmup(_SCHEDULES[recipe.schedule.name](), recipe.schedule.warmup)
    own = {"momentum": settings.momentum, "nesterov": settings.nesterov} if settings.name == "sgd" else {}
    average = recipe.training.average
    return _OPTIMIZERS[settings.name](
        model.parameters(),
        model.gradients(),
        settings.learning_rate,
        weight_decay=settings.weight_decay,
        clip_norm=settings.clip_norm or None,
        max_norm=settings.max_norm or None,
        schedule=schedule,
        total_steps=total_steps,
        average=Average(list(model.state().values()), average) if average else None,
        **own,
    )
