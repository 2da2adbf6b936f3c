"""Activations: what a neuron makes of its weighted sum, one number at a time.

            1 ┤        ╭────
              │      ╭─╯
    Sigmoid   ┤    ╭─╯
            0 ┼────╯

Without them any number of Linear layers would be one Linear layer.
"""

import numpy as np

from glasswork.arrays import FloatArray
from glasswork.nn.layer import Layer


class Sigmoid(Layer):
    """The logistic function, ``1 / (1 + exp(-x))`` (handout, section 4 B).

    For negative x it is computed as ``exp(x) / (1 + exp(x))``, which is the same number: so nothing
    overflows, and values close to 0 keep all their digits.
    """

    def forward(self, x: FloatArray) -> FloatArray:
        """Return the sigmoid of every element: ``(batch, features)`` → the same shape, in (0, 1)."""
        self._check_input(x)
        decay = self._reuse("decay", *x.shape)
        np.exp(np.negative(np.abs(x, out=decay), out=decay), out=decay)
        self.output = self._reuse("output", *x.shape)
        np.maximum(decay, x >= 0, out=self.output)
        decay += 1
        self.output /= decay
        return self.output

    def backward(self, grad_output: FloatArray) -> FloatArray:
        """Return ``grad_output * output * (1 - output)``."""
        self._check_grad(grad_output)
        grad_input = self._reuse("grad_input", *grad_output.shape)
        np.subtract(1, self.output, out=grad_input)
        grad_input *= self.output
        grad_input *= grad_output
        return grad_input


#: What recipes and model files call them.
ACTIVATIONS: dict[str, type[Layer]] = {"sigmoid": Sigmoid}
