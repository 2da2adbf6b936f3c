"""Kinds of values: what a key of a recipe may be, in words, and how such a value is read and written.

read    what TOML holds → what a recipe holds, or RecipeError: "training.epochs: expected a whole number, got 0.5"
write   back again
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from glasswork.errors import InputError, RecipeError
from glasswork.settings import Setting, did_you_mean, settings_of


class Kind(Protocol):
    """What a key may be."""

    @property
    def expected(self) -> str:
        """What is allowed, to follow the word "expected"."""

    def read(self, value: object, path: str, *, newer: bool = False) -> Any:
        """Return the value as a recipe holds it, or raise RecipeError; ``newer`` is that of `Recipe.from_dict`."""

    def write(self, value: Any) -> Any:
        """Return the value as TOML holds it."""


def refuse(path: str, expected: str, value: object, hint: str = "") -> RecipeError:
    """Return the error for a value that is not allowed."""
    return RecipeError(f"{path}: expected {expected}, got {value!r}{hint}")


@dataclass(frozen=True)
class Scalar:
    """A number, a truth value or one of a few words, as `glasswork.settings` declares it.

    TOML has no word for None: where the setting may be None, 0 stands for it.
    """

    setting: Setting

    @property
    def expected(self) -> str:
        """What is allowed."""
        if self.setting.type is bool:
            return "true or false"
        return self.setting.expected.replace(", or None", ", or 0 for none")

    def read(self, value: object, path: str, *, newer: bool = False) -> Any:
        """Return the value, integers as floats where a float is meant."""
        absent = self.setting.optional and value == 0 and not isinstance(value, bool)
        try:
            allowed = value is not None and (absent or self.setting.allows(value))
        except OverflowError:  # an integer of hundreds of digits
            allowed = False
        if not allowed:
            hint = did_you_mean(str(value), self.setting.choices) if self.setting.choices else ""
            raise refuse(path, self.expected, value, hint)
        return self.setting.type(value)

    def write(self, value: Any) -> Any:
        """Return the value as it is."""
        return value


@dataclass(frozen=True)
class Text:
    """A text, of a pattern if one is given."""

    expected: str = "a text"
    pattern: str = r"(?s).*"
    longest: int = 10_000

    def read(self, value: object, path: str, *, newer: bool = False) -> str:
        """Return the text."""
        if not isinstance(value, str) or len(value) > self.longest or not re.fullmatch(self.pattern, value):
            raise refuse(path, self.expected, value)
        return value

    def write(self, value: str) -> str:
        """Return the text."""
        return value


@dataclass(frozen=True)
class Checked:
    """A text that a function of another room checks; what it raises is the error."""

    check: Callable[[str], object]
    expected: str

    def read(self, value: object, path: str, *, newer: bool = False) -> str:
        """Return the text."""
        if not isinstance(value, str):
            raise refuse(path, self.expected, value)
        try:
            self.check(value)
        except InputError as error:
            raise RecipeError(f"{path}: {error}") from None
        return value

    def write(self, value: str) -> str:
        """Return the text."""
        return value


@dataclass(frozen=True)
class Word:
    """One of a table's words."""

    words: Sequence[str]

    @property
    def expected(self) -> str:
        """What is allowed."""
        return f"one of {', '.join(self.words)}"

    def read(self, value: object, path: str, *, newer: bool = False) -> str:
        """Return the word."""
        if not isinstance(value, str) or value not in self.words:
            raise refuse(path, self.expected, value, did_you_mean(str(value), self.words))
        return value

    def write(self, value: str) -> str:
        """Return the word."""
        return value


@dataclass(frozen=True)
class Widths:
    """A list of widths of layers."""

    longest: int = 100
    widest: int = 1_000_000

    @property
    def expected(self) -> str:
        """What is allowed."""
        return f"a list of up to {self.longest} whole numbers from 1 to {self.widest:,}, such as [300, 100]"

    def read(self, value: object, path: str, *, newer: bool = False) -> tuple[int, ...]:
        """Return the widths; a number alone is one layer."""
        if isinstance(value, int) and not isinstance(value, bool):
            value = [value]
        if not isinstance(value, list | tuple) or len(value) > self.longest:
            raise refuse(path, self.expected, value)
        for i, width in enumerate(value):
            if isinstance(width, bool) or not isinstance(width, int) or not 1 <= width <= self.widest:
                raise refuse(f"{path}[{i}]", f"a whole number from 1 to {self.widest:,}", width)
        return tuple(value)

    def write(self, value: tuple[int, ...]) -> list[int]:
        """Return a list."""
        return list(value)


# Choices: a name out of a table, and the options that go with this name -----------------------------


class Options(Mapping[str, Any]):
    """The options of a `Choice`, by name; they cannot be changed."""

    def __init__(self, items: Mapping[str, Any] | None = None) -> None:
        self._items = dict(items or {})

    def __getitem__(self, name: str) -> Any:
        return self._items[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        return hash(frozenset(self._items.items()))

    def __repr__(self) -> str:
        return repr(self._items)


@dataclass(frozen=True)
class Choice:
    """A name out of a table, and the options that go with it: ``leaky-relu`` with ``slope`` 0.2."""

    name: str
    options: Options = field(default_factory=Options)

    def __str__(self) -> str:
        options = ", ".join(f"{name} {value:g}" for name, value in self.options.items())
        return f"{self.name} ({options})" if options else self.name


class Table:
    """A table of things that can be chosen by name, each a class or function that declares its settings.

    Parameters
    ----------
    makers : mapping
        From names to classes or functions.
    rename : mapping, optional
        From names of arguments to those that recipes use.
    """

    def __init__(self, makers: Mapping[str, Callable[..., Any]], rename: Mapping[str, str] | None = None) -> None:
        self.makers, self.rename = makers, rename or {}

    def options(self, name: str) -> dict[str, Scalar]:
        """Return the options of one of the names, by their own names."""
        found = settings_of(self.makers[name])
        return {self.rename.get(argument, argument): Scalar(setting) for argument, setting in found.items()}

    def having(self, option: str) -> list[str]:
        """Return the names that have an option."""
        return [name for name in self.makers if option in self.options(name)]

    def read_options(
        self, name: str, given: Mapping[str, Any], path: str, *, beside: Sequence[str] = ("name",), newer: bool = False
    ) -> Options:
        """Return the options of a name, those that are not given at their defaults; ``beside`` names the other keys."""
        known = self.options(name)
        for key in given:
            if key not in known and not newer:
                if owners := self.having(key):
                    *most, last = owners
                    who = f"{', '.join(most)} and {last} have" if most else f"{last} has"
                    raise RecipeError(f"{path}.{key}: only {who} {key}, not {name}")
                raise unknown(path, key, [*beside, *known])
        return Options(
            {
                key: kind.read(given[key], f"{path}.{key}") if key in given else default_of(kind)
                for key, kind in known.items()
            }
        )

    def arguments(self, choice: Choice) -> dict[str, Any]:
        """Return the arguments that make what was chosen."""
        known = self.options(choice.name)
        back = {recipe: argument for argument, recipe in self.rename.items()}
        return {
            back.get(key, key): None if known[key].setting.optional and not value else value
            for key, value in choice.options.items()
        }

    def make(self, choice: Choice, *arguments: Any, **more: Any) -> Any:
        """Make what was chosen."""
        return self.makers[choice.name](*arguments, **self.arguments(choice), **more)


def default_of(kind: Scalar) -> Any:
    """Return the default of an option as a recipe holds it."""
    default = kind.setting.default
    return kind.setting.type(0 if default is None else default)


def unknown(path: str, key: str, known: Sequence[str]) -> RecipeError:
    """Return the error for a key that is not there."""
    full = f"{path}.{key}" if path else key
    return RecipeError(f"{full}: no such key{did_you_mean(key, known)}; {path or 'a recipe'} has {', '.join(known)}")


@dataclass(frozen=True)
class Chosen:
    """A choice as the value of one key: a word, or a table of a name and options."""

    table: Table
    none: bool = False

    @property
    def words(self) -> list[str]:
        """The names that are allowed."""
        return [*self.table.makers, *(["none"] if self.none else [])]

    @property
    def expected(self) -> str:
        """What is allowed."""
        return f"one of {', '.join(self.words)}"

    def read(self, value: object, path: str, *, newer: bool = False) -> Choice:
        """Return the choice, its options at their defaults unless given."""
        given = dict(value) if isinstance(value, Mapping) else {"name": value}
        name = Word(self.words).read(given.pop("name", None), f"{path}.name" if isinstance(value, Mapping) else path)
        if name == "none":
            if given and not newer:
                raise unknown(path, next(iter(given)), ["name"])
            return Choice(name)
        return Choice(name, self.table.read_options(name, given, path, newer=newer))

    def write(self, value: Choice) -> Any:
        """Return the word alone where it has no options."""
        return {"name": value.name, **value.options} if value.options else value.name


@dataclass(frozen=True)
class ChosenList:
    """One choice for all, or a list with one for each."""

    one: Chosen

    @property
    def table(self) -> Table:
        """Where the names come from."""
        return self.one.table

    @property
    def expected(self) -> str:
        """What is allowed."""
        return f"{self.one.expected}, or a list with one for each hidden layer"

    def read(self, value: object, path: str, *, newer: bool = False) -> Choice | tuple[Choice, ...]:
        """Return a choice, or a tuple of them."""
        if isinstance(value, list | tuple):
            return tuple(self.one.read(item, f"{path}[{i}]", newer=newer) for i, item in enumerate(value))
        return self.one.read(value, path, newer=newer)

    def write(self, value: Choice | tuple[Choice, ...]) -> Any:
        """Return what TOML holds."""
        return [self.one.write(item) for item in value] if isinstance(value, tuple) else self.one.write(value)
