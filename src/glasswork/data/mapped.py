"""Some rows of an array that is mapped from the disk: only those that are asked for are in memory.

images.npy on disk ──rows 17, 4, 99, ...──► a batch
"""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from glasswork.errors import InputError

#: Bytes of images from which they are mapped from the disk and not read into memory.
MAP_FROM = 1 << 28

#: Nanoseconds after which a file that is written again certainly has another time.
_TICK = 2_000_000_000

#: Rows that are read in one go where all of them are gone through.
_AT_A_TIME = 4096


class MappedRows:
    """Rows of a mapped array, as if they were an array of their own, ``(n, features)``.

    Parameters
    ----------
    base : (N, features)
        Mapped from the disk.
    rows : (n,) integers
        Which rows of it.
    """

    def __init__(self, base: NDArray[Any], rows: NDArray[Any]) -> None:
        self.base, self.rows = base, rows
        self.dtype, self.ndim = base.dtype, base.ndim
        self.shape = (len(rows), *base.shape[1:])

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, rows: Any) -> NDArray[Any]:
        return np.asarray(self.base[self.rows[rows]])

    def take(self, rows: NDArray[Any], axis: int = 0, out: NDArray[Any] | None = None, mode: str = "") -> NDArray[Any]:
        """Return rows as `numpy.take` does along the first axis; ``mode`` is not used, as no row is out of range."""
        taken = self[rows]
        if out is None:
            return taken
        out[...] = taken
        return out

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self[:], dtype)


def rows_of(images: NDArray[Any], rows: NDArray[Any]) -> Any:
    """Return rows of an array: a copy, or where the array is mapped, rows that are read when they are needed."""
    return MappedRows(images, rows) if isinstance(images, np.memmap) else images[rows]


def draw_by_class(labels: NDArray[Any], sizes: Sequence[int], seed: int) -> list[NDArray[np.int32]]:
    """Draw parts of data that are too many for memory, each with its share of every class.

    It takes a tenth of the memory of scikit-learn's ``train_test_split``, and draws others.

    Parameters
    ----------
    labels : (N,) integers from 0
    sizes : sequence of int
        How many each part has.
    seed : int

    Returns
    -------
    list of (n,) int32
        The rows of what is left, and then of each part, in order. What is left has an image of every class that has
        two or more.

    Raises
    ------
    InputError
        If the parts leave a class without an image.
    """
    counts = np.bincount(labels)
    quotas, room = [], counts - (counts > 1)
    for size in sizes:
        if size > room.sum():
            raise InputError(
                f"split: parts of {' and '.join(f'{n:,}' for n in sizes)} images leave some of "
                f"{np.count_nonzero(counts)} classes without an image to train on; choose smaller parts"
            )
        quota = np.minimum(_shares(size, counts), room)
        quotas.append(quota + _shares(size - int(quota.sum()), room - quota))
        room = room - quotas[-1]
    part, draw = np.zeros(len(labels), np.uint8), np.random.default_rng(seed)
    for k in np.flatnonzero(counts):
        rows = np.flatnonzero(labels == k).astype(np.int32)
        draw.shuffle(rows)
        start = 0
        for number, quota in enumerate(quotas, 1):
            part[rows[start : start + quota[k]]] = number
            start += quota[k]
    return [np.flatnonzero(part == number).astype(np.int32) for number in range(len(sizes) + 1)]


def _shares(size: int, counts: NDArray[Any]) -> NDArray[np.int64]:
    """Divide a number among classes as their counts are: whole numbers that sum to it."""
    exact = size * counts / max(counts.sum(), 1)
    whole: NDArray[np.int64] = np.floor(exact).astype(np.int64)
    whole[np.argsort(whole - exact, kind="stable")[: size - int(whole.sum())]] += 1
    return whole


def file_identity(images: NDArray[Any]) -> str:
    """Return what identifies the content of a mapped array without reading it; empty for all others.

    It is the path, size, times and inode of the file, and which part of it the array is. A file that was written less
    than two seconds ago has no identity yet: it may be written again within the same tick of its clock.
    """
    if not isinstance(images, np.memmap) or images.flags.writeable or images.filename is None:
        return ""
    try:
        stat = Path(images.filename).stat()
    except OSError:
        return ""
    if time.time_ns() - stat.st_mtime_ns < _TICK:
        return ""
    whole: NDArray[Any] = images
    while isinstance(whole.base, np.ndarray):
        whole = whole.base
    place = images.ctypes.data - whole.ctypes.data
    file = (str(images.filename), stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)
    return repr((*file, images.offset, place, images.shape, images.strides, images.dtype.str))


def in_blocks(images: NDArray[Any] | MappedRows) -> Iterator[NDArray[Any]]:
    """Yield an array, or rows that are mapped, in blocks of a few thousand rows."""
    for start in range(0, len(images), _AT_A_TIME):
        yield np.ascontiguousarray(images[start : start + _AT_A_TIME])
