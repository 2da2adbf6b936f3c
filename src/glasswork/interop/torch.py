"""PyTorch: a network as its layers with a copy of the weights, and the way back.

MLP(784-50-10) ──► Sequential(linear1: Linear, act1: Sigmoid, linear2: Linear, act2: Sigmoid)
"""

from collections import OrderedDict
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from glasswork.errors import InputError
from glasswork.inputs import Inputs
from glasswork.interop.arrays import modules_of, state_dict
from glasswork.interop.found import GELU_NOTE, Found, Module, check_precision, steps_of
from glasswork.interop.translation import check_layers, require
from glasswork.nn import MLP
from glasswork.nn.batchnorm import EPSILON

if TYPE_CHECKING:
    import torch

#: PyTorch's modules without arrays, by our kinds; a new layer is one line here.
_MODULES = {
    "sigmoid": "Sigmoid", "tanh": "Tanh", "relu": "ReLU", "leaky-relu": "LeakyReLU", "silu": "SiLU", "gelu": "GELU",
}  # fmt: skip

#: Modules that compute nothing in evaluation, or only what follows from the scores.
_PASSED = ("Dropout", "AlphaDropout", "Flatten", "Unflatten", "Identity")


def to_torch(model: MLP) -> "torch.nn.Sequential":
    """Return a network as a ``torch.nn.Sequential`` in evaluation mode, with the same layer names.

    Its ``load_state_dict`` also takes the numbered names of an exported ``.safetensors`` file, and `load` makes a
    network of it again, with the same input contract, which is its attribute ``inputs``.

    Parameters
    ----------
    model : MLP
        The network; its weights are copied.

    Returns
    -------
    torch.nn.Sequential
        Takes ``(batch, in_features)`` in the network's dtype, as ``model.prepared(rows)`` gives them; returns scores,
        ``(batch, out_features)``. Dropout and noise are left out.

    Raises
    ------
    MissingLibraryError
        If PyTorch is not installed.
    InputError
        If a layer is not one of glasswork's.
    """
    check_layers(model, target="to_torch")
    torch = require("torch", install="torch")
    twin = torch.nn.Sequential(OrderedDict((module.name, _twin(torch, module)) for module in modules_of(model)))
    twin.register_load_state_dict_pre_hook(_by_name)
    twin.load_state_dict({name: torch.from_numpy(array) for name, array in state_dict(model).items()})
    twin.inputs = model.inputs
    return twin.eval()


def _twin(torch: Any, module: Module) -> Any:
    """Return PyTorch's module for a layer, with initial weights."""
    if module.kind == "scale":
        twin = torch.nn.Module()
        twin.offset, twin.spread = module.settings["offset"], module.settings["spread"]
        twin.forward = partial(_scale, offset=twin.offset, spread=twin.spread)
        return twin
    if module.kind in _MODULES:
        options: dict[str, Any] = {
            "gelu": {"approximate": "tanh"},
            "leaky-relu": {"negative_slope": module.settings.get("slope")},
        }
        return getattr(torch.nn, _MODULES[module.kind])(**options.get(module.kind, {}))
    weight = module.parts["weight"]
    dtype = getattr(torch, weight.dtype.name)
    if module.kind == "linear":
        return torch.nn.Linear(weight.shape[1], len(weight), dtype=dtype)
    return torch.nn.BatchNorm1d(len(weight), eps=EPSILON, momentum=module.settings["momentum"], dtype=dtype)


def _scale(x: Any, *, offset: float, spread: float) -> Any:
    return (x - offset) * (1 / spread)


def _by_name(network: Any, state: dict[str, Any], prefix: str, *_: Any) -> None:
    """Rename the arrays of a numbered state dict after the network's modules."""
    names = [name for name, _ in network.named_children()]
    for key in [key for key in state if key.startswith(prefix)]:
        number, dot, part = key.removeprefix(prefix).partition(".")
        if number.isdecimal() and int(number) < len(names):
            state[f"{prefix}{names[int(number)]}{dot}{part}"] = state.pop(key)


def read_module(network: Any) -> Found:
    """Return the layers of a ``torch.nn.Sequential``, which may hold others."""
    found, modules = Found(), list[Module]()
    if isinstance(inputs := getattr(network, "inputs", None), Inputs):
        found.inputs = inputs
    kinds = {word: kind for kind, word in _MODULES.items()}
    for name, module in _leaves(network, ""):
        word = type(module).__name__
        if word in _PASSED:
            continue
        if found.scores_are:
            raise InputError(
                f"{network.__class__.__name__}: {name} ({word}) stands behind a softmax; expected scores there"
            )
        parts = {part: as_numpy(name, tensor) for part, tensor in module.state_dict().items()}
        check_precision(network.__class__.__name__, name, parts)
        if word == "Linear":
            modules.append(Module(name, "linear", {}, parts))
        elif word == "BatchNorm1d":
            whole = {"weight": np.ones(module.num_features), "bias": np.zeros(module.num_features), **parts}
            modules.append(Module(name, "batch-norm", {"eps": module.eps}, whole))
        elif word in kinds:
            modules.append(Module(name, kinds[word], {"slope": getattr(module, "negative_slope", 0.0)}))
            if getattr(module, "approximate", "tanh") != "tanh":
                found.notes.append(GELU_NOTE)
        elif word in ("Softmax", "LogSoftmax"):
            found.scores_are = "logits"
        elif hasattr(module, "spread"):
            modules.append(Module(name, "scale", {"offset": module.offset, "spread": module.spread}))
        else:
            raise InputError(
                f"{type(network).__name__}: {name or 'it'} is of class {word}, which does not say in which order its "
                "layers are used, or is not a layer of a multi-layer perceptron; give a torch.nn.Sequential of Linear, "
                "BatchNorm1d and activations, or write the network with torch.onnx.export and load that file"
            )
    found.steps = steps_of(type(network).__name__, modules)
    return found


def _leaves(module: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Yield the modules of a Sequential by name, and those of the Sequentials in it."""
    kinds: list[Any] = [kind for kind in type(module).__mro__ if kind.__name__ == "Sequential"]
    if not kinds or kinds[0].forward is not type(module).forward:
        yield name, module
        return
    for inner, child in module.named_children():
        yield from _leaves(child, f"{name}.{inner}" if name else inner)


def as_numpy(name: str, tensor: Any) -> Any:
    """Return a tensor as an array."""
    try:
        return np.asarray(tensor.detach().cpu().numpy() if hasattr(tensor, "detach") else tensor)
    except TypeError as error:  # bfloat16
        raise InputError(
            f"{name}: expected numbers that NumPy has ({error}); convert the network with .float()"
        ) from None
