"""The training step, compiled: threads meet between its stages, and nowhere else.

    the batch      gather, forward, loss, backward          each thread takes its rows or its columns: `program`
    ────────────── meeting ─────────────────────────────────────────────────────────────────────────────────────
    the weights    gradient of a block, update of a block   each thread takes its rows, block after block

Clipping needs the norm of all gradients before the update, so the threads meet once more; the same goes for the limit
on norms.

A matrix product runs on the thread that calls it. So the product and the element-wise work behind it share a cache,
no two pools of threads wait for each other, and results hardly depend on the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from functools import cache
from typing import Any

import numpy as np
from numba import prange

from glasswork.engine.compiled.compiling import (
    announce,
    callback,
    entry,
    has_openmp,
    kernel,
    note_compiled,
    one_process_compiles,
)  # fmt: skip
from glasswork.engine.compiled.layers import (
    backward,
    copy,
    forward,
    gather,
    gather_targets,
    read,
    running_statistics,
)
from glasswork.engine.compiled.losses import loss_and_gradient
from glasswork.engine.compiled.native import call, vector
from glasswork.engine.compiled.program import By, What, part_of
from glasswork.engine.compiled.records import APART, LAYER, OPERATION, RUN, STAGE, UPDATE
from glasswork.engine.compiled.table import Kind
from glasswork.engine.compiled.weights import average_all, gradients, limit_norms, updates_of

#: The dtypes of the tables' rows, for `vector`.
_LAYER, _OPERATION, _STAGE, _UPDATE, _RUN = (np.zeros(1, kind)[0] for kind in (LAYER, OPERATION, STAGE, UPDATE, RUN))


class Task(IntEnum):
    """What the threads do between two meetings."""

    BATCH = 0  # the operations begin to end
    GRADIENTS = 1  # into the gradients' own arrays
    UPDATE = 2  # from the gradients' own arrays
    GRADIENTS_AND_UPDATE = 3  # block by block, the gradients only in the cache
    LIMIT_NORMS = 4
    AVERAGE = 5
    RUNNING_STATISTICS = 6  # for evaluation
    PREDICT = 7


@kernel
def work(address: int, thread: int, one: Any) -> None:
    """Do one thread's part of the task of the run at an address; all arrays have the dtype of ``one``."""
    run = vector(address, 0, 1, _RUN)[0]
    layers, updates = vector(run.layers, 0, run.layer_count, _LAYER), vector(run.updates, 0, run.update_count, _UPDATE)
    if run.task == Task.BATCH:
        for operation in vector(run.operations, run.begin, run.end, _OPERATION):
            batch_work(operation, layers, run, thread, one)
    elif run.task <= Task.AVERAGE:
        weights_work(layers, updates, run, thread, one)
    elif run.task == Task.PREDICT:
        predict(layers, run, thread, one)
    else:
        for i in range(run.layer_count):
            if layers[i].kind == Kind.BATCH_NORM:
                running_statistics(layers[i], one)


@kernel
def part_for(operation: Any, layers: Any, run: Any, thread: int) -> Any:
    """Return a thread's rows and columns of an operation."""
    layer = layers[operation.layer]
    width = layer.inputs if operation.what == What.BACKWARD else layer.outputs
    if operation.by == By.COLUMNS:
        left, right = part_of(width, thread, run.parts)
        return 0, run.batch, left, right
    top, bottom = part_of(run.batch, thread, run.parts)
    return top, bottom, 0, width


@kernel
def batch_work(operation: Any, layers: Any, run: Any, thread: int, one: Any) -> None:
    """Do an operation on a thread's part of the batch."""
    top, bottom, left, right = part_for(operation, layers, run, thread)
    if operation.what == What.GATHER:
        gather(run, top, bottom, one)
    elif operation.what == What.FORWARD:
        forward(layers[operation.layer], run, thread, top, bottom, left, right, True, one)
    elif operation.what == What.BACKWARD:
        backward(layers[operation.layer], run, top, bottom, left, right, one)
    else:
        gather_targets(run, top, bottom, one)
        vector(run.sums, 0, APART * run.parts, 1.0)[APART * thread] = loss_and_gradient(run, top, bottom, one)


@kernel
def weights_work(layers: Any, updates: Any, run: Any, thread: int, one: Any) -> None:
    """Do a task on a thread's rows of the weights, or on its columns if norms are limited."""
    if run.task == Task.GRADIENTS:
        squares = gradients(layers, updates, run, thread, one)
        vector(run.sums, 0, APART * run.parts, 1.0)[APART * thread] = squares
    elif run.task == Task.LIMIT_NORMS:
        limit_norms(updates, run, thread, one)
    elif run.task == Task.AVERAGE:
        average_all(updates, run, thread, one)
    else:
        updates_of(layers, updates, run, thread, run.task == Task.GRADIENTS_AND_UPDATE, one)


@kernel
def predict(layers: Any, run: Any, thread: int, one: Any) -> None:
    """Take a part of the images through all layers, in blocks that fit the thread's rows of the memory."""
    image, last = part_of(run.count, thread, run.parts)
    top, bottom = part_of(run.batch, thread, run.parts)
    while image < last:
        size = min(bottom - top, last - image)
        for row in range(size):
            read(run, image + row, top + row, one)
        for i in range(run.layer_count):
            forward(layers[i], run, thread, top, top + size, 0, layers[i].outputs, False, one)
        n = run.classes
        scores = vector(run.result, image * n, (image + size) * n, one)
        copy(vector(run.scores, top * n, (top + size) * n, one), scores)
        image += size


def _work_float32(run: int, thread: int) -> None:
    work(run, thread, np.float32(1))


def _work_float64(run: int, thread: int) -> None:
    work(run, thread, np.float64(1))


@cache
def work_function(dtype: str) -> Any:
    """Return the compiled `work` for a dtype, "float32" or "float64": it has an ``address``, and can be called."""
    return callback({"float32": _work_float32, "float64": _work_float64}[dtype])


def _together(run: Any, task: int, begin: int, end: int) -> None:
    """Let the threads do the parts of a task, and wait for all of them."""
    now = run[0]
    now.task, now.begin, now.end = task, begin, end
    address, function = run.ctypes.data, now.work
    if now.alone:
        for part in range(now.parts):
            call(function, address, part)
    else:
        for part in prange(now.parts):
            call(function, address, part)


together = entry(_together, parallel=True)


@kernel
def total(run: Any) -> float:
    """Return the total of the threads' sums."""
    result = 0.0
    for thread in range(run.parts):
        result += vector(run.sums, 0, APART * run.parts, 1.0)[APART * thread]
    return result


@kernel
def forward_and_backward(run: Any) -> float:
    """Compute every ``dy`` and return the loss of the batch."""
    for stage in vector(run[0].stages, 0, run[0].stage_count, _STAGE):
        together(run, Task.BATCH, stage.begin, stage.end)
    loss: float = total(run[0]) / run[0].batch
    return loss


@kernel
def change_weights(run: Any) -> None:
    """Compute the gradients of the weights and change them by the rule: clip, decay, update, limit, average."""
    now = run[0]
    now.clip = 1.0
    if now.clip_norm > 0:
        together(run, Task.GRADIENTS, 0, 0)
        norm = np.sqrt(total(now))
        if norm > now.clip_norm:
            now.clip = now.clip_norm / norm
        together(run, Task.UPDATE, 0, 0)
    else:
        together(run, Task.GRADIENTS_AND_UPDATE, 0, 0)
    if now.max_norm > 0:
        together(run, Task.LIMIT_NORMS, 0, 0)
        if now.averages:
            together(run, Task.AVERAGE, 0, 0)


def _steps(layers: Any, run: Any, rates: Any, shares: Any, losses: Any) -> int:
    """Do a step for each entry of ``losses``, which is filled, and return how many were begun.

    A loss that is infinite or NaN ends the call early: that step has changed no weight. ``rates`` and ``shares`` are
    the learning rate, and the new weights' share in the average, of each step.
    """
    now = run[0]
    done = 0
    for step in range(len(losses)):
        now.step = step
        loss = forward_and_backward(run)
        losses[step] = loss
        done += 1
        if not np.isfinite(loss):
            break
        now.lr, now.share = rates[step], shares[step]
        now.steps += 1
        now.mean = (1 - now.beta1) / (1 - now.beta1**now.steps)
        now.root = np.sqrt((1 - now.beta2) / (1 - now.beta2**now.steps))
        change_weights(run)
        for i in range(len(layers)):
            layers[i].step += 1
    return done


steps = entry(_steps, parallel=False)


def load_kernels(dtype: np.dtype[Any], say: Callable[[str], object] | None = None) -> None:
    """Compile the kernels for a dtype, or read them from the cache, by calling them with no steps."""
    announce(str(dtype), say)
    has_openmp()  # selects OpenMP before Numba starts threads
    with one_process_compiles(str(dtype)):
        work_function(str(dtype))
        steps(np.zeros(0, LAYER), np.zeros(1, RUN), np.empty(0), np.empty(0), np.empty(0))
    note_compiled(str(dtype))
