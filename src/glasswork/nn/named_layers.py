"""NamedLayers: layers by name, each of them an attribute, and the checks when one is replaced.

model.linear1        model.act1 = ReLU()        model.summary()
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from glasswork.errors import InputError
from glasswork.nn.assembly import check_layers, give_indices
from glasswork.nn.layer import Layer
from glasswork.nn.module import Module, collect
from glasswork.nn.random_layer import RandomLayer

if TYPE_CHECKING:
    from glasswork.nn.batchnorm import BatchNorm
    from glasswork.nn.dropout import Dropout
    from glasswork.nn.linear import Linear
    from glasswork.nn.noise import GaussianNoise


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

    def _take(self, layers: Mapping[str, Layer]) -> None:
        """Check these layers, and make them the network's layers."""
        check_layers(layers, reserved=[*dir(type(self)), "named_layers", "dtype"])
        self.named_layers = dict(layers)
        self.dtype = next(iter(layers.values())).dtype
        give_indices(self._random_layers())

    def _random_layers(self) -> list[RandomLayer]:
        return [module for module in self.modules() if isinstance(module, RandomLayer)]

    def children(self) -> dict[str, Module]:
        """Return the layers by name, followed by layers found in other attributes."""
        found: dict[str, Module] = dict(self.named_layers)
        for name, value in vars(self).items():
            collect(name, value, found)
        return found

    if TYPE_CHECKING:  # the handout's names; of other layers, a type checker takes named_layers["name"]
        linear1: Linear
        linear2: Linear
        linear3: Linear
        linear4: Linear
        linear5: Linear
        linear6: Linear
        act1: Any
        act2: Any
        act3: Any
        act4: Any
        act5: Any
        act6: Any
        norm1: BatchNorm
        norm2: BatchNorm
        norm3: BatchNorm
        norm4: BatchNorm
        norm5: BatchNorm
        drop0: Dropout
        drop1: Dropout
        drop2: Dropout
        drop3: Dropout
        drop4: Dropout
        drop5: Dropout
        noise0: GaussianNoise
        noise1: GaussianNoise
        noise2: GaussianNoise
        noise3: GaussianNoise
        noise4: GaussianNoise
        noise5: GaussianNoise
    else:

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
                raise InputError(f"{self}: expected a layer with the widths of {name}, which is {old}, got {layer}")
        check_layers(self.named_layers | {name: layer}, reserved=dir(type(self)))
        layer.set_training(self.training)
        self.named_layers[name] = layer
        new = {id(module) for module in layer.modules()}
        give_indices(sorted(self._random_layers(), key=lambda random: id(random) in new))  # the others keep theirs

    @property
    def layers(self) -> list[Layer]:
        """The layers, in the order in which an image passes them."""
        return list(self.named_layers.values())
