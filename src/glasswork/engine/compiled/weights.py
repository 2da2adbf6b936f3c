"""A thread's rows of every weight array: the gradient of a block, and its update while both are in the cache.

x.T @ dy, rows r to q ──► block of the gradient ──► rule ──► weight[r:q], moments[r:q], average[r:q]
"""

from __future__ import annotations

from typing import Any

from glasswork.engine.compiled.compiling import kernel
from glasswork.engine.compiled.native import matrix, same, size_of, transposed_times, vector
from glasswork.engine.compiled.program import part_of
from glasswork.engine.compiled.records import BLOCK, FEWEST_ROWS
from glasswork.engine.compiled.rules import limit_columns, move_average, sum_of_squares, update
from glasswork.engine.compiled.table import Role


@kernel
def weight_gradient(layer: Any, run: Any, begin: int, end: int, out: Any, one: Any) -> None:
    """``grad_weight = x.T @ dy``, rows ``begin`` to ``end``."""
    x = matrix(layer.x, 0, run.batch, layer.inputs, one)
    d = matrix(layer.dy, 0, run.batch, layer.outputs, one)
    transposed_times(run.gemm, x, begin, end, d, out)


@kernel
def bias_gradient(layer: Any, run: Any, begin: int, end: int, out: Any, one: Any) -> None:
    """``grad_bias = Σ dy`` over the batch, columns ``begin`` to ``end``; the handout uses the mean."""
    d = matrix(layer.dy, 0, run.batch, layer.outputs, one)
    for j in range(end - begin):
        out[j] = same(0.0, one)
    for i in range(run.batch):
        for j in range(end - begin):
            out[j] += d[i, begin + j]
    if layer.divides_bias:
        for j in range(end - begin):
            out[j] /= same(run.batch, one)


@kernel
def rows_in_block(columns: int) -> int:
    """Return how many rows of a weight array are worked on at a time."""
    return max(BLOCK // columns, FEWEST_ROWS)


@kernel
def gradients(layers: Any, updates: Any, run: Any, thread: int, one: Any) -> float:
    """Fill this thread's rows of every gradient, and return the sum of their squares."""
    squares = 0.0
    for u in range(len(updates)):
        row = updates[u]
        if row.role == Role.STATISTIC:
            continue
        layer = layers[row.layer]
        begin, end = part_of(row.rows, thread, run.parts)
        own = matrix(row.gradient, begin, end, row.columns, one)
        if row.role == Role.WEIGHT:
            if end > begin:
                weight_gradient(layer, run, begin, end, own, one)
        elif row.role == Role.BIAS:
            bias_gradient(
                layer, run, begin, end, vector(row.gradient, begin * row.columns, end * row.columns, one), one
            )
        squares += sum_of_squares(vector(row.gradient, begin * row.columns, end * row.columns, one))
    return squares


@kernel
def updates_of(layers: Any, updates: Any, run: Any, thread: int, with_gradient: bool, one: Any) -> None:
    """Change this thread's rows of every parameter; ``with_gradient`` first computes the gradient of each block."""
    scratch = run.scratch + thread * run.scratch_length * size_of(one)
    for u in range(len(updates)):
        row = updates[u]
        n = row.columns
        begin, end = part_of(row.rows, thread, run.parts)
        while begin < end:
            stop = min(end, begin + rows_in_block(n))
            size = (stop - begin) * n
            parameter = rows_as_vector(row.parameter, begin, stop, n, one)
            if row.role != Role.STATISTIC:
                gradient = vector(scratch, 0, size, one)
                if with_gradient and row.role == Role.WEIGHT:
                    block = matrix(scratch, 0, stop - begin, n, one)
                    weight_gradient(layers[row.layer], run, begin, stop, block, one)
                elif with_gradient and row.role == Role.BIAS:
                    bias_gradient(layers[row.layer], run, begin, stop, gradient, one)
                else:
                    copy_block(rows_as_vector(row.gradient, begin, stop, n, one), gradient)
                means, squares = moments(row, begin, stop, one)
                update(run, row.decays, parameter, gradient, means, squares)
            if row.average and not run.max_norm > 0:
                move_average(rows_as_vector(row.average, begin, stop, n, one), parameter, same(run.share, one))
            begin = stop


@kernel
def moments(row: Any, begin: int, end: int, one: Any) -> Any:
    """Return a block of the rule's two moments, or of the parameter itself if the rule has none."""
    means = row.means if row.means else row.parameter
    squares = row.squares if row.squares else row.parameter
    return rows_as_vector(means, begin, end, row.columns, one), rows_as_vector(squares, begin, end, row.columns, one)


@kernel
def rows_as_vector(address: int, begin: int, end: int, columns: int, one: Any) -> Any:
    """Return rows ``begin`` to ``end`` of an array as a vector."""
    return vector(address, begin * columns, end * columns, one)


@kernel
def copy_block(source: Any, out: Any) -> None:
    """Copy numbers."""
    for i in range(out.size):
        out[i] = source[i]


@kernel
def limit_norms(updates: Any, run: Any, thread: int, one: Any) -> None:
    """Scale this thread's columns of every weight array down to the largest allowed norm."""
    scratch = vector(run.scratch, thread * run.scratch_length, (thread + 1) * run.scratch_length, one)
    for u in range(len(updates)):
        row = updates[u]
        if row.role == Role.WEIGHT:
            begin, end = part_of(row.columns, thread, run.parts)
            limit_columns(matrix(row.parameter, 0, row.rows, row.columns, one), begin, end, scratch, run.max_norm)


@kernel
def average_all(updates: Any, run: Any, thread: int, one: Any) -> None:
    """Move this thread's rows of every average towards the weights."""
    for u in range(len(updates)):
        row = updates[u]
        if row.average:
            begin, end = part_of(row.rows, thread, run.parts)
            average = rows_as_vector(row.average, begin, end, row.columns, one)
            move_average(average, rows_as_vector(row.parameter, begin, end, row.columns, one), same(run.share, one))
