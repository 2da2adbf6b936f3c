"""May a file be written? An output never replaces an input, nor a file that glasswork did not write.

What we write can be recognised: figures and pages name glasswork as their software, tables and JSON have our keys.
"""

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from glasswork.errors import InputError

#: The word that our files say about the software that wrote them.
SOFTWARE = "glasswork"

#: How a page says what generated it.
GENERATOR = f'<meta name="generator" content="{SOFTWARE}">'

#: Bytes at the start of a file, and at its end, that are looked at.
_LOOK = 1 << 14

_KEYS = (b"item", b"file", b"row", b"position", b"label", b"confidence")


def _is_text(*patterns: bytes) -> Callable[[bytes], bool]:
    return lambda content: any(re.match(pattern, content) for pattern in patterns)


def _says(*words: bytes) -> Callable[[bytes], bool]:
    return lambda content: any(word in content for word in words)


#: By suffix: whether a file, of which the start and the end are given, was written by us.
_OURS: dict[str, Callable[[bytes], bool]] = {
    ".png": _says(b"tEXtSoftware\0glasswork"),
    ".svg": _says(b"<dc:title>glasswork</dc:title>"),
    ".pdf": _says(b"/Creator (glasswork)"),
    ".html": _says(GENERATOR.encode()),
    ".htm": _says(GENERATOR.encode()),
    ".csv": _is_text(b",".join(_KEYS)),
    ".json": _is_text(rb'\[\s*\{"item": '),
    ".parquet": lambda content: content.startswith(b"PAR1") and all(key in content for key in _KEYS),
    ".journal": _is_text(rb'\{"glasswork": '),
    ".onnx": _says(b"\x12\x09glasswork"),
}


def check_output(path: Path, inputs: Sequence[str | os.PathLike[str]] = (), *, force: bool = False) -> None:
    """Raise if writing a file would destroy what it may not.

    Parameters
    ----------
    path : Path
        The file that is about to be written.
    inputs : sequence of paths
        What is read in the same command, files and folders; what is no path, such as the name of a source, is ignored.
    force : bool
        Whether a file that is not one of ours may be replaced. An input is never replaced.

    Raises
    ------
    InputError
        If it is a folder; if it is an input, by whatever name or link; if it is a figure in the folder of a run; or if
        it exists and is not one of our files, unless ``force`` is set and it does not lie in a folder that is read.
    """
    if path.is_dir():
        raise InputError(f"{path}: is a folder; expected the name of a file to write")
    if not path.is_file():
        return
    places = [place for place in (Path(name).expanduser() for name in inputs) if place.exists()]
    if any(path.samefile(place) for place in places):
        raise InputError(f"{path}: is read in this command, so it is not replaced; choose another name for the output")
    if (run := _run_of_figure(path)) is not None:
        raise InputError(f"{path}: belongs to the run {run}, so it is not replaced; choose another name")
    if is_ours(path):
        return
    for folder in (place for place in places if place.is_dir() and _lies_in(path, place)):
        raise InputError(f"{path}: belongs to {folder}, which is read, so it is not replaced; choose another name")
    if not force:
        raise InputError(
            f"{path}: exists, and glasswork did not write it; choose another name, or let it be replaced (--force, in "
            "Python force=True)"
        )


def is_ours(path: Path) -> bool:
    """Whether a file is recognisably one that glasswork wrote."""
    recognise = _OURS.get(path.suffix.lower())
    try:
        return recognise is not None and recognise(_ends_of(path))
    except OSError:  # not ours to read
        return False


def _ends_of(path: Path) -> bytes:
    """Return the start and the end of a file."""
    with path.open("rb") as stream:
        start = stream.read(_LOOK)
        stream.seek(max(len(start), stream.seek(0, os.SEEK_END) - _LOOK))
        return start + stream.read(_LOOK)


def _run_of_figure(path: Path) -> Path | None:
    """Return the run among whose own figures a file is, or None."""
    folder = path.resolve().parent
    return folder.parent if folder.name == "figures" and (folder.parent / "recipe.toml").is_file() else None


def _lies_in(path: Path, folder: Path) -> bool:
    """Whether a file lies in a folder, or deeper, by its own place or by that of what it links to."""
    real = folder.resolve()
    return any(real in (place, *place.parents) for place in (path.parent.resolve(), path.resolve().parent))
