"""A picture as an image of a dataset: decoded, in grey from 0 to 255, at the requested size."""

from pathlib import Path
from typing import Any, Literal

import numpy as np

from glasswork.arrays import Images
from glasswork.data.decode import decode
from glasswork.errors import FileError


def read_grey(file: Path | bytes, *, shape: tuple[int, int] | None = None) -> tuple[Images, bool]:
    """Decode a picture to grey.

    Parameters
    ----------
    file : path or bytes
        See `glasswork.data.decode.decode`.
    shape : (height, width), optional
        The size to which the picture is resized if it has another one.

    Returns
    -------
    pixels : (height, width) uint8
    coloured : bool
        Whether the picture had colours.

    Raises
    ------
    FileError
        If it is not a picture, is damaged, has too many pixels, or its levels have an unusual range.
    """
    from PIL import Image

    picture = decode(file)
    coloured = picture.image.mode == "RGB"
    grey = picture.image.convert("L") if coloured else picture.image
    if picture.levels != "bytes":
        name = "" if isinstance(file, bytes) else f"{file}: "
        grey = Image.fromarray(_bytes_of(np.asarray(grey), picture.levels, name))
    if shape is not None and grey.size != (shape[1], shape[0]):
        shrinks = grey.height >= 2 * shape[0] and grey.width >= 2 * shape[1]
        grey = grey.resize((shape[1], shape[0]), Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR)
    return np.asarray(grey, np.uint8), coloured


def _bytes_of(levels: np.ndarray[Any, Any], kind: Literal["integers", "floats"], name: str) -> Images:
    """Return levels of 16 bits, or floats from 0 to 1, to 255 or to 65535, as bytes."""
    low, high = float(levels.min()), float(levels.max())
    if not (low >= 0 and high <= 65535):  # written this way, it refuses NaN too
        raise FileError(f"{name}its levels are from {low:g} to {high:g}; expected 0 to 65535, so export it again")
    top = 65535.0 if kind == "integers" or high > 255 else 1.0 if high <= 1 else 255.0
    pixels: Images = np.rint(levels.astype(np.float64) * (255 / top)).astype(np.uint8)
    return pixels
