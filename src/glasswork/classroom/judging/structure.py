"""What the shape of a file shows before anything is tried: what is missing, misspelt, misplaced or unfinished."""

import ast
import difflib
import re
from collections.abc import Iterable

from glasswork.classroom.handout import CLASSES, FUNCTIONS, OPTIONAL, PARTS, part_of, sections
from glasswork.classroom.probes.base import Problem
from glasswork.classroom.student.messages import SectionCrash, SectionFacts
from glasswork.classroom.student.outline import Function, Outline, assigned_names, is_dots, is_stub, loaded_names
from glasswork.classroom.student.source import Document, SyntaxFault

_WORDS = {
    "split": r"train_test_split|[Xy]_(train|valid|test|temp)",
    "data": r"fetch_openml|\.values|astype\(int",
    "normalize": r"255",
    "settings": r"in_features\s*=|hidden_size\s*=|out_features\s*=|learning_rate|num_epochs|batch_size"
    r"|loss_fn\s*=|optimizer\s*=|model\s*=",
    "test": r"test_acc|test_loader",
}


def syntax_problems(document: Document) -> dict[str, Problem]:
    """Return for each part the piece of it that Python cannot read."""
    found: dict[str, Problem] = {}
    for fault in document.faults:
        says = f"Python stops reading at this line: {fault.reason}" + ("" if fault.reason[-1] in ".?" else ".")
        mistake = "foreign-character" if "invalid character" in fault.reason else "syntax-error"
        part = _part_of_fault(fault)
        if part:  # what is in no part is told of the whole file
            found.setdefault(part, Problem("syntax", "error", says, fault.line, mistake))
    return found


def _part_of_fault(fault: SyntaxFault) -> str:
    if fault.owner in (*CLASSES, *FUNCTIONS):
        part = part_of(
            fault.owner, fault.method or ("__init__" if "__init__" in CLASSES.get(fault.owner, ()) else "forward")
        )
        if part:
            return part
    if not fault.text:
        return ""
    for part, pattern in _WORDS.items():
        if re.search(pattern, fault.text):
            return part
    for name in (*CLASSES, *FUNCTIONS):
        if re.search(rf"\b{name}\b", fault.text):
            return part_of(name, "forward" if name in CLASSES else None) or "settings"
    return ""


def missing_numpy(document: Document) -> Problem | None:
    """Return the problem of a file that uses ``np`` and never imports it."""
    nodes = [node for statement in document.statements for node in ast.walk(statement)]
    imported = {
        alias.asname or alias.name for n in nodes if isinstance(n, ast.Import | ast.ImportFrom) for alias in n.names
    }
    names = [node for node in nodes if isinstance(node, ast.Name) and node.id == "np"]
    bound = any(isinstance(node.ctx, ast.Store) for node in names) or "np" in imported
    if not names or bound or any("numpy" in fault.text for fault in document.faults):
        return None
    line = min(node.lineno for node in names)
    return Problem("name", "name", "the name np is used, and no line imports it.", line, "numpy-missing")


def aliases(outline: Outline) -> dict[str, tuple[str, Problem | None]]:
    """Return for each class or function that is missing the one that is there in its place under another name.

    It is a problem only where the file itself asks for the handout's name.
    """
    found: dict[str, tuple[str, Problem | None]] = {}
    there = {**outline.classes, **outline.functions}
    asked = (
        set().union(*(loaded_names(s) for s in outline.document.statements)) if outline.document.statements else set()
    )
    for name in (*CLASSES, *FUNCTIONS):
        if name in there:
            continue
        pool = outline.classes if name in CLASSES else outline.functions
        taken = {alias for alias, _ in found.values()}
        others = [n for n in pool if n not in CLASSES and n not in FUNCTIONS and n not in taken]
        near = [n for n in others if n.lower().replace("_", "") == name.lower().replace("_", "")]
        near = near or difflib.get_close_matches(name, others, 1, 0.8) or _in_its_place(outline, name, others)
        if not near:
            continue
        problem = None
        if name in asked:
            says = f"it is called {near[0]} here, and {name} where it is used."
            problem = Problem("name", "name", says, there[near[0]].lineno, "name-misspelt")
        found[name] = (near[0], problem)
    return found


def _in_its_place(outline: Outline, name: str, others: list[str]) -> list[str]:
    """Return the one class that has all methods of a missing one, and a name that is often given in its place."""
    if name not in CLASSES:
        return []
    methods = {n: {m.name for m in outline.classes[n].body if isinstance(m, Function)} for n in others}
    needed = {*CLASSES[name]} - {"__call__"}
    found = [n for n, own in methods.items() if needed <= own and re.search(_SYNONYMS.get(name, "$^"), n, re.I)]
    return found if len(found) == 1 else []


def first_part(owner: str) -> str:
    """Return the first part of a class."""
    return next(part for part in PARTS if sections(part)[0] == owner)


def other_name(aliases: dict[str, tuple[str, Problem | None]], part: str) -> str:
    """Return the remark on a class that has another name than the handout's, at its first part."""
    owner, _ = sections(part)
    if owner not in aliases or part != first_part(owner) or part in OPTIONAL:
        return ""
    return f"right; the handout calls it {owner}, and this file {aliases[owner][0]}."


def method_problem(outline: Outline, part: str) -> Problem | None:
    """Return why a part's method is not where it belongs, if it is not."""
    owner, method = sections(part)
    if owner not in outline.classes:
        return None
    for name in (method,) if method else CLASSES[owner]:
        if name is None or outline.method(owner, name) is not None:
            continue
        if name == "__call__" or (name == "__init__" and owner not in ("Linear", "MLP", "SGD")):
            continue
        if outline.classes[owner].decorator_list:  # such as @dataclass, which makes methods
            continue
        return _missing(outline, owner, name)
    if method in ("forward", "backward"):
        for other in CLASSES[owner]:
            if (
                part_of(owner, other) == part
                and other != method
                and outline.method(owner, other) is None
                and other != "__call__"
            ):
                return _missing(outline, owner, other)
        if outline.method(owner, "__call__") is None and method == "forward":
            return _missing(outline, owner, "__call__", only_misspelt=True)
    return None


#: Words that a class or function often has in its name in place of the handout's.
_SYNONYMS = {
    "Linear": r"linear|dense|fully|fc|affine|layer",
    "Sigmoid": r"sig|logist|activ",
    "MSELoss": r"mse|squared|loss|cost",
    "SGD": r"sgd|optim|descent|gd",
    "MLP": r"mlp|net|nn|percep|model",
    "minibatch_generator": r"batch|loader",
    "train": r"train|fit|learn",
    "valid": r"valid|eval",
    "int_to_onehot": r"one_?hot|encod",
    "test": r"test|eval|accuracy",
}


def not_found(outline: Outline, name: str) -> str:
    """Return the sentence on a class or function that is missing, with one that may be meant."""
    pool = outline.classes if name in CLASSES else outline.functions
    others = [n for n in pool if n not in CLASSES and n not in (*FUNCTIONS, "main")]
    like = [n for n in others if re.search(_SYNONYMS.get(name, "$^"), n, re.I)]
    near = [n for n in like if name.lower() in n.lower()] or difflib.get_close_matches(name, others, 1, 0.6) or like
    return f"There is no {name} in this file." + (f" Is {near[0]} yours? Call it {name}." if near else "")


def never_called(outline: Outline) -> str:
    """Return a sentence on a function of the student's own that nothing calls, if there is one: often ``main``."""
    if outline.document.faults:  # the call may stand where Python cannot read
        return ""
    used = {name for statement in outline.document.statements for name in loaded_names(statement)}
    for name, function in outline.functions.items():
        if name not in (*FUNCTIONS, *used):
            _, line, _ = outline.document.place(function.lineno)
            return f" {name}(), of line {line}, is defined and never called."
    return ""


def are_from_elsewhere(data: SectionFacts) -> bool:
    """Return whether the data come from a place that is not here."""
    absent = {"FileNotFoundError", "ModuleNotFoundError", "PermissionError", "URLError", "ImportError"}
    return not (data.fetched or data.steps) and any(one.crash.kind in absent for one in data.crashes)


def defined_twice(outline: Outline) -> dict[str, str]:
    """Return for each part that has more than one definition, of its class or of its method, which one counts."""
    found: dict[str, str] = {}
    for name, others in outline.others.items():
        counting = outline.classes.get(name) or outline.functions.get(name)
        part = part_of(name)
        if part and counting and any(ast.dump(other) != ast.dump(counting) for other in others):
            found[part] = _twice(outline, name, [counting, *others], counting)
    for owner, node in outline.classes.items():
        for method in {m.name: m for m in node.body if isinstance(m, Function)}.values():
            same = [m for m in node.body if isinstance(m, Function) and m.name == method.name]
            part = part_of(owner, method.name)
            if part and any(ast.dump(m) != ast.dump(method) for m in same) and not method.decorator_list:
                found[part] = _twice(outline, f"{owner}.{method.name}", list(same), method)
    return found


def _twice(outline: Outline, name: str, all_: list[ast.ClassDef | Function], counting: ast.AST) -> str:
    def place(node: ast.AST) -> str:
        return _line(outline, getattr(node, "lineno", 0))

    lines = " and ".join(map(place, sorted(all_, key=lambda d: d.lineno)))
    return f"{name} is defined more than once: {lines}. The one of {place(counting)} is in force where it is used."


def _missing(outline: Outline, owner: str, name: str, *, only_misspelt: bool = False) -> Problem | None:
    nested = outline.nested(owner, name)
    if nested is not None:
        says = f"def {name} is indented into another method, so the class {owner} has no {name}."
        return Problem("name", "name", says, nested.lineno, "method-indented-into-another")
    outside = outline.functions.get(name)
    if outside is not None and outside.args.args and outside.args.args[0].arg == "self":
        says = f"def {name} stands outside the class {owner}."
        return Problem("name", "name", says, outside.lineno, "method-outside-class")
    own = [m.name for m in outline.classes[owner].body if isinstance(m, Function) and m.name not in CLASSES[owner]]
    near = difflib.get_close_matches(name.strip("_"), [n.strip("_") for n in own], 1, 0.6)
    if near:
        wrong = next(n for n in own if n.strip("_") == near[0])
        method = outline.method(owner, wrong)
        assert method is not None
        says = f"the method is called {wrong}; expected {name}."
        return Problem("name", "name", says, method.lineno, "method-misspelt")
    if only_misspelt or outline.classes[owner].bases:
        return None
    return Problem(
        "name", "name", f"the class {owner} has no method {name}.", outline.classes[owner].lineno, "method-missing"
    )


def is_unfinished(outline: Outline, part: str) -> bool:
    """Return whether a part is still to be written: nothing is there, or a `...` of the exercise is left in it."""
    owner, method = sections(part)
    found = [outline.find(owner, method)] if method else _members(outline, owner)
    functions: list[ast.AST] = [f for f in found if f is not None]
    stubs = [f for f in functions if is_stub(f)]
    if stubs and (len(stubs) == len(functions) or any(getattr(f, "name", "") == "step" for f in stubs)):
        return True
    return any(_left(f) for f in functions)


def why_open(outline: Outline, part: str) -> str:
    """Return the sentence on a part that is still to be written."""
    owner, method = sections(part)
    found = [outline.find(owner, method)] if method else _members(outline, owner)
    left = sorted({n.lineno for f in found if f is not None for n in _left(f)})
    if not left:
        return "still to be written: its body is empty."
    lines = [str(outline.document.place(line)[1]) for line in left]
    cell, _, _ = outline.document.place(left[0])
    where = f"cell {cell}, " if cell is not None else ""
    return f"still to be written: `...` stands in {where}line{'s' * (len(lines) > 1)} {', '.join(lines)}."


def empty_function(outline: Outline, crashes: Iterable[SectionCrash]) -> str:
    """Return the sentence on a function that is still to be written, if a statement of the split calls it."""
    lines = {one.line for one in crashes if one.part == "split"}
    called = {name for s in outline.document.statements if s.lineno in lines for name in loaded_names(s)}
    empty = (f.lineno for name, f in outline.functions.items() if name in called and is_stub(f))
    return next((f"still to be written: the function of {_line(outline, line)} is empty." for line in empty), "")


def _line(outline: Outline, line: int) -> str:
    cell, number, _ = outline.document.place(line)
    return f"line {number}" if cell is None else f"cell {cell}, line {number}"


def open_scaling(document: Document) -> str:
    """Return the sentence on an ``X = ...`` that is still to be written; nothing if there is none."""
    for statement in document.statements:
        if is_dots(statement) and "X" in assigned_names(statement):
            return f"still to be written: `...` stands in line {document.place(statement.lineno)[1]}."
    return ""


def _members(outline: Outline, owner: str) -> list[Function | ast.ClassDef | None]:
    if owner in outline.classes:
        return [m for m in outline.classes[owner].body if isinstance(m, Function) and m.name != "__call__"]
    return [outline.find(owner)]


def _left(function: ast.AST) -> list[ast.stmt]:
    """Return the statements whose value is `...`."""
    return [n for n in ast.walk(function) if isinstance(n, ast.Assign | ast.Return | ast.AnnAssign) and is_dots(n)]


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
