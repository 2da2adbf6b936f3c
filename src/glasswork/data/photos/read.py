"""From a picture file to pixels to work on: colours kept, at most 640 a side, fine levels stretched to 0 to 255."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from glasswork.data.decode import LEAST_CONTRAST, decode
from glasswork.errors import FileError

#: (height, width, channels) grey levels from 0 to 255; one channel, or red, green and blue.
Pixels: TypeAlias = NDArray[np.float32]

#: A larger picture is first shrunk to this many pixels along its longer side.
WORKING_SIZE = 640


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture to work on.

    Attributes
    ----------
    pixels : (height, width, channels) float32
        Levels from 0 to 255; one channel if the picture is grey, else red, green and blue.
    size : (int, int)
        Width and height of the upright picture in the file.
    frames : int
        The number of pictures in the file; this is the first.
    """

    pixels: Pixels
    size: tuple[int, int]
    frames: int = 1


def read_pixels(path: str | os.PathLike[str]) -> Picture:
    """Read a picture file; see `glasswork.data.decode.decode` for its formats and errors."""
    picture = decode(Path(path), longest=WORKING_SIZE)
    pixels = np.asarray(picture.image, np.float32)
    if picture.levels != "bytes":
        pixels = _stretched(pixels, os.fspath(path), already_bytes=picture.levels == "floats")
    return Picture(pixels if pixels.ndim == 3 else pixels[:, :, np.newaxis], picture.size, picture.frames)


def _stretched(levels: NDArray[Any], name: str, *, already_bytes: bool) -> NDArray[np.float32]:
    """Stretch levels of an unknown unit, such as 12 bits in 16, from darkest to lightest.

    Floats may already be levels from 0 to 255 (``already_bytes``); these are not changed if they have contrast.
    """
    low, high = float(levels.min()), float(levels.max())
    if not np.isfinite([low, high]).all():
        raise FileError(f"{name}: cannot be read as a picture: its levels are not finite numbers; export it again")
    if high == low:
        return np.zeros(levels.shape, np.float32)  # a single level, whatever its unit
    if already_bytes and low >= 0 and high <= 255 and high - low >= LEAST_CONTRAST:
        return levels.astype(np.float32)
    return ((levels - low) * (255 / (high - low))).astype(np.float32)
