"""Is a table one of pixels or of features? And its rows, where they are features: numbers as they stand in it.

pixel0, pixel1, ... │ 1x1, 1x2, ... │ 784 columns without names      pixels, from 0 to 255 or of another usual range
alcohol, ash, ...   │ 30 columns with fractions, or beyond 255       features: each column has a scale of its own
"""

import math
import re
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from glasswork.data.sources.found import Block, Found, Part
from glasswork.errors import GlassworkError, InputError

#: Numbers of the smallest square that is taken for an image.
_SMALLEST = 9

#: From this share on, a table's numbers are those of pixels, and the others are mistakes.
_MOSTLY = 0.99


def holds_features(found: Found) -> bool:
    """Whether the numbers of a source are features; a note says so."""
    if found.kind is not None or found.pictures or found.shape is not None or found.levels is not None:
        return found.kind == "features"
    part = next(iter(found.parts.values()), None)
    try:
        block = None if part is None else found.first_block(part)
    except GlassworkError:  # reported where everything is read
        return False
    if block is None or block.images.ndim != 2 or block.images.dtype.kind not in "uif" or not block.images.size:
        return False
    why = _why_features(block.images, found.columns)
    if why:
        found.note(f"columns are features, not pixels: {why}")
    return bool(why)


def _why_features(rows: NDArray[np.generic], names: tuple[str, ...]) -> str:
    """Return why a table holds features; empty if it holds pixels."""
    width = rows.shape[1]
    patterns = {re.sub(r"\d+", "#", name) for name in names}
    if names and (len(patterns) > 1 or "#" not in next(iter(patterns))) and width > 1:
        return f"they have names of their own, such as {', '.join(names[:3])}"
    square = width >= _SMALLEST and math.isqrt(width) ** 2 == width
    x = rows.astype(np.float64)
    known = x[np.isfinite(x)]
    whole = (known == np.trunc(known)) & (known >= 0) & (known <= 255)
    if not known.size or whole.mean() >= _MOSTLY or (rows.dtype == np.uint16 and square):
        return ""
    usual = bool(known.min() >= -1 and known.max() <= 1)
    if usual and square:
        return ""
    what = "fractions" if (known != np.trunc(known)).any() else f"numbers from {known.min():g} to {known.max():g}"
    return f"{width} columns of {what}" + ("" if square else " make no square image")


def feature_blocks(found: Found, part: Part) -> Iterator[tuple[Block, NDArray[np.float64]]]:
    """Yield the blocks of a part, each with its rows of features, ``(n, columns)``."""
    first = 0
    for block in part.blocks():
        if block.images.ndim != 2 or block.images.dtype.kind not in "uifb":
            raise InputError(f"expected rows of numbers, got {block.images.dtype} of shape {block.images.shape}")
        x = np.ascontiguousarray(block.images, np.float64)
        numbers = block.rows or range(first, first + len(x))
        first = numbers[-1] + 1 if len(numbers) else first
        if not np.isfinite(x).all():
            row, place = (int(i) for i in np.argwhere(~np.isfinite(x))[0])
            where = found.where(numbers[row], place) if found.where else f"row {numbers[row] + 1:,}, column {place + 1}"
            raise InputError(f"{where}: a missing value, got {x[row, place]}; correct or remove the row")
        yield block, x
