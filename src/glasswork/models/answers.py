"""A network's answers about the images of any source, which are read block by block, in bounded memory.

source ──block by block──► images, read like the training images ──► probabilities, limited by doubt ──► Answers

The answers are the same on the screen and in every file. An image that cannot be read has an answer too, which says
why; it does not stop the others.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glasswork.arrays import FloatArray
from glasswork.data.levels import Levels
from glasswork.data.photos import largest, read_picture
from glasswork.data.sources import check_source, files, load_dataset, recognise
from glasswork.data.sources.arrange import Asked
from glasswork.data.sources.features import feature_blocks, holds_rows
from glasswork.data.sources.found import Block, Found, Part, Unreadable, as_rows
from glasswork.data.sources.gather import ORDER, prepared
from glasswork.data.sources.pile import found_pictures
from glasswork.data.sources.places import Folder
from glasswork.errors import FileError, GlassworkError, InputError
from glasswork.models.answer import Answer
from glasswork.models.committee import Committee
from glasswork.models.doubt.judgement import is_mostly_unlike, limit_confidence
from glasswork.models.loaded import ModelFile
from glasswork.paths import typed_path
from glasswork.reading import BYTES, size_in_words

#: Images that a network computes at a time.
_AT_A_TIME = 1000

#: Why a sheet of many digits gets one answer.
_NOT_CUT_OUT = (
    "answered whole, as one image: this network was not trained on the ten digits as MNIST has them, so it does not "
    "look for digits in a picture; cut them out first, with read_digits, or ask record"
)


def _ignore(note: str) -> None:
    """Do nothing about a note."""


def answers(
    read: ModelFile, sources: Sequence[str], *, single: bool = False, notify: Callable[[str], None] = _ignore
) -> Iterator[Answer]:
    """Yield a network's answers about each image of some sources.

    An image or a source that cannot be read gives an answer with an error.

    Parameters
    ----------
    read : ModelFile
        The network, and how its images were read.
    sources : sequence of str
        Names of sources, paths of files or folders, or ``-`` for the standard input.
    single : bool
        Whether only the largest digit of a picture is answered.
    notify : callable
        Takes what a user should know about a source, such as which of its columns are not used.

    Raises
    ------
    InputError
        If the network was trained on pixels of a scale to which no source is read.
    """
    read, _ = read.for_bytes()
    for source in sources:
        with _standard_input(source) as path:
            try:
                for answer in _of_source(read, source, path, single=single, notify=notify):
                    yield replace(answer, error=_told(answer.error, source, path)) if answer.error else answer
            except GlassworkError as error:
                yield Answer(source, error=_told(str(error), source, path))


def answers_about_rows(read: ModelFile, numbers: ArrayLike) -> list[Answer]:
    """Return a network's answers about raw data in an array, which its input contract checks.

    Parameters
    ----------
    read : ModelFile
    numbers : array or nested lists
        Rows or images, many or one, as `MLP.predict` takes them.

    Raises
    ------
    InputError
        If they have another size, or cannot be on the scale of the training data.
    """
    read, _ = read.for_bytes()
    rows = read.rows(numbers)
    return _ask(read, rows, [Answer("-", str(number), number) for number in range(1, len(rows) + 1)])


def answers_about_pictures(read: ModelFile, pictures: Sequence[bytes]) -> Iterator[Answer]:
    """Yield a network's answers about picture files in memory, which are named by their numbers, from 1.

    A picture that cannot be read gives an answer with an error.

    Raises
    ------
    InputError
        If the network was trained on numbers that are no pixels.
    """
    read, _ = read.for_bytes()
    if read.takes_features:
        raise InputError(read.no_images)
    with tempfile.TemporaryDirectory(prefix="glasswork-") as folder:
        paths = [Path(folder, str(number)) for number in range(1, len(pictures) + 1)]
        for path, content in zip(paths, pictures, strict=True):
            path.write_bytes(content)
        found = found_pictures({"all": [(path, None) for path in paths]}, None, Path(folder))
        found.lenient = True
        for answer in _of_found(read, "-", found, single=False, notify=_ignore):
            yield replace(answer, error=answer.error.replace(f"{folder}/", "picture ")) if answer.error else answer


def _told(message: str, source: str, path: Path | None) -> str:
    """Return a message that names its source in the way the user did."""
    if path is not None:
        message = message.replace(str(path), "the standard input")
    return message if source in message or path is not None else f"{source}: {message}"


@contextmanager
def _standard_input(source: str) -> Iterator[Path | None]:
    """Context manager: the standard input as a file if it is the source, otherwise None."""
    if source != "-":
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="glasswork-") as folder:
        path = Path(folder) / "stdin"
        with path.open("wb") as stream:
            shutil.copyfileobj(sys.stdin.buffer, stream)
        yield path


def _of_source(
    read: ModelFile, source: str, path: Path | None, *, single: bool, notify: Callable[[str], None]
) -> Iterator[Answer]:
    found = _find(source, path)
    if isinstance(found, list):
        yield from answers(read, found, notify=notify)
    else:
        yield from _of_found(read, source, found, single=single, notify=notify)


def _of_found(
    read: ModelFile, source: str, found: Found, *, single: bool, notify: Callable[[str], None]
) -> Iterator[Answer]:
    if found.pictures and found.paths and read.reading.pictures == "digits":
        for problem in found.skipped:
            yield Answer(source, error=problem)
        for row, (picture, name) in enumerate(found.paths, 1):
            yield from _of_photograph(read, picture, Answer(source, name, row), single=single)
        return
    may_hold_digits = found.pictures and len(found.paths) == 1 and set(read.classes) <= set("0123456789")
    for answer in _of_images(read, source, found, notify):
        if answer.unlike and may_hold_digits:
            notify(f"{source}: {_NOT_CUT_OUT}")
        yield answer


def _find(source: str, path: Path | None) -> Found | list[str]:
    """Return what a source holds; for a folder of data files, each file as a separate source."""
    if path is None:
        named, argument = check_source(source)
        if named is not None:
            dataset = load_dataset(source, missing="median")  # refused row by row if the network takes none
            if dataset.kind == "features":
                return Found("", "", {"all": Part.of(dataset.images, None)}, columns=dataset.columns)
            images = dataset.images.reshape(-1, *dataset.shape)
            return Found("", "", {"all": Part.of(images, None)}, levels=(0.0, 255.0), columns=dataset.columns)
        path = typed_path(argument)
    recognised = recognise(path)
    if recognised.module is files:
        return [str(file) for file in files.data_files(Folder(path))]
    found = recognised.open()
    found.lenient = True
    return found


# Photographs of digits ------------------------------------------------------------------------------


def _of_photograph(read: ModelFile, picture: Path, unasked: Answer, *, single: bool) -> Iterator[Answer]:
    """Read a picture as a photograph of digits, which a network trained on digits expects."""
    try:
        reading = read_picture(picture)
    except GlassworkError as error:
        yield replace(unasked, error=str(error))
        return
    if reading.problem:
        yield replace(unasked, reading=reading, error=reading.problem)
        return
    images = np.stack([digit.image for digit in reading.digits])
    if read.reading.polarity == "dark on light":  # a digit is cut out as light ink
        images = 255 - images
    answered = [
        replace(unasked, reading=reading, position=position, box=digit.box)
        for position, digit in enumerate(reading.digits, 1)
    ]
    answered = _ask(read, images, answered, together=True)
    if single:
        answered = [answered[reading.digits.index(largest(reading.digits))]]
    yield from answered


# Images of any source -------------------------------------------------------------------------------


def _of_images(read: ModelFile, source: str, found: Found, notify: Callable[[str], None]) -> Iterator[Answer]:
    """Read images in the same way as the network's training images."""
    Asked(shape=read.image_shape, like=read.like).apply(found)
    if read.takes_features and not holds_rows(found):
        raise InputError(read.no_images)
    if found.about_columns:
        notify(f"{source}: {found.about_columns}")
    levels = Levels(BYTES if found.pictures else found.levels, prefer=(read.reading.low, read.reading.high))
    before, told = 0, 0  # rows of the earlier parts; problems that were reported already
    for part in (found.parts[name] for name in ORDER if name in found.parts):
        end = 0
        for block in _and_then_none(part):
            problems, told = found.skipped[told:], len(found.skipped)
            answered = [_unreadable(source, problem, before) for problem in problems]
            if block is not None:
                rows = block.rows or range(end, end + len(block.images))
                numbers = [before + row + 1 for row in rows]
                names = list(block.names) or [str(number) for number in numbers]
                unasked = [Answer(source, name, number) for name, number in zip(names, numbers, strict=True)]
                answered += _of_block(read, found, replace(block, rows=rows), unasked, levels)
            answered.sort(key=lambda answer: answer.row)
            yield from answered
            end = max([end, *(answer.row - before for answer in answered)])
        before += end


def _unreadable(source: str, problem: str, before: int) -> Answer:
    if not isinstance(problem, Unreadable):  # it concerns a file, or a row in a list of pictures, not one image
        return Answer(source, error=problem)
    number = before + problem.row + 1
    return Answer(source, problem.name or str(number), number, error=str(problem))


def _and_then_none(part: Part) -> Iterator[Block | None]:
    """Yield the blocks of a part, then None when its last problems are known."""
    yield from part.blocks()
    yield None


def _of_block(read: ModelFile, found: Found, block: Block, unasked: list[Answer], levels: Levels) -> list[Answer]:
    try:
        return _ask(read, _converted(read, found, block, levels), unasked)
    except InputError:  # one image is wrong: find out which
        answered = []
        for k, one in enumerate(unasked):
            alone = Block(block.images[k : k + 1], rows=block.rows[k : k + 1])
            try:
                answered += _ask(read, _converted(read, found, alone, levels), [one])
            except InputError as error:
                answered.append(replace(one, error=str(error)))
        return answered


def _converted(read: ModelFile, found: Found, block: Block, levels: Levels) -> NDArray[Any]:
    """Return images as rows of bytes, or features as they are, of the network's width."""
    part = Part(lambda: iter([block]))
    if read.takes_features:
        ((_, rows),) = feature_blocks(found, part)
        got = f"rows of {rows.shape[1]:,} features"
    else:
        ((_, pixels),) = prepared(found, part, levels)
        rows = as_rows(pixels)
        got = f"images of {size_in_words(pixels.shape[1:])}" if pixels.ndim > 2 else f"{rows.shape[1]:,} numbers"
    if rows.shape[1] != read.model.in_features:
        raise WrongSizeError(f"{got}, but this network takes {read.wanted}; train a network on data of that size")
    return rows


class WrongSizeError(FileError):
    """Raised if all images of a source have another size than the network's."""


# The question ---------------------------------------------------------------------------------------


def _ask(read: ModelFile, images: NDArray[Any], unasked: list[Answer], *, together: bool = False) -> list[Answer]:
    """Compute a network's answers about images, and limit its confidence where it cannot be trusted.

    Parameters
    ----------
    images : (n, features) uint8, or float64 features
    unasked : list of Answer
        The answers so far, without probabilities.
    together : bool
        Whether the images are parts of one picture: if most are unlike a digit, none of them is trusted.
    """
    answered = []
    for start in range(0, len(images), _AT_A_TIME):
        piece = slice(start, start + _AT_A_TIME)
        answered += _ask_some(read, images[piece], unasked[piece], together=together)
    return answered


def _ask_some(read: ModelFile, images: NDArray[Any], unasked: list[Answer], *, together: bool) -> list[Answer]:
    agreement: FloatArray | list[None] = [None] * len(images)
    if isinstance(read.model, Committee):
        probabilities, agreement = read.model.ask(read.prepared(images), prepared=True)
    else:
        probabilities = read.probabilities(images)
    if read.reference is None:
        doubts: list[dict[str, Any]] = [{}] * len(images)
    else:
        judged = read.reference.judge(images, probabilities)
        probabilities = judged.probabilities
        if together and is_mostly_unlike(judged.unlike):
            probabilities = limit_confidence(probabilities)
        doubts = [
            {"unlike": bool(unlike), "strangeness": float(strange), "resembles": read.classes[k] if k >= 0 else ""}
            for unlike, strange, k in zip(judged.unlike, judged.strangeness, judged.resembles, strict=True)
        ]
    return [
        replace(
            one, label=read.classes[int(row.argmax())], classes=read.classes, probabilities=row,
            agreement=None if agreed is None else float(agreed), **doubt,
        )
        for one, row, agreed, doubt in zip(unasked, probabilities, agreement, doubts, strict=True)
    ]  # fmt: skip
