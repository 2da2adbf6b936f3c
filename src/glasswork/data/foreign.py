"""Files that people mistake for data, recognised by their first bytes, with a remedy: a web page, a PDF, an archive."""

import re

_PNG = "export it as PNG"
_UNPACK = "unpack it, and use the folder or file that is in it"

#: How files begin, what they are, and what to do.
_STARTS = (
    ((b"version https://git-lfs",), "only a pointer to a file in Git LFS; fetch the file itself: git lfs pull"),
    ((b"%PDF",), f"a PDF document, which is neither a picture nor a table; {_PNG}, page by page, or its table as CSV"),
    ((b"%!PS", b"\xc5\xd0\xd3\xc6"), f"a PostScript drawing; {_PNG}"),
    ((b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",), "an old Excel or Word document; save its table as CSV"),
    ((b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c"), f"an archive (RAR or 7z); {_UNPACK}"),
    (
        (b"ARROW1", b"\xff\xff\xff\xff"),
        "an Arrow file, as Hugging Face's save_to_disk writes it; save Parquet: dataset.to_parquet('train.parquet')",
    ),
    ((b"SQLite format 3\0",), "an SQLite database; export its table as CSV"),
)
_PAGE = (
    "a web page (HTML), not data: its download led to a page, such as an error or a login; download the file itself "
    "again"
)
_ANSWER = "a server's error message, not data: its download failed; download the file itself again"
_PICKLE = (
    "a Python pickle, which can run any program when it is opened, so glasswork does not open it; if you trust it, "
    "open it yourself and save its arrays: numpy.savez_compressed('data.npz', x_train=..., y_train=..., "
    "x_test=..., y_test=...)"
)


def foreign(head: bytes) -> str | None:
    """Return what a file with these first bytes is, and what to do about it; None if it may be data.

    Parameters
    ----------
    head : bytes
        The first bytes of the file, decompressed; 300 are enough.
    """
    if not head:
        return "an empty file; download or copy it again"
    for starts, what in _STARTS:
        if head.startswith(starts):
            return what
    if head[257:262] == b"ustar":
        return f"an archive (tar); {_UNPACK}"
    if re.match(rb"\x80[\2-\5]|[(\]}lpd0-9\n]*c[\w.]+\n\w+\n", head[:200]):
        return _PICKLE
    return _marked_up(head.removeprefix(b"\xef\xbb\xbf").lstrip()[:4096].lower())


def _marked_up(start: bytes) -> str | None:
    """Recognise HTML, SVG, other XML, and error messages that servers send in place of a file."""
    if re.match(rb"4\d\d:? [a-z]", start) or re.match(rb'\{\s*"(message|error|errors|detail)"\s*:', start):
        return _ANSWER
    if not start.startswith(b"<"):
        return None
    if b"<svg" in start:
        return f"an SVG drawing; {_PNG}"
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<!--")) or b"<html" in start:
        return _PAGE
    if b"<error>" in start:
        return _ANSWER
    return "an XML file, which is not read here; save pictures as PNG, and a table as CSV"
