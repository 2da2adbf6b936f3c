"""A recipe in one or two printed lines: the network, and how it is trained."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glasswork.nn import MLP
    from glasswork.recipes.recipe import Recipe


def describe_network(recipe: "Recipe", model: "MLP") -> str:
    """Return the network in words: ``784-50-10, sigmoid, 39,760 parameters, float32``."""
    network = recipe.network
    sizes = "-".join(str(width) for width in (model.in_features, *model.hidden_size, model.out_features))
    chosen = network.activation if isinstance(network.activation, tuple) else (network.activation,)
    activation = ", ".join(map(str, chosen))
    extras = _switched_on(
        input_dropout=network.input_dropout,
        dropout=network.dropout,
        input_noise=network.input_noise,
        noise=network.noise,
    )
    extras += ["batch norm"] * network.batch_norm
    parameters = sum(parameter.size for parameter in model.parameters())
    return f"{', '.join([sizes, activation, *extras])}, {parameters:,} parameters, {network.dtype}"


def describe_training(recipe: "Recipe") -> str:
    """Return how a network is trained: ``50 epochs, batches of 100, mse, sgd with learning rate 0.1, seed 123``."""
    optimizer, training = recipe.optimizer, recipe.training
    details = _switched_on(
        **{key: value for key, value in optimizer.changed().items() if key != "learning_rate"},
        **recipe.loss.changed(),
        **recipe.schedule.changed(),
        warmup=recipe.schedule.warmup,
        average=training.average,
        early_stopping=training.early_stopping,
    )
    details += [f"{recipe.schedule.name} schedule"] * (recipe.schedule.name != "constant")
    rule = f"{optimizer.name} with learning rate {optimizer.learning_rate:g}"
    return ", ".join(
        [
            f"{training.epochs} epochs, batches of {training.batch_size}, {recipe.loss.name}",
            *[rule, *details, f"seed {recipe.seed}"],
        ]
    )


def _switched_on(**settings: float) -> list[str]:
    return [f"{name.replace('_', ' ')} {value:g}" for name, value in settings.items() if value]
