"""What a network is: layers, losses, the MLP made of them, and the proof that its gradients are right."""

from glasswork.nn.activations import Sigmoid
from glasswork.nn.gradcheck import Check, GradientReport, gradcheck
from glasswork.nn.layer import Layer
from glasswork.nn.linear import Linear
from glasswork.nn.losses import Loss, MSELoss
from glasswork.nn.mlp import MLP

__all__ = ["MLP", "Check", "GradientReport", "Layer", "Linear", "Loss", "MSELoss", "Sigmoid", "gradcheck"]
