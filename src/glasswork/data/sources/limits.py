"""How much memory a file may ask for: no more than it can hold, and no more than is free.

29 bytes that state two images of 2,000,000,000 features  ──► one error, before any memory is taken
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import numpy as np

from glasswork.data.sources.peek import open_unpacked
from glasswork.errors import FileError

#: The most bytes to which one byte can expand with DEFLATE, by its format; other methods have no such limit.
MOST_DEFLATED = 1032

#: A file may lack this many of the bytes that its header states: it is read, and the error says where it ends.
SLACK = 1 << 24

#: A format that leaves out zeros may state this many numbers per byte, and this many in any case. MNIST's files state
#: one per byte; an image of 784 pixels of which a single one is not 0 states a hundred.
_SPARSE, _SPARSE_AT_LEAST = 100, 1 << 24


def capacity(path: Path, packing: str = "") -> int:
    """Return how many bytes a file can expand to; if its method has no limit, decompress the file to count them."""
    if packing in ("", "gzip"):
        return path.stat().st_size * (MOST_DEFLATED if packing else 1)
    with open_unpacked(path) as stream:
        return length_of(stream)


def length_of(stream: IO[bytes]) -> int:
    """Return the number of bytes in a stream, or a number that is larger than the memory."""
    length, most = 0, free_memory()
    while length <= most and (piece := stream.read(1 << 20)):
        length += len(piece)
    return length


def sparse_capacity(path: Path, packing: str = "") -> int:
    """Return how many numbers a file may state in a format that leaves out zeros."""
    return max(_SPARSE * path.stat().st_size * (1 if not packing else 10), _SPARSE_AT_LEAST)


def check_asked(
    path: Path, what: str, shape: Sequence[int], itemsize: int = 1, *, holds: int, mapped: bool = False
) -> None:
    """Check that an array that a file states can be in it and fits into memory, before memory is taken.

    Parameters
    ----------
    path : Path
    what : str
        What the array is, for messages: "images".
    shape : sequence of int
        The shape that the file states.
    itemsize : int
        Bytes of one number in memory.
    holds : int
        The most bytes that the file can hold, or the most numbers if ``itemsize`` is 1.
    mapped : bool
        Whether the array stays on the disk, so that it need not fit into memory.

    Raises
    ------
    FileError
        If the array cannot be in the file, or does not fit into memory.
    """
    asked = math.prod(max(1, int(length)) for length in shape) * itemsize  # a length of 0 must not hide the others
    stated = (
        f"{path}: states {what} of shape {'×'.join(f'{length:,}' for length in shape)}, which take {in_words(asked)}"
    )
    if (holds is not None and asked > holds) or asked > np.iinfo(np.int64).max or min(shape, default=0) < 0:
        size = path.stat().st_size
        raise FileError(
            f"{stated}; a file of {size:,} bytes cannot hold that, so it is damaged; restore it, or download it again"
        )
    if not mapped:
        check_fits(asked, stated)


def check_fits(asked: int, stated: str) -> None:
    """Check that ``asked`` bytes fit into the free memory; ``stated`` begins the message.

    Raises
    ------
    FileError
        If they do not fit.
    """
    free = free_memory()
    if asked > free:
        raise FileError(
            f"{stated}; {in_words(free)} of memory are free, so close other programs, or train on fewer or smaller "
            "images; any number of uint8 images can be read from the disk if an .npy file holds nothing else"
        )


def free_memory() -> int:
    """Return how many bytes this process can still allocate: those that are free, within its own limit."""
    import psutil

    free = int(psutil.virtual_memory().available)
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return free
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return free if limit == resource.RLIM_INFINITY else min(free, max(0, limit - psutil.Process().memory_info().vms))


def in_words(count: int) -> str:
    """Return a number of bytes in words."""
    for unit, size in (("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20)):
        if count >= size:
            return f"{count / size:,.1f} {unit}"
    return f"{count:,} bytes"
