"""Prediction by the compiled forward: the scores that NumPy computes."""

import copy
import pickle
from types import MethodType

import numpy as np
import pytest

from glasswork import MLP, InputError, LeakyReLU, StateError, compiled
from glasswork.engine.compiled.forward import compiled_forward
from glasswork.pixels import normalize
from networks import TOLERANCE, images, network

pytestmark = pytest.mark.usefixtures("kernels")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_scores_are_numpys_for_every_layer_and_any_number_of_images(dtype):
    model = network(dtype)
    for count in (0, 1, 2, 3, 20):
        x = images(dtype)[:count]
        assert np.allclose(compiled_forward(model, x), model.forward(x), rtol=0, atol=TOLERANCE[dtype])


def test_many_images_are_shared_among_threads():
    draw = np.random.default_rng(0)
    model = MLP(784, [60], 10, rng=draw)
    pixels = draw.integers(0, 256, (3001, 784), dtype=np.uint8)
    scores = compiled_forward(model, pixels)
    assert np.allclose(scores, model.forward(normalize(pixels)), rtol=0, atol=1e-5)
    assert np.allclose(compiled_forward(model, pixels[::2]), scores[::2], rtol=0, atol=1e-6)  # not contiguous


def test_it_follows_weights_statistics_and_layers_that_change():
    model, x = network("float64"), images("float64")
    compiled_forward(model, x)
    for array in model.state().values():
        np.multiply(array, 1.1, out=array)
    assert np.allclose(compiled_forward(model, x), model.forward(x), rtol=0, atol=1e-12)
    model.act1 = type(model.act2)(dtype="float64")
    assert np.allclose(compiled_forward(model, x), model.forward(x), rtol=0, atol=1e-12)


def test_a_network_predicts_by_it_when_told_to():
    model, x = network("float32"), images("float32")
    expected = model.scores(x)
    assert compiled(model) is model
    assert np.allclose(model.scores(x), expected, rtol=0, atol=TOLERANCE["float32"])
    assert np.array_equal(model.scores(x), compiled_forward(model, x))
    assert np.allclose(model.scores(x.astype("float64")), expected, rtol=0, atol=TOLERANCE["float32"])
    with pytest.raises(InputError, match="expected finite"):
        model.scores(np.full_like(x, np.nan))
    for again in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert np.array_equal(again.scores(x), model.scores(x))
    model.evaluator = None
    assert np.array_equal(model.scores(x), expected)


def test_settings_that_change_are_followed():
    model, x = MLP(4, 6, 3, activation=LeakyReLU, dtype="float64"), np.linspace(-1, 1, 8).reshape(2, 4)
    compiled(model).predict(x)
    model.act1.slope = 0.7
    assert np.allclose(model.scores(x), model.forward(x), rtol=0, atol=1e-12)


@pytest.mark.parametrize("place", ["network", "layer"])
def test_a_forward_that_is_replaced_afterwards_is_not_bypassed(place):
    model, x = network("float64"), images("float64")
    compiled(model).predict(x)
    replaced = model if place == "network" else model.layers[0]
    replaced.forward = MethodType(lambda self, x: -type(self).forward(self, x), replaced)
    with pytest.raises(InputError, match=r"own.*set model\.evaluator to None"):
        model.scores(x)
    model.evaluator = None
    assert np.allclose(model.scores(x), model(x), rtol=0, atol=1e-12)


@pytest.mark.parametrize("pixels", [None, True, False])
def test_bytes_are_scaled_only_where_the_network_takes_bytes(pixels):
    model = MLP(12, 6, 3, rng=np.random.default_rng(0), dtype="float64")
    model.pixels = pixels
    x = np.random.default_rng(1).integers(0, 3, (5, 12))
    expected = model.scores(x)
    compiled(model)
    for dtype in (np.uint8, np.int64, np.float32, np.float64):
        assert np.allclose(model.scores(x.astype(dtype)), expected, rtol=0, atol=1e-6)


def test_a_network_of_ones_own_has_none():
    class Mine(MLP):
        pass

    class Square(type(MLP(4, 3, 2).act1)):
        pass

    with pytest.raises(InputError, match="use NumPy"):
        compiled(Mine(4, 3, 2))
    with pytest.raises(InputError, match="expected an MLP, got 3"):
        compiled(3)
    model = compiled(MLP(4, 3, 2))
    model.act1 = Square()
    with pytest.raises(InputError, match=r"set model\.evaluator to None"):
        model.predict(np.zeros((1, 4)))
    model.evaluator = None
    assert model.predict(np.zeros((1, 4))).shape == (1,)


def test_without_numba_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr("glasswork.engine.installed.find_spec", lambda name: None)
    with pytest.raises(StateError, match="glasswork\\[fast\\]"):
        compiled(MLP(4, 3, 2))
