"""to_onnx: a network as an ONNX file, which many programs can run without Python.

images (batch, in) ──► Gemm ──► Sigmoid ──► Gemm ──► ... ──► scores (batch, out)
"""

import json
import math
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from glasswork.files import write_whole
from glasswork.interop.translation import check_layers, require
from glasswork.nn import (
    GELU,
    MLP,
    BatchNorm,
    Dropout,
    GaussianNoise,
    Identity,
    Layer,
    LeakyReLU,
    Linear,
    ReLU,
    Scale,
    Sigmoid,
    SiLU,
    Tanh,
)
from glasswork.nn.batchnorm import EPSILON
from glasswork.outputs import check_output
from glasswork.version import __version__

#: The versions of the operators and of the file format, old enough for programs of the last few years.
OPSET, IR_VERSION = 17, 8


def to_onnx(model: MLP, path: str | Path, *, force: bool = False) -> None:
    """Write a network into an ONNX file, either completely or not at all.

    The input is named ``images``: ``(batch, in_features)`` in the network's dtype, prepared as ``model.inputs``
    states. The output is named ``scores``: ``(batch, out_features)``. The metadata of the file state what the scores
    are, and hold the classes and the input contract as JSON: ``classes``, ``inputs``, ``shape`` and ``columns``.

    Parameters
    ----------
    model : MLP
    path : path
        Usually ends in ``.onnx``. An ONNX file that glasswork wrote is replaced.
    force : bool
        Whether another existing file may be replaced as well.

    Raises
    ------
    MissingLibraryError
        If onnx is not installed.
    InputError
        If a layer is not one of glasswork's, or the file exists and glasswork did not write it.
    FileError
        If the file cannot be written.
    """
    check_layers(model, _TRANSLATIONS, target="to_onnx")
    check_output(Path(path), force=force)
    onnx = require("onnx", install="'glasswork[interop]'")
    graph = _Graph(onnx, model.dtype)
    values = "images"
    for layer in model.layers:
        values = _TRANSLATIONS[type(layer)](graph, values, layer)
    graph.add("Identity", values, output="scores")
    kind = onnx.helper.np_dtype_to_tensor_dtype(model.dtype)
    proto = onnx.helper.make_model(
        onnx.helper.make_graph(
            graph.nodes,
            "glasswork",
            [onnx.helper.make_tensor_value_info("images", kind, ["batch", model.in_features])],
            [onnx.helper.make_tensor_value_info("scores", kind, ["batch", model.out_features])],
            graph.arrays,
        ),
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="glasswork",
        producer_version=__version__,
    )
    onnx.helper.set_model_props(proto, _facts(model))
    onnx.checker.check_model(proto, full_check=True)
    write_whole(Path(path), proto.SerializeToString())


def _facts(model: MLP) -> dict[str, str]:
    """Return what the file's metadata say: the classes and the input contract, lists and numbers as JSON."""
    inputs = model.inputs
    facts = {"scores": model.scores_are, "classes": json.dumps(model.classes, ensure_ascii=False)}
    if inputs is None:
        return facts | {"preprocessing": "not known"}
    facts["preprocessing"] = f"{inputs.formula}; trained on {inputs}"
    facts["inputs"] = json.dumps(asdict(inputs), ensure_ascii=False)
    if inputs.shape is not None:
        facts["shape"] = json.dumps(inputs.shape)
    if inputs.columns is not None:
        facts["columns"] = json.dumps(inputs.columns, ensure_ascii=False)
    return facts


class _Graph:
    """A graph under construction; its values are named v1, v2, ..."""

    def __init__(self, onnx: Any, dtype: np.dtype[Any]) -> None:
        self.onnx, self.dtype = onnx, dtype
        self.nodes: list[Any] = []
        self.arrays: list[Any] = []

    def add(self, operator: str, *inputs: Any, output: str | None = None, **attributes: Any) -> str:
        """Add an operator on values, given by name, and on constants; return the name of its result."""
        names = [value if isinstance(value, str) else self._constant(value) for value in inputs]
        output = output or f"v{len(self.nodes) + 1}"
        self.nodes.append(self.onnx.helper.make_node(operator, names, [output], **attributes))
        return output

    def _constant(self, value: Any) -> str:
        name = f"c{len(self.arrays) + 1}"
        array = np.ascontiguousarray(value, dtype=self.dtype).reshape(np.shape(value))
        self.arrays.append(self.onnx.numpy_helper.from_array(array, name))
        return name


def _linear(graph: _Graph, x: str, layer: Linear) -> str:
    return graph.add("Gemm", x, layer.weight, layer.bias)


def _batch_norm(graph: _Graph, x: str, layer: BatchNorm) -> str:
    variance = layer.running_variance + EPSILON  # the attribute for it would be rounded to float32
    return graph.add("BatchNormalization", x, layer.gamma, layer.beta, layer.running_mean, variance, epsilon=0.0)


def _leaky_relu(graph: _Graph, x: str, layer: LeakyReLU) -> str:
    return graph.add("Max", x, graph.add("Mul", x, layer.slope))  # LeakyRelu supports few dtypes


def _scale(graph: _Graph, x: str, layer: Scale) -> str:
    return graph.add("Mul", graph.add("Sub", x, layer.offset), 1 / layer.spread)


def _silu(graph: _Graph, x: str, layer: SiLU) -> str:
    return graph.add("Mul", x, graph.add("Sigmoid", x))


def _gelu(graph: _Graph, x: str, layer: GELU) -> str:
    """``x/2 * (1 + tanh(√(2/π) x (1 + 0.044715 x²)))``: a single operator exists only from version 20 on."""
    inner = graph.add("Add", graph.add("Mul", graph.add("Mul", x, x), 0.044715), 1)
    tanh = graph.add("Tanh", graph.add("Mul", graph.add("Mul", x, math.sqrt(2 / math.pi)), inner))
    return graph.add("Mul", graph.add("Mul", x, 0.5), graph.add("Add", tanh, 1))


def _as(operator: str) -> Callable[[_Graph, str, Any], str]:
    return lambda graph, x, _: graph.add(operator, x)


def _nothing(graph: _Graph, x: str, layer: Layer) -> str:
    return x


#: How each layer evaluates, in ONNX's operators; a new layer is one line here.
_TRANSLATIONS: dict[type[Layer], Callable[[_Graph, str, Any], str]] = {
    Linear: _linear,
    BatchNorm: _batch_norm,
    Sigmoid: _as("Sigmoid"),
    Tanh: _as("Tanh"),
    ReLU: _as("Relu"),
    LeakyReLU: _leaky_relu,
    SiLU: _silu,
    GELU: _gelu,
    Identity: _nothing,
    Dropout: _nothing,
    GaussianNoise: _nothing,
    Scale: _scale,
}
