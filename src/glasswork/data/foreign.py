"""Files that people mistake for data, recognised by their first bytes, with a remedy: a web page, a PDF, an archive."""

import codecs
import re
from collections.abc import Iterable

_PNG = "export it as PNG"
_TABLE = "save the table as CSV, or its pictures as PNG"
_UNPACK = "unpack it, and use the folder or file that is in it"

#: How files begin, what they are, and what to do.
_STARTS = (
    ((b"version https://git-lfs",), "only a pointer to a file in Git LFS; fetch the file itself: git lfs pull"),
    ((b"%!PS", b"\xc5\xd0\xd3\xc6"), f"a PostScript drawing; {_PNG}"),
    ((b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",), f"an old Excel or Word document; {_TABLE}"),
    ((b"{\\rtf",), f"a text document (RTF); {_TABLE}"),
    ((b"\xff\x0a", b"\0\0\0\x0cJXL "), f"a JPEG XL picture, which is not read here; {_PNG}"),
    ((b"gimp xcf", b"AT&TFORM"), f"a picture of GIMP (XCF) or a DjVu document; {_PNG}"),
    ((b"\xd7\xcd\xc6\x9a", b"\1\0\0\0l\0\0\0"), f"a Windows metafile drawing; {_PNG}"),
    ((b"\x1a\x45\xdf\xa3", b"\0\0\x01\xba"), "a video; save its frames as PNG"),
    ((b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18"), f"a file compressed with Zstandard or LZ4; {_UNPACK}"),
    ((b"RDX2\n", b"RDX3\n", b"$FL2", b"FEA1"), "data of R, SPSS or Feather; export the table as CSV"),
    ((b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c"), f"an archive (RAR or 7z); {_UNPACK}"),
    (
        (b"ARROW1", b"\xff\xff\xff\xff"),
        "an Arrow file, as Hugging Face's save_to_disk writes it; save Parquet: dataset.to_parquet('train.parquet')",
    ),
    ((b"SQLite format 3\0",), "an SQLite database; export its table as CSV"),
)
_PAGE = (
    "a web page (HTML), not data: its download led to a page, such as an error or a login; download the file itself "
    "again; if the page shows the table, copy it into a spreadsheet and save it as CSV"
)
_PICKLE = (
    "a Python pickle, which can run any program when it is opened, so glasswork does not open it; if you trust it, "
    "open it yourself and save its arrays: numpy.savez_compressed('data.npz', x_train=..., y_train=..., "
    "x_test=..., y_test=...)"
)
_PDF = f"a PDF document, which is neither a picture nor a table; {_PNG}, page by page, or its table as CSV"

#: What stands further within the first bytes of a file.
_INSIDE = (
    (re.compile(rb"(?s).{0,1000}?%PDF-"), _PDF),
    (re.compile(rb"(?s).{128}DICM"), f"a DICOM picture, as hospitals store them; {_PNG}"),
    (re.compile(rb"(?s).{4}ftyp(mp4|iso|M4V|qt |avc|3gp)"), "a video; save its frames as PNG"),
    (re.compile(rb"(?s).{257}ustar"), f"an archive (tar); {_UNPACK}"),
    (re.compile(rb"\x80[\2-\5]|[(\]}lpd0-9\n]*c[\w.]+\n\w+\n"), _PICKLE),
)

#: An office program's document is a zip with one of these files in it, and PyTorch's file has a pickle in it.
_IN_ZIP = re.compile(
    r"(?P<office>\[Content_Types\]\.xml|META-INF/(manifest|container)\.xml|Index/Document\.iwa)|.*\bdata\.pkl"
)

#: HTML without <html>, as programs export tables; and what a server sends in place of a file, without any marks.
_FRAGMENT = re.compile(rb"<(!doctype html|html|head|body|!--|table|meta|script|title|style|div|p|center|link)\b")
_REFUSAL = re.compile(
    rb"(\d{3}:? )?(page |file )?(not found|forbidden|access denied|unauthorized|bad gateway|service unavailable|"
    rb"too many requests|(internal )?server error|quota exceeded)\b[^\n,;\t]*\s*"
)
_ANSWER = "a server's error message, not data: its download failed; download the file itself again"


def foreign(head: bytes) -> str | None:
    """Return what a file with these first bytes is, and what to do about it; None if it may be data.

    Parameters
    ----------
    head : bytes
        The first bytes of the file, decompressed; 4,096 are enough.
    """
    if not head:
        return "an empty file; download or copy it again"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _marked_up(head.decode("utf-16", "ignore").encode())
    for starts, what in _STARTS:
        if head.startswith(starts):
            return what
    known = next((what for pattern, what in _INSIDE if pattern.match(head[:1100])), None)
    return known or _marked_up(head)


def foreign_zip(members: Iterable[str]) -> str | None:
    """Return what a zip with these files in it is, if it is a document or a file of PyTorch, and what to do."""
    found = next((match for name in members if (match := _IN_ZIP.fullmatch(name))), None)
    if found is None:
        return None
    return f"a spreadsheet or document of an office program; {_TABLE}" if found["office"] else _PICKLE


def _marked_up(start: bytes) -> str | None:
    """Recognise HTML, SVG, other XML, and error messages that servers send in place of a file."""
    start = start.removeprefix(codecs.BOM_UTF8).lstrip(b"\xef\xbb\xbf \t\r\n")[:4096].lower()
    if _REFUSAL.fullmatch(start) or re.match(rb'4\d\d:? [a-z]|\{\s*"(message|error|errors|detail)"\s*:', start):
        return _ANSWER
    if not start.startswith(b"<"):
        return None
    if b"<svg" in start:
        return f"an SVG drawing; {_PNG}"
    if _FRAGMENT.match(start) or b"<html" in start:
        return _PAGE
    if b"<error>" in start:
        return _ANSWER
    return "an XML file, which is not read here; save pictures as PNG, and a table as CSV"
