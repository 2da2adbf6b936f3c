"""The proof that a backward is right: compare it with the definition of a derivative.

dL/dw ≈ (L(w + h) - L(w - h)) / 2h          for every weight, every bias, every pixel, in float64
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from glasswork.arrays import FloatArray
from glasswork.errors import InputError
from glasswork.nn.layer import Layer
from glasswork.nn.losses import Loss
from glasswork.nn.mlp import MLP

#: Half the distance between the two points of a central difference: about the cube root of float64's
#: precision, where the error of the formula, h², meets the error of rounding, 1e-16 / h.
STEP = 1e-5


@dataclass(frozen=True)
class Check:
    """One array's gradient, by backward and by differences.

    Attributes
    ----------
    name : str
        As in the model's ``state()``, or ``"input"``.
    shape : tuple of int
        Of the whole array.
    error : float
        The largest difference of the two gradients, relative to the largest gradient in the array.
    ratio : float
        How many times the true gradient backward returned, by least squares: 1 when it is right, 2 for a
        forgotten factor of two, 1/batch for a mean in place of a sum. NaN where the gradient is zero.
    """

    name: str
    shape: tuple[int, ...]
    error: float
    ratio: float


@dataclass(frozen=True)
class GradientReport:
    """All checks of one `gradcheck`; printing it gives a table."""

    checks: tuple[Check, ...]

    @property
    def error(self) -> float:
        """The largest relative error of all."""
        return max(check.error for check in self.checks)

    def __str__(self) -> str:
        width = max(len(check.name) for check in self.checks)
        rows = [f"{'gradient of':<{width + 4}}{'shape':<14}{'relative error':>14}{'ratio':>12}"]
        for check in self.checks:
            shape = " × ".join(str(n) for n in check.shape)
            rows.append(f"{check.name:<{width + 4}}{shape:<14}{check.error:>14.1e}{check.ratio:>12.6f}")
        return "\n".join(rows)


def gradcheck(
    model: MLP | Layer,
    loss: Callable[[FloatArray, FloatArray], float] | Loss,
    x: ArrayLike,
    target: ArrayLike,
    *,
    entries: int | None = None,
    verbose: bool = True,
) -> GradientReport:
    """Compare every gradient of a network with central differences, and print the comparison.

    Works on a float64 copy; the model itself is not touched.

    Parameters
    ----------
    model : MLP or Layer
        What to check.
    loss : Loss
        Anything with ``loss(pred, target)`` → float and ``loss.backward()`` → gradient by ``pred``.
    x : (batch, in_features)
        Floats; a few rows are enough.
    target : (batch, out_features)
        One-hot or soft.
    entries : int, optional
        Check that many entries of each array, evenly spread, instead of all: every entry costs two
        forward passes.
    verbose : bool
        Whether to print the report.

    Returns
    -------
    GradientReport
        For each parameter, then the input: shape, largest relative error, ratio. Errors of 1e-7 and less
        are what differences can show; kinks (ReLU at 0) show up as more.

    Raises
    ------
    InputError
        If the loss has no ``backward``, or x or target do not fit the model.
    """
    backward = getattr(loss, "backward", None)
    if backward is None:
        raise InputError(f"gradcheck: expected a loss with a backward() method, got {loss!r}")
    twin = model.astype(np.float64)
    x = np.array(x, dtype=np.float64, order="C")  # so that reshape(-1) is a view of it
    target = np.asarray(target, dtype=np.float64)

    def value() -> float:
        return float(loss(twin.forward(x), target))

    value()
    grad = backward()
    for layer in reversed(twin.layers if isinstance(twin, MLP) else [twin]):
        grad = layer.backward(grad)
    names = {id(array): name for name, array in twin.state().items()}
    pairs = [
        (names[id(parameter)], parameter, gradient.copy())
        for parameter, gradient in zip(twin.parameters(), twin.gradients(), strict=True)
    ]
    pairs.append(("input", x, grad.copy()))
    report = GradientReport(tuple(_check(name, array, gradient, value, entries) for name, array, gradient in pairs))
    if verbose:
        print(report)
    return report


def _check(
    name: str, array: FloatArray, gradient: FloatArray, value: Callable[[], float], entries: int | None
) -> Check:
    count = array.size if entries is None else min(entries, array.size)
    picked = np.linspace(0, array.size - 1, count).astype(int)
    analytic = gradient.reshape(-1)[picked]
    numeric = np.array([_central_difference(array.reshape(-1), i, value) for i in picked])
    scale = max(np.abs(numeric).max(), np.abs(analytic).max())
    error = float(np.abs(analytic - numeric).max() / scale) if scale > 0 else 0.0
    squares = float(numeric @ numeric)
    ratio = float(analytic @ numeric) / squares if squares > 0 else float("nan")
    return Check(name, array.shape, error, ratio)


def _central_difference(flat: FloatArray, i: int, value: Callable[[], float]) -> float:
    kept = flat[i]
    flat[i] = kept + STEP
    above = value()
    flat[i] = kept - STEP
    below = value()
    flat[i] = kept
    return (above - below) / (2 * STEP)
