"""The list of all keys of a recipe, and how to find one by a short name or by its name in other libraries.

momentum ──► optimizer.momentum     lr, learning_rate_init ──► optimizer.learning_rate     solver ──► optimizer.name
"""

import functools
from collections.abc import Iterator
from typing import Any

from msgspec import Struct
from msgspec.structs import FieldInfo, fields

from glasswork.recipes.checking import expected, keys_of, structures, unpack
from glasswork.recipes.recipe import SECTIONS, Recipe, leaves
from glasswork.recipes.schema import Choice


class Key(Struct, frozen=True):
    """One key of a recipe.

    Attributes
    ----------
    path : str
        The full path, such as ``optimizer.momentum``.
    expected : str
        The allowed values, in words.
    default : object
        The default, as a TOML value.
    meaning : str
        One line of help.
    only : tuple of str
        The names of activations, losses, optimisers or schedules that have this key; empty if it is always there.
    """

    path: str
    expected: str
    default: Any
    meaning: str
    only: tuple[str, ...] = ()


@functools.cache
def recipe_keys() -> tuple[Key, ...]:
    """Return every key that a recipe may have, with its allowed values, its default and its meaning."""
    return tuple(_keys(Recipe, "", dict(leaves(Recipe().to_dict()))))


def _keys(table: Any, prefix: str, defaults: dict[str, Any]) -> Iterator[Key]:
    for name, annotation in keys_of(table).items():
        path, kinds = f"{prefix}{name}", structures(annotation)
        if kinds and not issubclass(kinds[0], Choice):
            yield from _keys(kinds[0], f"{path}.", defaults)
            continue
        key = path if path in defaults else f"{path}.name"
        yield Key(key, expected(annotation), defaults[key], unpack(annotation)[1].description or "")
        found: dict[
            tuple[str, Any], tuple[FieldInfo, list[str]]
        ] = {}  # a key with another default counts as another key
        for kind in kinds:
            for option in fields(kind):
                alike = found.setdefault((option.encode_name, option.default), (option, []))
                alike[1].append(kind.__struct_config__.tag)
        for option, names in found.values():
            only = () if len(names) == len(kinds) else tuple(names)
            inner, meaning = f"{path}.{option.encode_name}", unpack(option.type)[1].description or ""
            yield Key(inner, expected(option.type), option.default, meaning, only)


#: Other names for keys: the handout's, and those that scikit-learn, Keras and PyTorch use.
_OTHER_NAMES = {
    "optimizer.learning_rate": "lr eta learning_rate_init",
    "optimizer.name": "solver",
    "optimizer.weight_decay": "decay l2",
    "optimizer.nesterov": "nesterovs_momentum",
    "optimizer.beta1": "beta_1",
    "optimizer.beta2": "beta_2",
    "optimizer.eps": "epsilon",
    "optimizer.clip_norm": "clipnorm",
    "loss.name": "criterion",
    "training.epochs": "num_epochs n_epochs max_iter",
    "training.batch_size": "minibatch_size batch",
    "training.early_stopping": "patience n_iter_no_change",
    "training.average": "ema",
    "network.hidden": "hidden_size hidden_layer_sizes hidden_layers units layers",
    "network.output_activation": "output out_activation_",
    "network.dropout": "dropout_rate",
    "network.batch_norm": "batch_normalization",
    "network.initializer": "init kernel_initializer",
    "seed": "random_state",
    "data.source": "dataset data",
    "data.range": "data_range",
    "data.colour": "color",
    "schedule.name": "scheduler lr_scheduler",
}
SYNONYMS = {name: path for path, names in _OTHER_NAMES.items() for name in names.split()}


def find_key(word: str) -> str | None:
    """Return the path of the key that a word means, or None.

    Parameters
    ----------
    word : str
        A path, such as ``optimizer.momentum``; its last part, if no other key ends in it; the name of a table, for
        the key ``name`` in it; or a synonym. A hyphen counts as an underscore.
    """
    word = word.strip().lower().replace("-", "_")
    paths = {key.path for key in recipe_keys()}
    if word in paths:
        return word
    if word in SECTIONS and f"{word}.name" in paths:
        return f"{word}.name"
    ending = [path for path in paths if path.rpartition(".")[2] == word]
    if len(ending) == 1:
        return ending[0]
    synonym = SYNONYMS.get(word)
    return synonym if synonym in paths else None


def spellings() -> dict[str, str]:
    """Return all names of keys, each with the shortest name by which `find_key` finds it: "lr": "learning_rate"."""
    keys = [key.path for key in reversed(recipe_keys())]
    paths = {path.rpartition(".")[2]: path for path in keys} | SYNONYMS | {path: path for path in keys}
    last = {path: path.rpartition(".")[2] for path in paths.values()}
    return {name: last[path] if find_key(last[path]) == path else path for name, path in paths.items()}


def explain_key(key: Key) -> str:
    """Return a key in words: its meaning, its allowed values and its default."""
    default = (
        "none" if key.default == "" else str(key.default).lower() if isinstance(key.default, bool) else key.default
    )
    only = f"\n  belongs to  {', '.join(key.only)}" if key.only else ""
    return f"{key.path}: {key.meaning}\n  expected    {key.expected}\n  default     {default}{only}"
