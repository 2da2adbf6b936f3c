"""Decode a picture file, whatever its format and mode: upright, on paper, in grey, in colours or in fine levels.

file ──first bytes──► its format ──size checked──► pixels ──► upright ──► transparency on paper ──► Decoded

This is the only place that knows which formats are pictures. Photographs of digits and pictures of a dataset are both
decoded here, so the same formats can be read for both.
"""

from __future__ import annotations

import contextlib
import io
import math
import mmap
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal, cast

import numpy as np

from glasswork.data.foreign import foreign
from glasswork.errors import FileError

if TYPE_CHECKING:
    from PIL.Image import Image

#: Pictures with more pixels are not decoded: a file of a few kilobytes can ask for gigabytes of memory.
MAX_PIXELS = 50_000_000

#: Bytes of a file that :func:`format_of` needs.
HEAD = 64

#: Pixels are made square if one side is stated to be longer by a factor within these limits. A smaller factor does not
#: matter, and a larger one is a mistake.
_OBLONG = (1.2, 5)

#: A picture can be seen on its paper if its lightest and darkest pixels differ by this many of 255 grey levels.
LEAST_CONTRAST = 24

_AVIF = (b"avif", b"avis")
_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")


def _starts(*signatures: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(signatures)


def _brands(head: bytes) -> list[bytes]:
    """Return the brands that an ISO media file names in its first box: HEIC and AVIF are such files."""
    if head[4:8] != b"ftyp":
        return []
    end = min(int.from_bytes(head[:4], "big"), len(head))
    return [head[8:12], *(head[k : k + 4] for k in range(16, end - 3, 4))]


#: The formats of pictures: Pillow's name for each, and how its files begin.
FORMATS: dict[str, Callable[[bytes], bool]] = {
    "PNG": _starts(b"\x89PNG\r\n"),
    "JPEG": _starts(b"\xff\xd8\xff"),
    "GIF": _starts(b"GIF8"),
    "BMP": lambda head: head[:2] == b"BM" and head[6:10] == bytes(4),
    "TIFF": _starts(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    "PPM": lambda head: re.match(rb"P[1-6]\s+(#|\d)", head) is not None,
    "WEBP": lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP",
    "JPEG2000": _starts(b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"),
    "AVIF": lambda head: any(brand in _AVIF for brand in _brands(head)),
    "HEIF": lambda head: any(brand in _HEIC for brand in _brands(head)),
    "ICO": lambda head: head[:4] == b"\0\0\1\0" and 0 < head[4] <= 64 and head[5] == 0,
    "PCX": lambda head: re.match(rb"\x0a[\x00\x02\x03\x05]\x01[\x01\x02\x04\x08]", head) is not None,
    "PSD": _starts(b"8BPS\0\1"),
    "QOI": _starts(b"qoif"),
    "SGI": lambda head: re.match(rb"\x01\xda[\x00\x01][\x01\x02]", head) is not None,
}

_EXPECTED = "expected PNG, JPEG, HEIC, WebP, AVIF, JPEG 2000, TIFF, GIF, BMP or PNM; export it as one of these"

#: Bytes that are needed to recognise a file that is not a picture.
_MORE = 4096


def format_of(head: bytes) -> str | None:
    """Return Pillow's name for the format of a picture file with these first bytes, or None if it is not a picture."""
    return next((name for name, begins in FORMATS.items() if begins(head)), None)


@dataclass(frozen=True, eq=False)
class Decoded:
    """A decoded picture.

    Attributes
    ----------
    image : PIL.Image.Image
        With square pixels. In mode L (grey) or RGB, or in mode F if the file has more than 256 levels.
    levels : {"bytes", "integers", "floats"}
        The kind of the file's levels. Unless they are bytes, ``image`` is in mode F and holds the levels of the file.
    size : (int, int)
        Width and height of the upright picture in the file, with square pixels.
    frames : int
        The number of pictures in the file, such as the pages of a TIFF; ``image`` is the first.
    """

    image: Image
    levels: Literal["bytes", "integers", "floats"]
    size: tuple[int, int]
    frames: int


def decode(file: Path | bytes, *, longest: int | None = None) -> Decoded:
    """Decode a picture.

    Parameters
    ----------
    file : path or bytes
        In any format of `FORMATS`; HEIC needs the extra ``heic``. If the file is an animation or has several pages,
        the first picture is decoded.
    longest : int, optional
        A picture whose longer side has more pixels is shrunk to this many, by averaging.

    Raises
    ------
    FileError
        If the file is missing, is not a picture, is damaged or cut short, or has more than 50 million pixels.
    """
    with _open(file) as image:
        size, frames = _upright_size(image), _frames(image)
        if longest is not None:
            image.draft("L" if image.mode == "L" else "RGB", (longest, longest))  # a JPEG can be decoded smaller
        image.load()
        upright, wanted = _upright(image), _within(size, longest)
        if not upright.mode.startswith(("I", "F")):
            return Decoded(_on_ground(_resized(upright, wanted)), "bytes", size, frames)
        fine = _as_floats(upright)
        return Decoded(_resized(fine, wanted), "floats" if upright.mode == "F" else "integers", size, frames)


def picture_facts(file: Path | bytes) -> tuple[tuple[int, int], int]:
    """Return the size of an upright picture and the number of pictures in its file, without decoding it."""
    with _open(file) as image:
        return _upright_size(image), _frames(image)


@contextlib.contextmanager
def _open(file: Path | bytes) -> Iterator[Image]:
    """Context manager: opens a picture and reads only its header; every failure becomes a FileError."""
    from PIL import Image

    name = "" if isinstance(file, bytes) else f"{file}: "
    try:
        head = file[:_MORE] if isinstance(file, bytes) else _head(file)
        kind = format_of(head[:HEAD])
        if kind is None:
            raise FileError(f"{name}cannot be read as a picture: {foreign(head) or _EXPECTED}")
        if kind == "HEIF":
            _register_heic(name)
        with warnings.catch_warnings(), _stream(file) as stream:
            warnings.simplefilter("ignore")  # if the picture cannot be used, one error says why
            with Image.open(stream, formats=(kind,)) as image:
                if math.prod(size := _square_size(image)) > MAX_PIXELS:
                    raise FileError(f"{name}{size[0]:,}×{size[1]:,} pixels are {_TOO_MANY}")
                yield image
    except (FileError, MemoryError):
        raise
    except FileNotFoundError:
        raise FileError(f"{name}there is no such file; check its name and folder") from None
    except Image.DecompressionBombError as error:
        raise FileError(f"{name}its pixels are {_TOO_MANY}") from error
    except Exception as error:  # the exception that Pillow raises for a damaged file depends on its format
        raise FileError(
            f"{name}cannot be read as a picture ({_first_line(error)}); it is damaged or cut short: export it again"
        ) from error


_TOO_MANY = f"too many: at most {MAX_PIXELS:,} are decoded; save it smaller"


@contextlib.contextmanager
def _stream(file: Path | bytes) -> Iterator[IO[bytes]]:
    """Context manager: opens a file; reads never ask for more bytes than it has. A damaged PNG may ask for 4 GB."""
    if isinstance(file, bytes):
        yield io.BytesIO(file)
        return
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        yield cast("IO[bytes]", mapped)


def _head(path: Path) -> bytes:
    if path.is_dir():
        raise FileError(f"{path}: expected a picture, got a folder; name the files in it one by one")
    if path.exists() and not path.is_file():
        raise FileError(f"{path}: expected a picture, got a device or a pipe; save the picture to a file")
    with path.open("rb") as stream:
        return stream.read(_MORE)


def _register_heic(name: str) -> None:
    try:
        from pillow_heif import register_heif_opener
    except ImportError as error:
        raise FileError(
            f"{name}a HEIC picture, as phones save them; to read it: pip install 'glasswork[heic]', "
            "or export it as JPEG"
        ) from error
    register_heif_opener()


def _upright_size(image: Image) -> tuple[int, int]:
    on_its_side = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    width, height = _square_size(image)
    return (height, width) if on_its_side else (width, height)


def _square_size(image: Image) -> tuple[int, int]:
    """Return the size of a picture with square pixels: a fax has 204 dots per inch across, and 98 down."""
    across, down = (float(dots) for dots in image.info.get("dpi", (1, 1)))
    ratio = across / down if across > 0 and down > 0 else 1
    if not 1 / _OBLONG[1] < ratio < _OBLONG[1] or 1 / _OBLONG[0] < ratio < _OBLONG[0]:
        return image.size
    return round(image.width * max(1, 1 / ratio)), round(image.height * max(1, ratio))


def _frames(image: Image) -> int:
    """Return the number of pictures in a file, as frames or as pages; previews are not counted."""
    return int(getattr(image, "n_frames", 1)) if image.format in ("TIFF", "GIF", "WEBP", "PNG", "AVIF", "HEIF") else 1


def _upright(image: Image) -> Image:
    from PIL import ImageOps

    return ImageOps.exif_transpose(image)


def _within(size: tuple[int, int], longest: int | None) -> tuple[int, int]:
    """Return the size of a picture whose longer side is shrunk to ``longest`` pixels, if it has more."""
    if longest is None or max(size) <= longest:
        return size
    wide, high = (max(1, round(side * longest / max(size))) for side in size)
    return wide, high


def _resized(image: Image, size: tuple[int, int]) -> Image:
    from PIL import Image

    if image.size == size:
        return image
    if image.mode in ("1", "P", "PA"):  # modes that cannot be averaged
        image = image.convert("L" if image.mode == "1" else "RGBA" if image.has_transparency_data else "RGB")
    shrinks = size[0] <= image.width and size[1] <= image.height
    return image.resize(size, Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR, reducing_gap=2.0)


def _as_floats(image: Image) -> Image:
    from PIL import Image

    return Image.fromarray(np.asarray(image).astype(np.float32))


def _on_ground(image: Image) -> Image:
    """Return a picture of 256 levels in mode L, or in mode RGB if it has colours, without transparency."""
    if image.has_transparency_data:
        image = _on_paper(image.convert("RGBA"))
    if image.mode in ("1", "L"):
        return image.convert("L")
    colours = image.convert("RGB")
    red, green, blue = colours.split()
    return green if red.tobytes() == green.tobytes() == blue.tobytes() else colours


def _on_paper(image: Image) -> Image:
    """Put a picture with transparency on white paper, or on black if white paper would hide it."""
    from PIL import Image

    on_white, on_black = (
        Image.alpha_composite(Image.new("RGBA", image.size, ground), image).convert("RGB")
        for ground in ("white", "black")
    )
    contrast = np.ptp(np.asarray(on_white), axis=(0, 1)).max()
    return on_white if contrast >= LEAST_CONTRAST else on_black


def _first_line(error: Exception) -> str:
    """Return the first line of a message, without the address of an object, which differs each time."""
    first = (str(error).splitlines() or [type(error).__name__])[0]
    return first.partition(" <")[0] if " object at 0x" in first else first
