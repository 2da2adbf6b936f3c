"""A model file: a network's arrays and what one must know to use them, in one safetensors file.

    metadata   format, version, layers, classes, image shape, preprocessing, SHA-256
    tensors    linear1.weight (784, 50), linear1.bias (50,), ..., and the reference set

It describes the network in words of its own, so that it does not depend on what recipes may say. It is a sealed file:
any change to it is found when it is read.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from numpy.typing import NDArray

from glasswork.errors import FileError, InputError
from glasswork.files import read_small
from glasswork.models.doubt import ReferenceSet
from glasswork.nn import LAYERS, MLP, Layer
from glasswork.nn.layers import make_layer
from glasswork.sealed import DTYPES, Facts, Spec, check_arrays, count_numbers, open_sealed, specs_of, write_sealed
from glasswork.version import __version__

#: What an image must go through before the network sees it.
PREPROCESSING = {"input": "bytes: 0 is the ground, 255 is full ink", "formula": "((x / 255) - 0.5) * 2"}

#: How the pictures of a source were read.
PICTURES = ("digits", "as they are")

#: No file of more layers is read: a few bytes a layer would take seconds.
MOST_LAYERS = 2000

#: The settings that say how large the arrays of a layer are.
_WIDTHS = ("in_features", "out_features", "features")

_WHAT = "model file"


class LayerFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One layer: its name in the network, the word for its kind, and the arguments that make one like it."""

    name: str
    kind: str
    settings: dict[str, Any] = msgspec.field(default_factory=dict)


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """How the images were read that a network was trained on, so that others are read in the same way.

    Attributes
    ----------
    pictures : str
        ``digits``: a picture is a photograph of a digit, which is cut out and centred; ``as they are``: it is only
        turned grey and resized.
    low, high : float
        The values at the source that became the pixels 0 and 255.
    """

    pictures: str = "as they are"
    low: float = 0.0
    high: float = 255.0


class _RunState(msgspec.Struct):
    """What a run's result.json says about how it stands."""

    state: str
    pid: int = 0


class ModelFacts(Facts, frozen=True, kw_only=True):
    """What a model file says about its arrays."""

    layers: list[LayerFacts]
    dtype: str
    classes: list[str]
    image_shape: tuple[int, int] | None = None
    preprocessing: dict[str, str] = msgspec.field(default_factory=dict)
    reference: dict[str, tuple[str, list[int]]] = msgspec.field(default_factory=dict)
    reading: Reading | None = None
    no_reference: str = ""


@dataclass(frozen=True)
class ModelFile:
    """What a model file holds.

    Attributes
    ----------
    model : MLP
    classes : tuple of str
        The names of the classes, in the order of the scores.
    image_shape : (height, width) or None
        None where the features are not an image.
    preprocessing : dict
        What an image goes through before the network sees it, in words; empty where the features may be no pixels.
    reference : ReferenceSet or None
        Training images to compare with.
    reading : Reading
        How the images were read that it was trained on.
    no_reference : str
        Why there is no reference set; empty where there is one, or where nobody said why.
    """

    model: MLP
    classes: tuple[str, ...]
    image_shape: tuple[int, int] | None
    preprocessing: dict[str, str]
    reference: ReferenceSet | None
    reading: Reading
    no_reference: str = ""


def save_model(
    model: MLP,
    path: str | Path,
    *,
    classes: Sequence[str] | None = None,
    image_shape: tuple[int, int] | None = None,
    reference: ReferenceSet | None = None,
    reading: Reading | None = None,
    no_reference: str = "",
) -> None:
    """Write a network into a model file, whole or not at all.

    Parameters
    ----------
    model : MLP
    path : path
        By custom it ends in ``.safetensors``.
    classes : sequence of str, optional
        The names of the classes; by default 0, 1, 2, ...
    image_shape : (height, width), optional
        Of the images; by default square, where the number of features is a square. To give it is to say that the
        features are pixels.
    reference : ReferenceSet, optional
        Training images, for "resembles" and "unlike anything it was trained on".

    reading : Reading, optional
        How the images were read that it was trained on.
    no_reference : str
        Why there is no reference set.

    Whether the features are pixels, which `load_model` tells the network it returns, is written where it is known:
    where ``image_shape`` is given, or ``model.pixels`` is True.

    Raises
    ------
    FileError
        If the file cannot be written.
    InputError
        If the network has a layer that no word stands for, or neither float32 nor float64 numbers, or if class names
        or image shape do not fit it.
    """
    if model.dtype.name not in DTYPES:
        raise InputError(f"save_model: expected a network of float32 or float64, got {model.dtype}; see model.astype")
    names = [str(name) for name in (range(model.out_features) if classes is None else classes)]
    if len(names) != model.out_features:
        raise InputError(f"save_model: expected {model.out_features} class names for {model}, got {len(names)}")
    if image_shape is not None and not _fits(image_shape, model):
        raise InputError(
            f"save_model: expected an image_shape of {model.in_features} pixels for {model}, got {image_shape}"
        )
    extra = {} if reference is None else {f"reference.{k}": a for k, a in reference.to_arrays().items()}
    facts = ModelFacts(
        version=__version__,
        layers=[_describe(name, layer) for name, layer in model.named_layers.items()],
        dtype=model.dtype.name,
        classes=names,
        image_shape=image_shape or _square(model.in_features),
        preprocessing=PREPROCESSING if model.pixels or image_shape is not None else {},
        reference={name: (array.dtype.name, list(array.shape)) for name, array in extra.items()},
        reading=reading,
        no_reference=no_reference,
    )
    _check_fit(Path(path), facts, model)
    _unpack(Path(path), extra, model)
    write_sealed(Path(path), facts, {**model.state(), **extra}, what=_WHAT, check=_check_facts)


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
        If there is no such file, it is damaged or not a model file, or its arrays do not fit the layers that
        it states: other names, shapes or dtypes, not finite, or changed since they were saved.
    """
    return read_model_file(path).model


def read_model_file(path: str | Path) -> ModelFile:
    """Read a model file with all that it says about its network; see `load_model`."""
    path = Path(path)
    if path.is_dir():
        path = path / "model.safetensors"
    if not path.is_file():
        raise FileError(f"{path}: no such model file{_why_missing(path.parent)}")
    with open_sealed(path, ModelFacts, what=_WHAT) as (facts, file):
        _check_facts(path, facts, file)
        model = _build(path, facts)
        model.pixels = True if facts.preprocessing else None
        check_arrays(file, path, facts, specs_of(model.state()) | _reference_specs(facts), what=_WHAT)
        _check_fit(path, facts, model)
        for name, array in model.state().items():
            array[...] = file.get_tensor(name)
        extra = {name: file.get_tensor(name) for name in facts.reference}
    return ModelFile(
        model,
        tuple(facts.classes),
        facts.image_shape,
        facts.preprocessing,
        _unpack(path, extra, model),
        facts.reading or _usual_reading(facts),
        facts.no_reference,
    )


def _why_missing(folder: Path) -> str:
    """Return why there is no model file in a folder, and what to do."""
    if not (folder / "recipe.toml").is_file():
        return ", nor a run with one; train one with: glasswork train"
    go_on = f"glasswork resume {folder}"
    try:
        result = msgspec.json.decode(read_small(folder / "result.json"), type=_RunState)
    except (OSError, msgspec.MsgspecError):
        return f"; finish this run with: {go_on}"
    if result.state == "running":
        return f": process {result.pid} writes it once it has trained this run; wait for it, or if it ended: {go_on}"
    return f": this run is {result.state}; finish it with: {go_on}"


def _describe(name: str, layer: Layer) -> LayerFacts:
    if layer.kind is None:
        raise InputError(f"{name}, {layer!r}, cannot be saved: model files know the layers {', '.join(LAYERS)} only")
    return LayerFacts(name=name, kind=layer.kind, settings=layer.settings())


def _check_facts(path: Path, facts: ModelFacts, file: Any) -> None:
    """Check what a file states before memory is taken for it; what it states has to be in it."""
    if facts.dtype not in ("float32", "float64"):
        raise FileError(f"{path}: expected a network of float32 or float64, got {facts.dtype!r}")
    if len({layer.name for layer in facts.layers}) < len(facts.layers) or len(facts.layers) > MOST_LAYERS:
        raise FileError(f"{path}: expected layers of different names, {MOST_LAYERS:,} at most")
    for name, (dtype, shape) in facts.reference.items():
        if dtype not in DTYPES or not name.startswith("reference.") or len(shape) not in (1, 2) or min(shape) < 1:
            raise FileError(f"{path}: states an array that no model file has: {name}, {dtype} of shape {shape}")
    stated = [_weights(path, layer, facts.dtype) for layer in facts.layers]
    if sum(stated) + sum(math.prod(shape) for _, shape in facts.reference.values()) > count_numbers(file):
        raise FileError(f"{path}: too small a file for the layers that it states")


def _weights(path: Path, layer: LayerFacts, dtype: str) -> int:
    """Return the size of a layer's largest array; try its other settings with a layer of the width 1."""
    widths = {name: width for name, width in layer.settings.items() if name in _WIDTHS}
    try:
        for name, width in widths.items():
            if type(width) is not int or width < 1:
                raise InputError(f"{layer.name}: expected {name} to be an integer of at least 1, got {width!r:.50}")
        small = make_layer(layer.kind, {**layer.settings, **dict.fromkeys(widths, 1)}, dtype=dtype)
        if unknown := set(layer.settings) - set(small.settings()):
            raise InputError(f"{layer.name}: expected no setting called {', '.join(sorted(unknown))}")
    except (InputError, OverflowError) as error:
        raise FileError(f"{path}: states layers that cannot be built ({error})") from None
    return math.prod(widths.values()) if widths else 0


def _check_fit(path: Path, facts: ModelFacts, model: MLP) -> None:
    """Check that what a file states about inputs and outputs fits its network."""
    if len(facts.classes) != model.out_features:
        raise FileError(f"{path}: expected {model.out_features} class names for {model}, got {len(facts.classes)}")
    if facts.image_shape is not None and not _fits(facts.image_shape, model):
        raise FileError(
            f"{path}: expected an image_shape of {model.in_features} pixels for {model}, got {facts.image_shape}"
        )
    if (read := facts.reading) is not None and (read.low >= read.high or read.pictures not in PICTURES):
        raise FileError(f"{path}: states a way of reading images that there is not: {read}")


def _fits(image_shape: tuple[int, int], model: MLP) -> bool:
    return len(image_shape) == 2 and min(image_shape) >= 1 and math.prod(image_shape) == model.in_features


def _reference_specs(facts: ModelFacts) -> dict[str, Spec]:
    return {name: (dtype, tuple(shape)) for name, (dtype, shape) in facts.reference.items()}


def _unpack(path: Path, extra: Mapping[str, NDArray[Any]], model: MLP) -> ReferenceSet | None:
    """Return the reference set that arrays hold, if it fits its network."""
    if not extra:
        return None
    try:
        found = ReferenceSet.from_arrays({name.removeprefix("reference."): array for name, array in extra.items()})
    except (InputError, LookupError, ValueError, TypeError) as error:
        raise FileError(f"{path}: {error}") from None
    features, labels = found.images.shape[1], found.labels
    if features != model.in_features or labels.min() < 0 or labels.max() >= model.out_features:
        raise FileError(
            f"{path}: expected a reference set of {model.in_features} pixels and {model.out_features} classes for "
            f"{model}, got {features} pixels and labels from {labels.min()} to {labels.max()}"
        )
    return found


def _build(path: Path, facts: ModelFacts) -> MLP:
    """Make a network of the layers that a file states."""
    try:
        made = {layer.name: make_layer(layer.kind, layer.settings, dtype=facts.dtype) for layer in facts.layers}
        return MLP.from_layers(made)
    except InputError as error:
        raise FileError(f"{path}: states layers that cannot be built ({error})") from None


def _usual_reading(facts: ModelFacts) -> Reading:
    """Return how images were read for a network of which that is not known: pictures of digits are photographs."""
    digits = facts.classes == list("0123456789") and facts.image_shape == (28, 28)
    return Reading(pictures="digits" if digits else "as they are")


def _square(features: int) -> tuple[int, int] | None:
    side = round(features**0.5)
    return (side, side) if side * side == features else None
