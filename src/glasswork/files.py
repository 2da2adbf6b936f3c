"""Files that are written whole or not at all.

bytes ──► hidden file in the same folder, synced, read back, compared ──rename──► the file, the folder synced
"""

import datetime
import errno
import os
import re
import secrets
import signal
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from glasswork.errors import FileError


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that nobody ever finds a half of it, not even after the power went out.

    Raises
    ------
    FileError
        If it cannot be written, or reads back otherwise; what was there before is untouched.
    """
    temporary = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        try:
            with temporary.open("xb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            if temporary.read_bytes() != content:
                raise FileError(f"{path}: what was written reads back otherwise; is the disk failing?")
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)
    except FileError:
        raise
    except OSError as error:
        raise FileError(
            f"{path}: cannot be written ({error.strerror}); what was there is kept; is there room, and permission?"
        ) from error


def _sync_folder(folder: Path) -> None:
    """Bring a rename to the disk, where folders can be synced: not on Windows."""
    if os.name == "posix":
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def read_small(path: Path, *, most: int = 1 << 24) -> bytes:
    """Read a file that is small by nature, such as a recipe.

    Raises
    ------
    OSError
        If it cannot be read, is no file, or is larger than any such file: 16 MB, unless told otherwise.
    """
    flags = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)  # a pipe must not make it wait
    number = os.open(path, os.O_RDONLY | flags)
    with os.fdopen(number, "rb") as stream:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise OSError(errno.EINVAL, "it is no ordinary file")
        content = stream.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it is larger than {most >> 20} MB, which none is")
    return content


def remove_unfinished(folder: Path) -> None:
    """Remove the hidden files of writes that were killed before they were whole, and nothing else."""
    for left in folder.glob(".*-????????"):
        if re.fullmatch(r"\.[a-z0-9-]+\.(toml|csv|json|safetensors)-[0-9a-f]{8}", left.name) and left.is_file():
            left.unlink(missing_ok=True)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold back Ctrl-C, and a request to terminate, until the block is done."""
    if threading.current_thread() is not threading.main_thread():  # signals are the main thread's
        yield
        return
    held: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, lambda caught, _: held.append(caught))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if held:
            signal.raise_signal(held[0])


def new_run_folder(wanted: Path | None, name: str) -> Path:
    """Make the folder of a new run: the wanted one, or ``runs/<date>-<name>``, with a number if that is taken.

    Raises
    ------
    FileError
        If it exists already, or cannot be made.
    """
    today = Path("runs") / f"{datetime.date.today():%Y-%m-%d}-{name}"
    candidates: Iterator[Any] = (
        iter([wanted])
        if wanted
        else (today if n == 1 else today.with_name(f"{today.name}-{n}") for n in range(1, 10_000))
    )
    for folder in candidates:
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            if folder.exists():
                continue
            raise FileError(f"{folder}: this folder cannot be made ({error.strerror}); choose another") from error
        return Path(folder)
    raise FileError(f"{wanted or today}: exists already, and a run never overwrites anything; choose another folder")
