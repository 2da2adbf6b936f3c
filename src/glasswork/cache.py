"""Results that depend on data alone: computed once, then read again by every run on the same data.

    shipped/NAME.safetensors          entries that come with the package
    <cache folder>/NAME.safetensors   entries of this machine: GLASSWORK_CACHE, or the operating system's usual place

Entries are sealed files. An entry that is missing, damaged or of another version is computed again. If an entry cannot
be written, the run continues without it. The cache only saves time, and may be deleted at any time.
"""

import os
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from numpy.typing import NDArray

from glasswork.errors import FileError
from glasswork.paths import typed_path
from glasswork.sealed import Facts, check_arrays, open_sealed, write_sealed
from glasswork.version import __version__

#: The environment variable that names another folder.
VARIABLE = "GLASSWORK_CACHE"

#: The largest size in bytes of all entries together, and of one entry. The least recently used ones are removed first.
MOST, MOST_OF_ONE = 200_000_000, 20_000_000

#: Seconds after which a file that a killed process left half-written is removed.
_ABANDONED_AFTER = 3600

#: The folder of the entries that come with the package.
SHIPPED = Path(__file__).parent / "shipped"
_WHAT = "cache entry"


class _Facts(Facts, frozen=True, kw_only=True):
    """The facts that an entry states, besides its arrays."""

    name: str
    words: dict[str, str] = msgspec.field(default_factory=dict)
    arrays: dict[str, tuple[str, tuple[int, ...]]] = msgspec.field(default_factory=dict)


class Entry(NamedTuple):
    """A computed result.

    Attributes
    ----------
    arrays : dict of str to array
        float32, float64, uint8 or int64.
    words : dict of str to str
    """

    arrays: dict[str, NDArray[Any]]
    words: dict[str, str]


def cache_folder() -> Path | None:
    """Return the folder of this machine's entries, which need not exist; None if there is no home folder to put it
    in."""
    if named := os.environ.get(VARIABLE):
        return typed_path(named).absolute()
    import platformdirs

    try:
        usual, home = Path(platformdirs.user_cache_dir("glasswork", appauthor=False)), Path.home()
        is_home = home.is_dir() and home != Path(home.anchor)  # an empty HOME means the root
        return usual if usual.is_absolute() and is_home else None
    except (OSError, RuntimeError):  # the user has no known home folder
        return None


def read(name: str) -> Entry | None:
    """Return the entry with this name, or None if it is missing or damaged."""
    folder = cache_folder()
    for place in (SHIPPED, folder):
        if place is not None and (found := _read(place / f"{name}.safetensors", name)) is not None:
            if place == folder:
                with suppress(OSError):  # mark it as just used, so that others are removed first
                    os.utime(place / f"{name}.safetensors")
            return found
    return None


def write(name: str, entry: Entry) -> str:
    """Store an entry; return the reason if that is impossible, otherwise an empty string."""
    folder = cache_folder()
    if folder is None:
        return f"there is no home folder to keep results in; set {VARIABLE} to a folder"
    if sum(array.nbytes for array in entry.arrays.values()) > MOST_OF_ONE:
        return ""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_entry(folder / f"{name}.safetensors", name, entry)
        _remove_oldest(folder)
    except (FileError, OSError) as error:
        return f"{folder}: results cannot be kept there for the next run ({error}); set {VARIABLE} to another folder"
    return ""


def write_entry(path: Path, name: str, entry: Entry) -> None:
    """Write an entry into a file, either completely or not at all.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    arrays = {key: (array.dtype.name, array.shape) for key, array in entry.arrays.items()}
    write_sealed(path, _Facts(version=__version__, name=name, words=entry.words, arrays=arrays), entry.arrays)


def _read(path: Path, name: str) -> Entry | None:
    try:
        with open_sealed(path, _Facts, what=_WHAT) as (facts, file):
            if facts.name != name:
                return None
            check_arrays(file, path, facts, facts.arrays, what=_WHAT)
            return Entry({key: file.get_tensor(key) for key in facts.arrays}, facts.words)
    except (FileError, OSError):
        return None


def _remove_oldest(folder: Path) -> None:
    """Keep the entries below `MOST` bytes, and remove what killed processes left."""
    found = []
    for path in folder.iterdir():
        with suppress(OSError):  # another process may remove it at the same time
            stat = path.stat()
            if path.suffix == ".safetensors" and not path.name.startswith("."):
                found.append((stat.st_mtime, stat.st_size, path))
            elif re.search(r"^\..*-[0-9a-f]{8}$", path.name) and time.time() - stat.st_mtime > _ABANDONED_AFTER:
                path.unlink()
    total = sum(size for _, size, _ in found)
    for _, size, path in sorted(found)[:-1]:
        if total <= MOST:
            break
        with suppress(OSError):
            path.unlink()
            total -= size
