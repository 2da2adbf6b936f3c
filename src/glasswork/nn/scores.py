"""What scores mean: logits, or estimates of probabilities; and the labels and probabilities that follow from them.

two or more scores    the label is that of the largest; logits go through softmax
one score             the estimate of P(class 1), or its logit; the label is 1 above one half
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

import numpy as np

from glasswork.arrays import FloatArray, Labels
from glasswork.nn.layer import Layer
from glasswork.nn.losses import softmax

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
