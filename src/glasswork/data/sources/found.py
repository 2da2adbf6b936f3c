"""What a reader finds in a source: its parts, each as blocks of images and labels that are read when needed.

A reader knows only its own format; `glasswork.data.sources.gather` turns what it found into a `Dataset`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from glasswork.features import Missing
from glasswork.reading import BYTES, Colour

#: What became of colours; and of grey images among colours.
GREY_NOTE = "colours were converted to grey: 0.299 red + 0.587 green + 0.114 blue"
EQUAL_NOTE = "some images are grey: their red, green and blue planes are equal"

#: Bytes of images in a block.
BLOCK_BYTES = 8 << 20


@dataclass(frozen=True, eq=False)
class Block:
    """A block of consecutive images.

    Attributes
    ----------
    images : (n, features), (n, height, width) or (n, height, width, channels), or channels first
        Of any dtype.
    labels : (n,) or (n, k), optional
        As they are in the source: integers, words, or one column per class.
    names : sequence of str
        The name of each image in its source: a file, an id; may be empty.
    rows : sequence of int
        The number of each image in its part, from 0, including images that were left out; empty if none was left out.
    """

    images: NDArray[Any]
    labels: NDArray[Any] | None = None
    names: Sequence[str] = ()
    rows: Sequence[int] = ()


class Unreadable(str):
    """Why an image cannot be read: a message with the image's number in its part, from 0, and its name."""

    def __new__(cls, message: str, *, row: int, name: str = "") -> Self:
        """Create a message."""
        made = super().__new__(cls, message)
        made.row, made.name = row, name
        return made

    row: int
    name: str


@dataclass(frozen=True, eq=False)
class Part:
    """A part of a source, such as its training images.

    Attributes
    ----------
    blocks : callable
        Reads the part from its start, block by block.
    whole : array, optional
        All its images, if they are in memory or mapped from the disk.
    labels : array, optional
        Their labels, if the part has ``whole`` and labels.
    """

    blocks: Callable[[], Iterator[Block]]
    whole: NDArray[Any] | None = None
    labels: NDArray[Any] | None = None

    @classmethod
    def of(cls, images: NDArray[Any], labels: NDArray[Any] | None) -> "Part":
        """Create a part from arrays."""

        def blocks() -> Iterator[Block]:
            rows = max(1, BLOCK_BYTES // max(1, images[:1].nbytes))
            for start in range(0, len(images), rows):
                piece = slice(start, start + rows)
                yield Block(images[piece], None if labels is None else labels[piece])

        return cls(blocks, images, labels)

    @classmethod
    def chain(cls, parts: "Sequence[Part]") -> "Part":
        """Join several parts to one."""

        def blocks() -> Iterator[Block]:
            for part in parts:
                yield from part.blocks()

        return parts[0] if len(parts) == 1 else cls(blocks)


@dataclass(eq=False)
class Found:
    """What a source holds.

    Attributes
    ----------
    format, recognised : str
        See `glasswork.data.origin.Origin`.
    parts : dict of str to Part
        ``train``, ``valid``, ``test``, or ``all``.
    names : dict or sequence, optional
        The name of each label, if the source states it.
    shape : (height, width), optional
        The height and width of images that are stored as rows.
    transposed : bool
        Whether rows and columns of each image are swapped in the source.
    levels : (low, high), optional
        The values of background and ink, if the format states them; otherwise they are derived.
    stated : bool
        Whether a user states the levels, so that a picture with others is refused.
    pictures : bool
        Whether the images are picture files, which become bytes when they are decoded.
    colour : {"grey", "rgb"}
        What is to become of colours.
    paths : list of (Path, str)
        The picture files that can be read one by one, with their names in the source.
    lenient : bool
        Whether a wrong row is added to ``skipped`` and left out, if the format has rows of text.
    one_hot : bool
        Whether labels with several columns may be one column per class.
    labels_of : callable, optional
        Changes labels before they are encoded, such as SVHN's 10, which means 0.
    where : callable, optional
        Describes the place of a value, given its image and its index in the image.
    path : Path, optional
        The path of the source, or of its images; its name may tell which dataset this is.
    index : str, optional
        The name of the column that numbers or names the rows.
    columns : tuple of str
        The names of the columns of a table that hold pixels or features, in order; empty if they have none.
    unused : tuple of str
        The names of the columns of a table that are neither inputs nor labels.
    label : str
        What the column of labels is called, where it has a name.
    choose : callable, optional
        Of a table: makes other columns its pixels or features, from how many there have to be, their names, and the
        name of the column of labels; see `glasswork.data.sources.arrange`.
    kind : {"pixels", "features"}, optional
        What the numbers of a table are, if the format states it; otherwise it is derived.
    missing : {"refuse", "median"}
        Whether features may be missing, because the median of their column will be used.
    without_labels : str
        What to do if there are no labels.
    about_columns : str
        Which columns a network was not trained on, or that they have no names, in words.
    notes, skipped, left_out : list of str
        See `Origin`; a reader may add to them while it reads. What is skipped is `Unreadable`, if it is one image.
    """

    format: str
    recognised: str
    parts: dict[str, Part]
    names: dict[Any, str] | Sequence[str] | None = None
    shape: tuple[int, int] | None = None
    transposed: bool = False
    levels: tuple[float, float] | None = None
    stated: bool = False
    pictures: bool = False
    colour: Colour = "grey"
    paths: list[tuple[Path, str]] = field(default_factory=list)
    lenient: bool = False
    one_hot: bool = True
    labels_of: Callable[[NDArray[Any]], NDArray[Any]] | None = None
    where: Callable[[int, int], str] | None = None
    path: Path | None = None
    index: str | None = None
    columns: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    label: str = ""
    choose: Callable[[int, tuple[str, ...], str], None] | None = None
    kind: Literal["pixels", "features"] | None = None
    missing: Missing = "refuse"
    without_labels: str = ""
    about_columns: str = ""
    notes: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def first_block(self, part: Part) -> Block | None:
        """Return the first block of a part for inspection; notes from this reading are dropped and taken later."""
        before = list(self.notes), list(self.skipped), self.shape
        try:
            return next(part.blocks(), None)
        finally:
            self.notes[:], self.skipped[:], self.shape = before

    @property
    def as_pictures(self) -> dict[str, Any]:
        """How picture files are read: the options of `glasswork.data.sources.picture.read_image`."""
        return {
            "shape": self.shape, "colour": self.colour, "levels": self.levels or BYTES, "strict": self.stated,
        }  # fmt: skip

    def note_colours(self, *, coloured: bool) -> None:
        """Note what became of the colours of an image, or of one without colours."""
        if coloured == (self.colour == "grey"):
            self.note(GREY_NOTE if coloured else EQUAL_NOTE)

    def note(self, text: str) -> None:
        """Add a note, unless it is there already."""
        if text not in self.notes:
            self.notes.append(text)


def as_rows(images: NDArray[Any]) -> NDArray[Any]:
    """Return images as rows: (n, height, width) to (n, height * width), and (n, height, width, 3) likewise."""
    return images.reshape(len(images), int(np.prod(images.shape[1:])))
