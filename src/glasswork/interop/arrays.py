"""Files that hold arrays: PyTorch's state dict in a safetensors file, and plain arrays in an NPZ file, out and in.

linear1.weight (784, 50) ──► 0.weight (50, 784)     numbered as in a Sequential, rows are neurons
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glasswork.arrays import FloatArray
from glasswork.errors import FileError, InputError
from glasswork.interop.found import Found, Module, check_precision, steps_of
from glasswork.interop.program import Program, acts
from glasswork.interop.translation import opened
from glasswork.models.committee import Committee
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

_MISSING = (
    "is a layer missing? If not, give the torch.nn.Sequential itself to interop.load, or write the network with "
    "torch.onnx.export"
)


def modules_of(model: MLP) -> list[Module]:
    """Return the layers that do anything in evaluation, with their arrays as PyTorch holds them."""
    return [
        Module(
            name,
            str(layer.kind),
            layer.settings(),
            {_TORCH[part]: array.T if part == "weight" else array for part, array in layer.state().items()},
        )
        for name, layer in model.named_layers.items()
        if acts(layer)
    ]


def state_dict(model: MLP) -> dict[str, FloatArray]:
    """Return a network's arrays as the ``state_dict`` of ``torch.nn.Sequential(*to_torch(model))`` holds them."""
    return {
        f"{number}.{part}": np.ascontiguousarray(array)
        for number, module in enumerate(modules_of(model))
        for part, array in module.parts.items()
    }


def safetensors_bytes(program: Program) -> bytes:
    """Return a state dict as the content of a safetensors file; its metadata state the layers and `Program.facts`."""
    from safetensors.numpy import save

    content: bytes = save(state_dict(program.model), {"format": "pt", **_words(program)})
    return content


def npz_bytes(program: Program) -> bytes:
    """Return a network's arrays under its own names as the content of an NPZ file, with the same facts."""
    stream = io.BytesIO()
    words = {name: np.array(text) for name, text in _words(program).items()}
    words["classes"] = np.array(program.model.classes)
    np.savez(stream, allow_pickle=False, **program.model.state(), **words)
    return stream.getvalue()


def _words(program: Program) -> dict[str, str]:
    layers = json.dumps([module[:3] for module in modules_of(program.model)])
    software = f"{SOFTWARE} {__version__}"
    return {
        "software": software,
        "takes": str(program.model.inputs or "not known"),
        "layers": layers,
        **program.facts(),
    }


def read_safetensors(path: Path, activation: str | Sequence[str] | None, output_activation: str | None) -> Found:
    """Return what a safetensors file says: one of glasswork's, or a state dict."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "numpy") as file:
            facts = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (it is no dict)
    except (SafetensorError, OSError, TypeError, ValueError) as error:
        raise FileError(f"{path}: expected a safetensors file of a state dict ({error})") from None
    if SOFTWARE not in facts and not facts.get("software", "").startswith(SOFTWARE):
        return read_state_dict(path, arrays, activation, output_activation)
    refuse_words(path, activation, output_activation)
    if SOFTWARE in facts:  # a model file
        from glasswork.models.model_file import load_model

        model = load_model(path)
        if isinstance(model, Committee):
            raise FileError(f"{path}: expected one network, got a committee; bring in its members one by one")
        return Found(steps_of(path, modules_of(model)), model.scores_are, model.inputs)
    return _stated(path, facts, {int(n): held for n, held in _held(arrays).items() if n.isdecimal()})


def refuse_words(who: object, activation: object, output_activation: object) -> None:
    """Refuse words for activations from whoever reads a source that states its own."""
    for name, word in (("activation", activation), ("output_activation", output_activation)):
        if word is not None:
            raise InputError(f"{who}: states its activations itself; leave out {name}={word!r}")


def read_npz(path: Path) -> Found:
    """Return what an NPZ file of glasswork's says."""
    with opened(path, "an NPZ file"), np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    facts = {name: str(array) for name, array in arrays.items() if array.dtype.kind == "U" and array.ndim == 0}
    if "layers" not in facts:
        raise FileError(f"{path}: expected an NPZ file that glasswork export wrote, with the names of its layers")
    facts["classes"] = json.dumps(arrays["classes"].tolist() if "classes" in arrays else None)
    held = _held({name: array for name, array in arrays.items() if array.dtype.kind == "f"})
    names = [layer[0] for layer in _layers(path, facts)]
    ours = {n: {_TORCH.get(p, p): a.T if p == "weight" else a for p, a in parts.items()} for n, parts in held.items()}
    return _stated(path, facts, {number: ours.get(name, {}) for number, name in enumerate(names)})


def _layers(path: Path, facts: Mapping[str, str]) -> list[tuple[str, str, dict[str, Any]]]:
    """Return the name, the kind and the settings of each layer, as a file states them."""
    try:
        return [(str(name), str(kind), dict(settings)) for name, kind, settings in json.loads(facts["layers"])]
    except (KeyError, TypeError, ValueError) as error:
        raise FileError(
            f"{path}: what it says of its layers is damaged ({error!r}); export the network again"
        ) from None


def _stated(path: Path, facts: Mapping[str, str], held: Mapping[int, Mapping[str, NDArray[Any]]]) -> Found:
    """Return what a file says that states its layers."""
    found = Found()
    found.take_facts(facts)
    layers = _layers(path, facts)
    try:
        found.steps = steps_of(path, [Module(*layer, held.get(number, {})) for number, layer in enumerate(layers)])
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise FileError(
            f"{path}: what it says of its layers is damaged ({error!r}); export the network again"
        ) from None
    return found


def _held(arrays: Mapping[str, NDArray[Any]]) -> dict[str, dict[str, NDArray[Any]]]:
    """Return the arrays of each module, without the prefixes of wrapped modules."""
    modules: dict[str, dict[str, NDArray[Any]]] = {}
    for name, array in arrays.items():
        module, _, part = re.sub(r"^(module\.|_orig_mod\.)+", "", name).rpartition(".")
        modules.setdefault(module, {})[part] = array
    return modules


def read_state_dict(
    who: object,
    arrays: Mapping[str, NDArray[Any]],
    activation: str | Sequence[str] | None,
    output_activation: str | None,
) -> Found:
    """Return the layers of a state dict, in the order of the numbers in their names."""
    modules = _held(arrays)
    if len({re.sub(r"\d+", "", name) for name in modules}) > 1 or any(not re.search(r"\d", name) for name in modules):
        raise InputError(
            f"{who}: the names {', '.join(list(modules)[:5])} do not say in which order the layers stand; number "
            "all of them, as torch.nn.Sequential(*layers).state_dict() does, or write the network as ONNX"
        )
    ordered = sorted(modules, key=_number)
    linear = [name for name in ordered if modules[name].get("weight", np.empty(0)).ndim == 2]
    if not linear:
        raise InputError(f"{who}: expected arrays such as 0.weight of shape (out, in), got {', '.join([*arrays][:5])}")
    for name in ordered:
        check_precision(who, name, modules[name])
    words = dict(zip(linear, [*_activations(who, activation, len(linear) - 1), output_activation], strict=True))
    found, waiting = Found(), list[str | None]()
    planned: list[Module | str | None] = []
    for before, name in zip([None, *ordered], ordered, strict=False):
        norm = getattr(modules[name].get("weight"), "ndim", 0) == 1
        if waiting and not (norm and before is not None and _number(name)[-1] - _number(before)[-1] == 1):
            planned.append(waiting.pop())  # the activation stands before a module that does not follow at once
        planned.append(Module(name, "batch-norm" if norm else "linear", {}, modules[name]))
        if name in words:
            waiting.append(words[name])
    steps = steps_of(who, [module for module in planned if isinstance(module, Module)])
    _check_numbers(who, ordered, words)
    _check_biases(who, ordered, modules)
    for thing in [*planned, *waiting]:
        if isinstance(thing, Module):
            found.steps.append(steps.pop(0))
        else:
            found.act(who, thing)
    shown = [f"{thing.name} ({thing.kind})" if isinstance(thing, Module) else thing for thing in [*planned, *waiting]]
    found.notes.append(f"a state dict holds arrays alone; the network was read as {', '.join(filter(None, shown))}")
    return found


def _activations(who: object, given: Any, hidden: int) -> list[str | None]:
    """Return the activation of each hidden layer, as given."""
    if given is None and hidden:
        raise InputError(
            f"{who}: a state dict does not say which activation its network has; state it, as in activation='relu' "
            "(--activation relu)"
        )
    words = [given] * hidden if isinstance(given, str) else list(given or ())
    if any(word in ("softmax", "log_softmax") for word in words):
        raise InputError(f"{who}: expected activations of hidden layers, got softmax, which only an output can have")
    if len(words) != hidden:
        raise InputError(f"{who}: expected {hidden} activations, one for each hidden layer, got {len(words)}")
    return words


def _check_numbers(who: object, ordered: Sequence[str], words: Mapping[str, str | None]) -> None:
    """Refuse names whose numbers leave room for a missing layer, or do not treat all activations alike.

    In a Sequential, activation and dropout have numbers as well: 0, 2, 5. In names such as fc1 and fc2, or in a
    ModuleList, they have none: 0, 1, 2.
    """
    counts_all = all(name.rpartition(".")[2].isdecimal() for name in ordered)
    room, rooms = 0.0, dict[bool, str]()  # between two layers of weights: of numbers that no array has
    layer = ""
    for name, before in zip(ordered, [None, *ordered], strict=False):
        first, number = _number(before) if before else (-1,), _number(name)
        gap = next((b - a - 1 for a, b in zip(first, number, strict=False) if a != b), 0)
        most = 2 if counts_all else 0 if before else 1
        if gap > most and (before or len(number) == 1):
            place = f"between {before} and {name}" if before else f"before {name}"
            enough = ", more than an activation and dropout need" if counts_all else ""
            raise InputError(f"{who}: {gap} unused number{'s' * (gap > 1)} {place}{enough}; {_MISSING}")
        room += gap if first[:-1] == number[:-1] else np.nan  # what stands at the end of a block has no number here
        if name in words:
            if layer and not np.isnan(room) and words[layer] not in (None, "none", "identity", "linear"):
                rooms.setdefault(room > 0, f"between {layer} and {name}")
            layer, room = name, 0.0
    if len(rooms) == 2:
        raise InputError(
            f"{who}: the numbers have room for an activation {rooms[True]}, but not {rooms[False]}; {_MISSING}"
        )


def _check_biases(who: object, ordered: Sequence[str], modules: Mapping[str, Mapping[str, NDArray[Any]]]) -> None:
    """Refuse a layer without bias among others with one, unless a batch normalisation follows, which has its own."""
    dims = [getattr(modules[name].get("weight"), "ndim", 0) for name in ordered]
    alone = [name for name, ndim, behind in zip(ordered, dims, [*dims[1:], 0], strict=True) if (ndim, behind) != (2, 1)]
    has = {
        name: "bias" in modules[name] for name, ndim in zip(ordered, dims, strict=True) if ndim == 2 and name in alone
    }
    if len(set(has.values())) == 2:
        without, with_one = (next(name for name, bias in has.items() if bias is wanted) for wanted in (False, True))
        raise InputError(
            f"{who}: {without} has no bias, but {with_one} has one; is an array missing? If {without} was trained "
            f"without a bias, add {len(modules[without]['weight'])} zeros as {without}.bias"
        )


def _number(name: str) -> tuple[int, ...]:
    """Return the numbers in a module's name: layer10 follows layer9."""
    return tuple(map(int, re.findall(r"\d+", name)))
