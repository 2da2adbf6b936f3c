"""Inputs: what a network was trained on, so that later it is given the same kind of numbers.

    raw data ──check: can they be on the scale of the training data?──► (x - offset) * factor ──► first layer

Training sets a network's `Inputs`, or its owner does; the model file stores them. `scores`, `probabilities` and
`predict` apply them to raw data; ``model(x)`` takes what the first layer takes, and applies nothing. Each row is judged
by its own numbers, whatever its dtype and whatever the other rows hold.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal

import numpy as np
from numpy.typing import DTypeLike, NDArray

from glasswork.arrays import FloatArray
from glasswork.errors import InputError
from glasswork.features import Features
from glasswork.pixels import BYTES_FACTOR, BYTES_OFFSET
from glasswork.reading import Colour, Reading, checked_shape, order_in_words, size_in_words
from glasswork.settings import check_word

__all__ = ["Features", "Inputs", "Reading"]

#: Rounding may move a number out of the range by this share of the range's width.
_ROUNDING = 1e-5

#: A row of bytes whose largest number is below this holds only 0 and 1.
_DIM = 1.001

#: No finite number is larger.
_LARGEST = float(np.finfo(np.float64).max)


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """The input contract of a network: which raw numbers it takes, and how they reach its first layer.

    Create one with `of_bytes` or `as_given`.

    Attributes
    ----------
    kind : {"pixels", "features"} or None
        What the numbers are; None if nobody has stated it.
    low, high : float or None
        The range of raw numbers; None if it is not known, and any number will do.
    exact : bool
        Whether a number outside the range is impossible, as for bytes. Otherwise the range is that of the training
        data, and numbers are accepted that lie outside it by up to its width.
    offset, factor : float
        The first layer gets ``(x - offset) * factor``.
    shape : (height, width), (height, width, 3) or None
        The shape of an image; in colour, a row holds the red, green and blue of each pixel in turn.
    classes : tuple of str or None
        The names of the classes, in the order of the scores; None stands for "0", "1", "2", ...
    columns : tuple of str or None
        The names of the columns of a table, in the order of the network's inputs: of pixels or of features.
    label : str
        The name of the column of labels of that table; empty if it had none.
    features : Features or None
        The range, scale and fill of each column of a table of features, in place of the numbers above.
    reading : Reading or None
        How pictures were read, if that is known.
    derived : str
        How the contract was derived, if it was not declared: files of older versions do not state it.
    """

    kind: Literal["pixels", "features"] | None = None
    low: float | None = None
    high: float | None = None
    exact: bool = False
    offset: float = 0.0
    factor: float = 1.0
    shape: tuple[int, ...] | None = None
    classes: tuple[str, ...] | None = None
    columns: tuple[str, ...] | None = None
    label: str = ""
    features: Features | None = None
    reading: Reading | None = None
    derived: str = ""

    def __post_init__(self) -> None:
        if self.kind is not None:
            check_word("Inputs", "kind", self.kind, Literal["pixels", "features"])
        _as_floats(self, "low", "high", "offset", "factor")
        numbers = (self.low or 0.0, self.high or 0.0, self.offset, self.factor)
        if not all(math.isfinite(number) for number in numbers) or self.factor == 0:
            raise InputError(f"Inputs: expected finite numbers and a factor other than 0, got {numbers}")
        if (self.low is None) != (self.high is None) or (self.low or 0.0) > (self.high or 0.0):
            raise InputError(f"Inputs: expected low and high, in this order, or neither, got {self.low}, {self.high}")
        if self.shape is not None:
            object.__setattr__(self, "shape", checked_shape("Inputs", self.shape))
        for name in ("classes", "columns"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, tuple(map(str, getattr(self, name))))
        if self.classes is not None and len(set(self.classes)) < len(self.classes):
            raise InputError(f"Inputs: expected class names that differ, got {', '.join(self.classes)}")
        if self.columns is not None and self.features is not None and len(self.columns) != len(self.features):
            raise InputError(f"Inputs: expected {len(self.features)} column names, got {len(self.columns)}")

    @classmethod
    def of_bytes(
        cls,
        *,
        shape: tuple[int, ...] | None = None,
        classes: Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
        label: str = "",
        reading: Reading | None = None,
    ) -> Inputs:
        """Return the contract of a network trained on bytes: pixels from 0 to 255, scaled to -1 to 1 by `normalize`.

        Parameters
        ----------
        shape, classes, columns, label, reading : optional
            The attributes of these names.

        Returns
        -------
        Inputs
            The contract.

        Examples
        --------
        >>> print(Inputs.of_bytes(shape=(28, 28)))
        pixels from 0 to 255, scaled to -1 to 1, in images of 28×28
        """
        return cls(
            kind="pixels", low=0.0, high=255.0, exact=True, offset=BYTES_OFFSET, factor=BYTES_FACTOR,
            shape=shape, classes=_names(classes), columns=_names(columns), label=label, reading=reading,
        )  # fmt: skip

    @classmethod
    def of_features(
        cls,
        features: Features,
        *,
        columns: Sequence[str] | None = None,
        label: str = "",
        classes: Sequence[str] | None = None,
    ) -> Inputs:
        """Return the contract of a network trained on a table of features, each column with its own scale."""
        return cls(kind="features", features=features, classes=_names(classes), columns=_names(columns), label=label)

    @classmethod
    def as_given(
        cls,
        low: float | None = None,
        high: float | None = None,
        *,
        kind: Literal["pixels", "features"] | None = None,
        shape: tuple[int, ...] | None = None,
        classes: Sequence[str] | None = None,
    ) -> Inputs:
        """Return the contract of a network whose first layer takes raw numbers as they are, in a range if it is known.

        Parameters
        ----------
        low, high, kind, shape, classes : optional
            The attributes of these names; None where they are not known.

        Returns
        -------
        Inputs
            A contract without a scaling.

        Examples
        --------
        >>> print(Inputs.as_given(0, 1, kind="features"))
        features from 0 to 1, taken as they are
        """
        return cls(
            kind=kind or ("pixels" if shape else None), low=low, high=high,
            shape=shape, classes=_names(classes),
        )  # fmt: skip

    @property
    def scales(self) -> bool:
        """Whether raw numbers are changed before the first layer gets them."""
        return self.features is not None or self.offset != 0 or self.factor != 1

    @property
    def colour(self) -> Colour:
        """What becomes of colours: grey, or three planes."""
        return "rgb" if self.shape is not None and len(self.shape) == 3 else "grey"

    @property
    def width(self) -> int:
        """How many numbers a row has; 0 if that is not known."""
        if self.features is not None:
            return len(self.features)
        return math.prod(self.shape) if self.shape else len(self.columns or ())

    @property
    def normalizes(self) -> bool:
        """Whether raw numbers are changed as `glasswork.normalize` changes them."""
        return self.features is None and (self.offset, self.factor) == (BYTES_OFFSET, BYTES_FACTOR)

    @property
    def are_bytes(self) -> bool:
        """Whether these are pixels from 0 to 255, so that every ``uint8`` is on the scale."""
        return self.exact and self.low == 0 and self.high == 255

    @property
    def are_rows_of_bytes(self) -> bool:
        """Whether ``uint8`` rows are pixels as they are: the source has no other scale on which they may be given."""
        return self.are_bytes and not (self.reading is not None and self.reading.rescales)

    @property
    def at_first_layer(self) -> tuple[float, float] | None:
        """The range of the numbers that the first layer gets; None if it is not known."""
        if self.low is None or self.high is None:
            return None
        ends = ((self.low - self.offset) * self.factor, (self.high - self.offset) * self.factor)
        return min(ends), max(ends)

    @property
    def formula(self) -> str:
        """How the first layer's numbers are computed from raw ones, x."""
        if self.features is not None:
            return "(x - centre) / spread, column by column"
        if self.normalizes:
            return "((x / 255) - 0.5) * 2"
        return f"(x - {self.offset:g}) * {self.factor:g}" if self.scales else "x"

    # Raw data ---------------------------------------------------------------------------------------

    def prepared(self, rows: NDArray[Any], dtype: DTypeLike, *, who: object, first_row: int = 0) -> FloatArray:
        """Return raw rows as the first layer takes them.

        Parameters
        ----------
        rows : (N, features)
            Raw numbers of any dtype.
        dtype : data type
            Of the result.
        who : object
            The object that an error message names.
        first_row : int
            The number of the first row, for messages.

        Returns
        -------
        (N, features)
            A new array, or ``rows`` itself if nothing changes.

        Raises
        ------
        InputError
            If a row cannot be on the scale of the training data, or is not finite.
        """
        if self.features is not None:
            return self.features.prepared(rows, dtype, names=self.columns or (), who=who, first_row=first_row)
        if self.are_bytes and self.reading is not None and self.reading.rescales:
            rows = self.reading.to_bytes(rows)
        if rows.dtype != np.uint8 or not self.are_bytes:
            self.check(rows, who=who, first_row=first_row)
        if not self.scales:
            return np.ascontiguousarray(rows, dtype)
        x: FloatArray = np.subtract(rows, self.offset, dtype=dtype, casting="unsafe", order="C")
        x *= self.factor
        return x

    def check(self, rows: NDArray[Any], *, who: object, first_row: int = 0) -> None:
        """Refuse raw rows that cannot be on the scale of the training data; name the first one."""
        if rows.size == 0:
            return
        low, high = np.minimum.reduce(rows, axis=None), np.maximum.reduce(rows, axis=None)
        least, most = self.bounds()
        in_range = least <= low and high <= most  # never for NaN
        if not in_range or (self.are_bytes and rows.dtype.kind == "f" and (len(rows) > 1 or high < _DIM)):
            self._check_rows(rows, least, most, who, first_row)

    def bounds(self) -> tuple[float, float]:
        """Return the least and the largest raw number that is accepted."""
        if self.low is None or self.high is None:
            return -_LARGEST, _LARGEST
        span = self.high - self.low
        margin = span * _ROUNDING if self.exact else span or max(abs(self.high), 1.0)
        return self.low - margin, self.high + margin

    def _check_rows(self, rows: NDArray[Any], least: float, most: float, who: object, first_row: int) -> None:
        low, high = rows.min(axis=1), rows.max(axis=1)
        wrong = ~((least <= low) & (high <= most))
        if self.are_bytes and rows.dtype.kind == "f":
            dim = ~wrong & (high < _DIM)  # bytes from 0 to 1 have no fractions: these are pixels of another scale
            wrong[dim] = (np.abs(rows[dim] - np.rint(rows[dim])) > 255 * _ROUNDING).any(axis=1)
        if not wrong.any():
            return
        k = int(wrong.argmax())
        name = f"row {first_row + k}" if len(rows) > 1 or first_row else "the row"
        if not (math.isfinite(low[k]) and math.isfinite(high[k])):
            raise InputError(
                f"{who}: expected finite pixels, got NaN or infinity in {name}; repair or remove such images"
                if self.kind == "pixels"
                else f"{who}: expected finite numbers, got NaN or infinity in {name}; repair or remove such rows"
            )
        raise InputError(
            f"{who}: was trained on {self.words()}, got {low[k]:.4g} to {high[k]:.4g} in {name}; "
            f"{self._remedy(float(low[k]), float(high[k]), rows[k])}"
        )

    def _remedy(self, low: float, high: float, row: NDArray[Any]) -> str:
        """Return what to do about a row that is on another scale."""
        looks_like_bytes = low >= 0 and 1 < high <= 255 and bool((row == np.trunc(row)).all())
        if self.are_bytes:
            if low < 0:
                return "if these are already prepared, as by glasswork.normalize, give prepared=True"
            if high < _DIM:
                return "these look like pixels from 0 to 1, so give 255 * images"
            return "give pixels from 0 (background) to 255 (full ink)"
        otherwise = "prepare them like the training data; or, if they are right, set model.inputs to their range"
        if looks_like_bytes and self.low is not None and self.high is not None:
            if (self.low, self.high) == (0, 1):
                return "these look like bytes, so give images / 255"
            if self.low < 0 and self.low >= -1 and self.high <= 1:
                return f"these look like bytes, so give glasswork.normalize(images); otherwise {otherwise}"
        return otherwise

    def equals_at_first_layer(self, other: Inputs) -> bool:
        """Whether both give the first layer about the same range, with a tolerance of a quarter of its width."""
        own, others = self.at_first_layer, other.at_first_layer
        if own is None or others is None:
            return False
        margin = (own[1] - own[0]) / 4
        return abs(own[0] - others[0]) <= margin and abs(own[1] - others[1]) <= margin

    # Words ------------------------------------------------------------------------------------------

    def words(self) -> str:
        """Return a few words about the numbers and their scale."""
        if self.features is not None:
            return f"{len(self.features)} {self.features.words()}"
        what: str = self.kind or "numbers"
        if self.low is not None and self.high is not None:
            what += f" from {self.low:.4g} to {self.high:.4g}"
        ends = self.at_first_layer
        return f"{what}, scaled to {ends[0]:g} to {ends[1]:g}" if self.scales and ends else f"{what}, taken as they are"

    def __str__(self) -> str:
        """Return the contract as one plain phrase."""
        parts = [self.words()]
        if self.shape is not None:
            parts.append(f"in images of {size_in_words(self.shape)}{order_in_words(self.shape)}")
        if self.columns is not None:
            parts.append(f"in columns {_some(self.columns)}")
        if self.reading is not None and self.reading.rescales:
            parts.append(f"read from values of {self.reading.low:g} to {self.reading.high:g}")
        if self.reading is not None and self.reading.polarity != "not known":
            parts.append(self.reading.polarity)
        if self.reading is not None and self.reading.pictures == "digits":
            parts.append("pictures cropped to the digit")
        return ", ".join(parts) + (f" ({self.derived})" if self.derived else "")


def _names(names: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if names is None else tuple(names)


def _some(names: Sequence[str]) -> str:
    """Return the first names of many, and how many more there are."""
    more = f" and {len(names) - 3:,} more" if len(names) > 4 else ""
    return ", ".join(names[:3] if more else names) + more


def _as_floats(thing: Any, *names: str) -> None:
    """Convert numbers of a frozen object to floats, so that a file gives back what was stored."""
    for name in names:
        value = getattr(thing, name)
        if value is not None:
            if isinstance(value, bool) or not isinstance(value, Real):
                raise InputError(f"Inputs: expected {name} to be a number, got {value!r}")
            object.__setattr__(thing, name, float(value))
