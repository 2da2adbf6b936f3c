"""What doubt means for an answer: the limit on a network's confidence.

The confidence about a typical image is not limited. In full doubt, no class has more than 89 %: about this often,
networks are right about such images, so a lower limit would be too low.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glasswork.arrays import FloatArray, Labels

#: The highest probability in full doubt.
MOST_IN_DOUBT = 0.89

#: An answer is in full doubt if at most this share of the nearest reference images has its class.
_FEW = 0.4

#: If more than this share of three or more parts of a picture is unlike a digit, the picture is print or a drawing.
_MOSTLY_UNLIKE = 0.3


@dataclass(frozen=True, eq=False)
class Judgement:
    """The judgement of a reference set about images.

    Attributes
    ----------
    strangeness : (n,) float32
        0 for a typical image, infinite for an image of a single level.
    resembles : (n,) int64
        The most frequent class among the five nearest reference images; -1 for an image of a single level.
    probabilities : (n, classes) floats
        The network's probabilities, limited where they cannot be trusted.
    """

    strangeness: NDArray[np.float32]
    resembles: Labels
    probabilities: FloatArray

    @property
    def unlike(self) -> NDArray[np.bool_]:
        """Which images are unlike anything in the set: (n,)."""
        return self.strangeness > 1


def few_agree(labels: Labels, probabilities: FloatArray) -> NDArray[np.bool_]:
    """Return whether few of the nearest reference images have the favoured class.

    Parameters
    ----------
    labels : (n, k) integers
        The classes of the nearest reference images; -1 for one at an infinite distance.
    probabilities : (n, classes) floats
    """
    agreeing = (labels == probabilities.argmax(axis=1)[:, np.newaxis]).sum(axis=1)
    return np.asarray(agreeing <= _FEW * np.maximum((labels >= 0).sum(axis=1), 1))


def most_common(labels: Labels) -> Labels:
    """Return the most frequent class of each row, (n, k) to (n,): the first of several, or -1 if all are -1."""
    votes = ((labels[:, :, np.newaxis] == labels[:, np.newaxis]) & (labels >= 0)[:, np.newaxis]).sum(axis=2)
    return np.asarray(np.take_along_axis(labels, votes.argmax(axis=1)[:, np.newaxis], axis=1)[:, 0])


def is_mostly_unlike(unlike: NDArray[np.bool_]) -> bool:
    """Return whether the parts of a picture are print or a drawing, some of which happen to look like digits."""
    return len(unlike) >= 3 and bool(np.mean(unlike) > _MOSTLY_UNLIKE)


def limit_confidence(probabilities: FloatArray, doubt: NDArray[np.floating[Any]] | float = 1.0) -> FloatArray:
    """Limit the highest probability of each row to 1 without doubt, and to 0.89 in full doubt.

    The excess is shared evenly by all classes, so the favoured class stays the same.

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
