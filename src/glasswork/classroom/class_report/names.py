"""Whose submission a file is, by the names that learning platforms give to files and folders.

A student is known by the platform's id and the name, never by a name alone: two students may have the same name.
"""

import datetime
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

#: How each platform names a student's file or folder. Moodle's number is the participant's, Canvas's first number and
#: Brightspace's first number are the user's; Blackboard gives the user name. Canvas's second number is the file's own.
PLATFORMS: dict[str, re.Pattern[str]] = {
    "Moodle": re.compile(r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_[a-z]+_?.*"),
    "Canvas": re.compile(
        r"(?P<name>[^\W_][^_]*?)(?P<late>_LATE)?_"
        r"(?!(?:19|20)\d\d_[01]?\d_[0-3]?\d(?:\D|$))"  # a date
        r"(?P<id>\d+)_\d+_(?P<file>.+)"
    ),
    "Blackboard": re.compile(r".*_(?P<name>(?P<id>[^_]+))_attempt_(?P<attempt>\d{4}(?:-\d\d){2,5}).*"),
    "Brightspace": re.compile(r"(?P<id>\d+)-\d+ - (?P<name>.+?)(?: - (?P<date>[^-]*))?"),
}

#: Files beside the folders of students that are a submission of the wrong kind; others are nobody's.
_DOCUMENTS = {".pdf", ".doc", ".docx", ".odt", ".pages", ".rtf"}


@dataclass(frozen=True)
class Author:
    """Who handed in a file, and when, as far as names tell.

    Attributes
    ----------
    key : str
        What tells this student from all others.
    name : str
    id : str
        The platform's id; empty without a platform.
    attempt : tuple of int
        Larger for a later attempt; empty if the name does not tell.
    is_late : bool
        Whether the platform says that the file came late.
    file : str
        The student's own name of the file, if the platform puts others before it.
    """

    key: str
    name: str
    id: str = ""
    attempt: tuple[int, ...] = ()
    is_late: bool = False
    file: str = ""


def authors(places: Sequence[Sequence[str]], is_work: Sequence[bool]) -> list[Author | None]:
    """Return the student of each place: by a platform's naming, else by folder, else by the file's name.

    Folders that all files have in common say nothing about a student and are left out.

    Parameters
    ----------
    places : sequence of sequences of str
        The folders and archives each file is in, the outermost first, and its own name; that of an empty folder is
        empty.
    is_work : sequence of bool
        Whether each is a notebook or a script, or would be if it could be read.

    Returns
    -------
    list of Author or None
        None for a file that is nobody's submission.
    """
    found = _by_platform(places)
    unnamed = [(tuple(place), work) for place, work, one in zip(places, is_work, found, strict=True) if one is None]
    deep = [place for place, work in unnamed if work or len(place) > 1]
    common = 0
    while deep and len({place[common] for place in deep}) == 1 and all(len(place) > common + 1 for place in deep):
        common += 1
    in_folders = any(work and len(place) > common + 1 for place, work in unnamed) or not any(is_work)

    def by_folder(place: tuple[str, ...], work: bool) -> Author | None:
        if not work:
            if deep and place[:common] != deep[0][:common]:
                return None
            is_document = PurePosixPath(place[-1]).suffix.lower() in _DOCUMENTS and any(w for _, w in unnamed)
            if not (in_folders if len(place) > common + 1 else is_document):
                return None
        name = _plain(place[min(common, len(place) - 1)])
        return Author(f"folder {name}", name)

    return [one or by_folder(tuple(place), work) for place, work, one in zip(places, is_work, found, strict=True)]


def _by_platform(places: Sequence[Sequence[str]]) -> list[Author | None]:
    """Return the student whom a platform's naming gives, or None."""
    found = [_match(place) for place in places]
    # Canvas's form is plain, so that ``mlp_2026_1125_x.py`` has it, too. In the folders of four students, it is no id;
    # a folder that Canvas wrote holds several students.
    holds: dict[tuple[str, ...], set[str]] = defaultdict(set)
    inside: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for one in found:
        if one is not None and one[0] == "Canvas":
            _, folder, author = one
            holds[folder].add(author.key)
            inside[author.key].add(folder)
    alike = {
        key
        for key, folders in inside.items()
        if len(folders) > 1 and all(len(holds[folder]) == 1 for folder in folders)
    }
    mine = [None if one is None or one[2].key in alike else one[2] for one in found]
    names = {(one.key, one.file) for one in mine if one is not None}
    return [_with_attempt(one, names) if one is not None and one.file else one for one in mine]


def _with_attempt(one: Author, names: set[tuple[str, str]]) -> Author:
    """Return Canvas's author with the attempt: a name that is handed in again gets ``-1``."""
    path = PurePosixPath(one.file)
    again = re.fullmatch(r"(.+)-(\d+)", path.stem)
    is_again = again is not None and (one.key, f"{again[1]}{path.suffix}") in names
    return replace(one, attempt=(int(one.is_late), int(again[2]) if again is not None and is_again else 0))


def _match(place: Sequence[str]) -> tuple[str, tuple[str, ...], Author] | None:
    """Return the platform, the folder that holds the name, and the student."""
    for depth, part in enumerate(place):
        for platform, pattern in PLATFORMS.items():
            if match := pattern.fullmatch(part):
                groups = match.groupdict()
                name = groups["name"].strip()
                key = f"{platform} {groups['id']} {name}"
                attempt = tuple(int(number) for number in (groups.get("attempt") or "").split("-") if number)
                late = groups.get("late") is not None
                return (
                    platform,
                    tuple(place[:depth]),
                    Author(key, name, groups["id"], attempt or _date(groups.get("date")), late, groups.get("file", "")),
                )
    return None


def _date(text: str | None) -> tuple[int, ...]:
    """Return Brightspace's date, such as ``Nov 25, 2026 1159 PM``, as numbers; nothing if it is another text."""
    try:
        return datetime.datetime.strptime(text or "", "%b %d, %Y %I%M %p").timetuple()[:5]
    except ValueError:
        return ()


def _plain(name: str) -> str:
    """Return a folder's or a file's name without what only says its type."""
    path = PurePosixPath(name)
    return path.stem if path.suffix.lower() in {".zip", ".ipynb", ".py", *_DOCUMENTS} else name
