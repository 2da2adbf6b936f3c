"""The real MNIST, 70,000 images, which comes with the package.

The four files and their authors: see ``mnist/ATTRIBUTION.md`` beside this file.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from glasswork.arrays import Images, Labels
from glasswork.data.dataset import Dataset
from glasswork.data.origin import Origin
from glasswork.data.sources.arrange import Asked
from glasswork.data.sources.idx import read_idx

_FOLDER = Path(__file__).parent / "mnist"

#: SHA-256 of each file's uncompressed content.
_SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


#: The fingerprint of the dataset in these files.
_FINGERPRINT = "ae66a2ceff17ea0aead541bb40dc5f3a2b15d4d8e5d79781e6ba6861adc6cfdc"


def load_mnist() -> tuple[Images, Labels]:
    """Return the MNIST that is embedded in the package; each file is checked as it is read.

    Returns
    -------
    images : (70000, 784) uint8
        Rows of 28×28 pixels, 0 is the background and 255 is full ink: the 60,000 training images, then the
        10,000 test images, which is the row order of OpenML's ``mnist_784``.
    labels : (70000,) int64
        The digit of each image.

    Raises
    ------
    FileError
        If a file is missing or differs from the published file.
    """
    images = np.empty((70_000, 28, 28), np.uint8)
    labels = np.empty(70_000, np.uint8)
    for part, rows in (("train", slice(0, 60_000)), ("t10k", slice(60_000, 70_000))):
        _fill(f"{part}-images-idx3-ubyte", images[rows])
        _fill(f"{part}-labels-idx1-ubyte", labels[rows])
    return images.reshape(70_000, 784), labels.astype(np.int64)


def load(argument: str = "", asked: Asked | None = None) -> Dataset:
    """Return the same as a `Dataset`."""
    images, labels = load_mnist()
    classes = tuple(str(digit) for digit in range(10))
    origin = Origin(
        "MNIST",
        "its name",
        {"train": 60_000, "test": 10_000},
        pictures="digits",
        source="mnist",
        sha256=_FINGERPRINT,
    )
    return Dataset(images, labels, classes, (28, 28), "MNIST", "mnist", origin)


def _fill(name: str, out: Images) -> None:
    read_idx(_FOLDER / f"{name}.gz", sha256=_SHA256[name], out=out)
