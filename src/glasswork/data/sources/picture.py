"""A picture as it is: decoded, turned upright, in grey, with transparency on paper, at the size that is asked for."""

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from glasswork.arrays import Images
from glasswork.errors import FileError

if TYPE_CHECKING:
    from PIL.Image import Image

#: No picture of more pixels is decoded: a file of a few kilobytes can ask for gigabytes of memory.
MAX_PIXELS = 50_000_000

#: How picture files begin.
_MAGIC = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"P1", b"P2", b"P3", b"P4", b"P5", b"P6")


def is_picture(head: bytes) -> bool:
    """Whether a file begins as picture files do: PNG, JPEG, GIF, BMP, TIFF, PNM, WebP or HEIC."""
    if head.startswith(b"P"):
        return head[:2] in _MAGIC and head[2:3].isspace()
    if head.startswith(b"BM"):
        return len(head) > 14 and head[6:10] == b"\0\0\0\0"
    return head.startswith(_MAGIC) or head[8:12] == b"WEBP" or head[4:12] in (b"ftypheic", b"ftypavif", b"ftypmif1")


def read_grey(file: Path | bytes, *, shape: tuple[int, int] | None = None) -> tuple[Images, bool]:
    """Decode a picture to grey.

    Parameters
    ----------
    file : path or bytes
        Of any mode: grey, colour, palette, transparency, 16 bits, CMYK. Of an animation, the first frame.
    shape : (height, width), optional
        To resize to, where the picture has another one.

    Returns
    -------
    pixels : (height, width) uint8
    coloured : bool
        Whether there were colours.

    Raises
    ------
    FileError
        If it is not a picture, is damaged, or has too many pixels.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _decode(file, shape)
    except (FileError, MemoryError):
        raise
    except Exception as error:  # what Pillow raises for a damaged file depends on its format
        first = (str(error).splitlines() or [type(error).__name__])[0]
        name = "a picture" if isinstance(file, bytes) else str(file)
        raise FileError(f"{name}: cannot be read as a picture ({_without_address(first)})") from error


def picture_facts(file: Path | bytes) -> tuple[tuple[int, int], bool]:
    """Return the upright height and width of a picture, and whether it has several pages; without decoding it."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(io.BytesIO(file) if isinstance(file, bytes) else file) as image:
            on_its_side = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
            several = image.format in ("TIFF", "GIF", "WEBP") and getattr(image, "is_animated", False)
            return image.size if on_its_side else (image.height, image.width), bool(several)


def _decode(file: Path | bytes, shape: tuple[int, int] | None) -> tuple[Images, bool]:
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(file) if isinstance(file, bytes) else file) as image:
        if image.width * image.height > MAX_PIXELS:
            raise FileError(f"{file!s:.200}: {image.width:,}×{image.height:,} pixels are too many; save it smaller")
        image.load()
        grey, coloured = _to_grey(ImageOps.exif_transpose(image))
        if shape is not None and grey.size != (shape[1], shape[0]):
            grey = grey.resize(
                (shape[1], shape[0]), Image.Resampling.BOX if _shrinks(grey, shape) else Image.Resampling.BILINEAR
            )
        return np.asarray(grey, np.uint8), coloured


def _shrinks(image: "Image", shape: tuple[int, int]) -> bool:
    return image.height >= 2 * shape[0] and image.width >= 2 * shape[1]


def _to_grey(image: "Image") -> tuple["Image", bool]:
    """Return a picture of any mode in mode L, and whether it had colours."""
    from PIL import Image

    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        return Image.fromarray(_bytes_of(np.asarray(image))), False
    if image.has_transparency_data:
        image = _on_paper(image.convert("RGBA"))
    if image.mode in ("1", "L"):
        return image.convert("L"), False
    colours = image.convert("RGB")
    red, green, blue = colours.split()
    coloured = red.tobytes() != green.tobytes() or green.tobytes() != blue.tobytes()
    return (colours.convert("L") if coloured else green), coloured


def _bytes_of(levels: np.ndarray[Any, Any]) -> Images:
    """Return levels of 16 bits, or floats from 0 to 1 or to 255, as bytes."""
    low, high = float(levels.min()), float(levels.max())
    if low < 0 or high > 65535:
        raise ValueError(f"its levels are from {low:g} to {high:g}")
    top = 1.0 if levels.dtype.kind == "f" and high <= 1 else 255.0 if levels.dtype.kind == "f" else 65535.0
    if levels.dtype.kind == "f" and high > 255:
        top = 65535.0
    pixels: Images = np.rint(levels.astype(np.float64) * (255 / top)).astype(np.uint8)
    return pixels


def _on_paper(image: "Image") -> "Image":
    """Put a picture with transparency on white paper, or on black if white paper would hide it."""
    from PIL import Image

    on_white = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    if np.asarray(on_white).min() < 128:
        return on_white
    return Image.alpha_composite(Image.new("RGBA", image.size, "black"), image).convert("RGB")


def _without_address(text: str) -> str:
    """Return a message without the address of an object in it, which is another one each time."""
    return text.partition(" <")[0] if " object at 0x" in text else text
