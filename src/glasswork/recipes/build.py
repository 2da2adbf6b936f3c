"""Builds the objects that a recipe describes.

[network] ──► MLP      [loss] ──► MSELoss ...      [optimizer], [schedule] ──► SGD, Adam ...
"""

import numpy as np

from glasswork.arrays import Images
from glasswork.data.mapped import MappedRows, in_blocks
from glasswork.features import ColumnScaling
from glasswork.nn import MLP, Loss, Scale
from glasswork.optim import Average, Optimizer, warmup
from glasswork.recipes import schema
from glasswork.recipes.recipe import Recipe


def build_model(
    network: schema.Network,
    in_features: int,
    out_features: int,
    *,
    rng: np.random.Generator,
    seed: int,
    scale: tuple[float, float] | None = None,
) -> MLP:
    """Return the network that a recipe describes: ``rng`` draws its initial weights, ``seed`` its masks and noise.

    With ``scale``, the first layer is a `Scale` with this offset and spread.
    """
    output = network.output_activation
    model = MLP(
        in_features,
        network.hidden,
        out_features,
        activation=[choice.make for choice in network.activations],
        output_activation=None if output.name == "none" else output.make,
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
    if scale is None:
        return model
    return MLP.from_layers({"scale": Scale(*scale, dtype=network.dtype), **model.named_layers})


def pixel_scale(scaling: str, images: Images | MappedRows) -> tuple[float, float] | None:
    """Return the offset and spread by which pixels from -1 to 1 are scaled, or None if they are not scaled.

    Parameters
    ----------
    scaling : {"handout", "zero-to-one", "standardize"}
    images : (N, features) uint8
        The training images. The mean and standard deviation are those of all their pixels together.
    """
    if scaling == "handout":
        return None
    if scaling == "zero-to-one":
        return -1.0, 2.0
    counts = np.zeros(256)
    for block in in_blocks(images):
        counts += np.bincount(block.reshape(-1), minlength=256)
    levels = (np.arange(256) - 127.5) / 127.5
    mean = float(counts @ levels / counts.sum())
    spread = float(np.sqrt(counts @ (levels - mean) ** 2 / counts.sum()))
    return mean, spread or 1.0


def column_scaling(scaling: str) -> ColumnScaling:
    """Return how the columns of features are scaled; "handout" is about pixels, so they are standardised then."""
    return "zero-to-one" if scaling == "zero-to-one" else "standardize"


def build_loss(loss: schema.Loss) -> Loss:
    """Return the loss that a recipe names."""
    built: Loss = loss.make()
    return built


def build_optimizer(recipe: Recipe, model: MLP, *, total_steps: int) -> Optimizer:
    """Return the optimiser that a recipe describes, with its schedule, for a model's parameters."""
    schedule = recipe.schedule.make()
    built: Optimizer = recipe.optimizer.make(
        model.parameters(),
        model.gradients(),
        schedule=warmup(schedule, recipe.schedule.warmup),
        total_steps=total_steps,
    )
    return built


def build_average(recipe: Recipe, model: MLP) -> Average | None:
    """Return the moving average of the weights, or None if the recipe does not ask for one."""
    decay = recipe.training.average
    return Average(list(model.state().values()), decay) if decay else None
