"""A teacher's corrections of verdicts: a small table beside the report that every run reads and no run writes."""

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

from glasswork.classroom.class_report.report import CORRECTED, Row
from glasswork.classroom.handout import PARTS, WHOLE_FILE
from glasswork.classroom.report import PartReport, Status
from glasswork.errors import FileError, InputError

COLUMNS = ("student", "part", "status", "comment")


def correct(rows: Sequence[Row], path: Path) -> list[Row]:
    """Return the rows with the corrections of a file; as they are if there is none.

    Parameters
    ----------
    rows : sequence of Row
    path : Path
        A CSV file with the columns student (the name in the report, the id or the address), part, status and comment.

    Raises
    ------
    FileError
        If it cannot be read.
    InputError
        If a line names a student, a part or a status that does not exist.
    """
    changed = dict(enumerate(rows))
    try:
        lines = path.read_text("utf-8-sig").splitlines() if path.exists() else []
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{path}: the corrections cannot be read as text in UTF-8 ({error})") from error
    if not lines:
        return list(rows)
    reader = csv.DictReader(lines, delimiter=max(",;\t", key=lines[0].count))
    if missing := set(COLUMNS[:3]) - set(reader.fieldnames or ()):
        raise InputError(f"{path}: expected a first line student,part,status,comment; {min(missing)} is missing")
    for line in reader:
        who, part, status = ((line[name] or "").strip() for name in COLUMNS[:3])
        found = [n for n, row in changed.items() if who and who in (row.student, row.id, row.email)]
        for value, known, kind in (
            (part, (WHOLE_FILE, *PARTS), "part"),
            (status, get_args(Status), "status"),
            (who, [row.student for row in rows] if len(found) != 1 else [who], "student"),
        ):
            if value not in known:
                raise InputError(
                    f"{path}: line {reader.line_num}: no {kind} {value!r}; expected one of {', '.join(known)}"
                )
        comment = (line.get("comment") or "").strip()
        changed[found[0]] = _corrected(changed[found[0]], PartReport(part, status, message=_words(comment)))  # type: ignore[arg-type]
    return list(changed.values())


def _words(comment: str) -> str:
    return f"{CORRECTED}: {comment}" if comment else f"{CORRECTED}."


def _corrected(row: Row, part: PartReport) -> Row:
    """Return a row with one part as the teacher judges it, in the order of the handout."""
    parts = [one for one in row.parts if one.name != part.name] + [part]
    order = {name: i for i, name in enumerate(PARTS)}
    return replace(row, parts=tuple(sorted(parts, key=lambda one: order.get(one.name, -1))), failure="")
