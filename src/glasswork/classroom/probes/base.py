"""What every probe has in common: the bench on which one part is tried, and the problems that it finds."""

import ast
import contextlib
import functools
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from glasswork.classroom.handout import CLASSES, FUNCTIONS
from glasswork.classroom.student.observe import Crash, attempt
from glasswork.classroom.student.outline import Outline, assignments, result_line

#: Facet -> name of a result -> result.
Facets = dict[str, dict[str, Any]]


#: Names of the data, hidden from the classes while they are tried.
_DATA_NAMES = ("X", "y", "X_train", "y_train", "X_valid", "y_valid", "X_test", "y_test")


#: Layers without parameters.
_ACTIVATIONS = ("Sigmoid", "ReLU")


@dataclass(frozen=True)
class Problem:
    """A property that a part lacks.

    Attributes
    ----------
    facet : str
        The group of results that shows it; a mistake of the catalogue is recognised facet by facet.
    property : str
        shape, value, sign, scale, aliasing, dtype, gradient, randomness, name, result, or error.
    says : str
        What was seen and what was expected, with numbers.
    line : int or None
        The line of the document, where the probe knows better than the facet's locator.
    mistake : str or None
        The catalogue's entry, where a rule and not a comparison has named it.
    remark : bool
        Whether this is a departure that does no harm.
    exact : bool
        Whether the facet's locator knows the line itself, so that no line that is more like the mistake's is taken.
    """

    facet: str
    property: str
    says: str
    line: int | None = None
    mistake: str | None = None
    remark: bool = False
    exact: bool = False


@dataclass
class Bench:
    """One file's names, in which one part is the student's and every other can be replaced by a right one."""

    namespace: dict[str, Any]
    reference: dict[str, Any]
    outline: Outline | None = None  # None for a variant of the catalogue
    memory: dict[str, Any] = field(default_factory=dict)
    aliases: dict[str, str] = field(
        default_factory=dict
    )  # the handout's name -> the one that the file has in its place

    @contextlib.contextmanager
    def isolated(self, *own: str, **replaced: Any) -> Iterator[None]:
        """Context manager: all classes and functions but ``own`` are the right ones."""
        names = {*CLASSES, *FUNCTIONS, "loss_fn", "criterion", "model", "optimizer"} - set(own)
        stand_ins = {name: self.right(name) for name in names if name in self.reference} | replaced
        stand_ins |= {self.aliases[name]: thing for name, thing in stand_ins.items() if name in self.aliases}
        tried = len(own) == 1 and own[0] in (*CLASSES, "train", "valid", "test")
        hidden = [n for n in _DATA_NAMES if n in self.namespace and n not in replaced] if tried else []
        before = {name: self.namespace[name] for name in (*stand_ins, *hidden) if name in self.namespace}
        self.namespace.update(stand_ins)
        defaults = self._defaults(own, before, stand_ins)
        for name in hidden:  # a class that reads them, where it should read its arguments, is found out
            del self.namespace[name]
        try:
            yield
        finally:
            for function, values in defaults:
                function.__defaults__ = values
            for name in stand_ins:
                self.namespace.pop(name, None)
            self.namespace.update(before)

    def _defaults(
        self, own: tuple[str, ...], before: dict[str, Any], stand_ins: dict[str, Any]
    ) -> list[tuple[Any, tuple[Any, ...]]]:
        """Put stand-ins in the place of default values; return the functions that had others, and those values."""
        things = [self.namespace.get(name) for name in own]
        members = [member for thing in things if isinstance(thing, type) for member in vars(thing).values()]
        found: list[tuple[Any, tuple[Any, ...]]] = []
        for function in (f for f in (*things, *members) if isinstance(f, types.FunctionType)):
            values: tuple[Any, ...] = function.__defaults__ or ()
            named = [next((n for n, thing in before.items() if thing is v), "") for v in values]
            if any(name in stand_ins for name in named):
                found.append((function, values))
                new = (stand_ins.get(n, v) for n, v in zip(named, values, strict=True))
                function.__defaults__ = tuple(new)
        return found

    def right(self, name: str) -> Any:
        """Return a right class or function; a layer has the lists of parameters that the file gives all its layers."""
        right, own = self.reference[name], self.namespace.get(name)
        lists = [n for n in ("parameters", "gradients") if name in _ACTIVATIONS and callable(getattr(own, n, None))]
        return type(name, (right,), {n: lambda _: [] for n in lists}) if lists else right

    def function(self, owner: str, method: str | None = None) -> ast.AST | None:
        """Return the definition of a part in the student's file."""
        return self.outline.find(owner, method) if self.outline else None


class Probe(Protocol):
    """Tries one part. Probes are listed in `glasswork.classroom.probes.PROBES`."""

    part: str

    def observe(self, bench: Bench) -> Facets:
        """Return what the part does."""
        ...

    def problems(self, seen: Facets) -> list[Problem]:
        """Return which properties it lacks."""
        ...

    def locate(self, bench: Bench, facet: str) -> int | None:
        """Return the line that decides a facet."""
        ...


def crash_line(results: Any, function: ast.AST | None) -> int | None:
    """Return the line of the first crash among results that lies in the function."""
    for value in results.values() if isinstance(results, dict) else results:
        if isinstance(value, dict | list | tuple):
            line = crash_line(value, function)
            if line:
                return line
        if isinstance(value, Crash) and value.line and function is not None:
            first, last = getattr(function, "lineno", 0), getattr(function, "end_lineno", 0)
            if first <= value.line <= last:
                return value.line
    return None


def line_of(function: ast.AST | None, *targets: str) -> int | None:
    """Return the line where a function last binds one of the targets, or else computes its result."""
    if function is None:
        return None
    for target in targets:
        bound = assignments(function, target)
        if bound:
            return bound[-1].lineno
    return result_line(function)


def line_writing_into_argument(function: ast.AST | None) -> int | None:
    """Return the line of a method that changes its first argument in place, or else its result's line."""
    if not isinstance(function, ast.FunctionDef) or len(function.args.args) < 2:
        return line_of(function)
    name = function.args.args[1].arg
    for node in ast.walk(function):
        targets = (
            [node.target] if isinstance(node, ast.AugAssign) else node.targets if isinstance(node, ast.Assign) else []
        )
        for target in targets:
            written = target.value if isinstance(target, ast.Subscript) else target
            in_place = isinstance(node, ast.AugAssign) or isinstance(target, ast.Subscript)
            if in_place and isinstance(written, ast.Name) and written.id == name:
                return target.lineno
    return line_of(function)


def first_crash(results: dict[str, Any]) -> Crash | None:
    """Return the first crash among results."""
    return next((value for value in results.values() if isinstance(value, Crash)), None)


def numbers(*shape: int, seed: int = 0, step: float = 1.0, most: int = 3) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return an array of small numbers, the same each time."""
    return _numbers(shape, seed, step, most).copy()


@functools.cache
def _numbers(shape: tuple[int, ...], seed: int, step: float, most: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    random = np.random.RandomState(1000 + seed + sum(n * 31**i for i, n in enumerate(shape)))
    values = random.randint(-most, most + 1, size=shape).astype(float)
    values[values == 0] = 1.0
    return values * step


def seeded(function: Any, *args: Any, **named: Any) -> Any:
    """Attempt a call with NumPy's global state set."""
    np.random.seed(7)
    return attempt(function, *args, **named)
