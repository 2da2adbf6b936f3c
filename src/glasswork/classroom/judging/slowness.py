"""Find code that works sample by sample: the lines of Python it executes grow with the number of samples."""

import sys
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

import numpy as np

from glasswork.classroom.limits import STUDENT
from glasswork.classroom.probes import Bench
from glasswork.classroom.student.messages import Lines, Nothing
from glasswork.classroom.student.observe import Crash, attempt

Call = Callable[[], Any]

_FEW, _MANY = 8, 48


def count_lines(bench: Bench, part: str) -> Lines | Nothing:
    """Return how many lines of Python a part that computes a batch executes for a few images and for many."""
    with bench.isolated(part.partition(".")[0]):
        few, many = (_lines_executed(attempt(PARTS[part], bench.namespace, count)) for count in (_FEW, _MANY))
    return Nothing() if few is None or many is None else Lines(few, many)


def slowness(lines: Lines) -> str | None:
    """Return a remark on a part that loops over samples or numbers in Python, None for any other."""
    if lines.many - lines.few < (_MANY - _FEW) * 0.9:
        return None
    return (
        f"right, but slow: it works through the batch number by number or image by image, {lines.many:,} steps of "
        f"Python for {_MANY} images. NumPy computes a whole batch in one operation, many times faster."
    )


def _lines_executed(call: Any) -> int | None:
    """Return how many lines of the student's file a call executes."""
    if isinstance(call, Crash):
        return None
    count = 0

    def follow(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        if frame.f_code.co_filename != STUDENT:
            return None
        count += event in ("call", "line")
        return follow

    before = sys.gettrace()
    sys.settrace(follow)
    try:
        result = attempt(call)
    finally:
        sys.settrace(before)
    return None if isinstance(result, Crash) else count


def _backward(names: dict[str, Any], count: int) -> Call:
    layer = names["Linear"](3, 2)
    layer.forward(np.ones((count, 3)))
    return partial(layer.backward, np.ones((count, 2)))


#: For each part that computes a batch: what makes the call that does it.
PARTS: dict[str, Callable[[dict[str, Any], int], Call]] = {
    "Linear.forward": lambda names, count: partial(names["Linear"](3, 2).forward, np.ones((count, 3))),
    "Linear.backward": _backward,
    "Sigmoid.forward": lambda names, count: partial(names["Sigmoid"]().forward, np.ones((count, 3))),
    "MSELoss.forward": lambda names, count: partial(names["MSELoss"]().forward, *np.ones((2, count, 3))),
    "ReLU": lambda names, count: partial(names["ReLU"]().forward, np.ones((count, 3))),
    "int_to_onehot": lambda names, count: partial(names["int_to_onehot"], np.arange(count) % 10),
}
