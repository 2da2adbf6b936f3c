"""Convert the labels of a source, in any usual form, to numbers from 0 and the names of the classes.

3, 1, 2 │ "cat", "dog" │ (N, 1) │ one column per class, a single 1 per row ──► 0, 1, 2, ... and a name for each
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glasswork.arrays import Labels
from glasswork.data.labels import MAX_CLASSES, natural_order, numbers_of_classes
from glasswork.errors import InputError

_WHOLE = re.compile(r"[-+]?(0|[1-9]\d*)(\.\d*([eE][-+]?\d{1,2})?)?")
_SHORT = re.compile(r"-?(0|[1-9]\d{0,17})")


def flat_labels(labels: NDArray[Any], *, one_hot: bool = True) -> NDArray[Any]:
    """Return one label per image, ``(n,)``: integers or words.

    Parameters
    ----------
    labels : (n,), (n, 1), (1, n) or (n, k)
        With k columns, one for each class: a 1 in one column of each row, 0 in the others.
    one_hot : bool
        Whether several columns are allowed.

    Raises
    ------
    InputError
        If an image has several labels or none, or a label is missing or not a whole number.
    """
    values: NDArray[Any] = np.asarray(labels)
    if values.ndim == 2 and 1 in values.shape:
        values = values.reshape(-1)
    if values.ndim == 2 and values.dtype.kind in "uifb":
        values = _of_columns(values, one_hot=one_hot)
    if values.ndim != 1:
        raise InputError(f"labels: expected one per image, got an array of {values.shape}")
    if values.dtype.kind == "b":
        return values.astype(np.int64)
    if values.dtype.kind == "f":
        wrong = np.flatnonzero(~(np.isfinite(values) & (values == np.trunc(values))))
        if len(wrong):
            raise InputError(f"labels: expected whole numbers or words, got {values[wrong[0]]} at row {wrong[0]:,}")
        return values.astype(np.int64)
    if values.dtype.kind in "ui":
        return values
    words = [word.decode("utf-8", "replace") if isinstance(word, bytes) else word for word in values.tolist()]
    words = ["" if word is None or (isinstance(word, float) and math.isnan(word)) else str(word) for word in words]
    words = [word.strip() for word in words]
    if (missing := first_missing(words)) is not None:
        raise InputError(f"labels: the label at row {missing:,} is missing; fill it in, or remove the row")
    return np.array(words)


def first_missing(words: Sequence[str]) -> int | None:
    """Return the first missing label: an empty cell, or ``nan`` among numbers; ``NA`` and ``none`` are words."""
    numbers = all(_is_number(word) for word in set(words) - {""})
    return next((row for row, word in enumerate(words) if not word or (numbers and word.lower() == "nan")), None)


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def numbers_or_words(words: NDArray[np.str_]) -> NDArray[Any]:
    """Return labels of text as whole numbers if all are whole numbers, otherwise as they are written.

    ``5``, ``5.0`` and ``5.000e+00``, as programs write the number 5, become 5; ``05`` is not the same word as ``5``.
    """
    distinct, places = np.unique(words, return_inverse=True)
    plain = [str(int(float(word))) if _WHOLE.fullmatch(word) and float(word) % 1 == 0 else word for word in distinct]
    if all(_SHORT.fullmatch(word) for word in plain):
        return np.array([int(word) for word in plain], np.int64)[places.reshape(-1)]
    return np.array(plain)[places.reshape(-1)]


def _of_columns(values: NDArray[Any], *, one_hot: bool) -> NDArray[Any]:
    ones = values == 1
    several = np.flatnonzero((ones.sum(axis=1) != 1) | ((values != 0) & ~ones).any(axis=1))
    if not one_hot or len(several):
        how = (
            f"image {several[0]:,} has {int(ones[several[0]].sum())}"
            if len(several)
            else "each column is a separate question"
        )
        raise InputError(
            f"labels: an array of {values.shape}, one column for each of {values.shape[1]} classes ({how}): this is "
            "multi-label data, where an image may have several labels or none, but glasswork's networks give each "
            "image one; keep one column, or choose another dataset"
        )
    numbers: NDArray[Any] = ones.argmax(axis=1)
    return numbers


def encode(
    parts: Sequence[NDArray[Any]], names: Mapping[Any, str] | Sequence[str] | None
) -> tuple[list[Labels], tuple[str, ...]]:
    """Return the labels of all parts as numbers from 0, and the names of the classes.

    Parameters
    ----------
    parts : sequence of (n,)
        As returned by `flat_labels`.
    names : mapping or sequence, optional
        The name of each of the labels 0, 1, 2, ..., or of each label in the mapping. If labels are words, they are the
        names, and a sequence states their order.

    Raises
    ------
    InputError
        If a label has no name, or there are too many classes.
    """
    if any(part.dtype.kind == "U" for part in parts):
        parts = [part.astype(np.str_) for part in parts]
        distinct: list[Any] = natural_order({str(word) for part in parts for word in np.unique(part)})
        values = list(names) if names is not None and not isinstance(names, Mapping) else distinct
        classes = tuple(str(value) for value in values)
    else:
        distinct = sorted({int(value) for part in parts for value in _distinct(part)})
        if names is None:
            values = numbers_of_classes(distinct)
            classes = tuple(str(value) for value in values)
        elif isinstance(names, Mapping):
            values, classes = list(names), tuple(names.values())
        else:
            values, classes = list(range(len(names))), tuple(names)
    if len(values) > MAX_CLASSES:
        raise InputError(f"labels: expected at most {MAX_CLASSES:,} classes, got {len(values):,} different labels")
    number = {value: k for k, value in enumerate(values)}
    unknown = next((value for value in distinct if value not in number), None)
    if unknown is not None:
        raise InputError(
            f"labels: {unknown!r} is not one of the classes that the source names: {', '.join(classes[:20])}"
        )
    return [_numbers(part, number) for part in parts], classes


def _distinct(part: NDArray[Any]) -> NDArray[Any]:
    return np.flatnonzero(np.bincount(part)) if part.dtype == np.uint8 and part.size else np.unique(part)


def _numbers(part: NDArray[Any], number: Mapping[Any, int]) -> Labels:
    if part.dtype == np.uint8:  # a lookup table, which needs little memory for millions of labels
        table = np.array([number.get(value, 0) for value in range(256)], np.int64)
        looked_up: Labels = table[part]
        return looked_up
    distinct, inverse = np.unique(part, return_inverse=True)
    return np.array([number[value.item()] for value in distinct], np.int64)[inverse.reshape(-1)]
