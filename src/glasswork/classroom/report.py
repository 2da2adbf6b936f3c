"""What a check returns: one report a file, with one line for each part, as text, as HTML and in colour."""

import html
import textwrap
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from glasswork.classroom.handout import OPTIONAL, WHOLE_FILE

if TYPE_CHECKING:
    from rich.console import Console

Status = Literal["done", "open", "wrong", "remark", "blocked", "not found"]

SIGNS = {"done": "✓", "open": "…", "wrong": "✗", "remark": "✓", "blocked": "–", "not found": "?"}
_COLOURS = {
    "done": "#1a7f37", "open": "#6e7781", "wrong": "#cf222e", "remark": "#9a6700", "blocked": "#6e7781",
    "not found": "#6e7781",
}  # fmt: skip


@dataclass(frozen=True)
class PartReport:
    """The verdict on one part of the exercise.

    Attributes
    ----------
    name : str
        The part, such as ``Linear.forward``.
    status : str
        ``done``, ``open`` (not begun), ``wrong``, ``remark`` (right, with a remark), ``blocked`` (cannot be judged
        until another part is corrected) or ``not found``.
    mistake : str or None
        The id of the catalogue's entry, if the part behaves exactly as that entry does.
    cell, line : int or None
        Where: the code cell of a notebook, counted from 1, and the line in it; ``cell`` is None for a script.
    message : str
        What the part does and what was expected.
    hints : tuple of str
        Three hints, each giving away more than the one before, on what is wrong or still to be written; else empty.
    code : str
        The student's own line at ``line``; not part of the JSON form.
    """

    name: str
    status: Status
    mistake: str | None = None
    cell: int | None = None
    line: int | None = None
    message: str = ""
    hints: tuple[str, ...] = ()
    code: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the documented JSON form."""
        return {
            "name": self.name,
            "status": self.status,
            "mistake": self.mistake,
            "cell": self.cell,
            "line": self.line,
            "message": self.message,
            "hints": list(self.hints),
        }


@dataclass(frozen=True)
class CheckReport:
    """The verdicts on all parts of one file.

    Attributes
    ----------
    file : str
        The name of the file, or of the notebook.
    parts : tuple of PartReport
        In the order of the handout.
    hint : int
        How many of the three hints are shown.
    """

    file: str
    parts: tuple[PartReport, ...]
    hint: int = 1

    @property
    def wrong(self) -> bool:
        """Whether any part is wrong."""
        return any(part.status == "wrong" for part in self.parts)

    @property
    def finished(self) -> bool:
        """Whether every required part is right, and the whole file runs."""
        needed = [part for part in self.parts if part.name not in OPTIONAL]
        return bool(needed) and all(part.status in ("done", "remark") for part in needed)

    def to_dict(self) -> dict[str, Any]:
        """Return the documented JSON form of ``glasswork check --json``."""
        return {"file": self.file, "parts": [part.to_dict() for part in self.parts]}

    def __str__(self) -> str:
        return to_text(self)

    def _repr_html_(self) -> str:
        return to_html(self)


def visible(text: str) -> str:
    """Return a text with its control characters, such as a terminal's escape sequences, written out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def place_of(part: PartReport) -> str:
    """Return where a part's line is, in words."""
    if part.line is None:
        return ""
    return f"cell {part.cell}, line {part.line}" if part.cell is not None else f"line {part.line}"


def summary(report: CheckReport) -> str:
    """Return one sentence on the whole file."""
    optional = Counter[str](part.status for part in report.parts if part.name in OPTIONAL)
    if report.finished:
        more = f", {optional['open']} optional still open" if optional["open"] else ""
        more += f", {optional['wrong']} optional wrong" if optional["wrong"] else ""
        remarked = any(part.name == WHOLE_FILE and part.status == "remark" for part in report.parts)
        runs = "see the remark on the whole file" if remarked else "the file runs from top to bottom"
        return f"All required parts are done{more}; {runs}."
    needed = Counter[str](part.status for part in report.parts if part.name not in (*OPTIONAL, WHOLE_FILE))
    said = [f"{needed['done'] + needed['remark']} of {needed.total()} parts done"]
    said += [f"{needed[s]} {word}" for s, word in _COUNTED.items() if needed[s]]
    said += [f"{optional[s]} optional {word}" for s, word in _COUNTED.items() if optional[s]]
    stops = any(p.name == WHOLE_FILE and p.status == "wrong" for p in report.parts)
    text = ", ".join(said) + ("; the file as a whole is not right." if stops else ".")
    following = begin_with(report)
    return f"Not finished: {text} The next one is {following}." if following else text


def begin_with(report: CheckReport) -> str | None:
    """Return the first part that is still to be written, once nothing is wrong."""
    unwritten = (p.name for p in report.parts if p.name != WHOLE_FILE and p.status in ("open", "not found"))
    return None if report.wrong else next(unwritten, None)


_COUNTED: dict[Status, str] = {
    "wrong": "wrong",
    "open": "still open",
    "not found": "not found",
    "blocked": "not judged",
}


def to_text(report: CheckReport, *, width: int = 96) -> str:
    """Return the report as plain text, one line a part and a paragraph for each part that is wrong."""
    longest = max((len(p.name) for p in report.parts), default=0)
    lines, begin = [report.file, ""], begin_with(report)
    for part in report.parts:
        lines.append(f"  {SIGNS[part.status]} {part.name:{longest}}  {part.status}".rstrip())
        if part.status == "wrong" or (part.name == WHOLE_FILE and part.line is not None):
            lines += _wrong(part, report.hint, width)
        elif part.status != "done":
            place = f"{place_of(part).capitalize()}: " if part.line is not None else ""
            lines += _wrapped(place + part.message, width, "      ")
            if part.name == begin:
                lines += _hints(part, report.hint, width)
    return "\n".join(map(visible, [*lines, "", summary(report)]))


def _wrong(part: PartReport, hint: int, width: int) -> list[str]:
    lines = []
    if part.line is not None:
        lines.append(f"      {place_of(part)}:   {part.code}")
    lines += _wrapped(part.message, width, "      ")
    return [*lines, *_hints(part, hint, width), ""]


def _hints(part: PartReport, hint: int, width: int) -> list[str]:
    told = [_wrapped(f"Hint {number}: {text}", width, "      ") for number, text in enumerate(part.hints[:hint], 1)]
    return [line for lines in told for line in lines]


def _wrapped(text: str, width: int, indent: str) -> list[str]:
    return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent, break_long_words=False)


def to_console(report: CheckReport, console: "Console") -> None:
    """Print the report in colour."""
    from rich.text import Text

    styles = {
        "done": "green",
        "open": "dim",
        "wrong": "bold red",
        "remark": "yellow",
        "blocked": "dim",
        "not found": "dim",
    }
    signs = {f"  {sign} " for sign in SIGNS.values()}
    for line in to_text(report, width=min(console.width, 100)).split("\n"):
        status = next((s for s in styles if line.endswith(f"  {s}")), None) if line[:4] in signs else None
        console.print(Text(line, style=styles[status] if status else ""))


def to_html(report: CheckReport) -> str:
    """Return the report as HTML; everything that comes from the student's file is escaped."""
    begin = begin_with(report)
    rows = "".join(_row(p, report.hint if p.status != "open" or p.name == begin else 0) for p in report.parts)
    return (
        '<div style="font-family: system-ui, sans-serif; max-width: 60em; line-height: 1.45">'
        f"<p><b>{html.escape(summary(report))}</b></p>"
        f'<table style="border-collapse: collapse; text-align: left">{rows}</table></div>'
    )


def _row(part: PartReport, hint: int) -> str:
    colour = _COLOURS[part.status]
    told = ""
    if part.status != "done":
        if part.line is not None:
            told += f"<div>{html.escape(place_of(part))}: <code>{html.escape(part.code)}</code></div>"
        told += f"<div>{html.escape(part.message)}</div>"
        for number, text in enumerate(part.hints, 1):
            shown = " open" if number <= hint else ""
            told += f"<details{shown}><summary>Hint {number}</summary>{html.escape(text)}</details>"
    cell = 'style="padding: 2px 12px 2px 0; vertical-align: top; text-align: left"'
    return (
        f'<tr><td {cell}><code style="white-space: nowrap">{html.escape(part.name)}</code></td>'
        f'<td {cell}><span style="color: {colour}; white-space: nowrap">{SIGNS[part.status]} {part.status}</span></td>'
        f"<td {cell}>{told}</td></tr>"
    )
