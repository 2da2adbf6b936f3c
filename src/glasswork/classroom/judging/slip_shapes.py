"""What slips with NumPy and Python look like in code: each function says whether a node is one, or mends it.

x.flatten()  in a line of its own ──loses_row──► True ──keep_row──► x = x.flatten()
"""

import ast
import copy
import difflib
import re
from typing import Any

import numpy as np

from glasswork.classroom.handout import CLASSES
from glasswork.classroom.judging.ending import part_at
from glasswork.classroom.probes.traced import ATTRIBUTES
from glasswork.classroom.student.outline import Outline, assigned_names, is_stub, loaded_names
from glasswork.classroom.student.source import Document

_IN_PLACE = ("shuffle", "sort", "reverse", "append", "extend", "fill", "update")
#: Methods of a DataFrame or a Series that arrays do not have.
_TABLE = ("to_numpy", "head", "unique", "sample", "to_list")


def _call(node: ast.AST) -> str:
    """Return the name of what a node calls: the last one of ``np.random.shuffle``."""
    if not isinstance(node, ast.Call):
        return ""
    return str(getattr(node.func, "attr", getattr(node.func, "id", "")))


def assigns_in_place(node: ast.AST, *_: Any) -> bool:
    """Return whether a statement keeps what a function that works in place returns."""
    return isinstance(node, ast.Assign | ast.Return) and _call(node.value) in _IN_PLACE  # type: ignore[arg-type]


def is_xor(node: ast.AST, *_: Any) -> bool:
    """Return whether a node is ``a ^ b``."""
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitXor)


def has_third_argument(node: ast.AST, *_: Any) -> bool:
    """Return whether a node calls dot or matmul with more than two arguments."""
    return _call(node) in ("dot", "matmul") and isinstance(node, ast.Call) and len(node.args) > 2


def compares(node: ast.AST, *_: Any) -> bool:
    """Return whether a statement is nothing but ``a == b``."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Compare) and isinstance(node.value.ops[0], ast.Eq)


def assigns_plus(node: ast.AST, *_: Any) -> bool:
    """Return whether a statement is ``a =+ b``."""
    return isinstance(node, ast.Assign) and isinstance(node.value, ast.UnaryOp) and isinstance(node.value.op, ast.UAdd)


def computes_for_nothing(node: ast.AST, *_: Any) -> bool:
    """Return whether a statement computes with operators, and leaves the result."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.BinOp)


def keep_on_the_left(node: Any) -> ast.AST:
    """Assign what a statement computes to the variable on its left."""
    left = node.value.left
    if not isinstance(left, ast.Name | ast.Attribute):
        return ast.Pass()
    target = copy.copy(left)
    target.ctx = ast.Store()
    return ast.Assign([target], node.value.right)


def sums_one_side(node: ast.AST, *_: Any) -> bool:
    """Return whether a comparison has the sum or the mean of a variable on its right."""
    right = node.comparators[0] if isinstance(node, ast.Compare) else None
    of_name = isinstance(right, ast.Call) and isinstance(getattr(right.func, "value", None), ast.Name)
    return of_name and _call(right) in ("sum", "mean")  # type: ignore[arg-type]


def sum_the_comparison(node: Any) -> ast.AST:
    """Return ``(a == b).sum()`` for ``a == b.sum()``."""
    right = node.comparators[0]
    compared = ast.Compare(node.left, node.ops, [right.func.value])
    return ast.Call(ast.Attribute(compared, right.func.attr, ast.Load()), right.args, right.keywords)


def chooses_between_equals(node: ast.AST, *_: Any) -> bool:
    """Return whether both branches of a choice are the same."""
    match node:
        case ast.Call(args=[_, one, other]) if _call(node) == "where":
            return ast.dump(one) == ast.dump(other)
        case ast.IfExp(body=one, orelse=other):
            return ast.dump(one) == ast.dump(other)
        case ast.If(body=ones, orelse=others) if others:
            return list(map(ast.dump, ones)) == list(map(ast.dump, others))
    return False


def counts_batches(node: ast.AST, document: Document, *_: Any) -> bool:
    """Return whether a statement adds 1 in each round of a loop over a variable."""
    if not (isinstance(node, ast.AugAssign) and getattr(node.value, "value", None) == 1):
        return False
    loops = (n for s in document.statements for n in ast.walk(s) if isinstance(n, ast.For))
    return any(node in loop.body and isinstance(loop.iter, ast.Name) for loop in loops)


def throws_away(node: ast.AST, document: Document, *_: Any) -> bool:
    """Return whether a statement calls a function of the file that divides and returns a value, and leaves it."""
    called = _call(node.value) if isinstance(node, ast.Expr) else ""
    function = Outline(document).functions.get(called)
    if function is None or is_stub(function):
        return False
    nodes = list(ast.walk(function))
    scales = any(isinstance(n, ast.Div) for n in nodes)
    return scales and any(isinstance(n, ast.Return) and n.value is not None for n in nodes)


def unpacks_bunch(node: ast.AST, *_: Any) -> bool:
    """Return whether a statement unpacks what fetch_openml gives without ``return_X_y``."""
    call = node.value if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple) else None
    return isinstance(call, ast.Call) and _call(call) == "fetch_openml" and "return_X_y" not in ast.unparse(call)


def loses_row(node: ast.AST, *_: Any) -> bool:
    """Return whether a statement has a name made flat, and leaves the result."""
    call: Any = node.value if isinstance(node, ast.Expr) else None
    return _call(call) in ("flatten", "ravel") and isinstance(getattr(call.func, "value", 0), ast.Name)


def keep_row(node: Any) -> ast.AST:
    """Assign the flat array to the name that it is made of."""
    return ast.Assign([ast.Name(node.value.func.value.id, ast.Store())], node.value)


def returns_in_other_order(node: ast.AST, document: Document, *_: Any) -> bool:
    """Return whether a function returns variables that a call of it binds to the same names in another order."""
    if not (isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple)):
        return False
    given = [getattr(value, "id", "") for value in node.value.elts]
    name = next((n for n, f in Outline(document).functions.items() if node in ast.walk(f)), "")
    nodes = (n for s in document.statements for n in ast.walk(s))
    calls = [n for n in nodes if isinstance(n, ast.Assign) and _call(n.value) == name]
    bound = [[getattr(target, "id", "") for target in getattr(n.targets[0], "elts", ())] for n in calls]
    return any(names != given and sorted(names) == sorted(given) for names in bound)


def binds_local(node: ast.AST, document: Document, match: re.Match[str]) -> bool:
    """Return whether a statement of a class binds a local variable of the name that an object lacks."""
    if not (isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == match[1]):
        return False
    return (part_at(node.lineno, document) or "").partition(".")[0] in CLASSES


def binds_similar(node: ast.AST, _: Document, match: re.Match[str]) -> bool:
    """Return whether a statement binds an attribute whose name is almost that of the one that is missing."""
    target = node.targets[0] if isinstance(node, ast.Assign) else None
    name = target.attr if isinstance(target, ast.Attribute) else ""
    is_another = any(word in name.split("_") for word in {"weight", "bias", "grad"} - {*match[1].split("_")})
    is_another |= name.rstrip("0123456789") == match[1].rstrip("0123456789")  # linear2 is no misspelt linear1
    return name != match[1] and not is_another and bool(difflib.get_close_matches(name, [match[1]], cutoff=0.8))


def bind_attribute(node: Any) -> ast.AST:
    """Assign to ``self.name`` in place of ``name``."""
    name = ast.Attribute(ast.Name("self", ast.Load()), node.targets[0].id, ast.Store())
    return ast.Assign([name], node.value)


def changes_in_place(node: ast.AST, _: Document, match: re.Match[str]) -> bool:
    """Return whether a statement is ``name += ...``, where the name is the one of the report."""
    return isinstance(node, ast.AugAssign) and getattr(node.target, "id", "") == match[1]


def ends_with_comma(node: ast.AST, *_: Any) -> bool:
    """Return whether a statement binds a tuple that is made by nothing but a comma at its end."""
    value = node.value if isinstance(node, ast.Assign) else None
    is_one = isinstance(value, ast.Tuple) and len(value.elts) == 1
    return is_one and value.elts[0].col_offset == value.col_offset  # type: ignore[union-attr]


def hands_on_layer(node: ast.AST, document: Document, *_: Any) -> bool:
    """Return whether a node is a layer in MLP.forward that is neither called nor asked for anything."""
    is_layer = isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and node.attr in ATTRIBUTES
    if not is_layer or part_at(node.lineno, document) != "MLP.forward":  # type: ignore[attr-defined]
        return False
    nodes = [n for s in document.statements for n in ast.walk(s)]
    used = [n.func if isinstance(n, ast.Call) else n.value for n in nodes if isinstance(n, ast.Call | ast.Attribute)]
    return not any(node is one for one in used)


def reads_without_self(node: ast.AST, document: Document, match: re.Match[str]) -> bool:
    """Return whether a node reads, by its bare name, what a method of its class binds to self."""
    if not (isinstance(node, ast.Name) and node.id == match[1] and isinstance(node.ctx, ast.Load)):
        return False
    own = [
        c for c in document.statements if isinstance(c, ast.ClassDef) and c.lineno < node.lineno <= (c.end_lineno or 0)
    ]
    stored = (n for c in own for n in ast.walk(c) if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store))
    return any(n.attr == match[1] and getattr(n.value, "id", "") == "self" for n in stored)


def calls_layer_in_backward(node: ast.AST, document: Document, *_: Any) -> bool:
    """Return whether MLP.backward calls a layer itself, not its backward."""
    called = node.func if isinstance(node, ast.Call) else None
    is_layer = isinstance(called, ast.Attribute) and called.attr in ATTRIBUTES
    return is_layer and part_at(node.lineno, document) == "MLP.backward"  # type: ignore[attr-defined]


def calls_of_numpy(node: ast.AST, _: Document, match: re.Match[str]) -> bool:
    """Return whether a node calls, by its bare name, the NumPy function that Python does not find."""
    name = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
    return name == match[1] and callable(getattr(np, name, None))


def splits_number(node: ast.AST, *_: Any) -> bool:
    """Return whether train_test_split is handed a number without a name."""
    given = node.args if isinstance(node, ast.Call) and _call(node) == "train_test_split" else []
    return any(isinstance(getattr(n, "value", None), int | float) for n in given)


def overwrites_function(node: ast.AST, document: Document, *_: Any) -> bool:
    """Return whether a statement binds the name of one of the file's functions."""
    return isinstance(node, ast.Assign) and bool(assigned_names(node) & Outline(document).functions.keys())


def overwrites_in_loop(node: ast.AST, document: Document, *_: Any) -> bool:
    """Return whether a statement in a loop gives a name that it reads another value, by taking a piece of it."""
    if not (isinstance(node, ast.Assign) and any(isinstance(n, ast.Subscript) for n in ast.walk(node.value))):
        return False
    loops = (n for s in document.statements for n in ast.walk(s) if isinstance(n, ast.For))
    inner = next((loop for loop in loops if node in loop.body), None)
    return inner is not None and bool(assigned_names(node) & loaded_names(node.value) - assigned_names(inner.target))


def def_without_self(node: ast.AST, document: Document, match: re.Match[str]) -> ast.AST:
    """Return the def line of the method that was called, if it lacks self, or else the statement itself."""
    method = Outline(document).method(match[1] or "", match[2])
    if method is None or (method.args.args and method.args.args[0].arg == "self"):
        return node
    return ast.copy_location(ast.Pass(), method)


def bind_elsewhere(node: Any) -> ast.AST:
    """Assign to another name."""
    return ast.Assign([ast.Name("_", ast.Store())], node.value)


def is_uncalled(node: ast.AST, document: Document, *_: Any) -> bool:
    """Return whether a node is a function of the file, or a method of it or of an array, and no call of it."""
    if not (isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Load)):
        return False
    outline = Outline(document)
    if isinstance(node, ast.Name):
        is_function = node.id in outline.functions
    else:
        own = {getattr(member, "name", "") for c in outline.classes.values() for member in c.body}
        is_library = getattr(node.value, "id", "") in ("np", "numpy")
        is_function = not is_library and (
            node.attr in {*own, *_TABLE} or callable(getattr(np.ndarray, node.attr, None))
        )
    nodes = (n for s in document.statements for n in ast.walk(s))
    return is_function and not any(isinstance(n, ast.Call) and n.func is node for n in nodes)


def without_return(node: ast.AST, document: Document, *_: Any) -> ast.AST | None:
    """Return the function of the file whose result a statement takes, if it returns none."""
    if not isinstance(node, ast.Assign | ast.AugAssign | ast.Return):
        return None
    functions = Outline(document).functions
    called = (functions.get(_call(n)) for n in ast.walk(node) if isinstance(getattr(n, "func", None), ast.Name))
    for function in (f for f in called if f is not None and not is_stub(f)):
        gives = [n for n in ast.walk(function) if isinstance(n, ast.Return | ast.Yield | ast.YieldFrom)]
        if not any(n.value is not None for n in gives):
            return function
    return None


def has_no_size(node: ast.AST, *_: Any) -> bool:
    """Return whether a node calls normal or uniform with two names and no size."""
    return (
        isinstance(node, ast.Call)
        and _call(node) in ("normal", "uniform")
        and len(node.args) == 2
        and not node.keywords
        and all(isinstance(argument, ast.Name) for argument in node.args)
    )


def divides_by_shape(node: ast.AST, document: Document, *_: Any) -> bool:
    """Return whether a node takes a shape by which something is divided."""
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Div) and getattr(node.right, "attr", "") == "shape"
    if not (isinstance(node, ast.Assign) and getattr(node.value, "attr", "") == "shape"):
        return False
    name = getattr(node.targets[0], "id", "")
    divisions = (n for s in document.statements for n in ast.walk(s) if isinstance(n, ast.BinOp))
    return any(isinstance(n.op, ast.Div) and getattr(n.right, "id", None) == name for n in divisions)
