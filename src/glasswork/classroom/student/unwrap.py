"""The statements of a file in the order in which they are executed: what ``main()`` does stands where it is called.

if __name__ == "__main__":          def main(epochs=50):          main()
    ...   → its statements              ...                         → epochs = 50, and the statements of main
"""

import ast
import copy
from collections.abc import Iterator
from dataclasses import replace

from glasswork.classroom.student.outline import Function, loaded_names
from glasswork.classroom.student.source import Document


def unwrapped(document: Document) -> Document:
    """Return a document whose guarded statements, and those of a function that is called for itself, are its own."""
    functions = {s.name: s for s in document.statements if isinstance(s, ast.FunctionDef)}
    return replace(document, statements=list(_flat(document.statements, functions)))


def _flat(statements: list[ast.stmt], functions: dict[str, ast.FunctionDef]) -> Iterator[ast.stmt]:
    for statement in statements:
        if isinstance(statement, ast.If) and "__name__" in loaded_names(statement.test):
            yield from _flat(statement.body, functions)
            continue
        function = functions.get(_called(statement))
        body = _body(function, statement) if function is not None else None
        if function is None or body is None:
            yield statement
            continue
        others = {name: f for name, f in functions.items() if f is not function}
        yield from _flat(body, others | {s.name: s for s in body if isinstance(s, ast.FunctionDef)})


def _called(statement: ast.stmt) -> str:
    """Return the name of a function of which the whole statement is one call, without its result being used."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        return getattr(statement.value.func, "id", "")
    return ""


def _body(function: ast.FunctionDef, statement: ast.stmt) -> list[ast.stmt] | None:
    """Return what a call executes, its arguments bound first; None if it cannot stand for itself."""
    assert isinstance(statement, ast.Expr)
    assert isinstance(statement.value, ast.Call)
    body = [s for s in function.body if not isinstance(s, ast.Global)]
    if body and isinstance(body[-1], ast.Return):
        body.pop()
    call, own = statement.value, function.args
    names = [a.arg for a in own.args]
    bound = dict(zip(reversed(names), reversed(own.defaults), strict=False))
    bound |= dict(zip(names, call.args, strict=False)) | {k.arg: k.value for k in call.keywords if k.arg}
    nested = [n for s in body if not isinstance(s, Function | ast.ClassDef) for n in ast.walk(s)]
    leaves = any(isinstance(n, ast.Return | ast.Yield | ast.YieldFrom | ast.Global | ast.Nonlocal) for n in nested)
    fits = set(names) == set(bound) and len(call.args) <= len(names)
    if leaves or not fits or own.vararg or own.kwarg or own.kwonlyargs or function.decorator_list:
        return None
    made = [ast.Assign([ast.Name(name, ast.Store())], copy.deepcopy(bound[name])) for name in names]
    same = [m for m in made if not (isinstance(m.value, ast.Name) and m.value.id == getattr(m.targets[0], "id", ""))]
    return [*(ast.fix_missing_locations(ast.copy_location(m, statement)) for m in same), *body]
