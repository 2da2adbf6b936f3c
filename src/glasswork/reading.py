"""Reading: how the pictures and pixels of a training were read, so that later ones are read in the same way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from glasswork.errors import InputError

#: The largest number of 16 bits.
_MOST_OF_16_BITS = 65535

#: Whether ink is dark on a light ground, light on a dark one, or neither is clear.
Polarity: TypeAlias = Literal["dark on light", "light on dark", "not known"]

#: What becomes of colours: grey, or three planes, the red, green and blue of each pixel in turn.
Colour: TypeAlias = Literal["grey", "rgb"]


def size_in_words(shape: Sequence[int]) -> str:
    """Return the size of an image in words: ``28×28``, or ``28×28 in colour``."""
    return f"{shape[0]}×{shape[1]}" + (" in colour" if len(shape) == 3 else "")


def order_in_words(shape: Sequence[int]) -> str:
    """Return in which order a row holds the numbers of an image in colour; empty for a grey one."""
    return " (the red, green and blue of each pixel in turn)" if len(shape) == 3 else ""


def checked_shape(who: str, shape: Sequence[int]) -> tuple[int, ...]:
    """Return the shape of an image as integers; raise InputError if it is none."""
    if not isinstance(shape, Sequence | np.ndarray) or not is_image(shape):
        raise InputError(f"{who}: expected the shape of an image, (height, width) or (height, width, 3), got {shape!r}")
    return tuple(map(int, shape))


def is_image(shape: Sequence[int]) -> bool:
    """Return whether this is the shape of an image: (height, width), or (height, width, 3) in colour."""
    return len(shape) in (2, 3) and min(shape) > 0 and tuple(shape[2:]) in ((), (3,))


def shape_in(array: Sequence[int]) -> tuple[int, ...] | None:
    """Return the shape of one image in an array of many; None if these are rows, or no images that are known."""
    shape = tuple(array[1:3] if tuple(array[3:]) == (1,) else array[1:])
    return shape if len(array) > 2 and is_image(shape) else None


#: The levels of pixels.
BYTES = (0.0, 255.0)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How the training pictures were read.

    Attributes
    ----------
    pictures : str
        ``digits``: a picture is a photograph of a digit, which is cut out and centred; ``as they are``: it is only
        resized, and turned grey unless ``colour`` says otherwise.
    low, high : float
        The values in the source that became the pixels 0 and 255.
    polarity : {"dark on light", "light on dark", "not known"}
        How ink and ground were in the training images. Images are never inverted.
    colour : {"grey", "rgb"}
        What became of colours: grey, or three planes. A grey picture then has three equal planes.
    """

    pictures: Literal["digits", "as they are"] = "as they are"
    low: float = 0.0
    high: float = 255.0
    polarity: Polarity = "not known"
    colour: Colour = "grey"

    def __post_init__(self) -> None:
        object.__setattr__(self, "low", float(self.low))
        object.__setattr__(self, "high", float(self.high))
        known = self.pictures in ("digits", "as they are") and self.colour in ("grey", "rgb")
        known = known and self.polarity in ("dark on light", "light on dark", "not known")
        if not known or not self.low < self.high:
            raise InputError(f"Reading: expected words that it knows, and low below high, got {self}")

    @property
    def rescales(self) -> bool:
        """Whether the values of the source are not the pixels 0 to 255 themselves."""
        return (self.low, self.high) != (0.0, 255.0)

    def to_bytes(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Return rows with the values of the source as pixels from 0 to 255, rounded as the training images were.

        Pixels may be given as the source has them or as a `Dataset` holds them, from 0 to 255: a row is on the narrower
        of the two scales that it fits. An array of ``uint16`` has the scale of a source of 16 bits, however dark it is.
        """
        if rows.size == 0:
            return rows
        low, high = rows.min(axis=1), rows.max(axis=1)
        of_source = (self.low <= low) & (high <= self.high)
        if self.high - self.low > 255 and not (rows.dtype == np.uint16 and self.high == _MOST_OF_16_BITS):
            of_source &= ~((low >= 0) & (high <= 255))
        if not of_source.any():
            return rows
        pixels = np.array(rows, np.float64)
        pixels[of_source] = np.rint((pixels[of_source] - self.low) * (255 / (self.high - self.low)))
        return pixels

    def __str__(self) -> str:
        parts = []
        if self.rescales:
            parts.append(f"values from {self.low:g} to {self.high:g} became 0 to 255")
        if self.polarity != "not known":
            parts.append(self.polarity)
        parts.append("pictures cropped to the digit" if self.pictures == "digits" else "pictures as they are")
        if self.colour == "rgb":
            parts.append("in colour")
        return ", ".join(parts)
