"""Files that are written whole or not at all.

bytes ──► hidden file in the same folder, flushed to the disk ──rename──► the file
"""

import os
import tempfile
from pathlib import Path

from glasswork.errors import FileError


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that nobody ever finds a half of it.

    Raises
    ------
    FileError
        If it cannot be written; what was there before is untouched.
    """
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise FileError(f"{path}: cannot be written ({error.strerror}); is there room, and permission?") from error
