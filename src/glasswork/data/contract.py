"""The input contract of data: what a network that is trained on them will take. See `glasswork.inputs`."""

import numpy as np

from glasswork.arrays import Images
from glasswork.data.dataset import Dataset
from glasswork.data.ground import border_of, some_of
from glasswork.data.split import Split
from glasswork.features import ColumnScaling, Features, Missing
from glasswork.inputs import Inputs
from glasswork.reading import Polarity, Reading

#: The share of pixels on the border that are light, or dark, where the ground is.
_MOST = 0.8

#: A pixel above this is light, and one below the other dark.
_LIGHT, _DARK = 170, 85


def inputs_of(
    data: Dataset | Split, *, scaling: ColumnScaling = "standardize", missing: Missing | None = None
) -> Inputs:
    """Return the contract of a network that is trained on a dataset, or on the training part of one that is split.

    Parameters
    ----------
    data : Dataset or Split
    scaling : {"standardize", "zero-to-one", "none"}
        Of the columns of a table of features, fitted on the training rows.
    missing : {"refuse", "median"}, optional
        What is done about missing features; by default the median of their column is used where data have such.
    """
    rows = data.train.images if isinstance(data, Split) else data.images
    columns = data.columns if data.columns and len(set(data.columns)) == len(data.columns) else None
    if data.kind == "features":
        missing = missing or ("median" if np.isnan(rows).any() else "refuse")
        features = Features.fit(rows, scaling=scaling, missing=missing, names=data.columns)
        return Inputs.of_features(features, columns=columns, label=data.origin.label, classes=data.classes)
    origin = data.origin
    reading = Reading(
        pictures=origin.pictures,
        low=origin.low,
        high=origin.high,
        polarity=polarity_of(rows, data.shape),
        colour="rgb" if len(data.shape) == 3 else "grey",
    )
    return Inputs.of_bytes(shape=data.shape, classes=data.classes, columns=columns, label=origin.label, reading=reading)


def polarity_of(images: Images, shape: tuple[int, ...]) -> Polarity:
    """Return whether images have dark ink on a light ground, as most of the pixels on their borders show."""
    if min(shape[:2]) < 3 or not len(images):
        return "not known"
    squares = some_of(images, shape)
    if len(shape) == 3:
        squares = squares.mean(axis=3).astype(np.uint8)
    border = border_of(squares)
    if np.mean(border > _LIGHT) > _MOST and squares.min() < _DARK:
        return "dark on light"
    return "light on dark" if np.mean(border < _DARK) > _MOST and squares.max() > _LIGHT else "not known"
