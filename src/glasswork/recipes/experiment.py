"""An experiment: all that a recipe asks for, in memory and ready to train; nothing is written yet.

recipe ──► data, cut in three ──► loaders       network, loss, optimiser
"""

import hashlib
import itertools
from dataclasses import dataclass

import numpy as np

from glasswork.data import Batches, Split, load_mnist, split
from glasswork.errors import InputError, RecipeError
from glasswork.nn import MLP, Loss
from glasswork.optim import Average, Optimizer
from glasswork.randomness import Purpose, generator
from glasswork.recipes.build import build_loss, build_model, build_optimizer
from glasswork.recipes.recipe import Data, Recipe

#: Images in a batch when nothing is learnt: any number gives the same result.
EVALUATION_BATCH = 500

#: Weights of the largest network that is begun: with gradients and moments, a few gigabytes.
MOST_WEIGHTS = 200_000_000


@dataclass(frozen=True)
class Experiment:
    """The parts of an experiment.

    Attributes
    ----------
    parts : Split
        The data.
    data_sha256 : str
        Of the data.
    weights : int
        That each image is multiplied by.
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


def assemble(recipe: Recipe) -> Experiment:
    """Make all that a recipe asks for.

    Raises
    ------
    RecipeError
        If it asks for what the data do not allow.
    """
    try:
        parts = load_data(recipe.data)
    except InputError as error:
        raise RecipeError(str(error)) from None
    classes = int(parts.train.labels.max()) + 1
    dtype = recipe.network.dtype
    widths = [parts.train.images.shape[1], *recipe.network.hidden, classes]
    if (weights := sum(n * m for n, m in itertools.pairwise(widths))) > MOST_WEIGHTS:
        raise RecipeError(
            f"network.hidden: expected at most {MOST_WEIGHTS:,} weights, got {weights:,}; choose fewer neurons"
        )
    if recipe.training.batch_size > len(parts.train):
        raise RecipeError(
            f"training.batch_size: expected 1 to {len(parts.train):,}, the training images "
            f"(given: {recipe.training.batch_size:,})"
        )
    try:
        model = build_model(
            recipe.network,
            parts.train.images.shape[1],
            classes,
            rng=generator(recipe.seed, Purpose.WEIGHTS),
            seed=recipe.seed,
        )
        train_loader = Batches(
            parts.train.images,
            parts.train.labels,
            recipe.training.batch_size,
            seed=recipe.seed,
            classes=classes,
            dtype=dtype,
        )
    except InputError as error:
        raise RecipeError(str(error)) from None
    valid_loader, test_loader = (
        Batches(
            part.images,
            part.labels,
            min(EVALUATION_BATCH, len(part)),
            seed=recipe.seed,
            drop_last=False,
            shuffle=False,
            classes=classes,
            dtype=dtype,
        )
        for part in (parts.valid, parts.test)
    )
    loss = build_loss(recipe.loss)
    optimizer = build_optimizer(recipe, model, total_steps=recipe.training.epochs * len(train_loader))
    average = Average(list(model.state().values()), recipe.training.average) if recipe.training.average else None
    return Experiment(
        recipe,
        parts,
        hash_data(parts),
        model,
        weights,
        loss,
        optimizer,
        average,
        train_loader,
        valid_loader,
        test_loader,
    )


def load_data(data: Data) -> Split:
    """Return the images that a recipe asks for, cut as it asks."""
    if data.source == "mnist":
        images, labels = load_mnist()
    else:
        from glasswork.data.sources.openml import load_openml

        images, labels = load_openml(data.source.removeprefix("openml:"))
    return split(images, labels, scheme=data.split, seed=data.split_seed)


def hash_data(parts: Split) -> str:
    """Return the SHA-256 of the images and labels that a run learns from and is judged by."""
    digest = hashlib.sha256()
    for part in (parts.train, parts.valid, parts.test):
        digest.update(np.ascontiguousarray(part.images).data)
        digest.update(np.ascontiguousarray(part.labels).data)
    return digest.hexdigest()
