"""Dataset: images, their labels, and what the numbers mean: the names of the classes, the shape of an image.

images (N, height * width) uint8   pixels, from 0 to 255; in colour, the red, green and blue of each in turn
       (N, columns) float64        or a table of features, as they are at the source; NaN is a missing value
labels (N,) int64                  label k is the class called classes[k]
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glasswork.arrays import Images, Labels
from glasswork.data.kinds import why_features
from glasswork.data.labels import check_classes, check_labels, check_lengths, encode_labels
from glasswork.data.levels import Levels, in_colour
from glasswork.data.mapped import in_blocks
from glasswork.data.origin import Origin
from glasswork.errors import InputError
from glasswork.features import Missing, column_name
from glasswork.pixels import even_array
from glasswork.reading import Colour, is_image, shape_in, size_in_words
from glasswork.settings import check_word

#: What the numbers of a dataset are.
Kind: TypeAlias = Literal["pixels", "features"]

_DTYPES = {"pixels": np.uint8, "features": np.float64}


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images, or rows of features, with labels. `Dataset.of` creates one from your own arrays.

    Attributes
    ----------
    images : (N, height * width) uint8, or (N, columns) float64
        Pixels, of images in colour (N, height * width * 3); or the features of a table, one column each.
    labels : (N,) int64
        From 0 to ``len(classes) - 1``.
    classes : tuple of str
        The name of each class, in the order of their labels.
    shape : (height, width), or (height, width, 3) in colour
        The shape of one image, in pixels.
    name : str
        For titles and tables, such as ``MNIST``.
    source : str
        What `glasswork.load_dataset` loads it from, such as ``openml:Fashion-MNIST``; empty for
        arrays of your own.
    origin : Origin
        The format of the source, how it divides its images, and what was done to them.
    columns : tuple of str
        The names of the columns of a table, in the order of the numbers in a row; empty if there are none.
    kind : {"pixels", "features"}
        What the numbers are.

    Raises
    ------
    InputError
        If these do not fit together.
    """

    images: Images
    labels: Labels
    classes: tuple[str, ...]
    shape: tuple[int, ...]
    name: str
    source: str = ""
    origin: Origin = field(default_factory=Origin)
    columns: tuple[str, ...] = ()
    kind: Kind = "pixels"

    def __post_init__(self) -> None:
        check_word("Dataset", "kind", self.kind, Kind)
        if self.images.ndim != 2 or self.images.dtype != _DTYPES[self.kind]:
            wanted = "images (N, height * width) of bytes (uint8)" if self.kind == "pixels" else "rows of float64"
            raise InputError(
                f"Dataset: expected {wanted}, got {self.images.dtype} of shape "
                f"{self.images.shape}; Dataset.of converts other arrays"
            )
        if self.columns and len(self.columns) != self.images.shape[1]:
            raise InputError(f"Dataset: expected {self.images.shape[1]} column names, got {len(self.columns)}")
        if self.labels.ndim != 1 or self.labels.dtype != np.int64:
            raise InputError(
                f"Dataset: expected labels (N,) of int64, got {self.labels.dtype} of shape {self.labels.shape}; "
                "Dataset.of converts other arrays"
            )
        check_lengths("Dataset", self.images, self.labels)
        check_classes(self.classes)
        check_labels(self.labels, len(self.classes))
        if not is_image(self.shape) or math.prod(self.shape) != self.images.shape[1]:
            raise InputError(
                f"Dataset: expected the shape (height, width), or (height, width, 3), of images of "
                f"{self.images.shape[1]:,} pixels, got {self.shape}"
            )

    @classmethod
    def of(
        cls,
        images: Any,
        labels: Any,
        *,
        classes: Sequence[str] | int | np.integer | None = None,
        shape: tuple[int, ...] | None = None,
        data_range: tuple[float, float] | None = None,
        kind: Kind | None = None,
        missing: Missing = "refuse",
        colour: Colour | None = None,
        columns: Sequence[str] = (),
        name: str = "images",
        source: str = "",
    ) -> Self:
        """Create a dataset from arrays, lists or data frames.

        Parameters
        ----------
        images : (N, features), (N, height, width) or (N, height, width, channels)
            Pixels of any dtype, from 0 to 255, 0 to 1, -1 to 1, of 16 bits or in the range that is stated; or features.
            Also a data frame of pandas, Polars or pyarrow, with a column for each.
        labels : (N,), or str
            Integers or words, each of which is a class. Numbers, and words that are numbers such as ``"10"``, are in
            numerical order; other words are in alphabetical order. Integers that count from 0 may leave out a few.
            With a data frame, also the name of one of its columns.
        classes : sequence of str, or int, optional
            The names of the classes, or their number, if some of them do not occur in the labels.
        shape : (height, width), optional
            Of images given as rows. By default an image is square: 784 pixels are 28 × 28. If the number is
            not a square, an image is one row of pixels.
        data_range : (low, high), optional
            The values of black and white, such as 0 and 16. By default 0 and 255 for whole numbers; fractions from 0 to
            1 or -1 to 1, and 16 bits, are rescaled.
        kind : {"pixels", "features"}, optional
            What the numbers are. By default rows are features if columns have names of their own, or fractions that no
            usual range of pixels has; that is noted.
        missing : {"refuse", "median"}
            What is done about missing features, which are NaN: the first one is an error; or they remain, and a network
            that is trained on the dataset takes the median of their column instead.
        colour : {"grey", "rgb"}, optional
            What becomes of colours, of images of 3 or 4 channels: grey, or three planes. Without it they are refused.
        columns : sequence of str
            The names of the columns of rows. A data frame has its own.
        name, source : str
            See `Dataset`.

        Raises
        ------
        InputError
            If there are no images, pixels are in no usual range, labels, classes and shape do not fit, or a word is
            unknown.

        Examples
        --------
        >>> data = Dataset.of([[0, 255], [255, 0]], ["left", "right"], shape=(1, 2), name="sides")
        >>> data.classes, data.labels.tolist(), data.images.dtype.name
        (('left', 'right'), [0, 1], 'uint8')
        """
        for word, given, allowed in (("kind", kind, Kind), ("missing", missing, Missing), ("colour", colour, Colour)):
            if given is not None:
                check_word("Dataset", word, given, allowed)
        named, images, labels = _without_frames(images, labels)
        columns = named or tuple(map(str, columns))
        values = even_array("Dataset", "images", images)
        if values.dtype.kind == "O":
            values = even_array("Dataset", "images", values.tolist())
        if values.dtype.kind not in "buif":
            raise InputError(f"Dataset: expected images of numbers, got an array of {values.dtype}")
        of_images = [
            f"{name}={value!r}"
            for name, value in (("shape", shape), ("data_range", data_range), ("colour", colour))
            if value is not None
        ]
        why = why_features(values, columns) if kind is None and not of_images and values.ndim == 2 else ""
        if kind == "features" and of_images:
            raise InputError(f"Dataset: {of_images[0]} is of images; leave it out, or give kind='pixels'")
        if kind == "features" or why:
            numbers, names = encode_labels(labels, classes)
            return cls._of_features(values, numbers, names, columns, why, missing, name, source)
        if colour is not None or (values.ndim == 4 and values.shape[3] == 1):
            values, _ = in_colour(values, colour or "grey")
        if (own := shape_in(values.shape)) and (colour is not None or values.ndim == 3):
            shape = shape or own
            values = values.reshape(len(values), math.prod(own))
        if values.ndim != 2 or values.shape[1] == 0:
            raise InputError(
                "Dataset: expected images of shape (N, features), (N, height, width) or (N, height, width, 1), got "
                f'{np.shape(values)}; of images in colour, Dataset.of(..., colour="rgb") keeps the colours, and '
                'colour="grey" converts them'
            )
        levels = Levels(data_range, stated=data_range is not None)
        pixels: Images = levels.to_bytes(values) if data_range or _rescaled(values) else to_pixels(values)
        numbers, names = encode_labels(labels, classes)
        shape = shape or guess_shape(pixels.shape[1])
        levels.largest = max(levels.largest, float(pixels.max(initial=0)))
        note, assumed = levels.describe(), levels.assumed("data_range=(low, high)")
        notes = (*([note] if note else []), *assumed)
        origin = Origin(low=levels.low, high=levels.high, notes=notes, assumed=assumed)
        shape = tuple(map(int, shape))
        return cls(np.ascontiguousarray(pixels), numbers, names, shape, name, source, origin, columns)

    @classmethod
    def _of_features(
        cls,
        rows: NDArray[Any],
        labels: Labels,
        classes: tuple[str, ...],
        columns: tuple[str, ...],
        why: str,
        missing: Missing,
        name: str,
        source: str,
    ) -> Self:
        """Make a dataset of the rows of a table of features."""
        if rows.ndim != 2 or rows.shape[1] == 0:
            raise InputError(f"Dataset: expected rows of features, (N, columns), got the shape {rows.shape}")
        origin = Origin(notes=(f"columns are features, not pixels: {why}",) if why else ())
        x: Any = np.ascontiguousarray(rows, np.float64)
        wrong = ~np.isfinite(x) if missing == "refuse" else np.isinf(x)
        if wrong.any():
            row, place = (int(i) for i in np.argwhere(wrong)[0])
            raise InputError(
                f"Dataset: expected finite numbers, got {x[row, place]} in row {row}, {column_name(columns, place)}; "
                + (
                    "fill it in, or give missing='median' (data.missing in a recipe)"
                    if np.isnan(x[row, place])
                    else "correct it"
                )
            )
        shape = (1, rows.shape[1])
        return cls(x, labels, classes, shape, name, source, origin, columns, "features")

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        rows = (
            f"rows of {self.shape[1]} features" if self.kind == "features" else f"images of {size_in_words(self.shape)}"
        )
        return f"Dataset({self.name!r}, {len(self):,} {rows}, {len(self.classes)} classes)"

    def fingerprint(self) -> str:
        """Return the SHA-256 of images, labels, class names and shape: equal for equal data, under any name."""
        columns = self.columns if self.kind == "features" else ()
        return fingerprint([self.images, self.labels], self.classes, self.shape, columns)

    def with_identity(self) -> Self:
        """Return this dataset with its fingerprint in ``origin.sha256``, and without ``source`` if it was changed.

        A dataset that was changed after it was loaded differs from its source, so it counts as arrays that a program
        made.
        """
        sha256 = self.fingerprint()
        loaded = bool(self.source) and (self.origin.source, self.origin.sha256) == (self.source, sha256)
        source = self.source if loaded else ""
        return replace(self, source=source, origin=replace(self.origin, source=source, sha256=sha256))


def fingerprint(
    arrays: Iterable[NDArray[Any]], classes: Sequence[str], shape: tuple[int, ...], columns: Sequence[str] = ()
) -> str:
    """Return the SHA-256 of arrays of images and labels, the names of classes and columns, and an image's shape."""
    meaning: tuple[Any, ...] = tuple(str(name) for name in classes), tuple(int(side) for side in shape)
    if columns:
        meaning += (tuple(columns),)
    digest = hashlib.sha256(repr(meaning).encode())
    for array in arrays:
        digest.update(repr((array.dtype.str, array.shape)).encode())
        for block in in_blocks(array):
            digest.update(block.data)
    return digest.hexdigest()


def guess_shape(features: int) -> tuple[int, int]:
    """Return the shape of a square image with this many pixels, or of one row if the number is not a square."""
    side = math.isqrt(features)
    return (side, side) if side * side == features else (1, features)


def _without_frames(images: Any, labels: Any) -> tuple[tuple[str, ...], Any, Any]:
    """Return column names, and arrays in place of a data frame or a series of pandas, Polars or pyarrow."""
    columns: tuple[str, ...] = ()
    if hasattr(images, "columns"):
        import narwhals as nw

        names = list(map(str, images.columns))
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise InputError(f"Dataset.of: the data frame has two columns called {twice!r}; rename or remove one")
        frame = nw.from_native(images, eager_only=True)
        if isinstance(labels, str):
            if labels not in frame.columns:
                raise InputError(f"Dataset.of: no column {labels!r} in the data frame, which has {frame.columns[:10]}")
            frame, labels = frame.drop(labels), frame[labels].to_native()
        for name, dtype in frame.schema.items():
            if not dtype.is_numeric() and dtype != nw.Boolean:
                raise InputError(
                    f"Dataset.of: the column {name!r} holds {dtype}, where a network needs numbers; remove it, or give "
                    "it numbers: a column of 0 and 1 for each word, as pandas.get_dummies does"
                )
        columns = tuple(map(str, frame.columns))
        images = frame.with_columns(nw.selectors.boolean().cast(nw.Int64)).to_numpy()
    if not isinstance(labels, np.ndarray | list | tuple | range):
        import narwhals as nw

        series = nw.from_native(labels, series_only=True, pass_through=True)
        labels = series.to_numpy() if isinstance(series, nw.Series) else labels
    return columns, images, labels


# Pixels ----------------------------------------------------------------------------------------------


def _rescaled(values: NDArray[Any]) -> bool:
    """Whether numbers are pixels of another usual range than bytes: 0 to 1, -1 to 1, or 16 bits."""
    if values.dtype == np.uint16:
        return bool(values.max(initial=0) > 255)
    fractions = values.dtype.kind == "f" and bool((values != np.trunc(values)).any())
    return fractions and bool(np.abs(values).max(initial=0) <= 1)


def to_pixels(images: ArrayLike) -> Images:
    """Return an array of whole numbers from 0 to 255 as bytes, of the same shape."""
    values: NDArray[Any] = np.asarray(images)
    if values.dtype == np.uint8:
        return values
    if values.dtype.kind not in "uif":
        raise InputError(f"Dataset: expected images of whole numbers from 0 to 255, got an array of {values.dtype}")
    pixels: Images = np.empty(values.shape, np.uint8)
    for start in range(0, len(values) if values.ndim else 0, 1000):  # in pieces, to save memory
        piece = values[start : start + 1000]
        with np.errstate(invalid="ignore"):
            pixels[start : start + 1000] = piece.astype(np.uint8)
        wrong = np.argwhere(pixels[start : start + 1000] != piece)
        if len(wrong):
            value = piece[tuple(wrong[0])]
            remedy = "; state their range if they have another one: data_range=(low, high)" * bool(np.isfinite(value))
            raise InputError(
                f"Dataset: expected pixels that are whole numbers from 0 to 255, got {value} in image "
                f"{start + int(wrong[0][0])}{remedy}"
            )
    return pixels
