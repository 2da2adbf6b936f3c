"""Measures of answers beside accuracy: for classes of unequal size, and for two classes whatever the threshold.

confusion[true, predicted]  ──► balanced accuracy, F1        scores of two classes ──► AUC

All are shares from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glasswork.arrays import FloatArray

#: What early stopping may watch on the validation images: the loss is to fall, the others are to rise.
Monitor: TypeAlias = Literal["accuracy", "loss", "balanced-accuracy", "f1", "auc"]
MONITORS: tuple[str, ...] = get_args(Monitor)


def confusion(labels: ArrayLike, predicted: ArrayLike, classes: int) -> NDArray[np.int64]:
    """Return how often each class was taken for each, ``(classes, classes)``: rows are true, columns predicted."""
    pairs = np.asarray(labels) * classes + np.asarray(predicted)
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def recalls(matrix: NDArray[np.int64]) -> FloatArray:
    """Return the share of each class's images that are right, ``(classes,)``; NaN for a class without images."""
    return _share(matrix.diagonal(), matrix.sum(axis=1), np.nan)


def precisions(matrix: NDArray[np.int64]) -> FloatArray:
    """Return the share of right ones among the images taken for each class, ``(classes,)``; 0 where there are none."""
    return _share(matrix.diagonal(), matrix.sum(axis=0), 0)


def f1_of_classes(matrix: NDArray[np.int64]) -> FloatArray:
    """Return ``2 right / (true + predicted)`` of each class, the harmonic mean of precision and recall.

    C. J. van Rijsbergen, Information Retrieval, 1979, chapter 7. NaN for a class that is neither true nor predicted.
    """
    return _share(2 * matrix.diagonal(), matrix.sum(axis=0) + matrix.sum(axis=1), np.nan)


def balanced_accuracy(matrix: NDArray[np.int64]) -> float:
    """Return the mean recall of the classes that occur (Brodersen et al., 2010)."""
    return float(np.nanmean(recalls(matrix)))


def macro_f1(matrix: NDArray[np.int64]) -> float:
    """Return the mean F1 of the classes that occur or are predicted."""
    return float(np.nanmean(f1_of_classes(matrix)))


def auc(labels: ArrayLike, scores: ArrayLike) -> float:
    """Return how probably an image of class 1 has a higher score than one of class 0; equal scores count half.

    That is the area under the ROC curve (Hanley and McNeil, 1982), here from ranks, as in the Mann-Whitney U test.

    Parameters
    ----------
    labels : (N,) of 0 and 1
    scores : (N,)
        Of class 1.

    Returns
    -------
    float
        NaN if a class has no images.
    """
    positive = np.asarray(labels) == 1
    _, place, counts = np.unique(np.asarray(scores), return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]  # equal scores share their mean rank
    n, m = int(positive.sum()), int((~positive).sum())
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * m)) if n and m else float("nan")


def of_probabilities(name: str, labels: ArrayLike, probabilities: FloatArray) -> float:
    """Return a measure by its name, one of `FROM_PROBABILITIES`, from probabilities ``(N, classes)``."""
    return FROM_PROBABILITIES[name](np.asarray(labels), probabilities)


def _of_confusion(measure: Callable[[NDArray[np.int64]], float]) -> Callable[[NDArray[np.int64], FloatArray], float]:
    return lambda labels, given: measure(confusion(labels, given.argmax(axis=1), given.shape[1]))


#: The measures that need the answers to all images at once.
FROM_PROBABILITIES: dict[str, Callable[[NDArray[np.int64], FloatArray], float]] = {
    "balanced-accuracy": _of_confusion(balanced_accuracy),
    "f1": _of_confusion(macro_f1),
    "auc": lambda labels, given: auc(labels, given[:, 1]),
}


def _share(part: NDArray[np.int64], whole: NDArray[np.int64], otherwise: float) -> FloatArray:
    shares: FloatArray = np.divide(part, whole, out=np.full(len(whole), otherwise, float), where=whole > 0)
    return shares
