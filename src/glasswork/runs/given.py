"""What a run is given, in the forms in which users give it: a recipe by name, a dataset as two arrays."""

import os
from pathlib import Path
from typing import Any, TypeAlias

from glasswork.data import Dataset
from glasswork.errors import InputError
from glasswork.features import Missing
from glasswork.paths import typed_path
from glasswork.recipes.recipe import Recipe
from glasswork.recipes.shelf import named_recipe, read_recipe
from glasswork.runs.folder import RunFolder

#: A dataset, or its images and labels.
Data: TypeAlias = Dataset | tuple[Any, Any]


def check_stops(checkpoint_every: object, should_stop: object) -> None:
    """Raise an InputError unless a run can be saved and stopped as it is told."""
    if not isinstance(checkpoint_every, int | float) or not checkpoint_every >= 0:  # never for NaN
        raise InputError(f"Run: expected checkpoint_every to be seconds, 0 or more, got {checkpoint_every!r}")
    if not callable(should_stop):
        raise InputError(f"Run: expected should_stop to be a callable, as lambda: False, got {should_stop!r}")


def as_recipe(recipe: Recipe | str | os.PathLike[str]) -> Recipe:
    """Return a recipe, or the one that is meant: by its name, its TOML file, or the folder of a run.

    Raises
    ------
    InputError
        If it is none of these.
    RecipeError, FileError
        If no recipe has that name, or the file cannot be read.
    """
    if isinstance(recipe, Recipe):
        return recipe
    if not isinstance(recipe, str | os.PathLike):
        raise InputError(f"Run: expected a recipe, or the name of one such as 'relu', got {_describe(recipe)}")
    path = typed_path(recipe)
    if RunFolder(path).exists():
        RunFolder(path).check_trainable()
        return RunFolder(path).recipe()
    return read_recipe(path) if path.suffix == ".toml" else named_recipe(str(recipe))


def folder_and_dataset(
    folder: str | Path | Data | None, data: Data | None, missing: Missing
) -> tuple[Path | None, Dataset | None]:
    """Return the folder and the dataset of a run, whose second argument may be either.

    Raises
    ------
    InputError
        If there are two datasets, or what should be a dataset is not one.
    """
    if folder is None or isinstance(folder, str | os.PathLike):
        return None if folder is None else Path(folder), as_dataset(data, missing)
    if data is not None:
        raise InputError(f"Run: expected a folder and a dataset, got two datasets: {_describe(folder)} as the folder")
    return None, as_dataset(folder, missing)


def as_dataset(data: Data | None, missing: Missing) -> Dataset | None:
    """Return a dataset as it is, and images with labels as a dataset."""
    if data is None or isinstance(data, Dataset):
        return data
    if isinstance(data, tuple | list) and len(data) == 2:
        return Dataset.of(*data, missing=missing)
    raise InputError(
        "Run: expected the data to be a Dataset, such as load_dataset('letters/') returns, or a pair (images, labels), "
        f"got {_describe(data)}"
    )


def _describe(thing: object) -> str:
    text = repr(thing)
    return text if len(text) < 60 else f"an object of {type(thing)}"
