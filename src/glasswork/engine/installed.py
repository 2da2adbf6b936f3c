"""Whether the compiled engine can be used here, and what to install if not."""

import sys
from importlib import metadata
from importlib.util import find_spec

#: How to install what the engine needs.
REMEDY = "pip install 'glasswork[fast]'"


#: The lowest version of Numba, as the extra ``fast`` has it: 0.62 crashes when it reads our kernels from its cache.
LOWEST = (0, 63)


def is_installed() -> bool:
    """Return whether the requirements of the compiled engine are installed, in a version that works."""
    if find_spec("numba") is None:
        return False
    try:
        version = metadata.version("numba")
    except metadata.PackageNotFoundError:
        return False
    return tuple(map(int, version.split(".")[:2])) >= LOWEST


def tell(line: str) -> None:
    """Print one line for the user on stderr, apart from the results."""
    print(f"Notice: {line}", file=sys.stderr, flush=True)
