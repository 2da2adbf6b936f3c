"""Where the loop's batches come from: a loader, used as it is, or a dataset or part of one, cut into batches."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np

from glasswork.data.as_loader import as_loader
from glasswork.data.dataset import Dataset
from glasswork.data.split import Part
from glasswork.engine.agreement import check_loader
from glasswork.engine.contract import Loader, Model, Optimizer
from glasswork.errors import InputError
from glasswork.training.checks import describe
from glasswork.training.state import first_step

Data: TypeAlias = Loader | Dataset | Part


def training_loader(who: str, data: Data, model: Model, optimizer: Optimizer) -> Loader:
    """Return a loader as it is; for a dataset, return batches whose next epoch follows from the steps taken so far."""
    _check(who, "train_loader", data)
    loader: Any = as_loader(data, **_columns(model), learning=True)
    if loader is not data:
        loader.seek(1 + math.ceil(first_step(model, optimizer) / len(loader)))
    return loader  # type: ignore[no-any-return]


def evaluation_loader(who: str, data: Data, model: Model) -> Loader:
    """Return a loader that yields every image; evaluating with a training's `Batches` does not change their epochs."""
    _check(who, "test_loader" if who == "test" else "valid_loader", data)
    return as_loader(data, **_columns(model), learning=False)  # type: ignore[no-any-return]


def remaining(loader: Loader, batch: int) -> Loader:
    """Return a loader whose next loop begins at a batch: itself, if it was moved there by ``seek`` or is used up."""
    moves_itself = hasattr(loader, "seek") or hasattr(loader, "__next__")
    return loader if moves_itself or batch == 0 else _Remaining(loader, batch)


class _Remaining:
    """Another loader without its first batches; it declares the same."""

    def __init__(self, loader: Loader, batch: int) -> None:
        self._loader, self._batch = loader, batch

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return itertools.islice(self._loader, self._batch, None)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)


def _columns(model: Model) -> dict[str, Any]:
    return {"classes": getattr(model, "out_features", 10), "dtype": getattr(model, "dtype", np.float32)}


def _check(who: str, name: str, data: Any) -> None:
    """Check that data are a loader of batches, a `Dataset` or a `Part`."""
    check_loader(data)
    known = any(hasattr(data, name) for name in ("__iter__", "__getitem__", "images"))
    if not known or isinstance(data, str | dict):
        raise InputError(
            f"{who}: expected {name} to be a loader such as Batches(images, labels, 100, seed=0), a Dataset or a Part "
            f"of a split, got {describe(data)}"
        )
