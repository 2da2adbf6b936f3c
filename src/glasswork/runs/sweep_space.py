"""The space of a sweep: which values the keys of a recipe may have.

optimizer.learning_rate=log:1e-4..1     any number of a range, each decade as likely as the others
network.dropout=0.1..0.9                any number of a range
network.hidden=int:10..100              whole numbers
network.hidden=[50],[300,100]           one of these
network.activation=relu,tanh            one of these words
"""

import itertools
import math
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from glasswork.errors import RecipeError
from glasswork.randomness import Purpose, generator
from glasswork.recipes.differences import show_value
from glasswork.recipes.keys import find_key, recipe_keys, spellings
from glasswork.recipes.recipe import Recipe
from glasswork.settings import did_you_mean

#: Keys that a sweep cannot search, and why.
_FIXED = {
    "name": "it changes no result",
    "description": "it changes no result",
    "seed": "that is what --seeds is for",
} | {
    f"data.{key}": "trials are compared on the same validation images"
    for key in ("source", "split", "test", "valid", "split_seed", "fold")
}

#: Combinations of values that are checked one by one; in a larger space, all pairs are.
_MOST_CHECKED = 1000

_RANGE = re.compile(r"((?:\w+:)*)(\S+?)\.\.(\S+)")
_PREFIXES = ("log", "int")
_SYNTAX = "log:1e-4..1, 0.1..0.9, int:10..100, relu,tanh or [50],[300,100]"


@dataclass(frozen=True)
class Space:
    """The values that one key may have: a list of them, or a range.

    Attributes
    ----------
    key : str
        The full path.
    text : str
        The space as it was written.
    values : tuple
        Those of a list; empty for a range.
    low, high : float
        The ends of a range, which belong to it.
    log, whole : bool
        Whether it is spaced by the logarithm, and whether its numbers are whole.
    """

    key: str
    text: str
    values: tuple[Any, ...] = ()
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    whole: bool = False

    @property
    def listed(self) -> tuple[Any, ...]:
        """All values, if they can be counted: those of a list, or whole numbers; otherwise none."""
        return self.values or (tuple(range(int(self.low), int(self.high) + 1)) if self.whole else ())

    @property
    def samples(self) -> tuple[Any, ...]:
        """The values of a list, or the ends of a range: what is checked before anything runs."""
        ends = (self.low, self.high)
        return self.values or (tuple(map(int, ends)) if self.whole else ends)

    def draw(self, share: float) -> Any:
        """Return the value at a share, from 0 to below 1, of the space; numbers have three digits."""
        if self.values:
            return self.values[int(share * len(self.values))]
        if self.whole:
            low, high = (math.log(self.low), math.log(self.high + 1)) if self.log else (self.low, self.high + 1)
            at = low + share * (high - low)
            return min(int(math.exp(at) if self.log else at), int(self.high))
        low, high = (math.log(self.low), math.log(self.high)) if self.log else (self.low, self.high)
        at = low + share * (high - low)
        return self.rounded(math.exp(at) if self.log else at)

    def rounded(self, number: float) -> float:
        """Return a number of a range with three digits."""
        return min(max(float(f"{number:.3g}"), self.low), self.high)


def parse_space(text: str) -> Space:
    """Return the space that ``KEY=SPACE`` describes.

    Raises
    ------
    RecipeError
        If there is no such key, or it cannot be searched, or the space is not one.
    """
    word, equals, space = (part.strip() for part in text.partition("="))
    key = find_key(word)
    if not equals or not word:
        raise RecipeError(f"--over {text}: expected KEY=SPACE; a space is {_SYNTAX}")
    if key is None:
        names = spellings()
        raise RecipeError(f"--over {text}: no key is named {word}{did_you_mean(word, names, most=3, instead=names)}")
    if key in _FIXED:
        raise RecipeError(f"--over {text}: a sweep cannot search {key}: {_FIXED[key]}")
    if (found := _RANGE.fullmatch(space)) is not None:
        return _range(key, space, text, *found.groups())
    values = _list(space, text)
    words = {show_value(value) for value in values}
    if len(values) < 2 or len(words) < len(values) or any(value in values[:i] for i, value in enumerate(values)):
        raise RecipeError(
            f"--over {text}: expected two values or more, all different, or a range; a space is {_SYNTAX}"
        )
    return Space(key, space, tuple(values))


def check_spaces(recipe: Recipe, spaces: Sequence[Space]) -> None:
    """Check that the recipe takes every value of every space, also together.

    Raises
    ------
    RecipeError
        If a key is searched twice, or the recipe does not take some values; the message names them.
    """
    keys = [space.key for space in spaces]
    if twice := [key for i, key in enumerate(keys) if key in keys[:i]]:
        raise RecipeError(f"--over: {twice[0]} is searched twice; give one space with all values")
    for values in _combinations([space.samples for space in spaces]):
        settings = dict(zip(keys, values, strict=True))
        try:
            recipe.override(settings)
        except RecipeError as error:
            raise RecipeError(f"--over: the recipe does not take {in_words(settings)}: {error}") from None


def grid_size(spaces: Sequence[Space]) -> int:
    """Return how many points the grid of some spaces has.

    Raises
    ------
    RecipeError
        If one of them cannot be counted.
    """
    for space in spaces:
        if not space.listed:
            raise RecipeError(
                f"--over {space.key}={space.text}: a grid needs values that can be counted, such as 0.01,0.1,1; list "
                "them, or choose --search random"
            )
    return math.prod(len(space.listed) for space in spaces)


def grid_point(spaces: Sequence[Space], number: int) -> dict[str, Any]:
    """Return one point of the grid; the last key changes fastest."""
    point: dict[str, Any] = {}
    for space in reversed(spaces):
        number, place = divmod(number, len(space.listed))
        point[space.key] = space.listed[place]
    return {space.key: point[space.key] for space in spaces}


def random_point(spaces: Sequence[Space], seed: int, number: int) -> dict[str, Any]:
    """Return one random point, which depends on the seed and its number alone."""
    return {
        space.key: space.draw(generator(seed, Purpose.SEARCH, epoch=number, index=place).random())
        for place, space in enumerate(spaces)
    }


def in_words(settings: Mapping[str, Any]) -> str:
    """Return keys with their values: ``optimizer.learning_rate = 0.1, network.hidden = 300-100``."""
    return ", ".join(f"{key} = {show_value(value)}" for key, value in settings.items())


def _range(key: str, space: str, text: str, prefixes: str, first: str, last: str) -> Space:
    try:
        low, high = float(first), float(last)
    except ValueError:
        raise RecipeError(f"--over {text}: expected numbers around the two points; a space is {_SYNTAX}") from None
    words = prefixes.split(":")[:-1]
    if unknown := [word for word in words if word not in _PREFIXES]:
        hint = did_you_mean(unknown[0], _PREFIXES)
        raise RecipeError(f"--over {text}: expected log: or int: before a range, got {unknown[0]}:{hint}")
    log = "log" in words
    whole = "int" in words or any(k.path == key and k.expected.startswith("a whole number") for k in recipe_keys())
    wrong = (
        "the first to be below the second" if not low < high
        else "numbers above 0, as it is spaced by the logarithm" if log and low <= 0
        else "whole numbers" if whole and not (low.is_integer() and high.is_integer())
        else ""
    )  # fmt: skip
    if wrong:
        raise RecipeError(f"--over {text}: expected {wrong}")
    return Space(key, space, low=low, high=high, log=log, whole=whole)


def _list(space: str, text: str) -> list[Any]:
    """Return the values of a list: TOML's, or words."""
    try:
        return list(tomllib.loads(f"values = [{space}]")["values"])
    except (ValueError, RecursionError):
        if set(space) & set("[]{}\"'"):
            wrong = "a bracket or a quote is missing; inside brackets words have quotes, such as ['relu','tanh']"
            raise RecipeError(f"--over {text}: {wrong}") from None
        return [word.strip() for word in space.split(",")]


def _combinations(choices: Sequence[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Yield all combinations or, if they are too many, all pairs, with the first value of every other key."""
    if math.prod(map(len, choices)) <= _MOST_CHECKED:
        yield from itertools.product(*choices)
        return
    first = [values[0] for values in choices]
    for (i, some), (k, others) in itertools.combinations(enumerate(choices), 2):
        for pair in itertools.product(some, others):
            point = list(first)
            point[i], point[k] = pair
            yield tuple(point)
