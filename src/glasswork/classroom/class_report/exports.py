"""The report of a class as tables and files that other programs read: CSV, nbgrader, otter."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from glasswork.classroom.class_report.points import WARNING, Points
from glasswork.classroom.class_report.report import ClassReport, Row
from glasswork.classroom.report import PartReport


@dataclass(frozen=True)
class Export:
    """One more file: what its name ends in, the function that writes it, and what reads it."""

    suffix: str
    write: Callable[[ClassReport, Points], str]
    help: str


def to_csv(report: ClassReport, points: Points) -> str:
    """Return the class as CSV: one row a student, one column a part, and the mistakes."""
    names = report.part_names
    header = ["student", "id", "email", "file", "notes", "points", "possible", "done", "wrong", "open"]
    header += [*names, "mistakes", "not checked because"]
    rows = []
    for row in report.rows:
        status = {part.name: part.status for part in row.parts}
        mistakes = "; ".join(f"{p.name}: {p.message}" for p in row.parts if p.status == "wrong")
        who = [row.student, row.id, row.email, row.file, "; ".join(row.notes)]
        counts = [sum(points.earned(row).values()), points.possible, row.done, row.counts["wrong"], row.counts["open"]]
        rows.append([*who, *counts, *(status.get(name, "") for name in names), mistakes, row.failure])
    return _csv([header, *rows])


def mistakes_to_csv(report: ClassReport) -> str:
    """Return the mistakes as CSV, the most common first, each with an example."""
    header = ["part", "status", "mistake", "students", "who", "example line", "message"]
    rows = [
        [
            one.part,
            one.status,
            one.says,
            len(one.students),
            "; ".join(one.students),
            one.example.code.strip(),
            one.example.message,
        ]
        for one in report.misconceptions()
    ]
    return _csv([header, *rows])


def to_grades(report: ClassReport, points: Points) -> str:
    """Return the points as CSV: one row a student, and what they rest on."""
    header = ["student", "id", "email", "points", "possible", "of which bonus", *points.parts, "notes", "warning"]
    rows = []
    for row in report.rows:
        earned = points.earned(row)
        extra = sum(earned[name] for name in points.bonus)
        notes = "; ".join([*row.notes, row.failure] if row.failure else row.notes)
        who = [row.student, row.id, row.email]
        rows.append([*who, sum(earned.values()), points.possible, extra, *earned.values(), notes, WARNING])
    return _csv([header, *rows])


def to_key(rows: Mapping[str, Row]) -> str:
    """Return as CSV which student each number of a report without names stands for."""
    header = ["number", "student", "id", "email", "file"]
    return _csv([header, *([number, row.student, row.id, row.email, row.file] for number, row in rows.items())])


def to_json(report: ClassReport, points: Points) -> str:
    """Return everything as JSON: for each student the parts, as ``glasswork check --json`` prints them."""
    return _json(
        [
            {
                "student": row.student,
                "id": row.id,
                "email": row.email,
                "file": row.file,
                "notes": row.notes,
                "failure": row.failure or None,
                "points": sum(points.earned(row).values()),
                "parts": [part.to_dict() for part in row.parts],
            }
            for row in report.rows
        ]
    )


def to_nbgrader(report: ClassReport, points: Points) -> str:
    """Return scores and comments by student and part, for nbgrader's gradebook; a bonus has no points possible."""
    return _json(
        {
            "warning": WARNING,
            "parts": {**points.required, **dict.fromkeys(points.bonus, 0.0)},
            "students": [
                {
                    "student": row.id or row.student,
                    "scores": points.earned(row),
                    "comments": {part.name: _comment(part) for part in row.parts if _counts(part, points)},
                }
                for row in report.rows
            ],
        }
    )


def to_otter(report: ClassReport, points: Points) -> str:
    """Return the scores as otter's ``final_grades.csv`` has them: first the points possible, then one row a file."""
    names = sorted(points.parts)
    possible = [points.required.get(name, 0.0) for name in names]
    rows: list[list[Any]] = [
        ["file", *names, "total_points_earned", "percent_correct", "grading_status"],
        ["points-per-question", *possible, points.possible, 1, "--"],
    ]
    for row in report.rows:
        earned = points.earned(row)
        total = sum(earned.values())
        scores = [earned[name] for name in names]
        rows.append([row.file or row.student, *scores, total, total / points.possible, row.failure or "Completed"])
    return _csv(rows)


#: The files that are written on request, by the name of what reads them.
EXPORTS: dict[str, Export] = {
    "grades": Export("grades.csv", to_grades, "points by student and part"),
    "json": Export("all.json", to_json, "everything, for programs of your own"),
    "nbgrader": Export("nbgrader.json", to_nbgrader, "scores and comments for nbgrader"),
    "otter": Export("otter.csv", to_otter, "scores as otter grade writes them"),
}


def _counts(part: PartReport, points: Points) -> bool:
    """Whether a student is told about a part in a gradebook: it is worth something, and something is to be said."""
    return bool(part.message) and part.name in points.parts


def _comment(part: PartReport) -> str:
    """Return what a student is told about a part: the message, and the first hint."""
    return "\n".join([f"{part.status}: {part.message}", *part.hints[:1]])


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def _csv(rows: Iterable[Iterable[object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue()


def _cell(value: object) -> object:
    """Return a value that no spreadsheet takes for a formula: names and lines of code are written by strangers."""
    if isinstance(value, str) and value.startswith(tuple("=+-@\t\r")) and value.strip("-"):
        return f"'{value}"
    return value
