"""Convert the values of a source, in any usual range, to pixels from 0 to 255; colours become grey, or three planes.

0 to 255      unchanged                      0 to 65535 (16 bits)    divided by 257
0 to 1        times 255                      -1 to 1                 (x + 1) times 127.5

The first block determines the range, and all others must be in it: nothing is clipped, and nothing is filled in.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glasswork.arrays import Images
from glasswork.errors import InputError
from glasswork.reading import Colour

#: The shares of red, green and blue in grey (ITU-R BT.601, as in Pillow).
LUMA = (0.299, 0.587, 0.114)

#: Whole numbers that stay below this are hardly ever bytes.
DIM = 128

#: How a range is stated.
RANGE_OPTION = "--data-range LOW,HIGH"

#: Describes the place of a value, given the row of the image and the index of the value in it.
Where = Callable[[int, int], str]


def in_words(row: int, place: int) -> str:
    """Describe the place of a value, counted from 0."""
    return f"image {row:,}, value {place:,}"


def in_colour(images: NDArray[Any], colour: Colour) -> tuple[NDArray[Any], bool]:
    """Return images in grey, or in three planes, and whether there were colours.

    Parameters
    ----------
    images : (n, features), (n, height, width), (n, height, width, c) or (n, c, height, width)
        With 1, 3 or 4 channels c; the fourth channel is transparency and is left out.
    colour : {"grey", "rgb"}

    Returns
    -------
    images : (n, features) or (n, height, width) in grey; (n, height, width, 3) in three planes
        The planes of a grey image are equal.
    coloured : bool
    """
    channels = _channels(images)
    coloured = channels.ndim == 4 and channels.shape[3] > 1
    if colour == "grey":
        return (_grey(channels) if coloured else channels.reshape(channels.shape[:3])), coloured
    if channels.ndim == 2:
        raise InputError(
            "data.colour: rgb is for pictures, and images of shape (n, height, width, 3); here an image is a row of "
            f"{channels.shape[1]:,} numbers, in which colours cannot be told apart: choose grey"
        )
    if coloured:
        return channels[..., :3], True
    return np.repeat(channels.reshape(*channels.shape[:3], 1), 3, axis=3), False


def _channels(images: NDArray[Any]) -> NDArray[Any]:
    """Return images with their channels, if they have any, in the last axis."""
    if images.ndim in (2, 3):
        return images
    if images.ndim != 4:
        raise InputError(f"expected images as rows, or with two or three axes each, got an array of {images.shape}")
    if images.shape[3] not in (1, 3, 4) and images.shape[1] in (1, 3, 4):
        images = np.moveaxis(images, 1, 3)
    if images.shape[3] not in (1, 3, 4):
        raise InputError(f"expected images in grey, or with 3 or 4 channels of colour, got an array of {images.shape}")
    return images


def _grey(images: NDArray[Any]) -> NDArray[Any]:
    grey = images[..., :3].astype(np.float32) @ np.array(LUMA, np.float32)
    return np.rint(grey).astype(images.dtype) if images.dtype.kind in "ui" else grey


class Levels:
    """Converts blocks of values to bytes.

    Parameters
    ----------
    given : (low, high), optional
        The values of background and ink; by default the first block determines them.
    prefer : (low, high), optional
        Used if ``given`` is None and all values of the first block lie in this range.
    stated : bool
        Whether a user states the range, so that values may lie between its whole numbers.

    Attributes
    ----------
    low, high : float
        The values that became 0 and 255.
    smallest, largest : float
        The smallest and the largest value so far.
    rounded : bool
        Whether some values lay between two of the 256 levels.
    """

    def __init__(
        self,
        given: tuple[float, float] | None = None,
        *,
        prefer: tuple[float, float] | None = None,
        stated: bool = False,
    ) -> None:
        if given is not None and not given[0] < given[1]:
            raise InputError(f"the range of the values: expected low below high, got {given[0]:g} to {given[1]:g}")
        self._decided, self._prefer, self._stated = given is not None, prefer, stated
        self._free = given is None and prefer is None  # nobody has said what the range is
        self._own = self._by_dtype = False
        self.low, self.high = given or (0.0, 255.0)
        self.smallest, self.largest = np.inf, -np.inf
        self.rounded = False

    @property
    def plain(self) -> bool:
        """Whether the values are used unchanged as pixels."""
        return (self.low, self.high) == (0.0, 255.0)

    def to_bytes(self, values: NDArray[Any], *, where: Where = in_words) -> Images:
        """Return values as bytes, of the same shape.

        Parameters
        ----------
        values : array
            The first axis counts images.
        where : callable
            Describes the place of a value.

        Raises
        ------
        InputError
            If a value is missing, or outside the range.
        """
        if values.dtype.kind == "b":
            values = values.astype(np.uint8)
        if values.dtype.kind not in "uif":
            raise InputError(f"expected pixels that are numbers, got {values.dtype}")
        if values.size == 0:
            return values.astype(np.uint8)
        low, high = float(values.min()), float(values.max())
        if np.isnan(low):
            raise self._wrong(values, np.isnan(values), where, "a missing value")
        self.smallest, self.largest = min(self.smallest, low), max(self.largest, high)
        if not self._decided:
            self._decide(values, low, high, where)
        if low < self.low or high > self.high:
            outside = (values < self.low) | (values > self.high)
            raise self._wrong(values, outside, where, f"expected {self.low:g} to {self.high:g}")
        if self.plain and values.dtype.kind in "ui":
            return values.astype(np.uint8, copy=False)
        exact = (values.astype(np.float64) - self.low) * (255 / (self.high - self.low))
        pixels = np.rint(exact)
        off = np.abs(exact - pixels) > 2e-3
        if self.plain and off.any() and not self._stated:
            raise self._wrong(values, off, where, "expected whole numbers from 0 to 255")
        self.rounded |= bool(off.any())
        return pixels.astype(np.uint8)

    def _decide(self, values: NDArray[Any], low: float, high: float, where: Where) -> None:
        self._decided = True
        if self._prefer not in (None, (0.0, 255.0)) and self._prefer[0] <= low and high <= self._prefer[1]:
            self.low, self.high = self._prefer
            return
        whole = values.dtype.kind in "ui" or bool(np.array_equal(values, np.trunc(values)))
        if whole and low >= 0 and high <= 255:
            return
        if values.dtype.kind == "u" and values.dtype.itemsize == 2:
            self.low, self.high, self._by_dtype = 0.0, 65535.0, True
        elif low >= 0 and high <= 1:
            self.low, self.high = 0.0, 1.0
        elif low >= -1 and high <= 1:
            self.low, self.high = -1.0, 1.0
        elif low >= 0 and high <= 255:
            off = values != np.trunc(values)
            raise self._wrong(values, off, where, "expected whole numbers from 0 to 255")
        else:
            outside = (values < 0) | (values > 255)
            raise self._wrong(values, outside, where, "expected 0 to 255, 0 to 1 or -1 to 1")

    def _wrong(self, values: NDArray[Any], wrong: NDArray[Any], where: Where, problem: str) -> InputError:
        rows = values.reshape(len(values), -1)
        row, place = (int(i) for i in np.argwhere(wrong.reshape(rows.shape))[0])
        if np.isnan(rows[row, place]):
            return InputError(f"{where(row, place)}: {problem}; correct or remove the row")
        return InputError(
            f"{where(row, place)}: {problem}, got {rows[row, place]:g}; correct or remove it, or state the range of "
            f"all values: {RANGE_OPTION}"
        )

    def stretched(self, images: Images) -> Images:
        """Return all images that were made, with their own range as that of the pixels, where nobody stated another.

        Whole numbers up to 1, or up to less than half of 255, are hardly ever bytes: they would be all but black.
        """
        whole = self.plain and not self._stated and (self._free or self.largest == 1)
        if not (whole and 1 <= self.largest < DIM) or isinstance(images, np.memmap):
            return images
        self.high, self._own = self.largest, True
        table = np.rint(np.arange(256) * (255 / self.largest)).clip(0, 255).astype(np.uint8)
        stretched: Images = table[images]
        return stretched

    def assumed(self, option: str = RANGE_OPTION) -> tuple[str, ...]:
        """Return what was assumed about the range, and the ``option`` that states another one."""
        if self._own and self.largest > 1:
            return (f"the range of the values is not stated: that of the data, 0 to {self.largest:g}, was taken; if it "
                    f"is another one: {option}",)  # fmt: skip
        if (self._free and self.plain and self.largest < DIM) or (self._by_dtype and self.largest < 65535 / 2):
            return (f"the largest value is {self.largest:g} of {self.high:g}; if the range is another one: "
                    f"{option}",)  # fmt: skip
        return ()

    def describe(self) -> str | None:
        """Return a note about what was done to the values, or None if nothing was done."""
        if self.plain:
            return None
        rounded = "; values between two of the 256 levels were rounded" if self.rounded else ""
        return f"values from {self.low:g} to {self.high:g} became pixels from 0 to 255{rounded}"
