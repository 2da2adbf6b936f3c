"""The reference set of a run's data: learnt once and kept in the cache; for the MNIST in the package it is shipped.

training images, labels, validation images ──learn──► which rows, threshold, sceptic, limits ──► the cache
                                           ◄─────────────── the same data again ───────────────────┘
"""

import logging

import numpy as np

from glasswork import cache
from glasswork.cache import Entry
from glasswork.data import Split
from glasswork.errors import InputError
from glasswork.models.doubt.reference import ReferenceSet, draw_rows
from glasswork.models.doubt.square import MOST, Shape

#: Raised by changes after which the same data give another set than before.
_VERSION = 1

#: The number of validation images that are used.
_SAMPLE = 10_000

_LOG = logging.getLogger(__name__)


def has_to_be_learnt(parts: Split, sha256: str) -> bool:
    """Return whether the reference set of these data must still be learnt."""
    return not _unsuitable(parts) and cache.read(_name(sha256)) is None


def reference_of(parts: Split, sha256: str) -> tuple[ReferenceSet | None, str]:
    """Return the reference set of data, and learn it first if it is not in the cache; a failure raises nothing.

    Parameters
    ----------
    parts : Split
    sha256 : str
        The fingerprint of the data.

    Returns
    -------
    reference : ReferenceSet or None
    note : str
        Why there is no set, or why it could not be kept for the next run; otherwise empty.
    """
    if problem := _unsuitable(parts):
        return None, problem
    try:
        return _known(parts, sha256) or _learnt(parts, sha256)
    except Exception as error:  # losing the judgement of strange images must not cost the training
        _LOG.debug("the reference set cannot be learnt", exc_info=True)
        reason = str(error) if isinstance(error, InputError) else f"{type(error).__name__}: {error}"
        return None, reason


def learn(parts: Split) -> tuple[ReferenceSet, Entry]:
    """Learn the reference set of data; return it and its cache entry."""
    train = parts.train
    found = ReferenceSet.choose(train.images, train.labels, parts.valid.images[:_SAMPLE], shape=_shape(parts))
    return found, Entry({"rows": draw_rows(len(train)), **found.learnt()}, {})


def _known(parts: Split, sha256: str) -> tuple[ReferenceSet, str] | None:
    entry = cache.read(_name(sha256))
    if entry is None:
        return None
    train = parts.train
    try:
        rows = entry.arrays.pop("rows", np.empty(0))
        return ReferenceSet.restore(train.images, train.labels, rows, entry.arrays, _shape(parts)), ""
    except InputError:
        return None


def _learnt(parts: Split, sha256: str) -> tuple[ReferenceSet, str]:
    found, entry = learn(parts)
    return found, cache.write(_name(sha256), entry)


def _name(sha256: str) -> str:
    return f"doubt-{_VERSION}-{sha256}"


def _shape(parts: Split) -> Shape:
    """Return the height and width of an image; None if it is square."""
    height, width = parts.shape[:2]
    return None if height == width else (height, width)


def _unsuitable(parts: Split) -> str:
    """Return why data cannot have a reference set; empty if they can."""
    if parts.kind == "features":
        return "it needs images, and these are features"
    if len(parts.shape) == 3:
        return "it needs grey images, and these are in colour"
    height, width = parts.shape
    if min(height, width) < 3:
        return f"it needs images of 3×3 pixels or more, but these have {height}×{width}"
    if max(height, width) > MOST * min(height, width):
        return f"it needs images at most {MOST} times as long as wide, but these have {height}×{width}"
    if len(parts.train) < 2 or len(parts.valid) < 1:
        return "it needs two training images and a validation image"
    return ""
