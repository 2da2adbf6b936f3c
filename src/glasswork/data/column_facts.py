"""What each column of a table of features holds: its kind, range and mean, and how many of its values are missing.

alcohol   numbers         11.03 to 14.83, mean 13, none is missing
smoker    0 or 1          ...
country   one value       nothing can be learnt from it
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glasswork.data.dataset import Dataset


@dataclass(frozen=True)
class ColumnFacts:
    """What a column holds.

    Attributes
    ----------
    name : str
        Its name, or its number from 1.
    kind : str
        ``numbers``, ``whole numbers``, ``0 or 1``, ``one value``, or ``nothing``.
    low, high, mean : float or None
        Of the values that are there; None if all are missing.
    missing : int
        How many values are missing.
    """

    name: str
    kind: str
    low: float | None
    high: float | None
    mean: float | None
    missing: int

    @classmethod
    def of(cls, name: str, values: NDArray[np.float64]) -> "ColumnFacts":
        """Describe a column, ``(N,)``, in which NaN stands for a missing value."""
        known = values[~np.isnan(values)]
        missing = len(values) - len(known)
        if not len(known):
            return cls(name, "nothing", None, None, None, missing)
        low, high = float(known.min()), float(known.max())
        whole = bool((known == np.trunc(known)).all())
        kind = "one value" if low == high else "whole numbers" if whole else "numbers"
        if whole and (low, high) == (0, 1):
            kind = "0 or 1"
        return cls(name, kind, low, high, float(known.mean()), missing)

    def to_dict(self) -> dict[str, Any]:
        """Return the facts for programs."""
        return asdict(self)


def facts_of(dataset: Dataset) -> tuple[ColumnFacts, ...]:
    """Return the facts of each column of a dataset; none if it holds pixels."""
    if dataset.kind != "features":
        return ()
    names = dataset.columns or tuple(str(k + 1) for k in range(dataset.images.shape[1]))
    return tuple(ColumnFacts.of(name, column) for name, column in zip(names, dataset.images.T, strict=True))
