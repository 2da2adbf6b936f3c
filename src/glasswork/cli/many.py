"""What the verbs that train many runs share: where they are trained, notices, bars, and how to go on after Ctrl-C."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from glasswork.cli.progress import RunsBar

if TYPE_CHECKING:
    from glasswork.data import Dataset
    from glasswork.runs.many import Site


def at_once(jobs: int | None, cluster: str | None) -> str:
    """Return in words how many runs are trained at a time, or where."""
    if cluster is not None:
        return f"on the cluster {cluster}"
    from glasswork.cores import granted_cores

    return f"{jobs or granted_cores()} at a time"


def counted(number: int, noun: str) -> str:
    """Return ``1 seed`` or ``3 seeds``."""
    return f"{number} {noun}{'s' * (number != 1)}"


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


@contextmanager
def site_with_bar(
    folder: Path, total: int, *, jobs: int | None, cluster: str | None, dataset: "Dataset | None"
) -> "Iterator[tuple[Site, RunsBar]]":
    """Context manager: a folder in which so many runs or trials are trained, and a bar that shows how far they are."""
    from glasswork.runs.many import open_site
    from glasswork.tasks import open_pool

    with (
        stoppable(),
        open_pool(jobs, cluster, tell=notice) as pool,
        open_site(folder, pool, tell=notice, dataset=dataset) as site,
        RunsBar(total) as bar,
    ):
        yield site, bar
