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
from glasswork.interop.found import Found, Module, steps_of
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
    if SOFTWARE in facts:  # a model file
        from glasswork.models.model_file import load_model

        model = load_model(path)
        if isinstance(model, Committee):
            raise FileError(f"{path}: expected one network, got a committee; bring in its members one by one")
        return Found(steps_of(path, modules_of(model)), model.scores_are, model.inputs)
    if not facts.get("software", "").startswith(SOFTWARE):
        return read_state_dict(path, arrays, activation, output_activation)
    return _stated(path, facts, {int(n): held for n, held in _held(arrays).items() if n.isdecimal()})


def read_npz(path: Path, activation: Any = None, output_activation: Any = None) -> Found:
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
        if (weight := modules[name].get("weight")) is not None and weight.dtype not in (np.float32, np.float16):
            raise InputError(f"{who}: {name}: expected weights of float32, got {weight.dtype}; convert the network")
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
    for thing in [*planned, *waiting]:
        if isinstance(thing, Module):
            found.steps.append(steps.pop(0))
        else:
            found.act(who, thing)
    return found


def _activations(who: object, given: Any, hidden: int) -> list[str | None]:
    """Return the activation of each hidden layer, as given."""
    if given is None and hidden:
        raise InputError(
            f"{who}: a state dict does not say which activation its network has; state it, as in activation='relu' "
            "(--activation relu)"
        )
    words = [given] * hidden if isinstance(given, str) else list(given or ())
    if len(words) != hidden:
        raise InputError(f"{who}: expected {hidden} activations, one for each hidden layer, got {len(words)}")
    return words


def _number(name: str) -> tuple[int, ...]:
    """Return the numbers in a module's name: layer10 follows layer9."""
    return tuple(map(int, re.findall(r"\d+", name)))
