"""From a picture to the digits on it: the steps of this room, one after the other."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glasswork.arrays import Images
from glasswork.data.pictures import parts as part_of
from glasswork.data.pictures.centre import as_it_is, centre
from glasswork.data.pictures.ink import Cover, Ink, ink_of
from glasswork.data.pictures.parts import Part, box_of
from glasswork.data.pictures.read import Picture, Pixels, read_pixels
from glasswork.errors import InputError

#: More digits than these on one picture are texture or print.
MOST_DIGITS = 300


@dataclass(frozen=True, eq=False)
class Digit:
    """A digit found on a picture.

    Attributes
    ----------
    image : (784,) uint8
        28×28 pixels, row by row, like those of MNIST: 0 is the ground, 255 is full ink.
    box : (int, int, int, int)
        Left, top, right and bottom in the pixels of the upright picture; right and bottom are the first outside.
    """

    image: Images
    box: tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class Reading:
    """What was seen on a picture, step by step.

    Attributes
    ----------
    pixels : (height, width, channels) float32
        The picture as it was worked on, levels from 0 to 255.
    cover : (rows, columns) float32
        Share of full ink in each pixel; fewer rows and columns if the picture is grainy.
    parts : list of Part
        Connected parts of the ink, each kept or dropped for a reason.
    digits : list of Digit
        What was found, in reading order.
    """

    pixels: Pixels
    cover: Cover
    parts: list[Part]
    digits: list[Digit]


def read_digits(picture: str | os.PathLike[str] | NDArray[Any]) -> list[Digit]:
    """Find the digits on a picture.

    Parameters
    ----------
    picture : path or array
        A picture file, or levels from 0 to 255: (height, width), or (height, width, 3) for red, green and blue.

    Returns
    -------
    list of Digit
        In reading order: rows from top to bottom, each from left to right. Digits that touch are one.

    Raises
    ------
    FileError
        If the file is missing, is not a picture, is cut short, or has more than 50 million pixels.
    InputError
        If the array is not a picture, or nothing on it can be a digit; the message says why.
    """
    return read_picture(picture).digits


def read_image(picture: str | os.PathLike[str] | NDArray[Any]) -> Images:
    """Read a picture of one digit and make of it an image like those of MNIST.

    If there are several digits on the picture, the largest is taken; :func:`read_digits` finds them all.
    An image of MNIST, saved as a 28×28 PNG, comes back as it was.

    Parameters
    ----------
    picture : path or array
        A picture file, or levels from 0 to 255: (height, width), or (height, width, 3) for red, green and blue.

    Returns
    -------
    (784,) uint8
        28×28 pixels, row by row: 0 is the ground, 255 is full ink.

    Raises
    ------
    FileError
        If the file is missing, is not a picture, is cut short, or has more than 50 million pixels.
    InputError
        If the array is not a picture, or nothing on it can be a digit; the message says why.
    """
    return largest(read_digits(picture)).image


def largest(digits: list[Digit]) -> Digit:
    """Return the digit whose box is the largest."""
    return max(digits, key=lambda digit: (digit.box[2] - digit.box[0]) * (digit.box[3] - digit.box[1]))


def read_picture(picture: str | os.PathLike[str] | NDArray[Any]) -> Reading:
    """Find the digits on a picture and keep what each step saw, for a figure.

    Parameters, errors: those of :func:`read_digits`.
    """
    if isinstance(picture, (str, os.PathLike)):
        path = Path(picture)
        opened = read_pixels(path)
        try:
            return _read(opened)
        except InputError as error:
            more = f" (the first of its {opened.frames} frames was read)" if opened.frames > 1 else ""
            raise InputError(f"{path}: {error}{more}") from error
    pixels = _checked(picture)
    return _read(Picture(pixels, (pixels.shape[1], pixels.shape[0])))


def _read(picture: Picture) -> Reading:
    ink = ink_of(picture.pixels)
    if ink is None:
        raise InputError(
            "no digit found, as nothing stands out from the ground; expected strokes that are clearly darker or "
            "clearly lighter than their ground, so use a thicker pen or better light"
        )
    labels, found = part_of.find_parts(ink.mask())
    ready = as_it_is(ink.cover * 255) if len(found) else None
    parts = part_of.judge(labels, found, ink.cover, photo=ink.photo)
    groups = part_of.group(labels, parts)
    if not groups or len(groups) > MOST_DIGITS:
        raise InputError(_why_none(parts, groups))
    if ready is not None:
        groups = [[part for there in groups for part in there]]
        digits = [Digit(ready, _in_picture(box_of(groups[0]), ink, picture))]
    else:
        digits = [_digit(there, labels, ink, picture) for there in groups]
    return Reading(picture.pixels, ink.cover, parts, digits)


def _digit(there: list[Part], labels: NDArray[np.int32], ink: Ink, picture: Picture) -> Digit:
    left, top, right, bottom = box = box_of(there)
    own = np.isin(labels[top:bottom, left:right], [part.label for part in there])
    strength = np.where(own, np.maximum(ink.cover[top:bottom, left:right], 0), 0) * 255
    return Digit(centre(strength), _in_picture(box, ink, picture))


def _in_picture(box: tuple[int, int, int, int], ink: Ink, picture: Picture) -> tuple[int, int, int, int]:
    """From pixels of the ink to pixels of the picture."""
    across = picture.size[0] / picture.pixels.shape[1] * ink.reduced
    down = picture.size[1] / picture.pixels.shape[0] * ink.reduced
    left, top, right, bottom = box
    return round(left * across), round(top * down), round(right * across), round(bottom * down)


def _why_none(parts: list[Part], groups: list[list[Part]]) -> str:
    if groups:
        return (
            f"no digit found, as more than {MOST_DIGITS} parts stand out, as in print or a texture; "
            "crop the picture to the digits"
        )
    reasons = sorted({part.dropped for part in parts})
    return (
        f"no digit found: what stands out is {', '.join(reasons) or 'nothing'}; "
        "photograph the digit alone, on plain paper, with some paper around it"
    )


def _checked(grey: NDArray[Any]) -> Pixels:
    array: NDArray[Any] = np.asarray(grey)
    colours = array.ndim == 3 and array.shape[2] == 3
    if not (array.ndim == 2 or colours) or not array.size or array.dtype.kind not in "uif":
        raise InputError(
            f"a picture: expected a (height, width) or (height, width, 3) array of numbers, "
            f"got {array.shape} of {array.dtype}"
        )
    if not (array.min() >= 0 and array.max() <= 255):  # so put, NaN is refused too
        raise InputError(f"a picture: expected levels from 0 to 255, got {array.min()} to {array.max()}; rescale it")
    pixels = array.astype(np.float32)
    return pixels if colours else pixels[:, :, np.newaxis]
