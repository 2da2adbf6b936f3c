"""The differences between recipes, key by key.

relu, relu with --lr 0.05 ──► {"optimizer.learning_rate": 0.1}, {"optimizer.learning_rate": 0.05}
"""

from collections.abc import Mapping, Sequence
from typing import Any

from glasswork.recipes.keys import recipe_keys
from glasswork.recipes.recipe import Recipe, leaves

#: Keys that only name an experiment, or change only the last digits of its results.
_NAMES = ("name", "description", "training.engine")


def differences(recipes: Sequence[Recipe]) -> list[dict[str, Any]]:
    """Return, for each recipe, the keys in which not all of them agree, with its values.

    A key that only some recipes have, such as ``optimizer.beta1`` of adam, is left out if it has its default value,
    since the name implies it.
    """
    written = [{key: value for key, value in leaves(recipe.to_dict()) if key not in _NAMES} for recipe in recipes]
    defaults: dict[str, list[Any]] = {}
    for key in recipe_keys():
        defaults.setdefault(key.path, []).append(key.default)
    order = dict.fromkeys(key for settings in written for key in settings)
    everywhere = [key for key in order if all(key in settings for settings in written)]
    differing = [key for key in everywhere if any(settings[key] != written[0][key] for settings in written)]
    return [
        {
            key: settings[key]
            for key in order
            if key in differing or (key in settings and key not in everywhere and settings[key] not in defaults[key])
        }
        for settings in written
    ]


def in_words(settings: Mapping[str, Any]) -> str:
    """Return keys and values as one short line: ``activation relu, optimizer adam``."""
    return ", ".join(f"{_short(key)} {show_value(value)}" for key, value in settings.items())


def show_value(value: Any) -> str:
    """Return the value of a key as people write it: ``300-100``, ``true``, ``none``."""
    if isinstance(value, list) and value and isinstance(value[0], list):  # changes while it was trained
        return "; ".join(" ".join(map(show_value, change)) for change in value)
    if isinstance(value, list):
        return "-".join(map(show_value, value)) or "none"
    return str(value).lower() if isinstance(value, bool) else "none" if value == "" else str(value)


def _short(key: str) -> str:
    """Return the last part of a key; for ``optimizer.name``, return ``optimizer``."""
    return key.removesuffix(".name").rpartition(".")[2].replace("_", " ")
