"""What a run uses besides libraries: matrix products, cores, fonts, folders, locks, the compiled engine."""

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from glasswork.cores import granted_cores
from glasswork.doctor.packages import one_line

#: Environment variables that limit threads.
_LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def blas(report: Callable[[str], object]) -> list[dict[str, Any]]:
    """Return the libraries that compute matrix products, each with its threads; not those that set no limit to them."""
    import numpy as np  # noqa: F401  (a library has to be loaded to be found)
    from threadpoolctl import threadpool_info

    with suppress(Exception):  # SciPy brings its own, and is examined with the packages
        import scipy.linalg  # noqa: F401
    keys = ("internal_api", "version", "architecture", "num_threads", "filepath")
    return [{key: library.get(key) for key in keys} for library in threadpool_info() if library["user_api"] == "blas"]


def cores(report: Callable[[str], object]) -> dict[str, Any]:
    """Return how many cores there are, how many this process may use, and what the environment says of threads."""
    return {
        "present": os.cpu_count(),
        "affinity": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "granted": granted_cores(),
        "environment": {name: os.environ[name] for name in _LIMITS if name in os.environ},
    }


def fonts(report: Callable[[str], object]) -> dict[str, Any]:
    """Return the font of the figures, and how many Matplotlib knows."""
    from matplotlib import font_manager

    wanted = font_manager.FontProperties()
    try:
        file = str(font_manager.findfont(wanted, fallback_to_default=False))
    except ValueError:
        file = ""
        report(f"fonts: none of {', '.join(wanted.get_family())} is installed, so figures have another font")
    return {"family": wanted.get_family(), "file": file, "known": len(font_manager.fontManager.ttflist)}


def folders(report: Callable[[str], object]) -> dict[str, dict[str, Any]]:
    """Return the folders that commands write to, and whether they can."""
    from glasswork import cache

    kept = cache.cache_folder()
    if kept is None:
        report(f"cache: there is no home folder to keep results in; set {cache.VARIABLE} to a folder")
    asked = {"current": Path.cwd(), "cache": kept, "temporary": Path(tempfile.gettempdir()), "matplotlib": None}
    with suppress(Exception):  # it is examined with the packages
        import matplotlib as mpl

        asked["matplotlib"] = Path(mpl.get_cachedir())
    found = {}
    for name, folder in asked.items():
        if folder is not None:
            reason = _why_not_writable(folder)
            found[name] = {"folder": str(folder), "writable": not reason}
            if reason:
                report(f"{name} folder {folder}: cannot be written ({reason})")
    return found


def locks(report: Callable[[str], object]) -> dict[str, bool | None]:
    """Return, for the current folder and the cache, whether a lock there keeps others out; None if it is not known."""
    from glasswork.cache import cache_folder
    from glasswork.locks import Lock

    found: dict[str, bool | None] = {}
    for name, folder in {"current": Path.cwd(), "cache": cache_folder()}.items():
        found[name] = None
        if folder is None or _why_not_writable(folder):
            continue
        with tempfile.TemporaryDirectory(dir=_existing(folder), ignore_cleanup_errors=True) as place:
            first, second = (Lock(Path(place) / "lock", timeout=0) for _ in range(2))
            first.acquire()
            found[name] = not first.missing and not second.acquire()
            second.release()
            first.release()
        if not found[name]:
            report(
                f"locks: there are none in the {name} folder {folder}, so two processes could train the same run at "
                "once; use a local disk if you can"
            )
    return found


def engine(report: Callable[[str], object]) -> dict[str, Any]:
    """Return whether the compiled engine works, where its kernels are kept, and for which types they are compiled."""
    from glasswork.engine.installed import REMEDY, is_installed

    if not is_installed():
        return {"installed": False, "remedy": REMEDY}
    try:
        import numba

        from glasswork.engine.compiled import compiling

        works = numba.njit(_next)(1) == 2
        folder = compiling.cache_folder()
        compiled = [name for name in ("float32", "float64") if folder is not None and (folder / name).exists()]
        facts = {"version": numba.__version__, "openmp": compiling.has_openmp(), "threads": compiling.cores()}
    except (Exception, SystemExit) as error:
        report(
            f"engine: Numba is installed, but does not work ({one_line(error)}); install it again: {REMEDY}; until "
            "then, train with --engine numpy"
        )
        return {"installed": True, "works": False}
    if folder is None:
        report("engine: no folder for compiled kernels can be written, so that every start compiles them again")
    return {"installed": True, "works": works, **facts, "folder": folder and str(folder), "compiled": compiled}


def _next(number: int) -> int:
    return number + 1


def _existing(folder: Path) -> Path:
    """Return a folder, or the nearest one above it that exists."""
    return next((place for place in (folder, *folder.parents) if place.exists()), folder)


def _why_not_writable(folder: Path) -> str:
    """Return why no file can be written in a folder, or in the one where it would be created; "" if one can."""
    try:
        with tempfile.TemporaryFile(dir=_existing(folder)):
            return ""
    except OSError as error:
        return error.strerror or str(error)
