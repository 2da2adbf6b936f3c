"""A folder of pictures: one folder for each class, or a table beside the pictures that names their classes.

letters/A/1.png, letters/B/7.jpg, ...       train/A/..., test/A/...       metadata.csv: file_name,label
"""

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from glasswork.data.foreign import foreign
from glasswork.data.labels import natural_order
from glasswork.data.sources.files import describes, holds_data
from glasswork.data.sources.found import Found
from glasswork.data.sources.listing import named_pictures, tables_in
from glasswork.data.sources.naming import part_of
from glasswork.data.sources.peek import Peek
from glasswork.data.sources.pile import Item, found_pictures
from glasswork.data.sources.places import Folder, looks_like_picture
from glasswork.errors import InputError
from glasswork.paths import for_shell

_NO_CLASSES = (
    "put the pictures of each class into a folder with the name of the class, or add a table labels.csv with the "
    "columns file_name and label"
)


def recognise(source: Peek) -> str | None:
    """Return how the source was recognised, or None."""
    if not source.is_folder:
        return "a picture" if source.path.exists() and looks_like_picture(source.path) else None
    folder = Folder(source.path)
    first = next(folder.all_pictures(), None)
    if first is not None and len(_holding(folder)) < 2 and not tables_in(folder) and holds_data(folder):
        return None  # a picture beside data, such as a logo
    return None if first is None else f"pictures in it, such as {first.relative_to(source.path)}"


def read(source: Peek) -> Found:
    """Find the classes and pictures of a folder; a single picture is a source without labels."""
    if not source.is_folder:
        return found_pictures({"all": [(source.path, None)]}, None, source.path.parent)
    folder = Folder(source.path)
    told = _Told()
    piles = _piles(folder, told)
    classes = natural_order({name for _, names in piles.values() for name in names})
    found = found_pictures({part: items for part, (items, _) in piles.items()}, classes or None, source.path)
    found.notes, found.skipped, found.left_out = list(dict.fromkeys(told.notes)), told.skipped, folder.left_out
    found.names = found.names or told.names
    if not any(label for items, _ in piles.values() for _, label in items):
        found.without_labels = _hint(source.path)
    counts = Counter(label for items, _ in piles.values() for _, label in items)
    for name in classes:
        if not counts[name]:
            found.note(f"the class {name!r} has no pictures")
    return found


@dataclass
class _Told:
    """Notes that are taken while a folder is read, and the names of the classes if a file states them."""

    notes: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    names: list[str] | None = None


#: The pictures of a part, and the names of the folders that are its classes; no names if a table states the classes.
_Pile = tuple[list[Item], list[str]]


def _piles(folder: Folder, told: _Told) -> dict[str, _Pile]:
    """Return the pictures of each part, and the names of its classes."""
    if tables := tables_in(folder):
        return {part: _named(table, folder, told) for part, table in tables.items()}
    parts: dict[str, Folder] = {}
    for place in folder.folders:
        if (part := part_of(place.name)) is not None:
            parts.setdefault(part, place)
    others = [place for place in folder.folders if place not in parts.values()]
    if others and ("train" not in parts or (parts["train"].pictures and any(place.pictures for place in others))):
        parts = {}  # the names of classes happen to be train, test, ...
    if len(parts) < 2:
        if (inner := _holds_the_classes(folder)) is not None:
            return _piles(inner, told)
        return {"all": _classes(folder, told)}
    for place in others:
        folder.leave_out(place.path, "neither a part such as train or test, nor a class")
    piles = {part: _classes(place, told) for part, place in parts.items()}
    labelled = {part: pile for part, pile in piles.items() if any(label for _, label in pile[0])}
    for part in piles.keys() - labelled.keys() if "train" in labelled else ():
        folder.leave_out(parts[part].path, f"{len(piles[part][0]):,} pictures without labels")
    known = set(labelled["train"][1]) if "train" in labelled else set()
    for part, (_, names) in list(labelled.items()):
        if known and names and not known & set(names):
            folder.leave_out(parts[part].path, f"its folders are not classes of train: {', '.join(names[:5])}")
            del labelled[part]
    return labelled if "train" in labelled else piles


def _named(table: Path, folder: Folder, told: _Told) -> _Pile:
    """Return the pictures that a table names."""
    named = named_pictures(table)
    told.notes += named.notes
    told.skipped += named.skipped
    told.names = told.names or named.names
    listed = {path for path, _ in named.items}
    if others := [path for path in folder.all_pictures() if Path(os.path.normpath(path.absolute())) not in listed]:
        folder.leave_out(others[0], f"{len(others):,} pictures are not listed in {table.name}")
    return named.items, []


def _classes(folder: Folder, told: _Told) -> _Pile:
    """Return the pictures of a folder with their classes, and the names of the classes."""
    if "all" in (tables := tables_in(folder)):
        return _named(tables["all"], folder, told)
    if not _holding(folder):
        return [(path, None) for path in folder.pictures], []
    if (inner := _holds_the_classes(folder)) is not None:
        return _classes(inner, told)
    items: list[Item] = []
    names = []
    for place in folder.folders:
        if place.holds_pictures or place.is_empty:
            names.append(place.name)
            if place.holds_pictures and not place.pictures:
                told.notes.append(f"the pictures of {place.name} lie in the folder {_only_within(place).name} in it")
            items += [(path, place.name) for path in place.all_pictures()]
            told.skipped += _not_pictures(place)
        else:
            folder.leave_out(place.path, "no pictures in it")
    _leave_out_pictures(folder)
    return items, natural_order(names)


def _leave_out_pictures(folder: Folder) -> None:
    """Note that pictures beside the folders of the classes have no class, and that other files are not read."""
    if folder.pictures:
        count = len(folder.pictures)
        which = "it lies" if count == 1 else f"this and {count - 1:,} more lie"
        folder.leave_out(folder.pictures[0], f"{which} beside the folders of the classes")
    if others := [path for path in folder.files if path not in folder.pictures and not describes(path)]:
        names = ", ".join(path.name for path in others[1:5])
        folder.leave_out(others[0], "not a picture" + (f"; nor {names}" if names else ""))


def _holds_the_classes(folder: Folder) -> Folder | None:
    """Return the one folder that holds the folders of the classes, or a table; None if these folders are the classes.

    Raises
    ------
    InputError
        If several folders may hold the classes.
    """
    holding = _holding(folder)
    deeper = [place for place in holding if not place.pictures]  # it holds only folders, which no class does
    beside = [place for place in holding if place.pictures]
    inner = deeper[0] if len(deeper) == 1 else None
    if len(holding) == 1 and not folder.pictures and (inner is not None or tables_in(holding[0])):
        inner = holding[0]
    elif inner is not None and _only_within(inner).pictures:
        return None  # a class whose pictures lie some folders deeper
    elif inner is not None:
        counts = [sum(1 for _ in place.all_pictures()) for place in (inner, *beside)]
        inner = inner if counts[0] > sum(counts[1:]) else None
    if inner is not None:
        for place in folder.folders:
            if place is not inner:
                folder.leave_out(place.path, f"it lies beside {inner.name}, which holds the folders of the classes")
        _leave_out_pictures(folder)
    elif deeper:
        shown = ", ".join(place.name for place in deeper[:5]) + (" ..." if len(deeper) > 5 else "")
        most = max(deeper, key=lambda place: sum(1 for _ in place.all_pictures()))
        it, are = ("it", "is a class") if len(deeper) == 1 else ("them", "are classes")
        raise InputError(
            f"{shown}: only folders with pictures in {it}; if the classes are one level down, name the folder that "
            f"holds them: glasswork data inspect {for_shell(most.path)}; if {shown} {are}, move the pictures up, out "
            "of the folders inside"
        )
    return inner


def _only_within(folder: Folder) -> Folder:
    """Return the folder at the end of a chain of folders that hold one folder with pictures, and nothing else."""
    while not folder.pictures and len(holding := _holding(folder)) == 1:
        folder = holding[0]
    return folder


def _holding(folder: Folder) -> list[Folder]:
    return [place for place in folder.folders if place.holds_pictures]


def _not_pictures(place: Folder) -> list[str]:
    """Name the files of a class that look like pictures but are drawings, documents or pages; count the others."""
    problems = []
    for folder in place.walk():
        others = set(folder.files) - set(folder.pictures)
        for path in sorted(others):
            with path.open("rb") as stream:
                what = foreign(stream.read(4096))
            if what is not None and path.stat().st_size:
                problems.append(f"{path}: {what}")
                others.discard(path)
        if others:
            folder.leave_out(min(others), f"{len(others):,} files of {folder.name} are not pictures")
    return problems


def _hint(folder: Path) -> str:
    """Return how the pictures of a folder can get labels: from the table beside it, if a table names them."""
    for table in tables_in(Folder(folder.absolute().parent), beneath=folder.absolute()).values():
        return f"{table} names the classes of these pictures: use that file as the source"
    return _NO_CLASSES
