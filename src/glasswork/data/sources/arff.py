"""ARFF: the format of Weka and OpenML, a table whose columns are declared before it."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from glasswork.data.sources.cells import is_number
from glasswork.data.sources.columns import Columns
from glasswork.data.sources.found import Block, Found, Part
from glasswork.data.sources.labels import numbers_or_words
from glasswork.data.sources.limits import check_asked, sparse_capacity
from glasswork.data.sources.peek import Peek, explained, packing_of
from glasswork.data.sources.table import parse_blocks
from glasswork.data.sources.text import open_text
from glasswork.errors import InputError

_ATTRIBUTE = re.compile(r"""@attribute\s+('[^']*'|"[^"]*"|\S+)\s+(.+)""", re.IGNORECASE)
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'")
_MISSING = re.compile(r"(^|,)\s*\?\s*(?=,|$)")
_WEIGHT = re.compile(r",\s*\{[^{},]*\}$")
_PAIR = re.compile(r"""\s*([^\s,]+)\s+('(?:[^'\\]|\\.)*'|"[^"]*"|[^,]*)\s*(?:,|$)""")
_LABELS = ("class", "label", "target", "digit", "y", "category")


def recognise(source: Peek) -> str | None:
    """Return how the file was recognised, or None."""
    lines = (line.strip().lower() for line in source.head.removeprefix(b"\xef\xbb\xbf").split(b"\n"))
    first = next((line for line in lines if line and not line.startswith(b"%")), b"")
    return "it begins with @relation" if first.startswith(b"@relation") else None


def read(source: Peek) -> Found:
    """Find the columns that a file declares."""
    with explained(source.path):
        attributes = _attributes(source.path)
        nominal = {k: _choices(kind) for k, (_, kind) in enumerate(attributes) if kind.startswith("{")}
    names = tuple(name for name, _ in attributes)
    if (empty := next((k for k, choices in nominal.items() if not choices), None)) is not None:
        raise InputError(f"the attribute {names[empty]} has no values: {{}}; correct its line")
    label = next((k for k, name in enumerate(names) if name.lower() in _LABELS), None)
    label = label if label is not None else max(nominal, default=None)
    words = {k: choices[0] for k, choices in nominal.items() if not all(map(is_number, choices))}
    words |= {k: kind for k, (_, kind) in enumerate(attributes) if kind.lower().startswith(("string", "date"))}
    columns = Columns(names, len(names), label, words=words)
    if not columns.pixels:
        raise InputError("no attributes that could be pixels")
    found = Found("ARFF", "", {})
    left_out = [nominal[k][0] if k in nominal else "" if k in words else "0" for k in range(len(names))]

    def use(chosen: Columns) -> None:
        found.parts = {"all": Part(lambda: _blocks(source.path, chosen, left_out, found))}
        found.columns, found.label = chosen.names, "" if chosen.label is None else names[chosen.label]
        found.unused = chosen.unused
        found.where = lambda row, place: f"row {row + 1:,}, {chosen.name(chosen.pixels[place])}"

    use(columns)
    found.choose = lambda *wanted: use(columns.choosing(*wanted))
    choices = nominal.get(label) if label is not None else None
    if choices and (values := numbers_or_words(np.array(choices))).dtype.kind == "i":
        found.names = dict(zip(values.tolist(), choices, strict=True))
    elif choices:
        found.names, found.labels_of = choices, lambda labels: labels.astype(str)
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
    words = next(csv.reader([kind.strip("{} ")], quotechar="'", skipinitialspace=True), [])
    return [word.strip().strip("'\"") for word in words]


def _blocks(path: Path, columns: Columns, left_out: list[str], found: Found) -> Iterator[Block]:
    with explained(path), open_text(path) as stream:
        yield from parse_blocks(_rows(stream, left_out, columns, found, path), ",", columns, 0, found)


def _rows(lines: Iterator[str], left_out: list[str], columns: Columns, found: Found, path: Path) -> Iterator[str]:
    """Yield the lines of data as lines of CSV, without comments; sparse rows get the values that they leave out."""
    for line in lines:
        if line.strip().lower().startswith("@data"):
            break
    most, sparse = sparse_capacity(path, packing_of(path)), 0
    for line in lines:
        text = line.strip()
        if not text or text.startswith("%"):
            continue
        if _WEIGHT.search(text):
            found.note("the weights of the rows, in braces, are not used")
            text = _WEIGHT.sub("", text)
        if not text.startswith("{"):
            yield _MISSING.sub(r"\1", _QUOTED.sub(r'"\1"', text))
            continue
        if columns.label is not None and left_out[columns.label] not in ("", "0"):
            found.note(f"a sparse row without a class has the first class, {left_out[columns.label]}, as ARFF defines")
        sparse += 1
        check_asked(path, "sparse rows", (sparse, columns.count), holds=most, mapped=True)
        yield _dense(text, left_out)


def _dense(text: str, left_out: list[str]) -> str:
    """Return ``{0 1, 3 5}`` as ``1,0,0,5``: sparse rows leave out zeros, and the first values of nominal attributes."""
    cells = [f'"{cell}"' for cell in left_out]
    inside = text.strip("{} \t")
    for pair in _PAIR.finditer(inside):
        place, value = pair[1], pair[2].strip().strip("'\"")
        if not place.isdecimal() or int(place) >= len(cells):
            raise InputError(f"a sparse row names attribute {place!r}, but there are {len(cells)} attributes")
        cells[int(place)] = "" if value == "?" else f'"{value}"'
    return ",".join(cells)
