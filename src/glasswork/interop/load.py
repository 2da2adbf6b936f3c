"""load: a multi-layer perceptron of another library, as an MLP of ours.

net.onnx   net.safetensors   net.npz   net.keras   net.skops   a torch.nn.Sequential   a state dict   an estimator
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glasswork.errors import FileError, InputError, MissingLibraryError
from glasswork.interop.arrays import read_npz, read_safetensors, read_state_dict, refuse_words
from glasswork.interop.fitted import is_fitted_network, read_fitted, read_skops
from glasswork.interop.found import GELU_NOTE, Found
from glasswork.interop.keras import read_keras
from glasswork.interop.onnx_in import read_onnx
from glasswork.interop.torch import as_numpy, read_module
from glasswork.interop.translation import LARGEST, require
from glasswork.nn import MLP


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
    source : path, or an object of another library
        An ONNX file, a state dict in a safetensors file, a ``.keras`` or ``.skops`` file; what `export` wrote as
        ``.onnx``, ``.safetensors`` or ``.npz``. Or a ``torch.nn.Sequential``, a state dict, a fitted MLPClassifier or
        MLPRegressor of scikit-learn or glasswork, or a pipeline of scalers before one.
    like : {"onnx", "torch", "keras", "npz", "skops"}, optional
        What the file is; by default its suffix says it.
    activation : str or sequence of str, optional
        Of all hidden layers, or of each one, for a state dict, which does not name its activations. Other sources
        state theirs.
    output_activation : str, optional
        Of the output layer, for a state dict; None, the default, leaves logits.

    Returns
    -------
    MLP
        In float32. It has the input contract that the source states, as files of `export`, networks of `to_torch` and
        pipelines do; otherwise set ``model.inputs``.

    Raises
    ------
    FileError
        If there is no such file, or it is damaged.
    InputError
        If it is not a multi-layer perceptron, or a layer has no counterpart; the layer is named. Or if activations are
        given for a source that states its own.
    MissingLibraryError
        If the library that reads the format is missing.
    """
    found, who = read(source, like=like, activation=activation, output_activation=output_activation)
    return found.to_model(who)


def read(
    source: Any,
    *,
    like: str | None = None,
    activation: str | Sequence[str] | None = None,
    output_activation: str | None = None,
) -> tuple[Found, str]:
    """Return all that `load` finds out, and the name of the source for messages."""
    if isinstance(source, Mapping):
        arrays = {str(name): as_numpy(str(name), tensor) for name, tensor in source.items()}
        return read_state_dict("the state dict", arrays, activation, output_activation), "the state dict"
    reader = read_fitted if is_fitted_network(source) else read_module if hasattr(source, "state_dict") else None
    if reader is not None:
        refuse_words(type(source).__name__, activation, output_activation)
        return reader(source), type(source).__name__
    try:
        path = Path(source)
    except TypeError:
        raise InputError(
            f"load: expected a path, a torch.nn.Sequential, a state dict or a fitted estimator, got {type(source)}"
        ) from None
    suffix = path.suffix.lower().removeprefix(".")
    like = like or {"safetensors": "torch"}.get(suffix, suffix)
    if like not in ("torch", *_READERS):
        known = ", ".join(sorted(("torch", *_READERS)))
        raise InputError(
            f"{path}: expected a file .onnx, .safetensors, .keras, .skops or .npz, or like= one of {known}"
        )
    if not path.is_file():
        raise FileError(f"{path}: no such file")
    if path.stat().st_size > LARGEST:
        raise FileError(f"{path}: expected at most {LARGEST:,} bytes, got {path.stat().st_size:,}")
    if like == "torch":
        return read_safetensors(path, activation, output_activation), str(path)
    refuse_words(path, activation, output_activation)
    return _READERS[like](path), str(path)


_READERS: dict[str, Callable[[Path], Found]] = {
    "onnx": read_onnx,
    "keras": read_keras,
    "npz": read_npz,
    "skops": read_skops,
}


def random_rows(model: MLP, *, prepared: bool = False) -> NDArray[Any]:
    """Return 1,000 random rows in float32: raw ones within the training range, or prepared ones from -1 to 1."""
    inputs, random, size = model.inputs, np.random.default_rng(0), (1000, model.in_features)
    rows = random.uniform(-1, 1, size)
    if inputs is not None and inputs.features is not None and not prepared:
        rows = random.uniform(inputs.features.low, inputs.features.high, size)
        if inputs.features.missing is not None:
            rows[random.random(size) < 0.1] = np.nan
    elif inputs is not None and inputs.low is not None and inputs.high is not None and not prepared:
        rows = random.uniform(inputs.low, inputs.high, size)
        rows = np.rint(rows) if inputs.are_bytes else rows
    return rows.astype(np.float32)


def parity(model: MLP, path: Path, found: Found) -> str:
    """Return in words how equal a network is to the file that it was read from, on 1,000 random rows.

    The rows are raw if the file takes those, and within the range that it states. What rounding explains is measured:
    by how much the answers change if each number of a row changes in its last digit.
    """
    if path.suffix.lower() != ".onnx":
        return "Its answers were not compared: only an ONNX file can be asked here."
    rows = random_rows(model, prepared=not found.raw)
    try:
        theirs = _asked(path, rows)
    except MissingLibraryError:
        raise
    except Exception as error:  # onnxruntime has many errors of its own
        return f"Its answers were not compared: onnxruntime cannot be asked about this file ({error})."
    nudged = _answers(model, np.nextafter(rows, np.float32(np.inf)), prepared=not found.raw)
    own = _answers(model, rows, prepared=not found.raw)
    pairs = [(a, b, c) for a, c in zip(own, nudged, strict=True) for b in theirs if b.shape == a.shape]
    if not pairs:
        return f"Its answers were not compared: onnxruntime's have the shapes {[b.shape for b in theirs]}."
    a, b, c = min(pairs, key=lambda pair: float(np.abs(pair[0] - pair[1]).max()))
    off, rounding, scale = float(np.abs(a - b).max()), float(np.abs(a - c).max()), max(1.0, float(np.abs(a).max()))
    said = f"On {len(rows):,} random rows its answers differ from onnxruntime's by at most {off:.1e}"
    if off <= 10 * rounding + scale * (0.01 if GELU_NOTE in found.notes else 1e-5):
        return f"{said}."
    return f"{said}: more than rounding explains ({rounding:.1e}). The network computes something else than the file!"


def _answers(model: MLP, rows: NDArray[Any], *, prepared: bool) -> list[NDArray[Any]]:
    """Return each form in which a file may give its answers: scores, probabilities and log-probabilities."""
    scores = model.scores(rows, prepared=prepared)
    below = scores - scores.max(axis=1, keepdims=True)
    logs = below - np.log(np.exp(below).sum(axis=1, keepdims=True))
    return [scores, model.probabilities(rows, prepared=prepared), *([logs] if model.scores_are == "logits" else [])]


def _asked(path: Path, rows: NDArray[Any]) -> list[NDArray[Any]]:
    """Return what onnxruntime answers, as far as it is rows of numbers; many files have a batch of a fixed size."""
    runtime = require("onnxruntime", install="'glasswork[interop]'")
    options = runtime.SessionOptions()
    options.log_severity_level = 3  # errors only: a warning about an unused array helps nobody here
    session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    count = given.shape[0] if isinstance(given.shape[0], int) else len(rows)
    if not 0 < count <= 10 * len(rows):
        raise ValueError(f"its batches have {count:,} rows")
    sizes = [size if isinstance(size, int) else -1 for size in given.shape[1:]]
    batches = -(-len(rows) // count)
    whole = np.resize(rows, (batches, count, rows.shape[1]))
    answers = [map(_numbers, session.run(None, {given.name: batch.reshape(count, *sizes)})) for batch in whole]
    floats = [parts for parts in zip(*answers, strict=True) if parts[0].dtype.kind == "f" and len(parts[0]) == count]
    return [np.concatenate(parts)[: len(rows)].reshape(len(rows), -1) for parts in floats]


def _numbers(output: Any) -> NDArray[Any]:
    """Return an output of a session as an array; scikit-learn's converters give a dictionary for each row."""
    if isinstance(output, list) and output and isinstance(output[0], dict):
        return np.array([list(row.values()) for row in output])
    return np.atleast_1d(np.asarray(output))
