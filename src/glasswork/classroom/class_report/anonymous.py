"""The rows of a class without names: numbers for students, and no name in code, messages, hints or file names."""

import builtins
import io
import keyword
import re
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from glasswork.classroom.class_report.report import Row

#: Words of Python and of English that are names of people, too: Max, Will, Do. They are hidden with a capital only.
_PYTHON = {word.casefold() for word in (*keyword.kwlist, *dir(builtins), "self")}
_ENGLISH = re.compile("a[nst]|b[ey]|[dgsn]o|he|i[fnst]|m[aey]|may|o[fnr]|to|u[ps]|we|will|mark|test|train|valid")


#: Names that are at least so long are hidden inside longer words, too: ``lovelace_weights``, ``AdaLovelace``.
_LONG = 5


def numbered(rows: Sequence[Row]) -> dict[str, Row]:
    """Return the rows by the numbers that stand for their students, in an order that says nothing about names."""
    ordered = sorted(rows, key=lambda row: (row.digest, row.file, row.student))
    return {f"Student {number:03d}": row for number, row in enumerate(ordered, 1)}


def anonymous(rows: Sequence[Row]) -> Iterator[Row]:
    """Yield the rows with numbers for names."""
    everybody = [name for row in rows for name in _names(row)]
    all_glued = [name for row in rows for name in _glued(row)]
    for student, row in numbered(rows).items():
        hide = _pattern(_names(row), everybody, _glued(row), all_glued)
        parts = tuple(
            replace(
                part,
                code=hide.sub("…", _uncommented(part.code)),
                message=hide.sub("…", part.message),
                hints=tuple(hide.sub("…", hint) for hint in part.hints),
            )
            for part in row.parts
        )
        yield replace(
            row,
            student=student,
            id="",
            email="",
            file=f"{student[-3:]}{Path(row.file).suffix}" if row.file else "",
            parts=parts,
            failure=hide.sub("…", row.failure),
            notes=tuple(hide.sub("…", note) for note in row.notes),
            others=(),
        )


def _names(row: Row) -> list[str]:
    """Return the words by which a student may be called: names, user name, ids."""
    text = f"{row.student} {row.id} {row.email.partition('@')[0]} {_owner(row)}"
    words = [*re.findall(r"[^\W\d_]{2,}|\d{4,}", text), row.id]
    return [word for word in dict.fromkeys(words) if len(word) > 1 and word not in ("folder", "LATE")]


def _owner(row: Row) -> str:
    """Return what the name of the file says of the student, as Canvas's ``lovelaceada``."""
    return " ".join(re.split(r"_(?:LATE_)?\d+_", part)[0] for part in row.file.split("/") if re.search(r"_\d+_", part))


def _glued(row: Row) -> list[str]:
    """Return names that are glued together, of which a piece may stand in the code: ``lovelaceada`` and ``Ada``."""
    return [name for name in _names(row) if name.isalpha() and len(name) > _LONG]


def _pattern(
    own: Sequence[str], everybody: Sequence[str], glued: Sequence[str], all_glued: Sequence[str]
) -> re.Pattern[str]:
    """Return a pattern that finds the student's names in any case, and those of the others as they are written."""
    pieces = []
    for word in sorted(set(own), key=len, reverse=True):
        if _is_word(word):
            pieces.append(_alone(word.title()))
        else:
            pieces.append(f"(?i:{re.escape(word) if len(word) >= _LONG else _alone(word)})")
            pieces += [_alone(word.title())]
    pieces += [
        _alone(form)
        for word in sorted(set(everybody))
        if word.isalpha()
        for form in {word.title(), word}
        if not _is_word(word) or form != word.casefold()
    ]
    for word in dict.fromkeys((*glued, *all_glued)):  # a word that the glued name begins or ends with
        least = 3 if word in glued else _LONG
        ends = {word[:n] for n in range(least, len(word))} | {word[n:] for n in range(1, len(word) - least + 1)}
        ends = {end for end in ends if not _is_word(end)} or {word}
        pieces.append(f"(?i:(?<![^\\W\\d_])(?:{'|'.join(sorted(ends, key=len, reverse=True))})(?![^\\W\\d_]))")
    return re.compile("|".join(pieces) or r"(?!)")


def _is_word(name: str) -> bool:
    return name.casefold() in _PYTHON or _ENGLISH.fullmatch(name.casefold()) is not None


def _alone(word: str) -> str:
    """Return a pattern of a word with no letter beside it: ``ada_weights`` holds it, ``adam`` does not."""
    return rf"(?<![^\W\d_]){re.escape(word)}(?![^\W\d_])"


def _uncommented(line: str) -> str:
    """Return a line of Python without its comment, where names are often written."""
    try:
        for token in tokenize.generate_tokens(io.StringIO(line.strip()).readline):
            if token.type == tokenize.COMMENT:
                return line.strip()[: token.start[1]].rstrip()
    except (tokenize.TokenError, SyntaxError):  # a line that goes on in the next one, or is not Python
        return line.split("#", maxsplit=1)[0].rstrip()
    return line
