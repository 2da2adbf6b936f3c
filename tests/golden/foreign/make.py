"""Write the networks of other libraries that test_import.py reads, with their libraries' own answers.

Run it in an environment of its own:  pip install torch onnxscript skl2onnx scikit-learn keras safetensors skops
"""

import os
from pathlib import Path

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
import onnx
import skops.io
import torch
from safetensors.torch import save_file
from skl2onnx import to_onnx
from sklearn.datasets import load_iris
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

HERE = Path(__file__).parent
X = torch.from_numpy(np.random.default_rng(0).normal(size=(20, 3, 4)).astype(np.float32))
answers = {"x": X.numpy().reshape(20, 12)}


def network(activation, norm):
    torch.manual_seed(len(answers))
    layers = [torch.nn.Flatten(), torch.nn.Linear(12, 9), activation, torch.nn.Dropout(0.3), torch.nn.Linear(9, 4)]
    if norm:
        norm = torch.nn.BatchNorm1d(9)
        for array, low in ((norm.running_mean, -1), (norm.running_var, 0.5), (norm.weight.data, 0.5)):
            array.uniform_(low, 2)
        layers.insert(2, norm)
    return torch.nn.Sequential(*layers).eval()


def of_torch():
    for name, activation, norm in (
        ("relu", torch.nn.ReLU(), True), ("silu", torch.nn.SiLU(), False), ("gelu", torch.nn.GELU(), False),
        ("tanh-gelu", torch.nn.GELU("tanh"), True), ("leaky", torch.nn.LeakyReLU(0.2), False),
        ("sigmoid", torch.nn.Sigmoid(), True),
    ):  # fmt: skip
        model = network(activation, norm)
        with torch.no_grad():
            answers[f"torch-{name}"] = model(X).numpy()
        torch.onnx.export(model, (X,), HERE / f"torch-{name}-new.onnx", dynamo=True, external_data=name == "relu")
        open_norm = {"training": torch.onnx.TrainingMode.PRESERVE, "do_constant_folding": False}
        torch.onnx.export(model, (X,), HERE / f"torch-{name}-old.onnx", dynamo=False, **(open_norm if norm else {}))
    model = network(torch.nn.ReLU(), True)
    with torch.no_grad():
        answers["torch-state"] = model(X).numpy()
    save_file({f"_orig_mod.module.{k}": v for k, v in model.state_dict().items()}, HERE / "torch-state.safetensors")


def of_sklearn():
    x, y = load_iris(return_X_y=True)
    x = x.astype(np.float32)
    answers["iris"] = x
    words = np.array(["setosa", "versicolor", "virginica"])[y]
    for name, labels, activation in (
        ("three", y, "relu"), ("words", words, "tanh"), ("binary", np.where(y == 1, "yes", "no"), "logistic"),
    ):  # fmt: skip
        model = MLPClassifier((8, 5), activation=activation, max_iter=50, random_state=0).fit(x, labels)
        answers[f"sklearn-{name}"] = model.predict_proba(x)
        for zipmap in (True, False):
            content = to_onnx(model, x[:1], options={id(model): {"zipmap": zipmap}}).SerializeToString()
            (HERE / f"sklearn-{name}-{'zipmap' if zipmap else 'plain'}.onnx").write_bytes(content)
    scaled = MLPClassifier((8,), activation="tanh", solver="lbfgs", max_iter=40, random_state=0)
    pipeline = make_pipeline(StandardScaler(), scaled).fit(x, words)
    answers["sklearn-words-pipeline"] = pipeline.predict_proba(x)
    skops.io.dump(pipeline, HERE / "sklearn-words-pipeline.skops", compression=8)
    model = MLPRegressor(hidden_layer_sizes=(8,), max_iter=20, random_state=0).fit(x, y)
    answers["sklearn-regressor"] = model.predict(x).reshape(-1, 1)
    (HERE / "sklearn-regressor-plain.onnx").write_bytes(to_onnx(model, x[:1]).SerializeToString())
    (HERE / "bad-float64.onnx").write_bytes(to_onnx(model, x[:1].astype(np.float64)).SerializeToString())


def of_keras():
    dense, flat = keras.layers.Dense, keras.layers.Flatten()
    for name, layers in (
        ("softmax", [flat, dense(9, "relu"), keras.layers.Dropout(0.2), dense(4, "softmax")]),
        ("norm", [flat, dense(9), keras.layers.BatchNormalization(), keras.layers.Activation("silu"), dense(4)]),
        ("scaled", [flat, keras.layers.Rescaling(1 / 255, offset=-0.5), dense(9, "tanh", use_bias=False), dense(1)]),
    ):
        model = keras.Sequential([keras.Input((3, 4)), *layers])
        for k, weight in enumerate(model.weights):
            weight.assign(np.random.default_rng(k).uniform(0.2, 1, weight.shape))
        answers[f"keras-{name}"] = np.asarray(model.predict(X.numpy(), verbose=0))
        model.save(HERE / f"keras-{name}.keras")


def others():
    """Networks that are no multi-layer perceptrons."""
    convolution = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.Flatten(), torch.nn.Linear(4, 3)).eval()
    torch.onnx.export(convolution, (torch.zeros(2, 1, 3, 4),), HERE / "bad-convolution.onnx", dynamo=False)
    lstm = torch.nn.LSTM(4, 5)
    torch.onnx.export(lstm, (torch.zeros(3, 2, 4),), HERE / "bad-lstm.onnx", dynamo=False)


def without_paths():
    """Remove what PyTorch notes of the program that wrote a file."""
    for path in HERE.glob("torch-*-new.onnx"):
        model = onnx.load(path, load_external_data=False)
        for thing in (model, model.graph, *model.graph.node, *model.graph.value_info, *model.graph.input):
            thing.ClearField("doc_string")
            thing.ClearField("metadata_props")
        onnx.save(model, path)


if __name__ == "__main__":
    of_torch()
    of_sklearn()
    of_keras()
    others()
    without_paths()
    np.savez_compressed(HERE / "answers.npz", **answers)
