"""Reading ONNX: the layers of a multi-layer perceptron, whoever wrote the file.

Gemm, MatMul + Add ──► Linear       what lies between two of them is asked with numbers, and named by its answers:
                                    Mul(x, Sigmoid(x)) answers as SiLU does, so it is SiLU, however it is written
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glasswork.errors import FileError, InputError
from glasswork.interop.found import GELU_NOTE, Found
from glasswork.interop.onnx import PREPARED
from glasswork.interop.program import Activation, Dense, Step, Stretch
from glasswork.interop.translation import require
from glasswork.outputs import SOFTWARE

#: Operators that act on each number alone, with constants.
_ELEMENTWISE = frozenset(
    (
        "Abs", "Add", "BatchNormalization", "Clip", "Div", "Elu", "Erf", "Exp", "Gelu", "HardSigmoid", "HardSwish",
        "LeakyRelu", "Max", "Min", "Mish", "Mul", "Neg", "Pow", "Reciprocal", "Relu", "Selu", "Sigmoid", "Softplus",
        "Softsign", "Sqrt", "Sub", "Swish", "Tanh", "ThresholdedRelu",
    )
)  # fmt: skip

#: Operators that do not change the numbers of a batch of rows.
_SAME = frozenset(("Cast", "Dropout", "Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze"))

#: Operators by which glasswork's own files replace missing numbers.
_FILL = frozenset(("IsNaN", "Where"))

#: Operators behind the scores, which labels and probabilities are made of.
_BEHIND = frozenset(
    (
        "ArgMax", "ArrayFeatureExtractor", "Concat", "LogSoftmax", "Normalizer", "ReduceMax", "ReduceSum", "Softmax",
        "TopK", "ZipMap",
    )
)  # fmt: skip

#: Operators on the shape of a batch.
_SHAPES = frozenset(("ConstantOfShape", "Shape", "Size"))

#: Operators that only surround what a network is about: an error names another one, if there is any.
_AROUND = frozenset(
    (
        "Constant", "Equal", "Expand", "Gather", "Gemm", "Greater", "Less", "Log", "MatMul", "Pad", "Scaler", "Slice",
        "Split", "Tile", "Transpose",
    )
)  # fmt: skip

_FORMULAS: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "gelu": lambda x: x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
}

#: Largest difference from a formula: of single precision, and of GELU's two definitions.
_SAME_FORMULA, _SAME_GELU = 1e-5, 6e-4


def read_onnx(path: Path) -> Found:
    """Return what an ONNX file says of a network; an error names an operator that is no layer of glasswork's."""
    onnx = require("onnx", install="'glasswork[interop]'")
    beside: list[str] = []
    try:
        proto = onnx.load(str(path), load_external_data=False)
        places = [place for tensor in proto.graph.initializer for place in tensor.external_data]
        beside = sorted({place.value for place in places if place.key == "location"})
        onnx.load_external_data_for_model(proto, str(path.parent))
        onnx.checker.check_model(proto)
    except Exception as error:  # protobuf and onnx have many errors of their own
        words = " ".join(str(error).split())
        if lost := [name for name in beside if not (path.parent / name).is_file()]:
            raise FileError(
                f"{path}: its weights lie in a second file beside it, {lost[0]}, which is missing"
            ) from None
        if beside:
            raise FileError(
                f"{path}: its weights lie in a second file beside it, {beside[0]}, which is damaged or belongs to "
                f"another network ({words:.200})"
            ) from None
        raise FileError(f"{path}: expected an ONNX file, but it is damaged or something else ({words:.200})") from None
    try:
        return _Reader(onnx, path, proto).read()
    except UnicodeDecodeError as error:  # protobuf decodes a text when it is read
        raise FileError(f"{path}: expected an ONNX file, but a text in it is damaged ({error})") from None


class _Reader:
    """A walk through a graph, from the input to the scores."""

    def __init__(self, onnx: Any, path: Path, proto: Any) -> None:
        self.onnx, self.path, self.proto, self.graph = onnx, path, proto, proto.graph
        self.ours = proto.producer_name == SOFTWARE
        self.constants: dict[str, NDArray[Any]] = {}
        self.found = Found()
        self.width = 0
        self.done = False  # whether the scores are known
        self.alias: dict[str, str] = {}  # for a value: the one that it is equal to
        self.aside: set[str] = set()  # values of shapes and labels
        self.nodes: dict[str, list[Any]] = {}  # for a value: the elementwise operators from the base to it
        self.passed: set[str] = set()  # all values that were followed so far

    def read(self) -> Found:
        for tensor in self.graph.initializer:
            self.constants[tensor.name] = self._array(tensor, tensor.name)
        inputs = [value for value in self.graph.input if value.name not in self.constants]
        if len(inputs) != 1:
            raise InputError(f"{self.path}: expected one input, got {len(inputs)}: {', '.join(v.name for v in inputs)}")
        if inputs[0].type.tensor_type.elem_type != self.onnx.TensorProto.FLOAT:
            kind = self.onnx.TensorProto.DataType.Name(inputs[0].type.tensor_type.elem_type)
            raise InputError(f"{self.path}: expected an input of float32, got {kind.lower()} in {inputs[0].name!r}")
        sizes = [dim.dim_value for dim in inputs[0].type.tensor_type.shape.dim]
        self.found.shape = tuple(sizes[1:])
        self.width = math.prod(sizes[1:]) if len(sizes) > 1 and all(sizes[1:]) else 0
        self.last = inputs[0].name
        self.nodes[self.last] = []
        for node in self.graph.node:
            self.passed.update(self.nodes)
            self._take(node)
        self._flush(self.last)
        if self.ours:
            self.found.take_facts({prop.key: prop.value for prop in self.proto.metadata_props})
        return self.found

    def _take(self, node: Any) -> None:
        """Follow one operator."""
        given = [name for name in node.input if name]
        moving = [name for name in given if name in self.nodes]
        if node.op_type == "Constant" or (given and all(name in self.constants for name in given)):
            self._fold(node)
        elif node.op_type in _BEHIND:
            self._end(node, moving)
        elif moving and (node.op_type in _SAME or (node.op_type in _FILL and self.ours)):
            self._pass(node, moving[0])
        elif node.op_type in ("Gemm", "MatMul") and any(name in self.aside for name in given):
            raise self._refused(node, "stands behind a softmax")
        elif node.op_type in _SHAPES or (any(n in self.aside for n in given) and (self.done or not moving)):
            self.aside.update(node.output)  # shapes, and what is made of answers
        elif not moving:
            other = any(name in self.passed for name in given)
            raise self._refused(node, "begins a second branch" if other else "does not depend on the input")
        elif node.op_type in ("Gemm", "MatMul"):
            self._linear(node, moving)
        elif node.op_type == "Scaler":
            self._scaler(node, moving[0])
        elif node.op_type in _ELEMENTWISE:
            self._elementwise(node, given, moving)
        else:
            raise self._refused(self._telling(node), "is not a layer of a multi-layer perceptron")

    def _telling(self, node: Any) -> Any:
        """Return the operator that says what kind of network this is; ``node`` if none says more than that one."""
        known = _ELEMENTWISE | _SAME | _FILL | _BEHIND | _SHAPES | _AROUND
        return next((other for other in self.graph.node if other.op_type not in known), node)

    def _pass(self, node: Any, value: str) -> None:
        """Follow an operator that changes nothing; leave out what our own files do to raw numbers first."""
        if self.ours and list(node.output) == [PREPARED]:
            self._flush(value)
            self.found.steps.clear()
            self._restart(node)
            return
        for name in node.output:
            self.alias[name] = self.alias.get(value, value)
        self._move(node, self.nodes[value])

    def _fold(self, node: Any) -> None:
        """Compute an operator on constants."""
        self.constants.update(zip(node.output, self._run([node], None, list(node.output)), strict=True))

    def _elementwise(self, node: Any, given: list[str], moving: list[str]) -> None:
        constants = [self.constants[name] for name in given if name in self.constants]
        bias = node.op_type == "Add" and bool(constants) and not self.nodes[moving[0]]
        alone = bias or any(np.ptp(constant) > 0 for constant in constants)  # a layer of its own, neuron by neuron
        if alone:
            self._flush(moving[0])
        if any(name not in self.nodes and name not in self.constants for name in given):
            raise self._refused(node, "joins two branches")
        steps = [step for name in moving for step in self.nodes[name]]
        self._move(node, [*{id(step): step for step in steps}.values(), node])
        if alone:
            self._flush(self.last)

    def _scaler(self, node: Any, value: str) -> None:
        """Follow the scaler of scikit-learn's converter: ``(x - offset) * scale``, column by column."""
        self._flush(value)
        facts = self._facts(node)
        offset, scale = (np.array(facts.get(name, [k]), np.float64) for name, k in (("offset", 0), ("scale", 1)))
        if not {offset.size, scale.size} <= {1, self.width} or not np.isfinite([*offset, *scale]).all():
            raise self._refused(node, f"scales {max(offset.size, scale.size)} columns, but is given {self.width}")
        one = np.ones(self.width)
        self.found.steps.append(Stretch(scale * one, -offset * scale * one))
        self._restart(node)

    def _facts(self, node: Any) -> dict[str, Any]:
        return {a.name: self.onnx.helper.get_attribute_value(a) for a in node.attribute}

    def _linear(self, node: Any, moving: list[str]) -> None:
        facts = self._facts(node)
        left = node.input[0] in self.nodes
        if len(moving) != 1 or facts.get("transA"):
            raise self._refused(node, "multiplies two branches, or a batch turned on its side")
        self._flush(moving[0])
        weight = self.constants.get(node.input[1] if left else node.input[0])
        if weight is None or weight.ndim != 2:
            raise self._refused(node, "has no constant matrix of weights")
        weight = weight.T if (left and not facts.get("transB")) or (not left and facts.get("transB")) else weight
        bias = self.constants.get(node.input[2]) if len(node.input) > 2 and node.input[2] else None
        if bias is not None and bias.size not in (1, len(weight)):
            raise self._refused(node, f"has {bias.size} biases for {len(weight)} neurons")
        full = np.zeros(len(weight)) + (0 if bias is None else facts.get("beta", 1.0) * bias.reshape(-1))
        if self.width not in (0, weight.shape[1]):
            raise self._refused(node, f"takes {weight.shape[1]} numbers, but is given {self.width}")
        self.found.steps.append(Dense(facts.get("alpha", 1.0) * weight.astype(np.float64), full))
        self.width = len(weight)
        self._restart(node)

    def _restart(self, node: Any) -> None:
        self.nodes = {node.output[0]: []}
        self.last = node.output[0]

    def _move(self, node: Any, steps: list[Any]) -> None:
        self.nodes[node.output[0]] = steps
        self.last = self.last if self.done else node.output[0]

    def _end(self, node: Any, moving: list[str]) -> None:
        """Leave out what stands behind the scores; remember what the classes are called."""
        self.aside.update(node.output)
        if node.op_type in ("Softmax", "LogSoftmax") and self._facts(node).get("axis") in (0, -2):
            raise self._refused(node, "is computed over the rows of a batch")
        names = next((self.constants[n] for n in node.input if n in self.constants), None)
        if node.op_type == "ArrayFeatureExtractor" and names is not None:
            self.found.name_classes(names.reshape(-1))
        for attribute in node.attribute:
            if node.op_type == "ZipMap" and attribute.name.startswith("classlabels"):
                self.found.name_classes(self.onnx.helper.get_attribute_value(attribute))
        if node.op_type in ("Softmax", "LogSoftmax") and moving:
            self.found.scores_are = "logits"
        if moving and not self.done:  # of 1 - p and p, the scores are p
            self.last, self.done = moving[-1], True

    def _flush(self, value: str) -> None:
        """Name what the elementwise operators up to a value compute, and make it a layer."""
        steps = self.nodes[value]
        if steps:
            if self.width == 0:
                raise self._refused(steps[0], "stands before a layer whose width is not known")
            self.found.steps.append(self._named(steps, self._run(steps, value, [value])))
        self.nodes, self.last = {value: []}, value

    def _named(self, steps: list[Any], answered: Any) -> Step:
        x, found = self._grid(), answered[0]
        shift = found[0]
        factor = found[1] - found[0]
        affine = x * factor + shift
        if np.abs(found - affine).max() <= _SAME_FORMULA * max(1.0, np.abs(affine).max()):
            return Stretch(factor.astype(np.float64), shift.astype(np.float64))
        for kind, formula in _FORMULAS.items():
            off = np.abs(found - formula(x)).max()
            if off <= _SAME_FORMULA or (kind == "gelu" and off <= _SAME_GELU):
                if off > _SAME_FORMULA:
                    self.found.notes.append(GELU_NOTE)
                return Activation(kind)
        slope = float(-found[2, 0])
        if 0 <= slope < 1 and np.abs(found - np.maximum(x, slope * x)).max() <= _SAME_FORMULA:
            return Activation("leaky-relu", slope)
        raise self._refused(steps[-1], "computes no activation that glasswork has")

    def _grid(self) -> NDArray[np.float64]:
        """Return numbers to ask with: 0, 1, -1, then from -6 to 6."""
        column = np.concatenate([[0, 1, -1], np.linspace(-6, 6, 61)])
        return np.repeat(column[:, np.newaxis], self.width, axis=1)

    def _run(self, nodes: list[Any], value: str | None, outputs: list[str]) -> list[NDArray[Any]]:
        """Compute some operators in ONNX's own reference, from the numbers of the grid or from constants."""
        helper = self.onnx.helper
        outputs = [self.alias.get(name, name) for name in outputs]
        nodes = [self._renamed(node) for node in nodes]
        made = {name for node in nodes for name in node.output}
        wanted = {name for node in nodes for name in node.input if name and name not in made}
        free = [name for name in wanted if name not in self.constants]
        facts = [helper.make_tensor_value_info(name, self.onnx.TensorProto.FLOAT, None) for name in free]
        ends = [helper.make_value_info(name, self.onnx.TypeProto()) for name in outputs]
        exact = {n: self.constants[n] for n in wanted if n in self.constants}
        exact = {n: a.astype(np.float64) if a.dtype.kind == "f" else a for n, a in exact.items()}
        arrays = [self.onnx.numpy_helper.from_array(a, n) for n, a in exact.items()]
        graph = helper.make_graph(nodes, "part", facts, ends, arrays)
        model = helper.make_model(graph, opset_imports=self.proto.opset_import, ir_version=self.proto.ir_version)
        try:
            from onnx.reference import ReferenceEvaluator

            found: Any = ReferenceEvaluator(model).run(None, dict.fromkeys(free, self._grid()))
        except Exception as error:
            raise self._refused(nodes[-1], f"cannot be computed here ({error})") from None
        return list(found)

    def _renamed(self, node: Any) -> Any:
        twin = type(node)()
        twin.CopyFrom(node)
        for k, name in enumerate(node.input):
            twin.input[k] = self.alias.get(name, name)
        return twin

    def _array(self, tensor: Any, name: str) -> NDArray[Any]:
        try:
            array: NDArray[Any] = self.onnx.numpy_helper.to_array(tensor)
        except Exception as error:
            raise FileError(f"{self.path}: the array {name!r} is damaged ({error})") from None
        if array.dtype == np.float64 and array.ndim == 2:
            raise InputError(f"{self.path}: expected weights of float32, got float64 in {name!r}; convert the model")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise InputError(f"{self.path}: {name!r} has numbers that are not finite")
        return array

    def _refused(self, node: Any, why: str) -> InputError:
        name = f" {node.name!r}" if node.name else ""
        return InputError(
            f"{self.path}: the operator {node.op_type}{name} {why}; expected one chain of dense layers and activations"
        )
