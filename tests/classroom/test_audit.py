"""The audit: the ratios that the handout's code must have by arithmetic, and what mending changes."""

import re

import numpy as np
import pytest

from glasswork.classroom.audit.measure import AMBIGUOUS, BIAS, DEPARTURES, GLOBAL, handout_code, measure, trainings


@pytest.fixture(scope="module")
def ratios():
    """The measured ratios, by code and quantity."""
    return {(ratio.code, ratio.quantity): ratio for ratio in measure()}


def test_the_readings(ratios):
    readings = {key: ratio.reading for key, ratio in ratios.items()}
    assert readings["as given", "linear1.weight"] == "right"
    assert readings["as given", "linear1.bias"] == "1/batch: averaged twice"
    assert readings["as given", "linear2.bias"] == "1/batch: averaged twice"
    assert readings["given, loss by np.mean", "loss"] == "10: the number of classes"
    assert readings["given, loss by np.mean", "linear2.weight"] == "right"
    assert readings["as given", "printed MSE"] == "1/batch: averaged twice"
    assert all(r.is_right for (code, _), r in ratios.items() if "mended" in code)
    assert "?" not in readings.values()


def test_the_bias_gradient_by_hand():
    """One neuron, two images: the loss's gradient is [[1], [3]], so the bias's is 1 + 3."""
    for code, expected in ((handout_code(), 2.0), (handout_code(BIAS), 4.0)):
        layer = code["Linear"](1, 1)
        layer.forward(np.zeros((2, 1)))
        layer.backward(np.array([[1.0], [3.0]]))
        assert layer.grad_bias.tolist() == [expected]


@pytest.mark.parametrize("departure", DEPARTURES)
def test_each_place_is_in_the_given_code(departure):
    assert handout_code().keys() == handout_code(departure).keys()


def test_the_ambiguous_formula_by_hand():
    pred, target = np.array([[0.5, 0.0]]), np.array([[1.0, 1.0]])
    assert handout_code()["MSELoss"]()(pred, target) == 1.25
    assert handout_code(AMBIGUOUS, reverse=True)["MSELoss"]()(pred, target) == 0.625


def test_effects_on_training():
    result = {training.code: training for training in trainings(1)}
    given = result["as given"]
    assert given.accuracies[0] > 70
    assert result["printed loss mended"].accuracies == given.accuracies
    assert result["printed loss mended"].losses[0] == pytest.approx(100 * given.losses[0])
    assert result["bias gradient mended"].losses[0] < given.losses[0]
    assert result["given, with a second loss object"].accuracies[0] < 20
    assert result["the same, gradient line mended"].accuracies == given.accuracies


def test_without_the_global_variable_the_given_train_stops():
    for code, works in ((handout_code(), False), (handout_code(GLOBAL), True)):
        model = code["MLP"](4, 3, 10)
        arguments = (model, [(np.ones((2, 4)), np.array([1, 2]))], code["SGD"](model.parameters(), model.gradients()))
        if works:
            assert code["train"](*arguments, code["MSELoss"]()) > 0
        else:
            with pytest.raises(NameError, match="loss_fn"):
                code["train"](*arguments, code["MSELoss"]())


def test_the_command(glasswork, tmp_path):
    said = glasswork("classwork", "audit", "--epochs", "1", folder=tmp_path)
    assert "1/batch: averaged twice" in said
    assert "10: the number of classes" in said
    assert re.search(r"as given +0\.0078 +75\.10%", said)
