"""Checks whether a file may be written. An output never replaces an input, nor a file that glasswork did not write.

Our files can be recognised: figures and pages name glasswork as their software, and tables and JSON have our keys.
"""

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from glasswork.errors import InputError
from glasswork.paths import typed_path

#: The software name that our files state.
SOFTWARE = "glasswork"

#: What the exported sources say in their first line.
SOURCE_MARK = f"written by {SOFTWARE}"

#: The tag by which a page names the software that generated it.
GENERATOR = f'<meta name="generator" content="{SOFTWARE}">'

#: Bytes that are examined at the start and at the end of a file.
_LOOK = 1 << 14

_KEYS = (b"item", b"file", b"row", b"position", b"label", b"confidence")


def _is_text(*patterns: bytes) -> Callable[[bytes], bool]:
    return lambda content: any(re.match(pattern, content) for pattern in patterns)


def _says(*words: bytes) -> Callable[[bytes], bool]:
    return lambda content: any(word in content for word in words)


#: For each suffix, whether we wrote a file, judged by its start and its end.
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
    ".h": _says(SOURCE_MARK.encode()),
    ".py": _says(SOURCE_MARK.encode()),
    ".npz": _says(b"software.npy"),
    ".safetensors": _says(b'"software":"glasswork'),  # an export; the network of a run does not say this
}


def check_output(path: Path, inputs: Sequence[str | os.PathLike[str]] = (), *, force: bool = False) -> None:
    """Raise an InputError if writing a file would destroy something that must be kept.

    Parameters
    ----------
    path : Path
        The file that is about to be written.
    inputs : sequence of paths
        Files and folders that the same command reads; entries that are not paths, such as names of sources, are
        ignored.
    force : bool
        Whether a file that is not one of ours may be replaced. An input is never replaced.

    Raises
    ------
    InputError
        If it is a folder, an input (by whatever name or link) or a figure in the folder of a run. Also if it exists and
        is not one of our files, unless ``force`` is set and it lies outside the folders that are read.
    """
    if path.is_dir():
        raise InputError(f"{path}: is a folder; expected the name of a file to write")
    if not path.is_file():
        return
    places = [place for place in (typed_path(name) for name in inputs) if place.exists()]
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
            f"{path}: exists, and glasswork did not write it; choose another name, or replace it with --force (in "
            "Python, force=True)"
        )


def is_ours(path: Path) -> bool:
    """Whether a file is recognisably one that glasswork wrote."""
    recognise = _OURS.get(path.suffix.lower())
    try:
        return recognise is not None and recognise(_ends_of(path))
    except OSError:  # it cannot be read, so we did not write it
        return False


def _ends_of(path: Path) -> bytes:
    """Return the start and the end of a file."""
    with path.open("rb") as stream:
        start = stream.read(_LOOK)
        stream.seek(max(len(start), stream.seek(0, os.SEEK_END) - _LOOK))
        return start + stream.read(_LOOK)


def _run_of_figure(path: Path) -> Path | None:
    """Return the run that a file is a figure of, or None."""
    folder = path.resolve().parent
    return folder.parent if folder.name == "figures" and (folder.parent / "recipe.toml").is_file() else None


def _lies_in(path: Path, folder: Path) -> bool:
    """Whether a file lies in a folder, at any depth, by its own path or by that of the file it links to."""
    real = folder.resolve()
    return any(real in (place, *place.parents) for place in (path.parent.resolve(), path.resolve().parent))
