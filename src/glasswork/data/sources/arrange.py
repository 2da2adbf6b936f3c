"""A table in the order of a network's own: its columns are matched by their names, never by their places.

px3, px1, px2, label ──choose──► which columns are inputs ──► px1, px2, px3      missing and surplus ones are named
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from glasswork.data.dataset import Dataset
from glasswork.data.sources.found import EQUAL_NOTE, Block, Found, Part
from glasswork.errors import InputError
from glasswork.features import Missing
from glasswork.inputs import Inputs
from glasswork.reading import Colour

#: So many names are in a message.
_NAMED = 8


@dataclass(frozen=True, kw_only=True)
class Asked:
    """How a source is to be read; see `glasswork.load_dataset` for each."""

    shape: tuple[int, ...] | None = None
    prefer: tuple[float, float] | None = None
    data_range: tuple[float, float] | None = None
    like: Inputs | None = None
    missing: Missing = "refuse"
    colour: Colour = "grey"

    @property
    def missing_features(self) -> Missing:
        """What is done about missing features; the network decides if one is given."""
        features = None if self.like is None else self.like.features
        return "median" if features is not None and features.missing is not None else self.missing

    def apply(self, found: Found) -> None:
        """Tell a reader's find what is asked."""
        if found.pictures and self.shape is not None:
            found.shape = self.shape[0], self.shape[1]
        found.colour = self.colour if self.like is None else self.like.colour
        if self.data_range is not None:
            found.levels, found.stated = self.data_range, True
        elif found.pictures and self.like is not None and self.like.reading is not None:
            found.levels = self.like.reading.low, self.like.reading.high
        found.missing = self.missing_features
        if self.like is not None and self.like.kind is not None:
            found.kind = self.like.kind
        if self.like is not None:
            arrange(found, self.like, self.like.width)


def in_equal_planes(dataset: Dataset) -> Dataset:
    """Return a dataset whose grey images have three equal planes, as data in colour have."""
    if dataset.kind == "features":
        raise InputError(f"data.colour: rgb is for pictures, and {dataset.source} has features; choose grey")
    origin = replace(dataset.origin, sha256="", pictures="as they are", notes=(*dataset.origin.notes, EQUAL_NOTE))
    return replace(dataset, images=dataset.images.repeat(3, axis=1), shape=(*dataset.shape, 3), origin=origin)


def arrange(found: Found, like: Inputs, width: int) -> None:
    """Make a source give its columns as a network takes them.

    Parameters
    ----------
    found : Found
        Its parts, columns and notes are changed.
    like : Inputs
        What the network was trained on.
    width : int
        How many numbers the network takes.

    Raises
    ------
    InputError
        If a column is missing.
    """
    columns = like.columns or ()
    if found.choose is not None:
        found.choose(width, columns, like.label)
    if columns and not found.columns and (found.choose is not None or like.kind == "features"):
        found.about_columns = "its columns have no names: they are taken in the order of the training data"
        found.note(found.about_columns)
    if not columns or not found.columns:
        return
    place = {name: k for k, name in enumerate(found.columns)}
    if missing := [name for name in columns if name not in place]:
        few = [name for name in (*found.columns, *found.unused) if name not in columns]
        there = f"; the table has {listed(few)} in their place" if few else ""
        raise InputError(f"the columns {listed(missing)} are missing, which the network was trained on{there}")
    if surplus := [*found.unused, *(name for name in found.columns if name not in columns)]:
        found.about_columns = f"not used, as the network was not trained on them: the columns {listed(surplus)}"
        found.note(found.about_columns)
    order = [place[name] for name in columns]
    if order == list(range(len(found.columns))):
        return
    if not surplus:
        found.note("its columns stand in another order than those of the training data, and were put right by name")
    where = found.where
    if where is not None:
        found.where = lambda row, k: where(row, order[k])
    found.parts = {name: _reordered(part, order) for name, part in found.parts.items()}
    found.columns = columns


def _reordered(part: Part, order: list[int]) -> Part:
    def blocks() -> Iterator[Block]:
        for block in part.blocks():
            yield replace(block, images=block.images[:, order])

    return Part(blocks)


def listed(names: list[str]) -> str:
    """Return names with commas between them; of many, the first ones and how many more there are."""
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
