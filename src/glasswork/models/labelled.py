"""Images with labels, read as a network's own were: what it can be tested on."""

from dataclasses import replace

import numpy as np

from glasswork.data.dataset import Dataset
from glasswork.data.sources import load_dataset
from glasswork.errors import InputError
from glasswork.models.model_file import ModelFile


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
