"""to_onnx: a network as an ONNX file, which many programs can run without Python.

images (batch, in) ──► Gemm ──► Sigmoid ──► Gemm ──► ... ──► scores (batch, out)                       bare
raw images ──► (x - offset) * factor ──► the same ──► label (batch,), probabilities (batch, classes)   whole
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from glasswork.files import write_whole
from glasswork.interop.program import Activation, Dense, Program, Stretch, program_of
from glasswork.interop.translation import require
from glasswork.nn import MLP
from glasswork.outputs import check_output
from glasswork.version import __version__

#: The versions of the operators and of the file format, old enough for programs of the last few years.
OPSET, IR_VERSION = 17, 8

#: The value between preparation and network, by which `load` tells them apart.
PREPARED = "prepared"

#: What a bare file gives, in words.
_SCORES = {"logits": "logits: scores before softmax", "probabilities": "probabilities"}


def to_onnx(model: MLP, path: str | Path, *, preprocessing: bool = False, force: bool = False) -> None:
    """Write only the network into an ONNX file, completely or not at all; `export` adds preprocessing and labels.

    The input is named ``images``: ``(batch, in_features)`` in the network's dtype, prepared as ``model.inputs``
    states. The output is named ``scores``: ``(batch, out_features)``. The metadata of the file state what the scores
    are, and hold the classes and the input contract as JSON: ``classes``, ``inputs``, ``shape`` and ``columns``.

    Parameters
    ----------
    model : MLP
    path : path
        Usually ends in ``.onnx``. An ONNX file that glasswork wrote is replaced.
    preprocessing : bool
        Whether the file takes raw numbers and gives label and probabilities, as that of `export` does.
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
    program = program_of(model, who="to_onnx")
    check_output(Path(path), force=force)
    write_whole(Path(path), onnx_bytes(program, bare=not preprocessing, dtype=model.dtype))


def onnx_bytes(program: Program, *, bare: bool, dtype: DTypeLike = np.float32) -> bytes:
    """Return a network as the content of an ONNX file: ``bare``, from prepared numbers to scores, or from raw ones."""
    onnx = require("onnx", install="'glasswork[interop]'")
    graph = _Graph(onnx, np.dtype(dtype))
    values = "images"
    if not bare:
        if program.fill is not None:
            values = graph.add("Where", graph.add("IsNaN", values), program.fill, values)
        if program.offset is not None and program.factor is not None:
            values = graph.add("Mul", graph.add("Sub", values, program.offset), program.factor)
        values = graph.add("Identity", values, output=PREPARED)
    values = _scores(graph, values, program)
    kind = onnx.helper.np_dtype_to_tensor_dtype(graph.dtype)
    if bare:
        graph.add("Identity", values, output="scores")
        outputs = {"scores": (kind, ["batch", program.model.out_features])}
    else:
        values = _of_classes(graph, values, program)
        graph.add("ArgMax", values, output="label", axis=1, keepdims=0)
        _probabilities(graph, values, program, output="probabilities")
        outputs = {
            "label": (onnx.TensorProto.INT64, ["batch"]),
            "probabilities": (kind, ["batch", len(program.model.classes)]),
        }
    info = onnx.helper.make_tensor_value_info
    proto = onnx.helper.make_model(
        onnx.helper.make_graph(
            graph.nodes,
            "glasswork",
            [info("images", kind, ["batch", program.model.in_features])],
            [info(name, *facts) for name, facts in outputs.items()],
            graph.arrays,
        ),
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="glasswork",
        producer_version=__version__,
    )
    onnx.helper.set_model_props(proto, _facts(program, bare))
    onnx.checker.check_model(proto, full_check=True)
    content: bytes = proto.SerializeToString()
    return content


def _facts(program: Program, bare: bool) -> dict[str, str]:
    """Return what the file's metadata say."""
    return {
        "takes": "prepared numbers" if bare else "raw numbers; preprocessing is part of this file",
        "gives": _SCORES[program.model.scores_are] if bare else "label, an index into classes, and probabilities",
        **program.facts(),
    }


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
        array = np.asarray(value)
        if not isinstance(value, np.ndarray) or array.dtype.kind == "f":  # axes stay integers
            array = np.ascontiguousarray(array, dtype=self.dtype).reshape(np.shape(value))
        self.arrays.append(self.onnx.numpy_helper.from_array(array, name))
        return name


def _scores(graph: _Graph, values: str, program: Program) -> str:
    """Add the steps from prepared numbers to scores; of a committee, to the mean of its members' probabilities."""
    for step in program.steps:
        values = _OPERATORS[type(step)](graph, values, step)
    if not program.members:
        return values
    each = [(one, _scores(graph, values, one)) for one in program.members]
    return graph.add("Mean", *(_probabilities(graph, _of_classes(graph, scores, one), one) for one, scores in each))


def _of_classes(graph: _Graph, scores: str, program: Program) -> str:
    """Return a score for each class; a single score tells two classes apart."""
    if program.model.out_features > 1:
        return scores
    other = graph.add("Mul", scores, 0) if program.model.scores_are == "logits" else graph.add("Sub", 1, scores)
    return graph.add("Concat", other, scores, axis=1)


def _probabilities(graph: _Graph, scores: str, program: Program, output: str | None = None) -> str:
    """Add the probabilities, as `MLP.probabilities` computes them."""
    if program.model.scores_are == "logits":
        return graph.add("Softmax", scores, output=output, axis=1)
    if program.model.out_features == 1:
        scores = graph.add("Min", graph.add("Max", scores, 0), 1)
    scores = graph.add("Max", scores, np.finfo(graph.dtype).tiny)
    total = graph.add("ReduceSum", scores, np.array([1], np.int64), keepdims=1)
    return graph.add("Div", scores, total, output=output)


def _dense(graph: _Graph, x: str, step: Any) -> str:
    return graph.add("Gemm", x, step.weight, step.bias, transB=1)


def _stretch(graph: _Graph, x: str, step: Any) -> str:
    return graph.add("Add", graph.add("Mul", x, step.factor), step.shift)


def _activation(graph: _Graph, x: str, step: Any) -> str:
    return _FUNCTIONS[step.kind](graph, x, step.slope)


def _gelu(graph: _Graph, x: str, slope: float) -> str:
    """``x/2 * (1 + tanh(√(2/π) x (1 + 0.044715 x²)))``: a single operator exists only from version 20 on."""
    inner = graph.add("Add", graph.add("Mul", graph.add("Mul", x, x), 0.044715), 1)
    tanh = graph.add("Tanh", graph.add("Mul", graph.add("Mul", x, math.sqrt(2 / math.pi)), inner))
    return graph.add("Mul", graph.add("Mul", x, 0.5), graph.add("Add", tanh, 1))


_OPERATORS: dict[type, Callable[[_Graph, str, Any], str]] = {
    Dense: _dense,
    Stretch: _stretch,
    Activation: _activation,
}

_FUNCTIONS: dict[str, Callable[[_Graph, str, float], str]] = {
    "sigmoid": lambda graph, x, _: graph.add("Sigmoid", x),
    "tanh": lambda graph, x, _: graph.add("Tanh", x),
    "relu": lambda graph, x, _: graph.add("Relu", x),
    "leaky-relu": lambda graph, x, slope: graph.add("Max", x, graph.add("Mul", x, slope)),  # LeakyRelu: few dtypes
    "silu": lambda graph, x, _: graph.add("Mul", x, graph.add("Sigmoid", x)),
    "gelu": _gelu,
}
