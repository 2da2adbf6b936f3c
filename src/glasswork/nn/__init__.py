"""What a network is: layers, losses, the MLP made of them, and the proof that its gradients are right."""

from glasswork.nn.activations import ACTIVATIONS, GELU, Activation, Identity, LeakyReLU, ReLU, Sigmoid, SiLU, Tanh
from glasswork.nn.batchnorm import BatchNorm
from glasswork.nn.dropout import Dropout
from glasswork.nn.gradcheck import gradcheck
from glasswork.nn.gradreport import Check, GradientReport
from glasswork.nn.layer import Layer
from glasswork.nn.layers import LAYERS, make_layer
from glasswork.nn.linear import Linear
from glasswork.nn.losses import LOSSES, CrossEntropyLoss, Loss, MSELoss, softmax
from glasswork.nn.mlp import MLP
from glasswork.nn.noise import GaussianNoise
from glasswork.nn.random_layer import RandomLayer

__all__ = [
    "ACTIVATIONS",
    "GELU",
    "LAYERS",
    "LOSSES",
    "MLP",
    "Activation",
    "BatchNorm",
    "Check",
    "CrossEntropyLoss",
    "Dropout",
    "GaussianNoise",
    "GradientReport",
    "Identity",
    "Layer",
    "LeakyReLU",
    "Linear",
    "Loss",
    "MSELoss",
    "RandomLayer",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "Tanh",
    "gradcheck",
    "make_layer",
    "softmax",
]
