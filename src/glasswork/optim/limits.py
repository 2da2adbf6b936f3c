"""Optional limits on an optimiser's step: clipped gradients, weight decay, limited norms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from glasswork.arrays import FloatArray


def clip_and_decay(
    params: Sequence[FloatArray],
    grads: Sequence[FloatArray],
    changed: list[FloatArray],
    scratch: Sequence[FloatArray],
    clip_norm: float | None,
    decay: float,
) -> list[FloatArray]:
    """Return gradients, scaled down to a common norm, with ``decay`` times the weights added.

    Parameters
    ----------
    params, grads : sequence of arrays
        Only read.
    changed, scratch : sequence of arrays of the same shapes
        For the result and for intermediate results.
    clip_norm : float or None
        The largest norm that all gradients together may have.
    decay : float
        For weights; biases and scales, arrays of one dimension, do not decay.
    """
    norm = 0.0 if clip_norm is None else _common_norm(grads)
    factor = clip_norm / norm if clip_norm is not None and norm > clip_norm else 1.0
    if factor == 1 and decay == 0:
        return list(grads)
    for p, g, result, space in zip(params, grads, changed, scratch, strict=True):
        if decay and p.ndim > 1:
            np.multiply(p, decay, out=result)
            np.add(result, g if factor == 1 else np.multiply(g, factor, out=space), out=result)
        else:
            np.multiply(g, factor, out=result)
    return changed


def limit_norms(params: Sequence[FloatArray], max_norm: float) -> None:
    """Scale the weights into each neuron, the columns of weight arrays, down to a norm."""
    for p in params:
        if p.ndim > 1:
            norms = np.sqrt(np.einsum("io,io->o", p, p))
            if norms.max() > max_norm:
                np.multiply(p, np.minimum(1, max_norm / np.maximum(norms, 1e-30)), out=p)


def _common_norm(gradients: Sequence[FloatArray]) -> float:
    """Return the Euclidean norm of all gradients together."""
    with np.errstate(over="ignore"):
        norm: float = sum(float(np.vdot(g, g)) for g in gradients) ** 0.5
    if norm == float("inf"):  # the squares overflowed: once more, relative to the largest gradient
        largest = max(float(np.abs(g).max()) for g in gradients)
        norm = largest * sum(float(np.vdot(g / largest, g / largest)) for g in gradients) ** 0.5
    return norm
