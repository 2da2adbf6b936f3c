"""Where images come from and how they become batches."""

from glasswork.data.batches import Batches, int_to_onehot, minibatch_generator
from glasswork.data.sources.embedded import load_mnist
from glasswork.data.split import Part, Split, split
from glasswork.pixels import normalize

__all__ = [
    "Batches",
    "Part",
    "Split",
    "int_to_onehot",
    "load_mnist",
    "minibatch_generator",
    "normalize",
    "split",
]
