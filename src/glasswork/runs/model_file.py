"""A model file: a network's arrays and what one must know to use them, in one safetensors file.

    metadata   format, version, architecture, preprocessing, classes, SHA-256
    tensors    linear1.weight (784, 50), linear1.bias (50,), ...

It is a sealed file: any change to it is found when it is read.
"""

import itertools
from importlib.metadata import version
from pathlib import Path

from glasswork.errors import FileError
from glasswork.nn import MLP
from glasswork.randomness import Purpose, generator
from glasswork.recipes import recipe
from glasswork.recipes.build import build_model, describe_model
from glasswork.sealed import FORMAT, Facts, open_sealed, read_arrays, write_sealed

#: What an image must go through before the network sees it.
PREPROCESSING = {"input": "bytes: 0 is the ground, 255 is full ink", "formula": "((x / 255) - 0.5) * 2"}


class Architecture(recipe.Section, frozen=True):
    """What makes an `MLP` of the right shape."""

    in_features: recipe.Width
    out_features: recipe.Width
    network: recipe.Network


class Metadata(Facts, frozen=True, kw_only=True):
    """What a model file says about its arrays."""

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
    write_sealed(Path(path), metadata, model.state())


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
        architecture that it states: other names, shapes or dtypes, not finite, or changed since they were saved.
    """
    path = Path(path)
    if path.is_dir():
        path = path / "model.safetensors"
    if not path.is_file():
        raise FileError(
            f"{path}: no such model file, nor a run with one; train one with: glasswork train, "
            "or finish a run that was stopped: glasswork resume"
        )
    with open_sealed(path, Metadata, what="model file") as (metadata, file):
        architecture = metadata.architecture
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
        read_arrays(file, path, metadata, model.state(), what="model file")
    return model
