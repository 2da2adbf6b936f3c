"""Some rows of an array that is mapped from the disk: only rows that are needed are read into memory.

images.npy on disk ──rows 17, 4, 99, ...──► a batch
"""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from glasswork.errors import InputError

#: Images with at least this many bytes are mapped from the disk instead of being read into memory.
MAP_FROM = 1 << 28

#: A file that is written again after this many nanoseconds certainly has another modification time.
_TICK = 2_000_000_000

#: Rows that are read at a time when all rows are needed.
_AT_A_TIME = 4096


class MappedRows:
    """Some rows of a mapped array, used like an array ``(n, features)``.

    Parameters
    ----------
    base : (N, features)
        The mapped array.
    rows : (n,) integers
        The numbers of the rows.
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
        """Return rows like `numpy.take` along the first axis; ``mode`` is not used, because no row is out of range."""
        taken = self[rows]
        if out is None:
            return taken
        out[...] = taken
        return out

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self[:], dtype)


def rows_of(images: NDArray[Any], rows: NDArray[Any]) -> Any:
    """Return rows of an array: a copy or, if the array is mapped, rows that are read when they are needed."""
    return MappedRows(images, rows) if isinstance(images, np.memmap) else images[rows]


def draw_by_class(labels: NDArray[Any], sizes: Sequence[int], seed: int) -> list[NDArray[np.int32]]:
    """Draw parts of data that do not fit into memory, each with its share of every class.

    This needs a tenth of the memory of scikit-learn's ``train_test_split``, and draws other rows.

    Parameters
    ----------
    labels : (N,) integers from 0
    sizes : sequence of int
        The size of each part.
    seed : int

    Returns
    -------
    list of (n,) int32
        The remaining rows, then the rows of each part, in order. The remaining rows have an image of every class that
        has two or more.

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
    """Divide a number among classes in proportion to their counts, into whole numbers that sum to it."""
    exact = size * counts / max(counts.sum(), 1)
    whole: NDArray[np.int64] = np.floor(exact).astype(np.int64)
    whole[np.argsort(whole - exact, kind="stable")[: size - int(whole.sum())]] += 1
    return whole


def file_identity(images: NDArray[Any]) -> str:
    """Return a key that identifies the content of a mapped array without reading it; empty for other arrays.

    The key has the path, size, times and inode of the file, and the array's place in it. A file that was written less
    than two seconds ago has no key yet, because it may be written again within the same tick of the clock.
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
    """Yield an array, or mapped rows, in blocks of a few thousand rows."""
    for start in range(0, len(images), _AT_A_TIME):
        yield np.ascontiguousarray(images[start : start + _AT_A_TIME])
