"""The table of layers: by these names recipes and model files know them."""

from glasswork.nn.activations import ACTIVATIONS
from glasswork.nn.batchnorm import BatchNorm
from glasswork.nn.dropout import Dropout
from glasswork.nn.layer import Layer
from glasswork.nn.linear import Linear
from glasswork.nn.noise import GaussianNoise

#: ``LAYERS[layer.kind](**layer.settings(), dtype=...)`` makes a layer of the same shape.
LAYERS: dict[str, type[Layer]] = {
    "linear": Linear,
    "batch-norm": BatchNorm,
    "dropout": Dropout,
    "gaussian-noise": GaussianNoise,
    **ACTIVATIONS,
}
