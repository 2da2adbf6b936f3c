"""From a picture on disk to an image like those of MNIST: light ink on dark ground, 28×28 pixels.

PNG, JPEG, ... → grey → ground taken away → cropped to the ink → fitted in 20×20 → centred in 28×28

The last two steps are those by which MNIST was made: "the images were centered in a 28x28 image by
computing the center of mass of the pixels, and translating the image so as to position this point at the
center of the 28x28 field" (LeCun, Cortes and Burges, "The MNIST database"). Counted from 0, the centre
of the field is row 14 and column 14: 69,999 of the 70,000 images of MNIST lie within half a pixel of it.
"""

import math
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glasswork.arrays import Images
from glasswork.errors import FileError, InputError

if TYPE_CHECKING:
    from PIL.Image import Image

_Grey: TypeAlias = NDArray[np.float64]

_FIELD, _BOX, _MIDDLE = 28, 20, 14

#: No picture of more pixels is decoded: a file of a few kilobytes can ask for gigabytes of memory.
MAX_PIXELS = 50_000_000

#: A larger picture is first shrunk to this many pixels along its longer side.
_WORKING_SIZE = 512

#: Grey levels, of 255, by which the ink must differ from its ground.
_LEAST_CONTRAST = 24.0

#: Shares of the ink's full strength below which a pixel is ground: in a picture without noise, so that a
#: stray pixel that is almost white does not count; among the ripples that JPEG leaves around a small digit;
#: and in a photograph, where the edge of a stroke is a blur.
_FAINT, _FAINT_RIPPLE, _FAINT_IN_PHOTO = 0.02, 0.15, 0.3

#: Grey levels of noise above which a picture is shrunk, which averages the noise away.
_GRAIN = 4.0


def read_image(path: str | os.PathLike[str]) -> Images:
    """Read a picture of one digit, of any size, and make of it an image like those of MNIST.

    The picture is turned as its EXIF data ask, transparency becomes white paper, colours become grey;
    :func:`centre` does the rest. An image of MNIST, saved as a 28×28 PNG, comes back as it was.

    Parameters
    ----------
    path : path
        A PNG, a JPEG, or whatever else Pillow opens. Of an animation, the first frame.

    Returns
    -------
    (784,) uint8
        28×28 pixels, row by row: 0 is the ground, 255 is full ink.

    Raises
    ------
    FileError
        If the file is missing, is no picture, is cut short, or has more than 50 million pixels.
    InputError
        If nothing stands out from the ground.
    """
    path = Path(path)
    if path.is_dir():
        raise FileError(f"{path}: expected a picture, got a folder; name the files in it one by one")
    try:
        grey = _read_grey(path)
    except (FileError, MemoryError):
        raise
    except FileNotFoundError as error:
        raise FileError(f"{path}: there is no such file; check its name and folder") from error
    except Exception as error:  # what Pillow raises for a damaged file depends on its format
        raise FileError(
            f"{path}: cannot be read as a picture ({_first_line(error)}); expected a PNG or JPEG file, "
            "so export the picture again"
        ) from error
    try:
        return centre(grey)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def centre(grey: ArrayLike) -> Images:
    """Make an image like those of MNIST of a grey picture of any size.

    Which of ink and ground is the darker, and how the ground's brightness runs across the picture, is read
    off the picture's border. The ink is cropped, scaled to fit 20×20 pixels with its proportions kept,
    and moved by whole pixels until its centre of mass is within half a pixel of row 14, column 14; it
    stops earlier at the edge of the field, so that no ink is lost.

    Parameters
    ----------
    grey : (height, width) array
        Grey levels from 0 to 255, as bytes or floats; dark on light or light on dark.

    Returns
    -------
    (784,) uint8
        28×28 pixels, row by row: 0 is the ground, 255 is full ink.

    Raises
    ------
    InputError
        If ``grey`` is not two-dimensional, is empty or has values outside 0 to 255, or if nothing stands out
        from the ground.
    """
    ink, seen = _ink(_checked(grey))
    if not seen.any():
        raise InputError(
            "no digit found, as nothing stands out from the ground; expected strokes that are clearly darker or "
            "clearly lighter than their ground, so use a thicker pen or better light"
        )
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    return _place(_fit(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])).reshape(-1)


# Reading --------------------------------------------------------------------------------------------


def _read_grey(path: Path) -> NDArray[Any]:
    """Decode a picture: (height, width) grey levels from 0 to 255, neither side above ``_WORKING_SIZE``."""
    from PIL import Image, ImageOps

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # either the picture can be used or one error says why not
        try:
            opened = Image.open(path)
        except Image.DecompressionBombError as error:
            raise FileError(f"{path}: {_first_line(error)}; {_REMEDY_FOR_SIZE}") from error
        with opened as image:
            if image.width * image.height > MAX_PIXELS:
                raise FileError(
                    f"{path}: its size is {image.width:,}×{image.height:,}, more than {MAX_PIXELS:,} pixels; "
                    f"{_REMEDY_FOR_SIZE}"
                )
            image.draft("L", (_WORKING_SIZE, _WORKING_SIZE))  # a JPEG is decoded at a fraction of its size
            upright = ImageOps.exif_transpose(image)
            grey = _to_grey(upright)
            grey.thumbnail((_WORKING_SIZE, _WORKING_SIZE), Image.Resampling.BOX)
            return np.asarray(grey)


_REMEDY_FOR_SIZE = "save it smaller: 28 pixels each way are all that is used"


def _to_grey(image: "Image") -> "Image":
    """Convert a picture of any mode to mode L, or F if its levels are finer than bytes."""
    from PIL import Image

    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) / 257).astype(np.float32))
    if image.mode in ("I", "F"):
        levels = np.asarray(image, np.float64)
        low, high = float(levels.min()), float(levels.max())
        if high == low:
            levels[...] = 0  # one even level, whatever its unit
        elif low < 0 or high > 255:  # their unit is unknown: darkest to lightest becomes 0 to 255
            levels = (levels - low) * (255 / (high - low))
        return Image.fromarray(levels.astype(np.float32))
    if not image.has_transparency_data:
        return image.convert("L")
    image = image.convert("RGBA")
    on_white, on_black = (
        Image.alpha_composite(Image.new("RGBA", image.size, ground), image).convert("L")
        for ground in ("white", "black")
    )
    low, high = (float(level) for level in np.percentile(np.asarray(on_white), (0, 100)))
    return on_white if high - low >= _LEAST_CONTRAST else on_black  # white strokes need a dark ground


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


# Ink ------------------------------------------------------------------------------------------------


def _checked(grey: ArrayLike) -> _Grey:
    array: NDArray[Any] = np.asarray(grey)
    if array.ndim != 2 or not array.size or array.dtype.kind not in "uif":
        raise InputError(
            f"a grey picture: expected a (height, width) array of numbers, got {array.shape} of {array.dtype}; "
            "convert colours to grey first"
        )
    if not (array.min() >= 0 and array.max() <= 255):  # so put, NaN is refused too
        raise InputError(
            f"a grey picture: expected levels from 0 to 255, got {array.min()} to {array.max()}; rescale it first"
        )
    return array.astype(np.float64)


def _ink(grey: _Grey) -> tuple[_Grey, NDArray[np.bool_]]:
    """Take the ground away.

    Returns
    -------
    ink : (height, width) float64
        By how many grey levels each pixel differs from its ground, towards the ink; 0 is ground. Half the
        size, or a quarter, if the picture is grainy: the mean of four pixels has half their noise.
    seen : (height, width) bool
        Which of them are certainly ink, and so decide the crop.
    """
    from PIL import Image

    ground, noise = _ground(grey)
    while noise > _GRAIN and min(grey.shape) >= 8 * _FIELD:
        grey = np.asarray(Image.fromarray(grey.astype(np.float32)).reduce(2), np.float64)
        ground, noise = _ground(grey)
    ink = grey - ground
    if (ink**3).sum() < 0:  # cubes: little ink outweighs much ground that is slightly off
        ink = -ink
    np.maximum(ink, 0, out=ink)
    reach = max(1, max(grey.shape) // 150)
    clear = _strokes(ink > max(5 * noise, _LEAST_CONTRAST), noise, reach)
    if not clear.any():
        return ink, clear
    full = float(np.quantile(ink[clear], 0.9))
    if noise > 0:
        photo = min(grey.shape) > 2 * _FIELD
        kept = ink > max(5 * noise, _FAINT_IN_PHOTO * full * photo)
        ink[~(kept & (_window_mean(_strokes(kept, noise, reach), reach) > 0))] = 0
    elif np.count_nonzero((ink > 0) & (ink < 0.1 * full)) > 0.5 * np.count_nonzero(ink > 0.5 * full):
        ink[ink < _FAINT_RIPPLE * full] = 0  # more faint pixels than the edges of strokes account for
    return ink, ink > _FAINT * full


def _ground(grey: _Grey) -> tuple[_Grey, float]:
    """Fit the ground's brightness to the border: (height, width) grey levels, and the noise around them.

    The surface is of second degree, as light from one side and a lens's dark corners are. Border pixels
    far from it, where ink touches the border, are left out of the next fit.
    """
    rows, columns = grey.shape
    border = np.ones(grey.shape, bool)
    width = max(1, round(0.05 * min(rows, columns)))
    border[width : rows - width, width : columns - width] = False
    edge = grey[border]
    middle = np.median(edge)
    if np.median(np.abs(edge - middle)) == 0:  # drawn or scanned on one even level, as MNIST is
        return np.full_like(grey, middle), 0.0
    y, x = np.linspace(-1, 1, rows)[:, np.newaxis], np.linspace(-1, 1, columns)
    terms = np.stack([term + np.zeros(grey.shape) for term in (1.0, x, y, x * x, x * y, y * y)], axis=-1)
    design = terms[border]
    keep = np.ones(len(edge), bool)
    for _ in range(5):
        surface, *_ = np.linalg.lstsq(design[keep], edge[keep])
        off = np.abs(edge - design @ surface)
        noise = 1.4826 * float(np.median(off))
        keep = off <= 3 * noise
    return terms @ surface, noise


def _strokes(mask: NDArray[np.bool_], noise: float, reach: int) -> NDArray[np.bool_]:
    """Keep what has neighbours, as a stroke has and a speck of noise has not."""
    return mask & (_window_mean(mask, reach) > 0.25) if noise > 0 else mask


def _window_mean(mask: NDArray[np.bool_], reach: int) -> _Grey:
    """Return the share of True in the window of ``2 * reach + 1`` pixels each way around each pixel."""
    from PIL import Image, ImageFilter

    image = Image.fromarray(mask.astype(np.uint8) * np.uint8(255))
    return np.asarray(image.filter(ImageFilter.BoxBlur(reach)), np.float64) / 255


# Placing --------------------------------------------------------------------------------------------


def _fit(ink: _Grey) -> _Grey:
    """Scale a crop to fit 20×20, its proportions kept, and its strongest ink to 255."""
    from PIL import Image

    rows, columns = ink.shape
    longer = max(rows, columns)
    size = (max(1, round(_BOX * columns / longer)), max(1, round(_BOX * rows / longer)))
    full = np.quantile(ink[ink > 0], 0.998, method="higher")
    image = Image.fromarray(np.minimum(ink, full).astype(np.float32)).resize(size, Image.Resampling.BOX)
    scaled = np.clip(np.asarray(image, np.float64), 0, None)
    strongest = scaled.max()
    return scaled if 254 <= strongest <= 255 else scaled * (255 / strongest)  # a tenth of MNIST peaks at 254


def _place(digit: _Grey) -> Images:
    """Put a digit, at most 20×20, in the field: (28, 28) uint8, its centre of mass at row 14, column 14."""
    field = np.zeros((_FIELD, _FIELD), np.uint8)
    corner = []
    for axis, size in enumerate(digit.shape):
        mass = digit.sum(axis=1 - axis)
        shift = math.floor(_MIDDLE - float(mass @ np.arange(size) / mass.sum()) + 0.5)
        corner.append(min(max(shift, 0), _FIELD - size))
    top, left = corner
    field[top : top + digit.shape[0], left : left + digit.shape[1]] = np.rint(digit)
    return field
