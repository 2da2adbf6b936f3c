"""What one cell of a table holds: a number, the sign of a missing number, or a word."""

import math
import re
from collections.abc import Sequence

#: What a table has in place of a number that is missing; among labels, all but the empty cell are words.
_MISSING = {"", "nan", "na", "n/a", "null", "none", "?"}


#: Several numbers in a cell, as pandas writes an array.
_SEVERAL = re.compile(r"[\[(]?\s*-?[\d.]+([\s,;]+-?[\d.]+){3,}.*")


def is_missing(cell: str) -> bool:
    """Return whether a cell in a column of numbers says that its number is missing."""
    return cell.lower() in _MISSING


def is_number(cell: str) -> bool:
    """Return whether a cell holds a number; ``inf``, ``nan`` and ``1_000`` are words."""
    try:
        return math.isfinite(float(cell)) and "_" not in cell
    except ValueError:
        return False


def is_word(cell: str) -> bool:
    """Return whether a cell holds neither a number nor the sign of a missing one."""
    return not is_number(cell) and not is_missing(cell)


def are_numbers(cell: str) -> bool:
    """Return whether a cell holds several numbers, such as all pixels of an image."""
    return _SEVERAL.fullmatch(cell) is not None


def columns_of_words(body: Sequence[Sequence[str]], count: int) -> dict[int, str]:
    """Return the columns in which most cells that are filled in are words, each with the first one."""
    found = {}
    for k in range(count):
        given = [row[k] for row in body if k < len(row) and not is_missing(row[k])]
        words = [cell for cell in given if not is_number(cell)]
        if 2 * len(words) > len(given):
            found[k] = words[0]
    return found
