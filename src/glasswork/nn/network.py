"""Network: named layers in a row, and the two ways through them, forward and back.

x ──► linear1 ──► act1 ──► linear2 ──► act2 ──► scores        forward
      linear1 ◄── act1 ◄── linear2 ◄── act2 ◄── gradient      backward: each layer fills its own gradients
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike

from glasswork.arrays import FloatArray
from glasswork.errors import InputError
from glasswork.nn.assembly import check_layers, give_indices
from glasswork.nn.layer import Layer
from glasswork.nn.random_layer import RandomLayer


class Network:
    """Layers in a row, each by a name: what `MLP` is made of.

    Attributes
    ----------
    named_layers : dict of str to Layer
        In the order in which an image passes them. Each is an attribute as well, as ``model.linear1``; assigning to
        it replaces the layer.
    dtype : data type
        Of all layers.
    """

    #: True while `glasswork.train` runs, and only then; so it is for each layer.
    training = False

    named_layers: dict[str, Layer]
    dtype: np.dtype[Any]

    def _take(self, layers: dict[str, Layer]) -> None:
        """Check these layers, and make them this network's own."""
        check_layers(layers, reserved=dir(type(self)))
        give_indices([layer for layer in layers.values() if isinstance(layer, RandomLayer)])
        self.named_layers = layers
        self.dtype = next(iter(layers.values())).dtype

    def __getattr__(self, name: str) -> Any:
        layers = self.__dict__.get("named_layers", {})
        if name in layers:
            return layers[name]
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}; its layers are {', '.join(layers)}")

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.__dict__.get("named_layers", {}):
            self._replace(name, value)
        elif isinstance(value, Layer):
            raise InputError(
                f"{self}: has no layer called {name} to replace; its layers are {', '.join(self.named_layers)}"
            )
        else:
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.named_layers]

    def _replace(self, name: str, layer: Any) -> None:
        if not isinstance(layer, Layer):
            raise InputError(f"{self}: expected {name} to be a layer, such as {self.named_layers[name]}, got {layer!r}")
        old = self.named_layers[name]
        for end in ("in_features", "out_features"):
            if getattr(old, end) and getattr(layer, end) not in (0, getattr(old, end)):
                raise InputError(f"{self}: expected a layer of the widths of {name}, which is {old}, got {layer}")
        check_layers(self.named_layers | {name: layer}, reserved=dir(type(self)))
        layer.set_training(self.training)
        self.named_layers[name] = layer
        others = [other for other in self.layers if isinstance(other, RandomLayer) and other is not layer]
        give_indices([*others, layer] if isinstance(layer, RandomLayer) else others)

    @property
    def layers(self) -> list[Layer]:
        """The layers, in the order in which an image passes them."""
        return list(self.named_layers.values())

    @property
    def in_features(self) -> int:
        """Numbers in an image."""
        for layer in self.named_layers.values():  # a loop, as every prediction asks for this
            if layer.in_features:
                return layer.in_features
        return 0

    @property
    def out_features(self) -> int:
        """Classes."""
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
            if layer is first and _leaves_out_the_input(type(layer)):
                layer.backward_parameters(grad_output)
                break
            grad_output = layer.backward(grad_output)
            if layer is first:
                break

    def set_position(self, step: int, row: int = 0) -> None:
        """Tell the layers that draw random numbers which step the next forward belongs to; see `RandomLayer`.

        Parameters
        ----------
        step : int
            From 0; `glasswork.train` counts the steps of a run.
        row : int
            The first image's row in its batch: 0 unless the batch is split into parts.
        """
        for layer in self.named_layers.values():
            if isinstance(layer, RandomLayer):
                layer.set_position(step, row)

    def parameters(self) -> list[FloatArray]:
        """Return all weights and biases, the first layer's first; always the same arrays."""
        return [parameter for layer in self.named_layers.values() for parameter in layer.parameters()]

    def gradients(self) -> list[FloatArray]:
        """Return the gradient of each of ``parameters()``, in the same order."""
        return [gradient for layer in self.named_layers.values() for gradient in layer.gradients()]

    def state(self) -> dict[str, FloatArray]:
        """Return every array of every layer by name, as ``{"linear1.weight": ..., ...}``."""
        return {
            f"{name}.{part}": array
            for name, layer in self.named_layers.items()
            for part, array in layer.state().items()
        }

    @contextmanager
    def mode(self, *, training: bool) -> Iterator[None]:
        """Context manager: sets training or evaluation mode, and restores the mode on exit.

        Dropout, noise and batch normalisation behave differently in the two modes, and in training mode layers reuse
        memory. A network is in evaluation mode unless `glasswork.train` is running.
        """
        before = self.training
        self._switch(training)
        try:
            yield
        finally:
            self._switch(before)

    def _switch(self, training: bool) -> None:
        self.training = training
        for layer in self.layers:
            layer.set_training(training)

    def summary(self) -> str:
        """Return a table of the layers, their output widths and numbers of parameters, as text to print."""
        rows = [("layer", "", "output", "parameters")]
        width = self.in_features
        for name, layer in self.named_layers.items():
            width = layer.out_features or width
            rows.append((name, repr(layer), str(width), f"{sum(p.size for p in layer.parameters()):,}"))
        rows.append(("all", repr(self), str(width), f"{sum(p.size for p in self.parameters()):,}"))
        wide = [max(len(row[column]) for row in rows) for column in range(4)]
        return "\n".join(
            f"{a:<{wide[0]}}  {b:<{wide[1]}}  {c:>{wide[2]}}  {d:>{wide[3]}}".rstrip() for a, b, c, d in rows
        )

    def astype(self, dtype: DTypeLike) -> Self:
        """Return a copy of this network that works in another dtype."""
        twin = copy.deepcopy(self)
        twin.dtype = np.dtype(dtype)
        for layer in twin.layers:
            layer.convert(twin.dtype)
        return twin


def _leaves_out_the_input(kind: type[Layer]) -> bool:
    """Whether ``backward_parameters`` belongs to a layer's ``backward``, and not to one that a subclass replaced."""
    own = next(vars(base) for base in kind.__mro__ if {"backward", "backward_parameters"} & vars(base).keys())
    return "backward_parameters" in own
