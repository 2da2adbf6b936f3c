"""What scores mean: logits, or estimates of probabilities; and the labels and probabilities that follow from them.

two or more scores    the label is that of the largest; logits go through softmax
one score             the estimate of P(class 1), or its logit; the label is 1 above one half
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from glasswork.arrays import FloatArray, Labels
from glasswork.errors import InputError
from glasswork.nn.layer import Layer
from glasswork.nn.losses import log_softmax

ScoresAre: TypeAlias = Literal["logits", "probabilities"]


def declared_by(layers: Iterable[Layer]) -> ScoresAre:
    """Return what the last layer that states it says the scores are."""
    said = [layer.scores_are for layer in layers if layer.scores_are is not None]
    return said[-1] if said else "logits"


def labels_of(scores: FloatArray, scores_are: str) -> Labels:
    """Return the label of each row of scores, or of targets, which are probabilities: ``(N,)`` int64."""
    if scores.shape[1] != 1:
        labels: Labels = scores.argmax(axis=1)
        return labels
    return (scores[:, 0] > (0 if scores_are == "logits" else 0.5)).astype(np.int64)


def softmax(logits: ArrayLike) -> FloatArray:
    """Turn scores into probabilities: ``exp(logits)``, made to sum to 1 (Bishop 2006, eq. 4.104).

    Parameters
    ----------
    logits : (batch, classes)
        The scores of each image.

    Returns
    -------
    (batch, classes)
        Of the same dtype, float64 for integers; every row sums to 1.

    Raises
    ------
    InputError
        If the logits are not numbers of this shape.
    """
    given = np.asarray(logits)
    if given.ndim != 2 or given.shape[1] == 0 or given.dtype.kind not in "fiu":
        raise InputError(
            f"softmax: expected logits of shape (batch, classes), got {given.dtype} of shape {given.shape}"
            + ("; for one image give logits[numpy.newaxis]" if given.ndim == 1 else "")
        )
    probabilities: FloatArray = np.exp(log_softmax(given if given.dtype.kind == "f" else given.astype(np.float64)))
    return probabilities


def probabilities_of(scores: FloatArray, scores_are: str) -> FloatArray:
    """Return rows that sum to 1, ``(N, classes)``; a single score gives the probabilities of two classes.

    Outputs that were trained on squared error are estimates of probabilities already (Richard and Lippmann 1991);
    they are only clipped at 0 and divided by their sum.
    """
    single = scores.shape[1] == 1
    if scores_are == "logits":
        return softmax(np.hstack([np.zeros_like(scores), scores]) if single else scores)
    if single:
        scores = np.clip(np.hstack([1 - scores, scores]), 0, 1)
    scores = np.maximum(scores, np.finfo(scores.dtype).tiny)
    probabilities: FloatArray = scores / scores.sum(axis=1, keepdims=True)
    return probabilities
