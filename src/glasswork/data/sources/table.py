"""CSV: a table with one image per row, read by `numpy.loadtxt` block by block, which is fast and needs little memory.

A cell that is superfluous or not a number is named by its row and column; one that is missing becomes NaN.
"""

import csv
import math
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glasswork.data.sources.cells import is_missing, is_number
from glasswork.data.sources.columns import LABEL_NAMES, Columns, find_columns, has_header
from glasswork.data.sources.found import Block, Found, Part, Unreadable
from glasswork.data.sources.labels import first_missing, numbers_or_words
from glasswork.data.sources.peek import Peek, explained
from glasswork.data.sources.text import describe_encoding, is_text, open_text
from glasswork.errors import InputError

#: Rows that are examined to find out what the columns hold.
SAMPLE = 300

#: The most characters and rows of text in a block: a row of two columns needs far more memory than its text.
_BLOCK, _BLOCK_ROWS = 4 << 20, 1 << 15

SEPARATORS = (",", ";", "\t", "|", " ")
_LONGEST_LABEL = 64


def recognise(source: Peek) -> str | None:
    """Return how the file was recognised, or None."""
    if source.is_folder or not is_text(source.head):
        return None
    try:
        _, separator = _without_hint(first_lines(source.path, 4))
    except InputError:
        return None
    shown = {"\t": "tabs", " ": "spaces"}.get(separator, repr(separator))
    return f"lines of text in columns separated by {shown}"


def read(source: Peek) -> Found:
    """Find the columns of a table."""
    with explained(source.path):
        lines, separator = _without_hint(all_lines := first_lines(source.path, SAMPLE))
    hint = len(all_lines) - len(lines)
    rows = [split_line(line, separator) for line in lines]
    if 2 * len(rows[0]) <= min(map(len, rows[1:]), default=0):  # a title
        raise InputError(
            f"most lines have {len(rows[1]):,} columns, but not {lines[0].strip()[:60]!r}; remove this line"
        )
    comma = _has_decimal_commas(rows)
    if comma:
        rows = [with_points(row) for row in rows]
    header = has_header(rows)
    named = header and any(cell.lower() in LABEL_NAMES for cell in rows[0])
    spread = [] if named else [split_line(line, separator) for line in _spread_lines(source.path)]
    columns = find_columns(rows, [with_points(row) for row in spread] if comma else spread, header=header)
    columns = replace(columns, comma=comma)
    found = Found("CSV", "", {})

    def use(chosen: Columns) -> None:
        found.parts = {"all": Part(lambda: read_blocks(source.path, separator, chosen, hint + header, found))}
        describe_table(found, chosen)

    use(columns)
    found.choose = lambda *wanted: use(columns.choosing(*wanted))
    if columns.index is not None:
        empty = all(not row[columns.index] for row in rows[header:] if columns.index < len(row))
        what = "is empty" if empty else "numbers or names the rows, so it is not an input"
        found.note(f"{columns.name(columns.index)} {what}")
        found.index = None if empty else columns.header[columns.index] if columns.header else ""
    if comma:
        found.note("numbers are written with a decimal comma")
    if (note := describe_encoding(source.head)) is not None:
        found.note(note)
    return found


def describe_table(found: Found, columns: Columns) -> None:
    """Note which columns of a table are its pixels and its labels."""
    found.shape, found.notes, found.columns = columns.shape, list(columns.notes), columns.names
    found.where = lambda row, place: f"row {row + 1:,}, {columns.name(columns.pixels[place])}"
    found.unused = columns.unused
    if columns.label is not None:
        found.label = columns.header[columns.label] if columns.header else ""
        if not columns.notes:
            found.note(f"labels are {columns.name(columns.label)}")


def _without_hint(lines: list[str]) -> tuple[list[str], str]:
    """Return the lines of a table and its separator, which Excel may state in a line before them: ``sep=;``."""
    if lines and (hint := re.fullmatch(r'(?i)"?sep=(.)"?\s*', lines[0])):
        return lines[1:], hint[1]
    return lines, sniff(lines)


#: A number with a decimal comma, and one that may be a whole number with a comma between its thousands.
_COMMA = re.compile(r"[-+]?\d+,\d+([eE][-+]?\d+)?")
_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(,\d{3})+")


def _has_decimal_commas(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether numbers have decimal commas: some have commas, none has a point, and these are not thousands."""
    cells = {cell for row in rows for cell in row}
    commas = [cell for cell in cells if _COMMA.fullmatch(cell)]
    points = any(re.fullmatch(r"[-+]?\d*\.\d+", cell) for cell in cells)
    return not points and any(not _THOUSANDS.fullmatch(cell) for cell in commas)


def with_points(cells: Sequence[str]) -> list[str]:
    """Return cells in which decimal commas became points."""
    return [cell.replace(",", ".") if _COMMA.fullmatch(cell) else cell for cell in cells]


def first_lines(path: Path, count: int) -> list[str]:
    """Return the first lines of a text that are not empty."""
    with open_text(path) as stream:
        return [line for line in islice(stream, count + 10) if line.strip()][:count]


def _spread_lines(path: Path) -> list[str]:
    """Return every 50th line of the first 100,000: rows may be sorted by class, so the first ones may all be alike."""
    with open_text(path) as stream:
        return [line for line in islice(stream, 1, 100_000, 50) if line.strip()]


def sniff(lines: Sequence[str]) -> str:
    """Return the separator of the columns: a sign that each of the first lines has, most of them equally often.

    Raises
    ------
    InputError
        If there is none.
    """
    for separator in SEPARATORS:
        counts = [len(split_line(line, separator)) for line in lines[:20]]
        if counts and min(counts) > 1 and (max(counts) > 4 or len(set(counts)) == 1):
            cells = split_line(lines[-1], separator)
            if sum(is_number(cell) for cell in with_points(cells)) >= len(cells) / 2:
                return separator
    raise InputError("its lines have no columns")


def split_line(line: str, separator: str) -> list[str]:
    """Return the cells of a line; several spaces are one separator."""
    if separator == " ":
        return line.split()
    try:
        return [cell.strip() for cell in next(csv.reader([line.rstrip("\r\n")], delimiter=separator), [])]
    except csv.Error as error:
        raise InputError(f"a line cannot be divided into cells ({error}): {line[:60]!r}") from None


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
        Collects the wrong rows if it is lenient; otherwise the first wrong row is an error.
    """
    columns.refuse_words()
    dtype = _dtype(columns)
    lines = (line for line in stream if not line.isspace())
    for _ in range(skip):
        next(lines)
    first = 0
    whole = True  # all pixels so far were whole numbers from 0 to 255
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
        if length > _BLOCK or len(block) >= _BLOCK_ROWS:
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
    """Parse lines of labels and whole numbers from 0 to 255; return None if they hold anything else."""
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
    return Block(images, labels, names if any(names) else [])


def _labels(words: NDArray[np.str_], columns: Columns, first: int) -> NDArray[Any]:
    """Return labels as integers if all labels of a block are, otherwise as words."""
    assert columns.label is not None
    words = np.strings.strip(words)
    lengths = np.strings.str_len(words)
    missing = first_missing(words.tolist())
    if missing is None and lengths.max(initial=0) > _LONGEST_LABEL:
        missing = int(lengths.argmax())
    if missing is not None:
        long = lengths[missing] > _LONGEST_LABEL
        what = (
            f"a label that is too long: {str(words[missing])!r}"
            if long
            else "a missing label; fill it in, or remove the row"
        )
        raise InputError(f"row {first + missing + 1:,}, {columns.name(columns.label)}: {what}")
    return numbers_or_words(words)


def _checked(
    lines: list[str], separator: str, columns: Columns, first: int, found: Found
) -> dict[int, tuple[list[str], list[float]]]:
    """Return the cells and the pixels of each row by its number from 0, and the messages about wrong rows."""
    rows = {}
    for number, line in enumerate(lines, first):
        cells = split_line(line, separator)
        if columns.comma:
            cells = with_points(cells)
        try:
            rows[number] = (cells, _pixels(cells, columns, f"row {number + 1:,}"))
        except InputError as error:
            if not found.lenient:
                raise
            name = "" if columns.index is None else "".join(cells[columns.index : columns.index + 1])
            found.skipped.append(Unreadable(str(error), row=number, name=name))
    return rows


def _pixels(cells: list[str], columns: Columns, at: str) -> list[float]:
    """Return the numbers of a row; a missing one is NaN, and whoever takes the rows decides what to do about it."""
    if len(cells) != columns.count:
        raise InputError(
            f"{at}, {_first_odd(cells, columns)}: expected {columns.count} columns, got {len(cells)}"
            + ("; are commas both decimal signs and separators?" if len(cells) > columns.count + 1 else "")
        )
    values = []
    for k in columns.pixels:
        try:
            values.append(float(cells[k]))
        except ValueError:
            values.append(math.nan)
        if math.isfinite(values[-1]) or is_missing(cells[k]):
            continue
        what = "a number" if math.isnan(values[-1]) else "a finite number"
        if _COMMA.fullmatch(cells[k]):
            what += " with a decimal point and without thousands separators"
        shown = repr(cells[k][:40])
        raise InputError(f"{at}, {columns.name(k)}: expected {what}, got {shown}; correct or remove the row")
    return values


def _slow(rows: dict[int, tuple[list[str], list[float]]], columns: Columns, first: int, *, labelled: bool) -> Block:
    """Return a block of rows that were parsed cell by cell."""
    labels = None
    if columns.one_hot and labelled:
        labels = np.array([[float(cells[k]) for k in columns.one_hot] for cells, _ in rows.values()])
    elif columns.label is not None and labelled:
        labels = _labels(np.array([cells[columns.label] for cells, _ in rows.values()]), columns, first)
    names = [] if columns.index is None else [cells[columns.index] for cells, _ in rows.values()]
    return Block(np.array([pixels for _, pixels in rows.values()]), labels, names if any(names) else [], list(rows))


def _first_odd(cells: list[str], columns: Columns) -> str:
    if len(cells) > columns.count:
        extra = cells[columns.count]
        return f"column {columns.count + 1}" + (
            " (empty: a separator at the end of the line)" if not extra else f" ({extra!r})"
        )
    return f"{columns.name(len(cells))} is missing"
