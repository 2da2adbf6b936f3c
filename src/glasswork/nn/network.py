"""Network: layers in a row, and the two ways through them, forward and back.

x ──► linear1 ──► act1 ──► linear2 ──► act2 ──► scores        forward
      linear1 ◄── act1 ◄── linear2 ◄── act2 ◄── gradient      backward: each layer fills its own gradients
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import ArrayLike

from glasswork.arrays import FloatArray
from glasswork.nn.layer import Layer
from glasswork.nn.named_layers import NamedLayers
from glasswork.pixels import as_array, as_rows


class Network(NamedLayers):
    """Layers in a row, each with a name: the base of `MLP`."""

    def __call__(self, x: ArrayLike) -> FloatArray:
        """Return the scores for numbers that the first layer can take; `forward` does the same without conversion.

        Parameters
        ----------
        x : (batch, in_features), (batch, height, width), or one image
            Anything that ``numpy.asarray`` takes. Its shape and dtype are converted to the network's; its numbers are
            taken as they are, whatever their dtype.

        Returns
        -------
        (batch, out_features)
            A new array. One image is a batch of one.
        """
        return self.forward(self.prepare(x)).copy()

    def prepare(self, x: ArrayLike) -> FloatArray:
        """Convert the shape and the dtype of x to what the layers take; the numbers themselves do not change."""
        if (
            isinstance(x, np.ndarray)
            and x.dtype == self.dtype
            and x.shape[1:] == (self.in_features,)
            and x.flags.c_contiguous
        ):
            return x  # a batch of a loader, ready to use
        return np.ascontiguousarray(as_rows(self, as_array(self, x), self.in_features), self.dtype)

    @property
    def in_features(self) -> int:
        """Numbers in an image."""
        for layer in self.named_layers.values():  # a loop, because it is fast and every prediction needs this
            if layer.in_features:
                return layer.in_features
        return 0

    @property
    def out_features(self) -> int:
        """Scores of an image."""
        return next((layer.out_features for layer in reversed(self.layers) if layer.out_features), 0)

    def forward(self, x: FloatArray) -> FloatArray:
        """Send ``(batch, in_features)`` through all layers: the scores, ``(batch, out_features)``."""
        for layer in self.named_layers.values():
            x = layer.forward(x)
        return x

    def backward(self, grad_output: FloatArray) -> None:
        """Send the loss's gradient back through all layers, filling ``gradients()`` in place (the chain rule).

        It stops at the first layer that has parameters, as in the handout: the gradient with respect to the pixels
        is not needed.
        """
        first = next((layer for layer in self.named_layers.values() if layer.parameters()), None)
        for layer in reversed(self.named_layers.values()):
            if layer is first and _leaves_out_the_input(layer):
                layer.backward_parameters(grad_output)
                break
            grad_output = layer.backward(grad_output)
            if layer is first:
                break

    @contextmanager
    def mode(self, *, training: bool) -> Iterator[None]:
        """Context manager: sets training or evaluation mode, and restores the mode on exit.

        Dropout, noise and batch normalisation behave differently in the two modes, and in training mode layers reuse
        memory. A network is in evaluation mode unless `glasswork.train` is running.
        """
        before = self.training
        self.set_training(training)
        try:
            yield
        finally:
            self.set_training(before)


def _leaves_out_the_input(layer: Layer) -> bool:
    """Whether ``backward_parameters`` belongs to a layer's ``backward``, and nobody replaced only the latter."""
    places = (layer, *type(layer).__mro__)
    newest = next(vars(place) for place in places if {"backward", "backward_parameters"} & vars(place).keys())
    return "backward_parameters" in newest
