"""The shelf: recipes from TOML files, and those that come with glasswork.

classwork  cross-entropy  relu  deep  adam  dropout  plain-best  permutation  augmented  record-small  record
"""

import re
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from glasswork.errors import FileError, RecipeError
from glasswork.files import read_small
from glasswork.recipes.recipe import Recipe
from glasswork.settings import did_you_mean


def read_recipe(path: str | Path, *, newer: bool = False) -> Recipe:
    """Read a recipe from a TOML file. A recipe without a ``name`` gets the name of the file.

    Parameters
    ----------
    path : path
        The file.
    newer : bool
        Ignore unknown keys, which a later version of glasswork may have written; see `Recipe.from_dict`.

    Returns
    -------
    Recipe
        Complete, with all defaults.

    Raises
    ------
    FileError
        If the file cannot be read.
    RecipeError
        If the file is not a valid recipe.
    """
    path = Path(path)
    try:
        text = read_small(path).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise FileError(f"{path}: this recipe cannot be read ({reason})") from error
    stem = re.sub(r"[^A-Za-z0-9._-]", "-", path.stem).lstrip("._-")[:80]
    return _parse(text, stem or "recipe", str(path), newer=newer)


def named_recipe(name: str) -> Recipe:
    """Return one of the recipes that come with glasswork, such as ``"classwork"``.

    Parameters
    ----------
    name : str
        As ``glasswork recipes`` lists it.

    Returns
    -------
    Recipe
        Complete, with all defaults.

    Raises
    ------
    RecipeError
        If there is no recipe of that name.
    """
    names = recipe_names()
    if name not in names:
        raise RecipeError(f"no recipe is named {name!r}{did_you_mean(name, names)}; recipes: {', '.join(names)}")
    return _parse((_shelf() / f"{name}.toml").read_text(encoding="utf-8"), name, f"recipe {name}")


def recipe_names() -> list[str]:
    """Return the names of the recipes that come with glasswork."""
    return sorted(entry.name.removesuffix(".toml") for entry in _shelf().iterdir() if entry.name.endswith(".toml"))


def measured() -> dict[str, str]:
    """Return the measured test accuracies of the recipes that come with glasswork, in words."""
    return msgspec.json.decode((_shelf() / "measured.json").read_bytes(), type=dict[str, str])


def _shelf() -> Any:
    return resources.files("glasswork") / "recipes"


def _parse(text: str, name: str, where: str, *, newer: bool = False) -> Recipe:
    try:
        return Recipe.from_dict({"name": name, **tomllib.loads(text)}, newer=newer)
    except RecipeError as error:
        raise RecipeError(f"{where}: {error}") from None
    except (ValueError, RecursionError) as error:
        raise RecipeError(f"{where}: not TOML: {error}") from None
