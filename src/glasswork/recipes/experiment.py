"""An experiment: everything that a recipe describes, in memory and ready to train; nothing is written yet.

recipe ──► data, divided in three ──► loaders       network, loss, optimiser
"""

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glasswork.arrays import FloatArray
from glasswork.data import Batches, Dataset, Part, Split, load_dataset
from glasswork.data.as_loader import leaves_single
from glasswork.data.contract import inputs_of
from glasswork.data.once import split_once
from glasswork.data.sources import ARRAYS
from glasswork.errors import InputError, RecipeError
from glasswork.inputs import Inputs
from glasswork.nn import MLP, Loss
from glasswork.optim import Average, Optimizer
from glasswork.randomness import Purpose, generator
from glasswork.recipes.build import build_average, build_loss, build_model, build_optimizer, column_scaling, pixel_scale
from glasswork.recipes.recipe import Recipe
from glasswork.recipes.schema import Data, Training
from glasswork.recipes.weights import training_weights

#: Images in a batch for evaluation; the result does not depend on it.
EVALUATION_BATCH = 500

#: The folder, beside the runs, for copies of data that do not fit into memory and cannot be mapped as they are.
DATA_CACHE = Path("runs") / ".data"

#: Weights of the largest network that is built: with gradients and moments, a few gigabytes.
MOST_WEIGHTS = 200_000_000


@dataclass(frozen=True, eq=False)
class Experiment:
    """Everything that a recipe describes, in memory.

    Attributes
    ----------
    recipe : Recipe
    parts : Split
        The data, with the names of the classes and the shape of an image.
    data_sha256 : str
        The fingerprint of these parts.
    model : MLP
    weights : int
        The number of weights by which each image is multiplied.
    loss : Loss
    optimizer : Optimizer
    average : Average or None
        The average of the weights, if the recipe asks for it.
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
    """Build everything that a recipe describes.

    Parameters
    ----------
    recipe : Recipe
    dataset : Dataset, optional
        Used instead of loading the recipe's ``data.source``.

    Raises
    ------
    RecipeError
        If the recipe asks for something that the data do not allow.
    FileError
        If the data cannot be loaded.
    """
    dataset = None if dataset is None else dataset.with_identity()
    recipe = named_after(recipe, dataset)
    try:
        parts = load_data(recipe.data, dataset)
        weights = _count_weights(recipe, parts)
        if recipe.training.monitor == "auc" and len(parts.classes) != 2:
            raise InputError(f"training.monitor: auc is for two classes, got {len(parts.classes)}; choose f1")
        pixels = parts.kind == "pixels"
        model = build_model(
            recipe.network,
            parts.train.images.shape[1],
            len(parts.classes),
            rng=generator(recipe.seed, Purpose.WEIGHTS),
            seed=recipe.seed,
            scale=pixel_scale(recipe.data.scaling, parts.train.images) if pixels else None,
        )
        model.inputs = inputs_of(parts, scaling=column_scaling(recipe.data.scaling), missing=recipe.data.missing)
        train_loader = _loader(
            recipe,
            model.inputs,
            parts.train,
            recipe.training.batch_size,
            learning=True,
            weights=training_weights(recipe.training, parts),
        )
        valid_loader, test_loader = (
            _loader(recipe, model.inputs, part, min(EVALUATION_BATCH, len(part)), learning=False)
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


def load_data(data: Data, dataset: Dataset | None = None) -> Split:
    """Return the images that a recipe asks for, or the given ones, divided as the recipe states.

    Given images have their current fingerprint in their origin: see `Dataset.with_identity`.
    """
    return split_once(
        dataset or load_source(data),
        scheme=data.split,
        seed=data.split_seed,
        test=data.test or None,
        valid=data.valid or None,
        fold=data.fold,
    )


def load_source(data: Data) -> Dataset:
    """Return the images that a recipe asks for, not yet divided."""
    if len(data.range) == 1:
        raise RecipeError(f"data.range: expected two numbers, such as [0, 16], got {data.range[0]:g} alone")
    stated = (data.range[0], data.range[1]) if data.range else None
    return load_dataset(data.source, cache=DATA_CACHE, data_range=stated, missing=data.missing, colour=data.colour)


def what_is_loaded(data: Data) -> Data:
    """Return the keys that decide what `load_source` returns, with the others at their defaults."""
    return Data(source=data.source, range=data.range, missing=data.missing, colour=data.colour)


def named_after(recipe: Recipe, dataset: Dataset | None) -> Recipe:
    """Return the recipe with the source and the colours of the dataset that replaces its own."""
    if dataset is None:
        return recipe
    source = dataset.source or f"{ARRAYS}:{dataset.name}"
    colour = "rgb" if len(dataset.shape) == 3 else "grey"
    if colour == "grey" and recipe.data.colour == "rgb":
        raise RecipeError(
            'data.colour: the recipe says rgb, but the dataset is grey; load it with colour="rgb", or choose grey'
        )
    if (source, colour) == (recipe.data.source, recipe.data.colour):
        return recipe
    return recipe.override({"data.source": source, "data.colour": colour})


def _count_weights(recipe: Recipe, parts: Split) -> int:
    widths = [parts.train.images.shape[1], *recipe.network.hidden, len(parts.classes)]
    weights: int = sum(n * m for n, m in itertools.pairwise(widths))
    if weights > MOST_WEIGHTS:
        raise InputError(
            f"network.hidden: expected at most {MOST_WEIGHTS:,} weights, got {weights:,}; choose fewer neurons"
        )
    return weights


def _drops_last(training: Training, images: int) -> bool:
    """Whether the last batch of an epoch is left out; never if it is the only one."""
    return images > training.batch_size and (training.drop_last or leaves_single(images, training.batch_size))


def _loader(
    recipe: Recipe,
    inputs: Inputs,
    part: Part,
    batch_size: int,
    *,
    learning: bool,
    weights: FloatArray | None = None,
) -> Batches:
    """Return the batches of a part: of bytes, which they scale; or of features, which are scaled once, here."""
    images: Any = part.images
    dtype = recipe.network.dtype
    if inputs.features is not None:
        images = inputs.prepared(images, dtype, who="the data")
    loader = Batches(
        images,
        part.labels,
        batch_size,
        seed=recipe.seed,
        drop_last=learning and _drops_last(recipe.training, len(part)),
        shuffle=learning,
        classes=len(inputs.classes or ()),
        dtype=dtype,
        weights=weights,
        augment=recipe.augment.make(recipe.training.epochs) if learning else None,
        shape=inputs.shape,
    )
    loader.inputs = inputs
    return loader
