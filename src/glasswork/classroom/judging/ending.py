"""What the run of the whole file says: the entry ``whole file`` of a report, there only if something is to be said."""

import ast
import operator
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from glasswork.classroom.catalogue import mistakes
from glasswork.classroom.handout import CLASSES, OPTIONAL, WHOLE_FILE, part_of
from glasswork.classroom.judging.missing_name import defined_below, is_independent, local_of
from glasswork.classroom.judging.structure import defined_twice
from glasswork.classroom.probes.base import Problem
from glasswork.classroom.probes.sections import statement_part
from glasswork.classroom.report import PartReport, Status
from glasswork.classroom.student.observe import RETOLD, Crash, attempt
from glasswork.classroom.student.outline import Function, Outline, assigned_names, loaded_names, unknown_names
from glasswork.classroom.student.source import Document
from glasswork.classroom.student.unwrap import unwrapped
from glasswork.classroom.student.whole_file import RUN_LIMIT, Ending

#: The remark on a file that was still running at its time limit.
STILL_RUNNING = (
    f"After {RUN_LIMIT:g} seconds of computing the file was still running, so its last lines were not tried."
)

_ENDS_ITSELF = "The program ends itself here"
_GOES_ON = "The file does not come to its end, because"

#: How the messages begin on a file whose last lines were not seen to run, although no error stopped it.
NOT_TO_ITS_END = (STILL_RUNNING, _ENDS_ITSELF, _GOES_ON)

_OF_OBJECTS = {method for methods in CLASSES.values() for method in methods}

#: Mistakes that leave a loop without a batch, so that its sums are divided by 0.
_WITHOUT_BATCH = ("loader-used-up", "batch-larger-than-set")

_HINTS = {
    "NameError": mistakes()["undefined-name"].hints,
    "UnboundLocalError": mistakes()["used-before-assigned"].hints,
    "AttributeError": mistakes()["unknown-attribute"].hints,
    "RecursionError": mistakes()["endless-recursion"].hints,
    "SyntaxError": mistakes()["syntax-error"].hints,
    "IndentationError": mistakes()["syntax-error"].hints,
    "stuck": mistakes()["endless-loop"].hints,
    "left": (
        "Look at what stands in this loop and ends it.",
        "A loop that is left in its first round uses one batch, or one epoch, and no more.",
        "Take break or return out of the loop, or let it depend on a condition that is not true at once.",
    ),
    "overwritten": (
        "Look at what stands on the left of the equals sign.",
        "A function is called with brackets behind its name; an assignment puts something else in its place.",
        "Write the value into brackets behind the name, without the equals sign.",
    ),
    "local": (
        "Look at which function gives this name its value.",
        "A name that is bound in a function exists there alone; other functions get the value as an argument.",
        "Use the argument that holds it here.",
    ),
    "below": (
        "Look at where the name of this line is defined.",
        "Python runs a file from top to bottom: a name exists once the line that defines it has run.",
        "Move the definition, or its cell, above the first line that uses the name.",
    ),
    "": (
        "Look at the line that is named, and read the error from its end.",
        "The file has to run from its first line to its last without an error.",
        "Print the type and the shape of everything on that line, just before it.",
    ),
}


def is_refuted(ending: Ending | None, part: str, problem: Problem) -> bool:
    """Return whether the run of the whole file shows that no statement stops as it did when a part was tried."""
    if (
        ending is None
        or problem.facet not in ("error", "stop")
        or part not in ("data", "normalize", "split", "settings")
    ):
        return False
    if problem.facet == "stop" and ending.how == "error":  # the entry of the whole file tells it
        return True
    elsewhere = problem.line not in [line for _, line in ending.frames]
    return ending.how in ("end", "exit") or (part == "settings" and ending.how == "error" and elsewhere)


def after_import(ending: Ending, parts: Iterable[PartReport], document: Document) -> Iterator[PartReport]:
    """Yield the reports; a part that only lacks a name whose import failed is blocked by it."""
    failed = ending.kind in ("ModuleNotFoundError", "ImportError")
    names = {ending.meant, ending.name} if failed else set()
    for statement in document.statements if failed else ():
        names |= assigned_names(statement) if statement.lineno == ending.line else set()
    for part in parts:
        missing = re.search(r"NameError: name '(\w+)' is not defined", part.message)
        if part.status == "wrong" and missing is not None and missing[1] in names:
            says = f"cannot be judged until the import of line {document.place(ending.line or 0)[1]} works."
            yield PartReport(part.name, "blocked", message=says)
        else:
            yield part


def with_definitions(parts: Iterable[PartReport], document: Document) -> Iterator[PartReport]:
    """Yield the reports; one on a class or method that is defined twice says which definition counts."""
    twice = defined_twice(Outline(unwrapped(document)))
    for part in parts:
        if part.name not in twice:
            yield part
            continue
        status = "remark" if part.status == "done" else part.status
        yield replace(part, status=status, message=f"{part.message} {twice[part.name]}".strip())


def with_meant(parts: Iterable[PartReport], ending: Ending, document: Document) -> Iterator[PartReport]:
    """Yield the reports; one on a name that does not exist names the one that is like it."""
    for part in parts:
        misses = ending.meant and part.status == "wrong" and "Did you mean" not in part.message
        if misses and ending.line is not None and (part.cell, part.line) == document.place(ending.line)[:2]:
            yield replace(part, message=f"{part.message} Did you mean {ending.meant}?")
        elif misses and ending.name in re.findall(r"\w+", part.message):
            yield replace(part, message=f"{part.message} Should {ending.meant} be called {ending.name}?")
        else:
            yield part


def report_ending(
    ending: Ending,
    parts: Collection[PartReport],
    document: Document,
    gets_further: Callable[[Iterable[str]], bool] = lambda _: False,
) -> PartReport | None:
    """Return what the run of a whole file adds to the verdicts on its parts; None if it ran to its end.

    ``gets_further`` tells whether the file gets further with some of its parts replaced by right ones.
    """
    wrong = any(part.status == "wrong" for part in parts)
    if ending.how == "error":
        return _stopped(ending, parts, document, gets_further)
    if ending.how == "refused":
        says = f"The file could not be run to its end here: {ending.words}"
        return _entry("blocked", says, ending.line, document)
    if ending.how == "stuck":
        return _entry(
            "wrong", f"This loop never ends: {_condition(document, ending.line)}", ending.line, document, "stuck"
        )
    if ending.how == "time":
        if not wrong and (line := _open_end(document)) is not None:
            says = f"{STILL_RUNNING} How often this loop runs depends on what the network learns: it may never end."
            return _entry("blocked", says, line, document)
        is_seen = ending.trained and not wrong
        return _entry("remark" if is_seen else "blocked", STILL_RUNNING, ending.line, document)
    if ending.how == "exit" and (after := _after(ending, document)) is not None:
        says = f"{_ENDS_ITSELF}; the lines below, from line {document.place(after)[1]} on, never run."
        is_done = ending.trained and "test" not in _names_below(after, document)
        return _entry("remark" if is_done else "wrong", says, ending.line, document)
    if hangs := [part.name for part in parts if part.status == "wrong" and part.mistake == "endless-loop"]:
        says = f"{_GOES_ON} {_listed(hangs)} {'do' if len(hangs) > 1 else 'does'} not."  # its loops were cut short
        return _entry("blocked", says, None, document)
    if wrong:
        return None
    for line in ending.left:
        says = f"The loop of line {document.place(line)[1]} is left in its first round, each time that it runs."
        return _entry("wrong", says, _leaving(document, line) or line, document, "left")
    if ending.idle is not None and not _unfinished(parts):
        says = "The file ran to its end, and nothing was trained: no round of this loop was executed."
        return _entry("wrong", says, ending.idle, document, "")
    for target in _overwritten(document):
        says = f"This line gives {ast.unparse(target)}, a function of NumPy, another value: it calls nothing."
        return _entry("wrong", says, target.lineno, document, "overwritten")
    for unknown in unknown_names(document) if ending.how == "end" else ():
        says = f"This line uses the name {unknown.id}, which nothing defines: a NameError when Python comes to it."
        surely = _is_in_use(unknown, document)
        return _entry("wrong" if surely else "remark", says, unknown.lineno, document, "NameError" if surely else None)
    return None


def _overwritten(document: Document) -> Iterator[ast.expr]:
    """Yield every function of NumPy to which a statement assigns."""
    for node in (n for s in document.statements for n in ast.walk(s) if isinstance(n, ast.Assign)):
        for target in node.targets:
            name = ast.unparse(target)
            if name.startswith(("np.", "numpy.")) and name.count("[") == 0:
                found = attempt(operator.attrgetter(name.split(".", 1)[1]), np)
                if callable(found) and not isinstance(found, Crash):
                    yield target


def _is_in_use(name: ast.Name, document: Document) -> bool:
    """Return whether Python may come to a name: it is in no function that nothing calls, and under no ``try``."""
    used = {loaded for statement in document.statements for loaded in loaded_names(statement)}
    for statement in document.statements:
        for node in ast.walk(statement):
            around = isinstance(node, ast.Try) or (isinstance(node, Function | ast.ClassDef) and node.name not in used)
            if around and getattr(node, "name", "") not in _OF_OBJECTS and name in ast.walk(node):
                return False
    return True


def _stopped(
    ending: Ending,
    parts: Collection[PartReport],
    document: Document,
    gets_further: Callable[[Iterable[str]], bool],
) -> PartReport | None:
    own = "The error is a" if RETOLD in ending.words else "Python says:"
    says = f"Run from top to bottom, the file stops at this line. {own} {ending.words}"
    says += "" if says.endswith((".", "?", "…")) else "."
    below = defined_below(ending, document)
    if below is not None:
        says += f" It is defined further down, in {_line(below, document)}."
    elif (owner := local_of(ending, document)) is not None:
        says += f" It is a local variable of {owner}(): no other function sees it."
    elif ending.meant and "Did you mean" not in ending.words:
        says += f" Did you mean {ending.meant}?"
    says += "".join(
        f" Before, the loop of {_line(line, document)} was left in its first round." for line in ending.left
    )
    calls = list(dict.fromkeys(_line(line, document) for _, line in ending.frames[:-1] if line != ending.line))
    if calls:
        came = "The call came from" if len(calls) == 1 else "The calls that led there:"
        says += f" {came} {' → '.join(calls[-3:])}."
    wrong = [part.name for part in parts if part.status == "wrong"]
    if any(_holds(part, ending, document) for part in parts):
        return _entry("blocked", says, ending.line, document)
    if not is_independent(ending, document):
        is_open = any(part.status == "open" and part.name not in OPTIONAL for part in parts)
        if is_open and not (wrong and "ellipsis" not in ending.words):
            return None
        if wrong and gets_further(wrong):
            says += f" It gets further once {_listed(wrong)} {'are' if len(wrong) > 1 else 'is'} mended."
            return _entry("blocked", says, ending.line, document)
        if is_open:
            return None
    kind = "below" if below is not None else "local" if "It is a local variable of" in says else ending.kind
    return _entry("wrong", says, ending.line, document, kind)


def _line(line: int, document: Document) -> str:
    """Return where a line of the document is, in words."""
    cell, number, _ = document.place(line)
    return f"line {number}" if cell is None else f"cell {cell}, line {number}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _holds(part: PartReport, ending: Ending, document: Document) -> bool:
    """Return whether a wrong part is the one in which the file stops, or names what the file misses."""
    if part.status != "wrong" or ending.line is None:
        return False
    if part.mistake in _WITHOUT_BATCH and ending.kind == "ZeroDivisionError":
        return True
    if ending.name and ending.name in re.findall(r"\w+", part.message):
        return True
    return (part.cell, part.line) == document.place(ending.line)[:2] or part.name in (
        part_at(ending.line, document),
        _section_at(ending.line, document),
    )


def _section_at(line: int, document: Document) -> str | None:
    """Return the part of sections 1 and 2 to which the statement of a line belongs."""
    nodes = (n for s in document.statements for n in ast.walk(s) if isinstance(n, ast.Assign))
    return next((statement_part(n) for n in nodes if n.lineno <= line <= (n.end_lineno or n.lineno)), None)


def part_at(line: int, document: Document) -> str | None:
    """Return the part whose definition holds a line."""
    outline = Outline(document)
    for name, node in {**outline.classes, **outline.functions}.items():
        if node.lineno <= line <= (node.end_lineno or node.lineno):
            members = [m for m in node.body if isinstance(m, Function)] if isinstance(node, ast.ClassDef) else []
            method = next((m.name for m in members if m.lineno <= line <= (m.end_lineno or m.lineno)), None)
            return part_of(name, method)
    return None


def _unfinished(parts: Collection[PartReport]) -> bool:
    """Return whether any part is open, or cannot be found: ``settings`` apart, which a file without training lacks."""
    return any(part.status not in ("done", "remark") and part.name not in (*OPTIONAL, "settings") for part in parts)


def _after(ending: Ending, document: Document) -> int | None:
    """Return the line of the first statement below the one that ended the program."""
    line = ending.frames[0][1] if ending.frames else 0
    kinds = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
    return next((s.lineno for s in document.statements if s.lineno > line and not isinstance(s, kinds)), None)


def _names_below(line: int, document: Document) -> set[str]:
    """Return the names that the statements from a line on read."""
    return {name for s in document.statements if s.lineno >= line for name in loaded_names(s)}


def _condition(document: Document, line: int | None) -> str:
    code = document.place(line or 0)[2].removeprefix("while").rstrip(": ")
    return f"the values in its condition, `{code.strip()}`, no longer change from one round to the next."


def _open_end(document: Document) -> int | None:
    """Return the line of a loop that goes on until what train() or valid() returns has passed a number."""
    for loop in (n for s in document.statements for n in ast.walk(s) if isinstance(n, ast.While)):
        bound = [n for s in loop.body for n in ast.walk(s) if isinstance(n, ast.Assign)]
        measured = [n for n in bound if getattr(getattr(n.value, "func", None), "id", "") in ("train", "valid", "test")]
        names = set().union(*map(assigned_names, measured))
        if isinstance(loop.test, ast.Compare) and loaded_names(loop.test) & names:
            return loop.lineno
    return None


def _leaving(document: Document, line: int) -> int | None:
    """Return the line of the statement that leaves a loop."""
    for statement in document.statements:
        for node in ast.walk(statement):
            if isinstance(node, ast.For) and node.lineno == line:
                ends = [n for n in ast.walk(node) if isinstance(n, ast.Break | ast.Return)]
                return ends[-1].lineno if ends else None
    return None


def _entry(status: Status, says: str, line: int | None, document: Document, hints: str | None = None) -> PartReport:
    cell, number, code = document.place(line) if line else (None, None, "")
    given = _HINTS.get(hints, _HINTS[""]) if status == "wrong" and hints is not None else ()
    if status == "wrong" and not given:
        given = _HINTS[""]
    return PartReport(WHOLE_FILE, status, None, cell, number, says, given, code)
