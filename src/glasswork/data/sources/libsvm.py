"""LIBSVM's text format, in which USPS is distributed: a label, then index:value for each pixel that is not 0."""

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from glasswork.data.sources.found import BLOCK_BYTES, Block, Found, Part
from glasswork.data.sources.limits import check_asked, sparse_capacity
from glasswork.data.sources.peek import Peek, decoded, open_unpacked
from glasswork.data.sources.text import MOST_LETTERS
from glasswork.errors import FileError

_LINE = re.compile(rb"\s*[-+]?\d+(\.\d+)?(\s+\d+:[-+.\deE]+)+\s*(#.*)?")

#: Some datasets leave out the last pixels, which are 0 in all images: MNIST has 780 of 784.
_MOST_LEFT_OUT = 1.1

#: The most bytes to which a byte of a compressed file may expand, which no such text does; and what any file may.
_PACKED, _MOST_UNPACKED = 100, 1 << 24


class _Lines:
    """The lines of an open file, for scikit-learn, which keeps all numbers in memory; stops at an impossible size."""

    def __init__(self, stream: BinaryIO, path: Path) -> None:
        self.read, self._stream, self._path = stream.read, stream, path
        self._most = max(_MOST_UNPACKED, _PACKED * path.stat().st_size)

    def __iter__(self) -> Iterator[bytes]:
        left = self._most
        while line := self._stream.readline(MOST_LETTERS):
            left -= len(line)
            if left < 0 or len(line) == MOST_LETTERS:
                raise FileError(
                    f"{self._path}: expands to more than {self._most:,} bytes, or has a line that never ends"
                )
            yield line


def recognise(source: Peek) -> str | None:
    """Return how the file was recognised, or None."""
    lines = source.head.split(b"\n")[:20]
    whole = lines[:-1] if len(lines) > 1 else lines
    return "lines of a label and index:value" if whole and all(_LINE.fullmatch(line) for line in whole) else None


def read(source: Peek) -> Found:
    """Find the images and labels of a file."""
    from sklearn.datasets import load_svmlight_file

    path = source.path
    with decoded(path), open_unpacked(path) as stream:
        sparse, labels = load_svmlight_file(_Lines(stream, path))
    found = Found("LIBSVM", "", {})
    features = max(1, sparse.shape[1])
    square = math.isqrt(features - 1) + 1
    if square**2 != features and square**2 < features * _MOST_LEFT_OUT:
        found.note(
            f"{features} features: the last {square**2 - features} of {square}×{square} pixels are 0 in all images"
        )
        features = square**2
    check_asked(path, "images", (sparse.shape[0], features), holds=sparse_capacity(path, source.packing))
    sparse.resize(sparse.shape[0], features)

    def blocks() -> Iterator[Block]:
        rows = max(1, BLOCK_BYTES // (features * 4))
        for start in range(0, sparse.shape[0], rows):
            yield Block(sparse[start : start + rows].toarray().astype(np.float32), labels[start : start + rows])

    found.parts = {"all": Part(blocks)}
    return found
