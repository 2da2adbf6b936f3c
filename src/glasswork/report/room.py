"""Room: how many images a page holds, so that large images do not make it a large file.

training images, or what the doubt keeps of them ──► test images ──► the network by epoch, see replay.py
"""

from typing import Any

from numpy.typing import NDArray

from glasswork.report.packing import Encoding, pack

#: Characters for all of them, and the most for training images and for test images.
TOTAL, EXAMPLES, TESTS = 2_000_000, 1_000_000, 600_000

#: Characters for training images if the page compares with their maps of edges, which are about as large as the room.
SHOWN = 100_000

#: Rows whose size tells that of the others.
_SAMPLE = 40


def fitting(rows: NDArray[Any], encoding: Encoding, room: float) -> int:
    """Return how many of the rows fit into so many characters, at least one."""
    sample = rows[:: max(1, len(rows) // _SAMPLE)][:_SAMPLE]
    return max(1, min(len(rows), int(room * len(sample) / len(pack(sample, encoding).data))))
