"""From a picture to the digits in it: the steps of this package, one after the other."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glasswork.arrays import Images
from glasswork.data.photos import parts as part_of
from glasswork.data.photos.bars import bars_of
from glasswork.data.photos.centre import as_it_is, centre
from glasswork.data.photos.ink import Cover, Ink, ink_of
from glasswork.data.photos.lines import ruled_lines
from glasswork.data.photos.parts import Part, box_of
from glasswork.data.photos.read import Picture, Pixels, read_pixels
from glasswork.errors import InputError

#: A picture with more digits shows texture or print.
MOST_DIGITS = 300

#: A digit is at least this many pixels tall or wide.
_LEAST_EXTENT = 6


@dataclass(frozen=True, eq=False)
class Digit:
    """A digit that was found in a picture.

    Attributes
    ----------
    image : (784,) uint8
        28×28 pixels, row by row, like those of MNIST: 0 is the ground, 255 is full ink.
    box : (int, int, int, int)
        Left, top, right and bottom in the pixels of the upright picture; right and bottom lie just outside.
    """

    image: Images
    box: tuple[int, int, int, int]

    def __repr__(self) -> str:
        return "Digit(at {},{} to {},{})".format(*self.box)


@dataclass(frozen=True, eq=False)
class Reading:
    """What each step found in a picture.

    Attributes
    ----------
    pixels : (height, width, channels) float32
        The picture as the steps use it, with levels from 0 to 255.
    size : (int, int)
        Width and height of the upright picture; boxes are in its pixels.
    cover : (rows, columns) float32
        Share of full ink in each pixel; fewer rows and columns if the picture is grainy.
    parts : list of Part
        Connected parts of the ink, each kept or dropped for a reason.
    digits : list of Digit
        The digits that were found, in reading order.
    problem : str
        Why no digit was found, and what to do; empty if there is one.
    frames : int
        The number of pictures in the file; this is the first.
    """

    pixels: Pixels
    size: tuple[int, int]
    cover: Cover
    parts: list[Part]
    digits: list[Digit]
    problem: str = ""
    frames: int = 1


def read_digits(picture: str | os.PathLike[str] | NDArray[Any]) -> list[Digit]:
    """Find the digits in a picture.

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
        If the array is not a picture, or nothing in it can be a digit; the message says why.
    """
    reading = read_picture(picture)
    if reading.problem:
        raise InputError(reading.problem)
    return reading.digits


def read_image(picture: str | os.PathLike[str] | NDArray[Any]) -> Images:
    """Read a picture of one digit and turn it into an image like those of MNIST.

    If there are several digits in the picture, the largest is taken; :func:`read_digits` finds them all.
    An image of MNIST that was saved as a 28×28 PNG is returned unchanged.

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
        If the array is not a picture, or nothing in it can be a digit; the message says why.
    """
    return largest(read_digits(picture)).image


def largest(digits: list[Digit]) -> Digit:
    """Return the digit whose box is the largest."""
    return max(digits, key=lambda digit: (digit.box[2] - digit.box[0]) * (digit.box[3] - digit.box[1]))


def read_picture(picture: str | os.PathLike[str] | NDArray[Any]) -> Reading:
    """Find the digits in a picture and keep what each step found, for a figure.

    Parameters
    ----------
    picture : path or array
        As for :func:`read_digits`.

    Returns
    -------
    Reading
        If nothing in the picture can be a digit, its ``problem`` says why.

    Raises
    ------
    FileError
        If the file is missing, is not a picture, is cut short, or has more than 50 million pixels.
    InputError
        If the array is not a picture.
    """
    if not isinstance(picture, (str, os.PathLike)):
        pixels = _checked(picture)
        return _read(Picture(pixels, (pixels.shape[1], pixels.shape[0])))
    opened = read_pixels(picture)
    reading = replace(_read(opened), frames=opened.frames)
    if not reading.problem:
        return reading
    frame = f"; it is the first of {opened.frames} frames: save the one with the digit" if opened.frames > 1 else ""
    return replace(reading, problem=f"{Path(picture)}: {reading.problem}{frame}")


def _read(picture: Picture) -> Reading:
    ink = ink_of(picture.pixels)
    if ink is None:
        blank = np.zeros(picture.pixels.shape[:2], np.float32)
        return Reading(picture.pixels, picture.size, blank, [], [], problem=_NOTHING)
    mask = ink.mask()
    lines = ruled_lines(mask)
    labels, found = part_of.find_parts(mask & ~lines)
    bars = np.zeros_like(mask) if ink.dark_ground is None else bars_of(labels, found, ink.dark_ground)
    if bars.any():
        labels, found = part_of.find_parts(mask & ~lines & ~bars)
    parts = part_of.judge(labels, found, ink)
    groups = part_of.group(labels, parts)
    parts += [replace(bar, dropped=part_of.FRAME) for bar in part_of.find_parts(bars)[1][:20]]
    parts += [replace(line, dropped=part_of.LINE) for line in part_of.find_parts(lines)[1][:20]]
    problem = _problem(parts, groups)
    if problem:
        return Reading(picture.pixels, picture.size, ink.cover, parts, [], problem)
    ready = as_it_is(ink.cover * 255)
    if ready is None:
        digits = [_digit(there, labels, ink, picture) for there in groups]
    else:
        digits = [Digit(ready, _in_picture(box_of([part for there in groups for part in there]), ink, picture))]
    return Reading(picture.pixels, picture.size, ink.cover, parts, digits)


_NOTHING = (
    "no digit found, because nothing stands out from the background; expected strokes that are clearly darker or "
    "clearly lighter than their background, so use a thicker pen or better light"
)

#: What to do for each reason why the largest part was dropped.
_REMEDIES = {
    part_of.EDGE: "leave some paper around the digit",
    part_of.FRAME: "crop the picture to what is inside the frame",
    part_of.LINE: "write on plain paper",
    part_of.FAINT: "use a darker pen or more even light",
    part_of.SPECK: "come closer or write larger",
}


def _problem(parts: list[Part], groups: list[list[Part]]) -> str:
    """Return the reason why no digit was found, or an empty string if one was."""
    if len(groups) > MOST_DIGITS:
        return (
            f"no digit found: more than {MOST_DIGITS} parts stand out, as in print or a texture; "
            "crop the picture to the digits"
        )
    if groups and max(
        box[2] - box[0] if wide else box[3] - box[1] for box in map(box_of, groups) for wide in (0, 1)
    ) < (_LEAST_EXTENT):
        return (
            f"no digit found: what stands out is smaller than {_LEAST_EXTENT} pixels; "
            "come closer, write larger, or save the picture larger"
        )
    if groups:
        return ""
    if not parts:
        return _NOTHING
    reason = parts[0].dropped
    return f"no digit found: what stands out is {reason}; {_REMEDIES[reason]}"


def _digit(there: list[Part], labels: NDArray[np.int32], ink: Ink, picture: Picture) -> Digit:
    left, top, right, bottom = box = box_of(there)
    own = np.isin(labels[top:bottom, left:right], [part.label for part in there])
    strength = np.where(own, np.maximum(ink.cover[top:bottom, left:right], 0), 0) * 255
    return Digit(centre(strength), _in_picture(box, ink, picture))


def _in_picture(box: tuple[int, int, int, int], ink: Ink, picture: Picture) -> tuple[int, int, int, int]:
    """Convert a box from pixels of the ink to pixels of the picture."""
    across = picture.size[0] / picture.pixels.shape[1] * ink.reduced
    down = picture.size[1] / picture.pixels.shape[0] * ink.reduced
    left, top, right, bottom = box
    return round(left * across), round(top * down), round(right * across), round(bottom * down)


def _checked(grey: NDArray[Any]) -> Pixels:
    array: NDArray[Any] = np.asarray(grey)
    colours = array.ndim == 3 and array.shape[2] == 3
    if not (array.ndim == 2 or colours) or not array.size or array.dtype.kind not in "uif":
        raise InputError(
            f"a picture: expected a (height, width) or (height, width, 3) array of numbers, "
            f"got {array.shape} of {array.dtype}"
        )
    if not (array.min() >= 0 and array.max() <= 255):  # written this way, it refuses NaN too
        raise InputError(f"a picture: expected levels from 0 to 255, got {array.min()} to {array.max()}; rescale it")
    pixels = array.astype(np.float32)
    return pixels if colours else pixels[:, :, np.newaxis]
