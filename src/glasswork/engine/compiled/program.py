"""The program of a step, up to the update: which operations are done in which order, and by which threads.

    by rows       each thread takes its images through a layer        ┌────────┐ thread 1      ┌───┬───┐
                                                                      ├────────┤               │ 1 │ 2 │  by columns
    by columns    each thread computes its units, for all images      └────────┘ thread 2      └───┴───┘

A matrix product first packs the weights that it reads. By rows, every thread packs all of them. By columns, a thread
packs only those of its own units, but it needs all images of the layer before, so the threads meet first. Columns pay
off for wide layers:
784 to 300 units at a batch of 100 takes 329 µs instead of 404 µs on each of two threads. Statistics of batch
normalisation are those of a column; the loss and noise are those of a row.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple

from numpy.typing import NDArray

from glasswork.engine.compiled.compiling import kernel
from glasswork.engine.compiled.table import Kind

#: A thread gets at least this many columns, because a narrower product is slower than one with few rows. A layer that
#: is divided by columns has at least this many weights: packing fewer of them twice costs less than a meeting.
FEWEST_COLUMNS, FEWEST_WEIGHTS = 48, 50_000

#: Parts begin at multiples of this many rows or columns, because BLAS computes whole blocks of them.
ALIGNED = 4


class What(IntEnum):
    """The operations, for the kernel."""

    GATHER = 0  # the images of the batch
    FORWARD = 1  # of a layer
    LOSS = 2  # and its gradient with respect to the scores
    BACKWARD = 3  # of a layer


class By(IntEnum):
    """How an operation is divided among threads, for the kernel."""

    ROWS = 0
    COLUMNS = 1


class Operation(NamedTuple):
    """An operation, its layer, and how it is divided."""

    what: What
    layer: int
    by: By


def program(layers: NDArray[Any], *, batch: int, parts: int, trained: int) -> list[list[Operation]]:
    """Return the operations of a step, in stages: threads meet between two stages, and nowhere else.

    Parameters
    ----------
    layers : structured array
        See `glasswork.engine.compiled.records.LAYER`.
    batch : int
        Images in a batch.
    parts : int
        The number of parts that the work is divided into.
    trained : int
        The first layer with parameters; no gradient is sent below it.
    """
    kinds = [Kind(kind) for kind in layers["kind"]]
    order: list[tuple[What, int, Kind | None]] = [(What.GATHER, 0, None)]
    order += [(What.FORWARD, i, kind) for i, kind in enumerate(kinds)]
    order += [(What.LOSS, 0, None)]
    lowest = (
        trained if kinds[trained : trained + 1] == [Kind.BATCH_NORM] else trained + 1
    )  # its gradients are computed together with dx
    order += [(What.BACKWARD, i, kinds[i]) for i in range(len(kinds) - 1, lowest - 1, -1)]

    stages: list[list[Operation]] = [[]]
    by = By.ROWS
    for what, i, kind in order:
        before, by = by, _division(what, kind, layers[i : i + 1], by, batch, parts)
        if parts > 1 and (by != before or (by == By.COLUMNS and kind == Kind.LINEAR)):
            stages.append([])
        stages[-1].append(Operation(what, i, by))
    return stages


def _division(what: What, kind: Kind | None, layer: NDArray[Any], before: By, batch: int, parts: int) -> By:
    """Return how an operation is divided; an element-wise one is divided like the operation before it."""
    if kind == Kind.LINEAR:
        inputs, outputs = int(layer["inputs"][0]), int(layer["outputs"][0])
        width = outputs if what == What.FORWARD else inputs
        wide = width >= max(batch, FEWEST_COLUMNS * parts) and inputs * outputs >= FEWEST_WEIGHTS
        return By.COLUMNS if wide else By.ROWS
    if kind == Kind.BATCH_NORM:
        return By.COLUMNS
    if kind is None or (kind == Kind.NOISE and what == What.FORWARD):
        return By.ROWS
    return before


@kernel
def part_of(size: int, thread: int, parts: int) -> Any:
    """Return where a thread's share of the rows or columns begins and ends."""
    begin = (size * thread // parts + ALIGNED // 2) // ALIGNED * ALIGNED
    end = (size * (thread + 1) // parts + ALIGNED // 2) // ALIGNED * ALIGNED
    return min(begin, size), size if thread + 1 == parts else min(end, size)
