"""From a recipe's words to the objects they mean.

[network] ──► MLP      [loss] ──► MSELoss ...      [optimizer], [schedule] ──► SGD, Adam ...
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from glasswork.nn import MLP, Layer, Loss
from glasswork.optim import Average, Optimizer, warmup
from glasswork.recipes import schema
from glasswork.recipes.kinds import Choice
from glasswork.recipes.recipe import Recipe


def build_model(
    network: schema.Network, in_features: int, out_features: int, *, rng: np.random.Generator, seed: int
) -> MLP:
    """Return the network that a recipe describes: initial weights from ``rng``, masks and noise from ``seed``."""
    output = network.output_activation
    return MLP(
        in_features,
        network.hidden,
        out_features,
        activation=[_maker(choice) for choice in network.activations],
        output_activation=None if output.name == "none" else _maker(output),
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


def _maker(choice: Choice) -> Callable[..., Layer]:
    """Return what makes an activation when it is called with a dtype: a class, or one with its options set."""
    kind: Callable[..., Any] = schema.ACTIVATION_TABLE.makers[choice.name]
    options = schema.ACTIVATION_TABLE.arguments(choice)
    return functools.partial(kind, **options) if options else kind


def build_loss(loss: schema.Loss) -> Loss:
    """Return the loss that a recipe names."""
    made: Loss = schema.LOSS_TABLE.make(loss.choice)
    return made


def build_optimizer(recipe: Recipe, model: MLP, *, total_steps: int) -> Optimizer:
    """Return the optimiser that a recipe describes, with its schedule, for the parameters of a model."""
    schedule = schema.SCHEDULE_TABLE.make(recipe.schedule.choice)
    made: Optimizer = schema.OPTIMIZER_TABLE.make(
        recipe.optimizer.choice,
        model.parameters(),
        model.gradients(),
        schedule=warmup(schedule, recipe.schedule.warmup),
        total_steps=total_steps,
    )
    return made


def build_average(recipe: Recipe, model: MLP) -> Average | None:
    """Return the average of the weights that a recipe asks for, if it does."""
    decay = recipe.training.average
    return Average(list(model.state().values()), decay) if decay else None
