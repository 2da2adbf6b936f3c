"""A picture as an image of a dataset: decoded, from 0 to 255, in grey or in three planes, at the requested size."""

from pathlib import Path
from typing import Any, Literal

import numpy as np

from glasswork.arrays import Images
from glasswork.data.decode import decode
from glasswork.errors import FileError
from glasswork.reading import BYTES, Colour


def read_image(
    file: Path | bytes,
    *,
    shape: tuple[int, int] | None = None,
    colour: Colour = "grey",
    levels: tuple[float, float] = BYTES,
    strict: bool = False,
) -> tuple[Images, bool]:
    """Decode a picture.

    Parameters
    ----------
    file : path or bytes
        See `glasswork.data.decode.decode`.
    shape : (height, width), optional
        The size to which the picture is resized if it has another one.
    colour : {"grey", "rgb"}
        What becomes of colours. The three planes of a grey picture are equal.
    levels : (low, high)
        The levels that become 0 and 255, if all levels of the picture lie between them. By default, and for another
        picture, they are those of its format: 0 to 255, 0 to 65535, or 0 to 1 for floats.
    strict : bool
        Whether a picture whose levels do not lie between ``levels`` is refused.

    Returns
    -------
    pixels : (height, width) uint8, or (height, width, 3) in three planes
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
    image = picture.image
    if picture.levels != "bytes" or levels != BYTES:
        name = "" if isinstance(file, bytes) else f"{file}: "
        image = Image.fromarray(_bytes_of(np.asarray(image), picture.levels, name, levels, strict=strict))
    if coloured and colour == "grey":
        image = image.convert("L")
    if shape is not None and image.size != (shape[1], shape[0]):
        shrinks = image.height >= 2 * shape[0] and image.width >= 2 * shape[1]
        image = image.resize((shape[1], shape[0]), Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR)
    if colour == "rgb":
        image = image.convert("RGB")
    return np.asarray(image, np.uint8), coloured


def _bytes_of(
    levels: np.ndarray[Any, Any],
    kind: Literal["bytes", "integers", "floats"],
    name: str,
    asked: tuple[float, float],
    *,
    strict: bool,
) -> Images:
    """Return levels of 16 bits, or floats from 0 to 1, to 255 or to 65535, or between those asked for, as bytes."""
    low, high = float(levels.min()), float(levels.max())
    narrower = (kind != "bytes" or asked[1] <= 255) if kind != "floats" else (high > 1 or asked[1] <= 1)
    possible = strict or (narrower and (kind == "floats" or asked[0] >= 0))
    if asked != BYTES and possible and asked[0] <= low and high <= asked[1]:
        return _scaled(levels, *asked)
    if strict:
        raise FileError(
            f"{name}its levels are from {low:g} to {high:g}; expected {asked[0]:g} to {asked[1]:g}, as the range says"
        )
    if kind == "bytes":
        return levels
    if not (low >= 0 and high <= 65535):  # written this way, it refuses NaN too
        raise FileError(f"{name}its levels are from {low:g} to {high:g}; expected 0 to 65535, so export it again")
    top = 65535.0 if kind == "integers" or high > 255 else 1.0 if high <= 1 else 255.0
    return _scaled(levels, 0, top)


def _scaled(levels: np.ndarray[Any, Any], low: float, high: float) -> Images:
    pixels: Images = np.rint((levels.astype(np.float64) - low) * (255 / (high - low))).astype(np.uint8)
    return pixels
