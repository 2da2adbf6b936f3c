"""Formulas for a single number: exponential and logarithm, the activations and their slopes.

Each is written once for float32 and float64; `same` gives a constant the dtype of the numbers. In float32, a few terms
of a series are exact to the last digit, so the elementary functions are polynomials: loops over them become vector
instructions, which are ten times as fast as library calls. In float64, the library is called.

Coefficients of the polynomials: Cephes (Moshier 1989), single precision.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from glasswork.engine.compiled.compiling import OPTIONS, kernel
from glasswork.engine.compiled.native import same


def _replace_float32(function: Callable[..., Any], short: Callable[..., Any]) -> None:
    """Make kernels that call ``function`` run ``short`` if its argument is float32."""

    def choose(x: Any) -> Callable[..., Any]:
        return short if x == types.float32 else function

    overload(function, jit_options=dict(OPTIONS))(choose)


def exp(x: Any) -> Any:
    """Return e to the power of x."""
    return math.exp(x)


def log(x: Any) -> Any:
    """Return the natural logarithm of x."""
    return math.log(x)


def tanh(x: Any) -> Any:
    """Return the hyperbolic tangent of x."""
    return math.tanh(x)


def cos_and_sin(x: Any) -> Any:
    """Return cosine and sine of an angle."""
    return math.cos(x), math.sin(x)


def _short_exp(x: Any) -> Any:
    """``2^n e^r``, with x = n log 2 + r: e^r as a polynomial, 2^n by its bits."""
    f = np.float32
    x = f(-87.0) if x < f(-87.0) else x  # in this form NaN stays NaN
    x = f(88.0) if x > f(88.0) else x
    n = np.floor(x * f(1.44269504) + f(0.5))
    r = x - n * f(0.693359375) + n * f(2.12194440e-4)
    p = f(1.9875691500e-4)
    p = p * r + f(1.3981999507e-3)
    p = p * r + f(8.3334519073e-3)
    p = p * r + f(4.1665795894e-2)
    p = p * r + f(1.6666665459e-1)
    p = p * r + f(5.0000001201e-1)
    p = p * r * r + r + f(1.0)
    return p * np.int32((np.int32(n) + np.int32(127)) << np.int32(23)).view(np.float32)


def _short_log(x: Any) -> Any:
    """``e log 2 + log m``, with x = 2^e m and m from √½ to √2: log m as a polynomial. For x above 0."""
    f = np.float32
    bits = np.float32(x).view(np.int32) - np.int32(0x3F3504F3)  # of √½
    e = bits >> np.int32(23)
    m = np.int32((bits & np.int32(0x007FFFFF)) + np.int32(0x3F3504F3)).view(np.float32) - f(1.0)
    p = f(7.0376836292e-2)
    p = p * m + f(-1.1514610310e-1)
    p = p * m + f(1.1676998740e-1)
    p = p * m + f(-1.2420140846e-1)
    p = p * m + f(1.4249322787e-1)
    p = p * m + f(-1.6668057665e-1)
    p = p * m + f(2.0000714765e-1)
    p = p * m + f(-2.4999993993e-1)
    p = p * m + f(3.3333331174e-1)
    square = m * m
    n = f(e)
    return m + (p * m * square - f(0.5) * square + n * f(-2.12194440e-4)) + n * f(0.693359375)


def _short_tanh(x: Any) -> Any:
    """``x + x³ P(x²)`` near 0, elsewhere ``1 - 2 / (e^2|x| + 1)`` with the sign of x."""
    f = np.float32
    size = abs(x)
    s = x * x
    p = f(-5.70498872745e-3)
    p = p * s + f(2.06390887954e-2)
    p = p * s + f(-5.37397155531e-2)
    p = p * s + f(1.33314422036e-1)
    p = p * s + f(-3.33332819422e-1)
    near = x + x * s * p
    far = f(1.0) - f(2.0) / (exp(size + size) + f(1.0))
    far = -far if x < f(0.0) else far
    return near if size < f(0.625) else far


def _short_cos_and_sin(x: Any) -> Any:
    """Polynomials of the angle to the nearest quarter turn; the quarter decides which is which, and the signs."""
    f = np.float32
    n = np.floor(x * f(0.636619772) + f(0.5))
    r = x - n * f(1.5703125) - n * f(4.8375129699707031e-4) - n * f(7.549789948768648e-8)
    quarter = np.int32(n)
    s = r * r
    sine = ((f(-1.9515295891e-4) * s + f(8.3321608736e-3)) * s + f(-1.6666654611e-1)) * s * r + r
    cosine = (
        ((f(2.443315711809948e-5) * s + f(-1.388731625493765e-3)) * s + f(4.166664568298827e-2)) * s * s
        - f(0.5) * s + f(1.0)
    )  # fmt: skip
    odd = (quarter & np.int32(1)) != 0
    c, d = (sine, cosine) if odd else (cosine, sine)
    c = -c if ((quarter + np.int32(1)) & np.int32(2)) != 0 else c
    d = -d if (quarter & np.int32(2)) != 0 else d
    return c, d


_replace_float32(exp, _short_exp)
_replace_float32(log, _short_log)
_replace_float32(tanh, _short_tanh)
_replace_float32(cos_and_sin, _short_cos_and_sin)


# Activations, and their slopes. ``c`` is the constant of a layer that has one.


@kernel
def sigmoid(x: Any, c: Any) -> Any:
    """``1 / (1 + e^-x)``."""
    one = same(1.0, x)
    return one / (one + exp(-x))


@kernel
def sigmoid_slope(y: Any, c: Any) -> Any:
    """``y (1 - y)``, y being the output."""
    return y * (same(1.0, y) - y)


@kernel
def hyperbolic_tangent(x: Any, c: Any) -> Any:
    """``tanh(x)``."""
    return tanh(x)


@kernel
def hyperbolic_tangent_slope(y: Any, c: Any) -> Any:
    """``1 - y²``, y being the output."""
    return same(1.0, y) - y * y


@kernel
def relu(x: Any, c: Any) -> Any:
    """``max(x, 0)``; NaN stays NaN."""
    zero = same(0.0, x)
    return zero if x < zero else x


@kernel
def relu_slope(y: Any, c: Any) -> Any:
    """1 if the output y is positive, otherwise 0."""
    return same(1.0, y) if y > same(0.0, y) else same(0.0, y)


@kernel
def leaky_relu(x: Any, c: Any) -> Any:
    """``max(x, c x)``."""
    return c * x if x < same(0.0, x) else x


@kernel
def leaky_relu_slope(y: Any, c: Any) -> Any:
    """1 if the output y is positive, otherwise c."""
    return same(1.0, y) if y > same(0.0, y) else c


@kernel
def silu(x: Any, c: Any) -> Any:
    """``x sigmoid(x)``."""
    return x * sigmoid(x, c)


@kernel
def silu_slope(x: Any, c: Any) -> Any:
    """``g + x g (1 - g)`` with ``g = sigmoid(x)``, x being the input."""
    g = sigmoid(x, c)
    return g + x * g * (same(1.0, x) - g)


@kernel
def gelu(x: Any, c: Any) -> Any:
    """``x/2 (1 + tanh(√(2/π) (x + 0.044715 x³)))``."""
    return same(0.5, x) * x * (same(1.0, x) + tanh(_gelu_inner(x)))


@kernel
def gelu_slope(x: Any, c: Any) -> Any:
    """``1/2 (1 + t + x (1 - t²) √(2/π) (1 + 3 × 0.044715 x²))``, t being the tanh and x the input."""
    one = same(1.0, x)
    t = tanh(_gelu_inner(x))
    inner_slope = same(0.7978845608028654, x) * (one + same(3 * 0.044715, x) * x * x)
    return same(0.5, x) * (one + t + x * (one - t * t) * inner_slope)


@kernel
def _gelu_inner(x: Any) -> Any:
    """``√(2/π) (x + 0.044715 x³)``."""
    return same(0.7978845608028654, x) * x * (same(1.0, x) + same(0.044715, x) * x * x)


def each(formula: Callable[..., Any]) -> Callable[..., None]:
    """Return the kernel that replaces every number of x by ``formula(x, c)``."""

    @kernel
    def loop(x: Any, c: Any) -> None:
        for i in range(x.size):
            x[i] = formula(x[i], c)

    return loop


def each_times(slope: Callable[..., Any]) -> Callable[..., None]:
    """Return the kernel that multiplies every number of d by ``slope(y, c)``: the chain rule for an activation."""

    @kernel
    def loop(y: Any, d: Any, c: Any) -> None:
        for i in range(y.size):
            d[i] *= slope(y[i], c)

    return loop
