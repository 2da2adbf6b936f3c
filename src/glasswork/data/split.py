"""Three parts of a dataset: to learn from, to watch learning with, and to judge by at the end.

handout     70,000 ──train_test_split──► 60,000 ──► 55,000 train + 5,000 valid
                   └──────────────────► 10,000 test              all at random
official    the last 10,000 are the test set, as in published results; the rest as above
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from glasswork.arrays import Images, Labels
from glasswork.errors import InputError

Scheme = Literal["handout", "official"]


@dataclass(frozen=True)
class Part:
    """Some rows of a dataset.

    Attributes
    ----------
    images : (N, features) uint8
    labels : (N,) int64
    indices : (N,) int64
        Which rows of the whole they are.
    """

    images: Images
    labels: Labels
    indices: Labels

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Split:
    """A dataset in three parts, and the name of the way it was cut."""

    train: Part
    valid: Part
    test: Part
    scheme: Scheme


def split(images: Images, labels: Labels, *, scheme: Scheme = "handout", seed: int = 123) -> Split:
    """Cut a dataset into train, valid and test parts, each with its share of every class.

    Parameters
    ----------
    images : (N, features)
    labels : (N,) integers
    scheme : {"handout", "official"}
        ``"handout"``: scikit-learn's ``train_test_split`` twice, stratified (handout, section 2).
        ``"official"``: the last 10,000 images are the test set, as in published results for MNIST;
        only the 5,000 for validation are drawn.
    seed : int
        ``train_test_split``'s ``random_state``.

    Returns
    -------
    Split
        55,000, 5,000 and 10,000 images for MNIST; the same proportions for a dataset of another size.

    Raises
    ------
    InputError
        If there are no images, labels are of another length, or a class has too few members to share.
    """
    from sklearn.model_selection import train_test_split

    images, labels = np.asarray(images), np.asarray(labels)
    count = len(labels)
    if count == 0 or len(images) != count:
        raise InputError(f"split: expected as many images as labels and at least one, got {len(images)} and {count}")
    n_test, n_valid = round(count / 7), round(count / 14)
    rows = np.arange(count)
    try:
        if scheme == "handout":
            rest, test = train_test_split(rows, test_size=n_test, stratify=labels, random_state=seed)
        elif scheme == "official":
            if count != 70_000:
                raise InputError(
                    f"split: the official split is MNIST's, of 70,000 images; got {count:,}; use 'handout'"
                )
            rest, test = rows[:-n_test], rows[-n_test:]
        else:
            raise InputError(f"split: expected scheme 'handout' or 'official', got {scheme!r}")
        train, valid = train_test_split(rest, test_size=n_valid, stratify=labels[rest], random_state=seed)
    except InputError:
        raise
    except ValueError as error:
        raise InputError(f"split: {count:,} images cannot be shared by class among three parts: {error}") from error
    train_part, valid_part, test_part = (Part(images[i], labels[i], i) for i in (train, valid, test))
    return Split(train_part, valid_part, test_part, scheme)
