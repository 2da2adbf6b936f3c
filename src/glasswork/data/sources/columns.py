"""What the columns of a table hold: pixels, the label, an index; found from its header and its first rows.

label,pixel0,pixel1,...    label,1x1,1x2,...    ,label,0,1,2,...    no header, label first or last    one-hot
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from glasswork.data.sources.cells import are_numbers, columns_of_words, is_number, is_word
from glasswork.data.sources.listing_columns import TABLE_FORMS
from glasswork.errors import InputError

#: The usual names of a label column.
LABEL_NAMES = {
    "label",
    "labels",
    "class",
    "classes",
    "target",
    "targets",
    "y",
    "digit",
    "category",
    "letter",
    "character",
}
_INDICES = {"", "id", "ids", "index", "idx", "imageid", "image_id", "unnamed: 0", "row", "rowid", "row_id", "no"}
_MOST_CLASSES_IN_COLUMNS = 100

#: Labels may count up, 0, 1, 2, ...; a column that does so for more rows numbers the rows.
_MOST_IN_A_ROW = 100


@dataclass(frozen=True)
class Columns:
    """The columns of a table.

    Attributes
    ----------
    header : tuple of str
        The names; empty if the table has no header.
    count : int
        The number of columns.
    label : int or None
        The column that holds the labels.
    one_hot : tuple of int
        The columns that stand for one class each, in place of ``label``.
    index : int or None
        The column that numbers the rows.
    shape : (height, width) or None
        The height and width of an image, if the header states it.
    notes : tuple of str
        What was assumed.
    comma : bool
        Whether numbers are written with a decimal comma.
    chosen : tuple of int
        The columns that hold pixels, where a network's contract names them; else all but label and index.
    words : dict of int to str
        The columns that hold words, each with one of them.
    """

    header: tuple[str, ...]
    count: int
    label: int | None = None
    one_hot: tuple[int, ...] = ()
    index: int | None = None
    shape: tuple[int, int] | None = None
    notes: tuple[str, ...] = field(default=())
    comma: bool = False
    chosen: tuple[int, ...] = ()
    words: Mapping[int, str] = field(default_factory=dict)

    @property
    def pixels(self) -> list[int]:
        """The columns that hold pixels, in order."""
        if self.chosen:
            return list(self.chosen)
        others = {self.label, self.index, *self.one_hot}
        return [k for k in range(self.count) if k not in others]

    def choosing(self, width: int, names: tuple[str, ...], label: str) -> Columns:
        """Return these columns with those as pixels that a network takes: by their names, else if all are so many.

        Parameters
        ----------
        width : int
            How many numbers the network takes.
        names : tuple of str
            What its columns were called in training; empty if they had no names.
        label : str
            What the column of labels was called.
        """
        if names and self.header:
            chosen = tuple(k for k, name in enumerate(self.header) if name in names)
            others = [k for k in range(self.count) if k not in chosen]
            found = [self.header[k] for k in chosen]
            if twice := next((name for name in found if found.count(name) > 1), None):
                raise InputError(f"two columns are called {twice!r}, which the network takes once; remove one of them")
            kept = self.header.index(label) if label in self.header else self.label
            index = self.index if self.index in others else None
            return replace(self, chosen=chosen, label=kept if kept in others else None, one_hot=(), index=index)
        if len(self.pixels) != width and self.count == width:
            return replace(self, chosen=tuple(range(width)), label=None, one_hot=(), index=None)
        return self

    @property
    def unused(self) -> tuple[str, ...]:
        """The names of the columns that are neither inputs nor labels nor numbers of the rows."""
        used = {*self.pixels, self.label, self.index, *self.one_hot}
        return tuple(name for k, name in enumerate(self.header) if k not in used)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns that hold pixels, in order; empty where the table has no header."""
        return tuple(self.header[k] for k in self.pixels) if self.header else ()

    def refuse_words(self) -> None:
        """Raise an InputError if a column of words is among the columns of numbers."""
        if wrong := [k for k in self.pixels if k in self.words]:
            if are_numbers(shown := self.words[wrong[0]]):
                raise InputError(
                    f"{self.name(wrong[0])}: several numbers in a cell, such as {shown[:40]!r}; write each into a "
                    "column of its own"
                )
            more = f" and {len(wrong) - 1} more columns" if len(wrong) > 1 else ""
            raise InputError(
                f"{self.name(wrong[0])}{more}: words, such as {shown[:40]!r}, where a network needs numbers; "
                "remove the column, or give it numbers: a column of 0 and 1 for each word, as pandas.get_dummies does; "
                "if it holds the labels, call it label"
            )

    def name(self, k: int) -> str:
        """Return the name of a column for messages, counted from 1."""
        return f"column {k + 1}" + (f" ({self.header[k]!r})" if k < len(self.header) and self.header[k] else "")


def has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the first row of a table names the columns: it has words where the rows below have numbers.

    A header may consist of numbers: 0, 1, 2, ... if pandas counted the columns, or 5, 0, 0.1, 0.2, ... if pandas took a
    row of data for the header and made its repeated values distinct.
    """
    first, rest = rows[0], rows[1:]
    words = [k for k, cell in enumerate(first) if not is_number(cell)]
    if not rest:
        return len(words) > 1
    if len(words) == len(first):
        return True
    if any(all(k < len(row) and is_number(row[k]) for row in rest) for k in words):
        return True
    numbers = [cell for k, cell in enumerate(first) if k not in words]
    if numbers == [str(k) for k in range(len(numbers))] and len(numbers) > 3:
        return True
    return _made_distinct(numbers) and all("." not in cell for row in rest for cell in row)


def _made_distinct(cells: Sequence[str]) -> bool:
    """Return whether cells are all different, and some are another cell with .1, .2, ... appended."""
    known = set(cells)
    suffixed = [cell for cell in cells if re.fullmatch(r"\d+\.\d+", cell) and cell.split(".")[0] in known]
    return len(known) == len(cells) and len(suffixed) > 0


def find_columns(rows: Sequence[Sequence[str]], spread: Sequence[Sequence[str]] = (), *, header: bool) -> Columns:
    """Find what the columns are.

    Parameters
    ----------
    rows : sequence of rows
        The first rows of the table, the header included.
    spread : sequence of rows
        Rows from all over the table, because the first ones may all have the same class.
    header : bool
        Whether the first row is a header.

    Raises
    ------
    InputError
        If there is no row of data.
    """
    names = tuple(cell.strip() for cell in rows[0]) if header else ()
    body = rows[1:] if header else rows
    if not body:
        raise InputError("there is a header, but no rows")
    count = len(names) or len(body[0])
    body = [row for row in body if len(row) == count] or body
    lower = [name.lower() for name in names]
    notes = []
    if header and _made_distinct([name for name in names if is_number(name)]):
        notes.append("the header is a row of data that was mistaken for names and made distinct: that image is lost")
        lower = []
    label = next((k for k, name in enumerate(lower) if name in LABEL_NAMES), None)
    index = next((k for k, name in enumerate(lower) if name in _INDICES and k != label), None)
    label, index, one_hot, assumed = _by_content(body, spread, count, lower, label, index)
    names = names if lower or not header else ()
    shape = _shape_in(names, label, index)
    columns = Columns(
        names, count, label, one_hot, index, shape, (*notes, *assumed), words=columns_of_words(body, count)
    )
    if not columns.pixels:
        raise InputError(f"no column holds pixels: {TABLE_FORMS}")
    return columns


def _by_content(
    body: Sequence[Sequence[str]],
    spread: Sequence[Sequence[str]],
    count: int,
    lower: list[str],
    label: int | None,
    index: int | None,
) -> tuple[int | None, int | None, tuple[int, ...], list[str]]:
    """Complete the information in the header with that in the first rows."""
    if label is not None:
        if index is None and _counts_up(_numbers(body, count)[:, first := int(label == 0)]) and len(body) >= 10:
            index = first if lower[first] not in _like_others(lower) else None
        return label, index, (), []
    rows = [row for row in body if len(row) >= count]
    words = [k for k in range(count) if k != index and any(not is_number(row[k]) for row in rows)]
    texts = [k for k in words if all(not is_number(row[k]) and row[k] for row in rows)]
    texts = texts or [k for k in words if sum(is_word(row[k]) for row in rows) >= len(rows) / 5]
    if texts:
        distinct = {k: len({row[k] for row in rows}) for k in texts}
        label = min(texts, key=lambda k: (distinct[k] == 1, distinct[k]))
        names = [k for k in texts if k != label and 2 * distinct[k] > len(rows)]
        return label, next(iter(names), index), (), [f"labels are the words of column {label + 1}"]
    values = _numbers(body, count)
    if index is None and _counts_up(values[:, 0]) and (not _is_square(count - 1) or len(values) > _MOST_IN_A_ROW):
        index = 0
    values = _numbers([*body, *spread], count)
    rest = [k for k in range(count) if k != index]
    if one_hot := _one_hot(values, rest, lower):
        return (
            None,
            index,
            one_hot,
            [f"labels are {len(one_hot)} columns, one for each class, from column {one_hot[0] + 1}"],
        )
    odd = _odd_one(lower, rest)
    if odd is not None:
        return odd, index, (), [f"labels are column {odd + 1}, whose name is unlike the others"]
    all_pixels = _is_square(len(rest)) and not _is_square(len(rest) - 1)
    if all_pixels or (lower and _alike(lower, rest) and not _is_square(len(rest) - 1)):
        return None, index, (), ["no column holds labels"]
    first, last = rest[0], rest[-1]
    return (
        (chosen := _label_end(values, first, last)),
        index,
        (),
        [f"labels are column {chosen + 1} of {count}, as its values show"],
    )


def _numbers(body: Sequence[Sequence[str]], count: int) -> NDArray[np.float64]:
    rows = [[float(c) if is_number(c) else np.nan for c in row[:count]] for row in body if len(row) >= count]
    if not rows:
        raise InputError(f"the first row has {count} columns, but no other row has as many; correct or remove it")
    return np.array(rows)


def _counts_up(column: NDArray[np.float64]) -> bool:
    return len(column) >= 2 and bool(np.all(np.diff(column) == 1))


def _is_square(number: int) -> bool:
    return number > 3 and math.isqrt(number) ** 2 == number


def _one_hot(values: NDArray[np.float64], rest: list[int], lower: list[str]) -> tuple[int, ...]:
    """Return the block of columns at either end that hold a single 1 in each row and leave square images."""
    for classes in range(2, min(_MOST_CLASSES_IN_COLUMNS, len(rest) - 4) + 1):
        if not _is_square(len(rest) - classes):
            continue
        for block in (rest[:classes], rest[-classes:]):
            cells = values[:, block]
            if np.isin(cells, (0, 1)).all() and (cells.sum(axis=1) == 1).all() and (cells.any(axis=0).sum() > 1):
                return tuple(block)
    return ()


def _pattern(name: str) -> str:
    return re.sub(r"\d+", "#", name)


def _alike(lower: list[str], rest: list[int]) -> bool:
    return len({_pattern(lower[k]) for k in rest}) == 1


def _like_others(lower: list[str]) -> list[str]:
    """Return the names that follow the pattern that most of them follow."""
    patterns = [_pattern(name) for name in lower]
    usual = max(set(patterns), key=patterns.count)
    return [name for name, pattern in zip(lower, patterns, strict=True) if pattern == usual]


def _odd_one(lower: list[str], rest: list[int]) -> int | None:
    """Return the only column whose name does not follow the pattern of all others."""
    if len(lower) < 4:
        return None
    patterns = [_pattern(lower[k]) for k in rest]
    usual = max(set(patterns), key=patterns.count)
    odd = [k for k, pattern in zip(rest, patterns, strict=True) if pattern != usual]
    return odd[0] if len(odd) == 1 and "#" in usual else None


def _label_end(values: NDArray[np.float64], first: int, last: int) -> int:
    """Return which end holds the labels: they vary from row to row, but pixels in a corner hardly do."""

    def likeness(k: int) -> tuple[bool, bool, bool, int]:
        column = values[:, k]
        counts = np.unique(column, return_counts=True)[1]
        distinct = len(counts)
        whole = bool(np.all(column == np.trunc(column)) and column.min() >= 0 and column.max() < 62)
        varies = distinct > 1 or len(column) == 1
        return whole, varies, bool(counts.max() < 0.9 * len(column)), -abs(distinct - 10) if whole else -1000

    return first if likeness(first) >= likeness(last) else last


def _shape_in(names: Sequence[str], label: int | None, index: int | None) -> tuple[int, int] | None:
    """Return the shape that columns named 1x1 to 28x28 imply."""
    places = [re.fullmatch(r"(\d+)x(\d+)", name) for k, name in enumerate(names) if k not in (label, index)]
    if not places or not all(places):
        return None
    pairs = [(int(place[1]), int(place[2])) for place in places if place]
    high, wide = (max(pair[axis] for pair in pairs) + (min(pair[axis] for pair in pairs) == 0) for axis in (0, 1))
    return (high, wide) if high * wide == len(pairs) else None
