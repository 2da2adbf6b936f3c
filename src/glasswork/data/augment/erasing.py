"""Random erasing: a rectangle of some images becomes ground (Zhong et al. 2020, "Random erasing data augmentation").

area     uniform, from 2 % to the largest share of the image        height / width     from 0.3 to 3.3, on a log scale
"""

import math

import numpy as np
from numpy.typing import NDArray

from glasswork.arrays import FloatArray

#: Random numbers for an image: whether it is erased, the area, the ratio of the sides, and the place.
NUMBERS = 5

_SMALLEST = 0.02
_RATIO = math.log(3.3)


def erase(x: FloatArray, numbers: NDArray[np.float64], share: float, largest: float, ground: FloatArray) -> None:
    """Erase a rectangle of some images, in place.

    Parameters
    ----------
    x : (n, height, width, channels)
    numbers : (n, 5)
        Random numbers from 0 to 1.
    share : float
        The share of the images in which something is erased.
    largest : float
        The largest area, as a share of the image.
    ground : (channels,)
        What is left there.
    """
    chosen = np.flatnonzero(numbers[:, 0] < share)
    height, width = x.shape[1:3]
    smallest = min(_SMALLEST, largest)
    for i, (_, area, ratio, down, across) in zip(chosen, numbers[chosen], strict=True):
        pixels = (smallest + area * (largest - smallest)) * height * width
        stretch = math.exp((2 * ratio - 1) * _RATIO / 2)
        tall = min(height, max(1, round(math.sqrt(pixels) * stretch)))
        wide = min(width, max(1, round(math.sqrt(pixels) / stretch)))
        top, left = int(down * (height - tall + 1)), int(across * (width - wide + 1))
        x[i, top : top + tall, left : left + wide] = ground
