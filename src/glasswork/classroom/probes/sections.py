"""Follow the data through sections 1 and 2: how each variable came about, and what it holds in the end."""

import ast
import re
import weakref
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from glasswork.classroom.probes.base import Bench, Problem
from glasswork.classroom.student.fixture import Mnist
from glasswork.classroom.student.images import Identifier, ImagesState, describe, find_split, is_data
from glasswork.classroom.student.messages import SectionCrash, SectionFacts, Step
from glasswork.classroom.student.observe import Crash, attempt, show
from glasswork.classroom.student.outline import assigned_names, loaded_names
from glasswork.classroom.student.run import Event, StudentRun

#: The kinds of a crash that is none: a name of the data holds None; or X holds the labels, and y the images.
NONE, SWAPPED = "None", "swapped"


@dataclass
class DataTrace:
    """Follows the images and labels through sections 1 and 2, statement by statement."""

    mnist: Mnist
    steps: list[Step] = field(default_factory=list)
    crashes: list[SectionCrash] = field(default_factory=list)
    labels: dict[str, Any] = field(default_factory=dict)
    images: dict[str, Any] = field(default_factory=dict)
    inner: dict[str, int] = field(default_factory=dict)
    _last: dict[str, ImagesState] = field(default_factory=dict)
    _made: dict[int, tuple[weakref.ref[Any], int, str]] = field(default_factory=dict)
    _lost: set[str] = field(default_factory=set)

    def made(self, line: int, value: Any, in_place: bool, name: str) -> None:
        """Note the line, and the name, with which data came about in one of the file's functions."""
        old = [*self.images.values(), *self.labels.values()]
        for one in value if isinstance(value, tuple) else (value,):
            if is_data(one) and (in_place or not (self._line_of(one) or any(one is other for other in old))):
                self._made[id(one)] = weakref.ref(one), line, name

    def _line_of(self, value: Any, name: str = "", names: Collection[str] = ()) -> int | None:
        """Return the line in which a value came about, unless it has since changed places with another one."""
        known, line, inner = self._made.get(id(value), (None, None, ""))
        return line if known is not None and known() is value and inner not in {*names} - {name} else None

    def forget(self) -> None:
        """Let go of the data."""
        self.images.clear()
        self.labels.clear()

    def after(self, run: StudentRun, event: Event) -> None:
        """Note what a statement did; put right data in the place of what it failed to make."""
        line, crash = event.statement.lineno, event.crash
        if isinstance(event.statement, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom):
            if crash is not None and isinstance(event.statement, ast.Import | ast.ImportFrom):
                self.crashes.append(SectionCrash("import", line, crash))
            return
        part, crash = self._failure(run, event)
        if self._are_swapped(run.namespace):
            run.namespace["X"], run.namespace["y"] = run.namespace["y"], run.namespace["X"]
        if run.namespace.get("X") is ... or (self._lost and run.namespace.get("X", 0) is None):
            self._repair(run.namespace, "normalize")
        names = assigned_names(event.statement)
        for name, value in list(run.namespace.items()):
            if name.startswith("__"):
                continue
            at = self._line_of(value, name, names) or line
            if at != line:
                self.inner[f"{name} {line}"] = at
            state = describe(value)
            if state is not None:
                self.images[name] = value
                if self._last.get(name) != state:
                    self._last[name] = state
                    self.steps.append(Step(at, name, state.low, state.high))
            elif is_labels(value):
                self.labels[name] = value
        self._made.clear()
        if crash is not None and part is not None:
            self.crashes.append(SectionCrash(part, line, crash))
            if part != "split":
                self._repair(run.namespace, part)

    def _failure(self, run: StudentRun, event: Event) -> tuple[str | None, Crash | None]:
        """Return the part of a statement, and its crash; None that takes the place of data is one, too."""
        statement, part = event.statement, statement_part(event.statement)
        bound = assigned_names(statement)
        if self._are_swapped(run.namespace) and {"X", "y"} <= bound:
            return "data", Crash(SWAPPED, statement.lineno)
        if (
            part == "data"
            and isinstance(statement, ast.Assign)
            and isinstance(self.images.get("".join(bound)), np.ndarray)
        ):
            part = "normalize"  # a function does it
        names = sorted(n for n in bound if run.namespace.get(n, 0) is None)
        is_meant = isinstance(getattr(statement, "value", None), ast.Constant)
        if event.crash is not None or part is None or not names or is_meant:
            return part, event.crash
        self._lost |= {*names}
        return part, Crash(NONE, statement.lineno, names[0])

    @staticmethod
    def _are_swapped(namespace: dict[str, Any]) -> bool:
        """Return whether X holds the labels, and y the images."""
        x: Any = namespace.get("X")
        y: Any = namespace.get("y")
        return is_labels(x) and describe(y) is not None and len(x) == len(y)

    def _repair(self, namespace: dict[str, Any], part: str) -> None:
        x, y = namespace.get("X"), namespace.get("y")
        if part == "data" and (not isinstance(x, np.ndarray) or describe(x) is None):
            before = self.images.get("X")
            namespace["X"] = before if isinstance(before, np.ndarray) else self.mnist.images.astype(np.int64)
        if part == "normalize":
            namespace["X"] = (self.mnist.images / 255.0 - 0.5) * 2
        if not (isinstance(y, np.ndarray) and y.dtype.kind in "iu"):
            namespace["y"] = self.mnist.labels.copy()


def statement_part(statement: ast.stmt) -> str | None:
    """Return to which of the first three parts a statement belongs, to say where an error happened."""
    names, loads = assigned_names(statement), loaded_names(statement)
    words = {n.attr for n in ast.walk(statement) if isinstance(n, ast.Attribute)} | loads
    if "train_test_split" in words or any(re.search(r"(^|_)(train|valid?|test|temp)", n, re.I) for n in names):
        return "split"
    if {"fetch_openml", "load_data"} & words:
        return "data"
    if names & {"X", "y"} or loads & {"X", "y"}:
        if not names & {"X", "y"} and not isinstance(statement, ast.Expr):
            return None
        arithmetic = [n for n in ast.walk(statement) if isinstance(n, ast.BinOp | ast.AugAssign)]
        return "normalize" if arithmetic and "X" in (names | loads) else "data"
    return None


def is_labels(value: Any) -> bool:
    """Return whether a value is a long column."""
    shape = getattr(value, "shape", None)
    return isinstance(shape, tuple) and len(shape) == 1 and shape[0] >= 1000


@dataclass
class Places:
    """Where the data came about: the file's statements, and what was seen when they ran."""

    statements: list[ast.stmt]
    facts: SectionFacts

    def line_binding(self, name: str) -> int | None:
        """Return the line of the last statement that binds a name."""
        lines = [s.lineno for s in self.statements if name in assigned_names(s)]
        return self.line_making(name, lines[-1]) if lines else None

    def line_making(self, name: str, line: int) -> int:
        """Return the line that made the value which a statement binds: one of the function that it calls, or its own."""
        return self.facts.inner.get(f"{name} {line}", line)

    def line_making_alone(self, name: str, line: int) -> int:
        """Return the same, but the statement's line if its function is called for other data, too."""
        made = self.line_making(name, line)
        nodes = [n for statement in self.statements for n in ast.walk(statement)]
        functions = {
            n.name for n in nodes if isinstance(n, ast.FunctionDef) and n.lineno <= made <= (n.end_lineno or 0)
        }
        calls = {n.lineno for n in nodes if isinstance(n, ast.Call) and getattr(n.func, "id", "") in functions}
        return made if len(calls) < 2 else line


@dataclass
class Sections:
    """All that the three probes need: the file's variables after it ran, and how they came about."""

    namespace: dict[str, Any]
    trace: DataTrace
    identifier: Identifier
    known_rows: dict[str, Any] = field(default_factory=dict)  # set -> which rows of MNIST it holds

    @property
    def split(self) -> dict[str, str]:
        """The variables of the split, by role."""
        return find_split(self.namespace)

    def facts(self) -> SectionFacts:
        """Return what the judge needs to know of all this."""
        images, labels = self.source_images(), self.source_labels()
        return SectionFacts(
            self.trace.steps,
            self.trace.crashes,
            self.split,
            images[0] if images else None,
            labels[0] if labels else None,
            self.trace.mnist.fetched,
            self.trace.inner,
        )

    def source_images(self) -> tuple[str, Any] | None:
        """Return the variable with all images."""
        for name in ("X", *self.trace.images):
            if name in self.trace.images and len(self.trace.images[name]) >= 0.85 * len(self.trace.mnist.labels):
                return name, _first(self.namespace.get(name), self.trace.images[name])
        return None

    def source_labels(self) -> tuple[str, Any] | None:
        """Return the variable with all labels."""
        for name in ("y", *self.trace.labels):
            if name in self.trace.labels and len(self.trace.labels[name]) >= 0.85 * len(self.trace.mnist.labels):
                return name, _first(self.namespace.get(name), self.trace.labels[name])
        return None


def _first(value: Any, other: Any) -> Any:
    """Return a value if it is data, or else the other one."""
    return value if is_data(value) else other


def sections_of(bench: Bench) -> Sections:
    """Return the sections of a bench."""
    sections: Sections = bench.memory["sections"]
    return sections


def places_of(bench: Bench) -> Places:
    """Return where the data of a judged file came about."""
    places: Places = bench.memory["places"]
    return places


def crash_problem(crashes: list[SectionCrash], part: str) -> list[Problem]:
    """Return the problem of a statement of a part that failed."""
    for one in crashes:
        if one.part == part:
            if one.crash.kind == NONE:
                says = f"after this statement, {one.crash.name} is None."
                return [Problem("error", "result", says, one.crash.line)]
            if one.crash.kind == SWAPPED:
                says = "after this statement, X holds the labels and y the images: the two change places here."
                return [Problem("error", "result", says, one.crash.line)]
            what = "does not end" if one.crash.kind == "OutOfTime" else f"stops with {show(one.crash)}"
            return [Problem("error", "error", f"This statement {what}.", one.crash.line or one.line)]
    return []


def crash_property(says: str) -> str:
    """Return the property that the sentence of a crash tells of."""
    return "result" if says.startswith("after") else "error"


def paired_share(sections: Sections, x: Any, y: Any) -> float | None:
    """Return the share of images that stand beside their own label, from a sample; None where it cannot be told."""
    count = min(len(x), len(y))
    rows = np.random.RandomState(0).permutation(count)[:300]
    found = sections.identifier.identify(x, rows)
    labels = attempt(lambda: np.asarray(y.iloc[rows] if hasattr(y, "iloc") else y[rows]).astype(float))
    if found is None or isinstance(labels, Crash):
        return None
    if labels.ndim == 2 and labels.shape[1] == 10:
        labels = labels.argmax(1).astype(float)
    if labels.ndim != 1 or (found >= 0).mean() < 0.8:
        return None
    known = found >= 0
    return float((sections.trace.mnist.labels[found[known]] == labels[known]).mean())
