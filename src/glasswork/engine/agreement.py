"""Checks that a loader and a network agree on the numbers for the first layer, and records the training data's range.

loader with ``inputs``   it declares what its numbers are, and how they were scaled, as `Batches` does
any other loader         its first batch is checked; a network that learns records the range of its first whole epoch
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glasswork.engine.contract import Loader, Model
from glasswork.errors import InputError
from glasswork.inputs import Inputs
from glasswork.nn import MLP

#: How a range is derived from an epoch that was stopped.
_BEGUN = "in the part of an epoch that it was trained on"


def checked(loader: Loader, model: Model, *, learning: bool = False) -> Iterator[tuple[Any, ...]]:
    """Yield a loader's batches, after checking that the first one can be on the scale that the model expects.

    A model that is ``learning`` records what it is trained on: what the loader declares, as `Batches` does, or
    otherwise the range of all batches of its first epoch. If that epoch is not finished, the next one completes it.
    """
    check_loader(loader)
    if not isinstance(model, MLP):
        yield from loader
        return
    declared = _declared_by(loader)
    known = model.inputs
    begun = known is not None and known.derived == _BEGUN
    look = learning and declared is None and (known is None or known.at_first_layer is None or begun)
    seen: Inputs | None = None
    whole = False
    try:
        for k, batch in enumerate(loader):
            if k == 0:
                check_inputs(model, declared, batch[0], learning=learning)
            if look:
                seen = _range_of(batch[0], seen)
            yield batch
        whole = True
    finally:
        if seen is not None:
            noted = seen if known is None else joined(known, seen, who=model)
            model.inputs = replace(noted, derived="" if whole else _BEGUN)


def check_loader(loader: Loader) -> None:
    """Refuse images and labels that were given in place of a loader of them."""
    if isinstance(loader, np.ndarray):
        raise InputError(
            f"the loop: expected a loader of batches, got an array of shape {loader.shape}; create one: "
            "Batches(images, labels, 100, seed=0)"
        )
    if isinstance(loader, tuple | list) and len(loader) == 2 and all(isinstance(part, np.ndarray) for part in loader):
        raise InputError(
            "the loop: expected a loader of batches, got images and labels; create one: Batches(images, labels, 100, "
            "seed=0)"
        )


def check_inputs(model: MLP, declared: Inputs | None, first: Any, *, learning: bool) -> None:
    """Check that a loader gives what a model takes; record what it declares on a model that is ``learning``.

    Parameters
    ----------
    declared : Inputs or None
        What the loader declares about its numbers.
    first : (batch, features)
        The first batch, as the first layer gets it.
    """
    known = model.inputs
    if declared is not None and declared is known:  # a loader that was given the network's own contract
        return
    if not learning:
        _check_classes(model, known, declared)
    if declared is None or not declared.exact:  # these are floats, which are already prepared if the network scales
        _check_batch(np.asarray(first), known, model)
        if declared is None or (known is not None and known.scales):
            return
    if known is None or learning or not known.equals_at_first_layer(declared):
        noted = declared if known is None else joined(known, declared, who=model)
        if learning:
            model.inputs = noted


def check_pair(model: Model, training: Loader, validation: Loader) -> None:
    """Check before a training that its two loaders, as far as they declare it, hold the same kind of data."""
    learnt, asked = _declared_by(training), _declared_by(validation)
    if isinstance(model, MLP) and learnt is not None and asked is not None:
        known = learnt if model.inputs is None else model.inputs
        _check_classes(model, known, asked)
        if asked.exact and not known.equals_at_first_layer(asked):
            joined(known, asked, who=model)
        ends = asked.at_first_layer
        if not asked.exact and ends is not None:
            _check_batch(np.array([ends]), known, model)


def joined(known: Inputs, other: Inputs, *, who: object) -> Inputs:
    """Return the contract of a network that has one and is then trained on data with another one.

    Raises
    ------
    InputError
        If the two cannot hold at once.
    """
    ways = [(one.offset, one.factor, one.features) for one in (known, other)]
    if ways[0] != ways[1] or (other.exact and not known.exact):
        raise _conflict(known, other, who)
    if known.classes and other.classes and known.classes != other.classes:
        raise InputError(
            f"{who}: its classes are {', '.join(known.classes)}, and those of the data {', '.join(other.classes)}; "
            "give labels in the network's order"
        )
    if other.low is None or other.high is None:
        return _filled(known, other)
    if known.low is None or known.high is None:
        return replace(_filled(known, other), low=other.low, high=other.high)
    least, most = known.bounds()
    if other.low < least or other.high > most:
        raise _conflict(known, other, who)
    if known.exact:
        return _filled(known, other)
    return replace(_filled(known, other), low=min(known.low, other.low), high=max(known.high, other.high))


def _filled(known: Inputs, other: Inputs) -> Inputs:
    """Return a contract, with the fields that only the other one states filled in."""
    names = ("kind", "shape", "classes", "columns", "label", "reading")
    return replace(known, **{name: getattr(known, name) or getattr(other, name) for name in names})


def _conflict(known: Inputs, other: Inputs, who: object) -> InputError:
    return InputError(
        f"{who}: takes {known.words()}, but these data are {other.words()}; give data of the first kind, or set "
        "model.inputs = None before training, so that the network forgets what it was trained on"
    )


def _declared_by(loader: Loader) -> Inputs | None:
    """Return what a loader declares; a loader of the user's own may have an attribute of that name for other things."""
    declared = getattr(loader, "inputs", None)
    return declared if isinstance(declared, Inputs) else None


def _check_classes(model: MLP, known: Inputs | None, declared: Inputs | None) -> None:
    """Refuse data to evaluate whose labels stand for other classes than the network's; its last ones may be missing."""
    own, others = (() if inputs is None else inputs.classes or () for inputs in (known, declared))
    if own and others != own[: len(others)]:
        raise InputError(
            f"{model}: its classes are {', '.join(own)}, and those of the data {', '.join(others)}; give labels in the "
            "network's order, as Dataset.of(images, labels, classes=model.classes) does"
        )


def _range_of(X_batch: Any, seen: Inputs | None) -> Inputs | None:
    """Return the range of a batch together with the earlier ones."""
    x = np.asarray(X_batch)
    low, high = (float(x.min()), float(x.max())) if x.size and x.dtype.kind in "fiu" else (math.nan, math.nan)
    if not (math.isfinite(low) and math.isfinite(high)):
        return seen
    if seen is not None and seen.low is not None and seen.high is not None:
        low, high = min(low, seen.low), max(high, seen.high)
    return Inputs.as_given(low, high)


def _check_batch(x: NDArray[Any], known: Inputs | None, model: MLP) -> None:
    """Refuse a batch whose numbers cannot be meant for the first layer."""
    if x.size == 0 or x.dtype.kind not in "fiu":
        return
    low, high = float(x.min()), float(x.max())
    if known is None:
        if low >= 0 and 127 < high <= 255 and _may_be_square(x) and bool((x == np.trunc(x)).all()):
            raise InputError(
                f"{model}: got a batch of whole numbers from {low:g} to {high:g}, which look like bytes, but the first "
                "layer would take them unscaled; give glasswork.normalize(images), or Batches(images, labels, ...) "
                "of bytes; if they are not pixels, set model.pixels = False"
            )
        return
    ends = known.at_first_layer
    if not known.scales or ends is None:
        if ends is not None:
            known.check(x.reshape(len(x), -1), who=model)
        return
    if not (math.isfinite(low) and math.isfinite(high)):
        raise InputError(f"{model}: expected finite pixels, got NaN or infinity; repair or remove such images")
    margin = 1e-5 * (ends[1] - ends[0])
    inside = ends[0] - margin <= low and high <= ends[1] + margin
    if inside and (low < 0 or not known.are_bytes or _were_bytes(x, known)):
        return
    remedy = "give 2 * images - 1" if inside else "give glasswork.normalize(images)"
    raise InputError(
        f"{model}: was trained on {known.words()}, got a batch from {low:.4g} to {high:.4g}; {remedy}, or pass the "
        "bytes, 0 to 255, through Batches(images, labels, ...)"
    )


def _may_be_square(x: NDArray[Any]) -> bool:
    """Return whether rows have as many numbers as square images of at least 8×8 pixels."""
    features = x[0].size
    return bool(features >= 64 and math.isqrt(features) ** 2 == features)


def _were_bytes(x: NDArray[Any], known: Inputs) -> bool:
    """Return whether all numbers can come from whole raw numbers."""
    raw = x / known.factor + known.offset
    return bool((np.abs(raw - np.rint(raw)) < 0.01).all())
