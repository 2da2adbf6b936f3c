"""A folder of a source and the entries that may be data: files, folders, pictures, in the order people count.

These are left out: hidden files, folders that systems create, named pipes, sockets and devices, and links that lead
nowhere, back into the source or to a folder that was already read.
"""

import os
import re
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from glasswork.data.decode import HEAD, format_of
from glasswork.data.sources.peek import special
from glasswork.errors import FileError

#: Files and folders that systems create, in lower case: Windows, macOS, network storage, Jupyter, Python.
_SYSTEM = {
    "$recycle.bin", "recycler", "system volume information", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r",
    "recycled", "network trash folder", "temporary items", "__macosx", "__pycache__", "lost+found", "~snapshot",
    "@eadir", "@tmp", "#recycle", "#snapshot", "@recycle", "@recently-snapshot", "@__thumb", "@synoeastream",
    "syno@eastream", "@sharebin",
}  # fmt: skip

#: The same with any ending: folders of Windows such as $WINRE_BACKUP_PARTITION.MARKER, and of a repaired disk.
_OF_WINDOWS = re.compile(r"\$(winre|windows|recycle|sysreset|getcurrent).*|found\.\d{3}")

#: Suffixes of pictures: a file with one of these that is not a picture is reported.
PICTURE_SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm", ".pbm", ".heic", ".avif", ".jp2",
)  # fmt: skip


@dataclass
class _Source:
    """What all folders of a source share: its path, the folders that were read so far, and what was left out."""

    given: Path
    root: Path
    left_out: list[str] = field(default_factory=list)
    linked: set[Path] = field(default_factory=set)


class Folder:
    """A folder and the entries in it that may be data, listed when they are needed.

    Parameters
    ----------
    path : Path
    source : optional
        Shared by the folders of a source; a new one for the source itself.
    """

    def __init__(self, path: Path, source: _Source | None = None) -> None:
        self.path = path
        self._source = source or _Source(path, path.resolve())

    @property
    def left_out(self) -> list[str]:
        """The entries that were left out so far, in all folders of the source, each with the reason."""
        return self._source.left_out

    @property
    def name(self) -> str:
        """Its name as text; see `readable`."""
        return readable(self.path.name)

    @cached_property
    def _entries(self) -> tuple[list[Path], list["Folder"]]:
        try:
            places = sorted(self.path.iterdir(), key=lambda place: (_natural(place.name), place.name))
        except OSError as error:
            raise FileError(f"{self.path}: cannot be listed ({error.strerror}); check its permissions") from error
        files, folders = [], []
        for place in places:
            if place.name.startswith("."):
                if (place.is_dir() and place.name != ".git") or (
                    named_like_picture(place) and not place.name.startswith("._")
                ):  # macOS's ._1.png
                    self.leave_out(place, "a hidden folder" if place.is_dir() else "a hidden file")
            elif (name := place.name.lower()) in _SYSTEM or _OF_WINDOWS.fullmatch(name):
                if place.is_dir():
                    self.leave_out(place, "a folder that the system created")
            elif (why := self._unreadable(place)) is not None:
                self.leave_out(place, why)
            elif place.is_dir():
                folders.append(Folder(place, self._source))
            else:
                files.append(place)
        return files, folders

    def leave_out(self, place: Path, why: str) -> None:
        """Note that a file or folder is not used, and why; once."""
        text = f"{readable(os.path.relpath(place, self._source.given))}: {why}"
        if text not in self.left_out:
            self.left_out.append(text)

    def _unreadable(self, place: Path) -> str | None:
        """Return why a path cannot be read, or must not be read a second time."""
        try:
            mode = place.stat().st_mode
        except OSError:
            return "a link that leads nowhere" if place.is_symlink() else "it cannot be read"
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            return special(place) or "neither a file nor a folder"
        if not (place.is_symlink() and stat.S_ISDIR(mode)):
            return None
        target, root = place.resolve(), self._source.root
        if target.is_relative_to(root) or root.is_relative_to(target) or self.path.resolve().is_relative_to(target):
            return "a link that leads back into this folder"
        if target in self._source.linked:
            return "a link to a folder that another link leads to"
        self._source.linked.add(target)
        return None

    @property
    def files(self) -> list[Path]:
        """The files in it."""
        return self._entries[0]

    @property
    def folders(self) -> list["Folder"]:
        """The folders in it."""
        return self._entries[1]

    @cached_property
    def pictures(self) -> list[Path]:
        """The pictures directly in it, and files that only look like pictures by name: reading them reports it."""
        return [path for path in self.files if looks_like_picture(path)]

    def walk(self) -> Iterator["Folder"]:
        """Yield this folder, and those within it at any depth."""
        yield self
        for folder in self.folders:
            yield from folder.walk()

    def all_pictures(self) -> Iterator[Path]:
        """Yield the pictures in it, at any depth."""
        for folder in self.walk():
            yield from folder.pictures

    @cached_property
    def holds_pictures(self) -> bool:
        """Whether there are pictures in it, at any depth."""
        return any(True for _ in self.all_pictures())

    @property
    def is_empty(self) -> bool:
        """Whether it holds nothing that may be data."""
        return not self.files and not self.folders


def named_like_picture(path: Path) -> bool:
    """Return whether a file has the name of a picture."""
    return path.suffix.lower() in PICTURE_SUFFIXES


def looks_like_picture(path: Path) -> bool:
    """Return whether a file is a picture, or is named like one: then it is damaged, and reading it reports that."""
    if named_like_picture(path):
        return True
    with path.open("rb") as stream:
        return format_of(stream.read(HEAD)) is not None


def _natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return a key that sorts names as people count: 2.png before 10.png."""
    words = "".join(c if c.isdecimal() else f"\0{c}\0" for c in name).replace("\0\0", "").split("\0")
    return tuple((0, int(word), "") if word.isdecimal() else (1, 0, word) for word in words if word)


def readable(name: str) -> str:
    """Return the name of a file or folder as text that can be printed and stored.

    Names that are not UTF-8, as in old archives, are read in the Western encoding of Windows. Letters that some systems
    write as one character and others as two become one character.
    """
    raw = os.fsencode(name)
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("cp1252", "replace")
    return unicodedata.normalize("NFC", text)
