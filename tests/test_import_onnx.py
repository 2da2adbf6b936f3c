"""ONNX files of any origin: what ends a network, what scales its inputs, and what is refused."""

import numpy as np
import onnx
import pytest
from sklearn.datasets import load_wine
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

from glasswork.errors import InputError
from glasswork.interop import load
from glasswork.interop.load import parity, read

RANDOM = np.random.default_rng(0)
ARRAYS = {
    name: RANDOM.normal(size=shape).astype(np.float32)
    for name, shape in {"w": (4, 5), "b": (5,), "v": (5, 5), "c": (5,), "u": (5, 3), "d": (3,)}.items()
}
HIDDEN = [("MatMul", ["x", "w"], ["a"]), ("Add", ["a", "b"], ["h"]), ("Relu", ["h"], ["r"])]
SCORES = [*HIDDEN, ("Gemm", ["r", "u", "d"], ["s"])]


def save(path, nodes, outputs, *, batch="n", arrays=ARRAYS, width=4):
    """Write a graph from x to its outputs; the last of a node may be a dictionary of attributes."""
    helper, kinds = onnx.helper, {"float": onnx.TensorProto.FLOAT, "int": onnx.TensorProto.INT64}
    made = []
    for kind, given, gives, *facts in nodes:
        domain = "ai.onnx.ml" if kind == "Scaler" else None
        made.append(helper.make_node(kind, given, gives, f"the_{kind}", domain=domain, **(facts[0] if facts else {})))
    graph = helper.make_graph(
        made, "g", [helper.make_tensor_value_info("x", kinds["float"], [batch, width])],
        [helper.make_tensor_value_info(name, kinds[kind], [batch, None]) for name, kind in outputs.items()],
        [onnx.numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )  # fmt: skip
    domains = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    onnx.save(helper.make_model(graph, opset_imports=domains, ir_version=8), path)


ENDS = {
    "scores": [],
    "softmax": [("Softmax", ["s"], ["y"])],
    "log-softmax": [("LogSoftmax", ["s"], ["y"], {"axis": 1})],
    "log of softmax": [("Softmax", ["s"], ["p"]), ("Log", ["p"], ["y"])],
}


@pytest.mark.parametrize("batch", ["n", 1, 7, 2000], ids=str)
@pytest.mark.parametrize("end", ENDS)
def test_whatever_a_file_answers_is_compared_and_a_difference_is_told(end, batch, tmp_path):
    """In batches of any size, none of which divides the 1,000 rows."""
    save(tmp_path / "net.onnx", [*SCORES, *ENDS[end]], {"y" if ENDS[end] else "s": "float"}, batch=batch)
    found, who = read(tmp_path / "net.onnx")
    model = found.to_model(who)
    said = parity(model, tmp_path / "net.onnx", found)
    assert said.startswith("On 1,000 random rows its answers differ from onnxruntime's by at most ")
    assert "more than rounding" not in said
    model.linear1.weight[1, 2] += 0.01
    assert "more than rounding explains" in parity(model, tmp_path / "net.onnx", found)


@pytest.mark.parametrize(("batch", "why"), [(10**9, "batches have 1,000,000,000 rows"), ("n", "cannot reshape array")])
def test_a_file_that_cannot_be_asked_is_no_error(batch, why, tmp_path):
    save(tmp_path / "net.onnx", SCORES, {"s": "float"}, batch=batch)
    found, who = read(tmp_path / "net.onnx")
    if batch == "n":
        save(tmp_path / "net.onnx", SCORES, {"s": "float"}, width=9, arrays=ARRAYS | {"w": np.ones((9, 5), np.float32)})
    said = parity(found.to_model(who), tmp_path / "net.onnx", found)
    assert "Its answers were not compared: onnxruntime cannot be asked about this file (" in said
    assert why in said


REFUSED = {
    "a residual connection": (
        [*HIDDEN, ("MatMul", ["r", "v"], ["g"]), ("Add", ["g", "r"], ["s"])],
        "the operator Add 'the_Add' joins two branches",
    ),
    "a gate": (  # r * sigmoid(g) is not SiLU of g
        [*HIDDEN, ("MatMul", ["r", "v"], ["g"]), ("Sigmoid", ["g"], ["t"]), ("Mul", ["r", "t"], ["s"])],
        "the operator Mul 'the_Mul' joins two branches",
    ),
    "two heads": (
        [*SCORES, ("Gemm", ["r", "v", "c"], ["z"])],
        "the operator Gemm 'the_Gemm' begins a second branch",
    ),
    "a softmax in the middle": (
        [*HIDDEN, ("Softmax", ["r"], ["t"]), ("Gemm", ["t", "u", "d"], ["s"])],
        "the operator Gemm 'the_Gemm' stands behind a softmax",
    ),
    "a softmax over the batch": (
        [*SCORES[:-1], ("Gemm", ["r", "u", "d"], ["z"]), ("Softmax", ["z"], ["s"], {"axis": 0})],
        "the operator Softmax 'the_Softmax' is computed over the rows of a batch",
    ),
    "something behind a change of shape": (
        [("Transpose", ["x"], ["t"], {"perm": [1, 0]}), ("CumSum", ["t", "axis"], ["q"]), ("Relu", ["q"], ["s"])],
        "the operator CumSum 'the_CumSum' is not a layer",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_chain_of_layers_is_refused_by_the_operator_that_tells_it(name, tmp_path):
    nodes, message = REFUSED[name]
    save(tmp_path / "net.onnx", nodes, {"s": "float"}, arrays=ARRAYS | {"axis": np.array(0)})
    with pytest.raises(InputError, match=rf"{message}.*; expected one chain of dense layers and activations"):
        load(tmp_path / "net.onnx")


def test_a_table_whose_scaler_is_in_the_file(glasswork, tmp_path):
    """As scikit-learn's converter writes StandardScaler; the run answers as the file does, on raw rows."""
    wine = load_wine()
    scaler = StandardScaler().fit(wine.data)
    network = MLPClassifier((6,), activation="tanh", solver="lbfgs", max_iter=60, random_state=0)
    network.fit(scaler.transform(wine.data), wine.target)
    names = ("w", "b", "u", "d")
    arrays = [network.coefs_[0], network.intercepts_[0], network.coefs_[1], network.intercepts_[1]]
    facts = {"offset": scaler.mean_.tolist(), "scale": (1 / scaler.scale_).tolist()}
    nodes = [("Scaler", ["x"], ["z"], facts), ("MatMul", ["z", "w"], ["a"]), ("Add", ["a", "b"], ["h"])]
    nodes += [("Tanh", ["h"], ["r"]), ("Gemm", ["r", "u", "d"], ["s"]), ("Softmax", ["s"], ["y"])]
    held = {name: array.astype(np.float32) for name, array in zip(names, arrays, strict=True)}
    save(tmp_path / "net.onnx", nodes, {"y": "float"}, arrays=held, width=13)
    expected = network.predict_proba(scaler.transform(wine.data))
    np.testing.assert_allclose(load(tmp_path / "net.onnx").probabilities(wine.data), expected, atol=1e-4)
    table = np.column_stack([wine.data, wine.target])
    header = ",".join([*wine.feature_names, "class"])
    np.savetxt(tmp_path / "wine.csv", table, "%.9g", ",", header=header, comments="")
    said = glasswork("import", "net.onnx", "--data", "wine.csv", "--out", "run", folder=tmp_path)
    assert "Notice: the network begins by scaling its inputs, so it was given the columns as they are" in said
    assert "Test accuracy: 100.00%" in said
    said = glasswork("import", "net.onnx", folder=tmp_path, status=1)
    assert "state the data that it was trained on with --data" in said
    nodes[1] = ("MatMul", ["x", "w"], ["a"])
    save(tmp_path / "bare.onnx", nodes[1:], {"y": "float"}, arrays=held, width=13)
    said = glasswork("import", "bare.onnx", "--data", "wine.csv", "--out", "bare", folder=tmp_path)
    assert "Notice: the file does not say how columns are scaled; they were taken as standardised over the" in said
    assert "Test accuracy: 100.00%" in said
    assert "Notice" not in glasswork("import", "net.onnx", "--data", "wine.csv", "--scaling", "none", folder=tmp_path)
