"""IDX: the file format of MNIST, a short header and then numbers.

0 0 t n │ n sizes, 4 bytes each, big-endian │ the numbers themselves, big-endian
(Y. LeCun, "The MNIST database": t is 8 for unsigned bytes, n is the number of dimensions)

MNIST, Fashion-MNIST and KMNIST; EMNIST, whose images are stored with rows and columns swapped, with its mapping files;
QMNIST, whose labels have eight columns.
"""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from glasswork.data.mapped import MAP_FROM
from glasswork.data.sources.found import Found, Part
from glasswork.data.sources.limits import SLACK, capacity, check_asked
from glasswork.data.sources.naming import dataset_of, part_of, role_of
from glasswork.data.sources.peek import DAMAGE, Peek, explained, open_unpacked, packing_of, peek
from glasswork.data.sources.places import Folder
from glasswork.errors import FileError, InputError

_CHUNK = 1 << 20

#: The third byte of a file, and the type of its numbers.
TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


def read_idx(path: str | Path, *, sha256: str | None = None, out: NDArray[Any] | None = None) -> NDArray[Any]:
    """Read one IDX file, compressed with gzip, xz, bz2 or not at all; its name does not matter.

    Parameters
    ----------
    path : path
    sha256 : str, optional
        The expected hash of the uncompressed content.
    out : array, optional
        An array that is filled and returned in place of a new one.

    Returns
    -------
    array of the type and shape that the file states

    Raises
    ------
    FileError
        If the file cannot be read, is not IDX, is longer or shorter than its header states, or has another hash.
    """
    path = Path(path)
    with explained(path), open_unpacked(path) as stream:
        return _read(stream, path, sha256, out, packing_of(path))


@dataclass(frozen=True)
class _Header:
    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    @property
    def length(self) -> int:
        return 4 + 4 * len(self.shape)


def _header(start: bytes, path: Path) -> _Header:
    if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in TYPES or not 1 <= start[3] <= 4:
        raise FileError(
            f"{path}: expected an IDX file, which starts with the bytes 0 0, a type (8 for bytes) and 1 to 4 "
            f"dimensions, got {start[:4]!r}"
        )
    if len(start) < 4 + 4 * start[3]:
        raise FileError(f"{path}: ends within its header; restore the file")
    shape = tuple(int(n) for n in np.frombuffer(start, ">u4", start[3], 4))
    return _Header(np.dtype(TYPES[start[2]]), shape)


def _read(stream: BinaryIO, path: Path, sha256: str | None, out: NDArray[Any] | None, packing: str) -> NDArray[Any]:
    start = stream.read(4)
    start += stream.read(4 * start[3]) if len(start) == 4 and start[3] <= 4 else b""
    header = _header(start, path)
    digest = hashlib.sha256(start)
    if out is None:
        check_asked(path, "an array", header.shape, header.dtype.itemsize, holds=capacity(path, packing) + SLACK)
        out = np.empty(header.shape, header.dtype.newbyteorder("="))
    elif out.shape != header.shape:
        raise FileError(f"{path}: expected an array of {out.shape}, but its header states {header.shape}")
    target, size = out.reshape(-1), header.dtype.itemsize
    filled = 0
    while filled < len(target):
        chunk = stream.read(min(_CHUNK, (len(target) - filled) * size))
        while len(chunk) % size and (more := stream.read(size - len(chunk) % size)):
            chunk += more
        if not chunk or len(chunk) % size:
            raise FileError(
                f"{path}: ends after {filled * size + len(chunk):,} of its {len(target) * size:,} bytes; "
                "restore the file"
            )
        digest.update(chunk)
        count = len(chunk) // size
        target[filled : filled + count] = np.frombuffer(chunk, header.dtype)
        filled += count
    if stream.read(1):
        raise FileError(f"{path}: holds more than the {len(target) * size:,} bytes that its header states")
    if sha256 is not None and digest.hexdigest() != sha256:
        raise FileError(
            f"{path}: its content is not MNIST's (SHA-256 {digest.hexdigest()[:12]}…, expected {sha256[:12]}…); "
            "install glasswork again to restore it"
        )
    return out


# As a source ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _File:
    peek: Peek
    header: _Header

    @property
    def holds_labels(self) -> bool:
        dims = len(self.header.shape)
        return dims == 1 or (dims == 2 and (self.header.dtype.itemsize > 1 or role_of(self.peek.path.name) == "labels"))

    @property
    def role(self) -> str:
        return "labels" if self.holds_labels else "images"

    def read(self) -> NDArray[Any]:
        """Read the array, or map it if it is large and not compressed."""
        path, header = self.peek.path, self.header
        bytes_ = math.prod(header.shape) * header.dtype.itemsize
        if self.peek.packing or path.stat().st_size < MAP_FROM:
            return read_idx(path)
        if path.stat().st_size != header.length + bytes_:
            raise FileError(
                f"{path}: expected {header.length + bytes_:,} bytes, as its header states; restore the file"
            )
        return np.memmap(path, header.dtype, "r", header.length, header.shape)


def is_idx(head: bytes) -> bool:
    """Return whether a file begins like an IDX file."""
    return len(head) >= 8 and head[:2] == b"\0\0" and head[2] in TYPES and 1 <= head[3] <= 4


def recognise(source: Peek) -> str | None:
    """Return how the source was recognised, or None; a path may also be the common start of several file names."""
    if source.path.is_file():
        return f"it begins with 0 0 {source.head[2]} {source.head[3]}" if is_idx(source.head) else None
    files = _files(source.path) if source.is_folder else _files(source.path.parent, source.path.name)
    return f"{len(files)} files that begin with 0 0, a type and a number of dimensions" if files else None


def read(source: Peek) -> Found:
    """Find the images and labels of an IDX file and the file beside it, or of a folder."""
    path = source.path
    if source.is_folder:
        return _found(_only(path, _groups(_files(path))))
    if not path.is_file():
        return _found(_only(path, _groups(_files(path.parent, path.name))))
    wanted = _File(source, _header(source.head, path))
    part, group = part_of(path.name) or "all", _groups(_files(path.parent)).get(dataset_of(path.name), {})
    pair = {**group.get(part, {}), wanted.role: wanted}
    return _found(_only(path, {dataset_of(path.name): {part: pair}}))


def _groups(files: list[_File]) -> dict[str, dict[str, dict[str, _File]]]:
    """Return the files by dataset, part and role, as their names tell."""
    groups: dict[str, dict[str, dict[str, _File]]] = {}
    for file in files:
        name = file.peek.path.name
        groups.setdefault(dataset_of(name), {}).setdefault(part_of(name) or "all", {})[file.role] = file
    return groups


def _only(path: Path, groups: dict[str, dict[str, dict[str, _File]]]) -> dict[str, dict[str, _File]]:
    with_images = {name: g for name, g in groups.items() if any("images" in pair for pair in g.values())}
    if len(with_images) > 1:
        raise InputError(
            f"holds {len(with_images)} datasets: {', '.join(sorted(with_images))}; name the one you mean: "
            f"{path / min(with_images)}"
        )
    if not with_images:
        raise InputError("only labels, and no images beside them; use the folder that holds both")
    return next(iter(with_images.values()))


def _found(group: dict[str, dict[str, _File]]) -> Found:
    found = Found("IDX", "", {})
    for name, pair in group.items():
        if "images" not in pair:
            found.note(f"the part {name!r} has labels but no images, so it was left out")
            continue
        images = pair["images"].read()
        labels = pair["labels"].read() if "labels" in pair else None
        if labels is not None and len(labels) != len(images):
            raise InputError(
                f"{pair['labels'].peek.path.name} has {len(labels):,} labels, but "
                f"{pair['images'].peek.path.name} has {len(images):,} images; restore the file that is wrong"
            )
        found.parts[name] = Part.of(images, labels)
    found.path = next(pair["images"] for pair in group.values() if "images" in pair).peek.path
    return found


def _files(folder: Path, prefix: str = "") -> list[_File]:
    """Return the IDX files in a folder, in its ``raw``, and in folders named like the files, as in some zips."""
    if not folder.is_dir():
        return []
    top = Folder(folder)
    found: dict[str, _File] = {}
    for place in (top, *(inner for inner in top.folders if inner.path.name == "raw" or "ubyte" in inner.path.name)):
        for path in place.files:
            if path.name.startswith(prefix) and (file := _as_idx(path)):
                key = re.sub(r"\.(gz|xz|bz2|zip)$", "", path.name)
                if (
                    key not in found or found[key].peek.packing
                ):  # if the same file is there twice, take the uncompressed one
                    found[key] = file
    return list(found.values())


def _as_idx(path: Path) -> _File | None:
    try:
        with open_unpacked(path) as stream:
            start = stream.read(20)
        if not is_idx(start):
            _refuse_named_idx(path)
            return None
        return _File(peek(path), _header(start, path))
    except (FileError, *DAMAGE):
        if "ubyte" not in path.name:
            return None
        with explained(path):
            raise


def _refuse_named_idx(path: Path) -> None:
    """Raise if a file has the name of an IDX file but is a web page or something similar."""
    if "ubyte" in path.name:
        peek(path)
