"""A folder of data files: train.csv and test.csv, or the shards of a Parquet dataset; each is read as its own kind."""

import dataclasses
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from glasswork.data.labels import natural_order
from glasswork.data.sources.arrange import arrange
from glasswork.data.sources.found import Block, Found, Part
from glasswork.data.sources.huggingface import class_names
from glasswork.data.sources.naming import part_of
from glasswork.data.sources.peek import Peek, peek
from glasswork.data.sources.places import PICTURE_SUFFIXES, Folder
from glasswork.errors import FileError, InputError
from glasswork.inputs import Inputs

#: The first bytes of files of arrays: Parquet, NPY, NPZ, MATLAB, HDF5.
_ARRAYS = (b"PAR1", b"\x93NUMPY", b"PK\3\4", b"MATLAB ", b"\x89HDF")

#: A table of words has fewer columns.
_MANY = 60

#: Files that often lie beside data but are not data.
_TEXTS = (".md", ".txt", ".json", ".yaml", ".yml", ".py", ".ipynb", ".log", ".toml", ".rst", ".html")
_NOT_DATA = (*_TEXTS, *PICTURE_SUFFIXES)


def recognise(source: Peek) -> str | None:
    """Return how the folder was recognised, or None."""
    if not source.is_folder:
        return None
    files = data_files(Folder(source.path))
    return f"data files in it: {', '.join(path.name for path in files[:4])}" if files else None


def read(source: Peek) -> Found:
    """Find the parts of a folder by the names of its files."""
    from glasswork.data.sources import find

    folder = Folder(source.path)
    piles: dict[str, list[tuple[Path, Found]]] = {}
    paths = data_files(folder)
    for place in [*folder.files, *(inner.path for inner in folder.folders)]:
        if not describes(place) and not any(path.is_relative_to(place) for path in paths):
            folder.leave_out(place, "it lies beside the data files")
    for path in paths:
        try:
            found = find(path)
            for name, part in found.parts.items():
                inner = "" if path.parent == source.path else path.parent.name
                own = (part_of(path.name) or part_of(inner) or "all") if name == "all" else name
                if not _has_labels(found, part):
                    folder.leave_out(path, "it has no labels")
                    continue
                one = found if name == "all" else dataclasses.replace(found, parts={"all": part})
                piles.setdefault(own, []).append((path, one))
        except (InputError, FileError) as error:
            folder.leave_out(path, str(error))
    if not piles:
        raise InputError("; ".join(folder.left_out) or "no data in it")
    if len(piles) > 1 and "all" in piles:
        for path, _ in piles.pop("all"):
            folder.leave_out(path, "its name does not say train, valid or test")
    for name, pile in piles.items():
        _check_shards(name, [path for path, _ in pile])
    return _together(piles, folder)


def _together(piles: dict[str, list[tuple[Path, Found]]], folder: Folder) -> Found:
    """Return the files as one source, which has all their notes and lists all that they leave out."""
    all_found = [found for pile in piles.values() for _, found in pile]
    names = class_names(folder.path) if all(found.names is None for found in all_found) else None
    notes = list(dict.fromkeys(note for found in all_found for note in found.notes))
    whole = dataclasses.replace(
        all_found[0],
        recognised="",
        parts={},
        notes=notes,
        skipped=[text for found in all_found for text in found.skipped],
        left_out=folder.left_out,
        names=names or all_found[0].names,
        transposed=any(found.transposed for found in all_found),
    )
    if names:
        whole.note("class names come from README.md")
    first = all_found[0]
    for found in all_found[1:]:
        if first.columns:
            arrange(found, Inputs(columns=first.columns, label=first.label), len(first.columns))

    def choose(width: int, columns: tuple[str, ...], label: str) -> None:
        for found in all_found:
            if found.choose is not None:
                found.choose(width, columns, label)
        whole.columns = first.columns

    whole.choose = choose if first.choose is not None else None
    for found in all_found:
        found.notes, found.skipped, found.left_out = whole.notes, whole.skipped, whole.left_out
    for name, pile in piles.items():
        if len(pile) == 1:
            part = pile[0][1].parts["all"]
            whole.parts[name] = Part(_in_turn([pile[0][1]], whole), part.whole, part.labels)
        else:
            whole.parts[name] = Part(_in_turn([found for _, found in pile], whole))
    return whole


def _in_turn(pile: list[Found], whole: Found) -> Callable[[], Iterator[Block]]:
    def blocks() -> Iterator[Block]:
        for found in pile:
            found.lenient = whole.lenient
            if whole.pictures:
                found.shape, found.colour = whole.shape, whole.colour
                found.levels, found.stated = whole.levels, whole.stated
            yield from found.parts["all"].blocks()
            whole.shape = whole.shape or found.shape

    return blocks


def _has_labels(found: Found, part: Part) -> bool:
    block = found.first_block(part)
    return block is not None and block.labels is not None


def _check_shards(part: str, paths: list[Path]) -> None:
    """Raise unless files that would form one part have the same name apart from numbers, like shards."""
    if len({re.sub(r"\d+", "#", path.name.split(".")[0]) for path in paths}) > 1:
        shown = ", ".join(path.name for path in paths[:5])
        what = "none is named train or test" if part == "all" else f"all of them may be its part {part!r}"
        raise InputError(
            f"holds several data files ({shown}), and {what}; name the one you mean: glasswork data inspect {paths[0]}"
        )


def holds_data(folder: Folder) -> bool:
    """Return whether a folder holds arrays or a table of pixels, so that pictures beside them are not the data."""
    try:
        heads = [peek(path).head for path in data_files(folder)[:20]]
    except (InputError, FileError):
        return False
    return any(head.startswith(_ARRAYS) or any(map(_is_wide, head.split(b"\n", 3)[:3])) for head in heads)


def _is_wide(line: bytes) -> bool:
    """Return whether a line of a table has many columns, like a table of pixels."""
    return any(line.count(separator) > _MANY for separator in (b",", b";", b"\t"))


def data_files(folder: Folder) -> list[Path]:
    """Return the data files of a folder, of data/ in it, and of folders that are named like parts."""
    places = _with_parts(folder, *(inner for inner in folder.folders if inner.path.name == "data"))
    if not any(map(_data_files, places)):  # Hugging Face's: a folder for each configuration
        shards = [inner for inner in folder.folders if any(map(_holds_parquet, _with_parts(inner)))]
        places = _with_parts(*shards)
        if len(shards) > 1:
            raise InputError(
                f"holds several datasets: {', '.join(inner.name for inner in shards[:8])}; name the one you mean: "
                f"glasswork data inspect {shards[0].path}"
            )
    found = {str(path): path for place in places for path in _data_files(place)}
    return [found[name] for name in natural_order(found)]


def describes(path: Path) -> bool:
    """Return whether a file has the name of a text about data, such as README."""
    return re.match(r"(?i)readme|licen[cs]e|citation", path.name) is not None


def _with_parts(*folders: Folder) -> list[Folder]:
    """Return folders, each with the folders in it that are named like parts."""
    return [place for one in folders for place in (one, *(part for part in one.folders if part_of(part.path.name)))]


def _holds_parquet(folder: Folder) -> bool:
    return any(path.suffix == ".parquet" for path in folder.files)


def _data_files(folder: Folder) -> list[Path]:
    return [
        path
        for path in folder.files
        if (path.suffix.lower() not in _NOT_DATA or (path.suffix.lower() == ".txt" and part_of(path.stem)))
        and not describes(path)
    ]
