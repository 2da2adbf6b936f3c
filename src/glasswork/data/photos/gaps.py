"""Join the pieces of a hairline that a poor pen or scan has broken.

    ─ ── ─        Pieces are joined, nearest first, if the gap is a few line widths wide and short compared
   ─     ─   →    with the drawing. Two pieces that are each as tall as a digit stay two digits.

Only hairlines are joined: the pieces of a wider stroke are large enough not to be taken for specks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from glasswork.data.photos.ink import Mask, stroke_width

#: Gaps of up to these many line widths are closed, the narrow ones first.
_WIDTHS = (3, 6, 10)

#: A gap is closed if the drawing is at least this many times as tall.
_TALL = 10

#: Two pieces are two digits if both have the first share of the drawing's height, and their gap has the second.
_WHOLE, _APART = 0.6, 1 / 30

#: More pieces than these are texture or print.
_MOST = 300


def join_hairlines(labels: NDArray[np.int32], mask: Mask) -> NDArray[np.int32]:
    """Give the pieces of each broken hairline one number.

    Parameters
    ----------
    labels : (height, width) int32
        The number of each pixel's connected part; 0 is the ground.
    mask : (height, width) bool
        The ink.

    Returns
    -------
    (height, width) int32
        The numbers, some of which are left out.
    """
    width = stroke_width(mask)
    areas = np.bincount(labels.reshape(-1))
    pieces = np.flatnonzero(areas[1:] >= 0.5 * width**2) + 1
    if 2 <= len(pieces) <= _MOST:
        solid = np.isin(labels, pieces)
        for widths in _WIDTHS:
            if len(labels) >= _TALL * widths * width:
                labels = _join(labels, solid, widths * width)
    return labels


def _join(labels: NDArray[np.int32], solid: Mask, reach: float) -> NDArray[np.int32]:
    distance, nearest = ndimage.distance_transform_edt(~solid, return_indices=True)
    drawings, _ = ndimage.label(distance <= reach / 2, structure=np.ones((3, 3)))
    heights = [0, *(rows.stop - rows.start - reach for rows, _ in ndimage.find_objects(drawings))]
    spans = [(0, 0), *((box[0].start, box[0].stop) if box else (0, 0) for box in ndimage.find_objects(labels))]
    joined = np.arange(len(spans), dtype=np.int32)
    for gap, one, other, place in _neighbours(labels[tuple(nearest)], distance, reach):
        a, b = int(joined[one]), int(joined[other])
        height = heights[drawings.flat[place]]
        digits = min(np.ptp(spans[a]), np.ptp(spans[b])) > _WHOLE * height and gap > _APART * height
        if a != b and not digits and height >= _TALL * gap:
            joined[joined == b] = a
            spans[a] = (min(spans[a][0], spans[b][0]), max(spans[a][1], spans[b][1]))
    return np.asarray(joined[labels])


def _neighbours(
    owner: NDArray[np.int32], distance: NDArray[np.float64], reach: float
) -> list[tuple[float, int, int, int]]:
    """Return gaps within reach, each with its two pieces and a pixel between them, the narrowest first.

    Where the pixels nearest to one piece border on those nearest to another, the way from piece to piece is shortest.
    """
    found = []
    places = np.arange(owner.size).reshape(owner.shape)
    for one, other in ((np.s_[:-1], np.s_[1:]), (np.s_[:, :-1], np.s_[:, 1:])):
        gap = distance[one] + distance[other]
        border = (owner[one] != owner[other]) & (gap <= reach)
        found.append(np.stack([gap[border], owner[one][border], owner[other][border], places[one][border]], axis=1))
    pairs = np.concatenate(found)
    return [
        (float(gap), int(a), int(b), int(place)) for gap, a, b, place in pairs[np.argsort(pairs[:, 0], kind="stable")]
    ]
