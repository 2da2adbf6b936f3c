"""Activations: the function that a neuron applies to its weighted sum, one number at a time.

    Sigmoid  1 ┤      ╭───      ReLU   ┤      ╱      Tanh  1 ┤     ╭───
               ┤    ╭─╯                ┤    ╱                ┼────╱────
             0 ┼────╯                0 ┼───╯              -1 ┤───╯

LeakyReLU, SiLU and GELU are ReLU with its left side tilted or its corner rounded. Without activations,
several Linear layers could compute no more than a single one.

A backward is ``grad_output`` times the function's derivative, number by number (see `glasswork.nn.layer`). It uses
the stored output where it can: the derivative of a sigmoid, for one, is ``output * (1 - output)``.
"""

from __future__ import annotations

import functools
import math
from typing import Annotated, Any

import numpy as np
from numpy.typing import DTypeLike

from glasswork.arrays import FloatArray
from glasswork.nn.layer import Layer
from glasswork.settings import Range, check_settings


class Activation(Layer):
    """Base of all activations.

    Parameters
    ----------
    dtype : data type
        Of inputs and outputs; float32 unless told otherwise.

    Attributes
    ----------
    initializer : str
        The initialiser that suits the weights in front of this activation; see `glasswork.nn.initializers`.
    """

    initializer = "he"

    def _output_like(self, x: FloatArray) -> FloatArray:
        """Check the input and return an array to fill, ``self.output``, which backward uses."""
        self._check_input(x)
        self.output = output = self._new("output", *x.shape)
        return output

    def _gradient_like(self, grad_output: FloatArray) -> FloatArray:
        """Check the gradient and return an array to fill, which backward returns."""
        self._check_grad(grad_output)
        return self._new("grad_input", *grad_output.shape)

    def _sigmoid(self, x: FloatArray, *, out: FloatArray) -> FloatArray:
        """Return ``1 / (1 + exp(-x))``, computed as ``exp(x) / (1 + exp(x))``, in ``out``.

        x is clipped where the result already rounds to 1. So nothing overflows, and results near 0 keep all digits.
        """
        power = self._new("power", *x.shape)
        np.minimum(x, self._constant(_largest_power(self.dtype), *x.shape), out=power)
        np.exp(power, out=power)
        np.add(power, 1, out=out)
        return np.divide(power, out, out=out)

    def _zeros(self, x: FloatArray) -> FloatArray:
        """Return zeros of the shape of x: NumPy's maximum is faster with an array than with a scalar."""
        return self._constant(0, *x.shape)


@functools.cache
def _largest_power(dtype: np.dtype[Any]) -> float:
    """Return an x whose exp(x) does not overflow, and for which ``exp(x) / (1 + exp(x))`` rounds to 1."""
    return 0.9 * math.log(float(np.finfo(dtype).max))


class Sigmoid(Activation, kind="sigmoid"):
    """The logistic function, ``1 / (1 + exp(-x))`` (handout, section 4 B).

    Parameters
    ----------
    dtype : data type
        Of inputs and outputs; float32 unless told otherwise.
    """

    scores_are = "probabilities"
    initializer = "handout"

    def forward(self, x: FloatArray) -> FloatArray:
        """Return the sigmoid of every element, in (0, 1)."""
        output = self._output_like(x)
        return self._sigmoid(x, out=output)

    def backward(self, grad_output: FloatArray) -> FloatArray:
        """Return ``grad_output * output * (1 - output)``."""
        grad_input = self._gradient_like(grad_output)
        np.subtract(1, self.output, out=grad_input)
        grad_input *= self.output
        grad_input *= grad_output
        return grad_input


class Tanh(Activation, kind="tanh"):
    """The hyperbolic tangent, a sigmoid from -1 to 1.

    Parameters
    ----------
    dtype : data type
        Of inputs and outputs; float32 unless told otherwise.
    """

    scores_are = "probabilities"
    initializer = "xavier"

    def forward(self, x: FloatArray) -> FloatArray:
        """Return ``tanh(x)``."""
        output = self._output_like(x)
        return np.tanh(x, out=output)

    def backward(self, grad_output: FloatArray) -> FloatArray:
        """Return ``grad_output * (1 - output²)``."""
        grad_input = self._gradient_like(grad_output)
        np.square(self.output, out=grad_input)
        np.subtract(1, grad_input, out=grad_input)
        grad_input *= grad_output
        return grad_input


class ReLU(Activation, kind="relu"):
    """The rectified linear unit, ``max(x, 0)`` (Nair and Hinton 2010). Its slope at 0 is taken as 0.

    Parameters
    ----------
    dtype : data type
        Of inputs and outputs; float32 unless told otherwise.
    """

    scores_are = "probabilities"

    def forward(self, x: FloatArray) -> FloatArray:
        """Return ``max(x, 0)``."""
        output = self._output_like(x)
        return np.maximum(x, self._zeros(x), out=output)

    def backward(self, grad_output: FloatArray) -> FloatArray:
        """Return ``grad_output`` where the output is positive, 0 elsewhere."""
        grad_input = self._gradient_like(grad_output)
        return np.multiply(grad_output, self.output > 0, out=grad_input)


class LeakyReLU(Activation, kind="leaky-relu"):
    """A ReLU with a small slope on the left: x, or ``slope * x`` where x is negative (Maas et al. 2013).

    Parameters
    ----------
    slope : float
        On the left of 0: 0 or more, and below 1.
    dtype : data type
        Of inputs and outputs; float32 unless told otherwise.

    Raises
    ------
    InputError
        If ``slope`` is out of range.
    """

    scores_are = "probabilities"

    def __init__(
        self,
        slope: Annotated[float, Range(ge=0, lt=1), "slope on the left of 0"] = 0.01,
        *,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.slope = slope
        super().__init__(dtype=dtype)
        check_settings(self, slope=slope)

    def forward(self, x: FloatArray) -> FloatArray:
        """Return ``max(x, slope * x)``."""
        output = self._output_like(x)
        np.multiply(x, self.slope, out=output)
        return np.maximum(x, output, out=output)

    def backward(self, grad_output: FloatArray) -> FloatArray:
        """Return ``grad_output`` where the output is positive, ``slope * grad_output`` elsewhere."""
        grad_input = self._gradient_like(grad_output)
        np.maximum(self.output > 0, self.slope, out=grad_input, casting="same_kind")
        grad_input *= grad_output
        return grad_input

    def settings(self) -> dict[str, Any]:
        """Return the slope."""
        return {"slope": float(self.slope)}

    def __repr__(self) -> str:
        return f"LeakyReLU({self.slope})"


class SiLU(Activation, kind="silu"):
    """``x * sigmoid(x)``, also called swish (Elfwing et al. 2017; Ramachandran et al. 2017).

    Parameters
    ----------
    dtype : data type
        Of inputs and outputs; float32 unless told otherwise.
    """

    scores_are = "probabilities"
    remembers = ("gate",)

    def forward(self, x: FloatArray) -> FloatArray:
        """Return ``x * sigmoid(x)``."""
        output = self._output_like(x)
        self.gate = gate = self._sigmoid(x, out=self._new("gate", *x.shape))
        return np.multiply(x, gate, out=output)

    def backward(self, grad_output: FloatArray) -> FloatArray:
        """Return ``grad_output * (gate + output * (1 - gate))``, gate being the sigmoid."""
        grad_input = self._gradient_like(grad_output)
        np.subtract(1, self.gate, out=grad_input)
        grad_input *= self.output
        grad_input += self.gate
        grad_input *= grad_output
        return grad_input


class GELU(Activation, kind="gelu"):
    """``x * Φ(x)``, Φ being the normal distribution function (Hendrycks and Gimpel 2016).

    Computed by the paper's approximation, ``x/2 * (1 + tanh(√(2/π) (x + 0.044715 x³)))``, whose error is at most 5e-4.

    Parameters
    ----------
    dtype : data type
        Of inputs and outputs; float32 unless told otherwise.
    """

    scores_are = "probabilities"
    remembers = ("tanh",)

    def forward(self, x: FloatArray) -> FloatArray:
        """Return ``x * Φ(x)``, as ``x * (1 + tanh) / 2``."""
        output = self._output_like(x)
        self.input, self.tanh = x, (tanh := self._tanh_of_cubic(x))
        np.add(tanh, 1, out=output)
        output *= x
        output *= 0.5
        return output

    def _tanh_of_cubic(self, x: FloatArray) -> FloatArray:
        """Return ``tanh(√(2/π) (x + 0.044715 x³))``."""
        tanh = self._new("tanh", *x.shape)
        np.square(x, out=tanh)
        tanh *= 0.044715
        tanh += 1
        tanh *= x
        tanh *= math.sqrt(2 / math.pi)
        return np.tanh(tanh, out=tanh)

    def backward(self, grad_output: FloatArray) -> FloatArray:
        """Return ``grad_output / 2 * (1 + tanh + x (1 - tanh²) √(2/π) (1 + 3 * 0.044715 x²))``."""
        grad_input = self._gradient_like(grad_output)
        inner = self._new("inner", *grad_output.shape)
        np.square(self.input, out=inner)
        inner *= 3 * 0.044715
        inner += 1
        inner *= self.input
        inner *= math.sqrt(2 / math.pi)
        np.square(self.tanh, out=grad_input)
        np.subtract(1, grad_input, out=grad_input)
        grad_input *= inner
        grad_input += self.tanh
        grad_input += 1
        grad_input *= grad_output
        grad_input *= 0.5
        return grad_input


class Identity(Activation, kind="identity"):
    """No activation: returns x.

    Parameters
    ----------
    dtype : data type
        Of inputs and outputs; float32 unless told otherwise.
    """

    initializer = "lecun"

    def forward(self, x: FloatArray) -> FloatArray:
        """Return a copy of x."""
        output = self._output_like(x)
        np.copyto(output, x)
        return output

    def backward(self, grad_output: FloatArray) -> FloatArray:
        """Return ``grad_output`` unchanged."""
        self._check_grad(grad_output)
        return grad_output


#: By the names that recipes and model files use.
ACTIVATIONS: dict[str, type[Activation]] = {
    str(kind.kind): kind for kind in (Sigmoid, Tanh, ReLU, LeakyReLU, SiLU, GELU, Identity)
}
