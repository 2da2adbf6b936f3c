"""Turns msgspec's errors into messages that name the key, what is allowed, what was given, and what to do.

Expected `int`, got `float` - at `$.training.epochs`
──► training.epochs: expected a whole number, at least 1 and at most 1,000,000, got 0.5
"""

import re
import reprlib
from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from msgspec import Meta, Struct, ValidationError
from msgspec.structs import fields

from glasswork.errors import RecipeError
from glasswork.recipes.schema import Choice
from glasswork.settings import Range, Setting, did_you_mean

_NOTHING = object()


def expected(annotation: Any) -> str:
    """Return the allowed values of a field in words, to follow "expected"."""
    kind, meta = unpack(annotation)
    if meta.extra:
        return str(meta.extra["expected"])
    if words := allowed_words(kind):
        return f"one of {', '.join(words)}"
    if kind in (int, float):
        return Setting(kind, Range(meta.ge, meta.gt, meta.le, meta.lt)).expected
    return "true or false" if kind is bool else "a table"


def keys_of(table: Any) -> dict[str, Any]:
    """Return the annotations of the keys of a recipe or of one of its tables."""
    if issubclass(table, Struct):
        return {field.encode_name: field.type for field in fields(table)}
    return get_type_hints(table, include_extras=True)


def unpack(annotation: Any) -> tuple[Any, Meta]:
    """Return the type of a field, and the facts that are declared about it."""
    return get_args(annotation) if get_origin(annotation) is Annotated else (annotation, Meta())


def structures(kind: Any) -> list[Any]:
    """Return the structures of a union, which may also allow a tuple of them."""
    if isinstance(kind, type) and (issubclass(kind, Struct) or is_dataclass(kind)):
        return [kind]
    return list(dict.fromkeys(table for part in get_args(kind) for table in structures(part)))


def allowed_words(kind: Any) -> list[str]:
    """Return the words of a Literal, or the names of a union's structures."""
    if get_origin(kind) is Literal:
        return list(get_args(kind))
    return [table.__struct_config__.tag for table in structures(kind) if issubclass(table, Choice)]


def refusal(error: ValidationError, schema: type, given: Any, written: Any) -> RecipeError:
    """Return the error to raise in place of msgspec's.

    Parameters
    ----------
    error : ValidationError
        Its message ends with the path of the refused value: ``$.network.activation[1].slope``.
    schema : type
    given : object
        The recipe that does not fit the schema.
    written : object
        The recipe as its author wrote it, which may be shorter: a word for a table, a number for a list of one.
    """
    place = re.search(r" - at `\$([^`]*)`$", str(error))
    steps = re.findall(r"\w+", place[1]) if place else []
    path, value = "", written
    for step in steps:
        if isinstance(value, Mapping):
            path, value = f"{path}.{step}", value.get(step, _NOTHING)
        elif isinstance(value, list | tuple):
            path, value = f"{path}[{step}]", value[int(step)]
    annotation = _annotation(schema, given, steps)
    kind, _ = unpack(annotation)
    got = "nothing" if value is _NOTHING else reprlib.repr(value)
    if len(steps) < 2 and structures(kind):
        wanted, hint = "a table", ""
    else:
        wanted, hint = expected(annotation), did_you_mean(got.strip("'"), allowed_words(kind))
    return RecipeError(f"{path.removeprefix('.') or 'a recipe'}: expected {wanted}, got {got}{hint}")


def _annotation(annotation: Any, given: Any, steps: list[str]) -> Any:
    """Return the annotation of the key that steps such as ``["network", "hidden", "1"]`` lead to."""
    for step in steps:
        kind, _ = unpack(annotation)
        if step.isdigit():
            annotation = next(get_args(part)[0] for part in (kind, *get_args(kind)) if get_origin(part) is tuple)
            given = given[int(step)]
        else:
            tables = structures(kind)
            named = [t for t in tables if issubclass(t, Choice) and t.__struct_config__.tag == given.get("name")]
            annotation = keys_of((named or tables)[0]).get(step, annotation)  # the name of a choice has no annotation
            given = given[step]
    return annotation


def check_keys(given: Any, read: Any, path: str = "") -> None:
    """Raise RecipeError for the first given key that does not exist in the recipe that was read from it."""
    if isinstance(read, tuple):
        for i, pair in enumerate(zip(given, read, strict=True)):
            check_keys(*pair, f"{path}[{i}]")
    if not structures(type(read)):
        return
    kinds = read.kinds if isinstance(read, Choice) else {}
    known = [*["name"] * bool(kinds), *keys_of(type(read))]
    for key, value in given.items():
        full = f"{path}.{key}" if path else key
        if key in known:
            check_keys(value, getattr(read, key, None), full)
        elif owners := [name for name, kind in kinds.items() if key in kind().options]:
            *most, last = owners
            who = f"{', '.join(most)} and {last} have" if most else f"{last} has"
            raise RecipeError(f"{full}: only {who} {key}, not {given['name']}")
        else:
            hint = did_you_mean(key, known)
            raise RecipeError(f"{full}: no such key{hint}; {path or 'a recipe'} has {', '.join(known)}")
