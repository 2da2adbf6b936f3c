"""A recipe: one experiment, whole, as a short TOML file.

[network]                       unknown key      → "did you mean ...?"
hidden = [50]                   wrong type/range → what is allowed, with the key's full path
activation = "sigmoid"          left out         → the default, see `glasswork.recipes.schema`
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Self

from glasswork.errors import InputError, RecipeError
from glasswork.recipes.kinds import Text, unknown
from glasswork.recipes.schema import (
    ChoiceSection,
    Data,
    Key,
    Loss,
    Network,
    Optimizer,
    Schedule,
    Section,
    Training,
)
from glasswork.settings import Range

_NAME = Text("at most 80 letters, digits, points, underscores and hyphens", r"[A-Za-z0-9][A-Za-z0-9._-]*", 80)

#: The tables of a recipe.
SECTIONS: dict[str, type[Section]] = {
    "data": Data,
    "network": Network,
    "loss": Loss,
    "optimizer": Optimizer,
    "schedule": Schedule,
    "training": Training,
}


@dataclass(frozen=True, kw_only=True)
class _Head(Section):
    """The keys that stand before the first table."""

    name: Annotated[str, _NAME, "of the recipe, and of its runs' folders"] = "recipe"
    description: Annotated[str, Text(), "one line"] = ""
    seed: Annotated[int, Range(ge=0, lt=2**32), "decides initial weights, order of images, masks and noise"] = 123


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One experiment: everything that decides its result. Make one with `from_dict`, which checks it whole.

    A recipe that is written and read again is equal to the first.
    """

    name: str
    description: str = ""
    seed: int = 123
    data: Data = field(default_factory=lambda: Data.read({}, "data"))
    network: Network = field(default_factory=lambda: Network.read({}, "network"))
    loss: Loss = field(default_factory=lambda: Loss.read({}, "loss"))
    optimizer: Optimizer = field(default_factory=lambda: Optimizer.read({}, "optimizer"))
    schedule: Schedule = field(default_factory=lambda: Schedule.read({}, "schedule"))
    training: Training = field(default_factory=lambda: Training.read({}, "training"))

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any], *, newer: bool = False) -> Self:
        """Make a recipe of nested dictionaries.

        Parameters
        ----------
        settings : mapping
            As a TOML file has them.
        newer : bool
            Leave out keys that are not known, for files that a later version of glasswork may have written; else
            they are errors.

        Raises
        ------
        RecipeError
            Naming the key's full path and what is allowed there.
        """
        head = _Head.kinds()
        known = [*head, *SECTIONS]
        for key in settings:
            if key not in known and not newer:
                raise unknown("", key, known)
        if "name" not in settings:
            raise RecipeError(f"name: expected {_NAME.expected}; a recipe needs one")
        read: dict[str, Any] = {key: head[key][0].read(settings[key], key) for key in head if key in settings}
        for key, section in SECTIONS.items():
            read[key] = section.read(settings.get(key, {}), key, newer=newer)
        return cls(**read)

    def __post_init__(self) -> None:
        """Raise RecipeError for settings that do not go together."""
        output = self.network.output_activation.name
        if self.loss.name == "cross-entropy" and output not in ("none", "identity"):
            raise RecipeError(
                f"loss.name: cross-entropy takes logits; set network.output_activation to none (it is {output})"
            )
        if self.network.batch_norm and self.training.batch_size == 1:
            raise RecipeError("training.batch_size: batch normalisation needs at least 2 images in a batch, got 1")
        for key in ("loss", "optimizer", "schedule"):  # what their constructors refuse
            section: ChoiceSection = getattr(self, key)
            try:
                section.table.make(section.choice, *([], []) if key == "optimizer" else ())
            except InputError as error:
                raise RecipeError(f"{key}: {error}") from None

    def to_dict(self) -> dict[str, Any]:
        """Return the recipe as nested dictionaries of plain values, defaults included."""
        tables = {key: getattr(self, key).write() for key in SECTIONS}
        return {"name": self.name, "description": self.description, "seed": self.seed, **tables}

    def override(self, settings: Mapping[str, Any]) -> Self:
        """Return a recipe with some settings changed, as ``{"optimizer.learning_rate": 0.05}``.

        Where the name of a loss, optimiser or schedule changes, keys that only the old one has are left out.
        """
        changed = self.to_dict()
        for path, value in settings.items():
            if path in SECTIONS and isinstance(value, Mapping):
                raise RecipeError(f"{path}: is a table; set its keys one by one, as {path}.KEY")
            _set(changed, path, value)
        for key in SECTIONS:
            section = getattr(self, key)
            if isinstance(section, ChoiceSection) and f"{key}.name" in settings:
                for option in section.not_in(settings[f"{key}.name"]):
                    if f"{key}.{option}" not in settings:
                        changed[key].pop(option)
        return self.from_dict(changed)

    def to_toml(self) -> str:
        """Return the recipe as the text of a TOML file."""
        import tomli_w

        return tomli_w.dumps(self.to_dict())


def recipe_keys() -> list[Key]:
    """Return every key that a recipe may have, with what it may be, its default and its meaning."""
    head = [Key(key.path.removeprefix("."), key.expected, key.default, key.meaning) for key in _Head.keys("")]
    return head + [key for path, section in SECTIONS.items() for key in section.keys(path)]


def leaves(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the keys of nested dictionaries, with their full paths, and their values."""
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _set(settings: dict[str, Any], path: str, value: Any) -> None:
    """Set one key of nested dictionaries, in place; a word such as "leaky-relu" becomes a table to set a key in it."""
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
