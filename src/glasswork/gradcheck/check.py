"""The proof that a backward is right: it is compared with the definition of a derivative.

dL/dw ≈ (L(w + h) - L(w - h)) / 2h          for every weight, every bias, every input, in float64

The loss is checked on its own, then each layer on its own with a random upstream gradient, then the network as a
whole: the first wrong row is the one to look at.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from glasswork.arrays import FloatArray
from glasswork.errors import InputError
from glasswork.gradcheck.differences import Slopes, compare, may_be_kink
from glasswork.gradcheck.layers_of import Part, find_parts, recorded, set_mode
from glasswork.gradcheck.report import Check, GradientReport
from glasswork.nn.layer import Layer
from glasswork.nn.losses import Loss
from glasswork.nn.mlp import MLP

#: The number of random directions in which the network as a whole is checked, for each of its arrays.
DIRECTIONS = 6

#: How far parameters are moved, as a standard deviation, where a kink may have spoiled a difference, and how often: a
#: wrong backward is wrong at every such point; a kink is hardly ever as near again.
NEARBY, MOVES = 1e-3, 3

_REPLACED = {
    "parameters": "parameters() must return the layers' own arrays, the same ones at every call, as [self.weight, "
    "self.bias]; the optimiser moves the arrays that it was given first, and these are different ones",
    "gradients": "backward replaced the old arrays by new ones, but the optimiser still reads the old ones, so "
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

    Works on float64 copies; the model and the loss themselves do not change. Every layer is checked in evaluation mode.
    Layers that behave differently in training, such as dropout, are checked in training mode as well, where they draw
    the same random numbers throughout.

    Parameters
    ----------
    model : MLP, Layer, or a student's own
        What to check: anything with the handout's ``model(x)`` and ``backward(grad_output)``; with ``parameters()``
        and ``gradients()`` if it has any. If it is not a `Layer`, it must already work in float64, as plain NumPy does.
    loss : Loss
        Anything with ``loss(pred, target)`` → float and ``loss.backward()`` → gradient with respect to ``pred``.
    x : (batch, in_features)
        Numbers as the first layer takes them; a few rows are enough.
    target : (batch, out_features)
        One-hot or soft.
    entries : int, optional
        Check this many entries of each array, evenly spread, instead of all: every entry costs two forward passes.
    verbose : bool
        Whether to print the report.

    Returns
    -------
    GradientReport
        The loss; then for each layer its parameters and its input; then the network as a whole: shape, largest
        relative error, ratio. Finite differences are accurate to about 1e-7; at a kink, such as a
        ReLU's at 0, any slope between those of the two sides is right.

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
    _check_has_backward(model)
    x, target = _floats("x", x), _floats("target", target)
    if entries is not None and (isinstance(entries, bool) or not isinstance(entries, int | np.integer) or entries < 1):
        raise InputError(f"gradcheck: expected at least 1 entry of each array, or None for all, got {entries}")
    evaluating, training = (_Pass(model, loss, x, target, training=mode) for mode in (False, True))
    checks = [evaluating.check_loss(entries)]
    again = training.differing_parts() if training.has_mode else []
    names = {part.name for part in again}
    for part in evaluating.parts or [Part("", evaluating.twin, x)]:
        checks += _check_part(part, entries, mode="evaluation" if part.name in names else "")
    differs = bool(again) or (training.has_mode and training.differs_from(evaluating))
    checks += evaluating.check_network("evaluation" if differs else "")
    if differs:
        for part in again:
            checks += _check_part(part, entries, mode="training")
        checks += training.check_network("training")
    report = GradientReport(tuple(checks), batch=len(evaluating.pred), classes=evaluating.pred.shape[1])
    if verbose:
        print(report)
    return report


class _Pass:
    """One forward and backward pass through a float64 copy of a model, in one mode."""

    def __init__(self, model: Any, loss: Any, x: FloatArray, target: FloatArray, *, training: bool) -> None:
        self.twin, self.loss, self.x, self.target = _in_float64(model), loss, x, target
        self.parts = find_parts(self.twin)
        self.has_mode = set_mode([self.twin, *(part.layer for part in self.parts)], training=training)
        self._forward_and_back()

    def _forward_and_back(self) -> None:
        before = _identities(self.twin)
        with recorded(self.parts):
            self.pred = np.array(self.twin(self.x), dtype=np.float64)
            self.loss(self.pred, self.target)
            self.upstream = np.array(self.loss.backward(), dtype=np.float64)
            if self.upstream.shape != self.pred.shape:
                raise InputError(
                    f"gradcheck: expected the loss's backward() to return pred's shape {self.pred.shape}, got "
                    f"{self.upstream.shape}"
                )
            self.failure = _try_backward(self.twin, self.upstream, self.parts)
        self.whole = [gradient.copy() for gradient in _arrays(self.twin, "gradients")]
        self.replaced = _replaced(before, _identities(self.twin))

    def check_loss(self, entries: int | None) -> Check:
        """Check the loss on its own."""
        pred = self.pred.copy()
        return compare("loss", pred, self.upstream, lambda: float(self.loss(pred, self.target)), entries)

    def differing_parts(self) -> list[Part]:
        """Return the layers whose forward or backward differs from that in the other mode."""
        return [part for part in self.parts or [Part("", self.twin, self.x)] if _differs(part)]

    def differs_from(self, other: _Pass) -> bool:
        """Whether the network as a whole computes different results in the two passes."""
        mine, others = (self.pred, *self.whole), (other.pred, *other.whole)
        return len(mine) != len(others) or not all(map(np.array_equal, mine, others))

    def check_network(self, mode: str) -> list[Check]:
        """Check the network as a whole, if it is one."""
        if self.failure:
            return [Check("network", (), float("inf"), float("nan"), problem=self.failure, mode=mode)]
        if not self.parts:
            return []
        found, at_kink = self._network()
        rng = np.random.default_rng(3)
        for _ in range(MOVES):
            if not (at_kink or may_be_kink(found)):
                break
            _move(self.twin, rng)
            self._forward_and_back()
            found, at_kink = self._network()
        return [replace(found, mode=mode)]

    def _network(self) -> tuple[Check, bool]:
        value = lambda: float(self.loss(self.twin(self.x), self.target))  # noqa: E731
        return _check_network(self.twin, self.parts, value, self.whole, self.replaced)


def _differs(part: Part) -> bool:
    """Whether a layer, on its own, computes different results in training and in evaluation."""
    if part.input is None:
        return False
    results: list[list[Any]] = []
    for training in (False, True):
        layer = copy.deepcopy(part.layer)
        set_mode([layer], training=training)
        y = np.array(layer(part.input.copy()))
        grad_input = layer.backward(np.random.default_rng(0).normal(size=y.shape))
        results.append([y, np.array(grad_input), *_arrays(layer, "gradients")])
    return len(results[0]) != len(results[1]) or not all(map(np.array_equal, *results))


def _try_backward(twin: Any, upstream: FloatArray, parts: list[Part]) -> str:
    """Send the loss's gradient back; return what went wrong if it failed for a layer that forward does not use."""
    try:
        twin.backward(upstream.copy())
    except Exception as error:
        if all(part.input is not None for part in parts):
            raise
        return f"its backward uses a layer that its forward does not use ({type(error).__name__}: {error})"
    return ""


def _check_part(part: Part, entries: int | None, *, mode: str) -> list[Check]:
    """Check one layer on its own, on the input it had in the network, with a random upstream gradient."""
    found = list(_checks_of(part, entries))
    rng = np.random.default_rng(3)
    for _ in range(MOVES):
        if not any(map(may_be_kink, found)) or not _arrays(part.layer, "parameters"):
            break
        part = replace(part, layer=copy.deepcopy(part.layer))
        _move(part.layer, rng)
        found = list(_checks_of(part, entries))
    return [replace(check, mode=mode) for check in found]


def _move(thing: Any, rng: np.random.Generator) -> None:
    """Move the parameters of a layer or a network to a random point close by."""
    for array in _arrays(thing, "parameters"):
        array[...] = array + rng.normal(0, NEARBY, array.shape)


def _checks_of(part: Part, entries: int | None) -> Iterator[Check]:
    layer, name = part.layer, part.name
    if part.input is None:
        yield Check(name, (), 0.0, float("nan"), problem="forward does not use this layer; perhaps an older one")
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
            shapes = f"its gradient has shape {gradient.shape}, but the array has {array.shape}"
            yield Check(label, array.shape, float("inf"), float("nan"), problem=shapes)
            continue
        unused = "" if part.uses(array, x.shape) else _UNUSED
        yield compare(label, array, gradient, value, entries, problem=problem or unused)
    if grad_input is not None:
        label = ".".join(filter(None, (name, "input")))
        if grad_input.shape != x.shape:
            shapes = f"backward returned shape {grad_input.shape} for an input of shape {x.shape}"
            yield Check(label, x.shape, float("inf"), float("nan"), problem=shapes)
        else:
            yield compare(label, x, grad_input, value, entries)


def _check_network(
    twin: Any, parts: list[Part], value: Callable[[], float], whole: list[FloatArray], problem: str
) -> tuple[Check, bool]:
    """Check all layers together, in random directions: whether the network's backward chains them correctly.

    Also return whether the network has a kink at its present parameters.
    """
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
        return Check("network", shape, float("inf"), float("nan"), problem=problem), False
    at_kink = False
    worst = Check("network", shape, 0.0, 1.0 if arrays else float("nan"))
    rng = np.random.default_rng(1)
    for array, gradient in zip(arrays, whole, strict=True):
        directions = [drawn / np.linalg.norm(drawn) for drawn in rng.normal(size=(DIRECTIONS, *array.shape))]
        analytic = np.array([float((gradient * direction).sum()) for direction in directions])
        numeric = Slopes.along(array, directions, value)
        at_kink |= bool(numeric.at_kink.any())
        found = numeric.judge("network", shape, analytic)
        worst = found if found.error > worst.error else worst
    return Check("network", shape, worst.error, worst.ratio, worst.proportional, problem), at_kink


def _identities(thing: Any) -> tuple[list[FloatArray], list[FloatArray]]:
    """Return the parameters and the gradients of a layer or a network: the objects themselves."""
    return _arrays(thing, "parameters"), _arrays(thing, "gradients")


def _replaced(
    before: tuple[list[FloatArray], list[FloatArray]], after: tuple[list[FloatArray], list[FloatArray]]
) -> str:
    """Return what is wrong if the lists do not hold the same array objects as before; otherwise an empty string."""
    for method, old, new in zip(("parameters", "gradients"), before, after, strict=True):
        if len(old) != len(new) or any(a is not b for a, b in zip(old, new, strict=True)):
            return _REPLACED[method]
    return ""


def _arrays(thing: Any, method: str) -> list[FloatArray]:
    """Return ``thing.parameters()`` or ``thing.gradients()``; the handout's activations have neither."""
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


def _check_has_backward(model: Any) -> None:
    missing = [name for name in ("__call__", "backward") if not callable(getattr(model, name, None))]
    if missing or isinstance(model, type):
        raise InputError(
            "gradcheck: expected a model or a layer, an object that can be called and has backward(), "
            f"got {model!r}" + (f", without {', '.join(missing)}" if missing else ", a class: create an object of it")
        )


def _in_float64(model: Any) -> Any:
    """Return a copy of a model that works in float64."""
    if isinstance(model, MLP | Layer):
        return model.astype(np.float64)
    twin = copy.deepcopy(model)
    wrong = {array.dtype for array in _arrays(twin, "parameters")} - {np.dtype(np.float64)}
    if wrong:
        raise InputError(
            f"gradcheck: expected parameters in float64, got {wrong.pop()}; differences need the precision"
        )
    return twin
