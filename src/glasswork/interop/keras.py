"""Keras: the layers of a ``.keras`` file, a zip archive of config.json and model.weights.h5."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from glasswork.errors import InputError
from glasswork.interop.found import Found, Module, check_precision, steps_of
from glasswork.interop.translation import opened, require

_WORDS = {"ReLU": "relu", "LeakyReLU": "leaky_relu", "Softmax": "softmax"}


def read_keras(path: Path) -> Found:
    """Return what a ``.keras`` file says; an error names a layer that has no counterpart."""
    h5py = require("h5py", install="'glasswork[formats]'")
    with opened(path, "a .keras file") as archive:
        config = json.loads(archive.read("config.json"))
        with h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file:
            _check_chain(path, config)
            return _read(path, config["config"]["layers"], file)


def _check_chain(path: Path, config: Any) -> None:
    """Refuse a model that is not one chain of layers; a Sequential always is."""
    if config["class_name"] == "Sequential":
        return
    if config["class_name"] != "Functional":
        raise InputError(f"{path}: expected a Sequential or a functional model, got {config['class_name']}")
    names = [layer["config"]["name"] for layer in config["config"]["layers"]]
    given = [_sources(layer["inbound_nodes"]) for layer in config["config"]["layers"]]
    for name, before, sources in zip(names, [None, *names], given, strict=False):
        if sources != [before] * (before is not None):
            raise InputError(
                f"{path}: the layer {name!r} is given {' and '.join(sources) or 'inputs'}; expected one chain of layers"
            )
    ends = [word for word in _flat(config["config"]["output_layers"]) if isinstance(word, str)]
    if ends != names[-1:]:
        raise InputError(f"{path}: its answers are those of {' and '.join(ends)}; expected one chain of layers")


def _sources(node: Any) -> list[str]:
    """Return the names of the layers whose outputs the calls of a layer take."""
    if isinstance(node, dict):
        return [node["keras_history"][0]] if "keras_history" in node else _sources(list(node.values()))
    return [name for inner in node for name in _sources(inner)] if isinstance(node, list) else []


def _flat(node: Any) -> list[Any]:
    return [leaf for inner in node for leaf in _flat(inner)] if isinstance(node, list) else [node]


def _read(path: Path, layers: Sequence[Any], file: Any) -> Found:
    found, counts = Found(), dict[str, int]()
    for layer in layers:
        kind, config = layer["class_name"], layer["config"]
        if kind == "InputLayer":
            found.shape = tuple(size or 0 for size in (config.get("batch_shape") or [0])[1:])
        if kind in ("InputLayer", "Flatten", "Dropout", "GaussianNoise", "Reshape"):
            continue
        stem = re.sub(r"(?<!^)(?=[A-Z])", "_", kind).lower()  # folders are called after the class, and numbered
        place = f"layers/{stem}" + (f"_{counts[stem]}" if stem in counts else "")
        counts[stem] = counts.get(stem, 0) + 1
        name = config.get("name", kind)
        if found.scores_are:
            raise InputError(f"{path}: the layer {name!r} stands behind a softmax; expected no layer there")
        parts: dict[str, Any] = {}
        if kind == "Dense":
            parts = {"weight": file[f"{place}/vars/0"][()].T}
            if config.get("use_bias", True):
                parts["bias"] = file[f"{place}/vars/1"][()]
            check_precision(path, name, parts)
            found.steps += steps_of(path, [Module(name, "linear", {}, parts)])
        elif kind == "BatchNormalization":
            words = ["weight"] * config.get("scale", True) + ["bias"] * config.get("center", True)
            words += ["running_mean", "running_var"]
            parts = {part: file[f"{place}/vars/{k}"][()] for k, part in enumerate(words)}
            width = len(parts["running_mean"])
            parts = {"weight": np.ones(width, "f4"), "bias": np.zeros(width, "f4"), **parts}
            check_precision(path, name, parts)
            found.steps += steps_of(path, [Module(name, "batch-norm", {"eps": config["epsilon"]}, parts)])
        elif kind == "Rescaling":
            spread = 1 / float(config["scale"])
            settings = {"spread": spread, "offset": -float(config["offset"]) * spread}
            found.steps += steps_of(path, [Module(name, "scale", settings)])
        elif kind not in ("Activation", "ReLU", "LeakyReLU", "Softmax"):
            raise InputError(f"{path}: the layer {name!r} is of class {kind}; expected Dense layers")
        if config.get("max_value") is not None or config.get("threshold"):
            raise InputError(
                f"{path}: the layer {name!r} is a {kind} with a threshold or a largest value; expected none"
            )
        word = _WORDS.get(kind, config.get("activation"))
        word = "leaky_relu" if kind == "ReLU" and config.get("negative_slope") else word
        word = word["config"] if isinstance(word, dict) and isinstance(word.get("config"), str) else word
        found.act(path, None if word is None else str(word), float(config.get("negative_slope", 0.2)), exact=True)
    return found
