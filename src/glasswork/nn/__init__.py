"""What a network is: layers, losses, and the MLP made of them."""

from glasswork.nn.activations import ACTIVATIONS, GELU, Activation, Identity, LeakyReLU, ReLU, Sigmoid, SiLU, Tanh
from glasswork.nn.batchnorm import BatchNorm
from glasswork.nn.dropout import Dropout
from glasswork.nn.layer import Layer
from glasswork.nn.layers import LAYERS, make_layer
from glasswork.nn.linear import Linear
from glasswork.nn.losses import LOSSES, CrossEntropyLoss, Loss, MSELoss
from glasswork.nn.mlp import MLP
from glasswork.nn.noise import GaussianNoise
from glasswork.nn.output_losses import BinaryCrossEntropyLoss, PoissonLoss
from glasswork.nn.random_layer import RandomLayer
from glasswork.nn.scale import Scale
from glasswork.nn.scores import softmax

__all__ = [
    "ACTIVATIONS",
    "GELU",
    "LAYERS",
    "LOSSES",
    "MLP",
    "Activation",
    "BatchNorm",
    "BinaryCrossEntropyLoss",
    "CrossEntropyLoss",
    "Dropout",
    "GaussianNoise",
    "Identity",
    "Layer",
    "LeakyReLU",
    "Linear",
    "Loss",
    "MSELoss",
    "PoissonLoss",
    "RandomLayer",
    "ReLU",
    "Scale",
    "SiLU",
    "Sigmoid",
    "Tanh",
    "make_layer",
    "softmax",
]
