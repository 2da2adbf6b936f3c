"""Make a file's training short without changing its data: its loops are left early, its ``while`` loops watched.

for epoch in range(50):          all 50 rounds
    for x, y in train_loader:    three batches, then the loop ends as if the loader were used up

Which loops train or evaluate is read from the code: those that reach ``step()``, ``backward()``, ``forward()`` or a
call of the model. Loops inside the layers' own methods are left alone.
"""

import ast
import itertools
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from types import FrameType, GeneratorType
from typing import Any

from glasswork.classroom.handout import CLASSES
from glasswork.classroom.limits import STUDENT
from glasswork.classroom.student.fixture import whole_rounds
from glasswork.classroom.student.outline import Function, loaded_names

#: The rounds of an outer and of an inner loop, in a short run and in one that is to confirm it.
SHORT = (60, 3)
CONFIRMING = (2, 1_000_000)

ROUNDS, AGAIN = "__glasswork_rounds__", "__glasswork_again__"

_OF_LAYERS = {method for methods in CLASSES.values() for method in methods}
_TRAINS = {"step", "backward"}
_MODEL = re.compile(r"(^|_)(model|net|network|mlp|nn)\d*$", re.I)

#: Rounds in which nothing that a condition depends on has changed, after which the loop counts as endless.
_STUCK = 50


@dataclass
class LoopRecord:
    """What one training loop did, over all its executions."""

    line: int
    last: int
    trains: bool
    inner: bool = False
    executions: int = 0
    left_in_first: int = 0  # executions that break or return left in their first round
    rounds: int = 0
    was_cut: bool = False


@dataclass
class WhileRecord:
    """A ``while`` loop: its condition, and the values of the names in it, round by round."""

    line: int
    last: int
    trains: bool
    condition: str
    names: tuple[str, ...]
    rounds: int = 0
    unchanged: int = 0
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def is_stuck(self) -> bool:
        """Whether the condition's numbers have been the same for many rounds."""
        return bool(self.values) and self.unchanged >= _STUCK


class StuckError(BaseException):
    """Ends a loop of which nothing in its condition changes. Not an `Exception`: the file's own code lets it pass."""


class Loops:
    """Rewrites the loops of a file, and notes what they do when it runs.

    Parameters
    ----------
    statements : list of ast.stmt
        The whole file: a loop in one cell of a notebook trains by a function of another cell.
    limits : (int, int)
        The rounds that an outer training loop, and one inside another, may take.
    """

    def __init__(self, statements: list[ast.stmt], limits: tuple[int, int] = SHORT) -> None:
        self.limits = limits
        self._reaching = _reaching(statements)
        self.records: dict[int, LoopRecord] = {}
        self.whiles: list[WhileRecord] = []
        self.was_cut = False

    def rewrite(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        """Return some of the statements with their training loops and ``while`` loops under watch."""
        rewriter = _Rewriter(self, self._reaching)
        return [rewriter.visit(s) for s in statements]

    def rounds(self, iterable: Iterable[Any], line: int) -> Iterator[Any]:
        """Yield the first elements, and of a range the last one, too."""
        record = self.records[line]
        record.inner = self._is_inside(sys._getframe(1))
        limit = self.limits[record.inner]
        record.executions += 1
        source = iter(iterable)
        if isinstance(iterable, range) and len(iterable) > limit:
            source = itertools.chain(iterable[: limit - 1], iterable[-1:])
            self.was_cut = record.was_cut = True
        done = 0
        try:
            for element in source:
                if done == limit:
                    self.was_cut = record.was_cut = True
                    if isinstance(source, GeneratorType):
                        source.close()  # a loader that has been looped over is used up
                    return
                done += 1
                record.rounds += 1
                yield element
        except GeneratorExit:
            record.left_in_first += done == 1
            raise
        if not (record.inner or record.was_cut):
            whole_rounds.append(done)

    def _is_inside(self, frame: FrameType | None) -> bool:
        """Return whether a frame, or one that called it, is in the body of a loop that trains or evaluates."""
        bodies: list[LoopRecord | WhileRecord] = [*self.records.values(), *(w for w in self.whiles if w.trains)]
        while frame is not None:
            if frame.f_code.co_filename == STUDENT and any(b.line < frame.f_lineno <= b.last for b in bodies):
                return True
            frame = frame.f_back
        return False

    def again(self, condition: Any, number: int, names: dict[str, Any]) -> bool:
        """Return a condition's truth; end the loop if nothing in it can change any more."""
        if not condition:
            return False
        record = self.whiles[number]
        values = {n: v for n in record.names if isinstance(v := names.get(n), bool | int | float | str)}
        record.unchanged = record.unchanged + 1 if values and values == record.values else 0
        record.rounds += 1
        record.values = values
        if record.is_stuck and len(values) == len(record.names):
            raise StuckError(number)
        return True


def _reaching(statements: list[ast.stmt]) -> tuple[set[str], set[str]]:
    """Return the names of functions that train, and of those that evaluate, directly or through others."""
    functions = {
        node.name: node
        for statement in statements
        for node in ast.walk(statement)
        if isinstance(node, Function) and node.name not in _OF_LAYERS
    }
    train: set[str] = set()
    evaluate: set[str] = set()
    while True:
        size = len(train) + len(evaluate)
        train |= {name for name, node in functions.items() if _calls(node, train)[0]}
        evaluate |= {name for name, node in functions.items() if _calls(node, evaluate)[1]}
        if len(train) + len(evaluate) == size:
            return train, evaluate


def _calls(node: ast.AST, known: set[str]) -> tuple[bool, bool]:
    """Return whether code trains, and whether it evaluates a model."""
    trains = evaluates = False
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call):
            name = str(getattr(inner.func, "attr", getattr(inner.func, "id", "")))
            trains = trains or name in _TRAINS or name in known
            evaluates = evaluates or name == "forward" or bool(_MODEL.search(name)) or name in known
    return trains, evaluates


class _Rewriter(ast.NodeTransformer):
    def __init__(self, loops: Loops, reaching: tuple[set[str], set[str]]) -> None:
        self.loops = loops
        self.train, self.evaluate = reaching

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return node if node.name in _OF_LAYERS else self.generic_visit(node)

    def visit_For(self, node: ast.For) -> ast.AST:
        self.generic_visit(node)
        body = ast.Module(node.body, [])
        trains, evaluates = _calls(body, self.train)[0], _calls(body, self.evaluate)[1]
        if trains or evaluates:
            self.loops.records[node.lineno] = LoopRecord(node.lineno, node.end_lineno or node.lineno, trains)
            node.iter = _call(ROUNDS, node.iter, ast.Constant(node.lineno))
        return node

    def visit_While(self, node: ast.While) -> ast.AST:
        self.generic_visit(node)
        names = tuple(sorted(loaded_names(node.test)))
        trains = _calls(ast.Module(node.body, []), self.train)[0]
        last = node.end_lineno or node.lineno
        self.loops.whiles.append(WhileRecord(node.lineno, last, trains, ast.unparse(node.test), names))
        node.test = _call(AGAIN, node.test, ast.Constant(len(self.loops.whiles) - 1))
        return node


def _call(function: str, argument: ast.expr, number: ast.expr) -> ast.expr:
    call = ast.Call(ast.Name(function, ast.Load()), [argument, number], [])
    return ast.fix_missing_locations(ast.copy_location(call, argument))
