"""The first look at a file: what it is packed with, and how it begins. Suffixes are never asked.

path ──► gzip, xz, bz2, zip or nothing, by its first bytes ──► the first 64 KB of what is inside
"""

import bz2
import gzip
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from glasswork.errors import FileError

#: Bytes that a first look reads.
HEAD = 1 << 16

_MAGIC = {b"\x1f\x8b": "gzip", b"\xfd7zXZ\x00": "xz", b"BZh": "bz2", b"PK\x03\x04": "zip"}
_ZIP_NOISE = ("__MACOSX/", ".")

#: What a damaged file makes its decompressor raise.
DAMAGE = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)


@dataclass(frozen=True)
class Peek:
    """A file or folder at first sight.

    Attributes
    ----------
    path : Path
    packing : {"", "gzip", "xz", "bz2", "zip"}
        An NPZ file is a zip too, and counts as not packed.
    head : bytes
        The first 64 KB, unpacked; empty for a folder.
    """

    path: Path
    packing: str = ""
    head: bytes = b""

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return self.path.is_dir()

    @property
    def stem(self) -> str:
        """The name without any suffixes: ``train`` for ``train.csv.gz``."""
        return self.path.name.lstrip(".").split(".", 1)[0]


def peek(path: Path) -> Peek:
    """Look at a file or folder.

    Raises
    ------
    FileError
        If there is nothing, it cannot be read, or it is a web page, a pickle or a spreadsheet: none is data.
    """
    if path.is_dir():
        return Peek(path)
    with explained(path):
        packing = _packing(path)
        with open_unpacked(path) as stream:
            head = stream.read(HEAD)
    _refuse_foreign(path, head)
    return Peek(path, packing, head)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Context manager: what a missing or damaged file raises becomes a FileError that names it."""
    try:
        yield
    except FileError:
        raise
    except FileNotFoundError:
        raise FileError(f"{path}: there is no such file or folder; check the path") from None
    except DAMAGE as error:
        raise FileError(f"{path}: cannot be read ({error}); restore the file, or download it again") from error


def open_unpacked(path: Path) -> BinaryIO:
    """Open a file for reading its bytes, unpacked on the way."""
    packing = _packing(path)
    if packing == "gzip":
        return cast(BinaryIO, gzip.open(path))
    if packing == "xz":
        return cast(BinaryIO, lzma.open(path))
    if packing == "bz2":
        return cast(BinaryIO, bz2.open(path))
    if packing == "zip":
        archive = zipfile.ZipFile(path)
        members = _members(archive)
        if len(members) != 1:
            archive.close()
            shown = ", ".join(members[:4]) + (" ..." if len(members) > 4 else "")
            raise FileError(
                f"{path}: a zip of {len(members):,} files ({shown}); unpack it, and give the folder or file"
            )
        return cast(BinaryIO, archive.open(members[0]))
    return path.open("rb")


def open_text(path: Path) -> io.TextIOWrapper:
    """Open a text file, unpacked, in UTF-8 or, with its mark at the start, UTF-16."""
    stream = open_unpacked(path)
    start = stream.read(2)
    stream.close()
    encoding = "utf-16" if start in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return io.TextIOWrapper(open_unpacked(path), encoding=encoding, newline=None)


def _packing(path: Path) -> str:
    with path.open("rb") as stream:
        start = stream.read(6)
    packing = next((name for magic, name in _MAGIC.items() if start.startswith(magic)), "")
    if packing == "zip":
        with zipfile.ZipFile(path) as archive:
            members = _members(archive)
        if "[Content_Types].xml" in members:
            raise FileError(f"{path}: a spreadsheet or document of an office program; save the table as CSV")
        if members and all(member.endswith(".npy") for member in members):
            return ""
    return packing


def _members(archive: zipfile.ZipFile) -> list[str]:
    names = [info.filename for info in archive.infolist() if not info.is_dir()]
    return [name for name in names if not name.startswith(_ZIP_NOISE)]


def _refuse_foreign(path: Path, head: bytes) -> None:
    """Raise for what people have in place of data."""
    if not head:
        raise FileError(f"{path}: an empty file; download it again")
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:200].lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<?xml")):
        raise FileError(
            f"{path}: a web page (HTML), not data: its download led to a page, such as an error or a login; "
            "download the file itself again"
        )
    if (head[0] == 0x80 and 2 <= head[1] <= 5) or re.match(rb"[(\]}lpd0-9\n]*c[\w.]+\n\w+\n", head[:200]):
        raise FileError(
            f"{path}: a Python pickle, which can run any program when it is opened, so it is not opened here; open it "
            "where you trust it and save its arrays: numpy.savez_compressed('data.npz', x_train=..., y_train=..., "
            "x_test=..., y_test=...)"
        )
    if head.startswith(b"version https://git-lfs"):
        raise FileError(f"{path}: only a pointer to a file in Git LFS; fetch the file itself: git lfs pull")
