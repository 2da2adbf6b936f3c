"""IDX: the file format of MNIST, a short header and then bytes.

0 0 8 n │ n sizes, 4 bytes each, big-endian │ the bytes themselves
(Y. LeCun, "The MNIST database": 8 stands for unsigned bytes, n for the number of dimensions)
"""

from __future__ import annotations

import gzip
import hashlib
import math
import zlib
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from glasswork.arrays import Images
from glasswork.errors import FileError

_CHUNK = 1 << 20


def read_idx(path: str | Path, *, sha256: str | None = None, out: Images | None = None) -> Images:
    """Read one IDX file of bytes, compressed with gzip or not.

    Parameters
    ----------
    path : path
        The file; a name that ends in ``.gz`` is decompressed on the way, without a second copy.
    sha256 : str, optional
        What the uncompressed content must hash to.
    out : array, optional
        Filled and returned in place of a new array.

    Returns
    -------
    uint8 array of the shape that the file states

    Raises
    ------
    FileError
        If the file cannot be read, is not IDX, is longer or shorter than it says, or hashes to something else.
    """
    path = Path(path)
    try:
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rb") as stream:
            return _read(cast(BinaryIO, stream), path, sha256, out)
    except FileError:
        raise
    except (OSError, EOFError, zlib.error) as error:
        raise FileError(f"{path}: cannot be read ({error}); restore the file, or install glasswork again") from error


def _read(stream: BinaryIO, path: Path, sha256: str | None, out: Images | None) -> Images:
    start = stream.read(4)
    if len(start) < 4 or start[:3] != b"\0\0\x08" or not 1 <= start[3] <= 3:
        raise FileError(f"{path}: expected an IDX file of bytes (it starts 0 0 8 1, 2 or 3), got {start!r}")
    sizes = stream.read(4 * start[3])
    if len(sizes) < 4 * start[3]:
        raise FileError(f"{path}: ends within its header; restore the file")
    digest = hashlib.sha256(start + sizes)
    shape = tuple(int(n) for n in np.frombuffer(sizes, ">u4"))
    if out is None:
        if math.prod(shape) > 1 << 32:
            raise FileError(f"{path}: its header asks for an array of {shape}, which is too large to be right")
        out = np.empty(shape, np.uint8)
    elif out.shape != shape:
        raise FileError(f"{path}: expected an array of {out.shape}, its header says {shape}")
    target = out.reshape(-1)
    filled = 0
    while filled < len(target):
        chunk = stream.read(min(_CHUNK, len(target) - filled))
        if not chunk:
            raise FileError(f"{path}: ends after {filled:,} of its {len(target):,} bytes; restore the file")
        digest.update(chunk)
        target[filled : filled + len(chunk)] = np.frombuffer(chunk, np.uint8)
        filled += len(chunk)
    if stream.read(1):
        raise FileError(f"{path}: holds more than the {len(target):,} bytes that its header states")
    if sha256 is not None and digest.hexdigest() != sha256:
        raise FileError(
            f"{path}: its content is not MNIST's (SHA-256 {digest.hexdigest()[:12]}…, expected {sha256[:12]}…); "
            "install glasswork again to restore it"
        )
    return out
