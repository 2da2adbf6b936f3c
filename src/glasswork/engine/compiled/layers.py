"""A thread's part of the batch through the layers: forward, and the gradients back.

    rows of images ──gather──► x ──layer──► y = x of the next ──► ... ──► scores
                                 dx ◄──layer── dy                  ◄── gradient of the loss

A part is the rows ``top`` to ``bottom`` and the columns ``left`` to ``right`` of what a layer computes. The formulas
are those of `glasswork.nn`. A layer whose ``x`` and ``y`` have one address works in place.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from glasswork.engine.compiled.compiling import kernel
from glasswork.engine.compiled.drawing import add_noise, drop, word_scratch
from glasswork.engine.compiled.formulas import (
    each,
    each_times,
    gelu,
    gelu_slope,
    hyperbolic_tangent,
    hyperbolic_tangent_slope,
    leaky_relu,
    leaky_relu_slope,
    relu,
    relu_slope,
    sigmoid,
    sigmoid_slope,
    silu,
    silu_slope,
)
from glasswork.engine.compiled.native import add_product, matrix, same, times_transposed, vector
from glasswork.engine.compiled.table import Kind, Source
from glasswork.nn.batchnorm import EPSILON

_sigmoid, _back_sigmoid = each(sigmoid), each_times(sigmoid_slope)
_tanh, _back_tanh = each(hyperbolic_tangent), each_times(hyperbolic_tangent_slope)
_relu, _back_relu = each(relu), each_times(relu_slope)
_leaky_relu, _back_leaky_relu = each(leaky_relu), each_times(leaky_relu_slope)
_silu, _back_silu = each(silu), each_times(silu_slope)
_gelu, _back_gelu = each(gelu), each_times(gelu_slope)


@kernel
def gather(run: Any, begin: int, end: int, one: Any) -> None:
    """Copy rows ``begin`` to ``end`` of the step's batch into ``run.x``."""
    rows = vector(run.order, run.step * run.batch, (run.step + 1) * run.batch, np.int64(1))
    for i in range(begin, end):
        read(run, rows[i], i, one)


@kernel
def read(run: Any, image: int, row: int, one: Any) -> None:
    """Copy an image into a row of ``run.x``, bytes normalised to [-1, 1]."""
    n = run.features
    x = vector(run.x, row * n, (row + 1) * n, one)
    if run.source == Source.BYTES:
        normalize(vector(run.images, image * n, (image + 1) * n, np.uint8(1)), x)
    elif run.source == Source.FLOAT32:
        copy(vector(run.images, image * n, (image + 1) * n, np.float32(1)), x)
    else:
        copy(vector(run.images, image * n, (image + 1) * n, np.float64(1)), x)


@kernel
def gather_targets(run: Any, begin: int, end: int, one: Any) -> None:
    """Write the targets of rows ``begin`` to ``end`` of the step's batch into ``run.targets``: one-hot of labels."""
    n = run.classes
    rows = vector(run.order, run.step * run.batch, (run.step + 1) * run.batch, np.int64(1))
    for i in range(begin, end):
        targets = vector(run.targets, i * n, (i + 1) * n, one)
        if run.labels:
            for j in range(n):
                targets[j] = same(0.0, one)
            targets[vector(run.labels, 0, rows[i] + 1, np.int64(1))[rows[i]]] = one
        else:
            copy(vector(run.given_targets, rows[i] * n, (rows[i] + 1) * n, one), targets)


@kernel
def normalize(pixels: Any, x: Any) -> None:
    """``(pixels - 127.5) / 127.5``: -1 to 1 (`glasswork.pixels.normalize`)."""
    middle, factor = same(127.5, x[0]), same(1 / 127.5, x[0])
    for j in range(x.size):
        x[j] = (same(pixels[j], x[0]) - middle) * factor


@kernel
def copy(values: Any, x: Any) -> None:
    """Copy numbers, converted to the dtype of x."""
    for j in range(x.size):
        x[j] = values[j]


@kernel
def repeat(bias: Any, y: Any) -> None:
    """``y = bias``."""
    for j in range(y.size):
        y[j] = bias[j]


@kernel
def rescale(y: Any, offset: Any, factor: Any) -> None:
    """``y ← (y - offset) factor``."""
    for i in range(y.size):
        y[i] = (y[i] - offset) * factor


@kernel
def piece(address: int, layer: Any, row: int, left: int, right: int, one: Any) -> Any:
    """Return the columns ``left`` to ``right`` of a row of a layer's output, or of another array as wide.

    Loops run over pieces that start at 0: with an index that might be negative, they could not use vector instructions.
    """
    return vector(address, row * layer.outputs + left, row * layer.outputs + right, one)


@kernel
def normalize_batch(layer: Any, top: int, bottom: int, left: int, right: int, one: Any) -> None:
    """Batch normalisation: ``y = gamma (x - mean) scale + beta``, with ``scale = 1 / √(variance + ε)``."""
    mean, scale = vector(layer.mean, left, right, one), vector(layer.scale, left, right, one)
    gamma, beta = vector(layer.weight, left, right, one), vector(layer.bias, left, right, one)
    for i in range(top, bottom):
        x, y = piece(layer.x, layer, i, left, right, one), piece(layer.y, layer, i, left, right, one)
        for j in range(y.size):
            y[j] = (x[j] - mean[j]) * scale[j] * gamma[j] + beta[j]


@kernel
def normalize_batch_back(layer: Any, batch: int, left: int, right: int, one: Any) -> None:
    """``dx = gamma scale (dy - mean(dy) - normal mean(dy normal))``, in place; the batch's means are already known."""
    mean, scale = vector(layer.mean, left, right, one), vector(layer.scale, left, right, one)
    gamma = vector(layer.weight, left, right, one)
    grad_gamma, grad_beta = vector(layer.grad_weight, left, right, one), vector(layer.grad_bias, left, right, one)
    share = one / same(batch, one)
    for i in range(batch):
        x, d = piece(layer.x, layer, i, left, right, one), piece(layer.dy, layer, i, left, right, one)
        for j in range(d.size):
            normal = (x[j] - mean[j]) * scale[j]
            d[j] = gamma[j] * scale[j] * (d[j] - share * grad_beta[j] - normal * share * grad_gamma[j])


@kernel
def batch_statistics(layer: Any, batch: int, left: int, right: int, one: Any) -> None:
    """Compute mean and scale of the columns ``left`` to ``right`` of the batch, and update the running ones."""
    mean, scale = vector(layer.mean, left, right, one), vector(layer.scale, left, right, one)
    running_mean = vector(layer.running_mean, left, right, one)
    running_variance = vector(layer.running_variance, left, right, one)
    count, momentum = same(batch, one), same(layer.constant, one)
    for j in range(mean.size):
        mean[j] = scale[j] = same(0.0, one)
    for i in range(batch):
        x = piece(layer.x, layer, i, left, right, one)
        for j in range(x.size):
            mean[j] += x[j]
    for j in range(mean.size):
        mean[j] /= count
    for i in range(batch):
        x = piece(layer.x, layer, i, left, right, one)
        for j in range(x.size):
            scale[j] += (x[j] - mean[j]) * (x[j] - mean[j])
    for j in range(mean.size):
        variance = scale[j] / count
        running_mean[j] += momentum * (mean[j] - running_mean[j])
        running_variance[j] += momentum * (variance * (count / (count - one)) - running_variance[j])
        scale[j] = one / np.sqrt(variance + same(EPSILON, one))


@kernel
def running_statistics(layer: Any, one: Any) -> None:
    """Use the running mean and variance in place of the batch's, as in evaluation."""
    n = layer.outputs
    mean, scale = vector(layer.mean, 0, n, one), vector(layer.scale, 0, n, one)
    running_mean, running_variance = vector(layer.running_mean, 0, n, one), vector(layer.running_variance, 0, n, one)
    for j in range(n):
        mean[j] = running_mean[j]
        scale[j] = one / np.sqrt(running_variance[j] + same(EPSILON, one))


@kernel
def batch_statistics_back(layer: Any, batch: int, left: int, right: int, one: Any) -> None:
    """``grad_beta = Σ dy`` and ``grad_gamma = Σ dy normal`` of the columns ``left`` to ``right``."""
    mean, scale = vector(layer.mean, left, right, one), vector(layer.scale, left, right, one)
    grad_gamma, grad_beta = vector(layer.grad_weight, left, right, one), vector(layer.grad_bias, left, right, one)
    for j in range(mean.size):
        grad_gamma[j] = grad_beta[j] = same(0.0, one)
    for i in range(batch):
        x, d = piece(layer.x, layer, i, left, right, one), piece(layer.dy, layer, i, left, right, one)
        for j in range(d.size):
            grad_beta[j] += d[j]
            grad_gamma[j] += d[j] * (x[j] - mean[j]) * scale[j]


@kernel
def runs_of(width: int, top: int, bottom: int, left: int, right: int) -> Any:
    """Return how many pieces of memory a part of an array has, and the length of one; whole rows are one piece."""
    if right - left == width:
        return 1, (bottom - top) * width
    return bottom - top, right - left


@kernel
def forward(
    layer: Any, run: Any, thread: int, top: int, bottom: int, left: int, right: int, training: bool, one: Any
) -> None:
    """Compute a part of a layer's output; only ``training`` uses the statistics of the batch."""
    n = layer.outputs
    if layer.kind == Kind.LINEAR:
        x, y = matrix(layer.x, top, bottom, layer.inputs, one), matrix(layer.y, top, bottom, n, one)
        weight = matrix(layer.weight, 0, layer.inputs, n, one)
        for i in range(top, bottom):
            repeat(vector(layer.bias, left, right, one), piece(layer.y, layer, i, left, right, one))
        add_product(run.gemm, x, weight, left, right, y)
    elif layer.kind == Kind.BATCH_NORM:
        if training:
            batch_statistics(layer, run.batch, left, right, one)
        normalize_batch(layer, top, bottom, left, right, one)
    elif layer.kind == Kind.DROPOUT:
        drop(layer, top, bottom, left, right, word_scratch(run.words, thread, run.words_length), one)
    else:
        runs, length = runs_of(n, top, bottom, left, right)
        for i in range(runs):
            start = (top + i) * n + left
            y = vector(layer.y, start, start + length, one)
            if layer.x != layer.y:
                copy(vector(layer.x, start, start + length, one), y)
            activate(layer, y, one)
    if layer.kind == Kind.NOISE:
        normal = vector(run.scratch, thread * run.scratch_length, (thread + 1) * run.scratch_length, one)
        add_noise(layer, top, bottom, word_scratch(run.words, thread, run.words_length), normal, one)


@kernel
def activate(layer: Any, y: Any, one: Any) -> None:
    """Replace each number by the layer's function of it."""
    c = same(layer.constant, one)
    if layer.kind == Kind.SCALE:
        rescale(y, c, same(layer.factor, one))
    elif layer.kind == Kind.SIGMOID:
        _sigmoid(y, c)
    elif layer.kind == Kind.TANH:
        _tanh(y, c)
    elif layer.kind == Kind.RELU:
        _relu(y, c)
    elif layer.kind == Kind.LEAKY_RELU:
        _leaky_relu(y, c)
    elif layer.kind == Kind.SILU:
        _silu(y, c)
    elif layer.kind == Kind.GELU:
        _gelu(y, c)


@kernel
def backward(layer: Any, run: Any, top: int, bottom: int, left: int, right: int, one: Any) -> None:
    """Turn ``dy`` into a part of ``dx``, in place except for a Linear layer."""
    n = layer.outputs
    if layer.kind == Kind.LINEAR:
        weight, dy = matrix(layer.weight, 0, layer.inputs, n, one), matrix(layer.dy, top, bottom, n, one)
        times_transposed(run.gemm, dy, weight, left, right, matrix(layer.dx, top, bottom, layer.inputs, one))
    elif layer.kind == Kind.BATCH_NORM:
        batch_statistics_back(layer, run.batch, left, right, one)
        normalize_batch_back(layer, run.batch, left, right, one)
    else:
        runs, length = runs_of(n, top, bottom, left, right)
        for i in range(runs):
            start = (top + i) * n + left
            slope(layer, start, vector(layer.dy, start, start + length, one), one)


@kernel
def slope(layer: Any, start: int, d: Any, one: Any) -> None:
    """Multiply gradients by a layer's slope at each number; they begin at the number ``start``."""
    c, end = same(layer.constant, one), start + d.size
    if layer.kind == Kind.DROPOUT:
        multiply(d, vector(layer.mask, start, end, one))
    elif layer.kind == Kind.SCALE:
        rescale(d, same(0.0, one), same(layer.factor, one))
    elif layer.kind == Kind.SIGMOID:
        _back_sigmoid(vector(layer.y, start, end, one), d, c)
    elif layer.kind == Kind.TANH:
        _back_tanh(vector(layer.y, start, end, one), d, c)
    elif layer.kind == Kind.RELU:
        _back_relu(vector(layer.y, start, end, one), d, c)
    elif layer.kind == Kind.LEAKY_RELU:
        _back_leaky_relu(vector(layer.y, start, end, one), d, c)
    elif layer.kind == Kind.SILU:
        _back_silu(vector(layer.x, start, end, one), d, c)
    elif layer.kind == Kind.GELU:
        _back_gelu(vector(layer.x, start, end, one), d, c)


@kernel
def multiply(d: Any, mask: Any) -> None:
    """``d ← d mask``."""
    for i in range(d.size):
        d[i] *= mask[i]
