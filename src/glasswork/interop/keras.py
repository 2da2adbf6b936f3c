"""Keras: the layers of a ``.keras`` file, a zip archive of config.json and model.weights.h5."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from glasswork.errors import InputError
from glasswork.interop.found import Found, Module, steps_of
from glasswork.interop.translation import opened, require

_WORDS = {"ReLU": "relu", "LeakyReLU": "leaky_relu", "Softmax": "softmax"}


def read_keras(path: Path, activation: Any = None, output_activation: Any = None) -> Found:
    """Return what a ``.keras`` file says; an error names a layer that has no counterpart."""
    h5py = require("h5py", install="'glasswork[formats]'")
    with opened(path, "a .keras file") as archive:
        config = json.loads(archive.read("config.json"))
        with h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file:
            return _read(path, config["config"]["layers"], file)


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
        if kind == "Dense":
            parts = {"weight": file[f"{place}/vars/0"][()].T}
            if config.get("use_bias", True):
                parts["bias"] = file[f"{place}/vars/1"][()]
            found.steps += steps_of(path, [Module(place, "linear", {}, parts)])
        elif kind == "BatchNormalization":
            names = ("weight", "bias", "running_mean", "running_var")
            parts = {name: file[f"{place}/vars/{k}"][()] for k, name in enumerate(names)}
            found.steps += steps_of(path, [Module(place, "batch-norm", {"eps": config["epsilon"]}, parts)])
        elif kind == "Rescaling":
            spread = 1 / float(config["scale"])
            settings = {"spread": spread, "offset": -float(config["offset"]) * spread}
            found.steps += steps_of(path, [Module(place, "scale", settings)])
        elif kind not in ("Activation", "ReLU", "LeakyReLU", "Softmax"):
            raise InputError(
                f"{path}: the layer {config.get('name', kind)!r} is of class {kind}; expected Dense layers"
            )
        word = _WORDS.get(kind, config.get("activation"))
        word = word["config"] if isinstance(word, dict) and isinstance(word.get("config"), str) else word
        found.act(path, None if word is None else str(word), float(config.get("negative_slope", 0.2)), exact=True)
    return found
