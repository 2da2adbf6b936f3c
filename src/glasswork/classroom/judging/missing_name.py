"""A name that Python does not find: where the file has it instead, if it has it at all."""

import ast
from collections.abc import Iterator

from glasswork.classroom.handout import CLASSES, FUNCTIONS
from glasswork.classroom.student.outline import Function, assigned_names
from glasswork.classroom.student.source import Document
from glasswork.classroom.student.whole_file import Ending

_DATA = {f"{letter}_{role}" for letter in "Xy" for role in ("train", "valid", "test")} | {"X", "y"}
_HANDOUT = {*CLASSES, *FUNCTIONS, *_DATA, "model", "optimizer", "loss_fn", "criterion"}


def defined_below(ending: Ending, document: Document) -> int | None:
    """Return the line below the stop in which the file itself defines the name that is missing."""
    if ending.kind != "NameError" or not ending.frames:
        return None
    at = ending.frames[0][1]
    return next((s.lineno for s in document.statements if s.lineno > at and ending.name in assigned_names(s)), None)


def local_of(ending: Ending, document: Document) -> str | None:
    """Return the function in which alone the name that is missing is bound."""
    if ending.kind != "NameError" or any(ending.name in assigned_names(s) for s in document.statements):
        return None
    nodes = (n for s in document.statements for n in ast.walk(s) if isinstance(n, Function))
    return next((f.name for f in nodes if any(ending.name in assigned_names(s) for s in f.body)), None)


def is_independent(ending: Ending, document: Document) -> bool:
    """Return whether no part of the exercise can be the cause: a name that the file has nowhere, a failed import."""
    if ending.kind in ("ModuleNotFoundError", "ImportError"):
        return True
    if ending.kind != "NameError" or ending.name in _HANDOUT:
        return False
    bound = set().union(*(_bound(statement) for statement in document.statements)) if document.statements else set()
    return ending.name not in bound


def _bound(statement: ast.stmt) -> Iterator[str]:
    """Yield every name that a statement binds, in functions too."""
    for node in ast.walk(statement):
        yield from assigned_names(node)
        if isinstance(node, ast.arg):
            yield node.arg
