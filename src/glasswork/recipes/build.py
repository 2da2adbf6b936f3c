"""From a recipe's words to the objects they mean, ready to train; nothing is written yet.

[data] ──► images, divided in three ──► loaders
[network] ──► MLP      [loss] ──► MSELoss ...      [optimizer], [schedule] ──► SGD, Adam ...
"""

import functools
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from glasswork.data import Batches, Dataset, Part, Split, load_dataset, split
from glasswork.errors import InputError, RecipeError
from glasswork.nn import MLP, Layer, Loss
from glasswork.optim import Average, Optimizer, warmup
from glasswork.randomness import Purpose, generator
from glasswork.recipes import schema
from glasswork.recipes.kinds import Choice
from glasswork.recipes.recipe import Recipe

#: Images in a batch for evaluation; the result does not depend on it.
EVALUATION_BATCH = 500

#: Weights of the largest network that is built: with gradients and moments, a few gigabytes.
MOST_WEIGHTS = 200_000_000


@dataclass(frozen=True, eq=False)
class Experiment:
    """All that a recipe asks for, in memory.

    Attributes
    ----------
    recipe : Recipe
    parts : Split
        The data, with the names of the classes and the shape of an image.
    data_sha256 : str
        Of these parts.
    model : MLP
    weights : int
        Each image is multiplied by so many.
    loss : Loss
    optimizer : Optimizer
    average : Average or None
        Of the weights, if the recipe asks for it.
    train_loader, valid_loader, test_loader : Batches
    """

    recipe: Recipe
    parts: Split
    data_sha256: str
    model: MLP
    weights: int
    loss: Loss
    optimizer: Optimizer
    average: Average | None
    train_loader: Batches
    valid_loader: Batches
    test_loader: Batches


def assemble(recipe: Recipe, dataset: Dataset | None = None) -> Experiment:
    """Build all that a recipe asks for.

    Parameters
    ----------
    recipe : Recipe
    dataset : Dataset, optional
        To use instead of loading the recipe's ``data.source``.

    Raises
    ------
    RecipeError
        If the recipe asks for something that the data do not allow.
    FileError
        If the data cannot be loaded.
    """
    try:
        parts = load_data(recipe.data, dataset)
        weights = _count_weights(recipe, parts)
        if recipe.training.batch_size > len(parts.train):
            raise InputError(
                f"training.batch_size: expected at most {len(parts.train):,}, the number of training images, got "
                f"{recipe.training.batch_size:,}"
            )
        model = build_model(
            recipe.network,
            parts.train.images.shape[1],
            len(parts.classes),
            rng=generator(recipe.seed, Purpose.WEIGHTS),
            seed=recipe.seed,
        )
        train_loader = _loader(recipe, parts, parts.train, recipe.training.batch_size, learning=True)
        valid_loader, test_loader = (
            _loader(recipe, parts, part, min(EVALUATION_BATCH, len(part)), learning=False)
            for part in (parts.valid, parts.test)
        )
    except InputError as error:
        raise RecipeError(str(error)) from None
    return Experiment(
        recipe=recipe,
        parts=parts,
        data_sha256=parts.fingerprint(),
        model=model,
        weights=weights,
        loss=build_loss(recipe.loss),
        optimizer=build_optimizer(recipe, model, total_steps=recipe.training.epochs * len(train_loader)),
        average=build_average(recipe, model),
        train_loader=train_loader,
        valid_loader=valid_loader,
        test_loader=test_loader,
    )


def load_data(data: schema.Data, dataset: Dataset | None = None) -> Split:
    """Return the images that a recipe asks for, or those given in their place, divided as it asks."""
    return split(dataset or load_dataset(data.source), scheme=data.split, seed=data.split_seed)


def _count_weights(recipe: Recipe, parts: Split) -> int:
    widths = [parts.train.images.shape[1], *recipe.network.hidden, len(parts.classes)]
    weights: int = sum(n * m for n, m in itertools.pairwise(widths))
    if weights > MOST_WEIGHTS:
        raise InputError(
            f"network.hidden: expected at most {MOST_WEIGHTS:,} weights, got {weights:,}; choose fewer neurons"
        )
    return weights


def _loader(recipe: Recipe, parts: Split, part: Part, batch_size: int, *, learning: bool) -> Batches:
    return Batches(
        part.images,
        part.labels,
        batch_size,
        seed=recipe.seed,
        drop_last=learning,
        shuffle=learning,
        classes=len(parts.classes),
        dtype=recipe.network.dtype,
    )


# Part by part ---------------------------------------------------------------------------------------


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
