"""NamedLayers: layers by name, each of them an attribute, and the checks when one is replaced.

model.linear1        model.act1 = ReLU()        model.summary()
"""

from __future__ import annotations

from typing import Any

from glasswork.errors import InputError
from glasswork.nn.assembly import check_layers, give_indices
from glasswork.nn.layer import Layer
from glasswork.nn.module import Module, collect
from glasswork.nn.random_layer import RandomLayer


class NamedLayers(Module):
    """The layers of a `Network`.

    Attributes
    ----------
    named_layers : dict of str to Layer
        In the order in which an image passes them. Each is an attribute as well, as ``model.linear1``; assigning to
        it replaces the layer.
    dtype : data type
        Of all layers.
    """

    named_layers: dict[str, Layer]

    def _take(self, layers: dict[str, Layer]) -> None:
        """Check these layers, and make them this network's own."""
        check_layers(layers, reserved=dir(type(self)))
        self.named_layers = layers
        self.dtype = next(iter(layers.values())).dtype
        give_indices(self._random_layers())

    def _random_layers(self) -> list[RandomLayer]:
        return [module for module in self.modules() if isinstance(module, RandomLayer)]

    def children(self) -> dict[str, Module]:
        """Return the layers by name, and after them layers that are found in other attributes."""
        found: dict[str, Module] = dict(self.named_layers)
        for name, value in vars(self).items():
            collect(name, value, found)
        return found

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
        new = {id(module) for module in layer.modules()}
        give_indices(sorted(self._random_layers(), key=lambda random: id(random) in new))  # the others keep theirs

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
