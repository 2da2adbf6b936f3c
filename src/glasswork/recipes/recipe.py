"""A recipe: a whole experiment as a short TOML file.

[network]                       unknown key      → "did you mean ...?"
hidden = [50]                   wrong type/range → what is allowed, with the key's full path
activation = "sigmoid"          left out         → the default, see `glasswork.recipes.schema`
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

import msgspec
import numpy as np
from msgspec import Struct

from glasswork.data.sources import check_source
from glasswork.errors import InputError, RecipeError
from glasswork.nn import Dropout
from glasswork.optim import SGD
from glasswork.recipes.checking import check_keys, keys_of, refusal
from glasswork.recipes.schema import (
    AnyLoss,
    AnyOptimizer,
    AnySchedule,
    Augment,
    Choice,
    Data,
    Line,
    Loss,
    Name,
    Network,
    Optimizer,
    Schedule,
    Seed,
    Training,
)
from glasswork.settings import settings_of


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One experiment: everything that determines its result. Create one with `from_dict`, which checks all of it.

    A recipe that is written and read again equals the original.

    Attributes
    ----------
    name : str
        The name of the recipe and of its runs' folders.
    description : str
        One line.
    seed : int
        Determines initial weights, order of images, masks and noise.
    data, network, loss, optimizer, schedule, training, augment : section
        The sections of the file; ``glasswork recipes --keys`` lists their keys.
    """

    name: Name = "recipe"
    description: Line = ""
    seed: Seed = 123
    data: Data = field(default_factory=Data)
    network: Network = field(default_factory=Network)
    loss: AnyLoss = field(default_factory=Loss.kinds["mse"])
    optimizer: AnyOptimizer = field(default_factory=Optimizer.kinds["sgd"])
    schedule: AnySchedule = field(default_factory=Schedule.kinds["constant"])
    training: Training = field(default_factory=Training)
    augment: Augment = field(default_factory=Augment)

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any], *, newer: bool = False) -> Self:
        """Create a recipe from nested dictionaries.

        Parameters
        ----------
        settings : mapping
            As read from a TOML file.
        newer : bool
            For what a run wrote, perhaps with another version of glasswork: unknown keys, which are errors by default,
            are ignored, and a key that was not yet written has the value that an earlier version stood for.

        Raises
        ------
        RecipeError
            If a key is unknown or its value is not allowed; the message names the full path of the key.
        """
        given = _in_full(settings)
        if newer and isinstance(given.get("training"), dict):
            given["training"].setdefault("drop_last", True)
        try:
            recipe = msgspec.convert(given, cls)
        except msgspec.ValidationError as error:
            raise refusal(error, cls, given, settings) from None
        if not newer:
            check_keys(given, recipe)
        recipe._check_values()
        return recipe

    def _check_values(self) -> None:
        """Raise RecipeError for conditions that no type can express, such as settings that exclude each other."""
        try:
            check_source(self.data.source)
        except InputError as error:
            raise RecipeError(f"data.source: {error}") from None
        depth, each = len(self.network.hidden), self.network.activations
        if len(each) != depth:
            raise RecipeError(
                f"network.activation: expected one activation, or {depth}, one for each hidden layer, got {len(each)}"
            )
        output = self.network.output_activation.name
        if self.loss.name == "cross-entropy" and output not in ("none", "identity"):
            raise RecipeError(
                f"loss.name: cross-entropy takes logits; set network.output_activation to none (it is {output})"
            )
        if self.network.batch_norm and self.training.batch_size == 1:
            raise RecipeError("training.batch_size: batch normalisation needs at least 2 images in a batch, got 1")
        self._check_changes()
        for key in ("loss", "optimizer", "schedule"):  # their constructors may refuse the settings
            try:
                getattr(self, key).make(*([], []) if key == "optimizer" else ())
            except InputError as error:
                raise RecipeError(f"{key}: {error}") from None

    def _check_changes(self) -> None:
        ranges = {"learning_rate": settings_of(SGD)["lr"], "dropout": settings_of(Dropout)["p"]}
        changes = self.training.changes
        for n, (step, key, value) in enumerate(changes):
            if not ranges[key].allows(value):
                raise RecipeError(f"training.changes[{n}]: expected {key} to be {ranges[key].expected}, got {value}")
            if key == "dropout" and not self.network.dropout:
                raise RecipeError(
                    f"training.changes[{n}]: this network has no dropout to change; set network.dropout above 0"
                )
            if n and step < changes[n - 1][0]:
                raise RecipeError(f"training.changes[{n}]: its step, {step:,}, is before that of the change before it")

    def to_dict(self) -> dict[str, Any]:
        """Return the recipe as nested dictionaries of plain values, including defaults."""
        keys = {
            key.name: getattr(self, key.name) for key in fields(self)
        }  # vars() would lack defaults that msgspec read
        written: dict[str, Any] = _copy(msgspec.to_builtins(keys))
        _change_activations(written["network"], lambda table: table if len(table) > 1 else table["name"])
        return written

    def override(self, settings: Mapping[str, Any]) -> Self:
        """Return a copy of the recipe with some keys changed; the recipe itself does not change.

        If the name of the loss, optimiser or schedule changes, the keys that only the old one has are dropped.

        Parameters
        ----------
        settings : mapping
            From full paths of keys to their values: ``{"optimizer.name": "adam", "network.hidden": [300, 100]}``.

        Returns
        -------
        Recipe
            The changed copy.

        Raises
        ------
        RecipeError
            As for `from_dict`.

        Examples
        --------
        >>> from glasswork import named_recipe
        >>> named_recipe("relu").override({"optimizer.learning_rate": 0.05}).optimizer.learning_rate
        0.05
        """
        changed = self.to_dict()
        for key in SECTIONS:
            section, name = getattr(self, key), settings.get(f"{key}.name")
            if isinstance(section, Choice) and name in list(section.kinds):
                known = {"name", *keys_of(section.kinds[name])}
                changed[key] = {option: value for option, value in changed[key].items() if option in known}
        for path, value in settings.items():
            if path in SECTIONS and isinstance(value, Mapping):
                raise RecipeError(f"{path}: is a table; set its keys one by one, as {path}.KEY")
            _set(changed, path, value)
        return self.from_dict(changed)

    def to_toml(self) -> str:
        """Return the recipe as the text of a TOML file."""
        import tomli_w

        return tomli_w.dumps(self.to_dict())

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_dict, (self.to_dict(),)


#: The tables of a recipe, with their defaults.
SECTIONS: dict[str, Struct] = {key: value for key, value in vars(Recipe()).items() if isinstance(value, Struct)}


def leaves(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the keys of nested dictionaries, with their full paths, and their values."""
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _set(settings: dict[str, Any], path: str, value: Any) -> None:
    """Set one key of nested dictionaries, in place. A word such as "leaky-relu" on its path becomes a table."""
    *tables, key = path.split(".")
    table = settings
    for depth, name in enumerate(tables):
        inner = table.setdefault(name, {})
        if depth > 0 and isinstance(inner, str):
            inner = table[name] = {"name": inner}
        if not isinstance(inner, dict):
            raise RecipeError(f"{path}: {'.'.join(tables[: depth + 1])} is a value, not a table with keys of its own")
        table = inner
    table[key] = value


def _in_full(settings: Any) -> Any:
    """Return a copy of the settings in the form of the schema: with every name, and with tables in place of words."""
    full = _copy(settings)
    if not isinstance(full, dict):
        return full
    full = {"name": None, **full}
    for key, default in SECTIONS.items():
        if isinstance(default, Choice) and isinstance(full.get(key), dict):
            full[key] = {"name": default.name, **full[key]}
    if isinstance(network := full.get("network"), dict):
        _change_activations(network, _as_table)
        if type(network.get("hidden")) is int:
            network["hidden"] = [network["hidden"]]
    if isinstance(augment := full.get("augment"), dict) and "calm" in augment:
        calm = augment["calm"] if isinstance(augment["calm"], list) else [augment["calm"]]
        augment["calm"] = [str(name) if type(name) is int else name for name in calm]
    return full


def _change_activations(network: dict[str, Any], change: Callable[[Any], Any]) -> None:
    """Replace each activation in a network's table, in place, by what ``change`` returns for it."""
    for key in network.keys() & {"activation", "output_activation"}:
        value = network[key]
        network[key] = [change(one) for one in value] if isinstance(value, list) else change(value)


def _copy(value: Any, levels: int = 20) -> Any:
    """Return a copy of nested dictionaries and lists, with Python's numbers in place of NumPy's."""
    if levels == 0:
        raise RecipeError("a recipe has tables and lists at most 20 levels deep; this one goes deeper")
    if isinstance(value, Mapping):
        return {str(key): _copy(inner, levels - 1) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_copy(item, levels - 1) for item in value]
    return value.item() if isinstance(value, np.generic) else value


def _as_table(activation: Any) -> Any:
    """Return the table that a word stands for."""
    if isinstance(activation, dict):
        return {"name": None, **activation}
    return {"name": activation} if isinstance(activation, str) else activation
