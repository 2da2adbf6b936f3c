"""The proof that a backward is right: compare it with the definition of a derivative.

dL/dw ≈ (L(w + h) - L(w - h)) / 2h          for every weight, every bias, every input, in float64

The loss is checked on its own, then each layer on its own with a random upstream gradient, then the network as a
whole: the first wrong row is the one to look at.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from glasswork.arrays import FloatArray
from glasswork.errors import InputError
from glasswork.gradcheck.layers_of import Part, find_parts, recorded
from glasswork.gradcheck.report import Check, GradientReport
from glasswork.nn.layer import Layer
from glasswork.nn.losses import Loss
from glasswork.nn.mlp import MLP

#: Half the distance between the two points of a central difference: about the cube root of float64's
#: precision, where the error of the formula, h², meets the error of rounding, 1e-16 / h.
STEP = 1e-5

#: Shares of the function's value. Errors are relative to the first at least, as relative errors of tiny gradients are
#: rounding errors; a derivative below the second is taken for 0.
FLOOR, ROUNDING = 1e-4, 1e-9

#: Random directions in which the network as a whole is checked, for each of its arrays.
DIRECTIONS = 6

_REPLACED = {
    "parameters": "parameters() must return the layers' own arrays, the same ones at every call, as [self.weight, "
    "self.bias]; the optimiser moves those it was given first, and these are others",
    "gradients": "backward put new arrays in the place of the old ones, which the optimiser goes on reading, so "
    "training would change nothing; write into them instead: self.grad_weight[...] = np.dot(...)",
}
_UNUSED = "forward does not use it, so training it changes nothing"


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

    Works on a float64 copy; the model and the loss themselves are not touched. In training mode dropout and noise
    draw the same numbers throughout.

    Parameters
    ----------
    model : MLP, Layer, or a student's own
        What to check: anything with the handout's ``model(x)`` and ``backward(grad_output)``; with ``parameters()``
        and ``gradients()`` if it has any. One that is not a `Layer` must work in float64 already, as plain NumPy does.
    loss : Loss
        Anything with ``loss(pred, target)`` → float and ``loss.backward()`` → gradient with respect to ``pred``.
    x : (batch, in_features)
        Floats, or bytes for an `MLP`; a few rows are enough.
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
        The loss; then for each layer its parameters and its input; then the network as a whole: shape, largest
        relative error, ratio. Finite differences are accurate to about 1e-7; at a kink (ReLU at 0) less so.

    Raises
    ------
    InputError
        If the loss has no ``backward`` or does not suit the model, a method is missing from the model, or x or target
        does not fit it.
    """
    if not callable(loss) or not callable(getattr(loss, "backward", None)):
        raise InputError(f"gradcheck: expected a loss with a backward() method, got {loss!r}")
    if isinstance(loss, Loss):
        loss.check_model(model)
    loss = copy.copy(loss)
    twin = _in_float64(model)
    x, target = _floats("x", x), _floats("target", target)
    if entries is not None and (isinstance(entries, bool) or not isinstance(entries, int | np.integer) or entries < 1):
        raise InputError(f"gradcheck: expected at least 1 entry of each array, or None for all, got {entries}")

    parts = find_parts(twin)
    before = _identities(twin)
    with recorded(parts):
        pred = np.array(twin(x), dtype=np.float64)
        loss(pred, target)
        upstream = np.array(loss.backward(), dtype=np.float64)  # type: ignore[union-attr]
        if upstream.shape != pred.shape:
            raise InputError(
                f"gradcheck: expected the loss's backward() to return pred's shape {pred.shape}, got {upstream.shape}"
            )
        failure = _try_backward(twin, upstream, parts)
    whole = [gradient.copy() for gradient in _arrays(twin, "gradients")]
    replaced = _replaced(before, _identities(twin))

    checks = [_compare("loss", pred, upstream, lambda: float(loss(pred, target)), entries)]
    for part in parts or [Part("", twin, x)]:
        checks += _check_part(part, entries)
    if failure:
        checks.append(Check("network", (), float("inf"), float("nan"), problem=failure))
    elif parts:
        checks.append(_check_network(twin, parts, lambda: float(loss(twin(x), target)), whole, replaced))
    report = GradientReport(tuple(checks), batch=len(pred), classes=pred.shape[1])
    if verbose:
        print(report)
    return report


def _try_backward(twin: Any, upstream: FloatArray, parts: list[Part]) -> str:
    """Send the loss's gradient back; return what went wrong if it failed for a layer that forward does not use."""
    try:
        twin.backward(upstream.copy())
    except Exception as error:
        if all(part.input is not None for part in parts):
            raise
        return f"its backward uses a layer that its forward does not use ({type(error).__name__}: {error})"
    return ""


def _check_part(part: Part, entries: int | None) -> Iterator[Check]:
    """Check one layer on its own, on the input it had in the network, with a random upstream gradient."""
    layer, name = part.layer, part.name
    if part.input is None:
        yield Check(name, (), 0.0, float("nan"), problem="forward does not use this layer, but perhaps an older one")
        return
    x = part.input.copy()
    rng = np.random.default_rng(0)
    before = _identities(layer)
    upstream = rng.normal(size=np.shape(layer(x)))
    grad_input = layer.backward(upstream.copy())
    grad_input = grad_input.copy() if isinstance(grad_input, np.ndarray) else None
    arrays, after = _identities(layer)
    if len(arrays) != len(after):
        raise InputError(
            f"gradcheck: expected one gradient for each parameter of {name or layer!r}, got {len(arrays)} parameters "
            f"and {len(after)} gradients"
        )
    gradients = [gradient.copy() for gradient in after]
    problem = _replaced(before, (arrays, after))

    def value() -> float:
        return float((layer(x) * upstream).sum())

    names = part.array_names()
    for i, (array, gradient) in enumerate(zip(arrays, gradients, strict=True)):
        label = ".".join(filter(None, (name, names.get(id(array), f"parameter {i}"))))
        if gradient.shape != array.shape:
            shapes = f"its gradient has shape {gradient.shape}, and it has {array.shape}"
            yield Check(label, array.shape, float("inf"), float("nan"), problem=shapes)
            continue
        unused = "" if _is_used(layer, array, x) else _UNUSED
        yield _compare(label, array, gradient, value, entries, problem=problem or unused)
    if grad_input is not None:
        label = ".".join(filter(None, (name, "input")))
        if grad_input.shape != x.shape:
            shapes = f"backward returned shape {grad_input.shape} for an input of shape {x.shape}"
            yield Check(label, x.shape, float("inf"), float("nan"), problem=shapes)
        else:
            yield _compare(label, x, grad_input, value, entries)


def _check_network(
    twin: Any, parts: list[Part], value: Callable[[], float], whole: list[FloatArray], problem: str
) -> Check:
    """Check all layers together, in random directions: that the network's backward chains them rightly."""
    arrays = _arrays(twin, "parameters")
    shape = (sum(array.size for array in arrays),)
    known = {id(array) for array in arrays}
    forgotten = [
        f"{part.name}.{part.array_names().get(id(array), 'parameter')}"
        for part in parts
        for array in _arrays(part.layer, "parameters")
        if id(array) not in known
    ]
    if forgotten:
        problem = (
            f"its parameters() leave out {', '.join(forgotten)}, or return copies, so training would not move them"
        )
    if len(arrays) != len(whole) or any(a.shape != g.shape for a, g in zip(arrays, whole, strict=True)):
        problem = "its parameters() and gradients() do not match, one by one"
        return Check("network", shape, float("inf"), float("nan"), problem=problem)
    worst = Check("network", shape, 0.0, 1.0 if arrays else float("nan"))
    rng = np.random.default_rng(1)
    for array, gradient in zip(arrays, whole, strict=True):
        directions = [drawn / np.linalg.norm(drawn) for drawn in rng.normal(size=(DIRECTIONS, *array.shape))]
        analytic = np.array([float((gradient * direction).sum()) for direction in directions])
        numeric = np.array([_slope(array, direction, value) for direction in directions])
        found = _judge("network", shape, analytic, numeric, value())
        worst = found if found.error > worst.error else worst
    return Check("network", shape, worst.error, worst.ratio, worst.proportional, problem)


def _slope(array: FloatArray, direction: FloatArray, value: Callable[[], float]) -> float:
    """Return the derivative of ``value()`` along a direction, by a central difference."""
    kept = array.copy()
    array[...] = kept + STEP * direction
    above = value()
    array[...] = kept - STEP * direction
    below = value()
    array[...] = kept
    return (above - below) / (2 * STEP)


def _is_used(layer: Any, array: FloatArray, x: FloatArray) -> bool:
    """Return whether an array influences a layer's output, tested on random inputs."""
    rng = np.random.default_rng(2)
    kept, probe = array.copy(), rng.normal(size=x.shape)
    before = np.array(layer(probe))
    array += rng.normal(size=array.shape)
    after = np.array(layer(probe))
    array[...] = kept
    return not np.array_equal(before, after)


def _compare(
    name: str,
    array: FloatArray,
    gradient: FloatArray,
    value: Callable[[], float],
    entries: int | None,
    *,
    problem: str = "",
) -> Check:
    """Check the gradient of ``value()`` with respect to an array, entry by entry."""
    count = array.size if entries is None else min(entries, array.size)
    picked = np.linspace(0, array.size - 1, count).astype(int)
    analytic = gradient.reshape(-1)[picked]
    numeric = np.array([_central_difference(array, np.unravel_index(i, array.shape), value) for i in picked])
    return _judge(name, array.shape, analytic, numeric, value(), problem)


def _judge(
    name: str, shape: tuple[int, ...], analytic: FloatArray, numeric: FloatArray, value: float, problem: str = ""
) -> Check:
    """Compare two gradients of a function whose value tells how exact differences can be."""
    if not (np.isfinite(numeric).all() and np.isfinite(analytic).all()):
        return Check(name, shape, float("inf"), float("nan"), problem=problem)
    largest = float(np.abs(numeric).max(initial=0))
    scale = max(largest, float(np.abs(analytic).max(initial=0)), FLOOR * abs(value))
    error = float(np.abs(analytic - numeric).max() / scale) if scale > 0 else 0.0
    if largest <= ROUNDING * abs(value):
        return Check(name, shape, error, float("nan"), problem=problem)
    ratio = float(analytic @ numeric) / float(numeric @ numeric)
    proportional = bool(np.abs(analytic - ratio * numeric).max() <= 1e-4 * scale)
    return Check(name, shape, error, ratio, proportional, problem)


def _central_difference(array: FloatArray, index: Any, value: Callable[[], float]) -> float:
    kept = array[index]
    array[index] = kept + STEP
    above = value()
    array[index] = kept - STEP
    below = value()
    array[index] = kept
    return (above - below) / (2 * STEP)


def _identities(thing: Any) -> tuple[list[FloatArray], list[FloatArray]]:
    """Return the parameters and the gradients of a layer or a network: the objects themselves."""
    return _arrays(thing, "parameters"), _arrays(thing, "gradients")


def _replaced(
    before: tuple[list[FloatArray], list[FloatArray]], after: tuple[list[FloatArray], list[FloatArray]]
) -> str:
    """Return what is wrong if the lists do not hold the very same arrays as before, else an empty string."""
    for method, old, new in zip(("parameters", "gradients"), before, after, strict=True):
        if len(old) != len(new) or any(a is not b for a, b in zip(old, new, strict=True)):
            return _REPLACED[method]
    return ""


def _arrays(thing: Any, method: str) -> list[FloatArray]:
    """Return ``thing.parameters()`` or ``thing.gradients()``; an activation of the handout has neither."""
    ask = getattr(thing, method, None)
    return list(ask()) if callable(ask) else []


def _floats(name: str, value: ArrayLike) -> FloatArray:
    try:
        array = np.array(value, dtype=np.float64, order="C")
    except (ValueError, TypeError):
        raise InputError(f"gradcheck: expected {name} to be an array of numbers, got {value!r}") from None
    if not np.isfinite(array).all():
        raise InputError(f"gradcheck: expected finite numbers in x and target, got NaN or infinity in {name}")
    return array


def _in_float64(model: Any) -> Any:
    """Return a copy of a model that works in float64 and, if it draws random numbers, always the same ones."""
    missing = [name for name in ("__call__", "backward") if not callable(getattr(model, name, None))]
    if missing or isinstance(model, type):
        raise InputError(
            "gradcheck: expected a model or a layer, an object that can be called and has backward(), "
            f"got {model!r}" + (f", without {', '.join(missing)}" if missing else ", a class: make one of it")
        )
    if isinstance(model, MLP | Layer):
        twin = model.astype(np.float64)
    else:
        twin = copy.deepcopy(model)
        wrong = {array.dtype for array in _arrays(twin, "parameters")} - {np.dtype(np.float64)}
        if wrong:
            raise InputError(
                f"gradcheck: expected parameters in float64, got {wrong.pop()}; differences need the precision"
            )
    set_position = getattr(twin, "set_position", None)
    if callable(set_position):
        set_position(0)
    return twin
