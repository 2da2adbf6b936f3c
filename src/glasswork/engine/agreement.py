"""Do a loader and a network agree about what the first layer gets? And what does a network note of its training data?

loader with ``inputs``   it declares what its numbers are, and how they were scaled, as `Batches` does
any other loader         its first batch is looked at; a network that learns notes the range of its first epoch
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glasswork.engine.contract import Loader, Model
from glasswork.errors import InputError
from glasswork.inputs import Inputs
from glasswork.nn import MLP


def checked(loader: Loader, model: Model, *, learning: bool = False) -> Iterator[tuple[Any, Any]]:
    """Yield a loader's batches, having checked that the first one can be on the scale that the model expects.

    A model that is ``learning`` notes what it is trained on: what the loader declares, as `Batches` does, or else the
    range of all batches of its first epoch.
    """
    check_loader(loader)
    if not isinstance(model, MLP):
        yield from loader
        return
    declared: Inputs | None = getattr(loader, "inputs", None)
    known = model.inputs
    look = learning and declared is None and (known is None or known.at_first_layer is None)
    seen: Inputs | None = None
    try:
        for k, (X_batch, y_batch) in enumerate(loader):
            if k == 0:
                check_inputs(model, declared, X_batch, learning=learning)
            if look:
                seen = _range_of(X_batch, seen)
            yield X_batch, y_batch
    finally:
        if seen is not None:
            model.inputs = seen if known is None else known.joined(seen, who=model)


def check_loader(loader: Loader) -> None:
    """Refuse images and labels that were given in place of a loader of them."""
    if isinstance(loader, tuple | list) and len(loader) == 2 and all(isinstance(part, np.ndarray) for part in loader):
        raise InputError(
            "the loop: expected a loader of batches, got images and labels; make one: Batches(images, labels, 100, "
            "seed=0)"
        )


def check_inputs(model: MLP, declared: Inputs | None, first: Any, *, learning: bool) -> None:
    """Check that what a loader gives is what a model takes; note what it declares on a model that is ``learning``.

    Parameters
    ----------
    declared : Inputs or None
        What the loader says about its numbers.
    first : (batch, features)
        Its first batch, as the first layer gets it.
    """
    known = model.inputs
    if declared is None or not declared.exact:  # floats as they are, which are prepared if the network scales
        _check_batch(np.asarray(first), known, model)
        if declared is None or (known is not None and known.scales):
            return
    if known is None or learning or not known.equals_at_first_layer(declared):
        joined = declared if known is None else known.joined(declared, who=model)
        if learning:
            model.inputs = joined


def check_pair(model: Model, training: Loader, validation: Loader) -> None:
    """Check before a training, as far as its two loaders declare it, that a model can learn from one for the other."""
    learnt, asked = (getattr(loader, "inputs", None) for loader in (training, validation))
    if isinstance(model, MLP) and isinstance(learnt, Inputs) and isinstance(asked, Inputs):
        known = learnt if model.inputs is None else model.inputs
        if asked.exact and not known.equals_at_first_layer(asked):
            known.joined(asked, who=model)
        ends = asked.at_first_layer
        if not asked.exact and ends is not None:
            _check_batch(np.array([ends]), known, model)


def _range_of(X_batch: Any, seen: Inputs | None) -> Inputs | None:
    """Return the range of a batch, and of those that were seen before."""
    x = np.asarray(X_batch)
    low, high = (float(x.min()), float(x.max())) if x.size and x.dtype.kind in "fiu" else (math.nan, math.nan)
    if not (math.isfinite(low) and math.isfinite(high)):
        return seen
    if seen is not None and seen.low is not None and seen.high is not None:
        low, high = min(low, seen.low), max(high, seen.high)
    return Inputs.as_given(low, high)


def _check_batch(x: NDArray[Any], known: Inputs | None, model: MLP) -> None:
    """Refuse a batch whose numbers cannot be what the first layer is to get."""
    if x.size == 0 or x.dtype.kind not in "fiu":
        return
    low, high = float(x.min()), float(x.max())
    if known is None:
        if low >= 0 and 127 < high <= 255 and _may_be_square(x) and bool((x == np.trunc(x)).all()):
            raise InputError(
                f"{model}: got a batch of whole numbers from {low:g} to {high:g}, which look like bytes, and the first "
                "layer would take them as they are; give glasswork.normalize(images), or Batches(images, labels, ...) "
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
        f"{model}: was trained on {known.words()}, got a batch from {low:.4g} to {high:.4g}; {remedy}, or the bytes, "
        "0 to 255, by Batches(images, labels, ...)"
    )


def _may_be_square(x: NDArray[Any]) -> bool:
    """Whether rows have as many numbers as square images of at least 8×8 pixels."""
    features = x[0].size
    return bool(features >= 64 and math.isqrt(features) ** 2 == features)


def _were_bytes(x: NDArray[Any], known: Inputs) -> bool:
    """Whether all numbers are those that whole raw numbers become."""
    raw = x / known.factor + known.offset
    return bool((np.abs(raw - np.rint(raw)) < 0.01).all())
