"""BatchNorm: every feature is normalised to mean 0 and variance 1 over the batch, then scaled and shifted.

training     x ──► (x - mean of the batch) / its deviation  × gamma + beta
evaluation   x ──► (x - running mean) / running deviation   × gamma + beta
"""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from numpy.typing import DTypeLike

from glasswork.arrays import FloatArray
from glasswork.errors import InputError
from glasswork.nn.fixed_array import fixed_array
from glasswork.nn.layer import Layer
from glasswork.settings import Range, check_settings

#: Added to variances, so that a constant feature is not divided by zero.
EPSILON = 1e-5


class BatchNorm(Layer, kind="batch-norm"):
    """Batch normalisation (Ioffe and Szegedy 2015, algorithm 1).

    Parameters
    ----------
    features : int
        The number of inputs, and of outputs.
    momentum : float
        Weight of the newest batch in the running mean and variance.
    dtype : data type
        Of inputs and outputs; float32 unless told otherwise.

    Attributes
    ----------
    gamma, beta, grad_gamma, grad_beta : (features,)
        Learnt scale and shift, ones and zeros at first, and their gradients.
    running_mean, running_variance : (features,)
        Used in evaluation; the variance is the unbiased estimate, divided by ``batch - 1``.

    Raises
    ------
    InputError
        If a number is out of range; in training, also for a batch of one image, which has no variance.
    """

    scores_are = "logits"
    remembers = ("normal", "scale", "batch_statistics")

    gamma: FloatArray = fixed_array()
    beta: FloatArray = fixed_array()
    grad_gamma: FloatArray = fixed_array()
    grad_beta: FloatArray = fixed_array()
    running_mean: FloatArray = fixed_array()
    running_variance: FloatArray = fixed_array()

    def __init__(
        self,
        features: Annotated[int, Range(ge=1), "numbers in a row"],
        *,
        momentum: Annotated[float, Range(gt=0, le=1), "weight of the newest batch in the running statistics"] = 0.1,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.features, self.momentum = features, momentum
        super().__init__(dtype=dtype)
        check_settings(self, features=features, momentum=momentum)
        self.in_features = self.out_features = features
        self.gamma, self.beta = np.ones(features, self.dtype), np.zeros(features, self.dtype)
        self.grad_gamma, self.grad_beta = np.zeros_like(self.gamma), np.zeros_like(self.beta)
        self.running_mean, self.running_variance = np.zeros_like(self.beta), np.ones_like(self.gamma)

    def forward(self, x: FloatArray) -> FloatArray:
        """Normalise, scale and shift: ``(batch, features)`` → the same shape."""
        self._check_input(x, self.features)
        if self.training:
            self.check_batch(len(x))
        mean = x.mean(axis=0) if self.training else self.running_mean
        normal = np.subtract(x, mean, out=self._new("normal", *x.shape))
        variance = self._observe(mean, normal) if self.training else self.running_variance
        scale = 1 / np.sqrt(variance + EPSILON)
        normal *= scale
        output: FloatArray = np.multiply(normal, self.gamma, out=self._new("output", *x.shape))
        output += self.beta
        self.batch_statistics, self.normal, self.scale, self.output = self.training, normal, scale, output
        return output

    def check_batch(self, images: int) -> None:
        """Raise an InputError if a batch of this many images is too small for training: one image has no variance."""
        if images < 2:
            raise InputError(f"{self}: expected a batch of at least 2 images to train on, got {images}")

    def backward(self, grad_output: FloatArray) -> FloatArray:
        """Return the gradient with respect to the input; fill ``grad_gamma`` and ``grad_beta``.

        In training, the batch's mean and variance depend on the input too. With g for ``grad_output`` and means over
        the batch, that gives ``gamma * scale * (g - mean(g) - normal * mean(g * normal))``.
        """
        self._check_grad(grad_output)
        np.sum(grad_output, axis=0, out=self.grad_beta)
        np.einsum("bf,bf->f", grad_output, self.normal, out=self.grad_gamma)
        grad_input = self._new("grad_input", *grad_output.shape)
        if self.batch_statistics:
            np.multiply(self.normal, self.grad_gamma / -len(grad_output), out=grad_input)
            grad_input += grad_output
            grad_input -= self.grad_beta / len(grad_output)
            grad_input *= self.scale * self.gamma
        else:
            np.multiply(grad_output, self.scale * self.gamma, out=grad_input)
        return grad_input

    def _observe(self, mean: FloatArray, centred: FloatArray) -> FloatArray:
        """Return the batch's variance, and move the running statistics towards its mean and variance."""
        batch = len(centred)
        variance: FloatArray = np.einsum("bf,bf->f", centred, centred) / batch
        self.running_mean += self.momentum * (mean - self.running_mean)
        self.running_variance += self.momentum * (variance * (batch / (batch - 1)) - self.running_variance)
        return variance

    def parameters(self) -> list[FloatArray]:
        """Return ``[gamma, beta]``."""
        return [self.gamma, self.beta]

    def gradients(self) -> list[FloatArray]:
        """Return ``[grad_gamma, grad_beta]``."""
        return [self.grad_gamma, self.grad_beta]

    def state(self) -> dict[str, FloatArray]:
        """Return scale, shift and the running statistics by name."""
        return {
            "gamma": self.gamma,
            "beta": self.beta,
            "running_mean": self.running_mean,
            "running_variance": self.running_variance,
        }

    def settings(self) -> dict[str, Any]:
        """Return the width and the momentum."""
        return {"features": int(self.features), "momentum": float(self.momentum)}

    def __repr__(self) -> str:
        return f"BatchNorm({self.features!r})"
