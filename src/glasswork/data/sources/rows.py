"""Tables of words in any form, as rows of cells: CSV, TSV, words separated by spaces, or JSON lines."""

import csv
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from glasswork.data.sources.peek import explained
from glasswork.data.sources.places import PICTURE_SUFFIXES
from glasswork.data.sources.text import open_text
from glasswork.errors import InputError

#: The suffixes of pictures.
SUFFIXES = (*PICTURE_SUFFIXES, ".heic", ".jp2", ".avif")


@dataclass(frozen=True)
class Table:
    """Rows of a table, and the names of its columns, which may be empty."""

    header: tuple[str, ...]
    rows: list[list[str]]


def read_table(path: Path, count: int | None = None) -> Table:
    """Read the rows of a table, or the first ones, as cells of text.

    Parameters
    ----------
    path : Path
    count : int, optional
        The number of lines that are read; by default all.

    Raises
    ------
    InputError
        If a line of JSON does not hold an object.
    """
    with explained(path), open_text(path) as stream:
        lines = islice((line for line in stream if line.strip()), count)
        first = next(lines, "")
        text = chain([first] if first else [], lines)
        if first.lstrip().startswith("{"):
            return _json_lines(path, text)
        rows = list(_rows(text))
    if not rows:
        return Table((), [])
    header = not any(cell.lower().endswith(SUFFIXES) for cell in rows[0]) and len(rows) > 1
    return Table(tuple(rows[0]) if header else (), rows[1:] if header else rows)


def _json_lines(path: Path, lines: Iterator[str]) -> Table:
    rows: list[dict[str, str]] = []
    header: dict[str, None] = {}
    for number, line in enumerate(lines, 1):
        try:
            facts = json.loads(line)
            row = {key: "" if value is None else str(value) for key, value in facts.items()}
        except (ValueError, AttributeError, RecursionError):
            raise InputError(f"{path.name}, line {number:,}: expected a JSON object, got {line[:60]!r}") from None
        rows.append(row)
        header |= dict.fromkeys(row)
    return Table(tuple(header), [[row.get(key, "") for key in header] for row in rows])


def _rows(lines: Iterator[str]) -> Iterator[list[str]]:
    """Yield the cells of each line; the first lines show what separates them."""
    start = list(islice(lines, 20))
    if start and (hint := re.fullmatch(r'(?i)"?sep=(.)"?\s*', start[0])):
        separator: str | None = hint[1]
        start = start[1:]
    else:
        separator = next((sign for sign in ",;\t|" if _parts_equally(start, sign)), None)
    text = chain(start, lines)
    if separator is not None:
        for row in csv.reader(text, delimiter=separator, skipinitialspace=True):
            yield [cell.strip() for cell in row]
        return
    even = len({len(line.split()) for line in start}) == 1
    even = even and not all(line.rsplit(maxsplit=1)[0].lower().endswith(SUFFIXES) for line in start)
    for line in text:
        yield line.split() if even else line.rsplit(maxsplit=1)  # a path may have spaces in it


def _parts_equally(lines: Sequence[str], separator: str) -> bool:
    counts = {len(row) for row in csv.reader(lines, delimiter=separator)}
    return len(counts) == 1 and counts != {1}
