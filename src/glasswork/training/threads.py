"""How many threads the matrix products of a training use.

    few multiplications a step  ──► 1      synchronising costs more than sharing saves, above all on a busy machine
    many                        ──► all that NumPy's BLAS has, and at most the cores that are granted

The choice depends on the size of the work alone, never on a trial: the last digits of a product may depend on the
number of threads, so the same recipe on the same machine must use the same number each time.
"""

from __future__ import annotations

from glasswork.cores import granted_cores
from glasswork.engine.contract import Engine, Loader, Model, weights_of
from glasswork.engine.threads import available

#: Multiplications in a step from which several threads are faster; benchmarks/NOTES.md has the measurements.
WORTH_SHARING = 100_000_000


#: The handout's batch size, assumed for a loader without ``batch_size``.
USUAL_BATCH = 100


def choose_threads(asked: int, *, batch_size: int, weights: int) -> int:
    """Return the number of threads for a training's matrix products.

    Parameters
    ----------
    asked : int
        The recipe's number; 0 chooses by the size of the work.
    batch_size, weights : int
        Images in a step, and the number of weights that each image is multiplied by.

    Returns
    -------
    int
        At least 1, and at most what NumPy's BLAS has; limits such as ``OPENBLAS_NUM_THREADS`` are respected.
    """
    if not asked and batch_size * weights < WORTH_SHARING:
        return 1
    return min(asked or granted_cores(), available())


def blas_threads(engine: Engine, threads: int) -> int:
    """Return how many threads BLAS may use beside an engine: one beside the compiled engine, which has others."""
    return 1 if engine.name == "compiled" else threads


def threads_of(model: Model, loader: Loader) -> int:
    """Return the number of threads for a model's products of a loader's batches, by the size of the work."""
    return choose_threads(0, batch_size=getattr(loader, "batch_size", USUAL_BATCH), weights=weights_of(model))
