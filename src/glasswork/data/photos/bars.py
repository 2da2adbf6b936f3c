"""Bars between windows: parts that lead into dark ground, without the digits that touch them.

█████████        The ground of such a picture is a wide dark frame; see `Ink.dark_ground`. A bar is as long as
█ 2██ 7 █   →    its part, and straight: whatever else hangs on it is a digit.
█████████
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from glasswork.data.photos.ink import BESIDE, Mask
from glasswork.data.photos.parts import Part, lead_into, own_pixels

#: A bar has ink along this share of its part.
_FULL = 0.9


def bars_of(labels: NDArray[np.int32], parts: list[Part], ground: Mask) -> Mask:
    """Mark the straight bars in the parts that lead into dark ground.

    Parameters
    ----------
    labels : (height, width) int32
    parts : list of Part
        As `find_parts` returns them.
    ground : (height, width) bool
        Dark ground.
    """
    found = np.zeros(labels.shape, bool)
    near = ndimage.binary_dilation(ground, iterations=BESIDE)
    leading = lead_into(ground, labels, parts)
    for part in parts:
        if part.label in leading:
            left, top, right, bottom = part.box
            own = own_pixels(labels, part)
            window = found[top:bottom, left:right]
            window |= _upright(own, near[top:bottom, left:right])
            window |= _upright(own.T, near[top:bottom, left:right].T).T
    return found


def _upright(own: Mask, near: Mask) -> Mask:
    """Mark the columns of a part that are full of ink and begin and end near dark ground, with those beside them."""
    begins, ends = near[: 2 * BESIDE].any(axis=0), near[-2 * BESIDE :].any(axis=0)
    groups, _ = ndimage.label(own.mean(axis=0) >= _FULL)
    leading = np.unique(groups[begins & ends & (groups > 0)])
    return np.asarray(own & ndimage.binary_dilation(np.isin(groups, leading), iterations=BESIDE))
