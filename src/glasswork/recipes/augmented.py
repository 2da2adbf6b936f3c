"""The first training image of each class, and what a recipe's augmentation makes of it in the first epochs."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from glasswork.arrays import FloatArray
from glasswork.data import Dataset
from glasswork.errors import RecipeError
from glasswork.pixels import BYTES_FACTOR, BYTES_OFFSET
from glasswork.recipes.experiment import assemble
from glasswork.recipes.recipe import Recipe


class Augmented(NamedTuple):
    """Images and their distortions.

    Attributes
    ----------
    originals : (rows, pixels) uint8
    distorted : (rows, epochs, pixels)
        From 0 to 255.
    classes : list of str
        The class of each row.
    shape : tuple of int
        The shape of an image.
    settings : str
        What the recipe says about augmentation, where it is not the default.
    notes : list of str
        Names in the settings that are not classes of the data.
    """

    originals: NDArray[np.uint8]
    distorted: FloatArray
    classes: list[str]
    shape: tuple[int, ...]
    settings: str
    notes: list[str]


def augmented_images(recipe: Recipe, dataset: Dataset | None = None, *, epochs: int) -> Augmented:
    """Return an image of each class, as the first epochs of a training see it.

    Raises
    ------
    RecipeError
        If the recipe does not distort images, or its data are not images.
    """
    settings = recipe.augment.make(recipe.training.epochs)
    if not settings.is_on:
        raise RecipeError(f"{recipe.name}: distorts no images; switch a kind on, such as --rotation 15 or --elastic 1")
    experiment = assemble(recipe, dataset)
    parts, loader = experiment.parts, experiment.train_loader
    labels, rows = np.unique(loader.labels, return_index=True)
    distorted = [loader.distorted(rows, epoch) for epoch in range(1, epochs + 1)]
    return Augmented(
        originals=loader.images[rows],
        distorted=np.stack(distorted, axis=1) / BYTES_FACTOR + BYTES_OFFSET,
        classes=[parts.classes[label] for label in labels],
        shape=parts.shape,
        settings=str(recipe.augment),
        notes=settings.notes(parts.classes),
    )
