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
from typing import Any
from weakref import WeakKeyDictionary

import msgspec
import numpy as np
from numpy.typing import NDArray

from glasswork.arrays import FloatArray
from glasswork.errors import FileError, InputError
from glasswork.files import read_small
from glasswork.inputs import Inputs, Reading
from glasswork.models.committee import Committee
from glasswork.models.doubt import ReferenceSet
from glasswork.models.facts import ModelFacts, build_network, check_sizes, describe_network
from glasswork.models.loaded import ModelFile
from glasswork.nn import MLP
from glasswork.paths import for_shell
from glasswork.sealed import DTYPES, Spec, check_arrays, count_numbers, open_sealed, specs_of, write_sealed
from glasswork.version import __version__

_WHAT = "model file"

#: What is known beside their networks from files that were read.
_FILES: "WeakKeyDictionary[MLP, tuple[ReferenceSet | None, str]]" = WeakKeyDictionary()

#: What a network trained on bytes does with its input, in words for other programs.
PREPROCESSING = {"input": "bytes: 0 is the ground, 255 is full ink", "formula": "((x / 255) - 0.5) * 2"}


#: The networks that come with glasswork, by their names; a file or a folder of that name goes before.
SHIPPED = {"record": Path(__file__).parent / "networks" / "record.safetensors"}


class _RunState(msgspec.Struct):
    """The fields of a run's result.json that tell its state."""

    state: str
    pid: int = 0


def save_model(
    model: MLP,
    path: str | Path,
    *,
    classes: Sequence[str] | None = None,
    image_shape: tuple[int, ...] | None = None,
    reference: ReferenceSet | None = None,
    reading: Reading | None = None,
    no_reference: str = "",
    half: bool = False,
) -> None:
    """Write a network into a model file, either completely or not at all.

    Parameters
    ----------
    model : MLP or Committee
        The network to write.
    path : path
        By custom it ends in ``.safetensors``.
    classes : sequence of str, optional
        The names of the classes, in place of those of ``model.inputs``.
    image_shape : (height, width) or (height, width, 3), optional
        In place of the shape of ``model.inputs``; it declares that the features are pixels.
    reference : ReferenceSet, optional
        Training images, for ``resembles`` and ``unlike``.
    reading : Reading, optional
        How pictures were read, in place of what ``model.inputs`` says.
    no_reference : str
        Why there is no reference set.
    half : bool
        Round the network's numbers to half precision, 11 significant bits, for a file of half the size. A loaded
        network has its own dtype again, and these numbers.

    Raises
    ------
    FileError
        If the file cannot be written, or a number is too large for half precision.
    InputError
        If it is no network, or the file cannot describe it: it has a layer or a ``forward`` of its own, or its dtype
        is neither float32 nor float64. Also if class names or image shape do not fit the network.
    """
    if not isinstance(model, MLP):
        raise InputError(f"save_model: expected an MLP or a Committee, got {model!r}")
    if model.dtype.name not in DTYPES:
        raise InputError(f"save_model: expected a network of float32 or float64, got {model.dtype}; see model.astype")
    members = list(zip(model.names, model.members, strict=True)) if type(model) is Committee else []
    stated = [describe_network(name, network) for name, network in members or [("", model)]]
    inputs = _with_overrides(model, classes, image_shape, reading)
    extra = {} if reference is None else {f"reference.{k}": a for k, a in reference.to_arrays().items()}
    facts = ModelFacts(
        version=__version__,
        layers=[] if members else stated[0].layers,
        dtype=model.dtype.name,
        stored="float16" if half else None,
        classes=list(model.classes if inputs is None or inputs.classes is None else inputs.classes),
        inputs=inputs,
        scores_are=model.scores_are,
        built_for=None if members else stated[0].built_for,
        image_shape=None if inputs is None else inputs.shape,
        preprocessing=PREPROCESSING if inputs is not None and inputs.are_bytes and inputs.normalizes else {},
        reference={name: (array.dtype.name, list(array.shape)) for name, array in extra.items()},
        no_reference=no_reference,
        members=stated if members else [],
    )
    _unpack(Path(path), extra, model)
    state = {name: _halved(Path(path), name, array) for name, array in model.state().items()} if half else model.state()
    write_sealed(Path(path), facts, {**state, **extra}, what=_WHAT, check=_check_facts)


def _halved(path: Path, name: str, array: FloatArray) -> NDArray[np.float16]:
    """Return an array in half precision, whose largest number is 65,504."""
    if (largest := np.abs(array).max(initial=0)) > np.finfo(np.float16).max:
        raise FileError(f"{path}: cannot be written in half precision: {name} holds {largest:g}, above 65,504")
    return array.astype(np.float16)


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
        A model file, the folder of a run that has one, or ``"record"`` for the network that comes with glasswork.

    Returns
    -------
    MLP
        Its scores are those of the network that was saved, bit for bit, unless it was saved in half precision. The file
        of a committee gives a `Committee`.

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
    elif str(path) in SHIPPED and not path.exists():
        path = SHIPPED[str(path)]
    if not path.is_file():
        raise FileError(f"{path}: no such model file{_why_missing(path.parent)}")
    with open_sealed(path, ModelFacts, what=_WHAT) as (facts, file):
        _check_facts(path, facts, file)
        model = _build(path, facts)
        specs = {name: (facts.stored or dtype, shape) for name, (dtype, shape) in specs_of(model.state()).items()}
        check_arrays(file, path, facts, specs | _reference_specs(facts), what=_WHAT)
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
    for member in model.members if isinstance(model, Committee) else ():
        member.inputs = model.inputs


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


def _check_facts(path: Path, facts: ModelFacts, file: Any) -> None:
    """Check the facts of a file before memory is allocated; the arrays that it states must be in it."""
    count = check_sizes(path, facts)
    for name, (dtype, shape) in facts.reference.items():
        if dtype not in DTYPES or not name.startswith("reference.") or len(shape) not in (1, 2) or min(shape) < 1:
            raise FileError(f"{path}: states an array that model files cannot have: {name}, {dtype} of shape {shape}")
    if count + sum(math.prod(shape) for _, shape in facts.reference.values()) > count_numbers(file):
        raise FileError(f"{path}: the file is too small for the layers that it states")


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
    """Create a network from the layers that a file states, or a committee from its members."""
    try:
        if not facts.members:
            return build_network(facts)
        names = [member.name for member in facts.members]
        return Committee([build_network(member) for member in facts.members], names=names)
    except InputError as error:
        raise FileError(f"{path}: states layers that cannot be built ({error})") from None
