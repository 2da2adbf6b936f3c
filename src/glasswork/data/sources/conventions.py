"""Conventions of well-known datasets that no file states, recognised by content and names, whatever the format.

EMNIST             rows and columns swapped; letters 1 to 26 are A to Z; 47 and 62 classes without names
USPS               labels 1 to 10 are the digits 0 to 9        SVHN, and others    10 is the digit 0
QMNIST             labels of eight columns: the first is the class

If labels say which digit or letter an image shows, the images are compared with what these look like: the mean digits
of MNIST, and letters that are their own mirror images. If that is not clear, names decide. A note reports what was
applied.
"""

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glasswork.arrays import FloatArray
from glasswork.data.sources.found import Block, Found
from glasswork.data.sources.naming import dataset_of
from glasswork.errors import GlassworkError

#: The mean of each digit of MNIST's training images, without their margins, as 8×8 levels from 0 to f, row by row.
_MEAN_DIGITS = """
00135520027cdd9317c856b74b8213a87b4015a78b436a935bdcc93002442100
00023310001597200007d510000bb100002e7000015c50000279410001221000
025785201589aa511223696101259941259cc94159ccb96449b8665301111100
02455310269aca511236ba40028dda3002457a6122125a71489ab94013664200
001111111354366216944a613aa5ad514bccfd511347b7200026751000233210
001233210269997515a8542216ca752013567741232368413799973102553200
01257620025863100398322116b7897318baa99418dbab82039ba62000000000
000000002478874148a9ad8123217c501113cb300017c6100149720002674100
00134420038bbb8315a76983039cd931029eb52015a8862117a9962003674200
00000000016ac93017b66b612986ce40169aeb200236b7100026741001455310
"""

#: Letters that look the same when they are mirrored left to right but not top to bottom, and letters with the opposite.
_UPRIGHT, _LYING = "AMTUVWY", "BCDEK"

#: The names of EMNIST's classes by their number (Cohen et al., 2017, table II).
_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_EMNIST = {
    47: "0123456789" + _CAPITALS + "abdefghnqrt",
    62: "0123456789" + _CAPITALS + _CAPITALS.lower(),
}

#: A reading is chosen if its correlation with what images should look like is this high, and this much above the other.
#: In datasets other than MNIST, the right digits have 0.45 and wrong ones up to 0.3; in MNIST, 0.93 and 0.5.
_CLEAR, _AHEAD = 0.4, 0.2

#: The same for images whose names do not say that they are swapped.
_CERTAIN = 0.6

#: A letter lies where its mean image has this share of its darkest ink.
_INK = 0.3

#: The number of images that are compared.
_SAMPLE = 4000


def orient(found: Found) -> None:
    """Find out whether the images of a source are stored with rows and columns swapped, as EMNIST's are.

    Sets ``transposed`` of what was found, unless its format says so already.
    """
    if found.transposed or (found.pictures and not _called("emnist", found)):
        return
    named = _called("emnist", found)
    if found.names is None and (named or found.format == "IDX") and (mapping := _mapping(found.path or Path())):
        named, found.names = True, mapping
        found.note("class names come from the mapping file of EMNIST")
    block = _sample(found)
    images = None if block is None else _squares(block.images, found)
    if images is None or block is None or not (named or images.shape[1:] in ((28, 28), (20, 20), (16, 16))):
        return
    labels = None if block.labels is None else _flat(block.labels)
    letters = labels is not None and _is_letters(labels)
    looks = None
    if labels is not None:
        names = _names_of(labels, letters=letters, emnist=named)
        looks = _upright(images, names, _CLEAR if named else _CERTAIN)
    if named or (letters and found.format == "IDX"):
        found.transposed = looks is False or (looks is None and not found.pictures)
    elif looks is False:  # images without labels would not be recognised and swapped, so these are not swapped either
        found.note("the images lie on their side: rows and columns seem to be swapped, but were not changed")
    if found.transposed:
        found.note("EMNIST stores images with rows and columns swapped: they were swapped back")


def name_labels(found: Found, parts: Sequence[NDArray[Any]], images: Any, *, coloured: bool) -> list[NDArray[Any]]:
    """Return the labels of all parts, changed where a convention applies; sets the names of their classes.

    Parameters
    ----------
    found : Found
    parts : sequence of (n,)
        Labels as `glasswork.data.sources.labels.flat_labels` returns them.
    images : (N, height * width) uint8
        The images of all parts, upright.
    coloured : bool
        Whether the images had colours.
    """
    labels = list(parts)
    if not _only_numbers(found.names) or any(part.dtype.kind not in "ui" or not len(part) for part in labels):
        return labels
    low, high = min(int(part.min()) for part in labels), max(int(part.max()) for part in labels)
    emnist = _called("emnist", found)
    letters = (low, high) == (1, 26) and (emnist or found.transposed or _shows_letters(images, labels))
    if letters or (low >= 1 and high <= 26 and _called("emnist[-_ ]letters", found)):
        found.names = {k: chr(64 + k) for k in range(1, 27)}
        found.note("labels 1 to 26 are the letters A to Z")
    elif emnist and low == 0 and high + 1 in _EMNIST:
        found.names = list(_EMNIST[high + 1])
        found.note(f"the {high + 1} classes have EMNIST's names")
    elif low >= 1 and high <= 10:
        return _ten_digits(found, labels, images, coloured=coloured)
    return labels


#: What labels from 1 to 10 may mean, in words, and the digit for each label from 0 to 10.
_SVHN = ("the label 10 means the digit 0, as in SVHN", np.arange(11) % 10)
_USPS = ("labels 1 to 10 mean the digits 0 to 9, as in USPS", np.arange(-1, 10))


def _ten_digits(found: Found, labels: list[NDArray[Any]], images: Any, *, coloured: bool) -> list[NDArray[Any]]:
    """Return labels from 1 to 10 as the digits that they mean, if images or names make that clear."""
    ten = max(int(part.max()) for part in labels) == 10
    means = _mean_images(images, np.concatenate(labels))
    scores = [0.0, 0.0]
    if means is not None:  # this also works for images that lie on their side
        ways = [_templates(digits[1:]) for _, digits in (_SVHN, _USPS)]
        scores = [max(abs(_likeness(seen, way)) for seen in (means, means.swapaxes(1, 2))) for way in ways]
    if max(scores) > _CLEAR and abs(scores[0] - scores[1]) > _AHEAD:
        chosen = _SVHN if scores[0] > scores[1] else _USPS
    elif _called("svhn", found) or (ten and coloured and images.shape[1] == 32 * 32):
        chosen = _SVHN
    elif _called("usps", found) or (ten and images.shape[1] == 16 * 16):
        chosen = _USPS
    else:
        return labels
    found.note(chosen[0])
    found.names = None
    return [chosen[1][part] for part in labels]


def _only_numbers(names: Sequence[str] | Mapping[Any, str] | None) -> bool:
    """Return whether classes have no other names than their numbers, as ARFF declares them."""
    return names is None or (isinstance(names, Mapping) and all(str(k) == name for k, name in names.items()))


def first_of_eight(labels: NDArray[Any]) -> bool:
    """Return whether labels have QMNIST's eight columns: the class first, then the writer, the form and so on."""
    if labels.ndim != 2 or labels.shape[1] != 8 or labels.dtype.kind not in "uif" or not len(labels):
        return False
    return bool(np.isin(labels[:, 0], range(10)).all() and labels[:, 1:].max() > 9)


# What images show -----------------------------------------------------------------------------------


def _sample(found: Found) -> Block | None:
    """Return some images with their labels: from all over an array, otherwise the first block."""
    part = next((found.parts[name] for name in ("train", "all", "test", "valid") if name in found.parts), None)
    if part is None:
        return None
    try:
        if part.whole is not None and part.labels is not None and len(part.labels) == len(part.whole):
            step = max(1, len(part.whole) // _SAMPLE)
            return Block(part.whole[::step], part.labels[::step])
        return found.first_block(part)
    except GlassworkError:  # reported when everything is read
        return None


def _squares(images: NDArray[Any], found: Found) -> FloatArray | None:
    """Return images as (n, side, side) floats, or None if they are not square and grey."""
    if images.ndim == 2 and found.shape is None and round(images.shape[1] ** 0.5) ** 2 == images.shape[1]:
        side = round(images.shape[1] ** 0.5)
        images = images.reshape(len(images), side, side)
    if images.ndim != 3 or images.shape[1] != images.shape[2] or images.dtype.kind not in "uif" or not len(images):
        return None
    return images.astype(np.float32)


def _flat(labels: NDArray[Any]) -> NDArray[Any] | None:
    if first_of_eight(labels):
        return labels[:, 0].astype(np.int64)
    if labels.ndim == 2 and 1 in labels.shape:
        labels = labels.reshape(-1)
    if labels.ndim != 1 or labels.dtype.kind not in "uif":
        return None
    whole: NDArray[Any] = labels.astype(np.int64)
    return whole if np.array_equal(whole, labels) else None


def _is_letters(labels: NDArray[Any]) -> bool:
    return bool(labels.size and labels.min() == 1 and labels.max() == 26)


def _names_of(labels: NDArray[Any], *, letters: bool, emnist: bool) -> NDArray[np.str_]:
    """Return what each image shows: a digit, a letter, or something unknown."""
    top = int(labels.max(initial=0))
    if letters:
        names = " " + _CAPITALS
    elif emnist and 10 <= top < 62:
        names = _EMNIST[62 if top > 46 else 47]
    elif top <= 10:
        names = "0123456789" if top < 10 else "123456789".rjust(10) + "0"
    else:
        return np.full(len(labels), " ")
    shown: NDArray[np.str_] = np.array(list(names.ljust(top + 1)))[labels.clip(0)]
    return shown


def _upright(images: FloatArray, names: NDArray[np.str_], least: float) -> bool | None:
    """Return True if images are upright, False if their rows and columns are swapped, and None if that is not clear."""
    means = {name: images[names == name].mean(axis=0) for name in np.unique(names) if name != " "}
    digits = [name for name in means if name.isdecimal()]
    if len(digits) >= 4:
        want = _templates([int(name) for name in digits])
        small = _small(np.stack([means[name] for name in digits]))
        as_stored, swapped = abs(_likeness(small, want)), abs(_likeness(small.swapaxes(1, 2), want))
        clear = abs(as_stored - swapped) > _AHEAD and max(as_stored, swapped) > least
        return as_stored > swapped if clear else None
    votes = []
    for name, mean in means.items():
        letter = _cropped(mean[np.newaxis], mean > _INK * mean.max())[0]
        beside, below = (float(np.abs(letter - np.flip(letter, axis)).sum()) for axis in (1, 0))
        if name in _UPRIGHT + _LYING and max(beside, below) > 0:
            votes.append((below - beside) / max(beside, below) * (1 if name in _UPRIGHT else -1))
    return bool(np.mean(votes) > 0) if len(votes) >= 4 and abs(np.mean(votes)) > _AHEAD else None


def _shows_letters(images: Any, labels: Sequence[NDArray[Any]]) -> bool:
    side = round(images.shape[1] ** 0.5)
    joined = np.concatenate(labels)
    step = max(1, len(joined) // _SAMPLE)
    if side * side != images.shape[1]:
        return False
    squares = np.asarray(images[::step], np.float32).reshape(-1, side, side)
    return _upright(squares, _names_of(joined[::step], letters=True, emnist=False), _CLEAR) is not None


def _mean_images(images: Any, labels: NDArray[Any]) -> FloatArray | None:
    """Return the mean image of each label from 1 to 10, 8×8; None if the images are not square."""
    side = round(images.shape[1] ** 0.5)
    if side * side != images.shape[1] or side < 8:
        return None
    step = max(1, len(labels) // _SAMPLE)
    some, numbers = np.asarray(images[::step], np.float32).reshape(-1, side, side), labels[::step]
    if len(np.unique(numbers)) < 10:
        return None
    return _small(np.stack([some[numbers == label].mean(axis=0) for label in range(1, 11)]))


def _templates(digits: Sequence[int] | NDArray[Any]) -> FloatArray:
    levels = np.array([[int(sign, 16) for sign in line] for line in _MEAN_DIGITS.split()], np.float32)
    chosen: FloatArray = levels.reshape(10, 8, 8)[np.asarray(digits)]
    return chosen


def _small(means: FloatArray) -> FloatArray:
    """Return the mean images of classes, without margins where all are alike, reduced to 8×8 by averaging."""
    means = _cropped(means, means.std(axis=0) > 0.2 * means.std(axis=0).max())
    for axis in (1, 2):
        length = means.shape[axis]
        weights = np.clip((np.arange(length) + 1)[:, None] * 8 / length - np.arange(8), 0, 1)
        weights -= np.clip(
            np.arange(length)[:, None] * 8 / length - np.arange(8), 0, 1
        )  # the overlap of pixels and areas
        means = np.moveaxis(np.moveaxis(means, axis, 2) @ weights.astype(np.float32), 2, axis)
    return means


def _cropped(images: FloatArray, ink: NDArray[np.bool_]) -> FloatArray:
    """Return images (n, height, width) without the margins in which there is no ink."""
    for axis in (1, 2):
        inner = np.flatnonzero(ink.any(axis=2 - axis))
        if len(inner):
            images = images.take(np.arange(inner[0], inner[-1] + 1), axis)
    return images


def _likeness(means: FloatArray, templates: FloatArray) -> float:
    """Return the correlation of how classes differ from each other, in images and in templates."""
    a, b = means - means.mean(axis=0), templates - templates.mean(axis=0)
    return float((a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum() + 1e-12))


def _called(pattern: str, found: Found) -> bool:
    """Return whether a source, or a folder that it lies in, is named like a dataset."""
    path = (found.path or Path()).absolute()
    places = (path, path.parent, path.parent.parent)
    return any(re.search(rf"(?<![a-z]){pattern}", place.name.lower()) for place in places)


def _is_code(cell: str) -> bool:
    """Return whether a cell may be a label or the code of a character."""
    return cell.isdecimal() and len(cell) < 8 and int(cell) <= sys.maxunicode


def _mapping(path: Path) -> dict[int, str] | None:
    """Return the names in an EMNIST mapping file beside the source: lines of a label and its characters' codes."""
    name = dataset_of(path.name)
    for place in (path.parent, path.parent.parent):
        candidates = sorted(place.glob("*mapping*.txt"))
        exact = [c for c in candidates if name and c.name.startswith(name)]
        alone = candidates if len(candidates) == 1 and name in ("", "emnist") else []
        for candidate in filter(Path.is_file, exact or alone):
            rows = [line.split() for line in candidate.read_text(errors="replace").splitlines() if line.strip()]
            if rows and all(len(row) >= 2 and all(map(_is_code, row)) for row in rows):
                return {int(row[0]): chr(int(row[1])) for row in rows}
    return None
