"""A folder of pictures: one folder for each class, or a table beside the pictures that names their classes.

letters/A/1.png, letters/B/7.jpg, ...       train/A/..., test/A/...       metadata.csv: file_name,label
"""

import csv
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from glasswork.arrays import Images
from glasswork.data.dataset import natural_order
from glasswork.data.sources.found import BLOCK_BYTES, Block, Found, Part
from glasswork.data.sources.naming import part_of
from glasswork.data.sources.peek import Peek, open_text
from glasswork.data.sources.picture import is_picture, picture_shape, read_grey
from glasswork.errors import FileError, InputError

_TABLES = ("metadata.csv", "labels.csv", "metadata.tsv", "labels.tsv")
_FILE_COLUMNS = ("file_name", "filename", "file", "image", "path", "image_path", "img", "name", "id", "image_id")
_LABEL_COLUMNS = ("label", "class", "target", "category", "y", "digit", "letter", "labels")

#: A picture: its path, and the name of its class.
_Item = tuple[Path, str | None]


def recognise(source: Peek) -> str | None:
    """Say by what it is recognised, or None."""
    if not source.is_folder:
        return "a picture" if is_picture(source.head) else None
    first = next(_pictures(source.path, deep=True), None)
    return None if first is None else f"pictures in it, such as {first.relative_to(source.path)}"


def read(source: Peek) -> Found:
    """Find the classes and pictures of a folder; a single picture is a source without labels."""
    if not source.is_folder:
        return _found({"all": [(source.path, None)]}, [], source.path.parent)
    piles = _piles(source.path)
    classes = natural_order({name for _, names in piles.values() for name in names})
    found = _found({part: items for part, (items, _) in piles.items()}, classes, source.path)
    counts = Counter(label for items, _ in piles.values() for _, label in items)
    for name in classes:
        if not counts[name]:
            found.note(f"the class {name!r} has no pictures")
    return found


def _found(parts: dict[str, list[_Item]], classes: list[str], folder: Path) -> Found:
    found = Found("pictures", "", {}, classes or None, pictures=True, levels=(0.0, 255.0))
    found.paths = [(path, os.path.relpath(path, folder)) for items in parts.values() for path, _ in items]
    found.parts = {part: Part(_blocks(items, found, folder)) for part, items in parts.items()}
    return found


# Which pictures there are ---------------------------------------------------------------------------


def _piles(folder: Path) -> dict[str, tuple[list[_Item], list[str]]]:
    """Return the pictures of each part, and the names of its classes."""
    subfolders = [place for place in _visible(folder) if place.is_dir()]
    parts = {place: part_of(place.name) for place in subfolders}
    if subfolders and all(parts.values()) and len(set(parts.values())) == len(subfolders):
        return {str(parts[place]): _classes(place) for place in subfolders}
    return {"all": _classes(folder)}


def _classes(folder: Path) -> tuple[list[_Item], list[str]]:
    """Return the pictures of a folder with their classes, and the names of the classes."""
    table = next((folder / name for name in _TABLES if (folder / name).is_file()), None)
    if table is not None:
        items = _from_table(table)
        return items, [label for _, label in items if label is not None]
    subfolders = [place for place in _visible(folder) if place.is_dir()]
    while len(subfolders) == 1 and not any(_pictures(folder)) and any(p.is_dir() for p in _visible(subfolders[0])):
        folder = subfolders[0]  # a folder around everything, as unpacking makes
        subfolders = [place for place in _visible(folder) if place.is_dir()]
    if not subfolders:
        return [(path, None) for path in _pictures(folder)], []
    names = natural_order(place.name for place in subfolders)
    return [(path, name) for name in names for path in _pictures(folder / name, deep=True)], names


def _visible(folder: Path) -> list[Path]:
    """Return what is in a folder, without hidden files and the shadow that macOS puts into archives."""
    try:
        places = [place for place in folder.iterdir() if not place.name.startswith((".", "__MACOSX"))]
    except OSError as error:
        raise FileError(f"{folder}: cannot be listed ({error.strerror}); is there permission?") from error
    return sorted(places, key=lambda place: (_natural(place.name), place.name))


def _natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return a key that sorts names as people count: 2.png before 10.png."""
    words = "".join(c if c.isdecimal() else f"\0{c}\0" for c in name).replace("\0\0", "").split("\0")
    return tuple((0, int(word), "") if word.isdecimal() else (1, 0, word) for word in words if word)


def _pictures(folder: Path, *, deep: bool = False) -> Iterator[Path]:
    for place in _visible(folder):
        if place.is_dir():
            if deep:
                yield from _pictures(place, deep=True)
        else:
            with place.open("rb") as stream:
                head = stream.read(16)
            if is_picture(head) or place.suffix.lower() in (".png", ".jpg", ".jpeg"):  # damaged: to be reported
                yield place


def _from_table(table: Path) -> list[_Item]:
    """Return the pictures that a table beside them names, with their classes."""
    with open_text(table) as stream:
        rows = list(csv.DictReader(stream, delimiter="\t" if table.suffix == ".tsv" else ","))
    columns = {name.strip().lower(): name for name in (rows[0] if rows else {}) if name}
    file = next((columns[name] for name in _FILE_COLUMNS if name in columns), None)
    label = next((columns[name] for name in _LABEL_COLUMNS if name in columns), None)
    if file is None or label is None:
        raise InputError(
            f"{table.name}: expected columns such as file_name and label, got {', '.join(columns) or 'none'}"
        )
    items: list[_Item] = []
    for number, row in enumerate(rows, 1):
        name, word = (row[file] or "").strip(), (row[label] or "").strip()
        path = _beside(table.parent, name)
        if path is None or not word:
            what = f"no picture {name!r} in this folder" if path is None else "a missing label"
            raise InputError(f"{table.name}, row {number:,}: {what}; correct or remove the row")
        items.append((path, word))
    return items


def _beside(folder: Path, name: str) -> Path | None:
    """Return the picture of a name, which may be without its suffix and in a folder called images."""
    for place in (folder, folder / "images", folder / "train"):
        for suffix in ("", ".png", ".jpg", ".jpeg"):
            path = place / f"{name}{suffix}"
            if name and path.is_file() and folder.resolve() in path.resolve().parents:
                return path
    return None


# What is in them ------------------------------------------------------------------------------------


def _usual_shape(paths: Sequence[Path], found: Found) -> tuple[int, int] | None:
    """Return the shape that most pictures have; the others are resized, and that is noted."""
    counts: Counter[tuple[int, int]] = Counter()
    for path in paths:
        try:
            counts[picture_shape(path)] += 1
        except Exception:  # damaged: reported where it is read
            continue
    if not counts:
        return None
    shape, usual = counts.most_common(1)[0]
    if others := counts.total() - usual:
        found.note(
            f"{others:,} of {counts.total():,} pictures have another size than {shape[0]}×{shape[1]} and are resized"
        )
    return shape


def _blocks(items: Sequence[_Item], found: Found, folder: Path) -> Callable[[], Iterator[Block]]:
    def blocks() -> Iterator[Block]:
        found.shape = shape = found.shape or _usual_shape([path for path, _ in found.paths], found)
        at_once = max(1, min(2000, BLOCK_BYTES // max(1, int(np.prod(shape or (1, 1))))))
        for start in range(0, len(items), at_once):
            if (block := _read_block(items[start : start + at_once], found, folder)) is not None:
                yield block

    return blocks


def _read_block(items: Sequence[_Item], found: Found, folder: Path) -> Block | None:
    images: list[Images] = []
    names, labels = [], []
    for path, label in items:
        try:
            pixels, coloured = read_grey(path, shape=found.shape)
        except FileError as error:
            found.skipped.append(str(error))
            continue
        if coloured:
            found.note("colours were converted to grey: 0.299 red + 0.587 green + 0.114 blue")
        images.append(pixels)
        names.append(os.path.relpath(path, folder))
        labels.append(label)
    if not images:
        return None
    words = None if labels[0] is None else np.array(labels, dtype=str)
    return Block(np.stack(images), words, names)
