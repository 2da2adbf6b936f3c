"""Datasets and parts of a split as loaders: whatever training and evaluation are given, they loop over batches."""

from __future__ import annotations

from typing import Any

from numpy.typing import DTypeLike

from glasswork.data.batches import Batches
from glasswork.data.contract import inputs_of
from glasswork.data.dataset import Dataset

#: The batch size if a dataset is given in place of a loader.
_USUAL_BATCH = 100


def leaves_single(count: int, batch_size: int) -> bool:
    """Whether the last batch of so many images would be a single one.

    It is left out of training: a step on one image is as large as one on a whole batch, and batch normalisation needs
    two images.
    """
    return batch_size > 1 and count > batch_size and count % batch_size == 1


def as_loader(data: Any, *, classes: int, dtype: DTypeLike, learning: bool) -> Any:
    """Return a loader for a `Dataset` or a part of a `Split`, with batches of 100; return any other loader unchanged.

    For evaluation, `Batches` return every image, including those that an epoch of training leaves out.

    Parameters
    ----------
    data : Dataset, Part, or any loader
    classes : int
        Columns of the targets.
    dtype : data type
    learning : bool
        Whether the order is random.
    """
    if isinstance(data, Batches):
        loader = data if learning else data.for_evaluation()
        loader.suit(classes)
        return loader
    if hasattr(data, "__iter__") or not (hasattr(data, "images") and hasattr(data, "labels")):
        return data
    inputs = inputs_of(data) if isinstance(data, Dataset) else None
    batch_size = min(_USUAL_BATCH, len(data.labels))
    loader = Batches(
        data.images if inputs is None or inputs.features is None else inputs.prepared(data.images, dtype, who="data"),
        data.labels,
        batch_size,
        seed=123,
        drop_last=learning and leaves_single(len(data.labels), batch_size),
        shuffle=learning,
        classes=classes,
        dtype=dtype,
    )
    if inputs is not None:
        loader.inputs = inputs
    return loader
