"""Labels as integers from 0, and the names of the classes that they stand for: what labels can be, and their order.

words     "cat", "dog", "cat"      ──►  0, 1, 0       classes cat, dog
numbers   3, 8, 3                  ──►  0, 1, 0       classes 3, 8
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glasswork.arrays import Labels
from glasswork.errors import InputError
from glasswork.pixels import even_array
from glasswork.settings import check_number

#: With more classes than this, the labels are probably measurements.
MAX_CLASSES = 10_000


def check_lengths(who: str, images: NDArray[Any], labels: NDArray[Any]) -> None:
    """Raise an InputError unless there are as many images as labels, and at least one."""
    if images.ndim == 0:
        raise InputError(f"{who}: expected images, one in each row of an array; got {images.item()!r}")
    if len(labels) == 0 or len(images) != len(labels):
        raise InputError(
            f"{who}: expected as many labels as images and at least one, got {len(images):,} images and "
            f"{len(labels):,} labels"
        )


def check_classes(classes: Sequence[str]) -> None:
    """Raise an InputError unless every class has a name, and no two names are the same."""
    if not classes or not all(isinstance(name, str) and name.strip() for name in classes):
        raise InputError(f"classes: expected the name of each class, got {list(classes)}")
    if len(set(classes)) < len(classes):
        twice = next(name for i, name in enumerate(classes) if name in classes[:i])
        raise InputError(f"classes: expected each name once, got {twice!r} twice")


def check_labels(y: ArrayLike, num_labels: int, *, argument: str = "classes") -> Labels:
    """Return labels as an array ``(N,)`` of integers, or raise an InputError that names the first wrong one.

    ``argument`` is the name of the caller's argument that says how many classes there are.
    """
    check_number("labels", argument, num_labels, 1)
    labels = even_array("labels", "labels", y)
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise InputError(
            f"labels: expected integers of shape (N,), got {labels.dtype} of shape {labels.shape}"
            + _remedy_for_labels(labels, num_labels)
        )
    wrong = np.flatnonzero((labels < 0) | (labels >= num_labels))
    if len(wrong):
        low, high = int(labels.min()), int(labels.max())
        if low < 0:
            remedy = "labels count from 0"
        elif low == 1 and high == num_labels:
            remedy = "labels count from 0: subtract 1 from these"
        else:
            remedy = f"for {high + 1} classes pass {argument}={high + 1}"
        more = f" and {len(wrong) - 1:,} more like it" if len(wrong) > 1 else ""
        raise InputError(
            f"labels: expected 0 to {num_labels - 1}, got {labels[wrong[0]]} at row {wrong[0]}{more}; {remedy}"
        )
    return labels


def _remedy_for_labels(labels: NDArray[Any], num_labels: int) -> str:
    if labels.ndim == 2 and labels.shape[1] == num_labels > 1:
        return "; these are one-hot, so give labels.argmax(axis=1)"
    if labels.ndim == 2 and labels.shape[1] == 1:
        return "; give labels.reshape(-1)"
    if labels.ndim == 1 and labels.dtype.kind in "fOUS":
        return "; convert them with labels.astype(int), or use Dataset.of, which takes words"
    return ""


def encode_labels(
    labels: ArrayLike, classes: Sequence[str] | int | np.integer | None = None
) -> tuple[Labels, tuple[str, ...]]:
    """Return labels as integers from 0, ``(N,)``, and the names of their classes; see `Dataset.of`."""
    if isinstance(classes, bool | set | frozenset):
        raise InputError(f"classes: expected the names of the classes in order, or their number, got {classes!r}")
    if isinstance(classes, np.ndarray):
        classes = classes.tolist()
    if isinstance(classes, int | np.integer):
        check_number("labels", "classes", classes, 1)
        classes = [str(k) for k in range(classes)]
    values = even_array("labels", "labels", labels)
    if values.ndim != 1:
        raise InputError(f"labels: expected one label per image, of shape (N,), got shape {values.shape}")
    if values.dtype.kind == "O":
        values = _of_one_kind(values)
    if values.dtype.kind == "f" and np.array_equal(values, np.trunc(values)) and np.isfinite(values).all():
        values = values.astype(np.int64)
    if values.dtype.kind in "US":
        return _encode_words([str(word) for word in values.astype(np.str_)], classes)
    if values.dtype.kind not in "iu":
        raise InputError(f"labels: expected integers or words, got {values.dtype}, such as {values[:1].tolist()}")
    if classes is not None:
        return check_labels(values, len(classes)).astype(np.int64), tuple(classes)
    distinct = np.unique(values)
    if len(distinct) and distinct[0] < 0:
        check_labels(values, max(1, int(distinct[-1]) + 1))
    numbers = numbers_of_classes(distinct.tolist())
    if len(numbers) > MAX_CLASSES:
        raise InputError(f"labels: expected at most {MAX_CLASSES:,} classes, got {len(numbers):,} different labels")
    return np.searchsorted(numbers, values).astype(np.int64), tuple(str(k) for k in numbers)


def numbers_of_classes(distinct: Sequence[int]) -> list[int]:
    """Return which numbers are classes if labels are numbers: those that occur, in order.

    Labels that count from 0 leave out a number if its class has no image. Such a number is a class too, if there are
    fewer than ten classes or more than half of the numbers occur.

    Parameters
    ----------
    distinct : sequence of int
        The numbers that occur, in order.
    """
    if distinct and distinct[0] == 0 and (distinct[-1] < 10 or 2 * len(distinct) > distinct[-1] + 1):
        return list(range(distinct[-1] + 1))
    return list(distinct)


def _of_one_kind(values: NDArray[Any]) -> NDArray[Any]:
    """Return an array of Python objects as integers, floats or words, if that is what all of them are."""
    for kind, types in (("i", int | np.integer), ("f", float | int | np.number), ("U", str)):
        if all(isinstance(value, types) and not isinstance(value, bool) for value in values):
            return values.astype(np.str_ if kind == "U" else kind)
    odd = next((value for value in values if not isinstance(value, str)), None)
    raise InputError(f"labels: expected integers or words, got {odd!r} among them")


def natural_order(names: Iterable[str]) -> list[str]:
    """Return names in numerical order (1, 2, 10) if all are whole numbers, otherwise in alphabetical order.

    Names of the same number, such as ``"1"`` and ``"01"``, are in alphabetical order.
    """
    ordered = sorted(names)
    numbered = all(name.removeprefix("-").isdecimal() for name in ordered)
    return sorted(ordered, key=int) if numbered else ordered


def _encode_words(words: list[str], classes: Sequence[str] | None) -> tuple[Labels, tuple[str, ...]]:
    if classes is None:
        distinct = set(words)
        classes = natural_order(distinct)
        if len(classes) > MAX_CLASSES:
            raise InputError(f"labels: expected at most {MAX_CLASSES:,} classes, got {len(classes):,} distinct words")
    number = {name: k for k, name in enumerate(classes)}
    unknown = next((row for row, word in enumerate(words) if word not in number), None)
    if unknown is not None:
        raise InputError(
            f"labels: expected one of the classes {', '.join(list(classes)[:20])}, got {words[unknown]!r} at row "
            f"{unknown}"
        )
    return np.array([number[word] for word in words], np.int64), tuple(classes)
