"""Chooses the engine that does the steps of a training.

    "numpy"      NumPy
    "compiled"   the compiled one; NumPy if it cannot do them, and one printed line that says why
    "auto"       the compiled one if it is installed and the work is long enough to repay its start; else NumPy

The choice depends on the work alone, never on a trial: the engines differ in the last digits, so the same recipe on the
machine must use the same engine each time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

from glasswork.engine.contract import Criterion, Engine, Loader, Model, Optimizer, weights_of
from glasswork.engine.installed import REMEDY, is_installed, tell
from glasswork.errors import InputError, StateError
from glasswork.optim import Average
from glasswork.training.step import NumpyEngine

EngineName: TypeAlias = Literal["auto", "numpy", "compiled"]

#: From this many multiplications in the forward passes of all epochs, "auto" chooses the compiled engine: it takes
#: about a second to start, and saves a second in each 20 to 150 billion. The handout's 50 epochs have 109 billion.
WORTH_COMPILING = 200_000_000_000


def choose_engine(
    asked: str | Engine,
    model: Model,
    optimizer: Optimizer,
    criterion: Criterion,
    *,
    loader: Loader,
    epochs: int,
    average: Average | None = None,
    threads: int | None = None,
) -> Engine:
    """Return the engine for a training.

    Parameters
    ----------
    asked : {"auto", "numpy", "compiled"} or Engine
        An engine is returned as it is.
    model, optimizer, criterion, average
        The objects that the engine will change.
    loader : iterable of batches
        Its ``samples``, as `Batches` has them, are the images of an epoch; without them "auto" chooses NumPy.
    epochs : int
        In the whole training.
    threads : int, optional
        Threads of the compiled engine, which cuts a step into as many parts; by default as many as the work is worth.

    Raises
    ------
    InputError
        If ``asked`` is none of these.
    """
    if not isinstance(asked, str):
        return asked
    if asked not in ("auto", "numpy", "compiled"):
        raise InputError(f"engine: expected 'auto', 'numpy' or 'compiled', got {asked!r}")
    plain = NumpyEngine(model, optimizer, criterion, average)
    worth_it = is_installed() and is_long(model, getattr(loader, "samples", 0), epochs)
    if asked == "numpy" or (asked == "auto" and not worth_it):
        return plain
    reason = why_not_compiled(model, optimizer, criterion, average, loader)
    if reason is not None:
        tell(f"NumPy does the steps of this training, because the compiled engine cannot do them: {reason}.")
        return plain
    from glasswork.engine.compiled.engine import CompiledEngine, parts_for

    threads = threads or (parts_for(model, loader.batch_size) if hasattr(loader, "batch_size") else None)
    compiled: Callable[..., Engine] = CompiledEngine  # the objects are of our own classes, as checked above
    return compiled(model, optimizer, criterion, average, threads=threads, say=tell)


def why_not_compiled(
    model: Model, optimizer: Optimizer, criterion: Criterion, average: Average | None, loader: Loader
) -> str | None:
    """Return why the compiled engine cannot do the steps of a training; None if it can."""
    if not is_installed():
        return f"it needs Numba ({REMEDY})"
    try:
        from glasswork.engine.compiled.engine import CompiledEngine
    except ImportError as error:
        return f"Numba cannot be loaded ({error}); try: {REMEDY}"
    return CompiledEngine.reasons(model, optimizer, criterion, average, loader)


def check_engine(name: str, who: object) -> None:
    """Check that a resumed training can continue with the engine that did its first steps.

    Parameters
    ----------
    name : {"numpy", "compiled"}
    who : object
        The object that the error message names.

    Raises
    ------
    StateError
        If it is the compiled engine, and what that needs is missing.
    """
    if name == "compiled" and not is_installed():
        raise StateError(
            f"{who}: was trained with the compiled engine, which needs Numba: {REMEDY}; or choose the engine numpy "
            "(--engine numpy), whose results differ in the last digits"
        )


def is_long(model: Model, samples: int, epochs: int) -> bool:
    """Whether a training on this many images and epochs is long enough to repay the start of the compiled engine."""
    return weights_of(model) * samples * epochs >= WORTH_COMPILING
