"""Snapshots: the network at several epochs, for the report, which shows how it learnt.

    epoch 0 1 2 3 4 5 6 8 10 12 15 19 24 30 ...      each about a quarter later than the one before
    snapshots.safetensors                            one byte for each weight; of a large network, only those of the
                                                     first layer's first neurons

The file is a function of the weights at those epochs, so a run that was stopped and resumed leaves the same bytes.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from glasswork.arrays import FloatArray
from glasswork.errors import FileError
from glasswork.nn import MLP, Linear
from glasswork.sealed import Facts, Spec, check_arrays, open_sealed, write_sealed
from glasswork.version import __version__

#: Neurons of the first layer that are kept of a large network: as many as a person can look at.
NEURONS = 64

#: Numbers up to which a network is kept whole.
WHOLE = 300_000

#: The byte that stands for 0; the others are offsets from it.
_ZERO = 128

_WHAT = "file of snapshots"

#: By name, as in ``model.state()``: the arrays of a network, or the first weights alone.
State: TypeAlias = dict[str, FloatArray]


class SnapshotFacts(Facts, frozen=True, kw_only=True):
    """The epochs that were kept, and the shapes of the arrays that were kept of each.

    Attributes
    ----------
    steps, shape
        Of files without ``shapes``, which hold the first weights alone: for each epoch, the size of one step between
        byte values; and their shape.
    """

    epochs: list[int] = msgspec.field(default_factory=list)
    steps: list[float] = msgspec.field(default_factory=list)
    shape: tuple[int, int] = (0, 0)
    shapes: dict[str, tuple[int, ...]] = msgspec.field(default_factory=dict)


class Snapshots:
    """The snapshots of a run, written into its folder as they are taken.

    Parameters
    ----------
    folder : Path
        The run's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "snapshots.safetensors"
        self._taken: dict[int, _Stored] = {}

    def note(self, epoch: int, model: MLP) -> None:
        """Take a snapshot after an epoch (0: before the first) if that epoch is one of those that are kept.

        Raises
        ------
        FileError
            If it cannot be written.
        """
        if not is_kept(epoch) or epoch in self._taken:
            return
        state = kept_state(model)
        self._taken[epoch] = _stored(state)
        facts = SnapshotFacts(
            version=__version__,
            epochs=list(self._taken),
            shapes={name: array.shape for name, array in state.items()},
        )
        arrays = {
            f"{_name(epoch)}.{name}": array for epoch, taken in self._taken.items() for name, array in taken.items()
        }
        write_sealed(self.path, facts, arrays, what=_WHAT, check=_check_facts)

    def load(self, *, up_to: int) -> None:
        """Load the snapshots of a run that continues after an epoch; if the file is missing or damaged, none."""
        self._taken = {}
        if self.path.is_file():
            try:
                facts, arrays = _read(self.path)
            except FileError:
                return
            if facts.shapes:  # older files hold less of each epoch
                kept = [epoch for epoch in facts.epochs if epoch <= up_to]
                self._taken = {
                    epoch: {name: arrays[f"{_name(epoch)}.{name}"] for name in _specs(facts)} for epoch in kept
                }


def read_snapshots(folder: Path, model: MLP) -> dict[int, State]:
    """Return what was kept of each epoch, see `kept_state`; nothing if the file is missing or of another network.

    A damaged file is as good as none. Files of older versions hold the first weights alone.
    """
    path = folder / "snapshots.safetensors"
    if not path.is_file():
        return {}
    try:
        facts, arrays = _read(path)
    except FileError:
        return {}
    first = first_weights(model)
    if not facts.shapes and facts.shape == next(iter(first.values())).shape:
        steps = dict(zip(facts.epochs, facts.steps, strict=True))
        return {epoch: {name: _restored(arrays[_name(epoch)], step) for name in first} for epoch, step in steps.items()}
    if facts.shapes != {name: array.shape for name, array in kept_state(model).items()}:
        return {}
    found: dict[int, State] = {}
    for epoch in facts.epochs:
        taken = _of_epoch(facts, arrays, epoch)
        found[epoch] = {
            name: _restored(taken[name], taken[_step(name)]) if len(shape) > 1 else taken[name]
            for name, shape in facts.shapes.items()
        }
    return found


def is_kept(epoch: int) -> bool:
    """Return whether a snapshot of an epoch is kept: 0 to 6, then each about a quarter later than the one before."""
    mark = 0.0
    while round(mark) < epoch:
        mark = max(mark + 1, mark * 1.25)
    return round(mark) == epoch


def kept_state(model: MLP) -> State:
    """Return the arrays that a snapshot keeps: ``model.state()``, or of a large network its `first_weights`."""
    state = model.state()
    return state if sum(array.size for array in state.values()) <= WHOLE else first_weights(model)


def first_weights(model: MLP) -> State:
    """Return the weights of the first linear layer's first neurons, (features, neurons), by their name."""
    first = next(layer for layer in model.layers if isinstance(layer, Linear))
    return {next(name for name, array in model.state().items() if array is first.weight): first.weight[:, :NEURONS]}


#: What the file holds of an epoch: bytes and steps in place of weights.
_Stored: TypeAlias = dict[str, NDArray[Any]]


def _stored(state: State) -> _Stored:
    stored: _Stored = {}
    for name, array in state.items():
        if array.ndim > 1:
            steps = stored[_step(name)] = np.asarray(np.maximum(np.abs(array).max(axis=0), 1e-30) / 127, np.float32)
            stored[name] = np.asarray(np.rint(array / steps) + _ZERO, np.uint8)
        else:
            stored[name] = array.astype(np.float32)
    return stored


def _restored(numbers: NDArray[np.uint8], steps: Any) -> FloatArray:
    return np.asarray((numbers.astype(np.float32) - _ZERO) * steps, np.float32)


def _specs(facts: SnapshotFacts) -> dict[str, Spec]:
    """Return the dtype and the shape of all that is stored of an epoch."""
    specs: dict[str, Spec] = {}
    for name, shape in facts.shapes.items():
        specs[name] = ("uint8" if len(shape) > 1 else "float32", shape)
        if len(shape) > 1:
            specs[_step(name)] = ("float32", shape[-1:])
    return specs


def _of_epoch(facts: SnapshotFacts, arrays: Mapping[str, NDArray[Any]], epoch: int) -> _Stored:
    return {name: arrays[f"{_name(epoch)}.{name}"] for name in _specs(facts)}


def _read(path: Path) -> tuple[SnapshotFacts, Mapping[str, NDArray[Any]]]:
    with open_sealed(path, SnapshotFacts, what=_WHAT) as (facts, file):
        _check_facts(path, facts, file)
        expected: dict[str, Spec] = {_name(epoch): ("uint8", facts.shape) for epoch in facts.epochs}
        if facts.shapes:
            specs = _specs(facts)
            expected = {f"{_name(epoch)}.{name}": spec for epoch in facts.epochs for name, spec in specs.items()}
        check_arrays(file, path, facts, expected, what=_WHAT)
        return facts, {name: file.get_tensor(name) for name in expected}


def _check_facts(path: Path, facts: SnapshotFacts, file: Any) -> None:
    rising = facts.epochs == sorted({max(epoch, 0) for epoch in facts.epochs})
    sizes = [size for shape in facts.shapes.values() for size in shape] or facts.shape
    stepped = bool(facts.shapes) or len(facts.epochs) == len(facts.steps)
    if not stepped or min(sizes) < 1 or not rising:
        raise FileError(f"{path}: its epochs, steps and shapes cannot be those of a {_WHAT}; delete it")


def _name(epoch: int) -> str:
    return f"epoch{epoch:06d}"


def _step(name: str) -> str:
    return f"{name}.step"
