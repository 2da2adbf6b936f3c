"""The weights of training images' losses: of their classes, and of each image.

class_weights = "balanced"      images / (classes · images of the class), as scikit-learn has it
sample_weights = "weights.npy"  a number for each image of the whole data
"""

from pathlib import Path

import numpy as np

from glasswork.arrays import FloatArray
from glasswork.data import Split
from glasswork.data.targets import check_weights
from glasswork.errors import FileError, InputError
from glasswork.recipes.schema import Training


def training_weights(training: Training, parts: Split) -> FloatArray | None:
    """Return the weight of each training image, ``(N,)``: that of its class times its own; None if all are 1.

    The loss stays a mean over the images of a batch, so weights with a mean of 1 keep the length of a step.

    Raises
    ------
    InputError
        If there are not as many weights as classes, or as images.
    FileError
        If the file of weights cannot be read.
    """
    labels, asked = parts.train.labels, training.class_weights
    weights = np.ones(len(labels))
    if asked == "none" and not training.sample_weights:
        return None
    if asked == "balanced":
        counts = np.bincount(labels, minlength=len(parts.classes))
        weights *= (len(labels) / (np.count_nonzero(counts) * np.maximum(counts, 1)))[labels]
    elif asked != "none":
        if len(asked) != len(parts.classes):
            raise InputError(
                f"training.class_weights: expected {len(parts.classes)} numbers, one for each class, got {len(asked)}"
            )
        weights *= np.array(asked)[labels]
    if training.sample_weights:
        images = sum(map(len, (parts.train, parts.valid, parts.test)))
        weights *= check_weights(_read(Path(training.sample_weights)), images)[parts.train.indices]
    return check_weights(weights, len(labels))


def _read(path: Path) -> FloatArray:
    try:
        found = np.load(path) if path.suffix == ".npy" else np.loadtxt(path, ndmin=1)
        return np.asarray(found, np.float64)
    except (OSError, ValueError) as error:
        raise FileError(
            f"{path}: expected weights, a .npy file or a number a line, and it cannot be read: {error}"
        ) from error
