"""Sources that hold features: recognised by their numbers and names, and read as they stand."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from glasswork.data.kinds import why_features
from glasswork.data.sources.found import Block, Found, Part
from glasswork.errors import GlassworkError, InputError


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
    why = why_features(block.images, found.columns)
    if why:
        found.note(f"columns are features, not pixels: {why}")
    return bool(why)


def holds_rows(found: Found) -> bool:
    """Whether a source holds rows of numbers, and no images."""
    part = next(iter(found.parts.values()), None)
    block = None if part is None or found.pictures else found.first_block(part)
    return block is not None and block.images.ndim == 2


def feature_blocks(found: Found, part: Part) -> Iterator[tuple[Block, NDArray[np.float64]]]:
    """Yield the blocks of a part, each with its rows of features, ``(n, columns)``."""
    first = 0
    for block in part.blocks():
        if block.images.ndim != 2 or block.images.dtype.kind not in "uifb":
            raise InputError(f"expected rows of numbers, got {block.images.dtype} of shape {block.images.shape}")
        x = np.ascontiguousarray(block.images, np.float64)
        numbers = block.rows or range(first, first + len(x))
        first = numbers[-1] + 1 if len(numbers) else first
        wrong = ~np.isfinite(x) if found.missing == "refuse" else np.isinf(x)
        if wrong.any():
            row, place = (int(i) for i in np.argwhere(wrong)[0])
            where = found.where(numbers[row], place) if found.where else f"row {numbers[row] + 1:,}, column {place + 1}"
            raise InputError(
                f"{where}: a missing value; fill it in or remove the row, or train with --set data.missing=median, "
                "which takes the median of the column"
                if np.isnan(x[row, place])
                else f"{where}: expected a finite number, got {x[row, place]:g}; correct or remove the row"
            )
        yield block, x
