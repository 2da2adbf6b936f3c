"""The performance of a network on the test set: confusion, calibration, and accuracy on changed images."""

import numpy as np

from glasswork.arrays import FloatArray, Images, Labels
from glasswork.nn import MLP
from glasswork.report.data import Bin, Evaluation, Robustness
from glasswork.report.robustness import CHANGES, accuracies

#: The number of bins on the scale of confidence.
_BINS = 10

#: The number of test images that are changed in each way and at each strength.
_CHANGED = 500


def evaluate(
    model: MLP, images: Images, labels: Labels, shape: tuple[int, ...] | None, classes: int, *, dark: bool = False
) -> Evaluation:
    """Measure a network on test images, or on the rows of a table.

    Parameters
    ----------
    model : MLP
    images : (N, features) uint8
    labels : (N,)
    shape : (height, width), or (height, width, 3) in colour
        None for rows of features, which are not changed.
    classes : int
    dark : bool
        Whether ink is dark on a light ground in the images.
    """
    probabilities = model.probabilities(images)
    answers = probabilities.argmax(axis=1)
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (labels, answers), 1)
    bins = calibrate(probabilities.max(axis=1), answers == labels)
    off = sum(found.count * abs(found.confidence - found.accuracy) for found in bins) / len(labels)
    few = slice(0, _CHANGED)
    shape, changes = (shape, CHANGES if min(shape[:2]) > 4 else CHANGES[:1]) if shape else ((1, 1), ())
    robustness = [
        Robustness(change.name, change.unit, list(change.strengths), found)
        for change in changes
        for found in [accuracies(model, images[few], labels[few], shape, change, dark=dark)]
    ]
    return Evaluation(
        count=len(labels),
        accuracy=float((answers == labels).mean() * 100),
        confusion=confusion.tolist(),
        bins=bins,
        calibration_error=off * 100,
        robustness=robustness,
        robustness_count=len(labels[few]),
    )


def calibrate(confidence: FloatArray, right: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[Bin]:
    """Group images by confidence, in tenths from 0 to 1; empty tenths are left out.

    Parameters
    ----------
    confidence : (N,)
        The probability of the answer, from 0 to 1.
    right : (N,) bool
        Whether the answer is right.
    """
    tenth = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    return [
        Bin(int(inside.sum()), float(confidence[inside].mean()), float(right[inside].mean()))
        for inside in (tenth == k for k in range(_BINS))
        if inside.any()
    ]
