"""What each part is worth: one table that a teacher can change, and what a student earns by it."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from glasswork.classroom.class_report.report import DONE, ClassReport, Row
from glasswork.classroom.handout import OPTIONAL, PARTS, WHOLE_FILE
from glasswork.errors import FileError, InputError

#: What everybody who uses the points has to know.
WARNING = (
    "These points rest on what the students' own code did when it ran: code can be written to look right, "
    "and a helper can err. Read the code before a grade depends on it."
)


#: What can be worth something.
_KNOWN = (*PARTS, WHOLE_FILE)


@dataclass(frozen=True)
class Points:
    """The weights of the parts, in the order of the handout; a part that is in neither table is worth nothing."""

    required: Mapping[str, float]
    bonus: Mapping[str, float]

    @property
    def possible(self) -> float:
        """The points of all required parts."""
        return float(sum(self.required.values()))

    @property
    def parts(self) -> dict[str, float]:
        """The weight of every part that is worth something, the optional ones last."""
        return {**self.required, **self.bonus}

    def given(self, report: ClassReport) -> dict[str, float]:
        """Return the weights of parts that the exercise gives, as far as nobody left them open: earned by no work."""
        left = {part.name for row in report.rows for part in row.parts if part.status == "open"}
        earned = self.parts.keys() - read_points().parts.keys() - left
        return {name: worth for name, worth in self.parts.items() if worth and name in earned}

    def warning(self, report: ClassReport) -> str:
        """Return what a teacher should know about the weights of code that the exercise gives; empty if nothing."""
        given = self.given(report)
        return (
            f"An untouched exercise earns {sum(given.values()):g} points, because the exercise gives "
            f"{', '.join(given)}, unless you left them open with --parts."
            if given
            else ""
        )

    def earned(self, row: Row) -> dict[str, float]:
        """Return a student's points by part: all for a part that is right, or a whole file that runs; else none.

        A part that is wrong and worth nothing, for the exercise gives its code, costs the points of the whole file.
        """
        status = {part.name: part.status for part in row.parts}
        if any(status.get(name) == "wrong" for name in PARTS if name not in (*self.parts, *OPTIONAL)):
            status[WHOLE_FILE] = "wrong"
        return {name: worth if status.get(name) in DONE else 0.0 for name, worth in self.parts.items()}


def read_points(path: Path | None = None) -> Points:
    """Return the weights of a file, or those that glasswork comes with.

    Parameters
    ----------
    path : Path, optional
        A TOML file with the tables ``[points]`` and ``[bonus]``: a number for each part.

    Raises
    ------
    FileError
        If the file cannot be read or is not TOML.
    InputError
        If it names a part that does not exist, or a weight is not a number from 0 on.
    """
    try:
        content = (path or files("glasswork.classroom.class_report").joinpath("points.toml")).read_text("utf-8-sig")
        tables = tomllib.loads(content)
    except OSError as error:
        raise FileError(f"{path}: the table of points cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise FileError(f"{path}: expected a TOML file of points, got another text ({error})") from error
    required, bonus = (_weights(tables.pop(name, {}), name, path) for name in ("points", "bonus"))
    if tables or not sum(required.values()):
        raise InputError(f"{path}: expected the tables [points] and [bonus], got {', '.join(tables) or 'no points'}")
    if twice := required.keys() & bonus.keys():
        raise InputError(f"{path}: {min(twice)} is in [points] and in [bonus]; expected it in one of them")
    return Points(required, bonus)


def _weights(table: Any, name: str, path: Path | None) -> dict[str, float]:
    """Return the weights of one table, in the order of the handout."""
    if not isinstance(table, dict):
        raise InputError(f"{path}: expected a table [{name}], got {table!r}")
    for part, worth in table.items():
        if part not in _KNOWN:
            quoted = f'; a name with a dot needs quotes: "{part}.forward" = 1' if isinstance(worth, dict) else ""
            raise InputError(f"{path}: [{name}] has no part {part!r}; expected one of {', '.join(_KNOWN)}{quoted}")
        if isinstance(worth, bool) or not isinstance(worth, int | float) or not 0 <= worth < float("inf"):
            raise InputError(f"{path}: [{name}] gives {part} {worth!r}; expected a number of points from 0 on")
    return {part: float(table[part]) for part in _KNOWN if part in table}
