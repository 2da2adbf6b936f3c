"""Networks in other libraries' words compute what they compute here."""

import sys
from functools import partial

import numpy as np
import onnx
import onnx.reference
import onnxruntime
import pytest

from glasswork import MLP, LeakyReLU, Sigmoid, Tanh
from glasswork.errors import FileError, InputError, MissingLibraryError
from glasswork.inputs import Inputs
from glasswork.interop import to_onnx, to_torch
from glasswork.nn.layers import LAYERS
from networks import ACTIVATIONS, TOLERANCE, images, network


def run_onnxruntime(path, x):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"images": x})
    return found


def run_reference(path, x):
    (found,) = onnx.reference.ReferenceEvaluator(str(path)).run(None, {"images": x})
    return found


def test_the_network_of_these_tests_has_every_layer_there_is():
    assert {type(layer) for layer in network().layers} == set(LAYERS.values())


@pytest.mark.parametrize("run", [run_onnxruntime, run_reference])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_onnx_computes_the_same_scores(tmp_path, run, dtype):
    model, x = network(dtype), images(dtype)
    to_onnx(model, tmp_path / "model.onnx")
    found = run(tmp_path / "model.onnx", x)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, model.scores(x), rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


@pytest.mark.parametrize("output", [*ACTIVATIONS, partial(LeakyReLU, slope=0.3)])
def test_onnx_with_each_activation_behind_the_output(tmp_path, output):
    """Alone, where no later layer can hide a mistake."""
    model, x = network("float64", activation=[Tanh], output_activation=output), images("float64")
    to_onnx(model, tmp_path / "model.onnx")
    np.testing.assert_allclose(run_onnxruntime(tmp_path / "model.onnx", x), model.scores(x), rtol=1e-12, atol=1e-12)


def test_onnx_reads_any_number_of_images_and_says_how_to_prepare_them(tmp_path):
    model = network()
    model.inputs = Inputs.of_bytes(shape=(3, 4))
    to_onnx(model, tmp_path / "model.onnx")
    for count in (0, 1, 3):
        assert run_onnxruntime(tmp_path / "model.onnx", images("float32")[:count]).shape == (count, 4)
    proto = onnx.load(tmp_path / "model.onnx")
    said = {prop.key: prop.value for prop in proto.metadata_props}
    assert said["preprocessing"].startswith("((x / 255) - 0.5) * 2; trained on pixels from 0 to 255, scaled to -1 to 1")
    assert said["scores"] == model.scores_are
    assert said["gives"] == "logits: scores before softmax"
    model.inputs = Inputs.as_given(0, 7, kind="features")
    to_onnx(model, tmp_path / "model.onnx")
    values = [prop.value for prop in onnx.load(tmp_path / "model.onnx").metadata_props]
    assert "x; trained on features from 0 to 7, taken as they are" in values
    assert proto.producer_name == "glasswork"


def test_onnx_takes_raw_images_where_it_prepares_them(tmp_path):
    model, raw = network(), np.random.default_rng(1).integers(0, 256, (5, 12)).astype("float32")
    model.inputs = Inputs.of_bytes(shape=(3, 4))
    to_onnx(model, tmp_path / "model.onnx", preprocessing=True)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    label, probabilities = session.run(None, {session.get_inputs()[0].name: raw})
    np.testing.assert_allclose(probabilities, model.probabilities(raw.astype("uint8")), rtol=1e-5, atol=1e-6)
    assert np.array_equal(label, model.predict(raw.astype("uint8")))


def test_the_network_stays_as_it_is(tmp_path):
    model = network()
    before = {name: array.tobytes() for name, array in model.state().items()}
    to_onnx(model, tmp_path / "model.onnx")
    assert {name: array.tobytes() for name, array in model.state().items()} == before


class Homemade(Sigmoid):
    """A layer that no other library knows."""


@pytest.mark.parametrize("translate", [lambda model, _: to_torch(model), to_onnx], ids=["torch", "onnx"])
def test_a_layer_of_the_users_own_is_refused(tmp_path, translate):
    with pytest.raises(InputError, match=r"act1 is Homemade\(\), a layer of your own"):
        translate(MLP(12, 5, 4, activation=Homemade), tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


class Residual(MLP):
    """A network whose forward is not that of its layers in a row."""

    def forward(self, x):
        return super().forward(x) + 1


@pytest.mark.parametrize("translate", [lambda model, _: to_torch(model), to_onnx], ids=["torch", "onnx"])
def test_a_forward_of_the_users_own_is_refused(tmp_path, translate):
    with pytest.raises(InputError, match=r"MLP\(12-5-4\): has its own forward, which to_.* cannot translate"):
        translate(Residual(12, 5, 4), tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("library", "translate"), [("torch", lambda model, _: to_torch(model)), ("onnx", to_onnx)], ids=["torch", "onnx"]
)
def test_a_missing_library_is_named(tmp_path, monkeypatch, library, translate):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingLibraryError, match=rf"{library} is needed here but is not installed.*pip install"):
        translate(network(), tmp_path / "model.onnx")


def test_a_file_that_cannot_be_written(tmp_path):
    with pytest.raises(FileError, match="cannot be written"):
        to_onnx(network(), tmp_path / "nowhere" / "model.onnx")
