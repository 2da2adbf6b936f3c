"""Some rows of an array that is mapped from the disk: only those that are asked for are in memory.

images.npy on disk ──rows 17, 4, 99, ...──► a batch
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

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


def in_blocks(images: NDArray[Any] | MappedRows) -> Iterator[NDArray[Any]]:
    """Yield an array, or rows that are mapped, in blocks of a few thousand rows."""
    for start in range(0, len(images), _AT_A_TIME):
        yield np.ascontiguousarray(images[start : start + _AT_A_TIME])
