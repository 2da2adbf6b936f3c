"""Slips with NumPy and Python that a line shows by itself; each is told only where the error or the part fits it."""

import ast
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from glasswork.classroom.judging.ending import after_import, part_at, report_ending, with_definitions
from glasswork.classroom.report import PartReport
from glasswork.classroom.student.source import Document
from glasswork.classroom.student.whole_file import Ending

_IN_PLACE = ("shuffle", "sort", "reverse", "append", "extend", "fill", "update")


@dataclass(frozen=True)
class Slip:
    """A pattern of code, the words of an error or of a finding that fit it, and what it does."""

    shows: Callable[[ast.AST], bool]
    fits: str  # a pattern, looked for in the report's message
    says: str


def _call(node: ast.AST) -> str:
    """Return the name of what a node calls: the last one of ``np.random.shuffle``."""
    if not isinstance(node, ast.Call):
        return ""
    return str(getattr(node.func, "attr", getattr(node.func, "id", "")))


SLIPS = (
    Slip(
        lambda n: isinstance(n, ast.Assign) and _call(n.value) in _IN_PLACE,
        r"None",
        "{call} changes what it is given and returns None: write it without `... =`.",
    ),
    Slip(
        lambda n: isinstance(n, ast.BinOp) and isinstance(n.op, ast.BitXor),
        r"xor|for \^|you get|differ|expected",
        "In Python `^` is not the power but compares bits: the power is `**`, and the exponential function np.exp.",
    ),
    Slip(
        lambda n: _call(n) in ("dot", "matmul") and isinstance(n, ast.Call) and len(n.args) > 2,
        r"",
        "The third argument of {call} is the array into which the result is written; nothing is added.",
    ),
    Slip(
        lambda n: isinstance(n, ast.Expr) and isinstance(n.value, ast.Compare) and isinstance(n.value.ops[0], ast.Eq),
        r"",
        "`==` compares, and nothing becomes of the answer; one `=` assigns.",
    ),
    Slip(
        lambda n: isinstance(n, ast.Assign) and isinstance(n.value, ast.UnaryOp) and isinstance(n.value.op, ast.UAdd),
        r"",
        "`=+` assigns the number that follows; `+=` adds it.",
    ),
)  # fmt: skip


def complete(parts: Iterable[PartReport], ending: Ending, document: Document) -> list[PartReport]:
    """Return the reports on a file: before them what the run of the whole file adds, and in them what lines show."""
    told = list(after_import(ending, with_definitions(parts, document), document))
    entry = report_ending(ending, told, document)
    return list(with_slips([entry, *told] if entry is not None else told, document))


def with_slips(parts: Collection[PartReport], document: Document) -> Iterator[PartReport]:
    """Yield the reports; a wrong one first names the slips that its code shows."""
    for part in parts:
        found = dict.fromkeys(_slips(part, document)) if part.status == "wrong" else {}
        yield replace(part, message=" ".join([*found, part.message])) if found else part


def _slips(part: PartReport, document: Document) -> Iterator[str]:
    nodes = [n for s in document.statements for n in ast.walk(s) if isinstance(n, ast.stmt | ast.expr)]
    named = [n for n in nodes if document.place(n.lineno)[:2] == (part.cell, part.line)]
    last = max((n.end_lineno or n.lineno for n in named if isinstance(n, ast.While | ast.Assign | ast.Expr)), default=0)
    for node in nodes:
        inside = bool(named) and named[0].lineno <= node.lineno <= max(last, named[0].lineno)
        if not inside and part_at(node.lineno, document) != part.name:
            continue
        for slip in SLIPS:
            if slip.shows(node) and re.search(slip.fits, part.message):
                cell, line, _ = document.place(node.lineno)
                place = f"Line {line}" if cell is None else f"Cell {cell}, line {line}"
                call = _call(node.value if isinstance(node, ast.Assign) else node)
                yield f"{place}: {slip.says.format(call=call)}"
