"""digits: the first image of each class, in rows (handout, section 1).

0 1 2 3 4
5 6 7 8 9
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from glasswork.data.contract import polarity_of
from glasswork.errors import InputError
from glasswork.figures.checks import DIGITS, class_names, image_shape, noun, times, whole_numbers
from glasswork.figures.figure import Picture, picture
from glasswork.figures.style import FAINT, HEADING, INK, MARGIN, MUTED, SMALL, TOP, fit, heading, new_figure, place

MOST = 60
CELL, GAP, CAPTION = 1.5, 0.2, 0.35


@picture
def digits(
    data: Any,
    *,
    labels: ArrayLike | None = None,
    classes: Sequence[str] | None = None,
    shape: tuple[int, ...] | None = None,
) -> Picture:
    """Draw the first image of each class, at most of the first 60 classes.

    Parameters
    ----------
    data : Dataset, Split or part of one, or (N, height * width) uint8
        For a split, its training images are drawn. Light ink on a dark ground, as in MNIST, is drawn as ink on paper,
        and so is an array of which neither is clear; all other images, and colours, are drawn as they are.
    labels : (N,) integers
        Only needed with an array of images. The cell of a class without an image stays empty and is marked.
    classes : sequence of str, optional
        The names of the classes; by default the dataset's, or the ten digits.
    shape : (height, width), or (height, width, 3) in colour, optional
        The shape of an image; by default the dataset's, or a square.

    Returns
    -------
    Picture

    Raises
    ------
    InputError
        If images do not have that shape, labels are of another length, or a label has no class.
    """
    if getattr(data, "kind", "pixels") == "features":
        raise InputError("digits: expected images, got a table of features, which cannot be drawn as images")
    part = getattr(data, "train", data)
    images = np.asarray(getattr(part, "images", part))
    numbers = whole_numbers(
        getattr(part, "labels", np.zeros(0, np.int64)) if labels is None else labels, "digits", "labels"
    )
    names = getattr(data, "classes", DIGITS) if classes is None else classes
    if images.ndim != 2 or numbers.shape != images.shape[:1]:
        raise InputError(
            f"digits: expected a Dataset or a Split, or images (N, 784) and labels=(N,), got {type(data).__name__} "
            f"with shapes {images.shape} and {numbers.shape}"
        )
    if numbers.size and numbers.max() >= len(names):
        raise InputError(
            f"digits: expected labels from 0 to {len(names) - 1}, got {numbers.max()}; pass classes, the name of each"
        )
    names = class_names(names, len(names), "digits")
    shape = image_shape(images.shape[1], shape or (None if images is data else getattr(data, "shape", None)), "digits")
    height, width = shape[:2]
    as_ink = ("light on dark", "not known") if images is data else ("light on dark",)
    colours = "Greys" if polarity_of(images, shape) in as_ink else "gray"

    shown = min(len(names), MOST)
    columns = 5 if shown <= 10 else min(10, math.ceil(math.sqrt(2 * shown)))
    rows = math.ceil(shown / columns)
    tall = CELL * min(max(height / width, 0.25), 4.0)
    across = 2 * MARGIN + columns * CELL + (columns - 1) * GAP
    up = MARGIN + TOP + rows * (CAPTION + tall) + (rows - 1) * GAP
    figure = new_figure(across, up)
    title = f"The first image of each {noun(names)}"
    title += f": {shown} of {len(names):,} classes" if shown < len(names) else ""
    heading(figure, title, f"among {len(images):,} images of {times(shape)}")
    for k, name in enumerate(names[:shown]):
        row, column = divmod(k, columns)
        bottom = up - TOP - (row + 1) * (CAPTION + tall) - row * GAP
        axes = place(figure, MARGIN + column * (CELL + GAP), bottom, CELL, tall)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_color(FAINT)
        found = np.flatnonzero(numbers == k)
        if found.size:
            pixels = images[found[0]].reshape(shape)
            axes.imshow(pixels, cmap=colours, vmin=0, vmax=255, interpolation="nearest", aspect="auto")
        else:
            axes.text(0.5, 0.5, "absent", transform=axes.transAxes, ha="center", va="center", color=MUTED)
        _caption(axes, name, f"row {found[0]:,}" if found.size else "no image", above=0.075 / tall)
    return figure


def _caption(axes: Axes, name: str, note: str, *, above: float) -> None:
    """Write the name of a class above a cell, and a small note on the right."""
    beside = axes.text(1, 1 + above, note, transform=axes.transAxes, fontsize=SMALL, color=MUTED, ha="right")
    text = axes.text(0, 1 + above, name, transform=axes.transAxes, fontsize=HEADING, fontweight="bold", color=INK)
    text.set_parse_math(False)
    fit(text, CELL - beside.get_window_extent().width / axes.figure.dpi - 0.08)
