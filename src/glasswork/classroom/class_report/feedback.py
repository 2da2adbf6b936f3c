"""A page for each student: the points, each part with its message, and hints that unfold."""

import re
from collections.abc import Iterator
from html import escape
from pathlib import Path

from glasswork.classroom.class_report.choose import SAME, SEVERAL, UNLISTED
from glasswork.classroom.class_report.page import POLICY, number
from glasswork.classroom.class_report.points import Points
from glasswork.classroom.class_report.report import ClassReport, Row
from glasswork.classroom.report import CheckReport, to_html
from glasswork.outputs import GENERATOR


def feedback(report: ClassReport, points: Points, folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield the path and the content of each student's page."""
    is_given = bool(points.given(report))
    names = [_file_name(row.student if row.id in row.student else f"{row.student} {row.id}") for row in report.rows]
    for row, name in zip(report.rows, names, strict=True):
        same = [other for other, text in zip(report.rows, names, strict=True) if text.casefold() == name.casefold()]
        suffix = f"-{same.index(row) + 1}" if len(same) > 1 else ""  # two names may differ in a sign that files lack
        yield folder / f"{name}{suffix}.html", _page(row, points, is_given)


def _page(row: Row, points: Points, is_given: bool) -> str:
    earned = points.earned(row)
    told_notes = [note for note in (*row.notes, row.failure) if note and not note.startswith((UNLISTED, SEVERAL, SAME))]
    notes = "".join(f"<p>{escape(note[:1].upper() + note[1:])}.</p>" for note in told_notes)
    told = to_html(CheckReport(row.file, row.parts)) if row.parts else ""
    judged = "A program has judged what the code does; if it is wrong about yours, tell your teacher." if told else ""
    bonus = sum(earned[name] for name in points.bonus)
    extra = f", {number(bonus)} of them a bonus, which comes on top" if bonus else ""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"{GENERATOR}\n{POLICY}\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Classwork: {escape(row.student)}</title>\n"
        "<style>:root { color-scheme: light dark } body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; "
        "max-width: 60rem; padding: 0 1rem } td, code { overflow-wrap: break-word } "
        "@media (max-width: 40rem) { td { display: block } td:nth-child(-n+2) { display: inline-block } }</style>\n"
        "</head>\n<body>\n"
        f"<h1>{escape(row.student)}</h1>\n<p><code>{escape(row.file)}</code></p>\n{notes}\n"
        f"<p><b>{number(sum(earned.values()))} of {number(points.possible)} points</b>{extra}. "
        f"{'' if is_given or not row.parts else 'Code that the exercise gives is worth nothing. '}"
        f"{judged}</p>\n"
        f"{told}\n</body>\n</html>\n"
    )


def _file_name(name: str) -> str:
    """Return a name that every system takes as a file's."""
    return re.sub(r"[^\w ().@+-]+", "_", name).strip(" .")[:100] or "student"
