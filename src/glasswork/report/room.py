"""Room: how many images and snapshots a page holds, so that large images do not make it a large file.

training images, or what the doubt keeps of them ──► test images ──► weights by epoch, in the room that is left
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from glasswork.arrays import FloatArray
from glasswork.report.packing import Encoding, pack

#: Characters for all of them, and the most for training images and for test images.
TOTAL, EXAMPLES, TESTS = 2_000_000, 1_000_000, 600_000

#: Characters for training images if the page compares with their maps of edges, which are about as large as the room.
SHOWN = 100_000

#: Rows whose size tells that of the others.
_SAMPLE = 40

#: Snapshots that are kept if there is room for more neurons or for more epochs.
_EPOCHS = 5

_Weights: TypeAlias = dict[int, FloatArray]


def fitting(rows: NDArray[Any], encoding: Encoding, room: float) -> int:
    """Return how many of the rows fit into so many characters, at least one."""
    sample = rows[:: max(1, len(rows) // _SAMPLE)][:_SAMPLE]
    return max(1, min(len(rows), int(room * len(sample) / len(pack(sample, encoding).data))))


def fitting_snapshots(snapshots: _Weights, most: int, room: float) -> _Weights:
    """Return the snapshots that fit: the first, the last, and evenly spaced ones, of fewer neurons if need be.

    Parameters
    ----------
    snapshots : dict
        By epoch: ``(features, neurons)``.
    most : int
        Snapshots to keep at most.
    room : float
        Characters.
    """
    if not snapshots:
        return {}
    _, neurons = next(iter(snapshots.values())).shape
    each = len(pack(snapshots[max(snapshots)], "int8").data) / neurons  # characters for a neuron
    epochs = min(len(snapshots), most, max(_EPOCHS, int(room / each / neurons)))
    neurons = max(1, min(neurons, int(room / each / epochs)))
    kept = sorted(snapshots)
    rows = np.unique(np.linspace(0, len(kept) - 1, epochs).round().astype(int))
    return {kept[row]: snapshots[kept[row]][:, :neurons] for row in rows}
