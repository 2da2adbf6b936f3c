"""The program of a step, before it changes weights: what is done in which order, and which thread does which part.

    by rows       each thread takes its images through a layer        ┌────────┐ thread 1      ┌───┬───┐
                                                                      ├────────┤               │ 1 │ 2 │  by columns
    by columns    each thread computes its units, for all images      └────────┘ thread 2      └───┴───┘

A matrix product first packs the weights that it reads. By rows, every thread packs all of them; by columns, only those
of its own units, but it needs all images of the layer before, so the threads meet first. Columns pay for wide layers:
784 to 300 units at a batch of 100 takes 329 µs instead of 404 µs on each of two threads. Statistics of batch
normalisation are those of a column; the loss and noise are those of a row.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple

from numpy.typing import NDArray

from glasswork.engine.compiled.compiling import kernel
from glasswork.engine.compiled.table import Kind

#: A thread gets at least so many columns, as a narrower product is slower than one of few rows; and a layer that is cut
#: so has at least so many weights, as packing fewer twice costs less than a meeting.
FEWEST_COLUMNS, FEWEST_WEIGHTS = 48, 50_000

#: Parts begin at multiples of so many rows or columns, as BLAS computes whole blocks of them at a time.
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
    """What is done, with which layer, divided how."""

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
        Into which the work is divided.
    trained : int
        The first layer with parameters; no gradient is sent below it.
    """
    kinds = [Kind(kind) for kind in layers["kind"]]
    order: list[tuple[What, int, Kind | None]] = [(What.GATHER, 0, None)]
    order += [(What.FORWARD, i, kind) for i, kind in enumerate(kinds)]
    order += [(What.LOSS, 0, None)]
    lowest = trained if kinds[trained : trained + 1] == [Kind.BATCH_NORM] else trained + 1  # its gradients come with dx
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
    """Return how an operation is divided; what computes number by number is divided as the operation before it."""
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
    """Return where a thread's share of so many rows or columns begins and ends."""
    begin = (size * thread // parts + ALIGNED // 2) // ALIGNED * ALIGNED
    end = (size * (thread + 1) // parts + ALIGNED // 2) // ALIGNED * ALIGNED
    return min(begin, size), size if thread + 1 == parts else min(end, size)
