"""Snapshots: the weights of the first layer at several epochs, for the report, which shows how a network learnt.

    epoch 0 1 2 3 4 5 6 8 10 12 15 19 24 30 ...      each about a quarter later than the one before
    snapshots.safetensors                            one byte for each weight, for the first neurons only

The file is a function of the weights at those epochs, so a run that was stopped and resumed leaves the same bytes.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from glasswork.arrays import FloatArray
from glasswork.errors import FileError
from glasswork.nn import MLP, Linear
from glasswork.sealed import Facts, check_arrays, open_sealed, write_sealed
from glasswork.version import __version__

#: Neurons of the first layer that are kept: as many as a person can look at.
NEURONS = 64

#: The byte that stands for 0; the others are offsets from it.
_ZERO = 128

_WHAT = "file of snapshots"


class SnapshotFacts(Facts, frozen=True, kw_only=True):
    """The epochs that were kept, and for each the size of one step between byte values."""

    epochs: list[int] = msgspec.field(default_factory=list)
    steps: list[float] = msgspec.field(default_factory=list)
    shape: tuple[int, int] = (0, 0)


class Snapshots:
    """The snapshots of a run, written into its folder as they are taken.

    Parameters
    ----------
    folder : Path
        The run's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "snapshots.safetensors"
        self._taken: dict[int, tuple[NDArray[np.uint8], float]] = {}

    def note(self, epoch: int, model: MLP) -> None:
        """Take a snapshot after an epoch (0: before the first) if that epoch is one of those that are kept.

        Raises
        ------
        FileError
            If it cannot be written.
        """
        if not is_kept(epoch) or epoch in self._taken:
            return
        weights = first_weights(model)
        step = max(float(np.abs(weights).max()), 1e-30) / 127
        self._taken[epoch] = np.asarray(np.rint(weights / step) + _ZERO, np.uint8), step
        facts = SnapshotFacts(
            version=__version__,
            epochs=list(self._taken),
            steps=[step for _, step in self._taken.values()],
            shape=(weights.shape[0], weights.shape[1]),
        )
        arrays: dict[str, Any] = {_name(epoch): taken for epoch, (taken, _) in self._taken.items()}
        write_sealed(self.path, facts, arrays, what=_WHAT, check=_check_facts)

    def load(self, *, up_to: int) -> None:
        """Load the snapshots of a run that continues after an epoch; if the file is missing or damaged, none."""
        self._taken = {}
        if self.path.is_file():
            try:
                found = _read(self.path)
            except FileError:
                return
            self._taken = {epoch: found[epoch] for epoch in sorted(found) if epoch <= up_to}


def read_snapshots(folder: Path, model: MLP) -> dict[int, FloatArray]:
    """Return the first neurons' weights by epoch, ``(features, neurons)``; none if the file is missing or damaged."""
    path = folder / "snapshots.safetensors"
    if not path.is_file():
        return {}
    try:
        found = _read(path)
    except FileError:
        return {}
    wanted = first_weights(model).shape
    return {
        epoch: np.asarray((bytes_.astype(np.float32) - _ZERO) * step, np.float32)
        for epoch, (bytes_, step) in found.items()
        if bytes_.shape == wanted
    }


def is_kept(epoch: int) -> bool:
    """Return whether a snapshot of an epoch is kept: 0 to 6, then each about a quarter later than the one before."""
    mark = 0.0
    while round(mark) < epoch:
        mark = max(mark + 1, mark * 1.25)
    return round(mark) == epoch


def first_weights(model: MLP) -> FloatArray:
    """Return the weights of the first linear layer's first neurons: (features, neurons)."""
    first = next(layer for layer in model.layers if isinstance(layer, Linear))
    return first.weight[:, :NEURONS]


def _read(path: Path) -> Mapping[int, tuple[NDArray[np.uint8], float]]:
    with open_sealed(path, SnapshotFacts, what=_WHAT) as (facts, file):
        _check_facts(path, facts, file)
        check_arrays(file, path, facts, {_name(epoch): ("uint8", facts.shape) for epoch in facts.epochs}, what=_WHAT)
        arrays = [file.get_tensor(_name(epoch)) for epoch in facts.epochs]
    return {epoch: (array, step) for epoch, array, step in zip(facts.epochs, arrays, facts.steps, strict=True)}


def _check_facts(path: Path, facts: SnapshotFacts, file: Any) -> None:
    rising = facts.epochs == sorted({max(epoch, 0) for epoch in facts.epochs})
    if len(facts.epochs) != len(facts.steps) or min(facts.shape) < 1 or not rising:
        raise FileError(f"{path}: its epochs, steps and shape cannot be those of a {_WHAT}; delete it")


def _name(epoch: int) -> str:
    return f"epoch{epoch:06d}"
