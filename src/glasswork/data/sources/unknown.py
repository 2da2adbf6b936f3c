"""What a source is that no reader recognised, in words that show how to mend it."""

from collections import Counter
from contextlib import suppress

from glasswork.data.foreign import foreign
from glasswork.data.sources.cells import is_number
from glasswork.data.sources.listing import MOST_COLUMNS, SAMPLE, names_nothing
from glasswork.data.sources.listing_columns import TABLE_FORMS
from glasswork.data.sources.peek import Peek
from glasswork.data.sources.places import Folder
from glasswork.data.sources.rows import read_table
from glasswork.data.sources.table import SEPARATORS, first_lines, split_line
from glasswork.data.sources.text import is_text
from glasswork.errors import GlassworkError

#: A table with more columns is meant to hold numbers.
_FEW = 8


def describe_unknown(source: Peek) -> str:
    """Describe a source that was not recognised: the columns of a table, or a file in a folder that is not data."""
    if not source.is_folder:
        return _describe_text(source) or f"it begins with {source.head[:16]!r}"
    folder = Folder(source.path)
    for place in folder.walk():
        for path in place.files[:20]:
            with path.open("rb") as stream:
                what = foreign(stream.read(4096))
            if what is not None:
                return f"in this folder, {path.name} is {what}"
            if (problem := names_nothing(path)) is not None:
                return f"in this folder, {problem}"
    left_out = f"; not used: {'; '.join(folder.left_out[:3])}" if folder.left_out else ""
    return f"nothing in this folder was recognised{left_out}"


def _describe_text(source: Peek) -> str | None:
    """Describe a text that holds neither pixels nor pictures; None if it has no columns."""
    if not is_text(source.head):
        return None
    if source.head.lstrip()[:1] in (b"{", b"["):
        return (
            'a JSON document; a table of pictures in JSON has one object on each line: {"file_name": "1.png", '
            '"label": "cat"}'
        )
    with suppress(GlassworkError):
        if (problem := _odd_line_or_cell(source)) is not None:
            return problem
        table = read_table(source.path, SAMPLE)
        shown = table.header or tuple(table.rows[0] if table.rows else ())
        even = len(table.rows) > 1 and all(len(row) == len(shown) for row in table.rows)
        if even and 1 < len(shown) <= MOST_COLUMNS:
            return f"a table with the columns {', '.join(shown)[:200]}; {TABLE_FORMS}"
    return None


def _odd_line_or_cell(source: Peek) -> str | None:
    """Name the line of a table that has other columns than most lines, or a cell that is not a number."""
    lines = first_lines(source.path, 20)
    if not lines:
        return None
    for separator in SEPARATORS:
        rows = [split_line(line, separator) for line in lines]
        columns, count = Counter(map(len, rows)).most_common(1)[0]
        if columns < 3 or count <= len(rows) / 2:
            continue
        odd = next((line for line, row in zip(lines, rows, strict=True) if len(row) != columns), None)
        if odd is not None:
            return f"most lines have {columns:,} columns, but not {odd.strip()[:60]!r}; remove this line"
        if columns <= _FEW:
            return None
        wrong = next((cell for cell in rows[-1][::-1] if not is_number(cell)), "")
        return (
            f"a table of {columns:,} columns, but most of its cells are not numbers, such as {wrong[:40]!r}; save "
            "numbers without signs and units"
        )
    return None
