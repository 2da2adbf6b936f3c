"""How many threads the matrix products of a run are shared among.

    few multiplications a step  ──► 1      meeting costs more than sharing saves, and a busy machine hurts twice
    many                        ──► all that NumPy's BLAS has

A function of the recipe alone, never of a trial: the last digits of a product may depend on the number of threads,
so the same recipe on the same machine has to use as many each time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController

#: Multiplications in a step's products by the weights from which sharing pays; benchmarks/NOTES.md has the measure.
WORTH_SHARING = 100_000_000


def choose_threads(asked: int, *, batch_size: int, weights: int) -> int:
    """Return how many threads a run's products get.

    Parameters
    ----------
    asked : int
        What the recipe says; 0 leaves the choice to the size of the work.
    batch_size, weights : int
        Images in a step, and weights that each is multiplied by.

    Returns
    -------
    int
        At least 1, and at most what NumPy's BLAS has: its own limits, such as ``OPENBLAS_NUM_THREADS``, hold.
    """
    there = max((library["num_threads"] for library in _blas().info()), default=1)
    if asked:
        return min(asked, there)
    return there if batch_size * weights >= WORTH_SHARING else 1


@contextmanager
def limited_to(threads: int) -> Iterator[None]:
    """Share matrix products among so many threads for a while; then it is again as it was."""
    with _blas().limit(limits=threads):
        yield


@cache
def _blas() -> ThreadpoolController:
    """Return the hold on NumPy's BLAS, looked for once: it is a search through all loaded libraries."""
    import numpy as np  # noqa: F401  (its BLAS has to be there before it can be found)

    return ThreadpoolController().select(user_api="blas")
