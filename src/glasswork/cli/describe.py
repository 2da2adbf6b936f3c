"""A recipe in one or two printed lines: the network, and how it is trained."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glasswork.nn import MLP
    from glasswork.recipes.recipe import Recipe


def describe_network(recipe: "Recipe", model: "MLP") -> str:
    """Return the network in words: ``784-50-10, sigmoid, 39,760 parameters, float32``."""
    network = recipe.network
    sizes = "-".join(str(width) for width in (model.in_features, *model.hidden_size, model.out_features))
    activations = [str(choice) for choice in network.activations]
    if len(set(activations)) == 1:
        activations = activations[:1]
    extras = _switched_on(
        {
            "input_dropout": network.input_dropout,
            "dropout": network.dropout,
            "input_noise": network.input_noise,
            "noise": network.noise,
            "batch norm": network.batch_norm,
        }
    )
    parameters = sum(parameter.size for parameter in model.parameters())
    return f"{', '.join([sizes, *activations, *extras])}, {parameters:,} parameters, {network.dtype}"


def describe_training(recipe: "Recipe") -> str:
    """Return how a network is trained: ``50 epochs, batches of 100, mse, sgd with learning rate 0.1, seed 123``."""
    optimizer, training, schedule = recipe.optimizer, recipe.training, recipe.schedule
    options = {key: value for key, value in optimizer.changed().items() if key != "learning_rate"}
    more = {"warmup": schedule.warmup, "average": training.average, "early_stopping": training.early_stopping}
    words = [
        f"{training.epochs} epochs, batches of {training.batch_size}, {recipe.loss.name}",
        f"{optimizer.name} with learning rate {optimizer.learning_rate:g}",
        *_switched_on({**options, **recipe.loss.changed(), **more}),
        *[f"{schedule.name} schedule"] * (schedule.name != "constant"),
        *_switched_on(schedule.changed()),
        *_augmented(recipe),
        f"seed {recipe.seed}",
    ]
    return ", ".join(words)


def _augmented(recipe: "Recipe") -> list[str]:
    """Return how training images are distorted; an empty list if they are not."""
    on = recipe.augment.make(recipe.training.epochs).is_on
    return [f"images distorted ({recipe.augment})"] if on else []


def _switched_on(settings: Mapping[str, Any]) -> list[str]:
    """Return the settings that are on, in words."""
    return [
        name.replace("_", " ") if value is True else f"{name.replace('_', ' ')} {value:g}"
        for name, value in settings.items()
        if value
    ]
