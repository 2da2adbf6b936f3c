"""Train the student's file as it is, on one batch of made-up images, beside the right solution.

Each part is judged alone, with the handout's interface. A file may share the work out in another way among its own
parts: here its own statements run on its own classes, and every weight has to end where the right solution puts it.
All images are one batch, so that their order does not matter.
"""

import ast
import itertools
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glasswork.classroom.probes import Problem
from glasswork.classroom.student.images import find_split
from glasswork.classroom.student.messages import Trained
from glasswork.classroom.student.observe import attempt
from glasswork.classroom.student.outline import assigned_names, loaded_names
from glasswork.classroom.student.run import StudentRun, execute

Array = NDArray[np.float64]

_PIXELS, _CLASSES = 784, 10
_ROLES = tuple(f"{letter}_{part}" for part in ("train", "valid", "test") for letter in "Xy")
_EPOCHS = 3
_MOST_STEPS = 60  # a file whose number of epochs cannot be lowered takes 50
_SECONDS = 3.0  # for one statement


#: The parts that the training does not show to be right; an error in their probe may still be the interface's.
NOT_IN_TRAINING = ("minibatch_generator", "valid", "test", "settings", "MSELoss.forward")

#: What stays wrong although the training does not show it.
_NEVER = {
    "Linear.__init__": ("spread", "value", "dtype", "aliasing"),
    "train": ("result", "scale"),
}
_SECTIONS = ("data", "normalize", "split", "ReLU", "CrossEntropyLoss")


def can_be_spared(part: str, problem: Problem, mistake: str | None) -> bool:
    """Return whether a part may be right together with the file's other parts, although it is not by itself."""
    if part in _SECTIONS or mistake in (
        "syntax-error",
        "foreign-character",
        "endless-loop",
        "name-misspelt",
    ):
        return False
    if part in NOT_IN_TRAINING and mistake is not None:
        return False
    if part in (*NOT_IN_TRAINING, "SGD"):
        return problem.property in ("error", "name") or problem.facet == "call"
    return problem.property not in _NEVER.get(part, ())


def run_whole(run: StudentRun) -> Trained:
    """Run a file's own statements on one batch of made-up images."""
    names = run.namespace
    images, labels = _made_up(_batch_size(run))
    _put_in(names, images, labels)
    trains, crashed = False, False
    for statement in (*_recomputed(run), *run.later):
        before = {id(m): (m, _copies(p)) for m, p in _models(names)}
        crash = execute(statement, names, _SECONDS)
        crashed = crashed or (crash is not None and crash.kind != "AssertionError")
        for model, parameters in list(_models(names)):
            if id(model) not in before:
                _spread_biases(parameters)
            elif not trains and _moved(before[id(model)][1], parameters):
                trains = _as_the_right_one(before[id(model)][1], parameters, images, labels, names)
    return Trained(bool(trains), crashed)


def _made_up(count: int) -> tuple[Array, NDArray[np.int64]]:
    random = np.random.RandomState(17)
    return random.uniform(-1, 1, (count, _PIXELS)), np.arange(count) % _CLASSES


def _batch_size(run: StudentRun) -> int:
    for name, value in run.namespace.items():
        if re.search(r"batch", name, re.I) and isinstance(value, int) and 1 < value <= 2000:
            return value
    return 100


def _put_in(names: dict[str, Any], images: Array, labels: NDArray[np.int64]) -> None:
    """Put the images in the place of the file's data, and make its training short."""
    split = find_split(names)
    for role in _ROLES:
        own = names.get(split.get(role, role))
        value: Any = images.copy() if role[0] == "X" else labels.copy()
        if role[0] == "y" and getattr(own, "ndim", 1) == 2 and own is not None and own.shape[1] == _CLASSES:
            value = np.eye(_CLASSES)[labels]
        names[split.get(role, role)] = value
    names["X"], names["y"] = images.copy(), labels.copy()
    for name, value in list(names.items()):
        if re.search(r"epoch", name, re.I) and isinstance(value, int) and value > _EPOCHS:
            names[name] = _EPOCHS


def _recomputed(run: StudentRun) -> Iterator[ast.stmt]:
    """Yield the statements that were computed from the split, such as the number of batches."""
    split = {*find_split(run.namespace).values(), *_ROLES}
    for event in run.events:
        bound = assigned_names(event.statement)
        if loaded_names(event.statement) & split and bound and not bound & (split | {"X", "y"}):
            yield event.statement


# The file's model ------------------------------------------------------------------------------------


def _models(names: dict[str, Any]) -> Iterator[tuple[Any, list[tuple[Any, Any]]]]:
    """Yield the file's networks, each with its pairs of weight and bias from the pixels to the classes."""
    for value in list(names.values()):
        if not _is_own(value):
            continue
        pairs = attempt(_pairs, value)
        if isinstance(pairs, list) and len(pairs) >= 2:
            yield value, pairs


def _pairs(model: Any) -> list[tuple[Any, Any]]:
    arrays = [a for a in _arrays(model, 0) if isinstance(a, np.ndarray) and a.dtype.kind == "f"]
    pairs, width = [], _PIXELS
    weights = [a for a in arrays if a.ndim == 2 and min(a.shape) > 1]
    for weight in weights:
        if width not in weight.shape:
            return []
        width = weight.shape[1] if weight.shape[0] == width else weight.shape[0]
        bias = next((a for a in arrays if a.size == width and max(a.shape) == width), None)
        if bias is None:
            return []
        arrays = [a for a in arrays if a is not bias]
        pairs.append((weight, bias))
    return pairs if width == _CLASSES else []


def _arrays(thing: Any, depth: int) -> list[Any]:
    """Return the parameters of a network, a layer, or a list of them."""
    if isinstance(thing, np.ndarray):
        return [thing]
    if isinstance(thing, list | tuple):
        return [a for item in thing for a in _arrays(item, depth + 1)]
    if depth > 3 or not _is_own(thing):
        return []
    parameters = attempt(lambda: list(thing.parameters()))
    if isinstance(parameters, list) and parameters and all(isinstance(p, np.ndarray) for p in parameters):
        return parameters
    members = {n: v for n, v in vars(thing).items() if not re.match(r"_?(d|grad|input|output|x$|z|a\d)", n, re.I)}
    return [a for value in members.values() for a in _arrays(value, depth + 1)]


def _is_own(thing: Any) -> bool:
    """Return whether a thing is an object of one of the file's classes."""
    return type(thing).__module__ == "__main__" and hasattr(thing, "__dict__")


def _copies(pairs: list[tuple[Any, Any]]) -> list[tuple[Array, Array]]:
    return [(np.array(w, float), np.array(b, float)) for w, b in pairs]


def _spread_biases(pairs: list[tuple[Any, Any]]) -> None:
    """Move the biases away from zero, where a bias that is forgotten would not be missed."""
    for _, bias in pairs:
        attempt(lambda b=bias: np.copyto(b, np.linspace(-0.8, 0.9, b.size).reshape(b.shape), casting="same_kind"))


def _moved(before: list[tuple[Array, Array]], after: list[tuple[Any, Any]]) -> bool:
    return len(before) == len(after) and any(
        a.shape == b.shape and not np.array_equal(a, b) for a, b in zip(_flat(before), _flat(after), strict=True)
    )


def _flat(pairs: list[tuple[Any, Any]]) -> list[Any]:
    return [array for pair in pairs for array in pair]


# The right solution ----------------------------------------------------------------------------------


def _as_the_right_one(
    before: list[tuple[Array, Array]], after: list[tuple[Any, Any]], images: Array, labels: Any, names: dict[str, Any]
) -> bool:
    """Return whether some number of right steps leads from ``before`` to ``after``."""
    start = [(_oriented(before, i), bias.ravel()) for i, (_, bias) in enumerate(before)]
    end = [(_oriented(after, i), np.asarray(bias, float).ravel()) for i, (_, bias) in enumerate(after)]
    targets = np.eye(_CLASSES)[labels]
    for rate, scale, of_bias in itertools.product(_rates(names), (1.0, 1.0 / _CLASSES), (1.0 / len(images), 1.0)):
        here = [(w.copy(), b.copy()) for w, b in start]
        for _ in range(_MOST_STEPS):
            _step(here, images, targets, rate * scale, of_bias)
            if _alike(start, here, end):
                return True
            if _beyond(start, here, end):
                break
    return False


def _oriented(pairs: list[tuple[Any, Any]], place: int) -> Array:
    """Return a weight as (in, out)."""
    width = _PIXELS
    for weight, _ in pairs[:place]:
        width = weight.shape[1] if weight.shape[0] == width else weight.shape[0]
    weight = np.asarray(pairs[place][0], float)
    return weight if weight.shape[0] == width else weight.T


def _rates(names: dict[str, Any]) -> set[float]:
    found = {
        float(value)
        for name, value in names.items()
        if re.search(r"(^|_)(lr|eta|alpha|rate)|learning", name, re.I) and isinstance(value, int | float)
    }
    found |= {float(v.lr) for v in names.values() if isinstance(getattr(v, "lr", None), int | float)}
    return {rate for rate in found if rate > 0} | {0.1}


def _step(pairs: list[tuple[Array, Array]], images: Array, targets: Array, rate: float, of_bias: float) -> None:
    """Take one right step on the mean squared error, in place."""
    outputs = [images]
    for weight, bias in pairs:
        outputs.append(0.5 + 0.5 * np.tanh((outputs[-1] @ weight + bias) / 2))
    grad = 2 * (outputs[-1] - targets) / len(images)
    for (weight, bias), entered, left in zip(reversed(pairs), outputs[-2::-1], outputs[:0:-1], strict=True):
        grad = grad * left * (1 - left)
        of_weight, summed = entered.T @ grad, grad.sum(axis=0)
        grad = grad @ weight.T
        np.subtract(weight, rate * of_weight, out=weight)
        np.subtract(bias, rate * of_bias * summed, out=bias)


def _alike(start: Any, here: Any, end: Any) -> bool:
    """Return whether each array has moved from the start as far as it has in the end, to one part in a thousand."""
    return all(
        np.abs((h - s) - (e - s)).max() <= 1e-3 * np.abs(h - s).max() + 1e-9
        for s, h, e in zip(_flat(start), _flat(here), _flat(end), strict=True)
    )


def _beyond(start: Any, here: Any, end: Any) -> bool:
    """Return whether the first weight has moved much further than it has in the end."""
    return bool(np.abs(here[0][0] - start[0][0]).max() > 3 * np.abs(end[0][0] - start[0][0]).max())
