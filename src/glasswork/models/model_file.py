"""A model file: the arrays of a network and the facts that are needed to use it, in one safetensors file.

    metadata   format, version, layers, classes, inputs, what scores mean, SHA-256
    tensors    linear1.weight (784, 50), linear1.bias (50,), ..., and the reference set

It describes the network in its own terms, so it does not depend on the format of recipes. It is a sealed file: any
change is detected when it is read.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any
from weakref import WeakKeyDictionary

import msgspec
from numpy.typing import NDArray

from glasswork.errors import FileError, InputError
from glasswork.files import read_small
from glasswork.inputs import Inputs, Reading
from glasswork.models.doubt import ReferenceSet
from glasswork.models.loaded import ModelFile
from glasswork.nn import LAYERS, MLP, Layer
from glasswork.nn.layers import make_layer
from glasswork.nn.module import replaced_methods
from glasswork.nn.scores import ScoresAre, declared_by
from glasswork.paths import for_shell
from glasswork.sealed import DTYPES, Facts, Spec, check_arrays, count_numbers, open_sealed, specs_of, write_sealed
from glasswork.version import __version__

#: A network that overrides one of these methods of `MLP` computes something that a model file cannot describe.
_COMPUTES = ("forward", "backward", "__call__", "prepare", "state", "scores", "probabilities", "predict")

#: A file with more layers is refused: with a few bytes per layer it would take seconds to read.
MOST_LAYERS = 2000

#: The settings that determine how large the arrays of a layer are.
_WIDTHS = ("in_features", "out_features", "features")

_WHAT = "model file"

#: What is known beside their networks from files that were read.
_FILES: "WeakKeyDictionary[MLP, tuple[ReferenceSet | None, str]]" = WeakKeyDictionary()

#: What a network trained on bytes does with its input, in words for other programs.
PREPROCESSING = {"input": "bytes: 0 is the ground, 255 is full ink", "formula": "((x / 255) - 0.5) * 2"}


class LayerFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One layer: its name in the network, the name of its kind, and the arguments that create it."""

    name: str
    kind: str
    settings: dict[str, Any] = msgspec.field(default_factory=dict)


class _RunState(msgspec.Struct):
    """The fields of a run's result.json that tell its state."""

    state: str
    pid: int = 0


class ModelFacts(Facts, frozen=True, kw_only=True):
    """The facts that a model file states about its network."""

    layers: list[LayerFacts]
    dtype: str
    classes: list[str]
    inputs: Inputs | None = None
    scores_are: ScoresAre | None = None
    built_for: ScoresAre | None = None  #: What its owner said that the scores are; None: the layers say it.
    #: Files of older versions state these three in place of ``inputs``; older readers look for the first two.
    image_shape: Annotated[tuple[int, ...], msgspec.Meta(min_length=2, max_length=3)] | None = None
    preprocessing: dict[str, str] = msgspec.field(default_factory=dict)
    reading: Reading | None = None
    reference: dict[str, tuple[str, list[int]]] = msgspec.field(default_factory=dict)
    no_reference: str = ""


def save_model(
    model: MLP,
    path: str | Path,
    *,
    classes: Sequence[str] | None = None,
    image_shape: tuple[int, ...] | None = None,
    reference: ReferenceSet | None = None,
    reading: Reading | None = None,
    no_reference: str = "",
) -> None:
    """Write a network into a model file, either completely or not at all.

    Parameters
    ----------
    model : MLP
    path : path
        By custom it ends in ``.safetensors``.
    classes, image_shape, reading : optional
        These replace the values in ``model.inputs``: the names of the classes, the shape of an image, (height,
        width) or (height, width, 3), and how pictures were read. An image shape declares that the features are pixels.
    reference : ReferenceSet, optional
        Training images, for ``resembles`` and ``unlike``.
    no_reference : str
        Why there is no reference set.

    Raises
    ------
    FileError
        If the file cannot be written.
    InputError
        If the file cannot describe the network: it has a layer or a ``forward`` of its own, or its dtype is neither
        float32 nor float64. Also if class names or image shape do not fit the network.
    """
    if model.dtype.name not in DTYPES:
        raise InputError(f"save_model: expected a network of float32 or float64, got {model.dtype}; see model.astype")
    if own := replaced_methods(model, _COMPUTES, MLP):
        raise InputError(
            f"save_model: {type(model).__name__} has its own {', '.join(own)}, which a model file cannot hold; "
            "a loaded network would compute something else. Keep its arrays: numpy.savez(path, **model.state())"
        )
    inputs = _with_overrides(model, classes, image_shape, reading)
    extra = {} if reference is None else {f"reference.{k}": a for k, a in reference.to_arrays().items()}
    facts = ModelFacts(
        version=__version__,
        layers=[_describe(name, layer) for name, layer in model.named_layers.items()],
        dtype=model.dtype.name,
        classes=list(model.classes if inputs is None or inputs.classes is None else inputs.classes),
        inputs=inputs,
        scores_are=model.scores_are,
        built_for=model.built_for if model.built_for != declared_by(model.layers) else None,
        image_shape=None if inputs is None else inputs.shape,
        preprocessing=PREPROCESSING if inputs is not None and inputs.are_bytes and inputs.normalizes else {},
        reference={name: (array.dtype.name, list(array.shape)) for name, array in extra.items()},
        no_reference=no_reference,
    )
    _unpack(Path(path), extra, model)
    write_sealed(Path(path), facts, {**model.state(), **extra}, what=_WHAT, check=_check_facts)


def _with_overrides(
    model: MLP, classes: Sequence[str] | None, image_shape: tuple[int, ...] | None, reading: Reading | None
) -> Inputs | None:
    """Return a network's input contract, with the values that the caller states."""
    inputs = model.inputs
    if image_shape is not None:
        inputs = replace(inputs or Inputs.of_bytes(), kind="pixels", shape=image_shape)
    if classes is not None:
        names = tuple(map(str, classes))
        if inputs is not None or names != model.classes:
            inputs = replace(inputs or Inputs(), classes=names)
    if reading is not None:
        inputs = replace(inputs or Inputs(), reading=reading)
    model.check_inputs(inputs)
    return inputs


def load_model(path: str | Path) -> MLP:
    """Read a network from a model file.

    Parameters
    ----------
    path : path
        A model file, or the folder of a run that has one.

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
    """Read a model file with all its facts about the network; see `load_model`."""
    path = Path(path)
    if path.is_dir():
        path = path / "model.safetensors"
    if not path.is_file():
        raise FileError(f"{path}: no such model file{_why_missing(path.parent)}")
    with open_sealed(path, ModelFacts, what=_WHAT) as (facts, file):
        _check_facts(path, facts, file)
        model = _build(path, facts)
        check_arrays(file, path, facts, specs_of(model.state()) | _reference_specs(facts), what=_WHAT)
        _set_contract(path, facts, model)
        for name, array in model.state().items():
            array[...] = file.get_tensor(name)
        extra = {name: file.get_tensor(name) for name in facts.reference}
    read = ModelFile(model, _unpack(path, extra, model), facts.no_reference)
    _FILES[model] = read.reference, read.no_reference
    return read


def file_of(model: MLP) -> ModelFile:
    """Return a network with what its file says, if it was read from one, as by `load_model`."""
    reference, why = _FILES.get(model, (None, "this network was not read from a file"))
    return ModelFile(model, reference, why)


def _set_contract(path: Path, facts: ModelFacts, model: MLP) -> None:
    """Set a network's inputs and scores to those that a file states."""
    try:
        model.inputs = facts.inputs if facts.scores_are is not None else _implied(facts, model)
    except InputError as error:
        raise FileError(f"{path}: states inputs that do not fit its network ({error})") from None
    if facts.image_shape is not None and math.prod(facts.image_shape) != model.in_features:
        raise FileError(f"{path}: expected images of {model.in_features} pixels, got the shape {facts.image_shape}")
    if len(facts.classes) != len(model.classes):
        raise FileError(f"{path}: expected {len(model.classes)} class names for {model}, got {len(facts.classes)}")
    if tuple(facts.classes) != model.classes:
        raise FileError(f"{path}: expected the class names that its inputs state, got {', '.join(facts.classes)}")
    if facts.built_for is not None:
        model.scores_are = facts.built_for
    if facts.scores_are is not None:
        model.trained_on(facts.scores_are)


def _implied(facts: ModelFacts, model: MLP) -> Inputs | None:
    """Return the input contract that a file of an older version implies: it states whether its network takes bytes."""
    classes, derived = tuple(facts.classes), "as implied by its file, which an older version wrote"
    if facts.preprocessing:
        inputs = Inputs.of_bytes(shape=facts.image_shape, classes=classes, reading=facts.reading)
        return replace(inputs, derived=derived)
    return None if classes == model.classes else Inputs(classes=classes, derived=derived)


def _why_missing(folder: Path) -> str:
    """Return why there is no model file in a folder, and what to do."""
    if not (folder / "recipe.toml").is_file():
        return ", nor a run with one; train one with: glasswork train"
    go_on = f"glasswork resume {for_shell(folder)}"
    try:
        result = msgspec.json.decode(read_small(folder / "result.json"), type=_RunState)
    except (OSError, msgspec.MsgspecError):
        return f"; finish this run with: {go_on}"
    if result.state == "running":
        return f": process {result.pid} writes it once it has trained this run; wait for it, or if it ended: {go_on}"
    return f": this run is {result.state}; finish it with: {go_on}"


def _describe(name: str, layer: Layer) -> LayerFacts:
    kind = str(layer.kind)
    if LAYERS.get(kind) is not type(layer) or replaced_methods(layer, ("forward", "backward", "__call__"), type(layer)):
        raise InputError(
            f"{name}, {layer!r}, cannot be saved: model files can hold only the layers {', '.join(LAYERS)}"
        )
    return LayerFacts(name=name, kind=kind, settings=layer.settings())


def _check_facts(path: Path, facts: ModelFacts, file: Any) -> None:
    """Check the facts of a file before memory is allocated; the arrays that it states must be in it."""
    if facts.dtype not in ("float32", "float64"):
        raise FileError(f"{path}: expected a network of float32 or float64, got {facts.dtype!r}")
    if len({layer.name for layer in facts.layers}) < len(facts.layers) or len(facts.layers) > MOST_LAYERS:
        raise FileError(f"{path}: expected at most {MOST_LAYERS:,} layers with different names")
    for name, (dtype, shape) in facts.reference.items():
        if dtype not in DTYPES or not name.startswith("reference.") or len(shape) not in (1, 2) or min(shape) < 1:
            raise FileError(f"{path}: states an array that model files cannot have: {name}, {dtype} of shape {shape}")
    stated = [_weights(path, layer, facts.dtype) for layer in facts.layers]
    if sum(stated) + sum(math.prod(shape) for _, shape in facts.reference.values()) > count_numbers(file):
        raise FileError(f"{path}: the file is too small for the layers that it states")


def _weights(path: Path, layer: LayerFacts, dtype: str) -> int:
    """Return the size of a layer's largest array; check its other settings by creating a layer of width 1."""
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


def _reference_specs(facts: ModelFacts) -> dict[str, Spec]:
    return {name: (dtype, tuple(shape)) for name, (dtype, shape) in facts.reference.items()}


def _unpack(path: Path, extra: Mapping[str, NDArray[Any]], model: MLP) -> ReferenceSet | None:
    """Return the reference set from its arrays, if it fits the network."""
    if not extra:
        return None
    try:
        found = ReferenceSet.from_arrays({name.removeprefix("reference."): array for name, array in extra.items()})
    except (InputError, LookupError, ValueError, TypeError) as error:
        raise FileError(f"{path}: {error}") from None
    features, labels = found.images.shape[1], found.labels
    if features != model.in_features or labels.min() < 0 or labels.max() >= len(model.classes):
        raise FileError(
            f"{path}: expected a reference set of {model.in_features} pixels and {len(model.classes)} classes for "
            f"{model}, got {features} pixels and labels from {labels.min()} to {labels.max()}"
        )
    return found


def _build(path: Path, facts: ModelFacts) -> MLP:
    """Create a network from the layers that a file states."""
    try:
        made = {layer.name: make_layer(layer.kind, layer.settings, dtype=facts.dtype) for layer in facts.layers}
        return MLP.from_layers(made)
    except InputError as error:
        raise FileError(f"{path}: states layers that cannot be built ({error})") from None
