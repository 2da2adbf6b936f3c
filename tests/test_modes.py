"""Layers that train otherwise than they evaluate, initial weights, early stopping and averages."""

import itertools

import numpy as np
import pytest
from hypothesis import given, strategies as st

from glasswork import (
    MLP,
    SGD,
    Batches,
    BatchNorm,
    CrossEntropyLoss,
    Dropout,
    GaussianNoise,
    InputError,
    ReLU,
    StateError,
    fit,
    test as accuracy,
    train,
    valid,
)
from glasswork.nn import RandomLayer
from glasswork.nn.initializers import INITIALIZERS
from glasswork.nn.noise import standard_normal

DRAWING = [lambda **k: Dropout(0.25, **k), lambda **k: GaussianNoise(0.5, **k)]


def training(layer, step=0, row=0):
    layer.set_training(True)
    if isinstance(layer, RandomLayer):
        layer.set_position(step, row)
    return layer


# Dropout and noise --------------------------------------------------------------------------------


def test_dropout_leaves_out_its_share_and_scales_the_rest():
    x = np.random.default_rng(0).uniform(1, 2, (500, 400)).astype(np.float32)
    y = training(Dropout(0.25))(x)
    kept = y != 0
    assert kept.mean() == pytest.approx(0.75, abs=5 * (0.25 * 0.75 / x.size) ** 0.5)  # five standard errors
    np.testing.assert_allclose(y[kept], x[kept] * 4 / 3, rtol=1e-6)
    assert y.mean() == pytest.approx(x.mean(), rel=0.01)


def test_noise_is_normal_and_of_its_size():
    y = training(GaussianNoise(0.5))(np.full((500, 400), 3, np.float32))
    assert y.mean() == pytest.approx(3, abs=5 * 0.5 / y.size**0.5)
    assert y.std() == pytest.approx(0.5, rel=0.01)
    assert (np.abs(y - 3) < 0.5).mean() == pytest.approx(0.6827, abs=0.005)  # within one standard deviation
    assert (np.abs(y - 3) < 1.0).mean() == pytest.approx(0.9545, abs=0.003)


def test_normal_numbers_follow_the_normal_distribution():
    """Two million of them: the quantiles, also far out, and no correlation between the two of a pair."""
    words = np.random.default_rng(3).integers(1 << 64, size=(1000, 1000), dtype=np.uint64)
    numbers = standard_normal(words)
    assert numbers.dtype == np.float32
    assert numbers.shape == (1000, 2000)
    assert np.isfinite(numbers).all()
    for z, share in ((-3, 0.0013499), (-1, 0.1586553), (0, 0.5), (0.5, 0.6914625), (2, 0.9772499), (4, 0.99996833)):
        assert (numbers < z).mean() == pytest.approx(share, abs=5 * (share * (1 - share) / numbers.size) ** 0.5)
    first, second = numbers[:, :1000].ravel(), numbers[:, 1000:].ravel()
    for power in (1, 2):
        assert abs(np.corrcoef(first**power, second**power)[0, 1]) < 5 / 1000


def test_the_extremes_of_the_random_words_are_finite():
    words = np.array([[0, 2**64 - 1, 2**32 - 1, 2**64 - 2**32]], np.uint64)
    numbers = standard_normal(words)
    assert np.isfinite(numbers).all()
    assert np.abs(numbers).max() < 6.8


@pytest.mark.parametrize("make", DRAWING)
def test_what_is_drawn_is_a_function_of_seed_layer_step_and_row(make):
    x = np.ones((20, 30), np.float32)
    layer = training(make(seed=5, index=1))
    steps = []
    for step in range(3):
        layer.set_position(step)
        steps.append(layer(x))
        np.testing.assert_array_equal(layer(x), steps[-1])  # nothing is counted
    np.testing.assert_array_equal(training(make(seed=5, index=1), step=2)(x), steps[2])
    others = [training(make(seed=6, index=1))(x), training(make(seed=5, index=2))(x), steps[1]]
    others.append(training(make(seed=5, index=1), row=1)(x))
    for other in others:
        assert (other != steps[0]).any()


@given(
    make=st.sampled_from(DRAWING), batch=st.integers(2, 40), features=st.integers(1, 70), step=st.integers(0, 2**40),
    data=st.data(),
)  # fmt: skip
def test_part_of_a_batch_draws_its_part_bit_for_bit(make, batch, features, step, data):
    cut = data.draw(st.integers(1, batch - 1))
    x = np.random.default_rng(1).normal(size=(batch, features)).astype(np.float32)
    whole = training(make(seed=9), step)(x)
    parts = [training(make(seed=9), step)(x[:cut]), training(make(seed=9), step, row=cut)(x[cut:])]
    assert np.concatenate(parts).tobytes() == whole.tobytes()


@pytest.mark.parametrize("make", DRAWING)
def test_no_row_is_drawn_twice_in_a_step(make):
    y = training(make(), step=4)(np.ones((200, 33), np.float32))
    assert len(np.unique(y, axis=0)) == len(y)


@pytest.mark.parametrize("make", DRAWING)
def test_training_without_a_position_says_what_to_do(make):
    layer = make()
    layer.training = True
    with pytest.raises(StateError, match=r"was not told the step.*model\.set_position\(step\)"):
        layer(np.ones((2, 3), np.float32))


@pytest.mark.parametrize("make", DRAWING)
def test_without_settings_the_first_layer_of_seed_0_is_drawn(make):
    x = np.ones((20, 30), np.float32)
    assert training(make())(x).tobytes() == training(make(seed=0, index=0, dtype="float32"))(x).tobytes()


@pytest.mark.parametrize("make", DRAWING)
def test_the_last_position_and_the_last_index(make):
    layer = training(make(index=2**63 - 1), step=2**48 - 1, row=2**48 - 1)
    assert np.isfinite(layer(np.ones((1, 3), np.float32))).all()
    with pytest.raises(InputError, match="expected index to be an integer of at least 0"):
        make(index=2**63)


@pytest.mark.parametrize("make", DRAWING)
@pytest.mark.parametrize(
    "position", [(-1, 0), (0, -1), (1.5, 0), ("1", 0), (True, 0), (2**63, 0), (2**48, 0), (0, 2**48)]
)
def test_bad_position(make, position):
    with pytest.raises(InputError, match="to be an integer of at least 0"):
        make().set_position(*position)


def test_a_network_tells_its_layers_the_position():
    model = network()
    model.set_position(7, row=3)
    assert {layer.position for layer in model.layers if isinstance(layer, RandomLayer)} == {(7, 3)}
    assert model.drop0.position == (7, 3)


@pytest.mark.parametrize("make", DRAWING)
def test_nothing_is_drawn_when_evaluating(make):
    layer = make()
    x = np.random.default_rng(0).normal(size=(5, 6)).astype(np.float32)
    np.testing.assert_array_equal(layer(x), x)
    np.testing.assert_array_equal(layer.backward(x), x)
    assert not np.shares_memory(layer(x), x)


@pytest.mark.parametrize("p", [-0.1, 0.999, 1.0, 2.0, float("nan"), "0.5"])
def test_bad_dropout(p):
    with pytest.raises(InputError, match=r"Dropout\(.*\): expected p to be .*, at least 0 and at most 0.99"):
        Dropout(p)


@pytest.mark.parametrize("std", [-0.1, float("inf"), float("nan"), None])
def test_bad_noise(std):
    with pytest.raises(InputError, match=r"GaussianNoise\(.*\): expected std to be a finite number, at least 0, got"):
        GaussianNoise(std)


# Batch normalisation ------------------------------------------------------------------------------


def test_batch_norm_by_hand():
    """1, 2, 3, 6: mean 3, variance 14/4 = 3.5, unbiased 14/3; running averages take a tenth of them."""
    layer = training(BatchNorm(1, dtype=np.float64))
    layer.gamma[...], layer.beta[...] = 2, 10
    y = layer(np.array([[1.0], [2.0], [3.0], [6.0]]))
    expected = 10 + 2 * np.array([-2, -1, 0, 3]) / np.sqrt(3.5 + 1e-5)
    np.testing.assert_allclose(y[:, 0], expected, rtol=1e-13)
    assert layer.running_mean[0] == pytest.approx(0.1 * 3)
    assert layer.running_variance[0] == pytest.approx(0.9 + 0.1 * 14 / 3)
    layer.training = False
    assert layer(np.array([[0.3]]))[0, 0] == pytest.approx(10)  # at the running mean, whatever the batch
    assert layer.running_mean[0] == pytest.approx(0.1 * 3)


def test_batch_norm_refuses_a_batch_of_one():
    with pytest.raises(InputError, match=r"BatchNorm\(3\): expected a batch of at least 2 images to train on, got 1"):
        training(BatchNorm(3))(np.zeros((1, 3), np.float32))


# The mode cannot be forgotten ---------------------------------------------------------------------


@pytest.fixture
def data():
    """Three classes, each bright in a third of nine pixels; 60 images, a few of them mislabelled."""
    draw = np.random.default_rng(3)
    labels = np.arange(60) % 3
    images = draw.normal(0, 0.6, (60, 9)) + np.repeat(np.eye(3), 3, axis=1)[labels]
    return images.astype(np.float32), labels


def network(**options):
    settings = {"batch_norm": True, "dropout": 0.4, "input_dropout": 0.2, "noise": 0.3, "input_noise": 0.3}
    return MLP(
        9, [8, 8], 3, activation=ReLU, output_activation=None, rng=np.random.default_rng(1), **{**settings, **options}
    )


def test_train_trains_and_everything_else_evaluates(data):
    images, labels = data
    model, loss = network(), CrossEntropyLoss()
    loader = Batches(images, labels, 20, seed=1, classes=3)
    optimizer = SGD(model.parameters(), model.gradients())
    before = model.norm1.running_mean.copy()
    train(model, loader, optimizer, loss)
    assert (model.norm1.running_mean != before).any()
    assert model.drop1.position == model.noise1.position == model.drop0.position == (2, 0)  # the third step
    statistics = model.norm1.running_mean.copy()
    with model.mode(training=True):  # even if somebody says otherwise around it
        results = [
            (valid(model, loader, loss), accuracy(model, loader), model.predict(images).tolist()) for _ in range(2)
        ]
        assert model.drop1.training
    assert results[0][1:] == results[1][1:]
    assert results[0][0] == pytest.approx(results[1][0])  # the order of batches is another
    assert model.drop1.position == (2, 0)
    np.testing.assert_array_equal(model.norm1.running_mean, statistics)
    assert not any(layer.training for layer in model.layers)


def test_the_batch_does_not_matter_when_evaluating(data):
    model = network()
    train(model, Batches(*data, 20, seed=1, classes=3), SGD(model.parameters(), model.gradients()), CrossEntropyLoss())
    one_by_one = np.concatenate([model.scores(image[np.newaxis]) for image in data[0]])
    np.testing.assert_allclose(model.scores(data[0]), one_by_one, rtol=1e-5, atol=1e-6)


def test_the_mode_is_left_as_it_was_even_by_an_error(data):
    model = network()
    with pytest.raises(RuntimeError, match="boom"), model.mode(training=True):
        raise RuntimeError("boom")
    assert not any(layer.training for layer in model.layers)


# Early stopping and averages ----------------------------------------------------------------------


def test_early_stopping_keeps_the_best_weights(data):
    """A learning rate that is too large for a while: the accuracy goes up and down."""
    images, labels = data
    model, loss = network(noise=0.5), CrossEntropyLoss()
    loader, valid_loader = (Batches(images[i], labels[i], 10, seed=1, classes=3) for i in (slice(30), slice(30, 60)))
    optimizer = SGD(model.parameters(), model.gradients(), lr=0.5)
    states, accuracies = [], []
    for result in fit(model, loader, valid_loader, optimizer, loss, epochs=200, patience=4):
        states.append({name: array.copy() for name, array in model.state().items()})
        accuracies.append(result.valid_accuracy)
    best = int(np.argmax(accuracies))  # the first of the best
    assert len(accuracies) == best + 1 + 4
    assert len(accuracies) < 200
    for name, array in model.state().items():
        np.testing.assert_array_equal(array, states[best][name], err_msg=name)


def test_without_patience_the_last_weights_are_kept(data):
    images, labels = data
    model, loss = network(noise=0.5), CrossEntropyLoss()
    loader, valid_loader = (Batches(images[i], labels[i], 10, seed=1, classes=3) for i in (slice(30), slice(30, 60)))
    accuracies = []
    for result in fit(model, loader, valid_loader, SGD(model.parameters(), model.gradients(), lr=0.5), loss, epochs=5):
        last = {name: array.copy() for name, array in model.state().items()}
        accuracies.append(result.valid_accuracy)
    assert accuracies[-1] < max(accuracies)  # they are not the best, which patience would keep
    for name, array in model.state().items():
        np.testing.assert_array_equal(array, last[name], err_msg=name)


# Initial weights ----------------------------------------------------------------------------------

FAN_IN, FAN_OUT = 300, 500
VARIANCES = {"handout": 0.01, "xavier": 2 / (FAN_IN + FAN_OUT), "he": 2 / FAN_IN, "lecun": 1 / FAN_IN}


@pytest.mark.parametrize("name", INITIALIZERS)
def test_initial_weights_have_mean_0_and_their_variance(name):
    weight = INITIALIZERS[name](FAN_IN, FAN_OUT, np.random.default_rng(0))
    variance = VARIANCES[name.removesuffix("-uniform")]
    assert weight.shape == (FAN_IN, FAN_OUT)
    assert weight.mean() == pytest.approx(0, abs=5 * (variance / weight.size) ** 0.5)
    assert weight.var() == pytest.approx(variance, rel=0.02)
    largest = np.abs(weight).max() / variance**0.5
    assert (largest <= 3**0.5) if name.endswith("-uniform") else (largest > 3.5)


@pytest.mark.parametrize(
    ("activation", "name"), [("Sigmoid", "handout"), ("Tanh", "xavier"), ("ReLU", "he"), ("GELU", "he"), ("SiLU", "he")]
)
def test_by_default_they_suit_the_activation(activation, name):
    from glasswork import nn

    model = MLP(FAN_IN, FAN_OUT, 3, activation=getattr(nn, activation), rng=np.random.default_rng(4))
    expected = INITIALIZERS[name](FAN_IN, FAN_OUT, np.random.default_rng(4))
    np.testing.assert_array_equal(model.linear1.weight, expected.astype(np.float32))


def test_the_initializer_can_be_chosen():
    model = MLP(FAN_IN, FAN_OUT, 3, initializer="lecun-uniform", rng=np.random.default_rng(4))
    expected = INITIALIZERS["lecun-uniform"](FAN_IN, FAN_OUT, np.random.default_rng(4))
    np.testing.assert_array_equal(model.linear1.weight, expected.astype(np.float32))
    with pytest.raises(InputError, match="initializer: expected one of handout, xavier"):
        MLP(FAN_IN, FAN_OUT, 3, initializer="best")


@given(st.lists(st.integers(1, 12), min_size=1, max_size=6))
def test_summary_names_every_layer_and_counts_every_parameter(hidden):
    model = MLP(9, hidden, 3, batch_norm=True, dropout=0.2)
    widths = [9, *hidden, 3]
    expected = sum(a * b + b for a, b in itertools.pairwise(widths)) + 2 * sum(hidden)
    lines = model.summary().splitlines()
    assert len(lines) == 2 + len(model.layers)
    assert [line.split()[0] for line in lines[1:-1]] == list(model.named_layers)
    assert int(lines[-1].split()[-1].replace(",", "")) == expected
