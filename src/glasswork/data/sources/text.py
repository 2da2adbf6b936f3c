"""Text files in UTF-8, in UTF-16 or in the encoding of Windows; compressed or not."""

import codecs
import io
from pathlib import Path

from glasswork.data.sources.peek import open_unpacked
from glasswork.errors import FileError

_WINDOWS = "glasswork-windows"

#: Bytes that are read to find the encoding of a text.
_START = 64


def _as_windows(error: UnicodeError) -> tuple[str, int]:
    """Decode bytes that are not UTF-8 as Windows' Western encoding, and the few bytes it lacks as Latin-1."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    try:
        return wrong.decode("cp1252"), error.end
    except UnicodeDecodeError:
        return wrong.decode("latin-1"), error.end


codecs.register_error(_WINDOWS, _as_windows)


#: The most letters in a line: an image of a million pixels has fewer. A compressed file may hold one line of gigabytes.
MOST_LETTERS = 1 << 25


class _Lines(io.TextIOWrapper):
    """A text file, read line by line; a line that never ends is an error."""

    path: Path

    def __next__(self) -> str:  # type: ignore[override]
        line = self.readline(MOST_LETTERS)
        if len(line) == MOST_LETTERS:
            raise FileError(f"{self.path}: a line of more than {MOST_LETTERS:,} letters; no image has one that long")
        if not line:
            raise StopIteration
        return line


def open_text(path: Path) -> io.TextIOWrapper:
    """Open a text file, decompressed, in UTF-8 or UTF-16; other bytes are decoded as Windows' encoding."""
    with open_unpacked(path) as stream:
        encoding = _utf16(stream.read(_START)) or "utf-8-sig"
    lines = _Lines(open_unpacked(path), encoding=encoding, errors=_WINDOWS, newline=None)
    lines.path = path
    return lines


def _utf16(head: bytes) -> str | None:
    """Return the UTF-16 variant of a text with these first bytes, if a mark or zeros at every second byte show one."""
    if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    first, second = head[:_START:2], head[1:_START:2]
    if len(head) >= 4 and not any(second) and all(first):
        return "utf-16-le"
    return "utf-16-be" if len(head) >= 4 and not any(first) and all(second) else None


def is_text(head: bytes) -> bool:
    """Return whether a file with these first bytes is text."""
    return bool(head) and (b"\0" not in head or _utf16(head) is not None)


def describe_encoding(head: bytes) -> str | None:
    """Return a note about the encoding of a text with these first bytes, if it is neither UTF-8 nor UTF-16."""
    if _utf16(head) is not None:
        return None
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # a letter that is cut off at the end is not an error
    except UnicodeDecodeError:
        return "the text is not UTF-8: it was read in the Western encoding of Windows (cp1252)"
    return None
