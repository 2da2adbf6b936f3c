"""Whether the compiled engine can be used here, and what to install if not."""

import sys
from importlib.util import find_spec

#: How to install what the engine needs.
REMEDY = "pip install 'glasswork[fast]'"


def is_installed() -> bool:
    """Return whether the requirements of the compiled engine are installed."""
    return find_spec("numba") is not None


def tell(line: str) -> None:
    """Print one line for the user on stderr, apart from the results."""
    print(f"Notice: {line}", file=sys.stderr, flush=True)
