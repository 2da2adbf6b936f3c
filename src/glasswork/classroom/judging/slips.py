"""Slips with NumPy and Python that a line shows by itself; each is told only where the error or the part fits it.

A slip in another line than the one in which Python stops is told only if the file, with that line mended, gets further.
"""

import ast
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace

from glasswork.classroom.catalogue import Mistake, mistakes
from glasswork.classroom.handout import WHOLE_FILE
from glasswork.classroom.judging.ending import part_at
from glasswork.classroom.judging.slip_table import ANY, SLIPS, Slip
from glasswork.classroom.report import PartReport, place_of
from glasswork.classroom.student.outline import Function, assigned_names
from glasswork.classroom.student.source import Document

#: Decides whether the file gets further with one node mended.
GetsFurther = Callable[[ast.AST, ast.AST], bool]


def with_slips(
    parts: Collection[PartReport], document: Document, gets_further: GetsFurther = lambda *_: False
) -> Iterator[PartReport]:
    """Yield the reports; a wrong one first names the slip that its code shows, at its line."""
    for part in parts:
        found = _slip(part, document, gets_further) if part.status == "wrong" else None
        yield part if found is None else _named(part, *found, document)


def _slip(part: PartReport, document: Document, gets_further: GetsFurther) -> tuple[Slip, ast.AST] | None:
    """Return the first slip that a part shows, and the node that is the slip."""
    nodes = [n for s in document.statements for n in ast.walk(s) if isinstance(n, ast.stmt | ast.expr)]
    named = [n for n in nodes if document.place(n.lineno)[:2] == (part.cell, part.line)]
    first = min((n.lineno for n in named), default=0)
    last = max((n.end_lineno or n.lineno for n in named if isinstance(n, _WITH_LINES)), default=first)
    read = {n.id for n in named if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    bindings = (n for n in nodes if isinstance(n, ast.Assign | ast.AugAssign) and assigned_names(n) & read)
    feeding = {line for n in bindings for line in range(n.lineno, (n.end_lineno or n.lineno) + 1)}
    is_error = "Error" in part.message
    is_named = part.mistake is not None and mistakes()[part.mistake].part == part.name
    for slip in SLIPS:
        if is_named and slip.shows is ANY:
            continue
        match = re.search(slip.fits, part.message)
        if match is None:
            continue
        for node in nodes:
            if not slip.shows(node, document, match):
                continue
            if named and (first <= node.lineno <= last or (slip.feeds and node.lineno in feeding)):
                return slip, node
            of_part = part_at(node.lineno, document) == (None if part.name in _SECTIONS else part.name)
            is_whole = part.name == WHOLE_FILE and is_error
            anywhere = not slip.fits and part.name in _SECTIONS  # cells hold expressions that are only looked at
            if slip.shows is ANY or anywhere or not (of_part or is_whole):
                continue
            if not is_error or (slip.mend is not None and gets_further(node, slip.mend(node))):
                return slip, node
    return None


_WITH_LINES = (ast.While, ast.Assign, ast.Expr)
_SECTIONS = ("data", "normalize", "split", "settings")


def _named(part: PartReport, slip: Slip, node: ast.AST, document: Document) -> PartReport:
    entry = mistakes()[slip.mistake]
    matched = re.search(slip.fits, part.message)
    assert matched is not None
    blamed = slip.blames(node, document, matched)
    named = {"name": getattr(blamed, "name", ""), "at": document.place(blamed.lineno)[1]}
    says = f"{entry.does} {slip.says.format(*matched.groups(), **named)}".strip()
    cell, number, code = document.place((blamed.body[-1] if isinstance(blamed, Function) else blamed).lineno)
    return replace(
        part,
        mistake=entry.id,
        cell=cell,
        line=number,
        code=code,
        hints=entry.hints,
        message=f"{says} {_of_its_line(_without_entry(part), part, (cell, number))}",
    )


def _of_its_line(message: str, part: PartReport, place: tuple[int | None, int | None]) -> str:
    """Return a message that names the line of which it speaks, if the report is on another one."""
    if part.line is None or (part.cell, part.line) == place:
        return message
    line = place_of(part)
    message = message.replace("This statement", f"The statement of {line}")
    return message.replace("his statement", f"he statement of {line}").replace("at this line", f"at {line}")


def _without_entry(part: PartReport) -> str:
    """Return a part's message without the sentence of the entry that the slip takes the place of."""
    other: Mistake | None = mistakes().get(part.mistake or "")
    return part.message.removeprefix(other.does).strip() if other is not None else part.message
