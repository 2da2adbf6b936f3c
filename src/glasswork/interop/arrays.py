"""A network's arrays alone: as PyTorch's state dict in a safetensors file, or as plain arrays in an NPZ file.

linear1.weight (784, 50) ──► 0.weight (50, 784)     numbered as in the Sequential of to_torch, rows are neurons
"""

from __future__ import annotations

import io
import json

import numpy as np

from glasswork.arrays import FloatArray
from glasswork.interop.torch import modules_of
from glasswork.nn import MLP
from glasswork.outputs import SOFTWARE
from glasswork.version import __version__

#: Our names of arrays, and PyTorch's.
_TORCH = {
    "weight": "weight",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "running_mean": "running_mean",
    "running_variance": "running_var",
}


def state_dict(model: MLP) -> dict[str, FloatArray]:
    """Return a network's arrays as the ``state_dict`` of ``torch.nn.Sequential(*to_torch(model))`` holds them."""
    found = {}
    for number, layer in enumerate(modules_of(model)):
        for name, array in layer.state().items():
            turned = array.T if name == "weight" else array
            found[f"{number}.{_TORCH[name]}"] = np.ascontiguousarray(turned)
    return found


def safetensors_bytes(model: MLP) -> bytes:
    """Return a state dict as the content of a safetensors file, with what the network takes in its metadata."""
    from safetensors.numpy import save

    words = {"format": "pt", "software": f"{SOFTWARE} {__version__}", "classes": json.dumps(model.classes)}
    words["takes"] = str(model.inputs or "not known")
    words["layers"] = json.dumps([repr(layer) for layer in modules_of(model)])
    content: bytes = save(state_dict(model), words)
    return content


def npz_bytes(model: MLP) -> bytes:
    """Return a network's arrays under its own names as the content of an NPZ file, with ``classes`` and ``takes``."""
    stream = io.BytesIO()
    words = {"classes": np.array(model.classes), "takes": np.array(str(model.inputs or "not known"))}
    np.savez(stream, allow_pickle=False, **model.state(), **words, software=np.array(f"{SOFTWARE} {__version__}"))
    return stream.getvalue()
