"""Run a student's file: its imports, definitions and sections 1 and 2, one statement after another.

What uses the network (a model, the training loop, the tests that students write) is left for later, when the classes
can be replaced by right ones: see `settings`. A statement that fails does not end the run.
"""

import __future__

import ast
import functools
import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from glasswork.classroom.handout import CLASSES
from glasswork.classroom.limits import STUDENT
from glasswork.classroom.student.fixture import Silent
from glasswork.classroom.student.observe import Crash, attempt
from glasswork.classroom.student.outline import Function, Outline, assigned_names, loaded_names
from glasswork.classroom.student.source import Document

#: Seconds that one statement at the top level may take.
STATEMENT_LIMIT = 5.0


@dataclass
class Event:
    """One statement that was executed, and what came of it."""

    statement: ast.stmt
    crash: Crash | None


@dataclass
class StudentRun:
    """A file that was run as far as its data.

    Attributes
    ----------
    namespace : dict
        Its global names.
    events : list of Event
        What was executed, in order.
    later : list of ast.stmt
        The statements that use the network, not executed yet.
    """

    outline: Outline
    namespace: dict[str, Any] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    later: list[ast.stmt] = field(default_factory=list)


def run_student(
    document: Document,
    after: Callable[[StudentRun, Event], None] | None = None,
    given: dict[str, Any] | None = None,
    begun: StudentRun | None = None,
) -> StudentRun:
    """Execute a document's statements, with the names ``given`` to it; ``after`` is called after each.

    A run that has ``begun`` goes on behind its last event. The classes and functions that it has are defined once
    more, for they were made to be watched.
    """
    run = begun or StudentRun(Outline(document), new_namespace())
    run.namespace.update(given or {})
    ahead, rest, run.later = divide(run.outline)
    if begun is None:
        np.random.seed(0)
    else:
        passed = ahead.index(begun.events[-1].statement) + 1
        ahead = [*_definitions(ahead[:passed]), *ahead[passed:]]
    for statement in (*ahead, *rest):
        event = Event(statement, execute(statement, run.namespace))
        run.events.append(event)
        if after is not None:
            after(run, event)
    return run


def divide(outline: Outline) -> tuple[list[ast.stmt], list[ast.stmt], list[ast.stmt]]:
    """Return the statements ahead of the first that uses the network, the others that do not, and those that do."""
    ahead: list[ast.stmt] = []
    rest: list[ast.stmt] = []
    later: list[ast.stmt] = []
    network = _network_names(outline)
    for statement in outline.document.statements:
        if outline.is_dead(statement):
            continue
        if loaded_names(statement) & network and not isinstance(statement, ast.ClassDef | Function):
            network |= assigned_names(statement) - {"X", "y"}
            later.append(statement)
        else:
            (rest if later else ahead).append(statement)
    return ahead, rest, later


def _definitions(statements: list[ast.stmt]) -> list[ast.stmt]:
    """Return the definitions whose names no later statement binds."""
    found: list[ast.stmt] = []
    bound: set[str] = set()
    for statement in reversed(statements):
        names = assigned_names(statement)
        if isinstance(statement, ast.ClassDef | Function) and not names & bound:
            found.insert(0, statement)
        bound |= names
    return found


def new_namespace() -> dict[str, Any]:
    """Return the global names with which a file starts."""
    return {
        "__name__": "__main__",
        "__file__": STUDENT,
        "display": Silent(),
        "get_ipython": Silent(),
        "input": lambda *_: "1",  # a whole number, as good as any
    }


def execute(statement: ast.stmt, namespace: dict[str, Any], seconds: float = STATEMENT_LIMIT) -> Crash | None:
    """Execute one statement; return the crash, if there was one."""
    try:
        features = [value.compiler_flag for value in namespace.values() if isinstance(value, __future__._Feature)]
        flags = functools.reduce(operator.or_, features, 0)
        code = compile(ast.Module([statement], []), STUDENT, "exec", flags, dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        return Crash("SyntaxError", getattr(error, "lineno", None) or statement.lineno, text=str(error))
    result = attempt(exec, code, namespace, seconds=seconds)
    return result if isinstance(result, Crash) else None


def _layers(outline: Outline) -> set[str]:
    """Return the classes that have a method of the handout's classes; others hold settings, or the data."""
    methods = {name for own in CLASSES.values() for name in own} - {"__init__", "__call__"}
    return {
        name
        for name, node in outline.classes.items()
        if any(isinstance(member, Function) and member.name in methods for member in node.body)
    }


def _network_names(outline: Outline) -> set[str]:
    """Return the names of the network's classes, and of what uses them directly or through others."""
    names = {*CLASSES, *_layers(outline), "minibatch_generator", "train", "valid", "test"}
    definitions: dict[str, ast.AST] = {**outline.classes, **outline.functions}
    names -= {"train", "valid", "test"} - {*outline.functions}
    while True:
        more = {name for name, own in definitions.items() if name not in names and loaded_names(own) & names}
        if not more:
            return names
        names |= more
