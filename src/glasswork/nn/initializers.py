"""Initial weights: random, and of a size with which signals neither fade nor explode from layer to layer.

    spread of a layer's sums ≈ spread of its inputs     when     weight variance ≈ gain / fan

with ``fan_in`` and ``fan_out`` the numbers of inputs and outputs of the layer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from glasswork.errors import InputError

#: Takes fan_in, fan_out and a source of random numbers; returns weights (fan_in, fan_out) in float64.
Initializer: TypeAlias = Callable[[int, int, Any], NDArray[np.float64]]


def handout(fan_in: int, fan_out: int, rng: Any) -> NDArray[np.float64]:
    """Return normal weights with a standard deviation of 0.1 for any widths: the handout's small random values."""
    return np.asarray(rng.normal(0.0, 0.1, (fan_in, fan_out)))


def _variance(name: str, fan_in: int, fan_out: int) -> float:
    if name == "xavier":
        return 2 / (fan_in + fan_out)
    return (2 if name == "he" else 1) / fan_in


def _normal(name: str) -> Initializer:
    def draw(fan_in: int, fan_out: int, rng: Any) -> NDArray[np.float64]:
        return np.asarray(rng.normal(0.0, math.sqrt(_variance(name, fan_in, fan_out)), (fan_in, fan_out)))

    return draw


def _uniform(name: str) -> Initializer:
    def draw(fan_in: int, fan_out: int, rng: Any) -> NDArray[np.float64]:
        bound = math.sqrt(3 * _variance(name, fan_in, fan_out))  # a uniform on ±b has variance b²/3
        return np.asarray(rng.uniform(-bound, bound, (fan_in, fan_out)))

    return draw


#: By the names that recipes use. Variances: ``xavier`` 2 / (fan_in + fan_out) (Glorot and Bengio 2010, eq. 16), for
#: tanh; ``he`` 2 / fan_in (He et al. 2015, eq. 10), for ReLU and its kin; ``lecun`` 1 / fan_in (LeCun et
#: al. 1998, "Efficient BackProp", eq. 16).
INITIALIZERS: dict[str, Initializer] = {
    "handout": handout,
    "xavier": _normal("xavier"),
    "xavier-uniform": _uniform("xavier"),
    "he": _normal("he"),
    "he-uniform": _uniform("he"),
    "lecun": _normal("lecun"),
    "lecun-uniform": _uniform("lecun"),
}


def initializer(name: str) -> Initializer:
    """Return the initialiser of that name.

    Raises
    ------
    InputError
        If there is no initialiser of that name.
    """
    if not isinstance(name, str) or name not in INITIALIZERS:
        raise InputError(f"initializer: expected one of {', '.join(INITIALIZERS)}, got {name!r}")
    return INITIALIZERS[name]
