"""Images or features with labels on which a network can be tested, read in the same way as its training data."""

from dataclasses import replace

import numpy as np

from glasswork.data.dataset import Dataset
from glasswork.data.sources import load_dataset
from glasswork.errors import InputError
from glasswork.models.loaded import ModelFile
from glasswork.reading import size_in_words


def load_like(source: str, read: ModelFile) -> Dataset:
    """Load images with labels in the same way as a network's training data: with its classes and its image size.

    Raises
    ------
    InputError
        If the images have another size, or the network does not know one of the classes.
    """
    scale = (read.reading.low, read.reading.high)
    dataset = load_dataset(source, shape=read.image_shape, prefer=scale, like=read.like)
    if dataset.images.shape[1] != read.model.in_features:
        raise InputError(
            f"{source}: {_size_of(dataset)}, but this network takes {read.model.in_features:,} numbers; choose data of "
            "that size"
        )
    number = {name: k for k, name in enumerate(read.classes)}
    shown = [dataset.classes[k] for k in np.unique(dataset.labels)]
    if unknown := [name for name in shown if name not in number]:
        raise InputError(
            f"{source}: the classes {', '.join(unknown[:5])} are not among the network's classes, which are "
            f"{', '.join(read.classes[:10])}{' ...' if len(read.classes) > 10 else ''}"
        )
    labels = np.array([number.get(name, 0) for name in dataset.classes])[dataset.labels]
    return replace(dataset, labels=labels, classes=read.classes)


def _size_of(dataset: Dataset) -> str:
    if dataset.kind == "features":
        return f"rows of {dataset.shape[1]:,} features"
    return f"images of {size_in_words(dataset.shape)}"
