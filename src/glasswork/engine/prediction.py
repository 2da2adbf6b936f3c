"""Prediction with the compiled forward."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from numpy.typing import NDArray

from glasswork.arrays import FloatArray
from glasswork.engine.compiled.table import why_no_forward
from glasswork.engine.installed import REMEDY, is_installed, tell
from glasswork.errors import InputError, StateError
from glasswork.nn import MLP


def compiled(model: MLP) -> MLP:
    """Make a network compute its `MLP.scores`, and so its predictions, in machine code; return the network.

    This pays off if one process predicts often, one image or many: the kernels take half a second to load, and about 20
    seconds to compile the first time on a machine. Training, calling the model, and its file do not change.
    ``model.evaluator = None`` undoes it.

    Parameters
    ----------
    model : MLP
        Its layers must have kernels: all layers of glasswork do, in float32 or float64.

    Returns
    -------
    MLP
        The same network.

    Raises
    ------
    InputError
        If it is no network, or a layer or the network itself is of a kind that has no kernel.
    StateError
        If Numba is not installed.

    Examples
    --------
    >>> model = compiled(MLP(784, 50, 10))
    >>> model.predict([[0] * 784]).shape
    (1,)
    """
    if not isinstance(model, MLP):
        raise InputError(f"compiled: expected an MLP, got {model!r}")
    if not is_installed():
        raise StateError(f"compiled: needs Numba, which is not installed: {REMEDY}")
    if (why := why_no_forward(model)) is not None:
        raise InputError(f"compiled: {why}; use NumPy, which predicts by default")
    _load().load_kernels(model.dtype, tell)
    model.evaluator = compiled_scores
    return model


def compiled_scores(model: MLP, images: NDArray[Any]) -> FloatArray:
    """Return the compiled forward's scores; it is loaded on use, so that a pickled network can be read anywhere."""
    scores: FloatArray = _load().compiled_forward(model, images)
    return scores


@cache
def _load() -> ModuleType:
    """Return the module of the compiled forward."""
    try:
        return import_module("glasswork.engine.compiled.forward")
    except ImportError as error:
        raise StateError(f"compiled: Numba cannot be loaded ({error}); try: {REMEDY}") from error
