"""load: a multi-layer perceptron of another library, as an MLP of ours.

net.onnx   weights.safetensors   net.keras   a fitted MLPClassifier of scikit-learn
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glasswork.errors import FileError, InputError
from glasswork.interop.onnx_in import GELU_NOTE, read_onnx
from glasswork.interop.plain import Plain
from glasswork.interop.translation import require
from glasswork.nn import MLP

#: The largest file that is read.
_LARGEST = 2_000_000_000

#: Keras's and scikit-learn's words for activations, and ours; None for none.
_WORDS: dict[str, str | None] = {
    "linear": None, "identity": None, "none": None, "softmax": None, "logistic": "sigmoid", "swish": "silu",
    "leaky_relu": "leaky-relu", **{word: word for word in ("sigmoid", "tanh", "relu", "silu", "gelu", "leaky-relu")},
}  # fmt: skip


def load(
    source: Any,
    *,
    like: str | None = None,
    activation: str | Sequence[str] | None = None,
    output_activation: str | None = None,
) -> MLP:
    """Return a network that another library trained.

    Parameters
    ----------
    source : path, or a fitted MLPClassifier or MLPRegressor of scikit-learn
        An ONNX file, a state dict of PyTorch in a safetensors file, or a ``.keras`` file.
    like : {"onnx", "torch", "keras", "sklearn"}, optional
        What it is; by default its suffix says it.
    activation : str or sequence of str, optional
        Of the hidden layers, or of each one: for a state dict, which does not say it.
    output_activation : str, optional
        Of the output layer, for a state dict; None, the default, leaves logits.

    Returns
    -------
    MLP
        In float32, without an input contract unless the file states one: set ``model.inputs``.

    Raises
    ------
    FileError
        If there is no such file, or it is damaged.
    InputError
        If it is not a multi-layer perceptron, or a layer has no counterpart; the layer is named.
    MissingLibraryError
        If the library is missing that reads the format.
    """
    return read(source, like=like, activation=activation, output_activation=output_activation)[0]


def read(
    source: Any,
    *,
    like: str | None = None,
    activation: str | Sequence[str] | None = None,
    output_activation: str | None = None,
) -> tuple[MLP, list[str]]:
    """Return what `load` returns, and notes about what was assumed or left out."""
    if hasattr(source, "coefs_") and like in (None, "sklearn"):
        plain, who = _from_sklearn(source), type(source).__name__
        return plain.to_model(who), plain.notes
    path = Path(source)
    who = str(path)
    like = like or {".onnx": "onnx", ".safetensors": "torch", ".keras": "keras"}.get(path.suffix)
    if like not in _READERS:
        raise InputError(
            f"{path}: expected a .onnx, .safetensors or .keras file, or like= one of {', '.join(_READERS)}"
        )
    if not path.is_file():
        raise FileError(f"{path}: no such file")
    if path.stat().st_size > _LARGEST:
        raise FileError(f"{path}: expected at most {_LARGEST:,} bytes, got {path.stat().st_size:,}")
    told = (activation, output_activation) if like == "torch" else ()
    plain = _READERS[like](path, *told)
    return plain.to_model(who), plain.notes


def parity(model: MLP, path: Path) -> str:
    """Return in words how equal a network is to the file that it was read from, on 1,000 rows of random numbers."""
    if path.suffix != ".onnx":
        return "Its answers were not compared: the library that wrote the file is not needed here."
    runtime = require("onnxruntime", install="'glasswork[interop]'")
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    raw = session.get_modelmeta().custom_metadata_map.get("takes", "").startswith("raw")
    rows = np.random.default_rng(0).uniform(-1, 1, (1000, model.in_features)).astype(np.float32)
    if raw and model.inputs is not None and model.inputs.low is not None and model.inputs.high is not None:
        rows = np.rint(model.inputs.low + (rows + 1) / 2 * (model.inputs.high - model.inputs.low)).astype(np.float32)
    count = given.shape[0] if isinstance(given.shape[0], int) else len(rows)  # many files have a fixed batch
    sizes = [size if isinstance(size, int) else -1 for size in given.shape[1:]]
    off = 0.0
    for start in range(0, len(rows) - count + 1, count):
        x = rows[start : start + count]
        found = [_numbers(output) for output in session.run(None, {given.name: x.reshape(count, *sizes)})]
        own = [model.scores(x, prepared=not raw), model.probabilities(x, prepared=not raw)]
        off = max(off, min(float(np.abs(a - b).max()) for a in own for b in found if a.shape == b.shape))
    return f"On 1,000 rows of random numbers its answers differ from onnxruntime's by at most {off:.1e}."


def _numbers(output: Any) -> NDArray[Any]:
    """Return an output of a session as an array; scikit-learn's converters give a dictionary for each row."""
    if isinstance(output, list) and output and isinstance(output[0], dict):
        return np.array([list(row.values()) for row in output])
    return np.asarray(output)


def _from_state_dict(path: Path, activation: str | Sequence[str] | None, output_activation: str | None) -> Plain:
    """Return the layers of a state dict: modules in the order of their numbers, or else of their names in the file."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "numpy") as file:
            names, facts = list(file.keys()), file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in names}
    except (SafetensorError, OSError, TypeError, ValueError) as error:
        raise FileError(f"{path}: expected a safetensors file of a state dict ({error})") from None
    modules: dict[str, dict[str, NDArray[Any]]] = {}
    for name, array in arrays.items():
        module, _, part = re.sub(r"^(module\.|_orig_mod\.)+", "", name).rpartition(".")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise InputError(f"{path}: {name} has numbers that are not finite")
        modules.setdefault(module, {})[part] = array
    if len({re.sub(r"\d+", "", name) for name in modules}) > 1 or any(not re.search(r"\d", name) for name in modules):
        raise InputError(
            f"{path}: the names {', '.join(list(modules)[:5])} do not say in which order the layers stand; number "
            "all of them, as torch.nn.Sequential(*layers).state_dict() does"
        )
    ordered = sorted(modules, key=_number)
    plain = Plain(facts=dict(facts) if "layers" in facts else {})
    linear = [name for name in ordered if modules[name].get("weight", np.empty(0)).ndim == 2]
    if not linear:
        raise InputError(f"{path}: expected arrays such as 0.weight of shape (out, in), got {', '.join(names[:5])}")
    words = [*_activations(path, activation, len(linear) - 1), output_activation]
    width = modules[linear[0]]["weight"].shape[1]
    for name in ordered:
        held = modules[name]
        weight = held.get("weight")
        if weight is None or weight.ndim not in (1, 2) or weight.dtype not in (np.float32, np.float16):
            got = {part: f"{array.dtype} {array.shape}" for part, array in held.items()}
            raise InputError(f"{path}: {name}: expected the weights of a Linear or BatchNorm1d in float32, got {got}")
        if weight.ndim == 1:
            before = linear[sum(_number(other) < _number(name) for other in linear) - 1]
            _take_norm(path, name, held, plain, width, behind=_number(name)[-1] - _number(before)[-1] > 1)
            continue
        if weight.shape[1] != width:
            raise InputError(
                f"{path}: {name} takes {weight.shape[1]} numbers, but the layer before it gives {width}; "
                "is a layer missing?"
            )
        width = len(weight)
        bias = held.get("bias", np.zeros(width))
        if bias.shape != (width,):
            raise InputError(f"{path}: {name}: expected {width} biases, got shape {bias.shape}")
        plain.layers.append(("linear", weight.astype(np.float64), bias.astype(np.float64)))
        if word := _word(path, words[linear.index(name)]):
            plain.layers.append(("activation", word, 0.01))
    return plain


def _take_norm(path: Path, name: str, held: dict[str, NDArray[Any]], plain: Plain, width: int, *, behind: bool) -> None:
    """Add a BatchNorm1d in front of the activation that was added for the layer before it, or behind it."""
    parts = [held.get(part) for part in ("weight", "bias", "running_mean", "running_var")]
    if any(part is None or part.shape != (width,) for part in parts):
        raise InputError(f"{path}: {name}: expected the four arrays of a BatchNorm1d of width {width}")
    place = len(plain.layers) - (not behind and bool(plain.layers) and plain.layers[-1][0] == "activation")
    plain.layers.insert(place, ("batch-norm", *parts, 1e-5))


def _activations(path: Path, given: Any, hidden: int) -> list[str | None]:
    """Return the activation of each hidden layer, as given."""
    if given is None and hidden:
        raise InputError(
            f"{path}: a state dict does not say which activation its network has; state it, as in activation='relu' "
            "(--activation relu)"
        )
    words = [given] * hidden if isinstance(given, str) else list(given or ())
    if len(words) != hidden:
        raise InputError(f"{path}: expected {hidden} activations, one for each hidden layer, got {len(words)}")
    return words


def _number(name: str) -> tuple[int, ...]:
    """Return the numbers in a module's name: layer10 follows layer9."""
    return tuple(map(int, re.findall(r"\d+", name)))


def _word(who: object, word: str | None) -> str | None:
    if word is not None and word not in _WORDS:
        raise InputError(f"{who}: expected an activation out of {', '.join(_WORDS)}, got {word!r}")
    return None if word is None else _WORDS[word]


def _from_sklearn(estimator: Any) -> Plain:
    """Return the layers of a fitted MLPClassifier or MLPRegressor."""
    plain = Plain()
    words = [estimator.activation] * (len(estimator.coefs_) - 1) + [estimator.out_activation_]
    for weight, bias, word in zip(estimator.coefs_, estimator.intercepts_, words, strict=True):
        plain.layers.append(("linear", np.asarray(weight, np.float64).T, np.asarray(bias, np.float64)))
        if kind := _word(type(estimator).__name__, word):
            plain.layers.append(("activation", kind, 0.0))
    if estimator.out_activation_ == "softmax":
        plain.scores_are = "logits"
    if hasattr(estimator, "classes_"):
        plain.classes = tuple(map(str, estimator.classes_))
    return plain


def _from_keras(path: Path) -> Plain:
    """Return the layers of a ``.keras`` file: a zip archive of config.json and model.weights.h5."""
    h5py = require("h5py", install="'glasswork[formats]'")
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = sum(info.file_size for info in archive.infolist())
            if sizes > _LARGEST:
                raise FileError(f"{path}: expected at most {_LARGEST:,} bytes unpacked, got {sizes:,}")
            config = json.loads(archive.read("config.json"))
            weights = io.BytesIO(archive.read("model.weights.h5"))
        layers = config["config"]["layers"]
        with h5py.File(weights) as file:
            return _of_keras_layers(path, layers, file)
    except (zipfile.BadZipFile, KeyError, TypeError, OSError, ValueError) as error:
        if isinstance(error, InputError | FileError):
            raise
        raise FileError(f"{path}: expected a .keras file, but it is damaged or something else ({error})") from None


def _of_keras_layers(path: Path, layers: Sequence[Any], file: Any) -> Plain:
    plain, counts = Plain(), dict[str, int]()
    for layer in layers:
        kind, config = layer["class_name"], layer["config"]
        if kind in ("InputLayer", "Flatten", "Dropout", "GaussianNoise", "Reshape"):
            continue
        stem = re.sub(r"(?<!^)(?=[A-Z])", "_", kind).lower()  # folders are called after the class, and numbered
        place = f"layers/{stem}" + (f"_{counts[stem]}" if stem in counts else "")
        counts[stem] = counts.get(stem, 0) + 1
        if kind == "Dense":
            weight = file[f"{place}/vars/0"][()]
            bias = file[f"{place}/vars/1"][()] if config.get("use_bias", True) else np.zeros(weight.shape[1])
            plain.layers.append(("linear", weight.T.astype(np.float64), bias.astype(np.float64)))
        elif kind == "BatchNormalization":
            gamma, beta, mean, variance = (file[f"{place}/vars/{k}"][()] for k in range(4))
            plain.layers.append(("batch-norm", gamma, beta, mean, variance, config["epsilon"]))
        elif kind == "Rescaling":
            plain.layers.append(("stretch", np.array([float(config["scale"])]), np.array([float(config["offset"])])))
        elif kind not in ("Activation", "ReLU", "LeakyReLU", "Softmax"):
            raise InputError(f"{path}: the layer {config.get('name', kind)!r} is a {kind}; expected Dense layers")
        word = {"ReLU": "relu", "LeakyReLU": "leaky_relu", "Softmax": "softmax"}.get(kind, config.get("activation"))
        word = word["config"] if isinstance(word, dict) and isinstance(word.get("config"), str) else word
        if word is not None and (mapped := _word(path, str(word))) is not None:
            plain.layers.append(("activation", mapped, float(config.get("negative_slope", 0.2))))
            if mapped == "gelu":
                plain.notes.append(GELU_NOTE)
        if word == "softmax":
            plain.scores_are = "logits"
    return plain


_READERS: dict[str, Callable[..., Plain]] = {
    "onnx": read_onnx,
    "torch": _from_state_dict,
    "keras": _from_keras,
}
