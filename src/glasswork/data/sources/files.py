"""A folder of data files: train.csv and test.csv, or the shards of a Parquet dataset; each is read as its own kind."""

import dataclasses
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from glasswork.data.dataset import natural_order
from glasswork.data.sources.found import Block, Found, Part
from glasswork.data.sources.naming import part_of
from glasswork.data.sources.peek import Peek
from glasswork.data.sources.places import Folder
from glasswork.errors import FileError, InputError

#: Files beside data that are not data.
_TEXTS = (".md", ".txt", ".json", ".yaml", ".yml", ".py", ".ipynb", ".log", ".toml", ".rst", ".html")


def recognise(source: Peek) -> str | None:
    """Say by what a folder is recognised, or None."""
    if not source.is_folder:
        return None
    files = _files(Folder(source.path))
    return f"data files in it: {', '.join(path.name for path in files[:4])}" if files else None


def read(source: Peek) -> Found:
    """Find the parts of a folder by the names of its files."""
    from glasswork.data.sources import find

    folder = Folder(source.path)
    piles: dict[str, list[tuple[Path, Found]]] = {}
    problems = []
    for path in _files(folder):
        try:
            found = find(path)
            for name, part in found.parts.items():
                inner = "" if path.parent == source.path else path.parent.name
                own = (part_of(path.name) or part_of(inner) or "all") if name == "all" else name
                if not _has_labels(part):
                    folder.leave_out(path, "it has no labels")
                    continue
                one = found if name == "all" else dataclasses.replace(found, parts={"all": part})
                piles.setdefault(own, []).append((path, one))
        except (InputError, FileError) as error:
            problems.append(f"{path.name}: {error}")
            folder.leave_out(path, str(error))
    if not piles:
        raise InputError("; ".join([*problems, *folder.left_out]) or "no data in it")
    if len(piles) > 1 and "all" in piles:
        for path, _ in piles.pop("all"):
            folder.leave_out(path, "its name says neither train, valid nor test")
    for name, pile in piles.items():
        _check_shards(name, [path for path, _ in pile])
    return _together(piles, folder)


def _together(piles: dict[str, list[tuple[Path, Found]]], folder: Folder) -> Found:
    """Return what the files hold as one source, which has their notes and what they leave out."""
    all_found = [found for pile in piles.values() for _, found in pile]
    notes = list(dict.fromkeys(note for found in all_found for note in found.notes))
    whole = dataclasses.replace(
        all_found[0],
        recognised="",
        parts={},
        notes=notes,
        skipped=[text for found in all_found for text in found.skipped],
        left_out=folder.left_out,
        transposed=any(found.transposed for found in all_found),
    )
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
                found.shape = whole.shape
            yield from found.parts["all"].blocks()
            whole.shape = whole.shape or found.shape

    return blocks


def _has_labels(part: Part) -> bool:
    block = next(part.blocks(), None)
    return block is not None and block.labels is not None


def _check_shards(part: str, paths: list[Path]) -> None:
    """Raise unless files that are to be one part are called alike, apart from numbers, as shards are."""
    if len({re.sub(r"\d+", "#", path.name.split(".")[0]) for path in paths}) > 1:
        shown = ", ".join(path.name for path in paths[:5])
        what = "neither is called train or test" if part == "all" else f"all of them may be its part {part!r}"
        raise InputError(
            f"holds several data files ({shown}), and {what}; give the one you mean: glasswork data inspect {paths[0]}"
        )


def _files(folder: Folder) -> list[Path]:
    """Return the data files of a folder, of data/ in it, and of folders that are called like parts."""
    places = [folder, *(inner for inner in folder.folders if inner.path.name == "data" or part_of(inner.path.name))]
    shards = [inner for inner in folder.folders if any(path.suffix == ".parquet" for path in inner.files)]
    if not any(map(_data_files, places)):  # Hugging Face's: a folder for each configuration
        places = shards
        if len(shards) > 1:
            raise InputError(
                f"holds several datasets: {', '.join(inner.name for inner in shards[:8])}; give the one you mean: "
                f"glasswork data inspect {shards[0].path}"
            )
    found = {str(path): path for place in places for path in _data_files(place)}
    return [found[name] for name in natural_order(found)]


def _data_files(folder: Folder) -> list[Path]:
    return [
        path
        for path in folder.files
        if path.suffix.lower() not in _TEXTS and not re.match(r"(?i)readme|licen[cs]e|citation", path.name)
    ]
