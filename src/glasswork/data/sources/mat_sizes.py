"""The sizes that a MATLAB file of version 5 states, checked before SciPy takes memory for them.

element    type and length, 8 bytes │ content; that of a matrix has elements again: flags, dimensions, name, ...
packed     an element whose content is a matrix, compressed with zlib
("MAT-File Format", MathWorks; a small element holds its length and content in the same 8 bytes)
"""

import math
import struct
import zlib
from collections.abc import Callable
from typing import BinaryIO

from glasswork.data.sources.limits import MOST_DEFLATED

_MATRIX, _PACKED = 14, 15

#: Special classes of matrices: the numbers of a sparse one are not limited by its size; another has no dimensions.
_SPARSE, _OPAQUE = 5, 17

#: The types of elements that hold numbers or text: SciPy looks up another one behind the end of a table, and crashes.
_TYPES = {1, 2, 3, 4, 5, 6, 7, 9, 12, 13, 16, 17, 18}

#: The classes of matrices that hold matrices: cells, structures, objects, functions.
_NESTED = {1, 2, 3, 16, _OPAQUE}

#: The deepest nesting of matrices: more would exhaust the reader's stack.
_DEEPEST = 20


class _Bytes:
    """Bytes that are read from front to back; skipped bytes are read only when something behind them is needed."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read, self._behind = read, 0

    def skip(self, count: int) -> None:
        self._behind += count

    def take(self, count: int, *, at_end: bool = False) -> bytes:
        """Return ``count`` bytes; with ``at_end``, none if there are no more."""
        while self._behind:
            some = self._read(min(self._behind, 1 << 20))
            self._behind = self._behind - len(some) if some or not at_end else 0
            if not some and not at_end:
                raise ValueError("it ends within an element")
        taken = b""
        while len(taken) < count and (some := self._read(count - len(taken))):
            taken += some
        if len(taken) < count and not (at_end and not taken):
            raise ValueError("it ends within an element")
        return taken


def check_sizes(stream: BinaryIO, most: int) -> None:
    """Check that no element of a file states more than fits into its place.

    Parameters
    ----------
    stream : binary stream
        At its start; it is read from there.
    most : int
        The most bytes that it can hold.

    Raises
    ------
    ValueError
        If an element states more.
    """
    source = _Bytes(stream.read)
    two = ("<" if source.take(128)[126:] == b"IM" else ">") + "II"
    while head := source.take(8, at_end=True):
        kind, length = struct.unpack(two, head)
        _check_length(length, most)
        if kind == _PACKED:
            packed = [length]
            inner = _Bytes(_unpacked(source, packed))
            kind, unpacked = struct.unpack(two, inner.take(8))
            _check_length(unpacked, MOST_DEFLATED * length)
            if kind == _MATRIX:
                _check_matrix(inner, unpacked, two, 0)
            source.skip(packed[0])
        elif kind == _MATRIX:
            _check_matrix(source, length, two, 0)
        else:
            source.skip(length)


def _unpacked(source: _Bytes, packed: list[int]) -> Callable[[int], bytes]:
    """Return a function that reads the data compressed in the next bytes, and counts the bytes that are left."""
    unpack = zlib.decompressobj()

    def read(count: int) -> bytes:
        some = unpack.decompress(unpack.unconsumed_tail, count) if unpack.unconsumed_tail else b""
        while not some and packed[0] and not unpack.eof:
            piece = source.take(min(packed[0], 1 << 16))
            packed[0] -= len(piece)
            some = unpack.decompress(piece, count)
        return some

    return read


def _check_matrix(source: _Bytes, room: int, two: str, depth: int) -> None:
    """Check the elements of a matrix: flags, dimensions, and the elements of its class."""
    if depth > _DEEPEST:
        raise ValueError(f"it holds matrices within matrices, more than {_DEEPEST} deep")
    left, number, kind_of_matrix = room, 0, 0
    while left >= 8:
        head = source.take(8)
        kind, length = struct.unpack(two, head)
        left -= 8
        small, kind = kind >> 16, kind & 0xFFFF
        content, length = (head[4:], 0) if small else (b"", length)
        if kind not in _TYPES and not (kind == _MATRIX and kind_of_matrix in _NESTED):
            raise ValueError(f"it has an element of the type {kind} where MATLAB writes none")
        _check_length(length, left)
        if number < 2 and not small:
            _check_length(length, 256)
            content = source.take(length)
        if number == 0:
            if len(content) != 8:
                raise ValueError("it has a matrix without flags")
            kind_of_matrix = struct.unpack(two, content)[0] & 0xFF
        elif number == 1 and kind_of_matrix not in (_SPARSE, _OPAQUE):
            sizes = struct.unpack(f"{two[0]}{len(content) // 4}i", content[: len(content) // 4 * 4])
            if min(sizes, default=0) < 0 or math.prod(sizes) > room:
                raise ValueError(f"it states a variable of {'×'.join(f'{size:,}' for size in sizes)} in {room:,} bytes")
        elif kind == _MATRIX:
            _check_matrix(source, length, two, depth + 1)
        elif not content:
            source.skip(length)
        padding = min(left - length, -length % 8)
        source.skip(padding)
        left, number = left - length - padding, number + 1
    source.skip(left)


def _check_length(length: int, most: int) -> None:
    if length > most:
        raise ValueError(f"it states an element of {length:,} bytes where {most:,} are the most")
