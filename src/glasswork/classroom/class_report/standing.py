"""How far a submission is: whether the whole file runs, and the one group in which the page counts a student."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from glasswork.classroom.class_report.choose import SAME
from glasswork.classroom.class_report.points import Points, read_points
from glasswork.classroom.class_report.report import DONE, Row
from glasswork.classroom.handout import OPTIONAL, WHOLE_FILE
from glasswork.classroom.judging.ending import NOT_TO_ITS_END
from glasswork.classroom.limits import NOT_ALLOWED
from glasswork.classroom.report import PartReport

#: The groups, in the order of the page.
COMPLETE = "complete and right"
MISTAKES = "with mistakes"
UNFINISHED = "right so far, unfinished"
REFUSED = "tried what is not allowed"
UNTOUCHED = "untouched exercise"
EMPTY = "nothing of the exercise in the file"
NOT_CHECKED = "not checked"
GROUPS = (COMPLETE, MISTAKES, UNFINISHED, REFUSED, UNTOUCHED, EMPTY, NOT_CHECKED)

#: Groups that a teacher is told about in the notes of a student.
_NOTED = (REFUSED, UNTOUCHED, EMPTY)

_NOT_TRIED = "It is judged once no required part is open or missing."


def standing(row: Row, points: Points) -> str:
    """Return the group of a student.

    Parameters
    ----------
    row : Row
    points : Points
        What is complete has all points of the required parts.

    Returns
    -------
    str
        One of `GROUPS`.
    """
    status = {part.name: part.status for part in row.parts}
    if row.failure:
        return NOT_CHECKED
    if refused(row):
        return REFUSED
    if row.counts["wrong"]:
        return MISTAKES
    if {word for name, word in status.items() if name != WHOLE_FILE} == {"not found"}:
        return EMPTY
    gaps = read_points().required.keys() - {WHOLE_FILE}
    if all(status.get(name) == "open" for name in gaps & points.parts.keys() or gaps):
        return UNTOUCHED
    earned = points.earned(row)
    is_whole = all(earned[name] >= worth for name, worth in points.required.items())
    return COMPLETE if is_whole and status.get(WHOLE_FILE, "done") in DONE else UNFINISHED


def refused(row: Row) -> list[PartReport]:
    """Return the parts in which the file tried what is not allowed, such as deleting files or using the network."""
    return [part for part in row.parts if NOT_ALLOWED in part.message]


def with_whole_file(parts: Sequence[PartReport]) -> tuple[PartReport, ...]:
    """Return the verdicts on a file with an entry on its whole run, which a check leaves out if all is well."""
    entry = next((part for part in parts if part.name == WHOLE_FILE), None)
    others = [part for part in parts if part.name != WHOLE_FILE]
    missing = any(part.status in ("open", "not found") for part in others if part.name not in OPTIONAL)
    if entry is None:
        entry = PartReport(WHOLE_FILE, "blocked", message=_NOT_TRIED) if missing else PartReport(WHOLE_FILE, "done")
    elif _leaves_lines(entry):
        entry = replace(entry, status="blocked")  # its last lines were not seen to run
    return (entry, *others) if others else ()


def _leaves_lines(entry: PartReport) -> bool:
    """Return whether a file was not seen to come to its last lines, although no error stopped it."""
    return entry.message.startswith(NOT_TO_ITS_END)


def full_although_wrong(row: Row, points: Points) -> str:
    """Return why a teacher should look at a student who has all points: a part that is worth nothing is wrong."""
    wrong = [part for part in row.parts if part.status == "wrong"]
    if not wrong or row.failure or sum(points.earned(row).values()) < points.possible:
        return ""
    return "full points, but " + "; ".join(f"{part.name} is wrong: {part.message.rstrip('.')}" for part in wrong)


def with_notes(row: Row, points: Points) -> Row:
    """Return the row; what a teacher should know of its group and of its points is among the notes."""
    return replace(row, notes=(*row.notes, *_notes(row, points)))


def with_same_files(rows: Sequence[Row]) -> list[Row]:
    """Return the rows; a note names who else handed in the very same file, unless it is an untouched exercise."""
    owners: dict[str, list[str]] = {}
    for row in rows:
        if row.digest and not {UNTOUCHED, EMPTY} & {*row.notes}:
            owners.setdefault(row.digest, []).append(row.student)

    def noted(row: Row) -> Row:
        others = [student for student in owners.get(row.digest, ()) if student != row.student]
        return replace(row, notes=(*row.notes, f"{SAME} {', '.join(others)}")) if others else row

    return [noted(row) for row in rows]


def _notes(row: Row, points: Points) -> Iterator[str]:
    group = standing(row, points)
    if group in _NOTED:
        yield group
    whole = next((part for part in row.parts if part.name == WHOLE_FILE), None)
    if whole is not None and points.parts.get(WHOLE_FILE) and not points.earned(row)[WHOLE_FILE]:
        wrong = [part.name for part in row.parts if part.status == "wrong" and part.name not in points.parts]
        why = f"{', '.join(wrong)}: wrong, and worth nothing by itself" if whole.status in DONE else ""
        if why := whole.message.rstrip(".") if _leaves_lines(whole) else why:
            yield f"no points for the {WHOLE_FILE}: {why}"
    if says := full_although_wrong(row, points):
        yield says
