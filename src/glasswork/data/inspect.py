"""Inspect a source before anything is trained on it: classes, ranges, duplicates, problems."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glasswork.data.column_facts import ColumnFacts, facts_of
from glasswork.data.contract import inputs_of
from glasswork.data.dataset import Dataset
from glasswork.data.kinds import noun
from glasswork.data.levels import Levels
from glasswork.data.sources import find, load_dataset
from glasswork.data.sources.found import Found
from glasswork.data.sources.gather import prepared
from glasswork.errors import FileError, GlassworkError, InputError, MissingLibraryError
from glasswork.inputs import Inputs
from glasswork.paths import typed_path
from glasswork.reading import BYTES, Colour

#: Rows that are hashed at a time.
_AT_A_TIME = 10_000

#: A class with fewer images cannot be divided into three parts.
_FEWEST = 3


@dataclass(frozen=True, eq=False)
class Inspection:
    """What a source holds.

    Attributes
    ----------
    source : str
    dataset : Dataset or None
        None if no network can be trained on it.
    format, recognised : str or None
        None if the format is unknown.
    images : int
        The number of images in all parts together.
    shape : (height, width) or None
        Of an image; of a row of features, 1 and how many there are.
    problems : tuple of str
        What is wrong: why no network can be trained on it, or what you should check.
    duplicates : dict of str to int
        How many images occur a second time: ``within`` the same part, and ``across`` several parts.
    ranges : (low, high)
        The smallest and the largest pixel, or feature.
    left_out : tuple of str
        Files and folders that were not used, each with the reason.
    columns : tuple of ColumnFacts
        What the columns of a table of features hold; empty for images.
    """

    source: str
    dataset: Dataset | None
    problems: tuple[str, ...]
    format: str | None = None
    recognised: str | None = None
    images: int = 0
    shape: tuple[int, ...] | None = None
    duplicates: Mapping[str, int] = field(default_factory=lambda: {"within": 0, "across": 0})
    ranges: tuple[float, float] = (0, 0)
    left_out: tuple[str, ...] = ()
    columns: tuple[ColumnFacts, ...] = ()

    @property
    def missing(self) -> int:
        """How many features are missing."""
        return sum(column.missing for column in self.columns)

    @property
    def inputs(self) -> Inputs | None:
        """What a network will take that is trained on it."""
        return None if self.dataset is None or self.empty else inputs_of(self.dataset, missing="refuse")

    @property
    def empty(self) -> list[str]:
        """The names of the columns that hold no value at all."""
        return [column.name for column in self.columns if column.kind == "nothing"]

    @property
    def trainable(self) -> bool:
        """Whether a network can be trained on it."""
        return self.dataset is not None and not self.empty

    def counts(self) -> list[tuple[str, int]]:
        """Return the name of each class and how many images it has."""
        if self.dataset is None:
            return []
        counts = np.bincount(self.dataset.labels, minlength=len(self.dataset.classes))
        return list(zip(self.dataset.classes, counts.tolist(), strict=True))

    def splits(self) -> dict[str, int]:
        """Return the number of images in each part of the source; one part, ``all``, if the source has no parts."""
        if self.dataset is None:
            return {}
        return dict(self.dataset.origin.sizes) or {"all": len(self.dataset)}

    def to_dict(self) -> dict[str, Any]:
        """Return the facts for programs."""
        data = self.dataset
        return {
            "source": self.source,
            "format": self.format,
            "recognised": self.recognised,
            "images": self.images,
            "shape": list(self.shape) if self.shape else None,
            "classes": [{"name": name, "count": count} for name, count in self.counts()],
            "splits": self.splits(),
            "range": list(self.ranges),
            "inputs": str(self.inputs) if self.trainable else None,
            "columns": [column.to_dict() for column in self.columns],
            "missing": self.missing,
            "duplicates": dict(self.duplicates),
            "notes": list(data.origin.notes) if data else [],
            "problems": list(self.problems),
            "left_out": list(self.left_out),
            "trainable": self.trainable,
        }


def inspect(source: str, *, data_range: tuple[float, float] | None = None, colour: Colour = "grey") -> Inspection:
    """Inspect a source.

    Parameters
    ----------
    source : str
    data_range : (low, high), optional
        The values of black and white; see `load_dataset`.
    colour : {"grey", "rgb"}
        What becomes of colours; see `load_dataset`.

    Raises
    ------
    FileError
        If there is nothing at this path, or it cannot be fetched.
    """
    try:
        dataset = load_dataset(source, data_range=data_range, colour=colour, missing="median")
    except (InputError, MissingLibraryError, FileError) as error:
        return _survey(source, str(error))
    return inspect_dataset(dataset, source)


def _survey(source: str, problem: str) -> Inspection:
    """Describe a source that no network can be trained on, as far as it can be read."""
    images, shape = 0, None
    found: Found | None = None
    with suppress(GlassworkError):
        if typed_path(source).exists():
            found = find(typed_path(source))
            for part in found.parts.values():
                for _, pixels in prepared(found, part, Levels(BYTES if found.pictures else found.levels)):
                    images += len(pixels)
                    shape = (pixels.shape[1], pixels.shape[2]) if pixels.ndim == 3 else (1, pixels.shape[1])
    problems = (problem, *(map(str, found.skipped) if found else ()))
    return Inspection(
        source, None, problems, found.format if found else None, found.recognised if found else None, images, shape,
        left_out=tuple(found.left_out) if found else (),
    )  # fmt: skip


def inspect_dataset(dataset: Dataset, source: str = "") -> Inspection:
    """Inspect a dataset."""
    duplicates, mixed = _duplicates(dataset)
    problems = list(dataset.origin.skipped)
    low, high = _range(dataset.images)
    things, columns = noun(dataset.kind), facts_of(dataset)
    if low == high:
        problems.append(f"every {dataset.kind[:-1]} is {low:g}: there is nothing to learn from")
    if missing := sum(column.missing for column in columns):
        problems.append(f"{missing:,} values are missing: fill them in, or train with --set data.missing=median")
    problems += [
        f"the column {column.name!r} holds {column.kind}: nothing can be learnt from it; remove it"
        for column in columns
        if column.kind in ("one value", "nothing")
    ]
    for name, count in zip(dataset.classes, np.bincount(dataset.labels, minlength=len(dataset.classes)), strict=True):
        if count < _FEWEST:
            problems.append(f"the class {name!r} has {count} {things}; three parts need at least {_FEWEST}")
    if duplicates["across"]:
        problems.append(
            f"{duplicates['across']:,} {things} are in more than one part: the test accuracy will be too good"
        )
    if mixed:
        problems.append(f"{mixed:,} {things} occur with different labels")
    origin = dataset.origin
    return Inspection(
        source, dataset, tuple(problems), origin.format, origin.recognised, len(dataset), dataset.shape, duplicates,
        (low, high), origin.left_out, columns,
    )  # fmt: skip


def _range(images: NDArray[Any]) -> tuple[float, float]:
    pieces = [images[start : start + _AT_A_TIME] for start in range(0, len(images), _AT_A_TIME)]
    low = min(np.nanmin(piece).item() for piece in pieces)
    high = max(np.nanmax(piece).item() for piece in pieces)
    return low, high


def _duplicates(dataset: Dataset) -> tuple[dict[str, int], int]:
    """Count images that occur again in their part, in another part, and with another label."""
    sizes = dict(dataset.origin.sizes) or {"all": len(dataset)}
    ends = np.cumsum(list(sizes.values()))
    seen: dict[bytes, tuple[int, int]] = {}  # the part and the label where an image first occurred
    count: Counter[str] = Counter(within=0, across=0)
    mixed = 0
    for start in range(0, len(dataset), _AT_A_TIME):
        for row, image in enumerate(np.ascontiguousarray(dataset.images[start : start + _AT_A_TIME]), start):
            digest = hashlib.blake2b(image.data, digest_size=12).digest()
            here = int(np.searchsorted(ends, row, side="right")), int(dataset.labels[row])
            if digest not in seen:
                seen[digest] = here
                continue
            count["within" if seen[digest][0] == here[0] else "across"] += 1
            mixed += seen[digest][1] != here[1]
    return dict(count), mixed
