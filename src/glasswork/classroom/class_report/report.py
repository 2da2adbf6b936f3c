"""What a whole class has done: every submission of a folder, checked, counted and compared.

folder ──find_files──► files ──choose──► one a student ──check_all──► outcomes ──► ClassReport ──► HTML, CSV, exports
"""

import io
import re
import tempfile
import tokenize
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from glasswork.classroom.class_report.files import Found, find_files
from glasswork.classroom.class_report.names import student_of, students
from glasswork.classroom.class_report.run import Journal, Outcome, check_all
from glasswork.classroom.report import PartReport, Status
from glasswork.errors import FileError

#: Statuses that count as done.
DONE: tuple[Status, ...] = ("done", "remark")

#: What a file of the classwork holds; of a student's several files, the one with most of them is checked.
_LANDMARKS = re.compile(rb"class (?:Linear|Sigmoid|MSELoss|SGD|MLP)\b|def (?:minibatch_generator|train|valid)\b")


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
    """

    student: str
    file: str
    digest: str = ""
    parts: tuple[PartReport, ...] = ()
    failure: str = ""
    others: tuple[str, ...] = ()

    @property
    def counts(self) -> Counter[str]:
        """How many parts have each status."""
        return Counter(part.status for part in self.parts)

    @property
    def done(self) -> int:
        """How many parts are right."""
        return sum(self.counts[status] for status in DONE)


@dataclass(frozen=True)
class Misconception:
    """One mistake of the class: who made it, and an example."""

    part: str
    mistake: str | None  # the catalogue's id; None for all mistakes of the part that are not in it
    status: Status  # wrong or remark
    students: tuple[str, ...]
    example: PartReport


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
                if part.status in ("wrong", "remark"):
                    key = (part.status, part.name, part.mistake or "")
                    cases.setdefault(key, []).append((row.student, part))
        found = [
            Misconception(name, mistake or None, made[0][1].status, tuple(who for who, _ in made), _example(made))
            for (_, name, mistake), made in cases.items()
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
    journal: Path,
    *,
    time_limit: float,
    anonymous: bool = False,
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
    journal : Path
        The file that keeps the results of an interrupted report; it is created if necessary.
    time_limit : float
        Seconds that one submission may take.
    anonymous : bool
        Replace names by numbers.
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
        chosen = list(_choose(find_files(source, Path(scratch))))
        if not chosen:
            raise FileError(f"{source}: no notebook, script or archive of them in here; is it the right folder?")
        paths = {one.digest: one.path for _, one, _ in chosen if one.path is not None}
        kept = Journal(journal, time_limit)
        new = {digest: path for digest, path in paths.items() if digest not in kept.outcomes}
        on_start(len(paths), len(paths) - len(new))
        for digest, outcome in check_all(new, time_limit=time_limit, workers=workers, unsafe=unsafe):
            kept.add(digest, outcome)
            on_result()
    rows = []
    for student, one, others in chosen:
        outcome = kept.outcomes[one.digest] if one.path else Outcome(failure=one.problem)
        rows.append(Row(student, one.name, one.digest, outcome.parts, outcome.failure, others))
    rows.sort(key=lambda row: (row.student.casefold(), row.file))
    return ClassReport(tuple(_anonymous(rows) if anonymous else rows), anonymous)


def _choose(found: Sequence[Found]) -> Iterator[tuple[str, Found, tuple[str, ...]]]:
    """Yield for each student the file to check, or one that was refused, and the names of the other files."""
    names = students([one.place for one in found])
    by_student = sorted(zip(names, found, strict=True), key=lambda pair: pair[0])
    for student, group in groupby(by_student, key=lambda pair: pair[0]):
        files = sorted((one for _, one in group), key=_suitability, reverse=True)
        yield student, files[0], tuple(one.name for one in files[1:])


def _suitability(one: Found) -> tuple[int, bool, str]:
    """Return a key that is larger, the more a file looks like the classwork; a notebook beats the same as a script."""
    if one.path is None:
        return -1, False, one.name
    landmarks = len(set(_LANDMARKS.findall(one.path.read_bytes())))
    return landmarks, one.path.suffix == ".ipynb", one.name


def _anonymous(rows: Sequence[Row]) -> Iterator[Row]:
    """Yield the rows with numbers for names, in an order that says nothing about names."""
    for number, row in enumerate(sorted(rows, key=lambda row: (row.digest, row.file)), 1):
        words = re.findall(r"\w{3,}", row.student) + re.findall(r"\w{3,}", student_of(row.file.split("/")) or "")
        parts = tuple(
            replace(part, code=_without(words, _uncommented(part.code)), message=_without(words, part.message))
            for part in row.parts
        )
        suffix = Path(row.file).suffix
        yield replace(row, student=f"Student {number:03d}", file=f"{number:03d}{suffix}", parts=parts, others=())


def _without(words: Sequence[str], text: str) -> str:
    """Return a text without the words of a name, as in a comment; whole words only."""
    for word in words:
        text = re.sub(rf"\b{re.escape(word)}\b", "…", text, flags=re.IGNORECASE)
    return text


def _uncommented(line: str) -> str:
    """Return a line of Python without its comment, where names are often written."""
    try:
        for token in tokenize.generate_tokens(io.StringIO(line.strip()).readline):
            if token.type == tokenize.COMMENT:
                return line.strip()[: token.start[1]].rstrip()
    except (tokenize.TokenError, SyntaxError):  # a line that goes on in the next one, or is not Python
        return line.split("#", maxsplit=1)[0].rstrip()
    return line
