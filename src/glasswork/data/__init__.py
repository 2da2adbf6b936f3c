"""Where images come from and how they become batches."""

from glasswork.data.batches import Batches, int_to_onehot, minibatch_generator
from glasswork.data.dataset import Dataset
from glasswork.data.sources import load_dataset
from glasswork.data.sources.embedded import load_mnist
from glasswork.data.split import Part, Split, split
from glasswork.pixels import normalize

__all__ = [
    "Batches",
    "Dataset",
    "Part",
    "Split",
    "int_to_onehot",
    "load_dataset",
    "load_mnist",
    "minibatch_generator",
    "normalize",
    "split",
]
