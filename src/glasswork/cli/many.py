"""What the verbs that train many runs print: where they are trained, notices, and how to go on after Ctrl-C."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


def at_once(jobs: int | None, cluster: str | None) -> str:
    """Return in words how many runs are trained at a time, or where."""
    if cluster is not None:
        return f"on the cluster {cluster}"
    from glasswork.cores import granted_cores

    return f"{jobs or granted_cores()} at a time"


def notice(text: str) -> None:
    """Print a notice."""
    print(f"Notice: {text}", file=sys.stderr, flush=True)


@contextmanager
def stoppable() -> Iterator[None]:
    """Context manager: after Ctrl-C, says how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        print("Stopped; the same command continues from here.", file=sys.stderr)
        raise
