"""Observations: what a piece of code does on a probe, in a form that can be compared.

An observation is a dictionary of named results. A result is an array, a number, a word or a `Crash`. Two pieces of
code behave alike where their results are equal; how they are written plays no part.
"""

import math
import re
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
import numpy as np

from glasswork.classroom.limits import STUDENT, OutOfTimeError, time_limit, wind_up

#: What NumPy says of two shapes that do not fit, in words that few can read.
_GUFUNC = re.compile(
    r"Input operand \d (?:has a mismatch in its core dimension \d, with gufunc signature \S+"
    r"|does not have enough dimensions(?= \())|, gufunc core with signature \S+ requires \d"
)

#: What is told in their place.
RETOLD = "the shapes do not fit:"

Word = Annotated[str, msgspec.Meta(max_length=300)]

#: Seconds that one call of a student's function may take on a probe's few rows.
CALL_LIMIT = 1.0


class Crash(msgspec.Struct, frozen=True, tag="crash"):
    """An exception that came out of a call.

    Attributes
    ----------
    kind : str
        The name of its class, or ``OutOfTime``.
    line : int or None
        The innermost line of the student's file at which it passed.
    name : str
        What was not found, for a NameError or AttributeError.
    text : str
        Its message, to be shown and never to be judged by.
    used : tuple of str
        A NumPy function that was given a tuple, or several numbers, where it takes the other.
    """

    kind: Word
    line: int | None = None
    name: Word = ""
    text: Word = ""
    used: tuple[Word, ...] = ()
    function: Word = ""

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}" if self.text else self.kind


def plain_words(text: str) -> str:
    """Return an error's words without NumPy's notation for what does not fit."""
    return _GUFUNC.sub(lambda match: "" if match[0].startswith(",") else RETOLD, text)


def crash_of(error: BaseException) -> Crash:
    """Describe an exception."""
    if isinstance(error, OutOfTimeError):
        return Crash("OutOfTime", error.line)
    line, function = None, ""
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == STUDENT:
            line, function = trace.tb_lineno, trace.tb_frame.f_code.co_name
        trace = trace.tb_next
    try:
        text = str(error)
    except Exception:
        text = ""
    name = getattr(error, "name", None)
    return Crash(
        type(error).__name__[:300],
        line,
        name[:300] if isinstance(name, str) else "",
        plain_words((text.splitlines() or [""])[0])[:300],
        tuple(_misused),
        function[:300],
    )


def attempt(function: Callable[..., Any], *args: Any, seconds: float = CALL_LIMIT, **named: Any) -> Any:
    """Call a function and return its result, or the `Crash` that came of it."""
    _misused.clear()
    try:
        with time_limit(seconds), np.errstate(all="ignore"):
            return function(*args, **named)
    except BaseException as error:  # SystemExit, KeyboardInterrupt and time-outs included: it is the student's code
        if isinstance(error, OutOfTimeError):
            wind_up(0.3)
        return crash_of(error)


# Equality ------------------------------------------------------------------------------------------


def same(one: Any, other: Any) -> bool:
    """Return whether two results are equal; numbers to about five digits."""
    if isinstance(one, Crash) or isinstance(other, Crash):
        return isinstance(one, Crash) and isinstance(other, Crash) and one.kind == other.kind and one.used == other.used
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, str | bool | type(None)) or isinstance(other, str | bool | type(None)):
        return type(one) is type(other) and one == other
    try:
        return equal(one, other)
    except Exception:
        return False


def equal(one: Any, other: Any) -> bool:
    """Return whether two arrays have one shape and, to about five digits, the same numbers."""
    a, b = np.asarray(one), np.asarray(other)
    if a.shape != b.shape:
        return False
    if a.dtype.kind not in "fiub" or b.dtype.kind not in "fiub":
        return bool(a.dtype.kind == b.dtype.kind and np.all(a == b))
    return np.array_equal(a, b) or bool(np.allclose(a, b, rtol=1e-4, atol=1e-6, equal_nan=True))


def plain(value: Any) -> Any:
    """Return a result as an array of its own, or as a word that says what it is instead."""
    if isinstance(value, Crash):
        return value
    if value is None:
        return "None"
    if value is Ellipsis:
        return "..."
    if isinstance(value, str | bool):
        return f"{type(value).__name__} {value}"
    if isinstance(value, int | float | np.generic | np.ndarray | list | tuple):
        try:
            array = np.array(value)
        except Exception:
            return type(value).__name__
        if array.dtype.kind in "fiubc":
            return array
        what = "objects" if array.dtype == object else str(array.dtype)
        return f"{'an array' if isinstance(value, np.ndarray) else f'a {type(value).__name__}'} of {what}"
    if hasattr(value, "to_numpy"):
        return f"pandas {type(value).__name__}"
    return "an object of " + type(value).__name__


def show(value: Any, most: int = 8) -> str:
    """Return a result as a reader's text: few digits, few elements."""
    if isinstance(value, Crash):
        if value.kind == "OutOfTime":
            return "no result: it was still running after a second"
        return f"an error ({str(value).rstrip('.')})"
    if isinstance(value, str):
        return value
    try:
        array = np.asarray(value)
    except Exception:
        return type(value).__name__
    if array.dtype.kind not in "fiub":
        return type(value).__name__
    if array.ndim == 0:
        return _number(array.item())
    if array.size > most:
        first = ", ".join(_number(v) for v in array.ravel()[: min(most, 4)].tolist())
        return f"an array of shape {array.shape}, beginning {first}"
    return _nested(array.tolist())


def _nested(value: Any) -> str:
    return "[" + ", ".join(map(_nested, value)) + "]" if isinstance(value, list) else _number(value)


def _number(value: Any) -> str:
    if isinstance(value, float) and math.isfinite(value):
        rounded = round(value, 4)
        if rounded == 0 and value != 0:
            return f"{value:.1e}"
        return f"{rounded:g}" if abs(rounded) < 1e6 else f"{value:.3g}"
    return str(value)


# NumPy functions that were given a tuple for numbers, or numbers for a tuple -------------------------

_misused: list[str] = []
_NUMBERS = ("randn", "rand")  # take numbers; all others of the table take one shape
_SHAPES = ("zeros", "ones", "empty", "random_sample", "random", "standard_normal")


def watch_numpy(replace: Callable[[Any, str, Any], None] = setattr) -> None:
    """Note, from now on, the shapes with which NumPy's makers of arrays fail; ``replace`` puts them in place."""
    for name in (*_NUMBERS, *_SHAPES):
        module = np.random if hasattr(np.random, name) else np
        replace(module, name, _watch(name, getattr(module, name)))


def _watch(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **named: Any) -> Any:
        try:
            return function(*args, **named)
        except Exception:
            if args and isinstance(args[0], tuple | list):
                _misused[:] = [name, "tuple"]
            elif len(args) > 1:
                _misused[:] = [name, "numbers"]
            raise

    call.__name__ = name
    return call
