"""What a whole class has done: every submission of a folder, checked, counted and compared.

folder ──find_files──► files ──choose──► one a student ──check_all──► outcomes ──► ClassReport ──► HTML, CSV, exports
"""

import re
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from glasswork.classroom.class_report.choose import Submission, choose, decide
from glasswork.classroom.class_report.files import Found, find_files
from glasswork.classroom.class_report.roster import read_roster
from glasswork.classroom.class_report.run import Journal, Outcome, check_all
from glasswork.classroom.handout import WHOLE_FILE
from glasswork.classroom.report import PartReport, Status
from glasswork.errors import FileError

#: Statuses that count as done.
DONE: tuple[Status, ...] = ("done", "remark")

#: How the message of a part begins that a teacher has judged otherwise.
CORRECTED = "Corrected by the teacher"


@dataclass(frozen=True)
class Row:
    """One student's submission.

    Attributes
    ----------
    student : str
    file : str
        The place of the file in the folder.
    digest : str
        SHA-256 of the file; empty if there is none.
    parts : tuple of PartReport
        Empty if it could not be checked.
    failure : str
        Why it could not be checked.
    others : tuple of str
        The student's other files, which were not checked.
    id, email : str
        The student's, if the platform or the list of students gives them.
    notes : tuple of str
        How the file was chosen, and whether it came late.
    """

    student: str
    file: str
    digest: str = ""
    parts: tuple[PartReport, ...] = ()
    failure: str = ""
    others: tuple[str, ...] = ()
    id: str = ""
    email: str = ""
    notes: tuple[str, ...] = ()

    @property
    def counts(self) -> Counter[str]:
        """How many parts have each status."""
        return Counter(part.status for part in self.parts)

    @property
    def done(self) -> int:
        """How many parts are right; the whole file is not a part."""
        return sum(part.status in DONE and part.name != WHOLE_FILE for part in self.parts)


@dataclass(frozen=True)
class Misconception:
    """One mistake of the class: who made it, and an example."""

    part: str
    mistake: str | None  # the catalogue's id; None for one that is not in it
    status: Status  # wrong or remark
    students: tuple[str, ...]
    example: PartReport

    @property
    def says(self) -> str:
        """What the mistake is: the first sentence of the example."""
        return re.split(r"(?<=[.?!])\s", self.example.message, maxsplit=1)[0]


@dataclass(frozen=True)
class ClassReport:
    """All rows, by student, and what is counted over them."""

    rows: tuple[Row, ...]
    is_anonymous: bool = False

    @property
    def part_names(self) -> list[str]:
        """The parts that any submission has, in the order of the handout."""
        names: dict[str, None] = {}
        for row in sorted(self.rows, key=lambda row: -len(row.parts)):
            names |= dict.fromkeys(part.name for part in row.parts)
        return list(names)

    @property
    def checked(self) -> list[Row]:
        """The rows that could be checked."""
        return [row for row in self.rows if not row.failure]

    def statuses(self, part_name: str) -> Counter[str]:
        """How many submissions have each status in one part."""
        return Counter(part.status for row in self.rows for part in row.parts if part.name == part_name)

    def misconceptions(self) -> list[Misconception]:
        """The mistakes and remarks, the most common first."""
        order = {name: i for i, name in enumerate(self.part_names)}
        cases: dict[tuple[str, str, str], list[tuple[str, PartReport]]] = {}
        for row in self.rows:
            for part in row.parts:
                if part.status in ("wrong", "remark") and not part.message.startswith(CORRECTED):
                    key = (part.status, part.name, part.mistake or part.message)  # what has no name is not counted up
                    cases.setdefault(key, []).append((row.student, part))
        found = [
            Misconception(name, made[0][1].mistake, made[0][1].status, tuple(who for who, _ in made), _example(made))
            for (_, name, _), made in cases.items()
        ]
        return sorted(found, key=lambda one: (one.status != "wrong", -len(one.students), order[one.part]))

    def copies(self) -> list[tuple[str, ...]]:
        """Students who handed in the very same file."""
        same: dict[str, list[str]] = {}
        for row in self.rows:
            if row.digest:
                same.setdefault(row.digest, []).append(row.student)
        return [tuple(who) for who in same.values() if len(who) > 1]


def _example(made: Sequence[tuple[str, PartReport]]) -> PartReport:
    """Return the case that most resembles the others: the most common line, the first of its kind."""
    common = Counter(part.code.strip() for _, part in made if part.code).most_common(1)
    wanted = common[0][0] if common else ""
    return next(part for _, part in made if part.code.strip() == wanted or not wanted)


def report_class(
    source: Path,
    kept: Journal,
    *,
    time_limit: float,
    sizes: dict[str, int] | None = None,
    roster: Path | None = None,
    workers: int | None = None,
    unsafe: bool = False,
    on_start: Callable[[int, int], None] = lambda total, known: None,
    on_result: Callable[[], None] = lambda: None,
) -> ClassReport:
    """Check every submission of a folder.

    Parameters
    ----------
    source : Path
        A folder, or a zip archive, as a learning platform gives it.
    kept : Journal
        The results of an interrupted report; new ones are added.
    time_limit : float
        Seconds that one submission may take.
    sizes : dict, optional
        Of the sets: those that each file states unless given.
    roster : Path, optional
        A table of the students, of whom those without a submission are listed, too.
    workers : int, optional
        How many are checked at once; as many as there are processors and memory for, unless told otherwise.
    unsafe : bool
        Run the submissions even where bubblewrap cannot keep them apart.
    on_start, on_result : callable
        Told how many files there are and how many are known already; called for each that is done.

    Returns
    -------
    ClassReport

    Raises
    ------
    FileError
        If there is nothing to check.
    """
    with tempfile.TemporaryDirectory(prefix="glasswork-") as scratch:
        found = find_files(source, Path(scratch))
        if not any(one.is_work for one in found):
            raise FileError(f"{source}: no notebook, script or archive of them in here; is it the right folder?")
        chosen = choose(found, read_roster(roster) if roster is not None else None)
        files = [file for one in chosen for file in (one.file, *one.rivals)]
        paths = {file.digest: file.path for file in files if file is not None and file.path is not None}
        new = {digest: path for digest, path in paths.items() if digest not in kept.outcomes}
        on_start(len(paths), len(paths) - len(new))
        for digest, outcome in check_all(new, time_limit=time_limit, sizes=sizes, workers=workers, unsafe=unsafe):
            kept.add(digest, outcome)
            on_result()

    def done(file: Found) -> int:
        return sum(part.status in DONE for part in kept.outcomes[file.digest].parts) if file.path is not None else -1

    rows = [_row(decide(one, done), kept.outcomes) for one in chosen]
    return ClassReport(tuple(rows))


def _row(one: Submission, outcomes: Mapping[str, Outcome]) -> Row:
    """Return a student's row: with the verdicts, or why there are none."""
    digest = one.file.digest if one.file is not None else ""
    outcome = outcomes[digest] if one.path is not None else Outcome(failure=one.problem)
    return Row(
        one.student,
        one.file.name if one.file is not None else "",
        digest,
        outcome.parts,
        outcome.failure,
        one.others,
        one.id,
        one.email,
        one.notes,
    )
