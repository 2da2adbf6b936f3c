"""The outline of a student's file: which class, method and function stands where, and which names a statement uses."""

import ast
import builtins
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from glasswork.classroom.student.source import Document

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Outline:
    """Where things are defined in a document: of two definitions of one name, the one that is in force when it is used.

    Attributes
    ----------
    classes, functions : dict
        The definitions that count, by name.
    others : dict
        For a name that is defined more than once, its other definitions.
    """

    document: Document
    classes: dict[str, ast.ClassDef] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    others: dict[str, list[ast.ClassDef | Function]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        found: dict[str, list[tuple[int, ast.ClassDef | Function]]] = {}
        for place, statement in enumerate(self.document.statements):
            if isinstance(statement, ast.ClassDef | Function):
                found.setdefault(statement.name, []).append((place, statement))
        for name, definitions in found.items():
            counting = definitions[-1][1]
            if len(definitions) > 1:
                use = self._last_use(name, {n: d[-1][1] for n, d in found.items()})
                counting = next((d for place, d in reversed(definitions) if place < use), counting)
                self.others[name] = [d for _, d in definitions if d is not counting]
            if isinstance(counting, ast.ClassDef):
                self.classes[name] = counting
            else:
                self.functions[name] = counting

    def _last_use(self, name: str, definitions: dict[str, ast.ClassDef | Function]) -> int:
        """Return the place of the last statement, but for definitions, that uses a name, by way of others too."""
        using = {name}
        while more := {n for n, d in definitions.items() if n not in using and loaded_names(d) & using}:
            using |= more
        places = [
            place
            for place, statement in enumerate(self.document.statements)
            if not isinstance(statement, ast.ClassDef | Function) and loaded_names(statement) & using
        ]
        return places[-1] if places else len(self.document.statements)

    def is_dead(self, statement: ast.stmt) -> bool:
        """Return whether a statement is a definition that comes after the last use of its name."""
        name = getattr(statement, "name", "")
        counting = self.classes.get(name) or self.functions.get(name)
        return counting is not None and statement in self.others.get(name, ()) and statement.lineno > counting.lineno

    def method(self, owner: str, name: str) -> Function | None:
        """Return the definition of a class's method, or of a base class's in the same file."""
        seen: set[str] = set()
        while owner in self.classes and owner not in seen:
            seen.add(owner)
            found = [m for m in self.classes[owner].body if isinstance(m, Function) and m.name == name]
            if found:
                return found[-1]
            owner = next((base.id for base in self.classes[owner].bases if isinstance(base, ast.Name)), "")
        return None

    def find(self, owner: str, method: str | None = None) -> Function | ast.ClassDef | None:
        """Return the definition of a method, a class or a function."""
        if method is not None:
            return self.method(owner, method)
        return self.functions.get(owner) or self.classes.get(owner)

    def nested(self, owner: str, name: str) -> Function | None:
        """Return a method that stands inside another method of the class, if there is one."""
        for member in self.classes[owner].body if owner in self.classes else []:
            if isinstance(member, Function):
                for inner in ast.walk(member):
                    if inner is not member and isinstance(inner, Function) and inner.name == name:
                        return inner
        return None


def assigned_names(node: ast.AST) -> set[str]:
    """Return the names that a statement binds, the locals of functions in it left out."""
    names: set[str] = set()
    for inner in _own_nodes(node):
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
            names.add(inner.id)
        elif isinstance(inner, Function | ast.ClassDef):
            names.add(inner.name)
        elif isinstance(inner, ast.alias):
            names.add((inner.asname or inner.name).split(".")[0])
    return names


@functools.lru_cache(maxsize=1000)  # each statement is asked about many times
def loaded_names(node: ast.AST) -> frozenset[str]:
    """Return the names that a statement reads, the bodies of functions in it included."""
    return frozenset(n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load))


def unknown_names(document: Document) -> Iterator[ast.Name]:
    """Yield every name that is read and that nothing defines, neither the file nor Python nor a notebook."""
    if any(re.match(r"\s*%(run|pylab|load|store)", line) for line in document.lines):
        return  # they define names
    known = {*dir(builtins), "__file__", "__annotations__", "In", "Out", "_", "display", "get_ipython", "__class__"}
    read = []
    annotated = "annotations" in {a.name for s in document.statements if isinstance(s, ast.ImportFrom) for a in s.names}
    for node in (n for statement in document.statements for n in ast.walk(statement)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            read.append(node)
        elif isinstance(node, ast.alias):
            known.add((node.asname or node.name).split(".")[0])
        elif isinstance(node, ast.Global | ast.Nonlocal):
            known |= {*node.names}
        else:
            known |= {str(getattr(node, field, "")) for field in ("id", "arg", "name", "rest")}
    if "*" not in known and not annotated and not {"exec", "globals", "vars"} & {node.id for node in read}:
        yield from (node for node in read if node.id not in known)


def _own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    if isinstance(node, Function | ast.ClassDef | ast.Lambda):
        return
    for child in ast.iter_child_nodes(node):
        yield from _own_nodes(child)


def assignments(node: ast.AST, target: str) -> list[ast.stmt]:
    """Return the statements below a node that bind ``name`` or ``self.name``, in order."""
    found: list[ast.stmt] = []
    for inner in ast.walk(node):
        if isinstance(inner, ast.Assign):
            targets: list[ast.expr] = inner.targets
        elif isinstance(inner, ast.AugAssign | ast.AnnAssign):
            targets = [inner.target]
        else:
            continue
        if any(target in _bound(t) for t in targets):
            found.append(inner)
    return sorted(found, key=lambda s: s.lineno)


def _bound(target: ast.expr) -> set[str]:
    names: set[str] = set()
    for inner in ast.walk(target):
        if isinstance(inner, ast.Name):
            names.add(inner.id)
        elif isinstance(inner, ast.Attribute):
            names.add(inner.attr)
    return names


def result_line(function: ast.AST) -> int:
    """Return the line that computes what a function returns: its last return, or where the returned name is bound."""
    returns = [n for n in ast.walk(function) if isinstance(n, ast.Return)]
    if not returns:
        body = [s for s in getattr(function, "body", []) if not isinstance(s, ast.Pass)]
        return body[-1].lineno if body else getattr(function, "lineno", 1)
    last = max(returns, key=lambda r: r.lineno)
    name = None
    if isinstance(last.value, ast.Name):
        name = last.value.id
    elif isinstance(last.value, ast.Attribute):
        name = last.value.attr
    if name:
        bound = [s for s in assignments(function, name) if s.lineno <= last.lineno]
        if bound:
            return bound[-1].lineno
    return last.lineno


def is_dots(statement: ast.AST) -> bool:
    """Return whether the value of a statement is ``...``."""
    value = getattr(statement, "value", None)
    return isinstance(value, ast.Constant) and value.value is Ellipsis


def is_stub(function: ast.AST) -> bool:
    """Return whether a function's body is still to be written: nothing, ``pass``, ``...`` or NotImplementedError."""
    for statement in getattr(function, "body", []):
        if isinstance(statement, ast.Pass):
            continue
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue
        if isinstance(statement, ast.Raise) and "NotImplementedError" in ast.dump(statement):
            continue
        return False
    return True


def line_that_holds(loop: ast.AST) -> int | None:
    """Return the line of a ``while`` loop that gives a variable of its condition the same value in each round."""
    if not isinstance(loop, ast.While):
        return None
    within = [s for s in ast.walk(loop) if isinstance(s, ast.Assign | ast.AugAssign | ast.For)]
    changed = {name for s in within for name in assigned_names(s)}
    for statement in within:
        is_of_test = isinstance(statement, ast.Assign) and assigned_names(statement) & loaded_names(loop.test)
        if is_of_test and not loaded_names(statement) & changed:
            return statement.lineno
    return None


def only_line_with(statements: list[ast.stmt], number: float | None) -> int | None:
    """Return the line that holds a number, if there is just one."""
    constants = (n for s in statements for n in ast.walk(s) if isinstance(n, ast.Constant))
    lines = {n.lineno for n in constants if type(n.value) in (int, float) and n.value == abs(number or 0)}
    return lines.pop() if len(lines) == 1 else None
