"""From a file to pixels: upright, colours kept, reduced to what is needed.

PNG, JPEG, HEIC, ... → decoded → turned as its camera was held → transparency to paper → 640 pixels a side
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from glasswork.errors import FileError

if TYPE_CHECKING:
    from PIL.Image import Image

#: (height, width, channels) grey levels from 0 to 255; one channel, or red, green and blue.
Pixels: TypeAlias = NDArray[np.float32]

#: No picture of more pixels is decoded: a file of a few kilobytes can ask for gigabytes of memory.
MAX_PIXELS = 50_000_000

#: A larger picture is first shrunk to this many pixels along its longer side.
WORKING_SIZE = 640

#: Grey levels, of 255, that must lie between the lightest and the darkest pixel.
_LEAST_CONTRAST = 24.0

_REMEDY_FOR_SIZE = "save it smaller: 640 pixels each way are all that is used"


@dataclass(frozen=True, eq=False)
class Picture:
    """A decoded picture.

    Attributes
    ----------
    pixels : (height, width, channels) float32
        Levels from 0 to 255; one channel if the picture is grey, else red, green and blue.
    size : (int, int)
        Width and height of the upright picture in the file.
    frames : int
        How many pictures the file holds; the first is read.
    """

    pixels: Pixels
    size: tuple[int, int]
    frames: int = 1


def read_pixels(path: str | os.PathLike[str]) -> Picture:
    """Decode a picture file.

    Parameters
    ----------
    path : path
        A PNG, a JPEG, or whatever else Pillow opens; HEIC with the extra ``heic``. Of an animation, the first frame.

    Returns
    -------
    Picture

    Raises
    ------
    FileError
        If the file is missing, is not a picture, is cut short, or has more than 50 million pixels.
    """
    path = Path(path)
    if path.is_dir():
        raise FileError(f"{path}: expected a picture, got a folder; name the files in it one by one")
    try:
        return _decode(path)
    except (FileError, MemoryError):
        raise
    except FileNotFoundError as error:
        raise FileError(f"{path}: there is no such file; check its name and folder") from error
    except Exception as error:  # what Pillow raises for a damaged file depends on its format
        raise FileError(
            f"{path}: cannot be read as a picture ({_first_line(error)}); "
            "expected a PNG or JPEG file, so export the picture again"
        ) from error


def _decode(path: Path) -> Picture:
    from PIL import Image, ImageOps

    if _is_heic(path):
        _register_heic(path)
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
            size, frames = image.size, getattr(image, "n_frames", 1)
            image.draft("RGB" if image.mode != "L" else "L", (WORKING_SIZE, WORKING_SIZE))  # a JPEG, decoded smaller
            image.load()
            turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)  # on its side
            upright = ImageOps.exif_transpose(image)
            upright = _shrink(upright)
            return Picture(_levels(upright), size[::-1] if turned else size, frames)


def _shrink(image: Image) -> Image:
    """Shrink to the working size by averaging; modes that cannot be averaged are left for later."""
    from PIL import Image

    times = max(image.size) / WORKING_SIZE
    if times <= 1 or image.mode.startswith("I;16"):
        return image
    if image.mode in ("1", "P", "PA"):
        image = image.convert("L" if image.mode == "1" else "RGBA" if image.has_transparency_data else "RGB")
    size = tuple(max(1, round(side / times)) for side in image.size)
    return image.resize((size[0], size[1]), Image.Resampling.BOX, reducing_gap=2.0)


def _levels(image: Image) -> Pixels:
    """Convert a picture of any mode to levels from 0 to 255: (height, width, channels) float32."""
    from PIL import Image

    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        grey = _stretched(np.asarray(image).astype(np.float32))
        fine = _shrink(Image.fromarray(grey))
        return np.asarray(fine, np.float32)[:, :, np.newaxis]
    if image.has_transparency_data:
        image = _on_paper(image.convert("RGBA"))
    if image.mode in ("1", "L"):
        return np.asarray(image.convert("L"), np.float32)[:, :, np.newaxis]
    colours = np.asarray(image.convert("RGB")).astype(np.float32)
    red, green, blue = np.moveaxis(colours, 2, 0)
    if np.array_equal(red, green) and np.array_equal(green, blue):
        return colours[:, :, 1:2]
    return colours


def _stretched(levels: NDArray[Any]) -> NDArray[np.float32]:
    """Levels of an unknown unit, such as 12 bits in 16, from darkest to lightest as 0 to 255."""
    low, high = float(levels.min()), float(levels.max())
    if not np.isfinite([low, high]).all():
        raise ValueError("its levels are not finite numbers")
    if high == low:
        return np.zeros(levels.shape, np.float32)  # one even level, whatever its unit
    if low >= 0 and high <= 255 and levels.dtype.kind == "f" and high - low >= _LEAST_CONTRAST:
        return levels.astype(np.float32)
    return ((levels - low) * (255 / (high - low))).astype(np.float32)


def _on_paper(image: Image) -> Image:
    """Put a picture with transparency on white paper, or on black if its strokes are white."""
    from PIL import Image

    on_white, on_black = (
        Image.alpha_composite(Image.new("RGBA", image.size, ground), image).convert("RGB")
        for ground in ("white", "black")
    )
    contrast = np.ptp(np.asarray(on_white), axis=(0, 1)).max()
    return on_white if contrast >= _LEAST_CONTRAST else on_black


# HEIC, the format of telephones ---------------------------------------------------------------------


def _is_heic(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(12)
    return start[4:8] == b"ftyp" and start[8:12] in (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"heim", b"heis")


def _register_heic(path: Path) -> None:
    try:
        from pillow_heif import register_heif_opener
    except ImportError as error:
        raise FileError(
            f"{path}: a HEIC picture, as telephones save them; to read it: pip install 'glasswork[heic]', "
            "or export it as JPEG"
        ) from error
    register_heif_opener()


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
