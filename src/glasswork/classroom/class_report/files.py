"""Find the submissions in a folder: notebooks, scripts, and archives that hold them, down to a fixed depth.

A student's archive is untrusted. Nothing is extracted to a path that the archive names: each wanted member is copied
to a numbered folder, with limits on the size of a file, on the size of all files, on their number and on nesting.
"""

import hashlib
import re
import stat
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from glasswork.errors import FileError
from glasswork.outputs import is_ours

WANTED = {".ipynb", ".py"}

#: Names that platforms, systems and editors leave behind.
_IGNORED = re.compile(r"__MACOSX|__pycache__|node_modules|site-packages|[.].*|~[$].*")

#: Archives that are named in the report, not opened.
_FOREIGN = {".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz"}

MAX_FILE = 20 << 20  # bytes of a notebook or a script: with many figures, notebooks have some megabytes
MAX_NESTED = 200 << 20  # bytes of an archive in an archive
MAX_ARCHIVE = 4 << 30  # bytes of all that is read from one archive: a class of a thousand fits
MAX_RATIO = 200  # bytes for each compressed byte, beyond the first megabyte: text stays far below
MAX_MEMBERS = 100_000  # entries of one archive
MAX_DEPTH = 3  # an archive of the class, of students, and one inside


@dataclass(frozen=True)
class Found:
    """A file of a submission, or why there is none.

    Attributes
    ----------
    place : tuple of str
        The folders and archives it is in, the outermost first, and its own name.
    path : Path or None
        Where it can be read; None if it was refused.
    digest : str
        SHA-256 of its content.
    problem : str
        Why it was refused.
    is_work : bool
        False for a file of another kind and for an empty folder, whose own name is empty.
    changed : tuple of int
        When it was last changed: year, month, day, hour, minute, second.
    """

    place: tuple[str, ...]
    path: Path | None = None
    digest: str = ""
    problem: str = ""
    is_work: bool = True
    changed: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """The place as a path."""
        return "/".join(self.place)

    @property
    def kind(self) -> str:
        """What the name of the readable file ends in; empty if it was refused."""
        return self.path.suffix if self.path is not None else ""


@dataclass
class _Scratch:
    """The folder that members of archives are copied to, each into a folder of its own."""

    folder: Path
    count: int = 0

    def new_path(self, suffix: str) -> Path:
        self.count += 1
        folder = self.folder / f"{self.count:06d}"
        folder.mkdir()
        return folder / f"submission{suffix}"


@dataclass
class _Budget:
    """How many bytes and members may still be read from an archive and the archives in it."""

    bytes: int
    members: int


def find_files(source: Path, scratch: Path) -> list[Found]:
    """Return every notebook and script in a folder or an archive, what was refused, and what is of another kind.

    Parameters
    ----------
    source : Path
        A folder, or one zip archive as a platform downloads it.
    scratch : Path
        An empty folder for what is in archives.

    Returns
    -------
    list of Found
        In the order of their places.

    Raises
    ------
    FileError
        If the source is neither a folder nor a zip archive.
    """
    room = _Scratch(scratch)
    if source.is_dir():
        found = list(_in_folder(source, (), room))
    elif source.is_file() and zipfile.is_zipfile(source):
        with source.open("rb") as stream:
            found = list(_in_archive(stream, (), room, _Budget(MAX_ARCHIVE, MAX_MEMBERS), 1))
    else:
        raise FileError(
            f"{source}: expected a folder of submissions, or one zip archive of them; "
            + ("found another kind of file" if source.exists() else "nothing is there")
        )
    return sorted(found, key=lambda one: one.place)


def _in_folder(folder: Path, place: tuple[str, ...], room: _Scratch) -> Iterator[Found]:
    paths = [path for path in sorted(folder.iterdir()) if not _IGNORED.fullmatch(path.name)]
    if place and not paths:
        yield Found((*place, ""), problem="an empty folder", is_work=False)
    for path in paths:
        here = (*place, path.name.encode("utf-8", "replace").decode("utf-8"))
        if path.is_symlink():
            yield Found(here, problem="a symbolic link is not followed")
        elif path.is_dir():
            if not (path / "pyvenv.cfg").exists():  # a virtual environment is nobody's work
                yield from _in_folder(path, here, room)
        elif path.is_file():
            yield from _on_disk(path, here, room)


def _on_disk(path: Path, place: tuple[str, ...], room: _Scratch) -> Iterator[Found]:
    """Yield a file, or what is in it."""
    suffix = path.suffix.lower()
    try:
        if suffix == ".zip":
            with path.open("rb") as stream:
                yield from _in_archive(stream, place, room, _Budget(MAX_ARCHIVE, MAX_MEMBERS), 1)
        elif suffix not in WANTED:
            if not is_ours(path):  # a page of an earlier report
                yield _of_another_kind(place, suffix)
        elif path.stat().st_size > MAX_FILE:
            yield Found(place, problem=f"larger than {MAX_FILE >> 20} MB")
        else:
            changed = time.localtime(path.stat().st_mtime)[:6]
            yield Found(place, path, hashlib.sha256(path.read_bytes()).hexdigest(), changed=changed)
    except OSError as error:
        yield Found(place, problem=f"cannot be read: {error.strerror or error}")


def _of_another_kind(place: tuple[str, ...], suffix: str) -> Found:
    """Return a file that is neither a notebook nor a script nor an archive that is opened."""
    if suffix in _FOREIGN:
        return Found(place, problem=f"an archive of the kind {suffix} is not opened; unpack it first")
    return Found(place, problem="neither a notebook nor a script", is_work=False)


def _in_archive(
    stream: IO[bytes], place: tuple[str, ...], room: _Scratch, budget: _Budget, depth: int
) -> Iterator[Found]:
    """Yield what an archive holds, and what in it was refused."""
    try:
        with zipfile.ZipFile(stream) as archive:
            members = archive.infolist()
            budget.members -= len(members)
            if budget.members < 0:
                yield Found(place, problem=f"an archive of more than {MAX_MEMBERS:,} files")
                return
            if not members:
                yield Found((*place, ""), problem="an empty archive", is_work=False)
            for member in members:
                yield from _member(archive, member, place, room, budget, depth)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError) as error:
        yield Found(place, problem=f"not a readable zip archive: {error}")


def _member(
    archive: zipfile.ZipFile,
    member: zipfile.ZipInfo,
    place: tuple[str, ...],
    room: _Scratch,
    budget: _Budget,
    depth: int,
) -> Iterator[Found]:
    """Yield one member, copied into the scratch folder, or what is in it."""
    path = PurePosixPath(member.filename.replace("\\", "/"))
    suffix = path.suffix.lower()
    here = (*place, *path.parts)
    if any(_IGNORED.fullmatch(p) for p in path.parts if p != ".."):
        return
    if member.filename.endswith("/"):
        yield Found((*here, ""), problem="an empty folder", is_work=False)  # or the files in it follow
        return
    if suffix not in WANTED | {".zip"}:
        yield _of_another_kind(here, suffix)
        return
    problem = _unsafe(member, path)
    if not problem and suffix == ".zip" and depth >= MAX_DEPTH:
        problem = f"archives nested more than {MAX_DEPTH} deep"
    if not problem:
        copy = room.new_path(suffix)
        problem, digest = _copy(archive, member, copy, budget, MAX_FILE if suffix in WANTED else MAX_NESTED)
    if problem:
        yield Found(here, problem=problem)
    elif suffix == ".zip":
        with copy.open("rb") as stream:
            yield from _in_archive(stream, here, room, budget, depth + 1)
        copy.unlink()
    else:
        yield Found(here, copy, digest, changed=member.date_time)


def _unsafe(member: zipfile.ZipInfo, path: PurePosixPath) -> str:
    """Return why a member is refused before it is read, or nothing."""
    if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", member.filename):
        return "its path leads out of the archive"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "a symbolic link is not followed"
    if member.flag_bits & 1:
        return "encrypted with a password"
    return ""


def _copy(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path, budget: _Budget, limit: int
) -> tuple[str, str]:
    """Copy a member piece by piece, whatever size it claims; return why that failed, or nothing, and its SHA-256."""
    digest, size = hashlib.sha256(), 0
    largest = max(1 << 20, MAX_RATIO * member.compress_size)
    try:
        with archive.open(member) as stream, path.open("wb") as out:
            while piece := stream.read(1 << 20):
                size += len(piece)
                budget.bytes -= len(piece)
                if size > min(limit, largest) or budget.bytes < 0:
                    break
                digest.update(piece)
                out.write(piece)
            else:
                return "", digest.hexdigest()
    except Exception as error:  # the errors of zipfile, zlib, lzma and the system share no class
        return f"damaged: {error}", ""
    path.unlink()
    if size > largest:
        return f"it grows to more than {MAX_RATIO} times its compressed size, as a zip bomb does", ""
    return f"larger than {limit >> 20} MB" if size > limit else "the archive holds too much", ""
