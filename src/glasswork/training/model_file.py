"""A model file: a network's arrays and what one must know to use them, in one safetensors file.

    metadata   "glasswork": format, version, architecture, preprocessing, classes, as one JSON text
    tensors    linear1.weight (784, 50), linear1.bias (50,), ...         as they are in memory

No pickle: reading a model file never runs anything that is in it.
"""

import itertools
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import safetensors
import safetensors.numpy

from glasswork.errors import FileError
from glasswork.nn import MLP
from glasswork.randomness import Purpose, generator
from glasswork.training import recipe
from glasswork.training.build import build_model, describe_model
from glasswork.training.files import write_whole

#: Counts the changes after which older versions of glasswork cannot read a file.
FORMAT = 1

#: What an image must go through before the network sees it.
PREPROCESSING = {"input": "bytes: 0 is the ground, 255 is full ink", "formula": "((x / 255) - 0.5) * 2"}

#: What safetensors calls the dtypes that a network may have.
_DTYPES = {"float32": "F32", "float64": "F64"}


class Architecture(recipe.Section, frozen=True):
    """What makes an `MLP` of the right shape."""

    in_features: recipe.Width
    out_features: recipe.Width
    network: recipe.Network


class _Format(msgspec.Struct, frozen=True):
    """The part of the metadata that every version can read."""

    format: int


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """What a model file says about its arrays; one text, as safetensors keeps several in no fixed order."""

    format: int
    version: str
    architecture: Architecture
    preprocessing: dict[str, str]
    classes: list[str]


def save_model(model: MLP, path: str | Path) -> None:
    """Write a network into a model file, whole or not at all.

    Parameters
    ----------
    model : MLP
    path : path
        By custom it ends in ``.safetensors``.

    Raises
    ------
    FileError
        If the file cannot be written.
    InputError
        If the network has parts that a model file has no words for.
    """
    architecture = Architecture(
        in_features=int(model.in_features), out_features=int(model.out_features), network=describe_model(model)
    )
    metadata = Metadata(
        format=FORMAT,
        version=version("glasswork"),
        architecture=architecture,
        preprocessing=PREPROCESSING,
        classes=[str(label) for label in range(model.out_features)],
    )
    text = msgspec.json.encode(metadata).decode()
    state = {
        name: np.ascontiguousarray(array) for name, array in model.state().items()
    }  # safetensors takes it for granted
    write_whole(Path(path), safetensors.numpy.save(state, metadata={"glasswork": text}))


def load_model(path: str | Path) -> MLP:
    """Read a network from a model file.

    Parameters
    ----------
    path : path
        A model file, or the folder of a run, which has one.

    Returns
    -------
    MLP
        Its scores are those of the network that was saved, bit for bit.

    Raises
    ------
    FileError
        If there is no such file, it is damaged or not a model file, or its arrays are not those of the
        architecture that it states: other names, shapes or dtypes, or not finite.
    """
    path = Path(path)
    if path.is_dir():
        path = path / "model.safetensors"
    if not path.is_file():
        raise FileError(f"{path}: no such model file, nor a run with one; train one with: glasswork train")
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            return _read(file, path)
    except (safetensors.SafetensorError, OSError) as error:
        if isinstance(error, FileError):
            raise
        raise FileError(f"{path}: not a model file, or a damaged one ({error})") from error


def _read(file: Any, path: Path) -> MLP:
    text = (file.metadata() or {}).get("glasswork", "")
    try:
        written = msgspec.json.decode(text, type=_Format).format
        if written > FORMAT:
            raise FileError(
                f"{path}: a model file of format {written}, and this glasswork reads up to {FORMAT}; "
                "it was written by a newer one, so install that"
            )
        architecture = msgspec.json.decode(text, type=Metadata).architecture
    except msgspec.MsgspecError as error:
        raise FileError(
            f"{path}: its metadata are not those of a glasswork model ({error}); was it written by another program?"
        ) from None
    widths = [architecture.in_features, *architecture.network.hidden, architecture.out_features]
    if sum(n * m for n, m in itertools.pairwise(widths)) > path.stat().st_size:
        raise FileError(f"{path}: too small a file for its architecture, {'-'.join(map(str, widths))}")
    model = build_model(
        architecture.network,
        architecture.in_features,
        architecture.out_features,
        rng=generator(0, Purpose.WEIGHTS),
        seed=0,
    )
    state = model.state()
    if set(file.keys()) != set(state):
        raise FileError(f"{path}: expected the arrays {', '.join(state)}, got {', '.join(sorted(file.keys()))}")
    for name, array in state.items():
        header = file.get_slice(name)  # asked first, as there are dtypes that NumPy does not have
        dtype, shape = header.get_dtype(), tuple(header.get_shape())
        if (dtype, shape) != (_DTYPES[array.dtype.name], array.shape):
            raise FileError(
                f"{path}: expected {name} to be {_DTYPES[array.dtype.name]} of shape {array.shape}, "
                f"got {dtype} of shape {shape}"
            )
        stored = file.get_tensor(name)
        if not np.isfinite(stored).all():
            raise FileError(f"{path}: {name} holds NaN or infinite values; this network cannot be used")
        if name.endswith("running_variance") and stored.min() < 0:
            raise FileError(f"{path}: {name} holds values below 0, which no variance has; this network cannot be used")
        array[...] = stored
    return model
