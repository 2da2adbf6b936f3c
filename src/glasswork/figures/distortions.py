"""distortions: an image of each class, and what augmentation makes of it in a few epochs.

0 │ 0 0 0 0 0 0
1 │ 1 1 1 1 1 1
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
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
    for k, name in enumerate(labels):
        bottom = up - TOP - _CAPTION - (k + 1) * tall - k * _GAP
        text = figure.text(
            MARGIN / across, (bottom + tall / 2) / up, name, fontsize=HEADING, fontweight="bold", color=INK, va="center"
        )
        text.set_parse_math(False)
        for j, pixels in enumerate([originals[k], *distorted[k]]):
            begin = left + (j > 0) * _APART + j * (_CELL + _GAP) - (j > 0) * _GAP
            axes = place(figure, begin, bottom, _CELL, tall)
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_color(FAINT)
            drawn = np.rint(pixels).astype(np.uint8).reshape(shape)
            axes.imshow(
                drawn, cmap="Greys" if dark_ink else "gray", vmin=0, vmax=255, interpolation="nearest", aspect="auto"
            )
            if k == 0:
                caption = "original" if j == 0 else f"epoch {j}"
                axes.set_title(caption, fontsize=SMALL, color=MUTED, pad=4)
    return figure
