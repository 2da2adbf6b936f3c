"""How many threads the matrix products of a training use.

    few multiplications a step  ──► 1      synchronising costs more than sharing saves, above all on a busy machine
    many                        ──► all that NumPy's BLAS has

The choice depends on the size of the work alone, never on a trial: the last digits of a product may depend on the
number of threads, so the same recipe on the same machine has to use as many each time.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

#: Multiplications in a step from which several threads are faster; benchmarks/NOTES.md has the measurements.
WORTH_SHARING = 100_000_000


def choose_threads(asked: int, *, batch_size: int, weights: int) -> int:
    """Return the number of threads for a training's matrix products.

    Parameters
    ----------
    asked : int
        The recipe's number; 0 chooses by the size of the work.
    batch_size, weights : int
        Images in a step, and weights that each is multiplied by.

    Returns
    -------
    int
        At least 1, and at most what NumPy's BLAS has: its own limits, such as ``OPENBLAS_NUM_THREADS``, hold.
    """
    if not asked and batch_size * weights < WORTH_SHARING:
        return 1
    with _changing:
        available = max(_before or _numbers(), default=1)
    return min(asked or available, available)


@dataclass(eq=False)
class _Limit:
    """One limit that is set now; equal to no other, so that the right one is removed at its end."""

    threads: int


@contextmanager
def limited_to(threads: int) -> Iterator[None]:
    """Context manager: sets the number of threads for matrix products, and restores it on exit.

    The limit is the whole process's. Where trainings in several Python threads overlap, the newest one's limit
    holds, and the last to end restores what was there before the first.
    """
    libraries, limit = _blas().lib_controllers, _Limit(threads)
    with _changing:
        if not _active:
            _before[:] = _numbers()
        _active.append(limit)
        for library in libraries:
            library.set_num_threads(threads)
    try:
        yield
    finally:
        with _changing:
            _active.remove(limit)
            for library, before in zip(libraries, _before, strict=True):
                library.set_num_threads(_active[-1].threads if _active else before)
            if not _active:
                _before.clear()


_changing = threading.Lock()
_active: list[_Limit] = []  # the limits that are set now, oldest first
_before: list[int] = []  # the number of threads of each library before the first of them


def _numbers() -> list[int]:
    return [library.get_num_threads() for library in _blas().lib_controllers]


@cache
def _blas() -> ThreadpoolController:
    """Return the handle on NumPy's BLAS; finding it is a search through all loaded libraries, so it is done once."""
    import numpy as np  # noqa: F401  (its BLAS has to be loaded before it can be found)
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")
