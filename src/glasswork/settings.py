"""Settings: the meaning and the range of a constructor's argument, written once, in its annotation.

    momentum: Annotated[float, Range(ge=0, lt=1), "share of the last step that is kept"] = 0.0
                        │      │                  └─ one line of help
                        type   range              both are checked by check_settings()

Recipes, error messages and documentation read them from there with `settings_of`.
"""

import difflib
import functools
import inspect
import reprlib
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import numpy as np

from glasswork.errors import InputError


@dataclass(frozen=True)
class Range:
    """The numbers that a setting may be: ``ge`` ≤ number, ``gt`` < number, number ≤ ``le``, number < ``lt``.

    The fields are named as in ``msgspec.Meta``. Whatever the limits, a number must be finite.
    """

    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None

    def __contains__(self, number: float) -> bool:
        return (
            abs(number) <= sys.float_info.max  # False for NaN
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
    type : type
        ``float``, ``int`` or ``bool``.
    range : Range
        The allowed numbers; without limits unless declared.
    default : object
        ``inspect.Parameter.empty`` if the argument is required.
    optional : bool
        Whether None is allowed.
    meaning : str
        One line of help.
    """

    type: type
    range: Range = Range()
    default: Any = inspect.Parameter.empty
    optional: bool = False
    meaning: str = ""

    @property
    def expected(self) -> str:
        """What is allowed, in words: ``"a finite number, at least 0 and below 1"``."""
        if self.type is bool:
            return "True or False"
        words = ["a whole number" if self.type is int else "a finite number", str(self.range)]
        return ", ".join([*filter(None, words), *["or None"] * self.optional])

    def allows(self, value: object) -> bool:
        """Return whether a value has the right type and is in range."""
        value = value.item() if isinstance(value, np.generic) else value
        if value is None:
            return self.optional
        if isinstance(value, bool):
            return self.type is bool
        kinds = {bool: bool, int: int, float: int | float}
        return isinstance(value, kinds[self.type]) and value in self.range


@functools.cache
def settings_of(maker: Callable[..., Any]) -> dict[str, Setting]:
    """Return, by name, the settings of a class (those of its bases included) or of a function.

    Only arguments annotated as ``Annotated[type, Range(...), "meaning"]`` are settings.

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
    for function in filter(inspect.isfunction, functions):  # object's own constructor is not one
        hints = get_type_hints(function, include_extras=True)
        for name, parameter in inspect.signature(function).parameters.items():
            if get_origin(hints.get(name)) is Annotated and name not in found:
                found[name] = _read(hints[name], parameter.default)
    return found


def check_settings(owner: object, maker: Callable[..., Any] | None = None, /, **values: object) -> None:
    """Check the values of an object's own settings.

    Parameters
    ----------
    owner : object
        The object that is constructed, or its name; the message begins with it.
    maker : class or function, optional
        Where the settings are declared; the owner's class by default.
    **values
        By the settings' names.

    Raises
    ------
    InputError
        For the first value that is not allowed.
    """
    source: Any = type(owner) if maker is None else maker
    for name, value in values.items():
        setting = settings_of(source)[name]
        if not setting.allows(value):
            raise InputError(f"{owner}: expected {name} to be {setting.expected}, got {reprlib.repr(value)}")


def check_number(who: object, name: str, value: Any, least: int) -> None:
    """Raise an InputError unless a value is an integer, and not too small."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise InputError(f"{who}: expected {name} to be an integer of at least {least}, got {value!r}")


def check_word(who: object, name: str, value: object, allowed: Any) -> None:
    """Raise an InputError unless a value is one of the words of a ``Literal`` type."""
    words = get_args(allowed)
    if not isinstance(value, str) or value not in words:
        raise InputError(f"{who}: expected {name} to be {' or '.join(map(repr, words))}, got {value!r}")


def list_of_arrays(who: object, name: str, given: Any) -> list[Any]:
    """Return arrays as a list, or raise an InputError."""
    arrays = list(given) if isinstance(given, Iterable) else [given]
    if not all(isinstance(array, np.ndarray) for array in arrays):
        raise InputError(
            f"{who}: expected {name} to be a list of arrays, as model.parameters() and model.gradients() return, got "
            f"{reprlib.repr(given)}"
        )
    return arrays


def did_you_mean(word: str, known: Iterable[str], *, most: int = 1, instead: Mapping[str, str] | None = None) -> str:
    """Return the end of an error message that suggests known words, or "" if none is spelled much like ``word``.

    Parameters
    ----------
    word : str
    known : iterable of str
    most : int
        Suggestions at most.
    instead : mapping, optional
        What to suggest in place of a known word.
    """
    close = difflib.get_close_matches(word, list(known), n=most, cutoff=0.6 if most == 1 else 0.7)
    names = dict.fromkeys((instead or {}).get(name, name) for name in close)
    return f"; did you mean {' or '.join(names)}?" if close else ""


def _read(annotation: Any, default: Any) -> Setting:
    kind, *notes = get_args(annotation)
    return Setting(
        type=next((part for part in get_args(kind) if part is not type(None)), kind),
        range=next((note for note in notes if isinstance(note, Range)), Range()),
        default=default,
        optional=type(None) in get_args(kind),
        meaning=next((note for note in notes if isinstance(note, str)), ""),
    )
