"""Linear layers to try: the student's class with given numbers in its arrays."""

from collections.abc import Callable
from typing import Any

import numpy as np

from glasswork.classroom.probes.base import numbers
from glasswork.classroom.student.observe import attempt

#: (batch, in, out): all different first, then the coincidences in which a wrong product goes through.
SIZES = ((2, 3, 4), (5, 3, 2), (2, 3, 3), (3, 3, 2), (2, 3, 2), (3, 3, 3), (1, 3, 2), (4, 1, 3), (3, 2, 1))

MEMBERS = ("weight", "bias", "grad_weight", "grad_bias")


def handout_object(cls: Any, weight: Any, bias: Any) -> Any:
    """Return an object with the handout's attributes, made without the student's ``__init__``."""
    layer = cls.__new__(cls)
    layer.weight, layer.bias = weight.copy(), bias.copy()
    layer.grad_weight, layer.grad_bias = np.zeros_like(weight), np.zeros_like(bias)
    return layer


def own_object(cls: Any, weight: Any, bias: Any) -> Any:
    """Return an object that the student's ``__init__`` made, with the given numbers put in its arrays."""
    layer = cls(weight.shape[0], weight.shape[1])
    own_weight, own_bias = own_parameters(layer)
    own_weight[...] = weight.T if is_transposed(cls) else weight
    own_bias[...] = bias.reshape(own_bias.shape)
    return layer


def own_parameters(layer: Any) -> tuple[Any, Any]:
    """Return a layer's weight and bias, whatever they are called."""
    weight, bias = getattr(layer, "weight", None), getattr(layer, "bias", None)
    if weight is None or bias is None:
        weight, bias = list(layer.parameters())[:2]
    return weight, bias


def is_transposed(cls: Any) -> bool:
    """Return whether the student's ``__init__`` makes weights of shape (out, in)."""
    if cls not in _transposed:
        _transposed.clear()
        _transposed[cls] = _makes_transposed(cls)
    return _transposed[cls]


_transposed: dict[Any, bool] = {}


def _makes_transposed(cls: Any) -> bool:
    weight = attempt(lambda: own_parameters(cls(4, 3))[0])
    return isinstance(weight, np.ndarray) and weight.shape == (3, 4)


def own_gradients(layer: Any) -> tuple[Any, Any]:
    """Return a layer's gradient arrays, as its optimizer gets them."""
    grad_weight, grad_bias = list(layer.gradients())[:2]
    return grad_weight, grad_bias


MAKERS: dict[str, Callable[[Any, Any, Any], Any]] = {"handout": handout_object, "own": own_object}


def linear_case(batch: int, n_in: int, n_out: int) -> tuple[Any, Any, Any]:
    """Return x, weight and bias of the given sizes: (batch, in), (in, out), (out,)."""
    return (
        numbers(batch, n_in, seed=1, most=4),
        numbers(n_in, n_out, seed=2, step=0.5, most=5),
        np.arange(1, n_out + 1) * 10.0,
    )
