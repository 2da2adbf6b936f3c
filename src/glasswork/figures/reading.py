"""reading: how a picture was read, step by step, side by side.

the picture │ background removed │ parts kept and dropped, with the reason │ what the network saw
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from glasswork.arrays import Images
from glasswork.figures.figure import Picture, picture
from glasswork.figures.style import (
    BLUE,
    FAINT,
    HEADING,
    INK,
    MARGIN,
    MUTED,
    ORANGE,
    SMALL,
    TOP,
    heading,
    new_figure,
    place,
)

_PANEL, _GAP, _CAPTION, _LABEL = 3.6, 0.25, 0.3, 0.28

#: The most digits that are drawn as the network saw them.
_MOST = 30

#: The shares of ink that are drawn as black and as white.
_SHARES: dict[str, Any] = {"cmap": "gray", "vmin": 0, "vmax": 1}

Box = tuple[float, float, float, float]


@picture
def reading(
    title: str,
    pixels: NDArray[np.float32],
    cover: NDArray[np.float32],
    dropped: Sequence[tuple[Box, str]],
    digits: Sequence[tuple[Box, Images, str]],
    problem: str = "",
) -> Picture:
    """Draw the steps from a picture to the digits in it.

    Parameters
    ----------
    title : str
        The picture's name.
    pixels : (height, width, channels) float32
        The picture: levels from 0 to 255, grey or red, green and blue.
    cover : (rows, columns) float32
        Share of full ink in each pixel.
    dropped : sequence of (box, reason)
        Parts that do not belong to digits; a box is left, top, right, bottom, each a share of the picture.
    digits : sequence of (box, image, answer)
        The digits that were found: image is (784,) uint8, answer is a few words such as "7, 99 %".
    problem : str
        Why no digit was found.

    Returns
    -------
    Picture
    """
    rows, columns = pixels.shape[:2]
    tall = float(np.clip(_PANEL * rows / columns, 1.2, 5.5))
    wide = tall * columns / rows if tall in (1.2, 5.5) else _PANEL
    width = 2 * MARGIN + 4 * wide + 3 * _GAP
    figure = new_figure(max(width, 9), MARGIN + TOP + _CAPTION + tall)
    found = f"{len(digits)} digit{'s' * (len(digits) != 1)} found" if digits else problem
    heading(figure, title, found)
    captions = "the picture", "background removed", "parts kept and dropped", "28 × 28, as the network sees it"
    grey: dict[str, Any] = {"cmap": "gray", "vmin": 0, "vmax": 255} if pixels.shape[2] == 1 else {}
    shown = pixels[:, :, 0] if pixels.shape[2] == 1 else pixels.astype(np.uint8)
    paper = 1 - np.clip(cover / max(float(np.quantile(cover, 0.999)), 1e-6), 0, 1)
    pictures: tuple[tuple[Any, dict[str, Any]], ...] = (
        (shown, grey),
        (paper, _SHARES),
        (0.6 + 0.4 * paper, _SHARES),
        (None, {}),
    )
    for k, (caption, (image, levels)) in enumerate(zip(captions, pictures, strict=True)):
        axes = place(figure, MARGIN + k * (wide + _GAP), MARGIN, wide, tall)
        axes.set(xticks=[], yticks=[], xlim=(0, 1), ylim=(1, 0))
        axes.spines[:].set(color=FAINT, visible=image is not None)
        axes.set_title(caption, fontsize=SMALL, color=MUTED, loc="left")
        if image is not None:
            axes.imshow(image, extent=(0, 1, 1, 0), aspect="auto", **levels)
        if k == 2:
            _draw_boxes(axes, dropped, digits)
    _draw_digits(figure, (MARGIN + 3 * (wide + _GAP), MARGIN, wide, tall), digits[:_MOST])
    return figure


def _draw_boxes(axes: Axes, dropped: Sequence[tuple[Box, str]], digits: Sequence[tuple[Box, Images, str]]) -> None:
    """Draw boxes around the digits, and around the largest dropped parts, with the reason."""
    for box, _, _ in digits:
        axes.add_patch(_rectangle(box, BLUE, 1.2))
    for box, _ in dropped[:_MOST]:
        axes.add_patch(_rectangle(box, ORANGE, 0.8))
    for (left, _, _, bottom), reason in dropped[:8]:
        axes.text(min(left, 0.7), min(bottom + 0.01, 0.94), reason, fontsize=7, color=ORANGE, va="top")


def _rectangle(box: Box, colour: str, line: float) -> Rectangle:
    left, top, right, bottom = box
    return Rectangle((left, top), right - left, bottom - top, fill=False, color=colour, linewidth=line)


def _draw_digits(figure: Picture, panel: Box, digits: Sequence[tuple[Box, Images, str]]) -> None:
    """Draw images in a grid that fills a panel, each with its answer underneath."""
    if not digits:
        return
    left, bottom, wide, tall = panel
    step, columns = max(
        (min(wide / columns, tall / math.ceil(len(digits) / columns) - _LABEL), columns)
        for columns in range(1, len(digits) + 1)
    )
    for k, (_, image, answer) in enumerate(digits):
        row, column = divmod(k, columns)
        up = bottom + tall - row * (step + _LABEL) - step
        axes = place(figure, left + column * step, up, 0.92 * step, 0.92 * step)
        axes.imshow(image.reshape(28, 28), cmap="gray", vmin=0, vmax=255)
        axes.set(xticks=[], yticks=[])
        axes.set_xlabel(answer, fontsize=min(HEADING, max(6, 9 * step)), color=INK, labelpad=2)
