"""From what a reader found to a `Dataset`: pixels from 0 to 255, labels from 0, parts one after the other.

Found ──block by block──► grey, or three planes ──► bytes ──► rows ──► memory, or a file that is mapped
      ──labels of all parts───────────────────────► numbers from 0, names of the classes
"""

import math
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glasswork.arrays import Images
from glasswork.data.dataset import Dataset, Kind, guess_shape
from glasswork.data.levels import DIM, RANGE_OPTION, Levels, Where, in_colour, in_words
from glasswork.data.origin import Origin
from glasswork.data.sources.arrange import Asked
from glasswork.data.sources.conventions import first_of_eight, name_labels
from glasswork.data.sources.features import feature_blocks, holds_features
from glasswork.data.sources.found import Block, Found, Part, as_rows
from glasswork.data.sources.labels import encode, flat_labels
from glasswork.data.sources.listing_columns import TABLE_FORMS
from glasswork.data.sources.store import PixelStore
from glasswork.errors import InputError
from glasswork.reading import BYTES

#: The most numbers in one image: 1024×1024.
MOST_FEATURES = 1 << 20

#: The fewest numbers in one image: a table with fewer does not hold images.
FEWEST_FEATURES = 3

#: The order of parts in a dataset.
ORDER = ("train", "valid", "test", "all")

_DIGITS = tuple("0123456789")


def gather(
    found: Found,
    *,
    name: str,
    source: str,
    cache: Path | None = None,
    asked: Asked | None = None,
) -> Dataset:
    """Turn everything that a reader found into a dataset.

    Parameters
    ----------
    found : Found
    name, source : str
        See `Dataset`.
    cache : Path, optional
        A folder that does not exist yet, for images that do not fit into memory.
    asked : Asked, optional
        How it is to be read.

    Raises
    ------
    InputError
        If no network can be trained on it: there are no labels, only one class, or a value is missing or out of range.
    """
    asked = asked or Asked()
    asked.apply(found)
    features = holds_features(found)
    if features and found.colour == "rgb":
        raise InputError("data.colour: rgb is for pictures, and this is a table of features; choose grey")
    levels = Levels(BYTES if found.pictures else found.levels, prefer=asked.prefer, stated=found.stated)
    store = PixelStore(cache, source)
    shape: tuple[int, ...] | None = None
    labels: dict[str, list[NDArray[Any]]] = {}
    sizes: dict[str, int] = {}
    coloured, holes = False, 0
    order = [part for part in ORDER if part in found.parts]
    mapped = _mapped(found, order)
    for part in order:
        blocks = feature_blocks if features else partial(prepared, levels=levels)
        for block, pixels in blocks(found, found.parts[part]):
            if block.labels is None and "train" in sizes:
                found.left_out.append(f"the part {part!r}: it has no labels")
                break
            if block.labels is None:
                raise InputError(_without_labels(part, order, found))
            shape = _same_shape(shape, pixels, found, part, features=features)
            coloured |= block.images.ndim == 4
            holes += int(np.isnan(pixels).sum()) if features else 0
            if mapped is None:
                store.append(as_rows(pixels))
            labels.setdefault(part, []).append(_one_an_image(block.labels, found))
            sizes[part] = sizes.get(part, 0) + len(pixels)
    if not sizes or shape is None:
        raise InputError("there are no images in it" + (f"; {found.skipped[0]}" if found.skipped else ""))
    if holes:
        found.note(f"{holes:,} of {sum(sizes.values()) * shape[1]:,} values are missing")
    joined = [np.concatenate(pieces) for pieces in labels.values()]
    images = mapped if mapped is not None else store.finish()
    if not features:
        one_plane = images if len(shape) == 2 else images.reshape(len(images), -1, 3)[..., 1]
        joined = name_labels(found, joined, one_plane, coloured=coloured)
    if found.labels_of is not None:
        joined = [found.labels_of(piece) for piece in joined]
    numbers, classes = encode(joined, found.names)
    if len(classes) < 2:
        raise InputError(
            f"there is only one class, {classes[0]}, so there is nothing to learn; use the folder that holds "
            "all classes"
        )
    if not features and not found.pictures:
        images = levels.stretched(images)
    assumed = () if features else _assumed(found, levels)
    low, high = (found.levels or BYTES) if found.pictures else (levels.low, levels.high)
    origin = Origin(
        format=found.format,
        recognised=found.recognised,
        sizes={} if order == ["all"] else sizes,
        low=low,
        high=high,
        pictures="digits" if classes == _DIGITS and shape == (28, 28) and not found.pictures else "as they are",
        notes=tuple(found.notes) if features else (*found.notes, *_notes(found, levels), *assumed),
        skipped=tuple(map(str, found.skipped)),
        left_out=tuple(found.left_out),
        assumed=assumed,
        label=found.label,
    )
    every = numbers[0] if len(numbers) == 1 else np.concatenate(numbers)
    kind: Kind = "features" if features else "pixels"
    return Dataset(images, every, classes, shape, name, source, origin, columns=found.columns, kind=kind)


def _one_an_image(labels: NDArray[Any], found: Found) -> NDArray[Any]:
    if first_of_eight(labels):
        found.note("labels have eight columns, as in QMNIST: the first is the class")
        labels = labels[:, 0]
    return flat_labels(labels, one_hot=found.one_hot)


def prepared(found: Found, part: Part, levels: Levels) -> Iterator[tuple[Block, Images]]:
    """Yield the blocks of a part, each with its images as bytes.

    They are (n, height, width), (n, height, width, 3) in colour, or (n, features) rows.
    """
    first = 0
    for block in part.blocks():
        rows = block.rows or range(first, first + len(block.images))
        planes, coloured = in_colour(block.images, found.colour)
        if not found.pictures:
            found.note_colours(coloured=coloured)
        pixels = levels.to_bytes(planes, where=partial(_where, found.where or in_words, rows))
        first = rows[-1] + 1 if rows else first
        shape = pixels.shape[1:] if pixels.ndim > 2 else found.shape or guess_shape(pixels.shape[1])
        if found.transposed:
            pixels = pixels.reshape(len(pixels), *shape).swapaxes(1, 2)
        elif pixels.ndim == 2 and np.prod(shape) == pixels.shape[1]:
            pixels = pixels.reshape(len(pixels), *shape)
        yield block, pixels


def _where(where: Where, rows: Sequence[int], row: int, place: int) -> str:
    return where(rows[row], place)


def _mapped(found: Found, order: Sequence[str]) -> Images | None:
    """Return the images if they can be used directly from the disk."""
    whole = found.parts[order[0]].whole if len(order) == 1 else None
    as_it_is = whole is not None and (whole.ndim in (2, 3) if found.colour == "grey" else whole.shape[3:] == (3,))
    if isinstance(whole, np.memmap) and whole.dtype == np.uint8 and as_it_is and not found.transposed:
        return as_rows(whole)
    return None


def _same_shape(
    shape: tuple[int, ...] | None, pixels: NDArray[Any], found: Found, part: str, *, features: bool
) -> tuple[int, ...]:
    own = tuple(map(int, pixels.shape[1:])) if pixels.ndim > 2 else (1, int(pixels.shape[1]))
    if shape is not None and own != shape:
        raise InputError(f"expected images of {shape[0]}×{shape[1]}, got {own[0]}×{own[1]} in the part {part!r}")
    if own[0] * own[1] < FEWEST_FEATURES and not features:
        remedy = "use the pictures in their full size" if found.pictures else TABLE_FORMS
        raise InputError(f"expected larger images than {own[0]}×{own[1]} pixels: {remedy}")
    if math.prod(own) > MOST_FEATURES:
        raise InputError(
            f"an image has {own[0]}×{own[1]} pixels, and each would be an input of the network"
            f"{', three with its colours' * (len(own) == 3)}; "
            "make the images smaller first"
        )
    return own


def _without_labels(part: str, order: Sequence[str], found: Found) -> str:
    where = f"its part {part!r}" if len(order) > 1 else "it"
    remedy = f"{found.without_labels}; " if found.without_labels else ""
    return f"there are no labels in {where}; {remedy}to ask a network about these images: glasswork predict RUN SOURCE"


def _notes(found: Found, levels: Levels) -> tuple[str, ...]:
    if found.pictures and found.levels not in (None, BYTES):
        return (f"levels from {found.levels[0]:g} to {found.levels[1]:g} became pixels from 0 to 255",)
    return () if (scaled := levels.describe()) is None else (scaled,)


def _assumed(found: Found, levels: Levels) -> tuple[str, ...]:
    """Return what was assumed about the range of pixels, with what to do if it is wrong."""
    if found.pictures and found.levels is None and levels.largest < DIM:
        scale = "where pictures of 16 bits are from 0 to 65535"
        remedy = f"if the range is another one: {RANGE_OPTION}"
        return (f"the largest pixel is {levels.largest:g} of 255, {scale}; {remedy}",)
    return () if found.pictures else levels.assumed()
