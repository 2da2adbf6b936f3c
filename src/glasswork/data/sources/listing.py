"""A table that lists pictures and their classes, in any form: CSV, TSV, words in columns, or JSON lines.

file_name,label      path,symbol_id,latex,user_id      images/0001.png 7      {"file_name": "1.png", "label": "cat"}

One column holds the paths of pictures, as its cells show; another one, or one column for each class, the labels.
"""

import csv
import os
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path

from glasswork.data.labels import MAX_CLASSES
from glasswork.data.sources.found import Found
from glasswork.data.sources.listing_columns import PART_NAMES, called, file_column, label_columns, plain_name
from glasswork.data.sources.naming import part_of
from glasswork.data.sources.peek import Peek, peek
from glasswork.data.sources.pile import Item, found_pictures
from glasswork.data.sources.places import Folder
from glasswork.data.sources.rows import SUFFIXES, Table, read_table
from glasswork.data.sources.text import describe_encoding, is_text, open_text
from glasswork.errors import FileError, GlassworkError, InputError

#: Tables with these names are tried before all others.
_USUAL = ("metadata", "labels")

#: A table with more columns holds pixels.
MOST_COLUMNS = 64

#: Rows that are read to recognise a table and to find its labels, and tables that are tried in a folder.
SAMPLE, _MORE, _MOST_TABLES = 50, 1000, 40


@dataclass(frozen=True)
class _Way:
    """How the paths in a table lead to files: the folder they start from, and how many of their first parts to drop."""

    base: Path
    leave_out: int

    def find(self, name: str, within: Path) -> Path | None:
        """Return the picture with this name, which may lack its suffix, or None."""
        parts = _split(name)
        if len(parts) <= self.leave_out:
            return None
        path = os.path.normpath(self.base.joinpath(*parts[self.leave_out :]))
        if not Path(path).is_relative_to(within):
            return None
        return next((place for end in ("", *SUFFIXES) if (place := Path(path + end)).is_file()), None)


@dataclass(frozen=True)
class Named:
    """The pictures that a table names.

    Attributes
    ----------
    items : list of Item
    parts : list of str
        The part of each picture, if a column states it; otherwise empty.
    notes, skipped : list of str
        Which columns were used, and which rows could not be used.
    names : list of str, optional
        The class names for labels that are numbers from 0, from a file beside the table.
    """

    items: list[Item]
    parts: list[str]
    notes: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    names: list[str] | None = None


def recognise(source: Peek) -> str | None:
    """Return how the table was recognised, or None."""
    if source.is_folder or not is_text(source.head):
        return None
    column = _pictures_in(source.path)
    return None if column is None else f"lines of text that name pictures, in {column}"


def read(source: Peek) -> Found:
    """Find the pictures that a table names."""
    named = named_pictures(source.path)
    piles: dict[str, list[Item]] = {}
    for k, item in enumerate(named.items):
        piles.setdefault(named.parts[k] if named.parts else "all", []).append(item)
    found = found_pictures(piles, None, source.path.absolute().parent)
    found.notes, found.skipped, found.names = named.notes, named.skipped, named.names
    return found


def names_nothing(path: Path) -> str | None:
    """Return what is wrong if a file is a table of pictures that do not exist; None if it is not."""
    with suppress(GlassworkError):
        if is_text(peek(path).head) and _may_be_table(path) and _pictures_in(path) is not None:
            try:
                named_pictures(path)
            except InputError as error:
                return str(error)
    return None


def tables_in(folder: Folder, *, beneath: Path | None = None) -> dict[str, Path]:
    """Return the tables in a folder that name pictures and their classes: one for each part, or one for all.

    Parameters
    ----------
    folder : Folder
    beneath : Path, optional
        Only tables whose pictures are in this folder.

    Raises
    ------
    InputError
        If there are several tables, and it is not clear which one to use.
    """
    paths = [path for path in folder.files if "submission" not in path.name.lower() and _may_be_table(path)]
    known = [path for path in paths[:_MOST_TABLES] if _names_pictures(path, beneath)]
    usual = [path for word in _USUAL for path in known if path.stem.lower() == word]
    if usual or len(known) == 1:
        chosen = {"all": (usual or known)[0]}
    else:
        chosen = {}
        for path in known:
            part = part_of(path.name) or "all"
            if part in chosen and not (part == "all" and len({part_of(p.name) for p in known}) > 1):
                shown = ", ".join(path.name for path in known[:5])
                raise InputError(
                    f"several tables name pictures: {shown}; name the one you mean: glasswork data inspect {known[0]}"
                )
            chosen[part] = path
        if len(chosen) > 1:
            chosen.pop("all", None)
    for path in known:
        if path not in chosen.values():
            folder.leave_out(path, f"{', '.join(p.name for p in chosen.values())} names the pictures")
    return chosen


def _may_be_table(path: Path) -> bool:
    suffix = Path(re.sub(r"\.(gz|bz2|xz)$", "", path.name.lower())).suffix
    return suffix in (".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".json", ".lst", ".list", ".data", "")


def _names_pictures(path: Path, beneath: Path | None) -> bool:
    """Return whether a table names existing pictures and their classes."""
    try:
        if not is_text(peek(path).head) or _pictures_in(path) is None:
            return False
        table = read_table(path, _MORE)
    except GlassworkError:
        return False
    file = file_column(table)
    way, within = _way(path, table, file[0]) if file else (None, path)
    if file is None or way is None:
        return path.stem.lower() in _USUAL  # reading it reports the problem
    with suppress(InputError):  # reading it reports the problem
        if label_columns(table, file[0]) is None:
            return False
    where = [way.find(row[file[0]], within) for row in table.rows[:SAMPLE] if file[0] < len(row)]
    return any(place is not None and (beneath is None or place.is_relative_to(beneath)) for place in where)


# Columns --------------------------------------------------------------------------------------------


def _pictures_in(path: Path) -> str | None:
    """Return the name of the column of pictures in a table, or None if there is none."""
    try:
        table = read_table(path, SAMPLE)
    except (FileError, InputError, csv.Error):
        return None
    if not table.rows or len(table.rows[0]) > MOST_COLUMNS or (column := file_column(table)) is None:
        return None
    way, _ = _way(path, table, column[0])
    if column[1] or way is not None:  # the cells end like names of pictures, or name existing files
        return called(table, column[0])
    return None


# Pictures -------------------------------------------------------------------------------------------


def named_pictures(path: Path) -> Named:
    """Return the pictures that a table names, with their classes.

    Raises
    ------
    InputError
        If no column names pictures, none of the pictures exists, or a picture has several labels.
    """
    table = read_table(path)
    column = file_column(table)
    if column is None:
        raise InputError(
            f"{path.name}: expected a column file_name with the files of pictures, and a column label with their "
            f"classes; got the columns {', '.join(table.header) or 'of ' + str(table.rows[:1])}"
        )
    file = column[0]
    try:
        labels = label_columns(table, file)
    except InputError as error:
        raise InputError(f"{path.name}: {error}") from None
    way, within = _way(path, table, file)
    if way is None:
        example = next((row[file] for row in table.rows if file < len(row)), "")
        raise InputError(
            f"{path.name} names {len(table.rows):,} pictures in {called(table, file)}, but none of them exists, "
            f"such as {path.parent / example}; put the pictures there, or correct the paths"
        )
    plain = [plain_name(name) for name in table.header]
    part = next((plain.index(name) for name in PART_NAMES if name in plain), None)
    named = Named([], [], _notes(path, table, file, labels))
    if (note := describe_encoding(peek(path).head)) is not None:
        named.notes.append(note)
    seen: dict[Path, str | None] = {}
    several = []
    for number, row in enumerate(table.rows, 1):
        at = f"{path.name}, row {number:,}"
        picture = way.find(row[file], within) if file < len(row) else None
        label = _label_in(row, labels, table.header)
        if picture is None:
            named.skipped.append(f"{at}: there is no picture {row[file] if file < len(row) else ''!r}")
        elif labels is not None and not label:
            named.skipped.append(f"{at}: a missing label")
        elif seen.setdefault(picture, label) != label:
            several.append(at)
        else:
            named.items.append((picture, label))
            if part is not None and part < len(row):
                named.parts.append(part_of(row[part]) or "all")
    if several:
        raise InputError(
            f"{several[0]}: this picture has another label in an earlier row, as in {len(several):,} rows; "
            "glasswork's networks give each picture one label, so keep one row for each picture"
        )
    if len(named.parts) != len(named.items) or (len(set(named.parts)) > 1 and "all" in named.parts):
        named.parts.clear()
    return _with_names(named, path)


def _with_names(named: Named, path: Path) -> Named:
    """Return the pictures with the names of their classes: one per line in a file beside the table, as Caffe does."""
    labels = {label for _, label in named.items}
    for name in ("labels.txt", "classes.txt", "class_names.txt", "synset_words.txt"):
        beside = path.parent / name
        if not beside.is_file() or beside == path or not all(label and label.isdecimal() for label in labels):
            continue
        with open_text(beside) as stream:
            lines = [line.strip() for line in islice(stream, MAX_CLASSES + 1) if line.strip()]
        if len(set(lines)) == len(lines) > max(int(label or 0) for label in labels):
            named.notes.append(f"class names come from {name}")
            return replace(named, names=lines)
    return named


def _notes(path: Path, table: Table, file: int, labels: tuple[int, ...] | None) -> list[str]:
    used = called(table, file)
    if labels is None:
        return [f"{path.name} names the pictures in {used}, but no labels"]
    where = called(table, labels[0]) if len(labels) == 1 else f"{len(labels)} columns, one for each class"
    return [f"{path.name} names the pictures in {used} and their classes in {where}"]


def _label_in(row: Sequence[str], labels: tuple[int, ...] | None, header: Sequence[str]) -> str | None:
    if labels is None or labels[-1] >= len(row):
        return None
    if len(labels) == 1:
        return row[labels[0]]
    return next((header[k] for k in labels if row[k] in ("1", "1.0")), None)


def _way(path: Path, table: Table, file: int) -> tuple[_Way | None, Path]:
    """Return how most paths in a table lead to pictures, and the folder that must contain them."""
    folder = path.absolute().parent
    names = [row[file] for row in table.rows if file < len(row) and row[file]]
    names = names[:: max(1, len(names) // SAMPLE)]
    up = max((name.replace("\\", "/").count("../") for name in names), default=0)
    within = folder.parents[min(max(up, 1), 2) - 1] if len(folder.parents) >= 2 else folder
    bases = [folder, folder.parent, *(place.path for place in Folder(folder).folders[:_MOST_TABLES])]
    folders = [_split(name)[:-1] for name in names]
    common = 0  # the first parts that all paths share: here these folders are elsewhere or have other names
    while folders and all(len(parts) > common and parts[common] == folders[0][common] for parts in folders):
        common += 1
    best: tuple[int, _Way | None] = (0, None)
    for base in bases:
        for leave_out in range(common + 1):
            way = _Way(base, leave_out)
            count = sum(map(partial(_exists, way, within), names))
            if count > best[0]:
                best = count, way
        if best[0] == len(names):
            break
    return best[1], within


def _split(name: str) -> list[str]:
    return [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]


def _exists(way: _Way, within: Path, name: str) -> bool:
    return way.find(name, within) is not None
