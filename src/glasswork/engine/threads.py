"""The number of threads that BLAS may use for matrix products: one manager for the whole process.

    a training on NumPy       ──limited_to(its own number)──┐
    the compiled engine       ──limited_to(1)───────────────┼──► BLAS of NumPy, BLAS of SciPy
    a run, from start to end  ──limited_to(...)─────────────┘    the newest limit holds; the last restores

The compiled engine has its own threads, each of which calls BLAS for a part of the work, so BLAS must not divide a
product among its threads again. BLAS threads, once awake, also keep a core busy for a while after a product.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(eq=False)
class _Limit:
    """An active limit; it equals no other, so that the right one is removed at its end."""

    threads: int


@contextmanager
def limited_to(threads: int) -> Iterator[None]:
    """Context manager: sets the number of threads for matrix products, and restores it on exit.

    The limit applies to the whole process. If limits in several Python threads overlap, the newest one holds, and the
    last one to end restores the number from before the first.
    """
    limit = _Limit(threads)
    with _changing:
        _active.append(limit)
        _apply()
    try:
        yield
    finally:
        with _changing:
            _active.remove(limit)
            _apply()


def available() -> int:
    """Return the number of BLAS threads without our limits; its own, such as ``OPENBLAS_NUM_THREADS``, apply."""
    with _changing:
        numbers = [_before.get(library.filepath, library.get_num_threads()) for library in _libraries()]
    return max(numbers, default=1)


def blas_kernels() -> str:
    """Return NumPy's BLAS and the kernels that it chose for this processor: "openblas 0.3.29, SkylakeX", or ""."""
    libraries = _libraries()
    numpys = [library for library in libraries if "numpy" in Path(library.filepath).parent.name] or libraries[:1]
    facts = [[each.internal_api, each.version, getattr(each, "architecture", None)] for each in numpys]
    return "; ".join(f"{api} {version}, {architecture}" for api, version, architecture in facts)


_changing = threading.Lock()
_active: list[_Limit] = []  # the active limits, oldest first
_before: dict[str, int] = {}  # each library's number of threads before the first limit, by its file


def _apply() -> None:
    """Give every library the newest limit or, without a limit, its original number of threads."""
    for library in _libraries():
        now = library.get_num_threads()
        wanted = _active[-1].threads if _active else _before.get(library.filepath, now)
        if _active:
            _before.setdefault(library.filepath, now)
        if now != wanted:
            _set(library, wanted)
    if not _active:
        _before.clear()


def _set(library: Any, threads: int) -> None:
    """Set a library's number of threads, from any Python thread.

    Since threadpoolctl 3.8, only the thread that first set a limit may set others; limits from other threads are
    silently ignored. Here `_changing` keeps them in order.
    """
    take_control = getattr(library, "clear_controlling_thread", lambda force: None)
    take_control(force=True)
    library.set_num_threads(threads)
    take_control(force=True)


def _libraries() -> list[Any]:
    """Return the handles on the BLAS of NumPy and, once it is loaded, that of SciPy."""
    return _find_libraries("scipy.linalg.cython_blas" in sys.modules)


@cache
def _find_libraries(with_scipy: bool) -> list[Any]:
    """Search all loaded libraries; this is repeated only when there is a new one to find."""
    import numpy as np  # noqa: F401  (its BLAS has to be loaded before it can be found)
    from threadpoolctl import ThreadpoolController

    return list(ThreadpoolController().select(user_api="blas").lib_controllers)
