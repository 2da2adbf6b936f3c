"""How the kernels are compiled: once per machine, then read from a folder.

    first start    kernels.py ──Numba, LLVM──► machine code ──► cache/glasswork/engine-<digest>/
    later starts                                               ──► memory

The name of the folder holds a digest of the engine's sources, so all installations of the same version share it. Numba
itself checks one file only: it would not notice a change in a formula that a kernel of another file calls.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import llvmlite.binding
import numba

import glasswork.cache
from glasswork.cores import granted_cores
from glasswork.locks import Lock

F = TypeVar("F", bound=Callable[..., Any])

#: Sums may be reordered and products fused, so that loops become vector instructions. NaN and infinity are kept, so
#: that a training that diverges is noticed.
RELAXED = {"reassoc", "contract", "arcp", "nsz", "afn"}

#: ``error_model`` "numpy": a division by zero is infinite, as in NumPy, and loops that divide are vectorised.
OPTIONS: dict[str, Any] = {"error_model": "numpy", "fastmath": RELAXED, "nogil": True}


def kernel(function: F) -> F:
    """Decorate a function that is compiled as a part of the entries that call it."""
    compiled: F = numba.njit(**OPTIONS, no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)
    return compiled


def entry(function: F, *, parallel: bool) -> F:
    """Return a function that Python calls: compiled at its first call, or read from the cache."""
    with _cached_in(cache_folder()) as cached:
        compiled: F = numba.njit(**OPTIONS, parallel=parallel, cache=cached)(function)
    return compiled


def callback(function: Callable[[int, int], None]) -> Any:
    """Return a function of two integers with a C interface, compiled or read from the cache."""
    with _cached_in(cache_folder()) as cached:
        return numba.cfunc("void(int64, int64)", **OPTIONS, cache=cached)(function)


@cache
def has_openmp() -> bool:
    """Return whether Numba can use OpenMP, whose threads go to sleep soon when another program needs the core."""
    if importlib.util.find_spec("numba.np.ufunc.omppool") is None:
        return False
    try:
        importlib.import_module("numba.np.ufunc.omppool")
    except ImportError:  # the library libgomp is missing
        return False
    if numba.config.THREADING_LAYER == "default":
        numba.config.THREADING_LAYER = "omp"
    return str(numba.config.THREADING_LAYER) == "omp"


def kernel_sources() -> list[Path]:
    """Return the files of which the kernels are made: the engine's, and those whose constants it takes."""
    package = Path(glasswork.cache.__file__).parent
    given = [
        package / "pixels.py",
        package / "randomness.py",
        *package.glob("nn/*.py"),
        *package.glob("data/augment/*.py"),
    ]
    return [*sorted(given), *sorted(Path(__file__).parent.glob("*.py"))]


@cache
def cache_folder() -> Path | None:
    """Return a writable folder for compiled kernels; None if there is none."""
    sources = kernel_sources()
    facts = f"{numba.__version__} {llvmlite.binding.get_host_cpu_name()} {platform.python_version()}".encode()
    digest = hashlib.sha256(facts + b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
    given = os.environ.get("NUMBA_CACHE_DIR")
    parent = Path(given) if given else glasswork.cache.cache_folder()
    if parent is None:
        return None
    folder = parent / f"engine-{digest}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError:
        return None
    return folder


def can_share() -> bool:
    """Return whether threads can share the work here: they need OpenMP, which does not work in a forked process."""
    return has_openmp() and not _forked and cores() > 1


def cores() -> int:
    """Return how many threads Numba may use: ``NUMBA_NUM_THREADS``, or as many as there are cores granted."""
    threads = int(numba.config.NUMBA_NUM_THREADS)
    return threads if "NUMBA_NUM_THREADS" in os.environ else min(threads, granted_cores())


_forked: list[bool] = []  # not empty in a process that was forked from one that has loaded the engine
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: _forked.append(True))


@contextmanager
def threads_for(parts: int) -> Iterator[None]:
    """Context manager: Numba uses one thread for each part, or all cores if there are fewer."""
    before = numba.get_num_threads()
    numba.set_num_threads(min(parts, cores()))
    try:
        yield
    finally:
        numba.set_num_threads(before)


def announce(what: str, say: Callable[[str], object] | None) -> None:
    """Print one line that kernels will be compiled now, unless they were compiled before."""
    folder = cache_folder()
    if say is None or what in _compiled or (folder is not None and (folder / what).exists()):
        return
    often = (
        "once on this machine" if folder is not None else "at every start, because no folder for the result is writable"
    )
    say(f"Compiling the fast engine for {what}, {often}: about 20 seconds ...")


@contextmanager
def one_process_compiles(what: str) -> Iterator[None]:
    """Context manager: while one process compiles, others wait, and then read what it cached.

    Numba does not lock the index of its cache. Two processes that write it at once could leave an entry for one type
    that names the code for another.
    """
    folder = cache_folder()
    if folder is None or what in _compiled:
        yield
        return
    lock = Lock(folder / "lock", timeout=-1)
    lock.acquire()
    try:
        yield
    finally:
        lock.release()


def note_compiled(what: str) -> None:
    """Record that kernels were compiled."""
    _compiled.add(what)
    folder = cache_folder()
    if folder is not None:
        (folder / what).touch()


_compiled: set[str] = set()  # in this process


class InFolder:
    """Tell Numba where to cache a function: in ``numba.config.CACHE_DIR`` itself, wherever its source is installed.

    The name of that folder vouches for the source, so Numba need not check it. The methods are those of Numba's own
    locators.
    """

    def __init__(self, line: int) -> None:
        self._line, self._folder = line, numba.config.CACHE_DIR

    @classmethod
    def from_function(cls, function: Callable[..., Any], _: str) -> InFolder:
        """Return the locator of a function."""
        return cls(function.__code__.co_firstlineno)

    def get_cache_path(self) -> str:
        """Return the folder."""
        return str(self._folder)

    def ensure_cache_path(self) -> None:
        """Make the folder."""
        Path(self._folder).mkdir(parents=True, exist_ok=True)

    def get_source_stamp(self) -> str:
        """Return what must be equal for a cached function to be used."""
        return ""

    def get_disambiguator(self) -> str:
        """Return what tells functions of the same name apart."""
        return str(self._line)


@contextmanager
def _cached_in(folder: Path | None) -> Iterator[bool]:
    """Context manager: functions compiled inside are cached in this folder; yields whether they are."""
    config = numba.config
    before = config.CACHE_DIR, config.CACHE_LOCATOR_CLASSES
    config.CACHE_DIR, config.CACHE_LOCATOR_CLASSES = str(folder or ""), f"{__name__}.{InFolder.__name__}"
    try:
        yield folder is not None
    finally:
        config.CACHE_DIR, config.CACHE_LOCATOR_CLASSES = before
