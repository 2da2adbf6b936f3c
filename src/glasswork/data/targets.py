"""Targets and weights of images: what a loader gives beside the images, checked.

labels (N,) ──► one-hot rows (N, classes)        targets (N, outputs), as they are        weights (N,), 0 or more
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from glasswork.arrays import FloatArray
from glasswork.errors import InputError
from glasswork.pixels import even_array


def targets_by_label(columns: int, dtype: DTypeLike) -> FloatArray:
    """Return the targets of each label, ``(labels, columns)``: one-hot rows; 0 and 1 for a single column."""
    return np.eye(columns, dtype=dtype) if columns > 1 else np.array([[0], [1]], dtype)


def check_targets(targets: ArrayLike) -> NDArray[Any]:
    """Return targets as an array ``(N, outputs)``, or raise an InputError."""
    rows = even_array("targets", "rows", targets)
    if rows.ndim != 2 or rows.shape[1] == 0 or rows.dtype.kind not in "biuf" or not np.isfinite(rows).all():
        raise InputError(
            f"targets: expected finite numbers of shape (N, outputs), got {rows.dtype} of shape {rows.shape}"
        )
    return rows


def check_weights(weights: ArrayLike, images: int) -> NDArray[np.float64]:
    """Return the weights of images, ``(images,)`` float64, or raise an InputError."""
    given = even_array("weights", "weights", weights)
    if given.shape != (images,) or given.dtype.kind not in "biuf":
        raise InputError(
            f"weights: expected {images:,} numbers, one for each image, got shape {given.shape} of {given.dtype}"
        )
    array = np.array(given, np.float64)  # a copy: callers may change theirs
    if not (np.isfinite(array).all() and array.min() >= 0 < array.max()):
        raise InputError("weights: expected finite numbers of 0 or more that are not all 0")
    return array
