"""Is a table one of pixels or of features? Its numbers and the names of its columns tell.

pixel0, pixel1, ... │ 1x1, 1x2, ... │ 784 columns without names      pixels, from 0 to 255 or of another usual range
alcohol, ash, ...   │ 30 columns with fractions, or beyond 255       features: each column has a scale of its own
"""

import math
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

#: Numbers of the smallest square that is taken for an image.
_SMALLEST = 9

#: About so many rows are examined, spread evenly over the table.
_ROWS = 5000

#: From this share on, a table's numbers are those of pixels, and the others are mistakes.
_MOSTLY = 0.99


def noun(kind: str | None) -> str:
    """Return what the items of a kind of data are called: ``rows`` of features, otherwise ``images``."""
    return "rows" if kind == "features" else "images"


def why_features(rows: NDArray[np.generic], names: Sequence[str]) -> str:
    """Return why a table holds features; empty if it holds pixels."""
    width = rows.shape[1]
    patterns = {re.sub(r"\d+", "#", name) for name in names}
    if names and (len(patterns) > 1 or "#" not in next(iter(patterns))) and width > 1:
        return f"they have names of their own, such as {', '.join(names[:3])}"
    square = width >= _SMALLEST and math.isqrt(width) ** 2 == width
    if rows.dtype == np.uint8:
        return ""
    x = rows[:: max(1, len(rows) // _ROWS)].astype(np.float64)
    known = x[np.isfinite(x)]
    whole = (known == np.trunc(known)) & (known >= 0) & (known <= 255)
    if not known.size or whole.mean() >= _MOSTLY or (rows.dtype == np.uint16 and square):
        return ""
    usual = bool(known.min() >= -1 and known.max() <= 1)
    if usual and square:
        return ""
    what = "fractions" if (known != np.trunc(known)).any() else f"numbers from {known.min():g} to {known.max():g}"
    return f"{width} columns of {what}" + ("" if square else " make no square image")
