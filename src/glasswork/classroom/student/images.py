"""Recognise images and labels in a student's variables: which row of MNIST each one is, and how it was scaled."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glasswork.classroom.student.fixture import Mnist

_SAMPLE = 100

#: The pixels by which an image is recognised: every fourth in both directions.
_THIN = (np.arange(2, 28, 4)[:, None] * 28 + np.arange(2, 28, 4)).ravel()


@dataclass(frozen=True)
class ImagesState:
    """What a variable with images looks like."""

    kind: str  # "DataFrame", "ndarray", ...
    dtype: str
    shape: tuple[int, ...]
    low: float
    high: float


def describe(value: Any) -> ImagesState | None:
    """Describe a variable if it holds images: many rows of pixels."""
    shape = getattr(value, "shape", None)
    if not isinstance(shape, tuple) or len(shape) not in (2, 3) or shape[0] < 1000:
        return None
    rows = as_array(value, slice(0, _SAMPLE))
    if rows is None or not rows.size:
        return None
    numbers = rows[np.isfinite(rows)] if rows.dtype.kind == "f" else rows
    low, high = (float(numbers.min()), float(numbers.max())) if numbers.size else (0.0, 0.0)
    return ImagesState(type(value).__name__, str(rows.dtype), shape, low, high)


def as_array(value: Any, rows: Any) -> NDArray[Any] | None:
    """Return rows of an array or of a pandas object as an array of numbers, or None."""
    try:
        part = value.iloc[rows] if hasattr(value, "iloc") else value[rows]
        array = np.asarray(part)
        if array.dtype.kind not in "fiub":
            array = array.astype(float)
        return array
    except Exception:
        return None


class Identifier:
    """Finds the row of MNIST that an image is, whatever increasing scale its pixels have been given."""

    def __init__(self, mnist: Mnist) -> None:
        self._rows: dict[bytes, int] = {}
        for row, code in enumerate(_words(np.ascontiguousarray(mnist.images[:, _THIN]))):
            self._rows.setdefault(code, row)

    def identify(self, value: Any, rows: Any = slice(None)) -> NDArray[np.int64] | None:
        """Return the row of MNIST of each image, -1 where there is none; None if these are no images."""
        array = as_array(value, rows)
        if array is None or array.ndim < 2:
            return None
        array = array.reshape(len(array), -1)
        if array.shape[1] != 784:
            return None
        array = array[:, _THIN]
        low, high = float(array.min()), float(array.max())
        if not high > low:
            return None
        codes = np.round((array - low) * (255.0 / (high - low)))
        grey = np.ascontiguousarray(np.clip(codes, 0, 255).astype(np.uint8))
        if len(np.unique(grey[:200])) < 8:
            return None  # the grey values are gone, so no image can be told
        return np.array([self._rows.get(code, -1) for code in _words(grey)], np.int64)


class RowIdentifier(Identifier):
    """Stands for `Identifier` where the images are nothing but the numbers of their rows."""

    def __init__(self) -> None:
        pass

    def identify(self, value: Any, rows: Any = slice(None)) -> NDArray[np.int64] | None:
        """Return the numbers that the images are."""
        array = as_array(value, rows)
        return None if array is None or array.ndim != 2 or array.shape[1] != 2 else array[:, 0].astype(np.int64)


def _words(codes: NDArray[np.uint8]) -> list[bytes]:
    return codes.view(f"V{codes.shape[1]}").ravel().tolist()


# Names -----------------------------------------------------------------------------------------------

_SETS = {"train": r"train|(^|_)tr(_|$)", "valid": r"val|dev", "test": r"test|(^|_)te(_|$)"}
_IMAGES = re.compile(r"^(x|images?|data|features?|imgs?)|(_x|_images?|_data)$", re.I)
_LABELS = re.compile(r"^(y|labels?|targets?)|(_y|_labels?|_targets?)$", re.I)


def find_split(namespace: dict[str, Any]) -> dict[str, str]:
    """Return the variables that hold the parts of the split: ``{"X_train": name, "y_train": name, ...}``."""
    found: dict[str, str] = {}
    for role, pattern in _SETS.items():
        for letter, names in (("X", _IMAGES), ("y", _LABELS)):
            canonical = f"{letter}_{role}"
            if is_data(namespace.get(canonical)):
                found[canonical] = canonical
                continue
            for name, value in namespace.items():
                parts = [r for r, p in _SETS.items() if re.search(p, name, re.I)]
                if parts == [role] and re.search(pattern, name, re.I) and names.search(name) and is_data(value):
                    found[canonical] = name
                    break
    return found


def is_data(value: Any) -> bool:
    """Return whether a value is an array, a table or a column with some rows."""
    shape = getattr(value, "shape", None)
    return isinstance(shape, tuple) and len(shape) >= 1
