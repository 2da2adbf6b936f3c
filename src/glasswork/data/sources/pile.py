"""Pictures with their classes, one list for each part: first their usual size, then their pixels, block by block."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from glasswork.arrays import Images
from glasswork.data.decode import picture_facts
from glasswork.data.sources.found import BLOCK_BYTES, Block, Found, Part, Unreadable
from glasswork.data.sources.labels import numbers_or_words
from glasswork.data.sources.picture import read_image
from glasswork.data.sources.places import readable
from glasswork.errors import FileError

#: A picture: its path, and the name of its class.
Item = tuple[Path, str | None]


def found_pictures(piles: dict[str, list[Item]], classes: Sequence[str] | None, folder: Path) -> Found:
    """Return pictures as a source.

    Parameters
    ----------
    piles : dict of str to list of Item
        The pictures of each part.
    classes : sequence of str, optional
        The classes in order, if folders are the classes; otherwise the labels show them.
    folder : Path
        The pictures are named by their paths relative to this folder.
    """
    found = Found("pictures", "", {}, classes, pictures=True)
    found.paths = [(path, _name(path, folder)) for items in piles.values() for path, _ in items]
    as_words = classes is not None
    found.parts = {part: Part(_blocks(items, found, folder, as_words=as_words)) for part, items in piles.items()}
    return found


def note_usual_shape(pictures: Iterable[Path | bytes], found: Found) -> tuple[int, int] | None:
    """Return the shape that most pictures have; note how many have another shape, and how many have several pages."""
    shapes: Counter[tuple[int, int]] = Counter()
    pages: list[Path | bytes] = []
    for picture in pictures:
        try:
            (width, height), frames = picture_facts(picture)
        except FileError:  # reported when it is read
            continue
        shapes[height, width] += 1
        if frames > 1:
            pages.append(picture)
    if pages:
        example = f", such as {readable(pages[0].name)}" if isinstance(pages[0], Path) else ""
        found.note(f"{len(pages):,} pictures have several pages or frames{example}: the first page of each was read")
    if not shapes:
        return None
    usual, count = shapes.most_common(1)[0]
    if others := shapes.total() - count:
        found.note(
            f"{others:,} of {shapes.total():,} pictures have another size than {usual[0]}×{usual[1]} and are resized"
        )
    return usual


def _name(path: Path, folder: Path) -> str:
    return readable(os.path.relpath(path, folder))


def _blocks(items: Sequence[Item], found: Found, folder: Path, *, as_words: bool) -> Callable[[], Iterator[Block]]:
    def blocks() -> Iterator[Block]:
        found.shape = shape = found.shape or note_usual_shape([path for path, _ in found.paths], found)
        at_once = max(1, min(2000, BLOCK_BYTES // max(1, int(np.prod(shape or (1, 1))))))
        for start in range(0, len(items), at_once):
            if (block := _read_block(items[start : start + at_once], start, found, folder)) is None:
                continue
            if block.labels is not None and not as_words:
                block = replace(block, labels=numbers_or_words(block.labels))
            yield block

    return blocks


def _read_block(items: Sequence[Item], first: int, found: Found, folder: Path) -> Block | None:
    images: list[Images] = []
    names, labels, rows = [], [], []
    for row, (path, label) in enumerate(items, first):
        try:
            pixels, coloured = read_image(path, **found.as_pictures)
        except FileError as error:
            found.skipped.append(Unreadable(readable(str(error)), row=row, name=_name(path, folder)))
            continue
        found.note_colours(coloured=coloured)
        images.append(pixels)
        names.append(_name(path, folder))
        labels.append(label)
        rows.append(row)
    if not images:
        return None
    return Block(np.stack(images), None if labels[0] is None else np.array(labels, dtype=str), names, rows)
