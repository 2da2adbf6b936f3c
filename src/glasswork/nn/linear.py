"""Linear: every output is a weighted sum of all inputs plus a bias.

x (batch, in) ──► x @ weight (in, out) + bias (out,) ──► (batch, out)
"""

from typing import Literal

import numpy as np
from numpy.typing import DTypeLike

from glasswork.arrays import FloatArray
from glasswork.errors import InputError
from glasswork.nn import initializers
from glasswork.nn.layer import Layer


class Linear(Layer):
    """A fully connected layer, ``output = x @ weight + bias`` (handout, section 4 A).

    Parameters
    ----------
    in_features, out_features : int
        How many numbers come in and go out, at least 1 each.
    bias_grad : {"sum", "mean"}
        ``"sum"`` is the true gradient of the bias. ``"mean"`` is what the handout's listing does: as the
        loss's gradient is divided by the batch already, biases then learn 1/batch as fast.
    dtype : data type
        Of weights, inputs and outputs.
    rng : numpy.random.Generator, optional
        Where initial weights come from; by default NumPy's global state, which ``np.random.seed`` sets.
    initializer : str
        How large they are: ``"handout"`` is N(0, 0.1); see `glasswork.nn.initializers`.

    Attributes
    ----------
    weight, grad_weight : (in_features, out_features)
        Random at first, and the gradient of the last ``backward``.
    bias, grad_bias : (out_features,)
        Zeros at first, and the gradient of the last ``backward``.

    Raises
    ------
    InputError
        If a width is below 1, or ``bias_grad`` or ``initializer`` is not one of those there are.
    """

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
            if not isinstance(width, int | np.integer) or width < 1:
                raise InputError(f"{self}: expected {name} to be an integer of at least 1, got {width!r}")
        if bias_grad not in ("sum", "mean"):
            raise InputError(f"{self}: expected bias_grad to be 'sum' or 'mean', got {bias_grad!r}")
        self.bias_grad = bias_grad
        draw = initializers.initializer(initializer)
        self.weight: FloatArray = draw(in_features, out_features, np.random if rng is None else rng).astype(self.dtype)
        self.bias: FloatArray = np.zeros(out_features, self.dtype)
        self.grad_weight = np.zeros_like(self.weight)
        self.grad_bias = np.zeros_like(self.bias)

    def forward(self, x: FloatArray) -> FloatArray:
        """Return ``x @ weight + bias``: ``(batch, in_features)`` → ``(batch, out_features)``."""
        self._check_input(x, self.in_features)
        self.input = x
        self.output = self._reuse("output", len(x), self.out_features)
        np.matmul(x, self.weight, out=self.output)
        self.output += self.bias
        return self.output

    def backward(self, grad_output: FloatArray) -> FloatArray:
        """Return ``grad_output @ weight.T``; fill ``grad_weight`` and ``grad_bias``."""
        self.backward_parameters(grad_output)
        grad_input = self._reuse("grad_input", len(grad_output), self.in_features)
        return np.matmul(grad_output, self.weight.T, out=grad_input)

    def backward_parameters(self, grad_output: FloatArray) -> None:
        """Fill ``grad_weight = input.T @ grad_output`` and ``grad_bias``, its sum over the batch."""
        self._check_grad(grad_output)
        np.matmul(self.input.T, grad_output, out=self.grad_weight)
        ones = self._constant(1, 1, len(grad_output))[0]
        np.dot(ones, grad_output, out=self.grad_bias)  # the sum over the batch, by BLAS, in a third of sum's time
        if self.bias_grad == "mean":
            self.grad_bias /= len(grad_output)

    def parameters(self) -> list[FloatArray]:
        """Return ``[weight, bias]``."""
        return [self.weight, self.bias]

    def gradients(self) -> list[FloatArray]:
        """Return ``[grad_weight, grad_bias]``."""
        return [self.grad_weight, self.grad_bias]

    def state(self) -> dict[str, FloatArray]:
        """Return ``weight`` and ``bias`` by name."""
        return {"weight": self.weight, "bias": self.bias}

    def __repr__(self) -> str:
        return f"Linear({self.in_features}, {self.out_features})"
