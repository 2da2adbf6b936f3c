"""What doubt means for an answer: how far a network's confidence in an image is limited.

An image that is typical of the training images keeps its confidence. In full doubt no class has more than 89 %: that is
about how often a network is right about such images, and less would be dishonest the other way.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glasswork.arrays import FloatArray, Labels

#: The highest probability in full doubt.
MOST_IN_DOUBT = 0.89

#: An answer is in full doubt if at most this share of the nearest reference images is of its class.
_FEW = 0.4

#: If more than this share of three or more parts of a picture is unlike a digit, the picture is print or a drawing.
_MOSTLY_UNLIKE = 0.3


@dataclass(frozen=True, eq=False)
class Judgement:
    """What a reference set says about images.

    Attributes
    ----------
    strangeness : (n,) float32
        0 for a typical image, infinite for one of one even level.
    resembles : (n,) int64
        The class of most of the five nearest reference images; -1 for an image of one even level.
    probabilities : (n, classes) floats
        The network's, limited where they cannot be trusted.
    """

    strangeness: NDArray[np.float32]
    resembles: Labels
    probabilities: FloatArray

    @property
    def unlike(self) -> NDArray[np.bool_]:
        """Which images are unlike anything in the set: (n,)."""
        return self.strangeness > 1


def few_agree(labels: Labels, probabilities: FloatArray) -> NDArray[np.bool_]:
    """Whether few of the nearest reference images are of the class that is favoured.

    Parameters
    ----------
    labels : (n, k) integers
        The classes of the nearest reference images; -1 where one is infinitely far.
    probabilities : (n, classes) floats
    """
    agreeing = (labels == probabilities.argmax(axis=1)[:, np.newaxis]).sum(axis=1)
    return np.asarray(agreeing <= _FEW * np.maximum((labels >= 0).sum(axis=1), 1))


def most_common(labels: Labels) -> Labels:
    """Return the most common class of each row, (n, k) to (n,): of several the first, and -1 where all are -1."""
    votes = ((labels[:, :, np.newaxis] == labels[:, np.newaxis]) & (labels >= 0)[:, np.newaxis]).sum(axis=2)
    return np.asarray(np.take_along_axis(labels, votes.argmax(axis=1)[:, np.newaxis], axis=1)[:, 0])


def is_mostly_unlike(unlike: NDArray[np.bool_]) -> bool:
    """Whether the parts of a picture are print or a drawing, of which some happen to look like digits."""
    return len(unlike) >= 3 and bool(np.mean(unlike) > _MOSTLY_UNLIKE)


def limit_confidence(probabilities: FloatArray, doubt: NDArray[np.floating[Any]] | float = 1.0) -> FloatArray:
    """Limit the highest probability of each row to 1 without doubt, and to 0.89 in full doubt.

    What is above the limit goes evenly to all classes, so that the favoured one stays the same.

    Parameters
    ----------
    probabilities : (n, classes) floats
        Each row sums to 1.
    doubt : (n,) floats or float
        From 0 to 1.
    """
    limit = 1 - (1 - MOST_IN_DOUBT) * doubt
    top, even = probabilities.max(axis=1), 1 / probabilities.shape[1]
    keep = np.minimum(1, (limit - even) / np.maximum(top - even, 1e-9))[:, np.newaxis]
    return np.asarray(keep * probabilities + (1 - keep) * even, probabilities.dtype)
