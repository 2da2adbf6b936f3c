"""The proof that a backward is right: compare it with the definition of a derivative.

dL/dw ≈ (L(w + h) - L(w - h)) / 2h          for every weight, every bias, every pixel, in float64
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

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

#: The relative error above which a gradient is called wrong: differences are exact to 1e-7 or so, mistakes are far off.
WRONG = 1e-5


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

    @property
    def right(self) -> bool:
        """Whether backward and differences agree."""
        return self.error <= WRONG


@dataclass(frozen=True, repr=False)
class GradientReport:
    """All checks of one `gradcheck`; printing it gives a table."""

    checks: tuple[Check, ...]

    @property
    def error(self) -> float:
        """The largest relative error of all."""
        return max(check.error for check in self.checks)

    def __repr__(self) -> str:
        width = max(12, *(len(check.name) for check in self.checks))
        rows = [f"{'gradient of':<{width}}  {'shape':<12}{'relative error':>14}{'ratio':>12}"]
        for check in self.checks:
            shape = " × ".join(str(n) for n in check.shape)
            verdict = "right" if check.right else "WRONG"
            rows.append(f"{check.name:<{width}}  {shape:<12}{check.error:>14.1e}{check.ratio:>12.6f}  {verdict}")
        if all(check.right for check in self.checks):
            return "\n".join([*rows, "Every gradient is right."])
        return "\n".join(
            [*rows, "Ratio is how many times the true gradient backward returned: 2 is a forgotten factor."]
        )


def gradcheck(
    model: Any,
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
    model : MLP, Layer, or a student's own
        What to check: anything with the handout's ``model(x)``, ``backward(grad_output)``, ``parameters()``
        and ``gradients()``. One that is no `Layer` must work in float64 already, as plain NumPy does.
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
        For each parameter, then the input, if backward returns its gradient: shape, largest relative error,
        ratio. Errors of 1e-7 and less are what differences can show; kinks (ReLU at 0) show up as more.

    Raises
    ------
    InputError
        If the loss has no ``backward``, the model has not what is needed, or x or target do not fit it.
    """
    backward = getattr(loss, "backward", None)
    if backward is None:
        raise InputError(f"gradcheck: expected a loss with a backward() method, got {loss!r}")
    twin = _in_float64(model)
    x = np.array(x, dtype=np.float64, order="C")  # so that reshape(-1) is a view of it
    target = np.asarray(target, dtype=np.float64)
    if not (np.isfinite(x).all() and np.isfinite(target).all()):
        raise InputError("gradcheck: expected finite numbers in x and target, got NaN or infinity")
    if entries is not None and entries < 1:
        raise InputError(f"gradcheck: expected at least 1 entry of each array, or None for all, got {entries}")

    def value() -> float:
        return float(loss(twin(x), target))

    value()
    grad = backward()
    for part in reversed(twin.layers if isinstance(twin, MLP) else [twin]):
        grad = part.backward(grad)
    names = _names(twin)
    pairs = [
        (names.get(id(parameter), f"parameter {i}"), parameter, gradient.copy())
        for i, (parameter, gradient) in enumerate(zip(twin.parameters(), twin.gradients(), strict=True))
    ]
    if isinstance(grad, np.ndarray):  # the handout's own MLP keeps it to itself
        pairs.append(("input", x, grad.copy()))
    report = GradientReport(tuple(_check(name, array, gradient, value, entries) for name, array, gradient in pairs))
    if verbose:
        print(report)
    return report


def _in_float64(model: Any) -> Any:
    missing = [
        name for name in ("__call__", "backward", "parameters", "gradients") if not callable(getattr(model, name, None))
    ]
    if missing or isinstance(model, type):
        raise InputError(
            "gradcheck: expected a model or a layer, an object that can be called and has backward(), parameters() and "
            f"gradients(), got {model!r}"
            + (f", without {', '.join(missing)}" if missing else ", a class: make one of it")
        )
    if isinstance(model, MLP | Layer):
        return model.astype(np.float64)
    twin = copy.deepcopy(model)
    wrong = {array.dtype for array in twin.parameters()} - {np.dtype(np.float64)}
    if wrong:
        raise InputError(
            f"gradcheck: expected parameters in float64, got {wrong.pop()}; differences need the precision"
        )
    return twin


def _names(model: Any) -> dict[int, str]:
    """Return what arrays are called, by their identity: as in ``state()``, or as the attributes they are."""
    names = {id(value): name for name, value in vars(model).items()}
    for name, part in vars(model).items():
        names |= {id(value): f"{name}.{inner}" for inner, value in getattr(part, "__dict__", {}).items()}
    if isinstance(model, MLP | Layer):
        names |= {id(array): name for name, array in model.state().items()}
    return names


def _check(
    name: str, array: FloatArray, gradient: FloatArray, value: Callable[[], float], entries: int | None
) -> Check:
    count = array.size if entries is None else min(entries, array.size)
    picked = np.linspace(0, array.size - 1, count).astype(int)
    analytic = gradient.reshape(-1)[picked]
    numeric = np.array([_central_difference(array.reshape(-1), i, value) for i in picked])
    scale = max(np.abs(numeric).max(), np.abs(analytic).max())
    if not (np.isfinite(numeric).all() and np.isfinite(analytic).all()):
        return Check(name, array.shape, float("inf"), float("nan"))
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
