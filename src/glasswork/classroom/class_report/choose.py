"""Which file of each student is checked: the newest that holds the classwork.

files ──authors──► by student ──► those that hold the classwork ──► the newest ──► the fullest ──► most parts done

The last step needs the verdicts: `decide` takes it for the files between which nothing else decides.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from glasswork.classroom.class_report.files import Found
from glasswork.classroom.class_report.names import Author, authors
from glasswork.classroom.class_report.roster import Member, by_family_name, labels, match

#: What a file of the classwork holds.
_LANDMARKS = re.compile(rb"class (?:Linear|Sigmoid|MSELoss|SGD|MLP)\b|def (?:minibatch_generator|train|valid)\b")

#: How the note begins that says by which rule a file was chosen.
_ONE_OF = "one of"

#: Notes for the teacher alone, on a student whom the list of the class does not have for certain.
UNLISTED, SEVERAL = "not on the list", "several on the list have this name, and none this id"

#: How the note begins on a file that others handed in, too; it holds their names, so no student reads it.
SAME = "the very same file as"


@dataclass(frozen=True)
class Submission:
    """One student, and the file to check.

    Attributes
    ----------
    student : str
        The name, with the id where two have the same.
    id, email : str
        Of the list of students, else the platform's id; empty if nobody knows.
    file : Found or None
        None if nothing was handed in.
    problem : str
        The reason, if there is no file to check; otherwise empty.
    others : tuple of str
        The student's other files.
    notes : tuple of str
        What a teacher should know: late, the newest of several, not on the list.
    rivals : tuple of Found
        Files of the same attempt that are taken in place of this one if more of their parts are done.
    """

    student: str
    id: str = ""
    email: str = ""
    file: Found | None = None
    problem: str = ""
    others: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    rivals: tuple[Found, ...] = ()

    @property
    def path(self) -> Path | None:
        """The file that can be read."""
        return self.file.path if self.file is not None else None


def choose(found: Sequence[Found], members: Sequence[Member] | None = None) -> list[Submission]:
    """Return one submission a student.

    Parameters
    ----------
    found : sequence of Found
    members : sequence of Member, optional
        The list of the class; those who handed in nothing get an entry, too.

    Returns
    -------
    list of Submission
    """
    people: dict[str, Author] = {}
    files: dict[str, list[tuple[Author, Found]]] = defaultdict(list)
    owners = authors([one.place for one in found], [one.is_work for one in found])
    for author, one in zip(owners, found, strict=True):
        if author is not None:
            people.setdefault(author.key, author)
            files[author.key].append((author, one))
    who = match(members or (), list(people.values()))
    names = labels(list(people.values()), who.members)
    submissions = []
    for key, pairs in files.items():
        note = ""
        if members is not None and key not in who.members:
            note = SEVERAL if key in who.unclear else UNLISTED
        submissions.append(_of_one(names[key], who.members.get(key), pairs, note))
    submissions += [
        Submission(one.name, "".join(one.ids[:1]), one.email, problem=problem) for one, problem in who.missing
    ]
    return sorted(submissions, key=lambda one: by_family_name(one.student))


def decide(one: Submission, done: Callable[[Found], int]) -> Submission:
    """Return a submission with the one of its files of which most parts are done, and a note that says so.

    Parameters
    ----------
    one : Submission
    done : callable
        How many parts of a file are done.
    """
    if one.file is None or not one.rivals:
        return one
    files = (one.file, *one.rivals)
    best = max(files, key=done)  # the first of equals
    if done(best) > done(one.file):
        why = f"{len(files)} files of one attempt: {best.place[-1]} was taken, which has most parts done"
    elif any((best.kind, best.changed) == (rival.kind, rival.changed) for rival in one.rivals):
        why = f"{len(files)} files of one time: {best.place[-1]} was taken"
    else:
        return one
    others = tuple(file.name for file in files if file is not best)
    rest = tuple(name for name in one.others if name not in (best.name, *others))
    notes = tuple(note for note in one.notes if not note.startswith(_ONE_OF))
    return replace(one, file=best, problem=best.problem, others=(*others, *rest), notes=(*notes, why))


def _of_one(name: str, member: Member | None, files: Sequence[tuple[Author, Found]], note: str) -> Submission:
    """Return a student's submission."""
    id_ = (member.ids[0] if member and member.ids else files[0][0].id) or ""
    email = member.email if member else ""
    of_list = (note,) if note else ()
    work = [pair for pair in files if pair[1].is_work]
    if not work:
        kinds = sorted({one.place[-1] for _, one in files} - {""})
        problem = f"no notebook or script, only {', '.join(kinds)}" if kinds else files[0][1].problem
        return Submission(name, id_, email, files[0][1], problem, notes=of_list)
    marks = {id(one): _landmarks(one) for _, one in work}
    most = max(marks.values())
    able = [pair for pair in work if marks[id(pair[1])] >= max(most / 2, min(most, 0))]

    def rank(pair: tuple[Author, Found]) -> tuple[object, ...]:
        author, one = pair
        return author.attempt, marks[id(one)], one.kind == ".ipynb", one.changed, one.name

    author, chosen = max(able, key=rank)
    alike = [one for by, one in able if by.attempt == author.attempt]
    newest = {one.kind: max(other.changed for other in alike if other.kind == one.kind) for one in alike}
    rivals = tuple(one for one in alike if one is not chosen and one.changed == newest[one.kind])
    others = tuple(one.name for _, one in sorted(work, key=rank, reverse=True) if one is not chosen)
    notes: tuple[str, ...] = ("late",) if author.is_late else ()
    if len({one.attempt for one, _ in able}) > 1:
        notes += (f"newest of {len({one.attempt for one, _ in able})} attempts",)
    elif len(able) > 1:
        why = _why(chosen, able, marks)
        notes += (f"{_ONE_OF} {len(able)} files of one attempt: {chosen.place[-1]} was taken, {why}",)
    elif others:
        notes += ("the one file that holds the classwork",)
    return Submission(name, id_, email, chosen, chosen.problem, others, notes + of_list, rivals)


def _why(chosen: Found, able: Sequence[tuple[Author, Found]], marks: dict[int, int]) -> str:
    """Return by which rule a file was chosen of those that were handed in at the same time."""
    alike = [one for _, one in able if marks[id(one)] == marks[id(chosen)]]
    if len(alike) == 1:
        return "the fullest"
    kinds = [one for one in alike if one.kind == chosen.kind]
    return "the notebook" if len(kinds) == 1 else "last changed"


def _landmarks(one: Found) -> int:
    """Return how much of the classwork a file holds; -1 if it was refused."""
    return -1 if one.path is None else len(set(_LANDMARKS.findall(one.path.read_bytes())))
