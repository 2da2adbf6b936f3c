"""The standard streams of a command, which outlast their reader: a pipe, a terminal, a file on a disk that is full.

the reader left, the terminal was closed     nobody misses the lines: they are dropped
the disk is full                             an error; during a training a notice at its end
"""

import errno
import io
import os
import select
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

#: The errors of a stream that nobody reads any more: a closed pipe, a terminal that is gone.
_NOBODY_READS = {errno.EPIPE, errno.EIO}


class _Output(io.FileIO):
    """A stream that drops what can no longer be written, if its reader left or its lines are not essential."""

    essential = True  #: Whether a line that cannot be written is an error.
    problem = ""  #: Why lines that are not essential were dropped.

    def write(self, data: Any, /) -> int:
        try:
            while (written := super().write(data)) is None:  # a stream that does not wait for a slow reader
                select.select([], [self], [])
        except OSError as error:
            if error.errno in _NOBODY_READS:
                return len(data)
            if not _Output.essential:
                _Output.problem = error.strerror or str(error)
                return len(data)
            raise
        return written


def outlast_readers() -> None:
    """Replace standard output and error by streams with which a command goes on when nobody reads them."""
    if os.name != "posix":
        return
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:  # it was closed; the next file that is opened would get its number, and its output
            os.open(os.devnull, os.O_RDWR)
    sys.stdout, sys.stderr = _outlasting(sys.stdout, 1), _outlasting(sys.stderr, 2)


def _outlasting(stream: TextIO | None, number: int) -> TextIO:
    if stream is None:
        return _text(number, line_buffering=True)
    try:
        mode = os.fstat(stream.fileno()).st_mode
    except (AttributeError, OSError, ValueError):  # not one of the operating system's
        return stream
    if stat.S_ISDIR(mode) or not isinstance(stream, io.TextIOWrapper):
        return stream
    return _text(
        stream.fileno(),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def _text(number: int, **options: Any) -> TextIO:
    return io.TextIOWrapper(io.BufferedWriter(_Output(number, "w", closefd=False)), **options)


@contextmanager
def not_essential() -> Iterator[None]:
    """Context manager: lines that cannot be written are dropped, whatever the reason, with a notice at the end.

    A training is worth more than its printed lines: its result is in its folder.
    """
    before, _Output.essential, _Output.problem = _Output.essential, False, ""
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        _Output.essential = before
        if _Output.problem:
            print(f"Notice: some printed lines are lost ({_Output.problem})", file=sys.stderr)


def finish() -> None:
    """Write what is still to be written; raise the error that prevents it, and drop the rest."""
    try:
        sys.stdout.flush()
    finally:
        _Output.essential = False  # the interpreter flushes once more
