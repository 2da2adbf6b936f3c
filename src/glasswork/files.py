"""Files that are written whole or not at all.

content ──► hidden file in the same folder, synced, read back, checked ──rename──► the file, the folder synced
"""

import errno
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from glasswork.errors import FileError

#: The errors of a file system that cannot sync files or folders at all, such as some network and user-space mounts. The
#: new content is in place then, and nothing more can be done: SQLite ignores these errors as well.
_CANNOT_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP}

#: Bytes that are compared in one go.
_PIECE = 1 << 20

#: `create_folder` fills a folder in less than this many seconds; a half-filled folder that is older was abandoned.
_ABANDONED_AFTER = 3600


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that nobody ever finds half of it, not even after a power cut; see `replace_whole`."""

    def check(written: Path) -> None:
        with written.open("rb") as stream:
            same = all(stream.read(_PIECE) == content[i : i + _PIECE] for i in range(0, len(content) + 1, _PIECE))
        if not same:
            raise FileError(f"{path}: its content differs from what was written; is the disk failing?")

    replace_whole(path, lambda written: written.write_bytes(content), check)


def replace_whole(path: Path, write: Callable[[Path], object], check: Callable[[Path], object]) -> None:
    """Write a file under a hidden name, check it, and give it its name.

    A file that is replaced keeps its permissions and, where that is allowed, its owner. A symbolic link stays, and the
    file that it points to is replaced. Another hard link to the old file keeps the old content.

    Parameters
    ----------
    path : Path
    write : callable
        Called with the path of an empty hidden file in the same folder; fills it.
    check : callable
        Called with the same path after the file was written and synced; raises a FileError if the file is wrong.

    Raises
    ------
    FileError
        If the file cannot be written or does not pass the check, or ``path`` is a folder, a device or a pipe; the old
        file is unchanged then. Also if the folder cannot be synced: the new file is complete then, but a power cut may
        lose it.
    """
    if not path.name:
        raise FileError(f"{path}: expected the name of a file to write; give one, such as model.safetensors")
    try:
        before = _facts_of(path)
        target = Path(os.path.realpath(path))
        temporary = target.with_name(f".{target.name}-{secrets.token_hex(4)}")
        try:
            os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600 if before else 0o666))
            write(temporary)
            with temporary.open("r+b") as stream:
                sync(stream.fileno())
            check(temporary)
            if before is not None:
                _keep_owner_and_mode(temporary, before)
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except FileError:
        raise
    except OSError as error:
        if not path.parent.is_dir():
            raise FileError(f"{path}: cannot be written: there is no folder {path.parent}; create it") from error
        raise FileError(
            f"{path}: cannot be written ({error.strerror or error}); the old file is kept; is there room, and "
            "permission?"
        ) from error
    sync_folder(target.parent)


def _facts_of(path: Path) -> os.stat_result | None:
    """Return the facts of an ordinary file, or of the file that a link points to; None if there is none."""
    try:
        facts = path.stat()
    except FileNotFoundError:  # or a link to a file that does not exist yet
        return None
    if not stat.S_ISREG(facts.st_mode):
        what = "a folder" if stat.S_ISDIR(facts.st_mode) else "a device, a pipe or a socket"
        raise FileError(f"{path}: cannot be written: it is {what}, not a file; choose another name")
    return facts


def _keep_owner_and_mode(path: Path, before: os.stat_result) -> None:
    """Give a new file the owner of the file that it replaces, where that is allowed, then its permissions."""
    mode = stat.S_IMODE(before.st_mode)
    if hasattr(os, "chown"):
        try:
            os.chown(path, before.st_uid, before.st_gid)
        except OSError:
            with suppress(OSError):
                os.chown(path, -1, before.st_gid)
        now = path.stat()
        if now.st_gid != before.st_gid:  # the old group's permissions are not meant for another group
            mode &= ~stat.S_IRWXG
        if now.st_uid != before.st_uid:
            mode &= ~(stat.S_ISUID | stat.S_ISGID)
    path.chmod(mode)


def sync_folder(folder: Path) -> None:
    """Flush the names in a folder to the disk, where folders can be synced: not on Windows, nor on every mount.

    Raises
    ------
    FileError
        If the disk fails.
    """
    if os.name != "posix":
        return
    try:
        number = os.open(folder, os.O_RDONLY)
    except PermissionError:  # a folder that may be written but not listed cannot be opened, so it cannot be synced
        return
    except OSError as error:
        raise FileError(f"{folder}: cannot be opened to sync it ({error.strerror})") from error
    try:
        sync(number)
    except OSError as error:
        raise FileError(
            f"{folder}: cannot be synced ({error.strerror}); the new file is complete, but a power cut may lose it; "
            "is the disk failing?"
        ) from error
    finally:
        os.close(number)


def sync(number: int) -> None:
    """Flush an open file, or folder, to the disk, where that is possible."""
    try:
        os.fsync(number)
    except OSError as error:
        if error.errno not in _CANNOT_SYNC:
            raise


def create_folder(wanted: Path, fill: Callable[[Path], None]) -> None:
    """Create a folder with its first files, so that nobody ever finds it without them, even if the process is killed.

    The folder is filled under a hidden name beside the wanted one, then renamed. Half-filled folders that killed
    processes left there an hour ago or longer are removed.

    Parameters
    ----------
    wanted : Path
        Must not exist; the folders above it are created.
    fill : callable
        Called with the hidden folder; writes the files into it. If it raises, the folder is removed.

    Raises
    ------
    FileExistsError
        If something has that name, even if it appeared only while the folder was being filled.
    FileError
        If the folder cannot be created.
    """
    if os.path.lexists(wanted):
        raise FileExistsError(errno.EEXIST, "exists already", str(wanted))
    temporary = wanted.with_name(f".{wanted.name}-{secrets.token_hex(4)}.unfinished")
    try:
        temporary.mkdir(parents=True)
        _remove_abandoned(wanted.parent)
    except OSError as error:
        raise FileError(f"{wanted}: this folder cannot be created ({error.strerror}); choose another") from error
    try:
        fill(temporary)
        sync_folder(temporary)
        try:
            temporary.rename(wanted)  # refused if a folder with files in it appeared in the meantime
        except OSError as error:
            if os.path.lexists(wanted):
                raise FileExistsError(errno.EEXIST, "exists already", str(wanted)) from error
            raise FileError(f"{wanted}: this folder cannot be created ({error.strerror}); choose another") from error
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    sync_folder(wanted.parent)


def _remove_abandoned(parent: Path) -> None:
    for left in parent.glob(".*-????????.unfinished"):
        with suppress(OSError):  # another process may have removed it already; a new run does not depend on it
            if is_unfinished(left) and left.is_dir() and time.time() - left.stat().st_mtime > _ABANDONED_AFTER:
                shutil.rmtree(left, ignore_errors=True)


def is_unfinished(folder: Path) -> bool:
    """Whether a folder has the name under which `create_folder` fills it, or filled it when it was killed."""
    return re.fullmatch(r"\..*-[0-9a-f]{8}\.unfinished", folder.name) is not None


def read_small(path: Path, *, most: int = 1 << 24) -> bytes:
    """Read a file that should be small, such as a recipe.

    Raises
    ------
    OSError
        If it cannot be read, is not a file, or is larger than ``most`` bytes: 16 MB unless told otherwise.
    """
    flags = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)  # do not wait if it is a pipe
    number = os.open(path, os.O_RDONLY | flags)
    with os.fdopen(number, "rb") as stream:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise OSError(errno.EINVAL, "it is not an ordinary file")
        content = stream.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it is larger than {most >> 20} MB; no such file is that large")
    return content


def remove_unfinished(folder: Path) -> None:
    """Remove the hidden files that killed writes left in a folder, and nothing else."""
    for left in folder.glob(".*-????????"):
        if re.fullmatch(r"\.[a-z0-9-]+\.(toml|csv|json|safetensors)-[0-9a-f]{8}", left.name) and left.is_file():
            left.unlink(missing_ok=True)
