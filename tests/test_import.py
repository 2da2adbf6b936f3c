"""Networks that other libraries wrote compute here what they computed there; see golden/foreign/make.py."""

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings, strategies as st
from sklearn.neural_network import MLPClassifier

from glasswork import MLP, GlassworkError, load_model
from glasswork.errors import FileError, InputError
from glasswork.inputs import Inputs
from glasswork.interop import export, load, to_onnx
from networks import network

FOREIGN = Path(__file__).parent / "golden" / "foreign"
ANSWERS = dict(np.load(FOREIGN / "answers.npz"))
GOOD = sorted(
    p for p in FOREIGN.iterdir() if p.suffix in {".onnx", ".safetensors", ".keras", ".skops"} and "bad-" not in p.name
)
TOLD = {".safetensors": {"activation": "relu"}}
CLASSES = {"words": ("setosa", "versicolor", "virginica"), "binary": ("no", "yes"), "three": ("0", "1", "2")}


def answer_of(path):
    """The library's own answer, and what the network is asked."""
    name = path.stem.removesuffix("-new").removesuffix("-old").removesuffix("-plain").removesuffix("-zipmap")
    return ANSWERS[name], ANSWERS["iris" if name.startswith("sklearn") else "x"]


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.name)
def test_it_computes_what_the_library_computed(path):
    model = load(path, **TOLD.get(path.suffix, {}))
    expected, x = answer_of(path)
    of_classes = path.name.startswith("sklearn") or path.name == "keras-softmax.keras"
    found = model.probabilities(x) if of_classes and "regressor" not in path.name else model.scores(x)
    tolerance = 5e-4 if "torch-gelu" in path.name else 1e-5  # GELU's tanh formula
    np.testing.assert_allclose(found, expected, atol=tolerance, rtol=1e-5)
    if "regressor" not in path.name and path.name.startswith("sklearn"):
        assert model.classes == CLASSES[path.stem.split("-")[1]]


def test_all_kinds_of_activation_were_recognised():
    kinds = {layer.kind for path in GOOD for layer in load(path, **TOLD.get(path.suffix, {})).layers}
    assert kinds == {"linear", "batch-norm", "sigmoid", "tanh", "relu", "leaky-relu", "silu", "gelu"}


def test_words_for_activations_that_a_source_states_are_refused(tmp_path):
    for name in ("net.onnx", "net.npz", "net.safetensors"):
        export(network(), tmp_path / name)
    network().save(tmp_path / "model.safetensors")
    sources = [path for path in GOOD if path.suffix not in TOLD] + sorted(tmp_path.iterdir())
    for source in [*sources, MLPClassifier((3,), solver="lbfgs", random_state=0).fit(np.eye(4), [0, 1, 0, 1])]:
        with pytest.raises(InputError, match="states its activations itself; leave out output_activation='softmax'"):
            load(source, output_activation="softmax")
        with pytest.raises(InputError, match="states its activations itself; leave out activation='relu'"):
            load(source, activation="relu")


def test_a_fitted_estimator():
    x = ANSWERS["iris"]
    estimator = MLPClassifier((6,), activation="tanh", solver="lbfgs", max_iter=5000, random_state=0).fit(
        x, np.arange(150) // 50
    )
    np.testing.assert_allclose(load(estimator).probabilities(x), estimator.predict_proba(x), atol=1e-5)


@pytest.mark.parametrize("whole", [True, False])
def test_our_own_files_come_back_with_their_contract(tmp_path, whole):
    model, rows = network(), np.random.default_rng(1).integers(0, 256, (30, 12))
    model.inputs = Inputs.of_bytes(shape=(3, 4), classes=["a", "b", "c", "d"])
    export(model, tmp_path / "net.onnx", bare=not whole)
    again = load(tmp_path / "net.onnx")
    assert again.inputs == model.inputs
    np.testing.assert_allclose(again.probabilities(rows), model.probabilities(rows), atol=1e-5)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("bad-convolution.onnx", r"the operator Conv '/0/Conv' is not a layer of a multi-layer perceptron"),
        ("bad-lstm.onnx", r"the operator LSTM '/LSTM' is not a layer of a multi-layer perceptron"),
        ("bad-float64.onnx", r"expected (an input|weights) of float32, got .*float64|double"),
    ],
)
def test_what_is_no_perceptron_is_refused_by_the_name_of_its_node(name, message):
    with pytest.raises(InputError, match=message):
        load(FOREIGN / name)


@pytest.mark.parametrize("bias", [0.0, 0.7, np.linspace(-1, 1, 5)], ids=["zero", "equal", "different"])
def test_a_bias_in_front_of_an_activation_that_is_written_out(bias, tmp_path):
    random, helper = np.random.default_rng(0), onnx.helper
    arrays = {"w": random.normal(size=(4, 5)), "b": np.zeros(5) + bias, "v": random.normal(size=(5, 2))}
    nodes = [
        helper.make_node(*each)
        for each in (
            ("MatMul", ["x", "w"], ["a"]), ("Add", ["b", "a"], ["c"]), ("Sigmoid", ["c"], ["s"]),
            ("Mul", ["c", "s"], ["d"]), ("MatMul", ["d", "v"], ["y"]),
        )
    ]  # fmt: skip
    ends = [helper.make_tensor_value_info(*each) for each in (("x", 1, ["n", 4]), ("y", 1, ["n", 2]))]
    held = [onnx.numpy_helper.from_array(array.astype(np.float32), name) for name, array in arrays.items()]
    onnx.save(helper.make_model(helper.make_graph(nodes, "g", ends[:1], ends[1:], held)), tmp_path / "net.onnx")
    model, x = load(tmp_path / "net.onnx"), random.normal(size=(9, 4))
    assert [layer.kind for layer in model.layers] == ["linear", "silu", "linear"]
    c = x @ arrays["w"] + arrays["b"]
    np.testing.assert_allclose(model.scores(x), c / (1 + np.exp(-c)) @ arrays["v"], atol=1e-5)


def test_a_quantised_model_is_refused(tmp_path):
    helper = onnx.helper
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s"], ["q"], name="quantise"),
        helper.make_node("DequantizeLinear", ["q", "s"], ["y"]),
    ]
    ends = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["batch", 3]) for name in "xy"]
    scale = onnx.numpy_helper.from_array(np.float32(0.1), "s")
    onnx.save(helper.make_model(helper.make_graph(nodes, "g", ends[:1], ends[1:], [scale])), tmp_path / "q.onnx")
    with pytest.raises(InputError, match=r"QuantizeLinear 'quantise' is not a layer"):
        load(tmp_path / "q.onnx")


def test_weights_in_a_side_file_that_is_missing(tmp_path):
    shutil.copy(FOREIGN / "torch-relu-new.onnx", tmp_path / "net.onnx")
    assert (FOREIGN / "torch-relu-new.onnx.data").exists()
    with pytest.raises(
        FileError, match=r"its weights lie in a second file .*torch-relu-new\.onnx\.data, which is missing"
    ):
        load(tmp_path / "net.onnx")
    beside = FOREIGN / "torch-relu-new.onnx.data"
    for content in (beside.read_bytes()[:100], b""):
        (tmp_path / beside.name).write_bytes(content)
        with pytest.raises(FileError, match=r"torch-relu-new\.onnx\.data, which is damaged or belongs to another net"):
            load(tmp_path / "net.onnx")


def test_a_state_dict_says_neither_activation_nor_missing_layers(tmp_path):
    from safetensors.numpy import load_file, save_file

    path = FOREIGN / "torch-state.safetensors"
    with pytest.raises(InputError, match="does not say which activation"):
        load(path)
    with pytest.raises(InputError, match="expected 1 activations, one for each hidden layer, got 2"):
        load(path, activation=["relu", "tanh"])
    with pytest.raises(InputError, match="expected an activation out of"):
        load(path, activation="softsign")
    middle = {
        f"{k}.{w}": np.ones(s, np.float32)
        for k, n, m in ((0, 12, 12), (2, 12, 12), (4, 12, 12), (6, 12, 9), (10, 8, 4), (8, 9, 8))
        for w, s in (("weight", (m, n)), ("bias", m))
    }
    save_file(middle, tmp_path / "net.safetensors")
    assert load(tmp_path / "net.safetensors", activation="relu").hidden_size[-2:] == (9, 8)  # 8 before 10
    del middle["8.weight"], middle["8.bias"]
    save_file(middle, tmp_path / "net.safetensors")
    with pytest.raises(InputError, match=r"10 takes 8 numbers, but the layer before it gives 9; is a layer missing\?"):
        load(tmp_path / "net.safetensors", activation="relu")
    arrays = load_file(path)
    arrays["_orig_mod.module.0.weight"] = np.ones((3, 1, 2, 2), np.float32)
    save_file(arrays, tmp_path / "net.safetensors")
    with pytest.raises(InputError, match=r"0: expected the weights of a Linear or BatchNorm1d"):
        load(tmp_path / "net.safetensors", activation="relu")


NAMES = ("torch-relu-old.onnx", "torch-state.safetensors", "keras-norm.keras", "sklearn-words-zipmap.onnx")
DAMAGED = [path for path in GOOD if path.name in NAMES or path.suffix == ".skops"]


@pytest.mark.parametrize("path", DAMAGED, ids=lambda path: path.name)
@settings(max_examples=40)
@given(data=st.data())
def test_damaged_files_are_refused_or_read(path, tmp_path_factory, data):
    content = bytearray(path.read_bytes())
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    else:
        for _ in range(data.draw(st.integers(1, 3))):
            content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    damaged = tmp_path_factory.getbasetemp() / f"damaged{path.suffix}"
    damaged.write_bytes(content)
    try:
        model = load(damaged, **TOLD.get(path.suffix, {}))
    except GlassworkError as error:
        said = str(error)
    else:
        said = f"{damaged}: {model}"
    assert said.startswith(str(damaged))


def test_names_that_do_not_tell_the_order_are_refused(tmp_path):
    """And the numbers tell whether a BatchNorm1d stands before the activation or behind it."""
    from safetensors.numpy import load_file, save_file

    arrays = load_file(FOREIGN / "torch-state.safetensors")
    norm = {name.rpartition(".")[2]: array for name, array in arrays.items() if ".2." in name}
    layers = {k: {w: arrays[f"_orig_mod.module.{k}.{w}"] for w in ("weight", "bias")} for k in (1, 5)}
    for names in ("linear1 norm1 linear2", "stem middle head", "fc1 bn out"):
        first, middle, last = names.split()
        parts = {first: layers[1], middle: norm, last: layers[5]}
        save_file({f"{n}.{w}": a for n, held in parts.items() for w, a in held.items()}, tmp_path / "net.safetensors")
        with pytest.raises(InputError, match="do not say in which order the layers stand; number all of them"):
            load(tmp_path / "net.safetensors", activation="relu")
    kinds = {}
    for k in (1, 2):
        parts = {0: layers[1], k: norm, 3: layers[5]}
        save_file({f"{n}.{w}": a for n, held in parts.items() for w, a in held.items()}, tmp_path / "net.safetensors")
        kinds[k] = [layer.kind for layer in load(tmp_path / "net.safetensors", activation="relu").layers]
    assert kinds == {1: ["linear", "batch-norm", "relu", "linear"], 2: ["linear", "relu", "batch-norm", "linear"]}


def test_hostile_sizes_ask_for_no_memory(tmp_path):
    header = json.dumps({"0.weight": {"dtype": "F32", "shape": [10**9, 10**9], "data_offsets": [0, 4]}}).encode()
    (tmp_path / "net.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    with pytest.raises(FileError, match="expected a safetensors file"):
        load(tmp_path / "net.safetensors", activation="relu")
    model = MLP(3, 2, 2, seed=0)
    to_onnx(model, tmp_path / "net.onnx")
    proto = onnx.load(tmp_path / "net.onnx")
    proto.graph.initializer[0].dims[:] = [10**9, 10**9]
    onnx.save(proto, tmp_path / "net.onnx")
    with pytest.raises(FileError, match=r"damaged"):
        load(tmp_path / "net.onnx")


def test_the_command_makes_a_run_that_is_tested_explained_and_trained_on(glasswork, few_file, default_run, tmp_path):
    model = load_model(default_run)
    export(model, tmp_path / "net.onnx", bare=True)
    said = glasswork("import", "net.onnx", "--data", few_file, "--out", "run", folder=tmp_path)
    assert "differ from onnxruntime's by at most" in said
    (accuracy,) = (line for line in said.splitlines() if line.startswith("Test accuracy"))
    assert accuracy in glasswork("evaluate", "run", folder=tmp_path)
    assert (load_model(tmp_path / "run").linear1.weight == model.linear1.weight).all()
    assert "MB" in glasswork("report", "run", folder=tmp_path)
    assert "Epoch: 1/1" in glasswork("resume", "run", "--epochs", 1, "--no-figures", folder=tmp_path).replace("01", "1")
    model.inputs = None
    export(model, tmp_path / "net.safetensors")
    words = ("net.safetensors", "--data", few_file)
    said = glasswork("import", *words, folder=tmp_path, status=1)
    assert "state the scaling of the pixels with --scaling (or --mean and --std). Accuracy on" in said
    assert "with each: handout 9" in said
    said = glasswork("import", *words, "--scaling", "handout", "--out", "again", folder=tmp_path)
    assert accuracy in said
