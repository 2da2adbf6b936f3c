"""One thread for each matrix product of BLAS while the engine's own threads call it.

engine's thread 1 ──► product 1        each on its own core; BLAS's pool of threads, which would take
engine's thread 2 ──► product 2        both cores for each product in turn, sleeps
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Context manager: BLAS uses one thread a call; the last of overlapping uses restores the numbers of before."""
    with _changing:
        if not _inside:
            _before[:] = [library.get_num_threads() for library in _libraries()]
            _set([1] * len(_before))
        _inside.append(None)
    try:
        yield
    finally:
        with _changing:
            _inside.pop()
            if not _inside:
                _set(_before)


_changing = threading.Lock()
_inside: list[None] = []  # one for each use now
_before: list[int] = []


def _set(numbers: list[int]) -> None:
    for library, number in zip(_libraries(), numbers, strict=True):
        if library.get_num_threads() != number:
            library.set_num_threads(number)


@cache
def _libraries() -> list[Any]:
    """Return the handles on the BLAS of NumPy and of SciPy, which may be two."""
    import scipy.linalg.cython_blas  # noqa: F401  (its BLAS has to be loaded before it can be found)

    return list(ThreadpoolController().select(user_api="blas").lib_controllers)
