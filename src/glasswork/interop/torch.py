"""to_torch: a network as PyTorch's own layers, with a copy of its weights.

MLP(784-50-10) ──► Sequential(linear1: Linear, act1: Sigmoid, linear2: Linear, act2: Sigmoid)
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from glasswork.interop.translation import check_layers, require
from glasswork.nn import (
    GELU,
    MLP,
    BatchNorm,
    Dropout,
    GaussianNoise,
    Identity,
    Layer,
    LeakyReLU,
    Linear,
    ReLU,
    Scale,
    Sigmoid,
    SiLU,
    Tanh,
)
from glasswork.nn.batchnorm import EPSILON

if TYPE_CHECKING:
    import torch


def to_torch(model: MLP) -> "torch.nn.Sequential":
    """Return a network as a ``torch.nn.Sequential`` in evaluation mode, with the same layer names.

    Parameters
    ----------
    model : MLP
        The network; its weights are copied.

    Returns
    -------
    torch.nn.Sequential
        Takes ``(batch, in_features)`` in the network's dtype, prepared as by `glasswork.normalize`; returns scores,
        ``(batch, out_features)``. Dropout and noise are left out.

    Raises
    ------
    MissingLibraryError
        If PyTorch is not installed.
    InputError
        If a layer is not one of glasswork's.
    """
    check_layers(model, _TRANSLATIONS, target="to_torch")
    torch = require("torch", install="torch")
    modules: OrderedDict[str, Any] = OrderedDict()
    for name, layer in model.named_layers.items():
        make = _TRANSLATIONS[type(layer)]
        if make is not None:
            modules[name] = make(torch, layer)
    return torch.nn.Sequential(modules).eval()


def modules_of(model: MLP) -> list[Layer]:
    """Return the layers that `to_torch` keeps, in order.

    Raises
    ------
    InputError
        If a layer is not one of glasswork's.
    """
    check_layers(model, _TRANSLATIONS, target="to_torch")
    return [layer for layer in model.layers if _TRANSLATIONS[type(layer)] is not None]


def _linear(torch: Any, layer: Linear) -> Any:
    twin = torch.nn.Linear(layer.in_features, layer.out_features, dtype=_dtype(torch, layer))
    return _filled(torch, twin, {"weight": layer.weight.T, "bias": layer.bias})


def _batch_norm(torch: Any, layer: BatchNorm) -> Any:
    twin = torch.nn.BatchNorm1d(layer.features, eps=EPSILON, momentum=layer.momentum, dtype=_dtype(torch, layer))
    arrays = {
        "weight": layer.gamma,
        "bias": layer.beta,
        "running_mean": layer.running_mean,
        "running_var": layer.running_variance,
    }
    return _filled(torch, twin, arrays)


def _filled(torch: Any, twin: Any, arrays: dict[str, Any]) -> Any:
    with torch.no_grad():
        for name, array in arrays.items():
            getattr(twin, name).copy_(torch.from_numpy(array))
    return twin


def _scale(torch: Any, layer: Scale) -> Any:
    scale = torch.nn.Module()
    scale.forward = lambda x: (x - layer.offset) * (1 / layer.spread)
    return scale


def _dtype(torch: Any, layer: Layer) -> Any:
    return getattr(torch, layer.dtype.name)


#: PyTorch's counterpart of each layer, None for layers that do nothing in evaluation; a new layer is one line here.
_TRANSLATIONS: dict[type[Layer], Callable[[Any, Any], Any] | None] = {
    Linear: _linear,
    BatchNorm: _batch_norm,
    Sigmoid: lambda torch, _: torch.nn.Sigmoid(),
    Tanh: lambda torch, _: torch.nn.Tanh(),
    ReLU: lambda torch, _: torch.nn.ReLU(),
    LeakyReLU: lambda torch, layer: torch.nn.LeakyReLU(layer.slope),
    SiLU: lambda torch, _: torch.nn.SiLU(),
    GELU: lambda torch, _: torch.nn.GELU(approximate="tanh"),
    Identity: None,
    Dropout: None,
    GaussianNoise: None,
    Scale: _scale,
}
