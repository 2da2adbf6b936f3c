"""Follow the run of a whole file until its data are ready: it calls back after each statement.

import … · X, y = fetch_openml(…) · X = … · X_train, … = … · (arrived) class Linear … model = MLP(…) …
"""

import ast
import functools
import operator
import sys
from collections.abc import Callable
from types import CodeType
from typing import Any

from glasswork.classroom.handout import FUNCTIONS
from glasswork.classroom.student.outline import Outline
from glasswork.classroom.student.run import Event, StudentRun, divide
from glasswork.classroom.student.source import Document

#: The names under which a running file finds `Waypoints.passed` and `Waypoints.made`.
PASSED, MADE = "__glasswork_passed__", "__glasswork_made__"


_DEFINING = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


class Waypoints:
    """The statements up to the last one of the data, but for definitions, in the order in which a run passes them.

    Parameters
    ----------
    document : Document
        The file as it runs.
    unfolded : Document
        The same, as `glasswork.classroom.student.unwrap` unfolds it.
    is_data : callable
        Whether a statement is one of the data.
    after : callable
        Called after each statement, as by `run_student`.
    arrived : callable
        Called after the last one.
    made : callable
        Called in the file's own functions with a line, a value that it makes, whether it changes it in place, and the
        name that the value gets.
    """

    def __init__(
        self,
        document: Document,
        unfolded: Document,
        is_data: Callable[[ast.stmt], object],
        after: Callable[[StudentRun, Event], None],
        arrived: Callable[[], None],
        made: Callable[[int, Any, bool, str], None] = lambda *_: None,
    ) -> None:
        self.has_arrived = False
        self._made = made
        self._run = StudentRun(Outline(unfolded))
        self._after, self._arrived = after, arrived
        there = {_key(node) for statement in document.statements for node in ast.walk(statement)}
        ahead, _, _ = divide(self._run.outline)
        self._statements = [s for s in ahead if _key(s) in there and not isinstance(s, _DEFINING) and not _is_text(s)]
        while self._statements and not is_data(self._statements[-1]):
            self._statements.pop()
        self._numbers = {_key(statement): number for number, statement in enumerate(self._statements)}
        self._next = 0
        self._names: dict[str, Any] = {}
        self._locals: dict[CodeType, dict[str, Any]] = {}

    def rewrite(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        """Return the statements with a call of `passed` after each that has to be passed."""
        module = ast.Module(statements, [])
        _Rewriter(self._numbers).generic_visit(module)
        return module.body

    def passed(self, number: int) -> None:
        """Note that a statement was executed; in another order than the expected one, nothing comes of it any more."""
        if number != self._next:
            self._next = -1
            return
        self._next += 1
        frame = sys._getframe(1)
        event = Event(self._statements[number], None)
        if frame.f_locals is not frame.f_globals:  # what main() has computed is not over with main()
            self._locals[frame.f_code] = dict(frame.f_locals)
        self._names = frame.f_globals
        self._run.namespace = functools.reduce(operator.or_, self._locals.values(), dict(self._names))
        self._run.events.append(event)
        try:
            self._after(self._run, event)
        except Exception:  # an object that cannot be looked at: the file does not notice
            self._next = -1
            return
        if self._next == len(self._statements):
            self.has_arrived = True
            self._arrived()

    def made(self, line: int, in_place: bool, value: Any, name: str = "") -> Any:
        """Note the line of a function in which a value came about, and return the value."""
        if self._next >= 0 and not self.has_arrived:
            self._made(line, value, in_place, name)
        return value

    def forget(self) -> None:
        """Let go of the data: a file that runs once more needs the memory."""
        self._names, self._run.namespace = {}, {}
        self._locals.clear()

    def stand(self) -> StudentRun | None:
        """Return the run up to the last statement that was passed; None if it took another way, or has not begun."""
        if self._next < 1:
            return None
        self._names.update(self._run.namespace)
        self._run.namespace = self._names
        return self._run


def _is_text(statement: ast.stmt) -> bool:
    """Return whether a statement is a text alone: behind a docstring, `__future__` may still be imported."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _key(node: ast.AST) -> tuple[str, int, int]:
    return type(node).__name__, getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


class _Rewriter(ast.NodeTransformer):
    def __init__(self, numbers: dict[tuple[str, int, int], int]) -> None:
        self._numbers = numbers
        self._is_in_function = False

    def visit(self, node: ast.AST) -> ast.AST | list[ast.AST]:
        if isinstance(node, ast.ClassDef):
            return node
        before = self._is_in_function
        if isinstance(node, ast.FunctionDef):
            self._is_in_function = node.name not in FUNCTIONS
        self.generic_visit(node)
        self._is_in_function = before
        number = self._numbers.get(_key(node)) if isinstance(node, ast.stmt) else None
        if number is not None:
            return [node, _call(node, PASSED, ast.Constant(number))]
        if before and isinstance(node, ast.Assign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            return [node, *(_made(node, name) for target in targets for name in ast.walk(target) if _is_bound(name))]
        if before and isinstance(node, ast.Return) and node.value is not None:
            node.value = _call(node, MADE, ast.Constant(node.lineno), ast.Constant(value=False), node.value).value
        return node


def _is_bound(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and (isinstance(node.ctx, ast.Store) or not node.id.startswith("__"))


def _made(statement: ast.stmt, name: Any) -> ast.Expr:
    """Return a call that notes the value of a name which a statement has bound, or has written into."""
    in_place = isinstance(statement, ast.AugAssign) or isinstance(name.ctx, ast.Load)
    value = ast.Name(name.id, ast.Load())
    return _call(
        statement, MADE, ast.Constant(statement.lineno), ast.Constant(value=in_place), value, ast.Constant(name.id)
    )


def _call(place: ast.AST, function: str, *arguments: ast.expr) -> ast.Expr:
    call = ast.Expr(ast.Call(ast.Name(function, ast.Load()), [*arguments], []))
    return ast.fix_missing_locations(ast.copy_location(call, place))
