"""ARFF: the format of Weka and OpenML, a table whose columns are declared before it."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from glasswork.data.sources.columns import Columns
from glasswork.data.sources.found import Block, Found, Part
from glasswork.data.sources.peek import Peek, explained, open_text
from glasswork.data.sources.table import parse_blocks
from glasswork.errors import InputError

_ATTRIBUTE = re.compile(r"""@attribute\s+('[^']*'|"[^"]*"|\S+)\s+(.+)""", re.IGNORECASE)
_LABELS = ("class", "label", "target", "digit", "y", "category")


def recognise(source: Peek) -> str | None:
    """Say by what a file is recognised, or None."""
    lines = (line.strip().lower() for line in source.head.removeprefix(b"\xef\xbb\xbf").split(b"\n"))
    first = next((line for line in lines if line and not line.startswith(b"%")), b"")
    return "it begins with @relation" if first.startswith(b"@relation") else None


def read(source: Peek) -> Found:
    """Find the columns that a file declares."""
    with explained(source.path):
        attributes = _attributes(source.path)
    names = tuple(name for name, _ in attributes)
    nominal = {k: _choices(kind) for k, (_, kind) in enumerate(attributes) if kind.startswith("{")}
    label = next((k for k, name in enumerate(names) if name.lower() in _LABELS), None)
    label = label if label is not None else max(nominal, default=None)
    columns = Columns(names, len(names), label)
    if not columns.pixels:
        raise InputError("no attributes that could be pixels")
    found = Found("ARFF", "", {})
    found.parts = {"all": Part(lambda: _blocks(source.path, columns, found))}
    choices = nominal.get(label) if label is not None else None
    if choices and all(re.fullmatch(r"-?\d+", word) for word in choices):
        found.names = {int(word): word for word in choices}
    else:
        found.names = choices
    found.where = lambda row, place: f"row {row + 1:,}, {columns.name(columns.pixels[place])}"
    return found


def _attributes(path: Path) -> list[tuple[str, str]]:
    """Return the names and kinds of the columns."""
    found: list[tuple[str, str]] = []
    with open_text(path) as stream:
        for line in stream:
            if line.strip().lower().startswith("@data"):
                return found
            if match := _ATTRIBUTE.match(line.strip()):
                found.append((match[1].strip("'\""), match[2].strip()))
    raise InputError("no @data in it")


def _choices(kind: str) -> list[str]:
    return [
        word.strip().strip("'\"")
        for word in next(csv.reader([kind.strip("{} ")], quotechar="'", skipinitialspace=True))
    ]


def _blocks(path: Path, columns: Columns, found: Found) -> Iterator[Block]:
    with explained(path), open_text(path) as stream:
        yield from parse_blocks(_rows(stream, columns.count), ",", columns, 0, found)


def _rows(lines: Iterator[str], count: int) -> Iterator[str]:
    """Yield the lines of data as those of a CSV: without comments, sparse rows filled with their zeros."""
    for line in lines:
        if line.strip().lower().startswith("@data"):
            break
    for line in lines:
        text = line.strip()
        if not text or text.startswith("%"):
            continue
        yield _dense(text, count) if text.startswith("{") else text.replace("'", "").replace("?", "")


def _dense(text: str, count: int) -> str:
    """Return ``{0 1, 3 5}`` as ``1,0,0,5``: what a sparse row leaves out is 0."""
    cells = ["0"] * count
    for pair in text.strip("{} ").split(","):
        if pair.strip():
            place, _, value = pair.strip().partition(" ")
            if not place.isdecimal() or int(place) >= count:
                raise InputError(f"a sparse row with the place {place!r}, and there are {count} attributes")
            cells[int(place)] = value.strip("'\" ")
    return ",".join(cells)
