"""Whether the compiled engine can be used here, and what to install if not."""

import sys
from importlib.util import find_spec

#: What has to be installed, and how.
REMEDY = "pip install 'glasswork[fast]'"


def is_installed() -> bool:
    """Whether what the compiled engine needs is installed."""
    return find_spec("numba") is not None


def tell(line: str) -> None:
    """Print one line for whoever trains, apart from results."""
    print(f"Notice: {line}", file=sys.stderr, flush=True)
