"""L-BFGS: SciPy's minimiser on the loss of all samples at once and the network's own gradients.

weights ──► loss, gradient of all samples ──► SciPy's next weights ──► ...
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from glasswork.arrays import FloatArray
from glasswork.engine.threads import limited_to
from glasswork.nn import MLP, Loss
from glasswork.training.threads import threads_of


@np.errstate(over="ignore", invalid="ignore")
def minimize(
    model: MLP,
    loss: Loss,
    x: FloatArray,
    target: FloatArray,
    weights: NDArray[np.float64] | None = None,
    *,
    decay: float = 0.0,
    threads: int | None = None,
    **options: Any,
) -> Any:
    """Fit a network to all samples by L-BFGS (Liu and Nocedal 1989).

    Parameters
    ----------
    model : MLP
        In evaluation mode: its layers must not draw random numbers. Its weights are changed.
    loss : Loss
    x : (N, in_features)
        Prepared for the first layer.
    target : (N, outputs)
    weights : (N,), optional
        Weights of the samples' losses.
    decay : float
        ``decay / 2`` times the sum of the squared weights, without biases, is added to the loss.
    threads : int, optional
        Threads for matrix products, by default chosen by the size of the work.
    **options
        Of SciPy's method L-BFGS-B, such as ``maxiter``, ``maxfun`` and ``gtol``.

    Returns
    -------
    scipy.optimize.OptimizeResult
        The model holds the weights of ``result.x``.
    """
    from scipy import optimize

    parameters, gradients = model.parameters(), model.gradients()
    ends = np.cumsum([array.size for array in parameters])[:-1]

    def put(flat: NDArray[np.float64]) -> None:
        for array, part in zip(parameters, np.split(flat, ends), strict=True):
            array[...] = part.reshape(array.shape)

    def objective(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        put(flat)
        value = loss(model.forward(x), target, weights)
        model.backward(loss.backward())
        slopes = [g.astype(np.float64) for g in gradients]
        for p, slope in zip(parameters, slopes, strict=True):
            if p.ndim > 1:
                value += decay / 2 * float(np.vdot(p, p))
                slope += decay * p  # noqa: PLW2901  (in place)
        return value, np.concatenate([slope.ravel() for slope in slopes])

    start = np.concatenate([array.ravel() for array in parameters]).astype(np.float64)
    with limited_to(threads or threads_of(model, [(x, target)])):
        result = optimize.minimize(objective, start, method="L-BFGS-B", jac=True, options=options)
    put(result.x)
    return result
