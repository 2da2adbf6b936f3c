"""A thread's rows of the batch through the layers: forward, and the gradients back.

    rows of images ──gather──► x ──layer──► y = x of the next ──► ... ──► scores
                                 dx ◄──layer── dy                  ◄── gradient of the loss

The formulas are those of `glasswork.nn`. A layer whose ``x`` and ``y`` have one address works in place.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from glasswork.engine.compiling import kernel
from glasswork.engine.drawing import add_noise, drop, word_scratch
from glasswork.engine.formulas import (
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
from glasswork.engine.native import matrix, same, times, times_transposed, vector
from glasswork.engine.table import Kind, Source
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
def add_bias(y: Any, bias: Any) -> None:
    """``y ← y + bias``, row by row."""
    for i in range(y.shape[0]):
        for j in range(y.shape[1]):
            y[i, j] += bias[j]


@kernel
def rescale(y: Any, offset: Any, factor: Any) -> None:
    """``y ← (y - offset) factor``."""
    for i in range(y.size):
        y[i] = (y[i] - offset) * factor


@kernel
def normalize_batch(layer: Any, begin: int, end: int, one: Any) -> None:
    """Batch normalisation of rows: ``y = gamma (x - mean) scale + beta``, with ``scale = 1 / √(variance + ε)``."""
    n = layer.outputs
    x, y = matrix(layer.x, begin, end, n, one), matrix(layer.y, begin, end, n, one)
    mean, scale = vector(layer.mean, 0, n, one), vector(layer.scale, 0, n, one)
    gamma, beta = vector(layer.weight, 0, n, one), vector(layer.bias, 0, n, one)
    for i in range(end - begin):
        for j in range(n):
            y[i, j] = (x[i, j] - mean[j]) * scale[j] * gamma[j] + beta[j]


@kernel
def normalize_batch_back(layer: Any, batch: int, begin: int, end: int, one: Any) -> None:
    """``dx = gamma scale (dy - mean(dy) - normal mean(dy normal))``, in place; the means are known for the batch."""
    n = layer.outputs
    x, d = matrix(layer.x, begin, end, n, one), matrix(layer.dy, begin, end, n, one)
    mean, scale, gamma = vector(layer.mean, 0, n, one), vector(layer.scale, 0, n, one), vector(layer.weight, 0, n, one)
    grad_gamma, grad_beta = vector(layer.grad_weight, 0, n, one), vector(layer.grad_bias, 0, n, one)
    share = one / same(batch, one)
    for i in range(end - begin):
        for j in range(n):
            normal = (x[i, j] - mean[j]) * scale[j]
            d[i, j] = gamma[j] * scale[j] * (d[i, j] - share * grad_beta[j] - normal * share * grad_gamma[j])


@kernel
def batch_statistics(layer: Any, batch: int, begin: int, end: int, one: Any) -> None:
    """Mean and scale of the columns ``begin`` to ``end`` over the whole batch; the running ones move towards them."""
    n = layer.outputs
    x = matrix(layer.x, 0, batch, n, one)
    mean, scale = vector(layer.mean, 0, n, one), vector(layer.scale, 0, n, one)
    running_mean, running_variance = vector(layer.running_mean, 0, n, one), vector(layer.running_variance, 0, n, one)
    count, momentum = same(batch, one), same(layer.constant, one)
    for j in range(begin, end):
        mean[j] = scale[j] = same(0.0, one)
    for i in range(batch):
        for j in range(begin, end):
            mean[j] += x[i, j]
    for j in range(begin, end):
        mean[j] /= count
    for i in range(batch):
        for j in range(begin, end):
            scale[j] += (x[i, j] - mean[j]) * (x[i, j] - mean[j])
    for j in range(begin, end):
        variance = scale[j] / count
        running_mean[j] += momentum * (mean[j] - running_mean[j])
        running_variance[j] += momentum * (variance * (count / (count - one)) - running_variance[j])
        scale[j] = one / np.sqrt(variance + same(EPSILON, one))


@kernel
def running_statistics(layer: Any, one: Any) -> None:
    """Take the running mean and variance in the place of a batch's, as evaluation does."""
    n = layer.outputs
    mean, scale = vector(layer.mean, 0, n, one), vector(layer.scale, 0, n, one)
    running_mean, running_variance = vector(layer.running_mean, 0, n, one), vector(layer.running_variance, 0, n, one)
    for j in range(n):
        mean[j] = running_mean[j]
        scale[j] = one / np.sqrt(running_variance[j] + same(EPSILON, one))


@kernel
def batch_statistics_back(layer: Any, batch: int, begin: int, end: int, one: Any) -> None:
    """``grad_beta = Σ dy`` and ``grad_gamma = Σ dy normal`` of the columns ``begin`` to ``end``."""
    n = layer.outputs
    x, d = matrix(layer.x, 0, batch, n, one), matrix(layer.dy, 0, batch, n, one)
    mean, scale = vector(layer.mean, 0, n, one), vector(layer.scale, 0, n, one)
    grad_gamma, grad_beta = vector(layer.grad_weight, 0, n, one), vector(layer.grad_bias, 0, n, one)
    for j in range(begin, end):
        grad_gamma[j] = grad_beta[j] = same(0.0, one)
    for i in range(batch):
        for j in range(begin, end):
            grad_beta[j] += d[i, j]
            grad_gamma[j] += d[i, j] * (x[i, j] - mean[j]) * scale[j]


@kernel
def forward(layer: Any, run: Any, thread: int, begin: int, end: int, one: Any) -> None:
    """Compute a layer's output for rows ``begin`` to ``end``."""
    n = layer.outputs
    if layer.kind == Kind.LINEAR:
        y = matrix(layer.y, begin, end, n, one)
        x, weight = matrix(layer.x, begin, end, layer.inputs, one), matrix(layer.weight, 0, layer.inputs, n, one)
        times(run.gemm, x, weight, y)
        add_bias(y, vector(layer.bias, 0, n, one))
        return
    if layer.kind == Kind.BATCH_NORM:
        normalize_batch(layer, begin, end, one)
        return
    if layer.kind == Kind.DROPOUT:
        drop(layer, begin, end, word_scratch(run.words, thread, run.words_length), one)
        return
    flat, c = vector(layer.y, begin * n, end * n, one), same(layer.constant, one)
    if layer.x != layer.y:
        copy(vector(layer.x, begin * n, end * n, one), flat)
    if layer.kind == Kind.NOISE:
        normal = vector(run.scratch, thread * run.scratch_length, (thread + 1) * run.scratch_length, one)
        add_noise(layer, begin, end, word_scratch(run.words, thread, run.words_length), normal, one)
    elif layer.kind == Kind.SCALE:
        rescale(flat, c, same(layer.factor, one))
    elif layer.kind == Kind.SIGMOID:
        _sigmoid(flat, c)
    elif layer.kind == Kind.TANH:
        _tanh(flat, c)
    elif layer.kind == Kind.RELU:
        _relu(flat, c)
    elif layer.kind == Kind.LEAKY_RELU:
        _leaky_relu(flat, c)
    elif layer.kind == Kind.SILU:
        _silu(flat, c)
    elif layer.kind == Kind.GELU:
        _gelu(flat, c)


@kernel
def backward(layer: Any, run: Any, begin: int, end: int, one: Any) -> None:
    """Turn ``dy`` into ``dx`` for rows ``begin`` to ``end``: in place, but for a Linear layer."""
    n = layer.outputs
    flat, c = vector(layer.dy, begin * n, end * n, one), same(layer.constant, one)
    if layer.kind == Kind.LINEAR:
        weight = matrix(layer.weight, 0, layer.inputs, n, one)
        times_transposed(
            run.gemm, matrix(layer.dy, begin, end, n, one), weight, matrix(layer.dx, begin, end, layer.inputs, one)
        )
    elif layer.kind == Kind.BATCH_NORM:
        normalize_batch_back(layer, run.batch, begin, end, one)
    elif layer.kind == Kind.DROPOUT:
        multiply(flat, vector(layer.mask, begin * n, end * n, one))
    elif layer.kind == Kind.SCALE:
        rescale(flat, same(0.0, one), same(layer.factor, one))
    elif layer.kind == Kind.SIGMOID:
        _back_sigmoid(vector(layer.y, begin * n, end * n, one), flat, c)
    elif layer.kind == Kind.TANH:
        _back_tanh(vector(layer.y, begin * n, end * n, one), flat, c)
    elif layer.kind == Kind.RELU:
        _back_relu(vector(layer.y, begin * n, end * n, one), flat, c)
    elif layer.kind == Kind.LEAKY_RELU:
        _back_leaky_relu(vector(layer.y, begin * n, end * n, one), flat, c)
    elif layer.kind == Kind.SILU:
        _back_silu(vector(layer.x, begin * n, end * n, one), flat, c)
    elif layer.kind == Kind.GELU:
        _back_gelu(vector(layer.x, begin * n, end * n, one), flat, c)


@kernel
def multiply(d: Any, mask: Any) -> None:
    """``d ← d mask``."""
    for i in range(d.size):
        d[i] *= mask[i]
