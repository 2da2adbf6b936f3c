"""Whether something is why the file stops: the file with that one thing mended is run again, and has to get further."""

import ast
import copy
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any

from glasswork.classroom.catalogue import solution
from glasswork.classroom.handout import part_of, sections
from glasswork.classroom.student.outline import Function, Outline, assigned_names
from glasswork.classroom.student.source import Document, from_script
from glasswork.classroom.student.whole_file import Ending


@dataclass(frozen=True)
class Replay:
    """Runs a document again with something mended.

    Parameters
    ----------
    document : Document
    ending : Ending
        How it ended as it is.
    run : callable
        Runs a document and returns how it ended.
    """

    document: Document
    ending: Ending
    run: Callable[[Document], Ending]

    def with_node(self, old: ast.AST, new: ast.AST) -> bool:
        """Return whether the file gets further with one node of its code replaced."""
        memo = {id(old): _at(old, new)}
        return self._gets_further(copy.deepcopy(self.document.statements, memo))

    def with_parts(self, parts: Iterable[str]) -> bool:
        """Return whether the file gets further with some parts replaced by right ones.

        A class or function is replaced itself; right data, or a right model, is made just before the stop.
        """
        memo: dict[int, ast.AST] = {}
        made = {_MADE[part] for part in parts if part in _MADE}
        for part in parts:
            memo |= _mended(Outline(self.document), part)
        replaced = {getattr(node, "lineno", 0) for node in memo.values()}
        statements = copy.deepcopy(self.document.statements, memo)
        for text in sorted(made):
            _insert(text, statements, self.ending, len(self.document.lines) + 1)
        return bool(memo or made) and self._gets_further(statements, replaced)

    def _gets_further(self, statements: list[ast.stmt], replaced: Collection[int] = ()) -> bool:
        document, before = self.document, self.ending
        cell = document.place(before.frames[0][1])[0] if before.frames else None
        lines, places = [*document.lines, ""], [*document.places, (cell, 0)]
        after = self.run(replace(document, lines=lines, places=places, statements=statements))
        if after.how != "error":
            return after.how in ("end", "exit") or after.trained
        ours = {*replaced, len(lines)}
        if not before.frames or not after.frames or any(line in ours for _, line in after.frames):
            return False
        for (_, line), (_, then) in zip(before.frames, after.frames, strict=False):
            if line != then:
                return then > line
        return (after.frames, after.words) != (before.frames, before.words)


#: Right data and a right model, by the handout's names.
_DATA = """
import numpy
from glasswork import load_mnist
X, y = load_mnist()
X = X / numpy.float32(127.5) - numpy.float32(1)
X_train, X_valid, X_test = X[:55000], X[55000:60000], X[60000:]
y_train, y_valid, y_test = y[:55000], y[55000:60000], y[60000:]
"""
_MODEL = """
in_features, hidden_size, out_features, learning_rate, num_epochs, batch_size = 784, 50, 10, 0.1, 2, 100
model = MLP(784, 50, 10)
loss_fn = criterion = MSELoss()
optimizer = SGD(model.parameters(), model.gradients(), 0.1)
"""
_SETS = {f"{letter}_{part}" for letter in "Xy" for part in ("train", "valid", "test")}
_MADE = {"data": _DATA, "normalize": _DATA, "split": _DATA, "settings": _MODEL}
_LOADERS = """
train_loader = minibatch_generator(X_train, y_train, 100)
valid_loader = minibatch_generator(X_valid, y_valid, 100)
"""


def _insert(text: str, statements: list[ast.stmt], ending: Ending, line: int) -> None:
    """Insert statements before the one that stops, at the top level or in the function that makes the data or model."""
    made = ast.parse(text).body
    names = {"X_train", "y_train", "X", "y"} if text is _DATA else {"model", "optimizer"}
    bodies = {"<module>": statements} | {s.name: s.body for s in statements if isinstance(s, Function)}
    stops = [(bodies[name], at) for name, at in ending.frames if name in bodies]
    own = next(
        (s for s in reversed(stops) if any(names & assigned_names(n) for n in s[0])), stops[0] if stops else None
    )
    if own is None:
        return
    body, at = own
    place = next((i for i, s in enumerate(body) if s.lineno <= at <= (s.end_lineno or s.lineno)), len(body))
    loop = body[place] if place < len(body) else None
    if text == _MODEL and isinstance(loop, ast.For):
        others = [s for s in loop.body if not assigned_names(s) & {"train_loader", "valid_loader"}]
        loop.body[:] = [*(_on_line(statement, line) for statement in ast.parse(_LOADERS).body), *others]
    if text == _DATA:  # what is computed from the data has to come after
        place = max((i + 1 for i, s in enumerate(body[:place]) if assigned_names(s) & _SETS), default=place)
    body[place:place] = [_on_line(statement, line) for statement in made]


def _mended(outline: Outline, part: str) -> dict[int, ast.AST]:
    """Return for each definition of a part in a file the right one that takes its place."""
    right = Outline(from_script(solution()))
    owner, method = sections(part)
    own_class = outline.classes.get(owner)
    found: dict[int, ast.AST] = {}
    for member in own_class.body if own_class is not None and method is not None else ():
        if isinstance(member, Function) and part_of(owner, member.name) == part:
            other = right.method(owner, member.name)
            found |= {id(member): _at(member, other)} if other is not None else {}
    own, whole = outline.find(owner), right.find(owner)
    if found or own is None or whole is None:
        return found
    return {id(own): _at(own, whole)}  # a function; or a class that lacks the method, or has it elsewhere


def _at(old: ast.AST, new: ast.AST) -> Any:
    """Return a copy of a node, all of it at the line of another one."""
    return _on_line(copy.deepcopy(new), getattr(old, "lineno", 1))


def _on_line(node: Any, line: int) -> Any:
    """Return a node after all of it was put on one line."""
    for inner in ast.walk(node):
        if "lineno" in inner._attributes:
            inner.lineno = inner.end_lineno = line  # type: ignore[attr-defined]
            inner.col_offset = inner.end_col_offset = 0  # type: ignore[attr-defined]
    return node
