"""Whose submission a file is, by the names that learning platforms give to files and folders."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

#: How each platform names a student's file or folder; the group ``name`` is the student.
PLATFORMS: dict[str, re.Pattern[str]] = {
    "Moodle": re.compile(r"(?P<name>.+?)_\d+_assignsubmission_[a-z]+_?.*"),
    "Canvas": re.compile(r"(?P<name>[^\W_][^_]*?)(?:_LATE)?_\d+_\d+_.+"),
    "Blackboard": re.compile(r".*_(?P<name>[^_]+)_attempt_\d{4}-\d\d-\d\d-.*"),
    "Brightspace": re.compile(r"\d+-\d+ - (?P<name>.+?)(?: - .*)?"),
}


def student_of(place: Sequence[str]) -> str | None:
    """Return the student whom a platform's naming gives.

    Parameters
    ----------
    place : sequence of str
        The folders and archives a file is in, the outermost first, and its own name.

    Returns
    -------
    str or None
        None if no part of the place has a platform's form.
    """
    for part in place:
        for pattern in PLATFORMS.values():
            if match := pattern.fullmatch(part):
                return match["name"].strip()
    return None


def students(places: Sequence[Sequence[str]]) -> list[str]:
    """Return the student of each place: by a platform's naming, else by folder, else by the file's name.

    Folders that all files have in common say nothing about a student and are left out.
    """
    unnamed = [place for place in places if student_of(place) is None]
    common = 0
    while unnamed and len({place[common] for place in unnamed}) == 1 and all(len(p) > common + 1 for p in unnamed):
        common += 1
    return [student_of(place) or _plain(place[min(common, len(place) - 1)]) for place in places]


def _plain(name: str) -> str:
    """Return a folder's or a file's name without what only says its type."""
    path = PurePosixPath(name)
    return path.stem if path.suffix.lower() in {".zip", ".ipynb", ".py"} else name
