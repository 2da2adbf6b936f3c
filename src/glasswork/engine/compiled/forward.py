"""Scores of images by the compiled forward: one image in microseconds, many on all cores.

images ──block of rows──► layers, in evaluation mode ──► scores
"""

from __future__ import annotations

import operator
import threading
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from glasswork.arrays import FloatArray
from glasswork.engine.compiled.compiling import can_share, cores, threads_for
from glasswork.engine.compiled.native import FEW_ROWS
from glasswork.engine.compiled.plan import SOURCES, Plan, address, address_of
from glasswork.engine.compiled.step import Task, load_kernels, together, work_function
from glasswork.engine.compiled.table import why_no_forward
from glasswork.engine.installed import tell
from glasswork.engine.threads import limited_to
from glasswork.errors import InputError
from glasswork.nn import MLP, BatchNorm, Layer, LeakyReLU, Scale
from glasswork.nn.random_layer import RandomLayer

#: What to do about a network that the kernels cannot compute.
NUMPY_CAN = "NumPy can do it: set model.evaluator to None, or train with the engine 'numpy'"

#: Methods that an object may replace, so that it computes something else.
_REPLACED = {"forward", "__call__"}

#: Images that a thread takes through all layers at a time.
ROWS = 1024

#: One thread is used for each this many multiplications.
WORTH_A_PART = 20_000_000


def compiled_forward(model: MLP, x: NDArray[Any]) -> FloatArray:
    """Return a network's scores of images, in evaluation mode.

    Parameters
    ----------
    model : MLP
        A network for which `glasswork.engine.compiled.table.why_no_forward` returns None.
    x : (N, in_features) uint8, float32 or float64
        Bytes are pixels, and are normalised to [-1, 1].

    Returns
    -------
    (N, out_features)
        A new array of the network's dtype.

    Raises
    ------
    InputError
        If the network has been given a layer without a kernel.
    """
    x = np.require(x, requirements=["C", "A"])
    plan = _plan_of(model)
    run, work = plan.run, plan.work
    scores = np.empty((len(x), model.out_features), model.dtype)
    most = plan.parts if can_share() else 1  # a forked process has no threads
    parts = max(1, min(most, len(x) * plan.weights // WORTH_A_PART))
    plan.set_images(x, scores, parts)
    with limited_to(1) if len(x) > FEW_ROWS else nullcontext():
        if plan.has_statistics:
            run["task"] = Task.RUNNING_STATISTICS
            work(plan.address, 0)
        run["task"] = Task.PREDICT
        if parts == 1:
            work(plan.address, 0)
        else:
            with threads_for(parts):
                together(run, Task.PREDICT, 0, 0)
    return scores


class ForwardPlan(Plan):
    """A plan for evaluation; it leaves out the layers that are random in training."""

    def __init__(self, model: MLP) -> None:
        self.of = model.layers
        self.arrays = [array for layer in self.of for array in layer.state().values()]
        self.constants = _constants(self.of)
        self.parts = cores() if can_share() else 1
        layers = [layer for layer in self.of if not isinstance(layer, RandomLayer)]
        super().__init__(layers, model.in_features, model.dtype, batch=ROWS * self.parts, parts=self.parts)
        self.address, self.work = address(self.run), work_function(str(model.dtype)).ctypes
        self.weights = sum(array.size for array in model.parameters() if array.ndim > 1)
        self.has_statistics = any(isinstance(layer, BatchNorm) for layer in layers)

    def suits(self, model: MLP) -> bool:
        """Return whether the network still has the layers and arrays of this plan."""
        layers = model.layers
        arrays = [array for layer in layers for array in layer.state().values()]
        return (
            not _REPLACED & vars(model).keys()
            and len(layers) == len(self.of)
            and not any(_REPLACED & vars(layer).keys() for layer in layers)
            and all(map(operator.is_, layers, self.of))
            and all(map(operator.is_, arrays, self.arrays))
            and _constants(layers) == self.constants
        )

    def set_images(self, images: NDArray[Any], scores: FloatArray, parts: int) -> None:
        """Store the addresses of the images and of their scores."""
        features = int(self.run["features"][0])
        self._set(
            images=address_of(images, (len(images), features), images.dtype), source=SOURCES[images.dtype],
            count=len(images), result=address(scores), batch=self.batch, parts=parts, alone=parts == 1,
        )  # fmt: skip


def _constants(layers: Sequence[Layer]) -> list[dict[str, Any]]:
    """Return the settings that a plan copies."""
    return [layer.settings() for layer in layers if isinstance(layer, LeakyReLU | Scale)]


class _Plans(threading.local):
    """The plans of each Python thread, because the memory of a plan serves one call at a time."""

    def __init__(self) -> None:
        self.of: WeakKeyDictionary[MLP, ForwardPlan] = WeakKeyDictionary()


_plans = _Plans()


def _plan_of(model: MLP) -> ForwardPlan:
    plan = _plans.of.get(model)
    if plan is None or not plan.suits(model):
        if (why := why_no_forward(model)) is not None:
            raise InputError(f"{model}: {why}; {NUMPY_CAN}")
        load_kernels(model.dtype, tell)
        plan = _plans.of[model] = ForwardPlan(model)
    return plan
