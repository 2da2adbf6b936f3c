"""The list of a class: who should have handed in, and which submission is whose."""

import csv
import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from glasswork.classroom.class_report.names import Author
from glasswork.errors import FileError

#: The headers of each column, without all but letters, as gradebooks write them.
_HEADERS: dict[str, re.Pattern[str]] = {
    "id": re.compile(
        "(student|user|sis|sisuser|sislogin|login|participant|orgdefined)?id|idnumber|user(name)?|login|identifier|"
        "participant|(student|matriculation)number|matrikel(nummer)?|benutzername|anmeldename|kennung|teilnehmer"
    ),
    "name": re.compile("(full|student|display|vollstandiger)?name|student"),
    "first": re.compile("(first|given|vor)(name)?|forename"),
    "last": re.compile("(last|family|sur|nach|familien)(name)?"),
    "email": re.compile("e?mail(address|adresse)?"),
}

#: Lines of a gradebook that are nobody's: Canvas's maximum of each column, and the student whom a teacher can act.
_NOBODY = ("pointspossible", "studenttest", "teststudent")


@dataclass(frozen=True)
class Member:
    """One student of the list; there may be several ids, such as a number and a user name."""

    name: str
    ids: tuple[str, ...] = ()
    email: str = ""


def read_roster(path: Path) -> list[Member]:
    """Return the students of a CSV file.

    Parameters
    ----------
    path : Path
        Its first line names the columns: an id, a name (or a first and a last name) and an e-mail address, in any
        order; other columns are ignored.

    Returns
    -------
    list of Member

    Raises
    ------
    FileError
        If it cannot be read, has no column of names or ids, or an id stands twice.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FileError(f"{path}: the list of students cannot be read ({error.strerror})") from error
    lines = _decode(content).splitlines()
    delimiter = max(",;\t", key=(lines or [""])[0].count)
    header, *rows = list(csv.reader(lines, delimiter=delimiter)) or [[]]
    columns = {
        kind: [i for i, text in enumerate(header) if one.fullmatch(_letters(text))] for kind, one in _HEADERS.items()
    }
    if not columns["name"] and not columns["id"] and not columns["last"]:
        raise FileError(
            f"{path}: expected a first line with the columns id, name and email, got {', '.join(header) or 'nothing'}"
        )
    members, lines_of = [], dict[str, int]()
    for number, row in enumerate(rows, 2):

        def cells(kind: str, row: Sequence[str] = row) -> list[str]:
            return [row[i].strip() for i in columns[kind] if i < len(row) and row[i].strip()]

        ids = tuple(re.sub(r"(?i)^(participant|teilnehmer(/in)?) *", "", text) for text in cells("id"))
        name = " ".join(cells("first")[:1] + cells("last")[:1]) or " ".join(cells("name")[:1])
        email = " ".join(cells("email")[:1])
        if not (ids or name or email) or _letters(name) in _NOBODY:
            continue
        if ids and ids[0] in lines_of:
            raise FileError(f"{path}: line {number} has the id {ids[0]} of line {lines_of[ids[0]]}; expected one each")
        lines_of |= {ids[0]: number} if ids else {}
        members.append(Member(name or email or ids[0], ids, email))
    return members


@dataclass(frozen=True)
class Match:
    """Who of the list is whom.

    Attributes
    ----------
    members : dict
        The member of each author's key.
    unclear : set of str
        The keys of authors whose name several members have.
    missing : list of (Member, str)
        The members without a submission, and what is known about them.
    """

    members: dict[str, Member]
    unclear: set[str]
    missing: list[tuple[Member, str]]


def match(members: Sequence[Member], authors: Sequence[Author]) -> Match:
    """Return who is whom, and who handed in nothing.

    An id or an e-mail address decides; a name does only if no other student, and no other submission, has it.
    """
    found = _by_id(members, authors)
    left = [one for one in members if one not in found.values()]
    by_name = defaultdict(list)
    for one in left:
        by_name[frozenset(_glued_names(one.name))].append(one)
    result = Match(found, set(), [])
    for names, same in by_name.items():
        handed_in = [one for one in authors if one.key not in found and _letters(one.name) in names]
        if len(same) == len(handed_in) == 1:
            found[handed_in[0].key] = same[0]
        elif not handed_in:
            result.missing.extend((one, "handed in nothing") for one in same)
        else:
            result.unclear.update(one.key for one in handed_in)
            if len(handed_in) < len(same):
                words = f"{len(handed_in)} of the {len(same)} students of this name handed in; the ids do not tell who"
                result.missing.extend((one, words) for one in same)
    return result


def _by_id(members: Sequence[Member], authors: Sequence[Author]) -> dict[str, Member]:
    """Return the members whose id, user name or address is that of an author or of a folder."""
    known: dict[str, Member] = {}
    for one in members:
        for text in (*one.ids, one.email, one.email.partition("@")[0]):
            if text:
                known.setdefault(text.casefold(), one)
    found: dict[str, Member] = {}
    for author in authors:
        member = known.get(author.id.casefold()) if author.id else known.get(author.name.casefold())
        if member is not None and member not in found.values():
            found[author.key] = member
    return found


def _glued_names(name: str) -> list[str]:
    """Return a name as platforms glue it together: ``adalovelace``, ``lovelaceada``."""
    words = [word for word in map(_letters, re.split(r"[\s,]+", name)) if word]
    return ["".join(words[i:] + words[:i]) for i in range(len(words))]


def by_family_name(name: str) -> tuple[str, str]:
    """Return what sorts a name: the family name, which a comma follows or which comes last, then all of it."""
    plain = re.sub(r" *\([^)]*\)$", "", name)
    family = plain.partition(",")[0] if "," in plain else (plain.split() or [""])[-1]
    return _letters(family), _letters(name)


def _letters(text: str) -> str:
    """Return the letters and digits of a text, without accents and capitals."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in plain if letter.isalnum())


def _decode(content: bytes) -> str:
    """Return the text of a table as spreadsheets save it."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def labels(authors: Sequence[Author], members: Mapping[str, Member]) -> dict[str, str]:
    """Return the name of each author's key as the report shows it: with the id where two have the same name."""
    names = {one.key: members[one.key].name if one.key in members else one.name for one in authors}
    ids = {one.key: one.id or "".join(members[one.key].ids[:1] if one.key in members else ()) for one in authors}
    count: dict[str, int] = defaultdict(int)
    for name in names.values():
        count[name.casefold()] += 1
    return {
        key: f"{name} ({ids[key] or 'folder'})" if count[name.casefold()] > 1 else name for key, name in names.items()
    }
