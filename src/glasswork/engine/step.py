"""The training step, compiled: threads meet between its parts, and nowhere else.

    rows of the batch       gather, forward, loss, backward          each thread takes its rows
    ─────────────────────── meeting ───────────────────────────────────────────────────────────
    rows of the weights     gradient of a block, update of a block   each thread takes its rows, block after block

Two meetings a step. Batch normalisation adds two each way, as its statistics are the whole batch's: threads take
columns there. So does clipping, which needs the norm of all gradients before an update, and the limit of norms.

A matrix product runs on the thread that calls it. So the product and the element-wise work behind it share a cache,
no two pools of threads wait for each other, and results hardly depend on the number of threads.
"""

from __future__ import annotations

from enum import IntEnum
from functools import cache
from typing import Any

import numpy as np
from numba import prange

from glasswork.engine.compiling import callback, entry, kernel
from glasswork.engine.layers import (
    backward,
    batch_statistics,
    batch_statistics_back,
    forward,
    gather,
    gather_targets,
)
from glasswork.engine.losses import loss_and_gradient
from glasswork.engine.native import call, vector
from glasswork.engine.records import APART, LAYER, RUN, UPDATE
from glasswork.engine.table import Kind
from glasswork.engine.weights import average_all, gradients, limit_norms, updates_of
#: Tell `vector` the kinds of rows of the tables.
_LAYER, _UPDATE, _RUN = (np.zeros(1, kind)[0] for kind in (LAYER, UPDATE, RUN))


class Task(IntEnum):
    """What the threads do between two meetings; ``begin`` and ``end`` are layers."""

    FORWARD = 0  # layers begin to end
    TURN = 1  # forward from begin, the loss, and back down to it
    BACKWARD = 2  # layers end - 1 down to begin
    STATISTICS = 3  # of the layer begin
    STATISTICS_BACK = 4
    GRADIENTS = 5  # into the gradients' own arrays
    UPDATE = 6  # from the gradients' own arrays
    GRADIENTS_AND_UPDATE = 7  # block by block, the gradients only in the cache
    LIMIT_NORMS = 8
    AVERAGE = 9


@kernel
def part_of(size: int, thread: int, threads: int) -> Any:
    """Return where a thread's share of so many rows begins and ends."""
    return size * thread // threads, size * (thread + 1) // threads


@kernel
def work(address: int, thread: int, one: Any) -> None:
    """Do one thread's part of the task of the run at an address; all arrays are of the dtype of ``one``."""
    run = vector(address, 0, 1, _RUN)[0]
    layers, updates = vector(run.layers, 0, run.layer_count, _LAYER), vector(run.updates, 0, run.update_count, _UPDATE)
    task, begin, end = run.task, run.begin, run.end
    top, bottom = part_of(run.batch, thread, run.threads)
    sums = vector(run.sums, 0, APART * run.threads, 1.0)
    if task in (Task.FORWARD, Task.TURN):
        if begin == 0:
            gather(run, top, bottom, one)
        for l in range(begin, end):
            forward(layers[l], run, thread, top, bottom, one)
    if task == Task.TURN:
        gather_targets(run, top, bottom, one)
        sums[APART * thread] = loss_and_gradient(run, top, bottom, one)
    if task in (Task.TURN, Task.BACKWARD):
        lowest = begin if task == Task.BACKWARD else max(begin, run.trained) + 1
        for l in range(end - 1, lowest - 1, -1):
            backward(layers[l], run, top, bottom, one)
    if task in (Task.STATISTICS, Task.STATISTICS_BACK):
        layer = layers[begin]
        left, right = part_of(layer.outputs, thread, run.threads)
        if task == Task.STATISTICS:
            batch_statistics(layer, run.batch, left, right, one)
        else:
            batch_statistics_back(layer, run.batch, left, right, one)
    if task == Task.GRADIENTS:
        sums[APART * thread] = gradients(layers, updates, run, thread, one)
    if task in (Task.UPDATE, Task.GRADIENTS_AND_UPDATE):
        updates_of(layers, updates, run, thread, task == Task.GRADIENTS_AND_UPDATE, one)
    if task == Task.LIMIT_NORMS:
        limit_norms(updates, run, thread, one)
    if task == Task.AVERAGE:
        average_all(updates, run, thread, one)


def _work_float32(run: int, thread: int) -> None:
    work(run, thread, np.float32(1))


def _work_float64(run: int, thread: int) -> None:
    work(run, thread, np.float64(1))


@cache
def work_address(dtype: str) -> int:
    """Return the address of the compiled `work` for a dtype, "float32" or "float64"."""
    return callback({"float32": _work_float32, "float64": _work_float64}[dtype])


def _together(run: Any, task: int, begin: int, end: int) -> None:
    """Let every thread do its part of a task, and wait for all."""
    now = run[0]
    now.task, now.begin, now.end = task, begin, end
    address, function = run.ctypes.data, now.work
    if now.threads == 1:
        call(function, address, 0)
    else:
        for thread in prange(now.threads):
            call(function, address, thread)


together = entry(_together, parallel=True)


@kernel
def total(run: Any) -> float:
    """Return the sum of what the threads summed."""
    result = 0.0
    for thread in range(run.threads):
        result += vector(run.sums, 0, APART * run.threads, 1.0)[APART * thread]
    return result


@kernel
def forward_and_backward(layers: Any, run: Any) -> float:
    """Return the loss of a batch, having computed every ``dy``; the threads meet at batch normalisations."""
    begin, trained = 0, run[0].trained
    for l in range(len(layers)):
        if layers[l].kind == Kind.BATCH_NORM:
            together(run, Task.FORWARD, begin, l)  # the first time it gathers the images too
            together(run, Task.STATISTICS, l, l + 1)
            begin = l
    together(run, Task.TURN, begin, len(layers))
    loss = total(run[0]) / run[0].batch
    lowest = max(begin, trained)
    while lowest < len(layers) and layers[lowest].kind == Kind.BATCH_NORM:
        together(run, Task.STATISTICS_BACK, lowest, lowest + 1)
        if lowest == trained:
            break
        end = lowest + 1
        lowest -= 1
        while lowest > trained and layers[lowest].kind != Kind.BATCH_NORM:
            lowest -= 1
        together(run, Task.BACKWARD, lowest + 1, end)
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
    """Do a step for each of ``losses``, which are filled, and return how many were begun.

    They end early at a loss that is infinite or NaN: that step has changed no weight. ``rates`` and ``shares`` are
    the learning rate, and the new weights' share in the average, of each step.
    """
    now = run[0]
    done = 0
    for step in range(len(losses)):
        now.step = step
        loss = forward_and_backward(layers, run)
        losses[step] = loss
        done += 1
        if not np.isfinite(loss):
            break
        now.lr, now.share = rates[step], shares[step]
        now.steps += 1
        now.mean = (1 - now.beta1) / (1 - now.beta1**now.steps)
        now.root = np.sqrt((1 - now.beta2) / (1 - now.beta2**now.steps))
        change_weights(run)
        for l in range(len(layers)):
            layers[l].step += 1
    return done


steps = entry(_steps, parallel=False)
