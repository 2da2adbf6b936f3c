"""Do other programs take what we write? OpenVINO, JavaScript, PyTorch, TensorBoard, MLflow: ``make interop``.

A program of its own, as these libraries are too large to be installed for every ``make test``.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import mlflow
import numpy as np
import openvino
import torch
from safetensors.torch import load_file
from tensorboardX.proto import event_pb2

from glasswork import MLP, load_mnist, load_model
from glasswork.inputs import Inputs
from glasswork.interop import export, load, to_torch
from networks import images, network

DOCS = (Path(__file__).parents[1] / "docs" / "lookup" / "export.md").read_text(encoding="utf-8")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        model = MLP(784, 50, 10, seed=1)
        model.inputs = Inputs.of_bytes(shape=(28, 28))
        rows = load_mnist()[0][:1000]
        openvino_answers(model, rows, place)
        javascript_answers(model, rows, place)
        state_dicts(place)
        logs(place)


def openvino_answers(model, rows, place):
    export(model, place / "digits.onnx", rows=rows)
    compiled = openvino.Core().compile_model(str(place / "digits.onnx"), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    found = compiled(rows.astype(np.float32))
    off = np.abs(found["probabilities"] - model.probabilities(rows)).max()
    assert off < 1e-5, off
    assert (found["label"] == model.predict(rows)).all()
    print(f"OpenVINO {openvino.__version__.split('-')[0]}: probabilities differ by at most {off:.1e}")


def javascript_answers(model, rows, place):
    """The example of docs/lookup/export.md, in node."""
    (code,) = re.findall(r"```js\n(.*?)```", DOCS, re.DOTALL)
    (place / "ask.js").write_text(code)
    install = ["npm", "install", "--silent", "--no-fund", "--no-audit", "--ignore-scripts", "onnxruntime-node"]
    subprocess.run(install, cwd=place, check=True)
    done = subprocess.run(["node", "ask.js"], cwd=place, check=True, capture_output=True, text=True)
    found = [float(word) for word in re.findall(r"\d+\.?[\de.-]*", done.stdout.partition("[")[2])]
    expected = model.probabilities(np.zeros((1, 784)))[0]
    off = np.abs(np.array(found) - expected).max()
    assert off < 1e-5, (found, expected)
    print(f"onnxruntime-node: probabilities differ by at most {off:.1e}")


def state_dicts(place):
    model, x = network(), images("float32")
    export(model, place / "net.safetensors")
    twin = torch.nn.Sequential(*to_torch(model))
    twin.load_state_dict(load_file(place / "net.safetensors"))
    with torch.no_grad():
        off = np.abs(twin.eval()(torch.from_numpy(x)).numpy() - model.scores(x)).max()
    assert off < 1e-4, off
    further, code = (
        block.replace("net.safetensors", str(place / "h.safetensors")).replace(
            "runs/mine", str(place / "m.safetensors")
        )
        for block in re.findall(r"```python\n(.*?)```", DOCS, re.DOTALL)[-2:]
    )
    model = MLP(784, 50, 10, seed=1)
    model.inputs = Inputs.of_bytes(shape=(28, 28))
    model.save(place / "m.safetensors")
    names: dict = {}
    exec(further.replace("further.safetensors", str(place / "further.safetensors")), names)
    rows = load_mnist()[0][:9]
    with torch.no_grad():
        found = names["network"](torch.from_numpy(model.prepared(rows))).numpy()
    np.testing.assert_allclose(load_model(place / "further.safetensors").scores(rows), found, atol=1e-5)
    export(MLP(784, 50, 10, seed=1), place / "h.safetensors")
    exec(code, {})
    back = load(place / "h.safetensors", activation="sigmoid", output_activation="sigmoid")
    assert (back.linear1.weight == MLP(784, 50, 10, seed=1).linear1.weight).all()
    print(f"PyTorch {torch.__version__}: scores differ by at most {off:.1e}")


def logs(place):
    """Two epochs, then a third one: one run of MLflow, and every epoch in TensorBoard's files."""
    command = [sys.executable, "-m", "glasswork"]
    words = ["--log", "mlflow", "--log", "tensorboard", "-q", "--no-figures", "--no-report"]
    subprocess.run([*command, "train", "--epochs", "2", "--out", "runs/a", *words], cwd=place, check=True)
    subprocess.run([*command, "resume", "runs/a", "--epochs", "3", *words], cwd=place, check=True)
    client = mlflow.MlflowClient(f"sqlite:///{place}/runs/mlflow.db")
    (run,) = client.search_runs([client.get_experiment_by_name("glasswork").experiment_id])
    history = [(m.step, m.value) for m in client.get_metric_history(run.info.run_id, "valid_accuracy")]
    assert [step for step, _ in history] == [1, 2, 3], history
    tested = client.get_metric_history(run.info.run_id, "test_accuracy")
    assert [m.step for m in tested] == [2, 3], tested
    assert run.info.status == "FINISHED"
    assert run.data.params["optimizer.learning_rate"] == "0.1"
    points = {}
    for file in (place / "runs" / "a" / "tensorboard").iterdir():
        content, at = file.read_bytes(), 0
        while at < len(content):
            size = int.from_bytes(content[at : at + 8], "little")
            event = event_pb2.Event.FromString(content[at + 12 : at + 12 + size])
            points |= {(value.tag, event.step): value.simple_value for value in event.summary.value}
            at += 16 + size
    for step, value in history:
        np.testing.assert_allclose(points["accuracy/valid", step], value, rtol=1e-6)
    shutil.rmtree(place / "runs" / "a")  # another run of the same name is another run of MLflow, too
    subprocess.run([*command, "train", "--epochs", "1", "--out", "runs/a", *words], cwd=place, check=True)
    subprocess.run([*command, "resume", "runs/a", "--epochs", "2", *words], cwd=place, check=True)
    known = client.search_runs([client.get_experiment_by_name("glasswork").experiment_id])
    steps = [[m.step for m in client.get_metric_history(each.info.run_id, "valid_accuracy")] for each in known]
    assert sorted(steps) == [[1, 2], [1, 2, 3]], steps
    print("MLflow and TensorBoard have every epoch")


if __name__ == "__main__":
    main()
