"""CSV: a table with an image a row, read by `numpy.loadtxt` block by block, which is fast and takes little memory.

A cell that is missing, too many or no pixel is named by its row and column; nothing is filled in.
"""

import csv
import math
import warnings
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glasswork.data.sources.columns import LABEL_NAMES, Columns, find_columns, has_header, is_number
from glasswork.data.sources.found import Block, Found, Part
from glasswork.data.sources.peek import Peek, explained, open_text
from glasswork.errors import FileError, InputError

#: Rows that are looked at to find out what the columns are.
SAMPLE = 300

#: Characters of text in a block.
_BLOCK = 4 << 20

_SEPARATORS = (",", ";", "\t", "|", " ")
_LONGEST_LABEL = 64


def recognise(source: Peek) -> str | None:
    """Say by what a file is recognised, or None."""
    utf16 = source.head[:2] in (b"\xff\xfe", b"\xfe\xff")
    if not source.head or (b"\0" in source.head and not utf16):
        return None
    try:
        lines = _first_lines(source.path, 3)
        separator = sniff(lines)
    except (InputError, UnicodeError):
        return None
    shown = {"\t": "tabs", " ": "spaces"}.get(separator, repr(separator))
    return f"lines of text in columns separated by {shown}"


def read(source: Peek) -> Found:
    """Find the columns of a table."""
    with explained(source.path):
        try:
            lines = _first_lines(source.path, SAMPLE)
        except UnicodeError as error:
            raise FileError(f"{source.path}: expected text in UTF-8 ({error}); save it again as UTF-8") from None
    separator = sniff(lines)
    rows = [split_line(line, separator) for line in lines]
    header = has_header(rows)
    named = header and any(cell.lower() in LABEL_NAMES for cell in rows[0])
    spread = [] if named else [split_line(line, separator) for line in _spread_lines(source.path)]
    columns = find_columns(rows, spread, header=header)
    found = Found("CSV", "", {})
    found.parts = {"all": Part(lambda: read_blocks(source.path, separator, columns, int(header), found))}
    found.shape, found.notes = columns.shape, list(columns.notes)
    found.where = lambda row, place: f"row {row + 1:,}, {columns.name(columns.pixels[place])}"
    if columns.label is not None and not columns.notes:
        found.note(f"labels are {columns.name(columns.label)}")
    if columns.index is not None:
        found.note(f"{columns.name(columns.index)} numbers the rows, and is not a pixel")
    return found


def _first_lines(path: Path, count: int) -> list[str]:
    with open_text(path) as stream:
        return [line for line in islice(stream, count + 10) if line.strip()][:count]


def _spread_lines(path: Path) -> list[str]:
    """Return every 50th line of the first 100,000: rows may be sorted by class, and the first ones be all alike."""
    with open_text(path) as stream:
        return [line for line in islice(stream, 1, 100_000, 50) if line.strip()]


def sniff(lines: Sequence[str]) -> str:
    """Return what separates the columns: a sign that every one of the first lines has, most of them equally often.

    Raises
    ------
    InputError
        If there is none.
    """
    for separator in _SEPARATORS:
        counts = [len(split_line(line, separator)) for line in lines[:20]]
        if counts and min(counts) > 1 and (max(counts) > 4 or len(set(counts)) == 1):
            cells = split_line(lines[-1], separator)
            if sum(is_number(cell) for cell in cells) >= len(cells) / 2:
                return separator
    raise InputError("no columns found in its lines")


def split_line(line: str, separator: str) -> list[str]:
    """Return the cells of a line; several spaces are one separator."""
    if separator == " ":
        return line.split()
    return [cell.strip() for cell in next(csv.reader([line.rstrip("\r\n")], delimiter=separator), [])]


# Rows -----------------------------------------------------------------------------------------------


def read_blocks(path: Path, separator: str, columns: Columns, skip: int, found: Found) -> Iterator[Block]:
    """Yield the rows of a table, block by block."""
    with explained(path), open_text(path) as stream:
        yield from parse_blocks(stream, separator, columns, skip, found)


def parse_blocks(stream: Iterable[str], separator: str, columns: Columns, skip: int, found: Found) -> Iterator[Block]:
    """Yield the rows of an open table, block by block.

    Parameters
    ----------
    stream : lines of text
    separator : str
    columns : Columns
    skip : int
        Lines before the first row.
    found : Found
        Takes the rows that are wrong, if it is lenient; else the first is an error.
    """
    dtype = _dtype(columns)
    lines = (line for line in stream if not line.isspace())
    for _ in range(skip):
        next(lines)
    first = 0
    whole = True  # whether all pixels so far were whole numbers from 0 to 255
    while block := _some(lines):
        table = _fast(block, separator, dtype) if whole else None
        if table is None:
            whole = False
            if rows := _checked(block, separator, columns, first, found):
                yield _slow(rows, columns, first, labelled=not found.lenient)
        else:
            yield _block(table, columns, first, labelled=not found.lenient)
        first += len(block)


def _some(lines: Iterator[str]) -> list[str]:
    block, length = [], 0
    for line in lines:
        block.append(line)
        length += len(line)
        if length > _BLOCK:
            break
    return block


def _dtype(columns: Columns) -> np.dtype[Any]:
    """Return the dtype of a row: one field for each run of pixels, and one for each other column."""
    fields: list[Any] = []
    pixels = set(columns.pixels)
    for k in range(columns.count):
        if k not in pixels:
            fields.append((f"c{k}", "f8" if k in columns.one_hot else f"U{_LONGEST_LABEL + 1}"))
        elif fields and fields[-1][0].startswith("p"):
            fields[-1] = (fields[-1][0], "u1", (fields[-1][2][0] + 1,))
        else:
            fields.append((f"p{k}", "u1", (1,)))
    return np.dtype(fields)


def _fast(lines: list[str], separator: str, dtype: np.dtype[Any]) -> NDArray[Any] | None:
    """Parse lines of whole numbers from 0 to 255 beside labels; None if they are anything else."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # NumPy would read 1.5 as 1, with a warning
        try:
            table = np.loadtxt(
                lines, dtype, delimiter=None if separator == " " else separator, comments=None, quotechar='"', ndmin=1
            )
        except (ValueError, OverflowError, Warning):
            return None
    return table if len(table) == len(lines) else None


def _block(table: NDArray[Any], columns: Columns, first: int, *, labelled: bool) -> Block:
    assert table.dtype.names is not None
    runs = [table[name] for name in table.dtype.names if name.startswith("p")]
    images = np.ascontiguousarray(runs[0]) if len(runs) == 1 else np.concatenate(runs, axis=1)
    labels = None
    if columns.one_hot and labelled:
        labels = np.stack([table[f"c{k}"] for k in columns.one_hot], axis=1)
    elif columns.label is not None and labelled:
        labels = _labels(table[f"c{columns.label}"], columns, first)
    names: list[str] = [] if columns.index is None else table[f"c{columns.index}"].tolist()
    return Block(images, labels, names)


def _labels(words: NDArray[np.str_], columns: Columns, first: int) -> NDArray[Any]:
    """Return labels as integers where all of a block are, else as words."""
    assert columns.label is not None
    for row, word in enumerate(words):
        if not word.strip() or word.strip().lower() in ("nan", "na", "none", "null") or len(word) > _LONGEST_LABEL:
            what = "a label that is too long" if len(word) > _LONGEST_LABEL else "a missing label"
            raise InputError(f"row {first + row + 1:,}, {columns.name(columns.label)}: {what}, got {word!r}")
    try:
        numbers = words.astype(np.float64)
    except ValueError:
        return words
    return numbers.astype(np.int64) if np.array_equal(numbers, np.trunc(numbers)) else words


def _checked(
    lines: list[str], separator: str, columns: Columns, first: int, found: Found
) -> list[tuple[list[str], list[float]]]:
    """Return the cells of each line and its pixels, and name the lines that are wrong."""
    rows = []
    for number, line in enumerate(lines, first + 1):
        cells = split_line(line, separator)
        try:
            rows.append((cells, _pixels(cells, columns, f"row {number:,}")))
        except InputError as error:
            if not found.lenient:
                raise
            found.skipped.append(str(error))
    return rows


def _pixels(cells: list[str], columns: Columns, at: str) -> list[float]:
    if len(cells) != columns.count:
        raise InputError(f"{at}, {_first_odd(cells, columns)}: expected {columns.count} columns, got {len(cells)}")
    values = []
    for k in columns.pixels:
        try:
            values.append(float(cells[k]))
        except ValueError:
            what = "expected a number" if cells[k] else "a missing value"
            raise InputError(f"{at}, {columns.name(k)}: {what}, got {cells[k]!r}; correct or remove the row") from None
        if not math.isfinite(values[-1]):
            raise InputError(f"{at}, {columns.name(k)}: a missing value, got {cells[k]!r}; correct or remove the row")
    return values


def _slow(rows: list[tuple[list[str], list[float]]], columns: Columns, first: int, *, labelled: bool) -> Block:
    """Return a block of rows that were parsed cell by cell."""
    labels = None
    if columns.one_hot and labelled:
        labels = np.array([[float(cells[k]) for k in columns.one_hot] for cells, _ in rows])
    elif columns.label is not None and labelled:
        labels = _labels(np.array([cells[columns.label] for cells, _ in rows]), columns, first)
    names = [] if columns.index is None else [cells[columns.index] for cells, _ in rows]
    return Block(np.array([pixels for _, pixels in rows]), labels, names)


def _first_odd(cells: list[str], columns: Columns) -> str:
    if len(cells) > columns.count:
        extra = cells[columns.count]
        return f"column {columns.count + 1}" + (
            " (empty: a separator at the end of the line)" if not extra else f" ({extra!r})"
        )
    return f"{columns.name(len(cells))} is missing"
