"""The first look at a file: how it is compressed, and how it begins. Suffixes are never considered.

path ──► gzip, xz, bz2, zip or nothing, by its first bytes ──► the first 64 KB of what is inside
"""

import bz2
import csv
import gzip
import lzma
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from glasswork.data.foreign import foreign, foreign_zip
from glasswork.errors import FileError, GlassworkError

#: Bytes that the first look reads.
HEAD = 1 << 16

_MAGIC = {b"\x1f\x8b": "gzip", b"\xfd7zXZ\x00": "xz", b"BZh": "bz2", b"PK\x03\x04": "zip"}
_ZIP_NOISE = ("__MACOSX/", ".")

#: What decompressors raise for a damaged file; of a zip, its names too may be damaged (UnicodeDecodeError).
DAMAGE = (
    OSError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    csv.Error,
    NotImplementedError,
    UnicodeDecodeError,
)

_SPECIAL = {stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}


@dataclass(frozen=True)
class Peek:
    """A file or folder at first sight.

    Attributes
    ----------
    path : Path
    packing : {"", "gzip", "xz", "bz2", "zip"}
        An NPZ file is a zip too, but counts as not compressed.
    head : bytes
        The first 64 KB, decompressed; empty for a folder.
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
        If the path does not exist, cannot be read, or is something other than data; see `foreign`.
    """
    if path.is_dir():
        return Peek(path)
    if (what := special(path)) is not None:
        raise FileError(f"{path}: {what}, which cannot be read twice; save what comes out of it to a file")
    with explained(path):
        packing = packing_of(path)
        with open_unpacked(path) as stream:
            head = stream.read(HEAD)
    if (what := foreign(head)) is not None:
        raise FileError(f"{path}: {what}")
    return Peek(path, packing, head)


def special(path: Path) -> str | None:
    """Return what a path is if it is neither a file nor a folder, such as a named pipe: opening it may wait forever."""
    return _SPECIAL.get(stat.S_IFMT(path.stat().st_mode)) if path.exists() else None


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Context manager: errors from a missing or damaged file become a FileError that names the file."""
    try:
        yield
    except FileError:
        raise
    except FileNotFoundError:
        raise FileError(f"{path}: there is no such file or folder; check the path") from None
    except DAMAGE as error:
        raise FileError(f"{path}: cannot be read ({error}); restore the file, or download it again") from error


@contextmanager
def decoded(path: Path) -> Iterator[None]:
    """Context manager around a library's reader: anything it raises for a damaged file becomes a FileError."""
    try:
        with explained(path):
            yield
    except (GlassworkError, MemoryError):
        raise
    except BaseException as error:  # a library in Rust may panic, which is not an Exception
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise FileError(f"{path}: damaged ({first}); restore the file, or download it again") from error


def open_unpacked(path: Path) -> BinaryIO:
    """Open a file and decompress it while it is read."""
    packing = packing_of(path)
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
            if not members:
                raise FileError(f"{path}: a zip without a file; pack it again, or download it again")
            shown = ", ".join(members[:4]) + (" ..." if len(members) > 4 else "")
            raise FileError(f"{path}: a zip of {len(members):,} files ({shown}); unpack it, and use the folder or file")
        try:
            return cast(BinaryIO, archive.open(members[0]))
        except NotImplementedError as error:
            archive.close()
            raise FileError(f"{path}: an unusual kind of zip ({error}); unpack it, and use the file") from error
    return path.open("rb")


def packing_of(path: Path) -> str:
    """Return how a file is compressed, judged by its first bytes: gzip, xz, bz2, zip, or nothing."""
    with path.open("rb") as stream:
        start = stream.read(6)
    packing = next((name for magic, name in _MAGIC.items() if start.startswith(magic)), "")
    if packing == "zip":
        with zipfile.ZipFile(path) as archive:
            members = _members(archive)
            locked = any(info.flag_bits & 1 for info in archive.infolist())
        if (what := foreign_zip(members)) is not None:
            raise FileError(f"{path}: {what}")
        if locked:
            raise FileError(f"{path}: a zip with a password; unpack it with its password, and use the folder or file")
        if members and all(member.endswith(".npy") for member in members):
            return ""
    return packing


def _members(archive: zipfile.ZipFile) -> list[str]:
    names = [name for name in archive.namelist() if name and not name.endswith("/")]
    return [name for name in names if not name.startswith(_ZIP_NOISE)]
