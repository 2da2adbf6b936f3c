"""From a photograph to images like those of MNIST, one for each digit on it.

    read     file → pixels, upright, colours kept, at most 640 a side
    ground   pixels → the paper under the ink, with its light and its shadows
    ink      pixels, ground → how much ink covers each pixel, whatever its colour
    lines    ink → ruled lines, removed
    gaps     pieces of a broken hairline → one part
    parts    ink → connected parts; frames, specks and edges dropped; the rest grouped into digits
    centre   a digit's ink → 28×28, as in MNIST

Each step is a file of functions from array to array; :mod:`glasswork.data.photos.reading` joins them.
"""

from __future__ import annotations

from glasswork.data.photos.centre import centre
from glasswork.data.photos.reading import Digit, Reading, largest, read_digits, read_image, read_picture

__all__ = ["Digit", "Reading", "centre", "largest", "read_digits", "read_image", "read_picture"]
