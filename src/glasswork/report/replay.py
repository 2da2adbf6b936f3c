"""Replay: the network at several epochs, in the room that is left in the page.

all layers at as many epochs as fit ── too few? ──► the first layer alone, of as many neurons as fit
"""

import copy
from typing import TypeAlias

import msgspec
import numpy as np

from glasswork.arrays import FloatArray
from glasswork.nn import MLP, Linear
from glasswork.report.data import LayerData
from glasswork.report.packing import pack
from glasswork.report.storage import store
from glasswork.runs.snapshots import NEURONS, State, first_weights

#: Epochs for which there must be room: else only the first layer is kept, or fewer of its neurons.
_WHOLE_EPOCHS, _EPOCHS = 3, 5


#: The layers of a network by epoch.
_ByEpoch: TypeAlias = dict[int, list[LayerData]]


def fitting_snapshots(model: MLP, snapshots: dict[int, State], most: int, room: float) -> tuple[bool, _ByEpoch]:
    """Return the snapshots that fit, the first, the last and evenly spaced ones, and whether they have all layers.

    Parameters
    ----------
    model : MLP
    snapshots : dict
        By epoch: the network's state, or its first weights alone.
    most : int
        Snapshots to keep at most.
    room : float
        Characters.
    """
    epochs = sorted(snapshots)
    if snapshots[epochs[-1]].keys() == model.state().keys():
        fitting = int(room / len(msgspec.json.encode(_layers(model, snapshots[epochs[-1]]))))
        if fitting >= min(_WHOLE_EPOCHS, len(epochs)):
            return True, {epoch: _layers(model, snapshots[epoch]) for epoch in _spaced(epochs, min(fitting, most))}
    (name,) = first_weights(model)
    weights = {epoch: state[name][:, :NEURONS] for epoch, state in snapshots.items()}
    return False, {epoch: [_first_layer(model, kept)] for epoch, kept in fitting_weights(weights, most, room).items()}


def fitting_weights(weights: dict[int, FloatArray], most: int, room: float) -> dict[int, FloatArray]:
    """Return the weights ``(features, neurons)`` of the epochs that fit, of fewer neurons if need be."""
    _, neurons = next(iter(weights.values())).shape
    each = len(pack(weights[max(weights)], "int8").data) / neurons  # characters for a neuron
    epochs = min(len(weights), most, max(_EPOCHS, int(room / each / neurons)))
    neurons = max(1, min(neurons, int(room / each / epochs)))
    return {epoch: weights[epoch][:, :neurons] for epoch in _spaced(sorted(weights), epochs)}


def _spaced(epochs: list[int], count: int) -> list[int]:
    """Return so many of the epochs, with the first and the last."""
    rows = np.unique(np.linspace(0, len(epochs) - 1, min(count, len(epochs))).round().astype(int))
    return [epochs[row] for row in rows]


def _layers(model: MLP, state: State) -> list[LayerData]:
    """Return the layers of the network with other weights."""
    twin = copy.deepcopy(model)
    for name, array in twin.state().items():
        array[...] = state[name]
    return store(twin, "int8")


def _first_layer(model: MLP, weights: FloatArray) -> LayerData:
    name = next(name for name, layer in model.named_layers.items() if isinstance(layer, Linear))
    bias = np.zeros(weights.shape[1], np.float32)
    return LayerData(name, "linear", {}, {"weight": pack(weights, "int8"), "bias": pack(bias, "float32")})
