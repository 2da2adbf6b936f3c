"""Text files as people have them: in UTF-8, in UTF-16, or in the encoding of Windows; packed or not."""

import codecs
import io
from pathlib import Path

from glasswork.data.sources.peek import open_unpacked

_WINDOWS = "glasswork-windows"


def _as_windows(error: UnicodeError) -> tuple[str, int]:
    """Decode bytes that are not UTF-8 as Windows' Western encoding; a few bytes that it leaves out, as Latin-1."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    try:
        return wrong.decode("cp1252"), error.end
    except UnicodeDecodeError:
        return wrong.decode("latin-1"), error.end


codecs.register_error(_WINDOWS, _as_windows)


def open_text(path: Path) -> io.TextIOWrapper:
    """Open a text file, unpacked: UTF-8, or UTF-16 with its mark at the start; bytes that are neither are Windows'."""
    with open_unpacked(path) as stream:
        start = stream.read(2)
    encoding = "utf-16" if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"
    return io.TextIOWrapper(open_unpacked(path), encoding=encoding, errors=_WINDOWS, newline=None)


def is_text(head: bytes) -> bool:
    """Whether a file that begins so is text."""
    return bool(head) and (b"\0" not in head or head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))


def describe_encoding(head: bytes) -> str | None:
    """Return a note about the encoding of a text that begins so, if it is not UTF-8 or UTF-16."""
    if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return None
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # a letter that is cut off at the end is no error
    except UnicodeDecodeError:
        return "the text is not UTF-8: it was read in the Western encoding of Windows (cp1252)"
    return None
