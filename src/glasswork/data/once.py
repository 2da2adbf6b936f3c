"""Results that are computed once for a dataset and kept in the cache: its fingerprint and its split.

    a mapped file: path, size, times, inode     ──► fingerprint of the dataset, which needs the whole file
    fingerprint of the dataset, scheme, seed, sizes ──► rows of train, valid, test, and the fingerprint of the parts

scikit-learn draws the rows. Importing it takes longer than an epoch of a small network, so the rows for the package's
MNIST are shipped.
"""

import hashlib
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from glasswork import cache
from glasswork.arrays import Labels
from glasswork.data.dataset import Dataset, fingerprint
from glasswork.data.mapped import file_identity
from glasswork.data.split import Part, Scheme, Split, split

#: Raised by changes after which the same split draws other rows than before.
_VERSION = 1

_PARTS = ("train", "valid", "test")


def fingerprint_once(dataset: Dataset) -> str:
    """Return the fingerprint of a newly loaded dataset; a mapped file is read only the first time."""
    key = file_identity(dataset.images)
    if not key:
        return dataset.fingerprint()
    name = f"fingerprint-{fingerprint([dataset.labels], [key, *dataset.classes], dataset.shape)}"
    if (entry := cache.read(name)) is not None and "sha256" in entry.words:
        return entry.words["sha256"]
    sha256 = dataset.fingerprint()
    if file_identity(dataset.images) == key:
        cache.write(name, cache.Entry({}, {"sha256": sha256}))
    return sha256


def split_once(
    dataset: Dataset,
    *,
    scheme: Scheme = "handout",
    seed: int = 123,
    test: float | None = None,
    valid: float | None = None,
    fold: tuple[int, ...] = (),
) -> Split:
    """Split a dataset like `split`, into the same rows in the same order, but draw them only the first time.

    Parameters
    ----------
    dataset : Dataset
        With its fingerprint in ``origin.sha256``; without one, nothing is cached.
    scheme, seed, test, valid, fold
        See `split`.

    Raises
    ------
    InputError
        As for `split`.
    """

    def draw() -> Split:
        return split(dataset, scheme=scheme, seed=seed, test=test, valid=valid, fold=fold)

    if not dataset.origin.sha256:
        return draw()
    asked = (
        dataset.origin.sha256,
        scheme,
        seed,
        test,
        valid,
        list(dataset.origin.sizes.items()),
        *((fold,) if fold else ()),
    )
    name = f"split-{_VERSION}-{hashlib.sha256(repr(asked).encode()).hexdigest()}"
    mapped = isinstance(dataset.images, np.memmap)
    if (entry := cache.read(name)) is not None:
        if mapped:
            return replace(draw(), sha256=entry.words.get("sha256", ""))
        if (rows := _unpacked(entry, len(dataset))) is not None:
            train, valid_part, test_part = (Part(dataset.images[one], dataset.labels[one], one) for one in rows)
            meaning = (scheme, dataset.classes, dataset.shape, dataset.name, dataset.origin)
            more = (entry.words.get("sha256", ""), dataset.columns, dataset.kind)
            return Split(train, valid_part, test_part, *meaning, *more, fold)
    parts = draw()
    sha256 = parts.fingerprint()
    cache.write(name, _packed(parts, sha256, rows=not mapped))
    return replace(parts, sha256=sha256)


def _packed(parts: Split, sha256: str, *, rows: bool) -> cache.Entry:
    """Return the cache entry. Rows of mapped images are left out: drawing them is fast, and they may be too many."""
    if not rows:
        return cache.Entry({}, {"sha256": sha256})
    indices = [part.indices for part in (parts.train, parts.valid, parts.test)]
    width = -(-int(max(one.max(initial=0) for one in indices)).bit_length() // 8)
    arrays = {
        name: np.ascontiguousarray(one.astype("<u8")).view(np.uint8).reshape(-1, 8)[:, :width]
        for name, one in zip(_PARTS, indices, strict=True)
    }
    return cache.Entry(arrays, {"sha256": sha256})


def _unpacked(entry: cache.Entry, count: int) -> list[Labels] | None:
    """Return the rows of the three parts, or None if they do not belong to a dataset with ``count`` images."""
    try:
        rows = [_as_numbers(entry.arrays[name]) for name in _PARTS]
        used = np.bincount(np.concatenate(rows), minlength=count)
    except (KeyError, ValueError, MemoryError):
        return None
    return rows if len(used) == count and used.max() == 1 else None


def _as_numbers(packed: NDArray[np.uint8]) -> Labels:
    wide = np.zeros((len(packed), 8), np.uint8)
    wide[:, : packed.shape[1]] = packed
    return wide.view("<i8").reshape(-1).astype(np.int64)
