"""Linear: every output is a weighted sum of all inputs plus a bias.

    x (batch, in) ──► x @ weight (in, out) + bias (out,) ──► output (batch, out)

Its gradients, by the chain rule (see `glasswork.nn.layer`). For image b, input i and output j,
``output[b, j] = Σᵢ x[b, i] weight[i, j] + bias[j]``, so a weight influences one output of every image::

    grad_weight[i, j] = Σ_b dloss/doutput[b, j] × doutput[b, j]/dweight[i, j]      the chain rule
                      = Σ_b grad_output[b, j] × x[b, i]                            the derivative of the sum above
                      = (x.T @ grad_output)[i, j]                                  the definition of a matrix product

A bias is a weight whose input is 1. An input influences every output of its image, and the weight is the factor::

    grad_bias[j]     = Σ_b grad_output[b, j]                  = grad_output.sum(axis=0)[j]
    grad_input[b, i] = Σ_j grad_output[b, j] × weight[i, j]   = (grad_output @ weight.T)[b, i]
"""

from __future__ import annotations

import functools
from typing import Any, Literal

import numpy as np
from numpy.typing import DTypeLike

from glasswork.arrays import FloatArray
from glasswork.errors import InputError
from glasswork.nn import initializers
from glasswork.nn.fixed_array import fixed_array
from glasswork.nn.layer import Layer
from glasswork.settings import check_number


class Linear(Layer, kind="linear"):
    """A fully connected layer, ``output = x @ weight + bias`` (handout, section 4 A).

    Its gradients, derived at the top of this file::

        grad_weight = x.T @ grad_output
        grad_bias   = grad_output.sum(axis=0)
        grad_input  = grad_output @ weight.T

    Parameters
    ----------
    in_features, out_features : int
        The numbers of inputs and outputs, at least 1 each.
    bias_grad : {"sum", "mean"}
        ``"sum"`` is the true gradient of the bias. ``"mean"`` is what the handout's listing computes: as the loss's
        gradient is already divided by the batch size, biases then learn more slowly, by a factor of 1/batch.
    dtype : data type
        Of weights, inputs and outputs.
    rng : numpy.random.Generator, optional
        Where initial weights come from; by default NumPy's global state, which ``np.random.seed`` sets.
    initializer : str
        How initial weights are drawn: ``"handout"`` is normal with a standard deviation of 0.1; see
        `glasswork.nn.initializers`.

    Attributes
    ----------
    weight, grad_weight : (in_features, out_features)
        The weights, random at first, and their gradient after ``backward``. Assigning to any of these attributes
        copies the numbers into the existing array.
    bias, grad_bias : (out_features,)
        The biases, zeros at first, and their gradient after ``backward``.

    Raises
    ------
    InputError
        If a width is below 1, ``bias_grad`` or ``initializer`` is unknown, or ``rng`` is not a generator.
    """

    scores_are = "logits"

    weight: FloatArray = fixed_array()
    bias: FloatArray = fixed_array()
    grad_weight: FloatArray = fixed_array()
    grad_bias: FloatArray = fixed_array()

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        bias_grad: Literal["sum", "mean"] = "sum",
        dtype: DTypeLike = np.float32,
        rng: np.random.Generator | None = None,
        initializer: str = "handout",
    ) -> None:
        self.in_features, self.out_features = in_features, out_features
        super().__init__(dtype=dtype)
        for name, width in (("in_features", in_features), ("out_features", out_features)):
            check_number(self, name, width, 1)
        if bias_grad not in ("sum", "mean"):
            raise InputError(f"{self}: expected bias_grad to be 'sum' or 'mean', got {bias_grad!r}")
        if rng is not None and not hasattr(rng, "normal"):
            raise InputError(f"{self}: expected rng such as numpy.random.default_rng(1), or None, got {rng!r}")
        self.bias_grad = bias_grad
        draw = initializers.initializer(initializer)
        self.weight = draw(in_features, out_features, np.random if rng is None else rng).astype(self.dtype)
        self.bias = np.zeros(out_features, self.dtype)
        self.grad_weight = np.zeros_like(self.weight)
        self.grad_bias = np.zeros_like(self.bias)

    def forward(self, x: FloatArray) -> FloatArray:
        """Return ``x @ weight + bias``: ``(batch, in_features)`` → ``(batch, out_features)``."""
        self._check_input(x, self.in_features)
        self.input = x
        output = self._new("output", len(x), self.out_features)
        np.dot(x, self.weight, out=output)
        output += self.bias
        self.output = output
        return output

    def backward(self, grad_output: FloatArray) -> FloatArray:
        """Return ``grad_input = grad_output @ weight.T``; fill ``grad_weight`` and ``grad_bias`` as well."""
        self.backward_parameters(grad_output)
        grad_input = self._new("grad_input", len(grad_output), self.in_features)
        return np.matmul(grad_output, self.weight.T, out=grad_input)

    def backward_parameters(self, grad_output: FloatArray) -> None:
        """Compute ``grad_weight = input.T @ grad_output`` and ``grad_bias = grad_output.sum(axis=0)``, in place."""
        self._check_grad(grad_output)
        np.matmul(self.input.T, grad_output, out=self.grad_weight)
        self.grad_bias[...] = sum_over_batch(grad_output)  # grad_output.sum(axis=0)
        if self.bias_grad == "mean":
            self.grad_bias /= len(grad_output)  # grad_output.mean(axis=0), as in the handout

    def parameters(self) -> list[FloatArray]:
        """Return ``[weight, bias]``."""
        return [self.weight, self.bias]

    def gradients(self) -> list[FloatArray]:
        """Return ``[grad_weight, grad_bias]``."""
        return [self.grad_weight, self.grad_bias]

    def state(self) -> dict[str, FloatArray]:
        """Return ``weight`` and ``bias`` by name."""
        return {"weight": self.weight, "bias": self.bias}

    def settings(self) -> dict[str, Any]:
        """Return the widths and the kind of bias gradient."""
        return {
            "in_features": int(self.in_features), "out_features": int(self.out_features), "bias_grad": self.bias_grad
        }  # fmt: skip

    def __repr__(self) -> str:
        return f"Linear({self.in_features}, {self.out_features})"


def sum_over_batch(rows: FloatArray) -> FloatArray:
    """Return ``rows.sum(axis=0)``, computed as a matrix product with ones, which takes a third of the time."""
    total: FloatArray = np.dot(_ones(len(rows), rows.dtype), rows)
    return total


@functools.lru_cache(maxsize=16)
def _ones(length: int, dtype: Any) -> FloatArray:
    ones = np.ones(length, dtype)
    ones.flags.writeable = False
    return ones
