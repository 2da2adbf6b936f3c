"""Settings: the meaning and the range of a constructor's argument, written once, in its annotation.

    momentum: Annotated[float, Range(ge=0, lt=1), "share of the last step that is kept"] = 0.0
                        │      │                  └─ one line of help
                        type   range              both are checked by check_settings()

Recipes, error messages and documentation read them from there with `settings_of`.
"""

import difflib
import functools
import inspect
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import numpy as np

from glasswork.errors import InputError


@dataclass(frozen=True)
class Range:
    """The numbers that a setting may be: ``ge`` ≤ number, ``gt`` < number, number ≤ ``le``, number < ``lt``.

    The field names are those of ``msgspec.Meta`` and of ``annotated-types``. Numbers are finite in any case.
    """

    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None

    def __contains__(self, number: float) -> bool:
        return (
            math.isfinite(number)
            and (self.ge is None or number >= self.ge)
            and (self.gt is None or number > self.gt)
            and (self.le is None or number <= self.le)
            and (self.lt is None or number < self.lt)
        )

    def __str__(self) -> str:
        limits = (("at least", self.ge), ("above", self.gt), ("at most", self.le), ("below", self.lt))
        return " and ".join(f"{word} {limit:,}" for word, limit in limits if limit is not None)


@dataclass(frozen=True)
class Setting:
    """One argument of a constructor that a recipe may set.

    Attributes
    ----------
    name : str
    type : type
        ``float``, ``int``, ``bool`` or ``str``.
    default : object
        ``inspect.Parameter.empty`` where the argument is required.
    range : Range
        Of a number; empty where there is no limit.
    choices : tuple of str
        The words that are allowed, where it is a word.
    optional : bool
        Whether None is allowed.
    meaning : str
        One line of help.
    """

    name: str
    type: type
    default: Any
    range: Range
    choices: tuple[str, ...]
    optional: bool
    meaning: str

    @property
    def expected(self) -> str:
        """What is allowed, in words: ``"a finite number, at least 0 and below 1"``."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        if self.type is bool:
            return "True or False"
        kind = "a whole number" if self.type is int else "a finite number"
        limits = str(self.range)
        return kind + (f", {limits}" if limits else "") + (", or None" if self.optional else "")

    def allows(self, value: object) -> bool:
        """Whether a value has the right type and is in range."""
        if value is None:
            return self.optional
        if self.choices:
            return value in self.choices
        if self.type is bool or isinstance(value, bool | np.bool_):
            return self.type is bool and isinstance(value, bool | np.bool_)
        numbers = (int, np.integer) if self.type is int else (int, float, np.integer, np.floating)
        return isinstance(value, numbers) and float(value) in self.range


@functools.cache
def settings_of(maker: Callable[..., Any]) -> dict[str, Setting]:
    """Return, by name, the settings of a class (those of its bases included) or of a function.

    Only annotated arguments count: ``Annotated[type, Range(...), "meaning"]``.

    Parameters
    ----------
    maker : class or function

    Examples
    --------
    >>> from glasswork.optim import SGD
    >>> settings_of(SGD)["momentum"].expected
    'a finite number, at least 0 and below 1'
    """
    classes = maker.__mro__ if isinstance(maker, type) else ()
    functions = [vars(c)["__init__"] for c in classes if "__init__" in vars(c)] or [maker]
    found: dict[str, Setting] = {}
    for function in functions:
        if not inspect.isfunction(function):
            continue  # object's own constructor
        hints = get_type_hints(function, include_extras=True)
        for name, parameter in inspect.signature(function).parameters.items():
            if get_origin(hints.get(name)) is Annotated and name not in found:
                found[name] = _read(name, hints[name], parameter.default)
    return found


def check_settings(owner: object, maker: Callable[..., Any] | None = None, /, **values: object) -> None:
    """Check the values of an object's own settings.

    Parameters
    ----------
    owner : object
        What is being made; its ``repr`` begins the message.
    maker : class or function, optional
        Where the settings are declared; the owner's class unless given.
    **values
        By the settings' names.

    Raises
    ------
    InputError
        For the first value that is not allowed.
    """
    source: Any = type(owner) if maker is None else maker
    settings = settings_of(source)
    for name, value in values.items():
        if not settings[name].allows(value):
            raise InputError(f"{owner}: expected {name} to be {settings[name].expected}, got {value!r}")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a suggestion to append to an error message, or nothing if no known word is close."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _read(name: str, annotation: Any, default: Any) -> Setting:
    kind, *notes = get_args(annotation)
    kinds = [part for part in get_args(kind) if part is not type(None)] if type(None) in get_args(kind) else [kind]
    choices = tuple(get_args(kinds[0])) if get_origin(kinds[0]) is Literal else ()
    return Setting(
        name=name,
        type=str if choices else kinds[0],
        default=default,
        range=next((note for note in notes if isinstance(note, Range)), Range()),
        choices=choices,
        optional=kinds != [kind],
        meaning=next((note for note in notes if isinstance(note, str)), ""),
    )
