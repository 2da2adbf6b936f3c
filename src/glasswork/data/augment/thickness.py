"""Thickness: strokes of a thicker or a thinner pen.

thicker = x + a (largest of a pixel and its four neighbours - x)        a: from 0 to 1 pixel on each side
thinner = x - a (x - smallest of them)

These are the dilation and the erosion of mathematical morphology (Serra 1982), taken in part.
"""

import numpy as np
from numpy.typing import NDArray


def change_thickness(images: NDArray[np.uint8], amounts: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return images with lighter strokes thicker, for amounts above 0, or thinner.

    Parameters
    ----------
    images : (n, height, width, channels) uint8
    amounts : (n,)
        From -1 to 1 pixel on each side of a stroke.
    """
    changed = np.empty_like(images)
    for chosen, extreme in ((amounts >= 0, np.maximum), (amounts < 0, np.minimum)):
        x = images[chosen]
        far = x.copy()
        extreme(far[:, 1:], x[:, :-1], out=far[:, 1:])
        extreme(far[:, :-1], x[:, 1:], out=far[:, :-1])
        extreme(far[:, :, 1:], x[:, :, :-1], out=far[:, :, 1:])
        extreme(far[:, :, :-1], x[:, :, 1:], out=far[:, :, :-1])
        share = np.abs(amounts[chosen]).astype(np.float32)[:, None, None, None]
        changed[chosen] = np.rint(x + share * (far.astype(np.float32) - x))
    return changed
