"""A dataset split into three parts: for training, for validation during training, and for the final test.

handout     70,000 ──train_test_split──► 60,000 ──► 55,000 train + 5,000 valid
                   └──────────────────► 10,000 test              all at random
official    the last 10,000 are the test set, as in published results; the rest as above
source      the test images, and the validation images if there are any, are those of the source
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glasswork.arrays import Images, Labels
from glasswork.data.dataset import Dataset, Kind, fingerprint, guess_shape
from glasswork.data.labels import check_lengths, encode_labels
from glasswork.data.mapped import draw_by_class, rows_of
from glasswork.data.origin import Origin
from glasswork.errors import InputError
from glasswork.reading import shape_in
from glasswork.settings import check_number

Scheme = Literal["handout", "official", "source"]

#: Images in the official test set.
OFFICIAL_TEST = 10_000


@dataclass(frozen=True, eq=False)
class Part:
    """Some rows of a dataset.

    Attributes
    ----------
    images : (N, features) uint8
    labels : (N,) int64
    indices : (N,) int64
        The numbers of these rows in the dataset.
    """

    images: Images
    labels: Labels
    indices: Labels

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return f"Part({len(self):,} rows of {self.images.shape[1]:,} numbers)"


@dataclass(frozen=True, eq=False)
class Split:
    """A dataset in three parts.

    Attributes
    ----------
    train, valid, test : Part
        The ``images`` and ``labels`` of each.
    scheme : {"handout", "official", "source"}
        How it was split.
    classes : tuple of str
        The names of the classes, in the order of their labels.
    shape : (height, width), or (height, width, 3) in colour
        The height and width of one image, in pixels.
    name : str
        The name of the dataset.
    origin : Origin
        Where the dataset came from.
    sha256 : str
        The fingerprint of these parts, if it is known already.
    columns : tuple of str
        The names of the columns of a table; see `Dataset`.
    kind : {"pixels", "features"}
        What the numbers are.
    fold : (int, int) or ()
        ``(2, 5)`` if the test part is the second of five folds of the training and validation images.
    """

    train: Part
    valid: Part
    test: Part
    scheme: Scheme
    classes: tuple[str, ...]
    shape: tuple[int, ...]
    name: str
    origin: Origin = field(default_factory=Origin)
    sha256: str = ""
    columns: tuple[str, ...] = ()
    kind: Kind = "pixels"
    fold: tuple[int, ...] = ()

    @property
    def division(self) -> str:
        """How it was split, in words: ``handout split``."""
        fold = ", fold {} of {}".format(*self.fold) if self.fold else ""
        return f"{self.scheme} split{fold}"

    def __repr__(self) -> str:
        sizes = f"{len(self.train):,} train, {len(self.valid):,} valid, {len(self.test):,} test"
        return f"Split({self.name!r}, {sizes}, {len(self.classes):,} classes, {self.division.replace(' split', '')})"

    def fingerprint(self) -> str:
        """Return the SHA-256 of the images and labels of all parts in order, the classes and the shape of an image."""
        if self.sha256:
            return self.sha256
        parts = (self.train, self.valid, self.test)
        arrays = (array for part in parts for array in (part.images, part.labels))
        return fingerprint(arrays, self.classes, self.shape, self.columns if self.kind == "features" else ())


def split(
    images: Dataset | ArrayLike,
    labels: ArrayLike | None = None,
    *,
    scheme: Scheme = "handout",
    seed: int = 123,
    test: float | None = None,
    valid: float | None = None,
    fold: tuple[int, ...] = (),
) -> Split:
    """Split a dataset into training, validation and test parts, each with its share of every class.

    Parameters
    ----------
    images : Dataset, or (N, features)
        The images, or any rows; a Dataset states the parts of its source, too.
    labels : (N,)
        Integers from 0, or words. Leave it out with a Dataset, which has its own labels.
    scheme : {"handout", "official", "source"}
        ``"handout"``: scikit-learn's ``train_test_split`` twice, stratified (handout, section 2).
        ``"official"``: the last 10,000 of 70,000 images are the test set, as in published results for MNIST
        and its relatives; only the 5,000 for validation are drawn.
        ``"source"``: the parts that the source of a Dataset has, such as MNIST's files or folders called train and
        test. Where it has no validation images, some are drawn from its training images.
    seed : int
        ``train_test_split``'s ``random_state``: an integer, so that the same images are drawn again.
    test, valid : int or float, optional
        The size of these parts: a number of images (an int), or a share of all images (a float below 1). By default
        a seventh and a fourteenth, with one image of each class or more. The other schemes have test sets of a fixed
        size, so ``test`` is for ``"handout"`` only.
    fold : (int, int), optional
        ``(2, 5)``: for cross-validation. The test part is then the second of five folds of the training and validation
        images, drawn by scikit-learn's ``StratifiedKFold``; the others are divided anew into training and validation
        images. The test images are left out, so that they stay unseen until a model has been chosen.

    Returns
    -------
    Split
        By default 55,000, 5,000 and 10,000 images for MNIST; the same proportions for a dataset of another size.

    Raises
    ------
    InputError
        If there are no images or not as many labels, if a size is neither a number of images nor a share or is too
        large, or if a class has too few images for three parts.

    Notes
    -----
    Images that are mapped from the disk may not fit into memory. Their parts are drawn in another way, which needs less
    memory, and their rows are read when they are needed.

    Examples
    --------
    >>> images, labels = np.zeros((600, 784), np.uint8), np.arange(600) % 10
    >>> parts = split(images, labels, test=0.2, valid=100)
    >>> len(parts.train.labels), len(parts.valid.labels), len(parts.test.labels)
    (380, 100, 120)
    """
    check_number("split", "seed", seed, 0)
    if isinstance(images, Dataset):
        if labels is not None:
            raise InputError("split: a Dataset has its own labels; leave the argument out")
        pixels, numbers, classes = images.images, images.labels, images.classes
        shape, name = images.shape, images.name
    elif labels is None:
        raise InputError("split: expected labels, one per image, with an array of images")
    else:
        pixels, (numbers, classes) = np.asarray(images), encode_labels(labels)
        check_lengths("split", pixels, numbers)
        shape = shape_in(pixels.shape) or guess_shape(pixels[0].size)
        name = "images"
    if isinstance(pixels, np.memmap) and scheme == "handout":
        n_test, n_valid = _sizes(numbers, scheme, test, valid)
        _check_two_each(numbers, classes)
        train_rows, test_rows, valid_rows = draw_by_class(numbers, [n_test, n_valid], seed)
        found: list[NDArray[Any]] = [train_rows, valid_rows, test_rows]
        numbers = numbers.astype(np.int32)
    elif scheme == "source":
        found = _source_rows(images, numbers, seed, test, valid)
    else:
        found = _rows(numbers, scheme, seed, *_sizes(numbers, scheme, test, valid))
    if fold:
        found = _fold_rows(found, numbers, seed, fold)
    train_part, valid_part, test_part = (Part(rows_of(pixels, rows), numbers[rows], rows) for rows in found)
    parts = Split(train_part, valid_part, test_part, scheme, classes, shape, name, fold=tuple(fold))
    if not isinstance(images, Dataset):
        return parts
    return replace(parts, origin=images.origin, columns=images.columns, kind=images.kind)


def _check_two_each(labels: Labels, classes: Sequence[str]) -> None:
    """Refuse a class with only one image, as scikit-learn does for images in memory."""
    single = np.flatnonzero(np.bincount(labels) == 1)
    if len(single):
        raise InputError(
            f"split: expected two or more images of every class, got only one of {classes[single[0]]!r}; add images, "
            "or leave the class out"
        )


def _source_rows(
    dataset: object, labels: Labels, seed: int, test: float | None, valid: float | None
) -> list[NDArray[Any]]:
    """Return the rows of the three parts as a dataset's source divides them."""
    from sklearn.model_selection import train_test_split

    sizes = dataset.origin.sizes if isinstance(dataset, Dataset) else {}
    if not sizes.get("train") or not sizes.get("test"):
        parts = " and ".join(sizes) or "one set of images"
        raise InputError(
            f"split: expected a source with training and test images of its own for scheme='source', got {parts}; "
            "use 'handout'"
        )
    if test is not None or (valid is not None and sizes.get("valid")):
        raise InputError(
            "split: the source determines the sizes of its parts; leave out test and valid, or use 'handout'"
        )
    ends = np.cumsum(list(sizes.values()))
    rows = {part: np.arange(end - sizes[part], end) for part, end in zip(sizes, ends, strict=True)}
    if "valid" in rows:
        return [rows["train"], rows["valid"], rows["test"]]
    count = len(rows["train"])
    n_valid = max(len(np.unique(labels)), round(count / 12)) if valid is None else _size("valid", valid, count)
    if isinstance(dataset, Dataset) and isinstance(dataset.images, np.memmap):
        first = rows["train"][0]
        _check_two_each(labels[rows["train"]], dataset.classes)
        train, drawn = (first + part for part in draw_by_class(labels[rows["train"]], [n_valid], seed))
        return [train, drawn, rows["test"]]
    try:
        train, drawn = train_test_split(
            rows["train"], test_size=n_valid, stratify=labels[rows["train"]], random_state=seed
        )
    except ValueError as error:
        raise InputError(f"split: no validation images can be drawn from {count:,} to train on: {error}") from error
    return [train, drawn, rows["test"]]


def _fold_rows(found: Sequence[NDArray[Any]], labels: Labels, seed: int, fold: tuple[int, ...]) -> list[NDArray[Any]]:
    """Return the rows of the three parts for a fold of the training and validation images, which is tested on."""
    from sklearn.model_selection import StratifiedKFold, train_test_split

    whole = isinstance(fold, tuple | list) and all(isinstance(part, int | np.integer) for part in fold)
    if not whole or len(fold) != 2 or not 1 <= fold[0] <= fold[1] or fold[1] < 2:
        raise InputError(f"split: expected a fold such as [2, 5], the second of five, got {fold!r}")
    number, count = fold
    rows = np.sort(np.concatenate([found[0], found[1]]))
    least = int(np.unique(labels[rows], return_counts=True)[1].min())
    if least < count:
        raise InputError(
            f"split: {count} folds need {count} images of every class besides the test images, got {least}"
        )
    learn, held_out = list(StratifiedKFold(count, shuffle=True, random_state=seed).split(rows, labels[rows]))[
        number - 1
    ]
    n_valid = max(round(len(found[1]) * (count - 1) / count), len(np.unique(labels[rows])))
    try:
        train, valid = train_test_split(rows[learn], test_size=n_valid, stratify=labels[rows[learn]], random_state=seed)
    except ValueError as error:
        raise InputError(
            f"split: {len(learn):,} images outside of a fold are too few to validate on: {error}"
        ) from error
    return [train, valid, rows[held_out]]


def _sizes(labels: Labels, scheme: Scheme, test: float | None, valid: float | None) -> tuple[int, int]:
    """Return the numbers of images in the test and the validation part; by default at least one of each class."""
    count, classes = len(labels), len(np.unique(labels))
    least = classes if 3 * classes <= count else 0
    if scheme not in ("handout", "official"):
        raise InputError(f"split: expected scheme 'handout', 'official' or 'source', got {scheme!r}")
    if scheme == "official" and count != 70_000:
        raise InputError(
            f"split: the official split needs the 70,000 images of MNIST or a similar dataset, got {count:,}; use "
            "'handout'"
        )
    n_test = max(round(count / 7), least) if test is None else _size("test", test, count)
    n_valid = max(round(count / 14), least) if valid is None else _size("valid", valid, count)
    if scheme == "official" and n_test != OFFICIAL_TEST:
        raise InputError(
            f"split: the official test set has {OFFICIAL_TEST:,} images, got test={test}; leave it out, or use "
            "scheme='handout'"
        )
    if n_test + n_valid >= count:
        raise InputError(
            f"split: {n_test:,} images for testing and {n_valid:,} for validation leave none of {count:,} for "
            "training; choose smaller parts"
        )
    return n_test, n_valid


def _size(name: str, asked: float, count: int) -> int:
    """Return a number of images, given a number or a share."""
    whole = isinstance(asked, int | np.integer) and not isinstance(asked, bool)
    if whole and asked >= 1:
        return int(asked)
    if isinstance(asked, float | np.floating) and 0 < asked < 1:
        return max(1, round(asked * count))
    raise InputError(
        f"split: expected {name} to be a number of images, 1 or more, or a share between 0.0 and 1.0, got {asked!r}"
    )


def _rows(labels: Labels, scheme: Scheme, seed: int, n_test: int, n_valid: int) -> list[NDArray[Any]]:
    """Return the rows of the three parts: train, valid, test."""
    from sklearn.model_selection import train_test_split

    count = len(labels)
    rows = np.arange(count)
    try:
        if scheme == "handout":
            rest, test = train_test_split(rows, test_size=n_test, stratify=labels, random_state=seed)
        else:
            rest, test = rows[:-n_test], rows[-n_test:]
        train, valid = train_test_split(rest, test_size=n_valid, stratify=labels[rest], random_state=seed)
    except ValueError as error:
        raise InputError(
            f"split: {count:,} images cannot be divided by class into three parts: {error}; add images, leave small "
            "classes out, or choose larger parts"
        ) from error
    return [train, valid, test]
