"""Features: the columns of a table of numbers, each with its range and scale, fitted on the training rows.

alcohol 13.2, proline 1065 ──missing values──► median ──► (x - centre) / spread, column by column ──► first layer
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from glasswork.arrays import FloatArray
from glasswork.errors import InputError

#: How columns are scaled: to mean 0 and standard deviation 1, to 0 to 1 over the training rows, or not at all.
ColumnScaling: TypeAlias = Literal["standardize", "zero-to-one", "none"]

#: What is done about missing values: nothing, so that they are refused; or the median of their column is used.
Missing: TypeAlias = Literal["refuse", "median"]


def in_order(table: Any, columns: Sequence[str] | None, label: str = "", *, who: object) -> Any:
    """Return a data frame with the columns that a network takes, in its order; return anything else as it is.

    Parameters
    ----------
    table : data frame of pandas, Polars or pyarrow, or anything else
        A frame whose columns have no words as names counts as an array.
    columns : sequence of str, or None
        The names of a network's columns, in the order of its inputs; None if they have no names.
    label : str
        The name of the column of labels, which may be there.
    who : object
        The object that an error message names.

    Raises
    ------
    InputError
        If columns are missing, occur twice, or were not there in training.
    """
    if columns is None:
        return table
    names: list[Any] = list(getattr(table, "column_names", getattr(table, "columns", ())))
    if not names or names == list(columns) or not all(isinstance(name, str) for name in names):
        return table
    for wrong, problem in (
        ([name for name in columns if name not in names], "lacks"),
        ([name for name in columns if names.count(name) > 1], "has twice"),
        ([name for name in names if name not in columns and name != label], "has, but the network was not trained on,"),
    ):
        if wrong:
            raise InputError(
                f"{who}: expected a data frame with the columns of the training data; this one {problem} "
                f"{', '.join(wrong[:5])}{' ...' if len(wrong) > 5 else ''}"
            )
    return table.select(list(columns)) if hasattr(table, "select") else table[list(columns)]


@dataclass(frozen=True, kw_only=True)
class Features:
    """What was learnt about each column of a table from its training rows; create one with `fit`.

    Attributes
    ----------
    low, high : tuple of float
        The range of each column in the training rows.
    centre, spread : tuple of float
        The first layer gets ``(x - centre) / spread``.
    missing : tuple of float or None
        What a missing value becomes, column by column; None if missing values are refused.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]
    centre: tuple[float, ...]
    spread: tuple[float, ...]
    missing: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        for name in ("low", "high", "centre", "spread", "missing"):
            if (numbers := getattr(self, name)) is None:
                continue
            object.__setattr__(self, name, tuple(map(float, numbers)))
            if len(numbers) != len(self.low) or not np.isfinite(numbers).all():
                raise InputError(f"Features: expected {len(self.low)} finite numbers in {name}, got {numbers}")
        if not self.low or not min(self.spread) > 0:
            raise InputError("Features: expected at least one column, and spreads above 0")

    @classmethod
    def fit(
        cls,
        rows: NDArray[Any],
        *,
        scaling: ColumnScaling = "standardize",
        missing: Missing = "refuse",
        names: tuple[str, ...] = (),
    ) -> Features:
        """Learn range, scale and median of each column from the training rows, and from no others.

        Parameters
        ----------
        rows : (N, columns) floats
            NaN stands for a missing value.
        scaling : {"standardize", "zero-to-one", "none"}
        missing : {"refuse", "median"}
        names : tuple of str
            What the columns are called, for messages.
        """
        x = np.asarray(rows, np.float64)
        known = np.isfinite(x)
        if not known.any(axis=0).all():
            empty = column_name(names, int((~known.any(axis=0)).argmax()))
            raise InputError(f"Features: {empty} has no value in any training row; remove the column")
        fill = np.array([np.median(column[given]) for column, given in zip(x.T, known.T, strict=True)])
        if not known.all():
            x = np.where(known, x, fill)
        low, high = x.min(axis=0), x.max(axis=0)
        centre, spread = np.zeros(len(low)), np.ones(len(low))
        if scaling == "standardize":
            centre, spread = x.mean(axis=0), x.std(axis=0)
        elif scaling == "zero-to-one":
            centre, spread = low, high - low
        still = spread <= 1e-12 * np.maximum(np.abs(low), np.abs(high))  # a column of one value
        return cls(
            low=tuple(low),
            high=tuple(high),
            centre=tuple(centre),
            spread=tuple(np.where(still, 1.0, spread)),
            missing=tuple(fill) if missing == "median" else None,
        )

    def words(self) -> str:
        """Return a few words about the range of all columns together, their scaling, and missing values."""
        fills = "" if self.missing is None else ", missing ones replaced by the median of their column"
        return f"features from {min(self.low):.4g} to {max(self.high):.4g}, each scaled by (x - centre) / spread{fills}"

    def __len__(self) -> int:
        return len(self.low)

    def prepared(
        self, rows: NDArray[Any], dtype: DTypeLike, *, names: tuple[str, ...], who: object, first_row: int = 0
    ) -> FloatArray:
        """Return raw rows as the first layer takes them; refuse values that are missing, and rows on another scale."""
        x = np.asarray(rows, np.float64)
        if self.missing is not None:
            x = np.where(np.isnan(x), np.array(self.missing), x)
        if not np.isfinite(x).all():
            row, column = (int(i) for i in np.argwhere(~np.isfinite(x))[0])
            raise InputError(
                f"{who}: expected finite numbers, got {x[row, column]} in row {first_row + row}, "
                f"{column_name(names, column)}; "
                + ("fill it in, or train with data.missing = 'median'" if np.isnan(x[row, column]) else "correct it")
            )
        outside = ((x < np.array(self.low)) | (x > np.array(self.high))).mean(axis=1)
        if len(self) > 2 and len(x) and outside.max() > 0.5 and (wrong := self._elsewhere(x)).any():
            row = int(wrong.argmax())
            column = int((np.abs(x[row] - self._middle) / self._reach).argmax())
            raise InputError(
                f"{who}: most columns of row {first_row + row} are far outside the training data, such as "
                f"{column_name(names, column)}: {x[row, column]:.4g}, and {self.low[column]:.4g} to "
                f"{self.high[column]:.4g} in training; give raw values in the same units, or prepared=True for rows "
                "that are already scaled"
            )
        return np.ascontiguousarray((x - np.array(self.centre)) / np.array(self.spread), dtype)

    def _elsewhere(self, x: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which rows have most columns outside the training range by more than a quarter of its width."""
        return np.asarray((np.abs(x - self._middle) > 1.5 * self._reach).mean(axis=1) > 0.5)

    @property
    def _middle(self) -> NDArray[np.float64]:
        middle: NDArray[np.float64] = (np.array(self.low) + np.array(self.high)) / 2
        return middle

    @property
    def _reach(self) -> NDArray[np.float64]:
        """Half the width of each column's training range; of a column of one value, its size."""
        width: NDArray[np.float64] = (np.array(self.high) - np.array(self.low)) / 2
        width[width == 0] = np.maximum(np.abs(self.high), 1.0)[width == 0]
        return width


def column_name(names: tuple[str, ...], column: int) -> str:
    """Return how a column is called in messages: by its name, or by its number from 1."""
    return f"column {names[column]!r}" if names else f"column {column + 1}"
