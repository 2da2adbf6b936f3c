"""distortions: an image of each class, and what augmentation makes of it in a few epochs.

0 │ 0 0 0 0 0 0
1 │ 1 1 1 1 1 1
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.collections import PatchCollection
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from glasswork.figures.checks import class_names, image_shape, noun
from glasswork.figures.figure import Picture, picture
from glasswork.figures.style import (
    FAINT,
    HEADING,
    INK,
    MARGIN,
    MUTED,
    SMALL,
    TOP,
    fit_names,
    heading,
    new_figure,
    place,
)

#: The most classes that are drawn.
MOST = 40

_CELL, _GAP, _APART, _CAPTION = 0.8, 0.06, 0.25, 0.3
_WIDEST_NAME = 1.6


@picture
def distortions(
    originals: NDArray[np.uint8],
    distorted: NDArray[Any],
    *,
    classes: Sequence[str],
    shape: tuple[int, ...],
    subtitle: str,
    dark_ink: bool = True,
) -> Picture:
    """Draw images beside their distortions, a row for each.

    Parameters
    ----------
    originals : (rows, pixels) uint8
    distorted : (rows, columns, pixels)
        From 0 to 255.
    classes : sequence of str
        The name of each row's class.
    shape : (height, width), or (height, width, 3) in colour
    subtitle : str
        What was done to them.
    dark_ink : bool
        Draw light pixels as ink on paper.

    Returns
    -------
    Picture
    """
    names = class_names(classes, len(originals), "distortions")[:MOST]
    height, width = image_shape(originals.shape[1], shape, "distortions")[:2]
    tall = _CELL * min(max(height / width, 0.25), 4.0)
    columns = distorted.shape[1]
    labels, beside = fit_names(names, HEADING, _WIDEST_NAME)
    left = MARGIN + beside + 0.15
    across = left + _CELL + _APART + columns * (_CELL + _GAP) - _GAP + MARGIN
    up = TOP + _CAPTION + len(names) * (tall + _GAP) + MARGIN
    figure = new_figure(across, up)
    title = f"Training images of each {noun(classes)} as augmentation distorts them"
    heading(figure, title, subtitle)
    axes = place(figure, 0, 0, across, up)  # one for all images: axes of their own would cost seconds
    axes.set(xlim=(0, across), ylim=(0, up))
    axes.axis("off")
    frames = []
    for k, name in enumerate(labels):
        bottom = up - TOP - _CAPTION - (k + 1) * tall - k * _GAP
        middle = bottom + tall / 2
        axes.text(MARGIN, middle, name, fontsize=HEADING, fontweight="bold", color=INK, va="center", parse_math=False)
        for j, pixels in enumerate([originals[k], *distorted[k]]):
            begin = left + (j > 0) * (_APART - _GAP) + j * (_CELL + _GAP)
            frames.append(Rectangle((begin, bottom), _CELL, tall))
            axes.imshow(
                np.rint(pixels).astype(np.uint8).reshape(shape),
                cmap="Greys" if dark_ink else "gray",
                vmin=0,
                vmax=255,
                extent=(begin, begin + _CELL, bottom, bottom + tall),
                interpolation="nearest",
                aspect="auto",
            )
            if k == 0:
                caption, top = "original" if j == 0 else f"epoch {j}", bottom + tall + 0.06
                axes.text(begin + _CELL / 2, top, caption, fontsize=SMALL, color=MUTED, ha="center")
    axes.add_collection(PatchCollection(frames, facecolor="none", edgecolor=FAINT, linewidth=0.8), autolim=False)
    return figure
