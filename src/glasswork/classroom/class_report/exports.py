"""The report of a class as tables and files that other programs read: CSV, nbgrader, otter."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from glasswork.classroom.class_report.report import DONE, ClassReport, Row


@dataclass(frozen=True)
class Export:
    """One more file: what its name ends in, the function that writes it, and what reads it."""

    suffix: str
    write: Callable[[ClassReport], str]
    help: str


def to_csv(report: ClassReport) -> str:
    """Return the class as CSV: one row a student, one column a part, and the mistakes."""
    names = report.part_names
    header = ["student", "file", "done", "wrong", "open", *names, "mistakes", "not checked because"]
    rows = []
    for row in report.rows:
        status = {part.name: part.status for part in row.parts}
        mistakes = "; ".join(f"{p.name}: {p.mistake or p.message}" for p in row.parts if p.status == "wrong")
        counts = [row.done, row.counts["wrong"], row.counts["open"]]
        rows.append([row.student, row.file, *counts, *(status.get(name, "") for name in names), mistakes, row.failure])
    return _csv([header, *rows])


def mistakes_to_csv(report: ClassReport) -> str:
    """Return the mistakes as CSV, the most common first, each with an example."""
    header = ["part", "status", "mistake", "students", "who", "example line", "message"]
    rows = [
        [
            one.part,
            one.status,
            one.mistake or "",
            len(one.students),
            "; ".join(one.students),
            one.example.code.strip(),
            one.example.message,
        ]
        for one in report.misconceptions()
    ]
    return _csv([header, *rows])


def to_json(report: ClassReport) -> str:
    """Return everything as JSON: for each student the parts, as ``glasswork check --json`` prints them."""
    return _json(
        [
            {
                "student": row.student,
                "file": row.file,
                "failure": row.failure or None,
                "parts": [part.to_dict() for part in row.parts],
            }
            for row in report.rows
        ]
    )


def to_nbgrader(report: ClassReport) -> str:
    """Return scores and comments by student and part, one point a part, for nbgrader's gradebook."""
    names = report.part_names
    return _json(
        {
            "parts": dict.fromkeys(names, 1.0),
            "students": [
                {
                    "student": row.student,
                    "scores": _scores(row, names),
                    "comments": {part.name: _comment(part) for part in row.parts if part.message},
                }
                for row in report.rows
            ],
        }
    )


def to_otter(report: ClassReport) -> str:
    """Return the scores as otter's ``final_grades.csv`` has them: first the points possible, then one row a file."""
    names = sorted(report.part_names)
    rows: list[list[Any]] = [
        ["file", *names, "total_points_earned", "percent_correct", "grading_status"],
        ["points-per-question", *[1.0] * len(names), float(len(names)), 1, "--"],
    ]
    for row in report.rows:
        scores = _scores(row, names)
        total = sum(scores.values())
        share = total / len(names) if names else 0.0
        rows.append([row.file, *scores.values(), total, share, row.failure or "Completed"])
    return _csv(rows)


#: The files that are written on request, by the name of what reads them.
EXPORTS: dict[str, Export] = {
    "json": Export("all.json", to_json, "everything, for programs of your own"),
    "nbgrader": Export("nbgrader.json", to_nbgrader, "scores and comments for nbgrader"),
    "otter": Export("otter.csv", to_otter, "scores as otter grade writes them"),
}


def _scores(row: Row, names: Sequence[str]) -> dict[str, float]:
    """Return a point for each part that is right."""
    status = {part.name: part.status for part in row.parts}
    return {name: float(status.get(name) in DONE) for name in names}


def _comment(part: Any) -> str:
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
