"""Exported networks answer as the network does: in onnxruntime, in ONNX's reference, in C and in NumPy alone."""

import json
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnx.reference
import onnxruntime
import pytest
from safetensors.numpy import load_file

from glasswork import MLP, load_model
from glasswork.errors import InputError
from glasswork.features import Features
from glasswork.inputs import Inputs
from glasswork.interop import export
from networks import network

STRICT = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-fsanitize=undefined,address", "-O1"]


def of_bytes():
    """Every layer there is, on pixels from 0 to 255."""
    model = network()
    model.inputs = Inputs.of_bytes(shape=(3, 4), classes=['"Ä"', "*/", "??/", "\\n"])
    return model, np.random.default_rng(1).integers(0, 256, (30, 12))


def of_features():
    """A table with missing numbers; probabilities that do not sum to 1."""
    rows = np.random.default_rng(2).normal([5, -1e3, 0.01], [1, 300, 0.002], (40, 3))
    model = MLP(3, 7, 3, seed=4)
    model.inputs = Inputs.of_features(
        Features.fit(rows, missing="median"), columns=["a", "b", "c"], classes=["x", "y", "z"]
    )
    rows[::4, 1] = np.nan
    return model, rows


def single(output_activation):
    def make():
        model = MLP(3, [5, 4], 1, output_activation=output_activation, activation=["silu", "tanh"], seed=2)
        return model, np.random.default_rng(3).normal(size=(30, 3))

    return make


CASES = {"bytes": of_bytes, "features": of_features, "sigmoid": single("sigmoid"), "logit": single(None)}


@pytest.fixture(params=CASES)
def case(request):
    model, rows = CASES[request.param]()
    return model, rows, model.probabilities(rows)


def in_c(folder, header, model, rows, options=STRICT):
    """What a program answers that includes a header, compiled with all warnings as errors and under two sanitizers."""
    (folder / "main.c").write_text(f"""
#include <stdio.h>
#include "{header}"
int main(void) {{
    float x[NET_INPUTS], p[NET_CLASSES], scratch[NET_SCRATCH];
    while (fread(x, sizeof x, 1, stdin) == 1) {{
        int label = net_predict(x, p, scratch);
        printf("%d", label);
        for (int k = 0; k < NET_CLASSES; k++) printf(" %.9g", p[k]);
        printf("\\n%s\\n", net_classes[label]);
    }}
    return 0;
}}""")
    subprocess.run([shutil.which("cc"), *options, "main.c", "-o", "main", "-lm"], cwd=folder, check=True)
    done = subprocess.run([folder / "main"], input=rows.astype("<f4").tobytes(), capture_output=True, check=True)
    lines = done.stdout.decode().splitlines()
    numbers = np.array([line.split() for line in lines[::2]], float)
    assert lines[1::2] == [model.classes[int(k)] for k in numbers[:, 0]]
    return numbers[:, 0], numbers[:, 1:]


def test_onnx_takes_raw_numbers_and_gives_label_and_probabilities(case, tmp_path):
    model, rows, expected = case
    done = export(model, tmp_path / "net.onnx", rows=rows)
    x = {"images": rows.astype(np.float32)}
    session = onnxruntime.InferenceSession(str(tmp_path / "net.onnx"), providers=["CPUExecutionProvider"])
    for labels, found in (
        session.run(["label", "probabilities"], x),
        onnx.reference.ReferenceEvaluator(str(tmp_path / "net.onnx")).run(None, x),
    ):
        assert (labels == model.predict(rows)).all()
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, atol=1e-5)
    assert done.same_labels == len(done.labels) == len(rows)
    assert done.difference < 1e-5
    proto = onnx.load(tmp_path / "net.onnx")
    assert proto.ir_version == 8
    assert [opset.version for opset in proto.opset_import] == [17]
    assert all(node.attribute[0].name == "transB" for node in proto.graph.node if node.op_type == "Gemm")
    said = {prop.key: prop.value for prop in proto.metadata_props}
    assert tuple(json.loads(said["classes"])) == model.classes


def test_c_compiles_without_a_warning_and_answers_the_same(case, tmp_path):
    model, rows, expected = case
    export(model, tmp_path / "net.h", rows=rows)
    labels, found = in_c(tmp_path, "net.h", model, rows)
    assert (labels == model.predict(rows)).all()
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_python_needs_numpy_only(case, tmp_path):
    model, rows, expected = case
    export(model, tmp_path / "net.py", rows=rows)
    np.save(tmp_path / "rows.npy", rows)
    code = (
        "import sys, numpy as np, net; p, q = net.predict(np.load('rows.npy')); np.savez('out', p=p, q=q);"
        "assert 'glasswork' not in sys.modules and 'scipy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=tmp_path, check=True)
    with np.load(tmp_path / "out.npz") as out:
        assert (out["p"] == model.predict(rows)).all()
        np.testing.assert_allclose(out["q"], expected, atol=1e-5)
    assert runpy.run_path(str(tmp_path / "net.py"))["CLASSES"] == model.classes


def test_eight_bits_are_whole_numbers_and_a_quarter_of_the_size(default_run, parts, tmp_path):
    model, rows, truth = load_model(default_run), parts.test.images[:500], parts.test.labels[:500]
    whole = export(model, tmp_path / "net.h", rows=rows)
    (tmp_path / "small").mkdir()
    small = export(model, tmp_path / "small" / "net.h", rows=rows, int8=True)
    text = (tmp_path / "small" / "net.h").read_text()
    assert "static const signed char net_weight1[39200]" in text
    assert "float net_weight" not in text
    ram, tables = (int(n.replace(",", "")) for n in small.notes[0].split() if n[0].isdigit())
    assert tables == 39_200 + 500 + 4 * (60 + 60)  # weights, then scales and biases as floats
    assert ram == 4 * (784 + 50 + 196)
    labels, _ = in_c(tmp_path / "small", "net.h", model, rows)
    assert (labels == small.labels).all()
    assert abs((labels == truth).mean() - (whole.labels == truth).mean()) < 0.01


def test_arrays_alone(tmp_path):
    model, _ = of_bytes()
    export(model, tmp_path / "net.npz")
    export(model, tmp_path / "net.safetensors")
    with np.load(tmp_path / "net.npz", allow_pickle=False) as arrays:
        assert set(model.state()) | {"classes", "takes", "software"} <= set(arrays)
        assert all((arrays[name] == array).all() for name, array in model.state().items())
        assert arrays["classes"].tolist() == list(model.classes)
    arrays = load_file(tmp_path / "net.safetensors")
    assert arrays["1.weight"].shape == (9, 12)  # 0 is the Scale
    assert (arrays["1.weight"] == model.linear1.weight.T).all()
    assert (arrays["2.running_var"] == model.norm1.running_variance).all()


def test_an_export_is_replaced_and_nothing_else(tmp_path):
    model, _ = of_bytes()
    for suffix in ("onnx", "h", "py", "npz", "safetensors"):
        path = tmp_path / f"net.{suffix}"
        export(model, path)
        export(model, path)
        path.write_bytes(b"mine")
        with pytest.raises(InputError, match=r"exists, and glasswork did not write it"):
            export(model, path)
        assert path.read_bytes() == b"mine"
    model.save(tmp_path / "model.safetensors")
    with pytest.raises(InputError, match=r"exists, and glasswork did not write it"):
        export(model, tmp_path / "model.safetensors")


def test_wrong_words_are_named(tmp_path):
    model, _ = of_bytes()
    with pytest.raises(InputError, match=r"net\.txt: expected a suffix that tells the format.*onnx \(\.onnx\), c"):
        export(model, tmp_path / "net.txt")
    with pytest.raises(InputError, match="expected format to be one of onnx"):
        export(model, tmp_path / "net.onnx", format="tflite")
    with pytest.raises(InputError, match="int8 is for the format c, got onnx"):
        export(model, tmp_path / "net.onnx", int8=True)
    assert list(tmp_path.iterdir()) == []


def test_the_command_says_how_equal_the_file_is(installed, default_run, tmp_path):
    said = installed("export", default_run, "net.h", folder=tmp_path)
    assert "Of 1,000 test images it gives 1,000 the network's label" in said
    assert "3,336 bytes of RAM" in said
    said = installed("export", default_run, default_run / "model.safetensors", folder=tmp_path, status=1)
    assert "is not replaced" in said or "did not write it" in said
    said = installed("export", default_run / "model.safetensors", "alone.h", folder=tmp_path)
    assert "compared on random numbers, not on test data: it is a model file" in said


def test_the_examples_of_the_docs_run(default_run, tmp_path):
    """But for those that need another library, which make interop runs."""
    text = (Path(__file__).parents[1] / "docs" / "lookup" / "export.md").read_text(encoding="utf-8")
    blocks = [block for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "torch" not in block]
    assert len(blocks) == 2
    for name in ("digits.onnx", "net.h", "net.py"):
        export(load_model(default_run), tmp_path / name, rows=np.zeros((1, 784)))
    for code in blocks:
        done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True, text=True)
        assert re.match(r"\[?'?\d", done.stdout)
    (code,) = re.findall(r"```c\n(.*?)```", text, re.DOTALL)
    (tmp_path / "main.c").write_text(code)
    (line,) = re.findall(r"^\$ (cc .*)$", text, re.MULTILINE)
    subprocess.run(line.split(), cwd=tmp_path, check=True)
    done = subprocess.run([tmp_path / "main"], check=True, capture_output=True, text=True)
    assert re.fullmatch(r"\d, \d+%\n", done.stdout)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (np.zeros((5, 3)), "expected images of shape .*12.*, got shape .5, 3."),
        (np.zeros((0, 12)), "expected at least one row to compare the answers on, got none"),
        (np.full((1, 12), np.nan), "expected finite pixels"),
        (np.full((1, 12), 300), "was trained on pixels from 0 to 255"),
        ([["a"] * 12], "expected images as bytes or floats, got <U1"),
    ],
)
@pytest.mark.parametrize("name", ["net.onnx", "net.py", "net.npz"])
def test_rows_that_cannot_be_compared_are_refused_before_a_file_is_written(rows, words, name, tmp_path):
    with pytest.raises(InputError, match=f"export: {words}"):
        export(of_bytes()[0], tmp_path / name, rows=rows)
    assert list(tmp_path.iterdir()) == []


def test_rows_may_be_one_image_images_or_a_data_frame(tmp_path):
    import pandas as pd

    model, rows = of_bytes()
    for given in (rows[0], rows.reshape(-1, 3, 4), rows.tolist()):
        assert export(model, tmp_path / "net.onnx", rows=given).difference < 1e-5
    model, rows = of_features()
    frame = pd.DataFrame(rows, columns=["a", "b", "c"])[["c", "a", "b"]]
    assert list(export(model, tmp_path / "net.py", rows=frame).labels) == list(model.predict(rows))
