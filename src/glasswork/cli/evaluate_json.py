"""``glasswork evaluate --json``: how good a network is, for programs."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from glasswork.statistics import accuracy_interval
from glasswork.training import measures

if TYPE_CHECKING:
    from glasswork.arrays import FloatArray, Labels


def measured(
    labels: "Labels", predicted: "Labels", probabilities: "FloatArray", classes: Sequence[str], threshold: float | None
) -> dict[str, Any]:
    """Return the measures of a test as plain data; undefined ones are None.

    Parameters
    ----------
    labels, predicted : (N,) integers
    probabilities : (N, classes)
    classes : sequence of str
    threshold : float, optional
        Of the second class's probability, where it was given.
    """
    matrix = measures.confusion(labels, predicted, len(classes))
    right = int(matrix.trace())
    low, high = accuracy_interval(right, len(labels))
    each = zip(measures.recalls(matrix), measures.precisions(matrix), measures.f1_of_classes(matrix), strict=True)
    found = {
        "images": len(labels),
        "correct": right,
        "accuracy": 100 * right / len(labels),
        "accuracy_interval": [low, high],
        "balanced_accuracy": 100 * measures.balanced_accuracy(matrix),
        "f1": 100 * measures.macro_f1(matrix),
        "classes": [
            {
                "name": name,
                "images": int(count),
                **{key: _known(100 * share) for key, share in zip(("recall", "precision", "f1"), shares, strict=True)},
            }
            for name, count, shares in zip(classes, matrix.sum(axis=1), each, strict=True)
        ],
        "confusion": matrix.tolist(),
    }
    if len(classes) == 2:
        found["auc"] = _known(measures.auc(labels, probabilities[:, 1]))
        found["threshold"] = 0.5 if threshold is None else threshold
    return found


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def above_threshold(probabilities: "FloatArray", threshold: float) -> "Labels":
    """Return 1 where the second class is at least so probable, 0 elsewhere."""
    return (probabilities[:, 1] >= threshold).astype(np.int64)
