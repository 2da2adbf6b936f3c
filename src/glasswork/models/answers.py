"""What a network says about the images of any source: read block by block, in bounded memory.

source ──block by block──► images as the network's own were read ──► probabilities ──► answers, one an image

An image that cannot be read has an answer too, which says why; the others go on.
"""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glasswork.arrays import FloatArray, Images
from glasswork.data.dataset import Dataset
from glasswork.data.sources import check_source, find, load_dataset
from glasswork.data.sources.found import Block, Found, Part, as_rows
from glasswork.data.sources.gather import ORDER, prepared
from glasswork.data.sources.levels import Levels
from glasswork.errors import FileError, GlassworkError, InputError
from glasswork.models.model_file import ModelFile


@dataclass(frozen=True, eq=False)
class Answer:
    """What a network says about one image.

    Attributes
    ----------
    source, item : str
        The source, and what the image is called in it: a file, an id, or the number of its row from 1.
    label : str
        The name of the most probable class; empty where the image could not be read.
    probabilities : (classes,) array or None
    error : str
        Why it could not be read.
    """

    source: str
    item: str
    label: str = ""
    probabilities: FloatArray | None = None
    error: str = ""

    @property
    def confidence(self) -> float:
        """The probability of the label."""
        return 0.0 if self.probabilities is None else float(self.probabilities.max())


def answers(read: ModelFile, source: str) -> Iterator[Answer]:
    """Yield what a network says about each image of a source.

    Parameters
    ----------
    read : ModelFile
        The network, and how its images were read.
    source : str
        The name of a source, the path of a file or folder, or ``-`` for the standard input.

    Raises
    ------
    InputError
        If the source has no format that is known, or its images are of another size than the network's.
    FileError
        If it is missing or damaged.
    """
    with _as_path(source) as path:
        if path is None:
            dataset = load_dataset(source)
            found = Found("", "", {"all": Part.of(dataset.images, None)}, shape=dataset.shape, levels=(0.0, 255.0))
        else:
            found = find(path)
        found.lenient = True
        if found.pictures and found.paths and read.reading.pictures == "digits":
            yield from _photographs(read, source, found)
        else:
            yield from _images(read, source, found)


@contextmanager
def _as_path(source: str) -> Iterator[Path | None]:
    """Context manager: the path of a source, None for one with a name; the standard input becomes a file."""
    if source != "-":
        named, argument = check_source(source)
        yield None if named is not None else Path(argument).expanduser()
        return
    with tempfile.TemporaryDirectory(prefix="glasswork-") as folder:
        path = Path(folder) / "stdin"
        with path.open("wb") as stream:
            shutil.copyfileobj(sys.stdin.buffer, stream)
        yield path


def _photographs(read: ModelFile, source: str, found: Found) -> Iterator[Answer]:
    """Read each picture as a photograph of a digit, as a network of digits expects."""
    from glasswork.data.photos import read_image

    for path, name in found.paths:
        try:
            image = read_image(path)
        except GlassworkError as error:
            yield Answer(source, name, error=str(error))
            continue
        yield from _ask(read, source, image[np.newaxis], [name])


def _images(read: ModelFile, source: str, found: Found) -> Iterator[Answer]:
    """Read images as those were read that the network was trained on."""
    if found.pictures and read.image_shape is not None:
        found.shape = read.image_shape
    levels = Levels(found.levels, prefer=(read.reading.low, read.reading.high))
    count, told = 0, 0
    for part in (found.parts[name] for name in ORDER if name in found.parts):
        for block in part.blocks():
            yield from _problems(source, found, told)
            told = len(found.skipped)
            numbered = [str(count + k + 1) for k in range(len(block.images))]
            names = list(block.names) or numbered
            count += len(names)
            yield from _block(read, source, found, block, names, levels)
        yield from _problems(source, found, told)
        told = len(found.skipped)


def _block(
    read: ModelFile, source: str, found: Found, block: Block, names: list[str], levels: Levels
) -> Iterator[Answer]:
    try:
        yield from _ask(read, source, _converted(read, found, block.images, levels), names)
    except InputError:
        if len(names) == 1:
            raise
        for name, image in zip(names, block.images, strict=True):  # one of them is wrong: find out which
            try:
                pixels = _converted(read, found, image[np.newaxis], levels)
            except InputError as error:
                yield Answer(source, name, error=f"{source}, image {name}: {error}")
                continue
            yield from _ask(read, source, pixels, [name])


def _converted(read: ModelFile, found: Found, images: NDArray[Any], levels: Levels) -> Images:
    """Return images as rows of bytes, of the network's width."""
    part = Part(lambda: iter([Block(images)]))
    ((_, pixels),) = prepared(found, part, levels)
    rows = as_rows(pixels)
    if rows.shape[1] != read.model.in_features:
        shape = read.image_shape
        wanted = f"{shape[0]}×{shape[1]}" if shape else f"{read.model.in_features:,} numbers"
        got = f"{pixels.shape[1]}×{pixels.shape[2]}" if pixels.ndim == 3 else f"{rows.shape[1]:,} numbers"
        raise WrongSizeError(f"images of {got}, and this network takes {wanted}; train one on images of that size")
    return rows


class WrongSizeError(FileError):
    """All images of a source have another size than the network's."""


def _problems(source: str, found: Found, told: int) -> Iterator[Answer]:
    for problem in found.skipped[told:]:
        yield Answer(source, problem.partition(":")[0], error=problem)


def _ask(read: ModelFile, source: str, images: Images, names: list[str]) -> Iterator[Answer]:
    probabilities = read.model.probabilities(images)
    for name, row in zip(names, probabilities, strict=True):
        yield Answer(source, name, read.classes[int(row.argmax())], row)


def load_like(source: str, read: ModelFile) -> Dataset:
    """Load images with labels, as those of a network were read: with its classes, and pictures at its size.

    Raises
    ------
    InputError
        If the images are of another size, or a class is none of the network's.
    """
    dataset = load_dataset(source, shape=read.image_shape, prefer=(read.reading.low, read.reading.high))
    if dataset.images.shape[1] != read.model.in_features:
        height, width = dataset.shape
        raise InputError(
            f"{source}: images of {height}×{width}, and this network takes {read.model.in_features:,} numbers; choose "
            "images of that size"
        )
    number = {name: k for k, name in enumerate(read.classes)}
    shown = [dataset.classes[k] for k in np.unique(dataset.labels)]
    if unknown := [name for name in shown if name not in number]:
        raise InputError(
            f"{source}: the classes {', '.join(unknown[:5])} are none of the network's, which are "
            f"{', '.join(read.classes[:10])}{' ...' if len(read.classes) > 10 else ''}"
        )
    labels = np.array([number.get(name, 0) for name in dataset.classes])[dataset.labels]
    return replace(dataset, labels=labels, classes=read.classes)
