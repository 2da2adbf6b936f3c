"""Whose memory is whose: what a user holds never changes behind their back, and what training moves is never lost."""

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest

from glasswork import (
    GELU,
    MLP,
    SGD,
    BatchNorm,
    CrossEntropyLoss,
    Dropout,
    GaussianNoise,
    Identity,
    InputError,
    Layer,
    LeakyReLU,
    Linear,
    MSELoss,
    ReLU,
    Sigmoid,
    SiLU,
    Tanh,
    train,
)
from glasswork.nn import LAYERS, make_layer
from glasswork.nn.scale import Scale

WIDTH = 6
MAKERS = [
    lambda: Linear(WIDTH, WIDTH), lambda: BatchNorm(WIDTH), lambda: Dropout(0.5), lambda: GaussianNoise(0.5),
    Sigmoid, Tanh, ReLU, LeakyReLU, SiLU, GELU, Identity,
]  # fmt: skip


def rng(seed=3):
    return np.random.default_rng(seed)


def rows(count=5, width=WIDTH):
    return rng(count).normal(size=(count, width)).astype(np.float32)


def everything():
    """A network with every kind of layer that there is."""
    model = MLP(
        WIDTH, [7, 8, 9, 10, 11, 12], 3,
        activation=[Tanh, ReLU, LeakyReLU, SiLU, GELU, Sigmoid], output_activation=None,
        batch_norm=True, dropout=0.3, input_dropout=0.2, noise=0.1, input_noise=0.1, rng=rng(),
    )  # fmt: skip
    draw = rng(9)
    for array in model.state().values():
        array[...] += draw.uniform(0, 0.5, array.shape)
    return MLP.from_layers({"scale": Scale(0.25, 1.5), **model.named_layers})


# Arrays that are handed over ----------------------------------------------------------------------


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("make", MAKERS)
def test_a_called_layer_hands_over_an_array_of_the_callers_own(make, training):
    layer = make()
    layer.set_training(training)
    if isinstance(layer, Dropout | GaussianNoise):
        layer.set_position(0)
    x = rows()
    first = layer(x)
    kept = first.copy()
    second = layer(rows() * 2)
    np.testing.assert_array_equal(first, kept)
    for other in (second, x, layer.output):
        assert not np.shares_memory(first, other)


@pytest.mark.parametrize("make", MAKERS)
def test_nothing_that_a_layer_returns_in_evaluation_is_written_again(make):
    layer = make()
    held = []
    for scale in (1, 2, 3):
        x = (rows() * scale).astype(np.float32)
        output = layer.forward(x)
        grad_input = layer.backward(np.full_like(output, scale))
        held += [(output, output.copy()), (grad_input, grad_input.copy())]
    for array, before in held:
        np.testing.assert_array_equal(array, before)


def test_batches_of_any_sizes_in_any_order_share_memory_and_nothing_else():
    """In training, layers write into the memory of the batch before; wide and narrow, larger and smaller."""
    model = everything()
    model.set_training(True)
    for step, count in enumerate((2, 5, 20, 3, 30, 30, 9)):
        fresh = everything()
        fresh.set_training(True)
        results = []
        for network in (model, fresh):
            network.set_position(step)
            scores = network.forward(rows(count))
            network.backward(np.cos(scores))
            results += [scores.copy(), *(gradient.copy() for gradient in network.gradients())]
        half = len(results) // 2
        for one, other in zip(results[:half], results[half:], strict=True):
            np.testing.assert_array_equal(one, other)


def test_what_is_read_after_training_stays():
    """``model.act1.output`` of the last batch is not overwritten by the next epoch."""
    model = MLP(WIDTH, 4, 3, rng=rng())
    optimizer = SGD(model.parameters(), model.gradients())
    train(model, [(rows(), np.eye(3)[[0, 1, 2, 1, 0]])], optimizer, MSELoss())
    output = model.act1.output
    kept = output.copy()
    train(model, [(rows() * 1.5, np.eye(3)[[0, 1, 2, 1, 0]])], optimizer, MSELoss())
    np.testing.assert_array_equal(output, kept)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("ask", ["predict", "scores", "probabilities"])
def test_asking_between_the_loss_and_backward_changes_nothing(ask, training):
    """Nor does it move a mask, a running statistic or a mode."""
    gradients = []
    for asked in (False, True):
        model, loss = everything(), CrossEntropyLoss()
        model.set_position(4)
        with model.mode(training=training):
            loss(model(rows()), np.eye(3)[[0, 1, 2, 1, 0]])
            if asked:
                getattr(model, ask)(rows(40))
            assert all(layer.training is training for layer in model.layers)
            model.backward(loss.backward())
        gradients.append([array.copy() for array in (*model.gradients(), *model.state().values())])
    for a, b in zip(*gradients, strict=True):
        np.testing.assert_array_equal(a, b)


def test_one_network_in_many_threads():
    model = everything()
    images = [rng(i).normal(size=(50 + i, WIDTH)).astype(np.float32) for i in range(8)]
    expected = [(model.predict(x), model.probabilities(x), model(x)) for x in images]
    start = threading.Barrier(8)

    def work(i):
        start.wait()
        bad = 0
        for _ in range(60):
            got = model.predict(images[i]), model.probabilities(images[i]), model(images[i])
            bad += any((a != b).any() for a, b in zip(got, expected[i], strict=True))
        return bad

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(8))) == [0] * 8


def test_threads_may_ask_while_a_thread_is_in_training_mode():
    model = everything()
    x = rows(20)
    expected = model.predict(x)
    with model.mode(training=True), ThreadPoolExecutor(4) as pool:
        for got in pool.map(lambda _: model.predict(x), range(40)):
            np.testing.assert_array_equal(got, expected)


def test_a_constant_is_the_one_that_was_asked_for():
    layer = Sigmoid()
    for training in (False, True):
        layer.set_training(training)
        for value, shape in ((1, (2, 3)), (5, (2, 3)), (1, (4, 3)), (5, (1, 3))):
            np.testing.assert_array_equal(layer._constant(value, *shape), np.full(shape, value))


# Arrays that training moves -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["weight", "bias", "grad_weight", "grad_bias"])
def test_assigning_to_a_layers_array_writes_into_it(name):
    layer = Linear(4, 3)
    array = getattr(layer, name)
    setattr(layer, name, np.full(array.shape, 2.5))
    assert getattr(layer, name) is array
    assert (array == 2.5).all()
    assert array.dtype == np.float32
    array_list = array.tolist()
    setattr(layer, name, array_list)
    assert getattr(layer, name) is array
    with pytest.raises(InputError, match=rf"Linear\(4, 3\): expected {name} of shape .*, got shape \(7,\)"):
        setattr(layer, name, np.zeros(7))


@pytest.mark.parametrize("name", ["gamma", "beta", "grad_gamma", "grad_beta", "running_mean", "running_variance"])
def test_assigning_to_batch_norms_arrays_writes_into_them(name):
    layer = BatchNorm(3)
    array = getattr(layer, name)
    setattr(layer, name, [1, 2, 3])
    assert getattr(layer, name) is array
    assert array.tolist() == [1, 2, 3]
    with pytest.raises(InputError, match="expected"):
        setattr(layer, name, 1.0)


def test_a_weight_that_was_assigned_is_trained():
    model = MLP(WIDTH, 4, 3, rng=rng())
    optimizer = SGD(model.parameters(), model.gradients(), lr=0.5)
    start = np.full((WIDTH, 4), 0.1, np.float32)
    model.linear1.weight = start
    train(model, [(rows(), np.eye(3)[[0, 1, 2, 1, 0]])], optimizer, MSELoss())
    assert (model.linear1.weight != start).all()
    assert (start == np.float32(0.1)).all()
    assert model.linear1.weight is optimizer.params[0]


def test_in_place_arithmetic_on_a_layers_array():
    layer = Linear(2, 2)
    weight, before = layer.weight, layer.weight.copy()
    layer.weight *= 2
    layer.weight -= 1
    assert layer.weight is weight
    np.testing.assert_array_equal(weight, before * 2 - 1)


# Layers of a network ------------------------------------------------------------------------------


def test_a_replaced_layer_is_the_one_that_is_used_and_trained():
    model = MLP(WIDTH, 4, 3, rng=rng())
    new = Linear(WIDTH, 4, rng=rng(99))
    model.linear1 = new
    assert model.linear1 is model.layers[0] is model.named_layers["linear1"] is new
    assert model.parameters()[0] is new.weight
    assert model.state()["linear1.weight"] is new.weight
    before = new.weight.copy()
    expected = model.act2(model.linear2(model.act1(new(rows()))))
    np.testing.assert_array_equal(model(rows()), expected)
    train(model, [(rows(), np.eye(3)[[0, 1, 2, 1, 0]])], SGD(model.parameters(), model.gradients()), MSELoss())
    assert (new.weight != before).any()


def test_a_replaced_activation_changes_what_the_network_says_of_itself():
    model = MLP(WIDTH, 4, 3, rng=rng())
    model.act2 = Identity()
    CrossEntropyLoss().check_model(model)
    assert "Identity()" in model.summary()


@pytest.mark.parametrize(
    ("name", "layer", "message"),
    [
        (
            "linear1",
            lambda: Linear(7, 4),
            r"a layer with the widths of linear1, which is Linear\(6, 4\), got Linear\(7, 4\)",
        ),
        ("linear1", lambda: Linear(6, 5), "a layer with the widths of linear1"),
        ("linear1", lambda: Linear(6, 4, dtype=np.float64), "to work in float"),
        ("act1", lambda: BatchNorm(5), r"act1, BatchNorm\(5\), takes 5"),
        ("act1", lambda: "relu", "expected act1 to be a layer"),
        ("act1", lambda: ReLU, "expected act1 to be a layer"),
        ("act7", ReLU, "no layer called act7 to replace; its layers are linear1, act1, linear2, act2"),
    ],
)
def test_a_layer_that_does_not_fit_is_refused(name, layer, message):
    model = MLP(WIDTH, 4, 3, rng=rng())
    before = dict(model.named_layers)
    with pytest.raises(InputError, match=message):
        setattr(model, name, layer())
    assert model.named_layers == before


def test_a_replaced_layer_has_the_networks_mode():
    model = MLP(WIDTH, 4, 3, rng=rng())
    with model.mode(training=True):
        model.act1 = Tanh()
        assert model.act1.training
    assert not model.act1.training


def test_plain_attributes_and_unknown_ones():
    model = MLP(WIDTH, 4, 3)
    model.nickname = "small"
    assert model.nickname == "small"
    assert {"linear1", "act2", "predict"} <= set(dir(model))
    with pytest.raises(AttributeError, match="no attribute 'linear9'; its layers are linear1, act1, linear2, act2"):
        _ = model.linear9


@pytest.mark.parametrize("make", [ReLU, partial(LeakyReLU, slope=0.2), lambda dtype: GELU(dtype=dtype)])
def test_an_activation_is_whatever_makes_one(make):
    model = MLP(WIDTH, [4, 4], 3, activation=make, dtype=np.float64)
    assert type(model.act1) is type(make(dtype=np.float64))
    assert model.act1 is not model.act2
    assert model.act1.dtype == np.float64
    if isinstance(make, partial):
        assert model.act1.slope == 0.2


@pytest.mark.parametrize("bad", [None, 3, ReLU(), lambda dtype: "relu", [3]])
def test_what_makes_no_activation(bad):
    with pytest.raises(InputError, match=r"MLP: expected .*when called with dtype="):
        MLP(WIDTH, 4, 3, activation=bad)


@pytest.mark.parametrize("hidden", ["50", None, {50}])
def test_hidden_sizes_that_are_none(hidden):
    with pytest.raises(InputError, match="MLP: expected hidden_size to be an integer, or a sequence such as"):
        MLP(WIDTH, hidden, 3)


# Networks of given layers -------------------------------------------------------------------------


def test_a_network_is_made_again_of_words_and_settings():
    """What a model file keeps: kind and settings, JSON words and numbers, and the arrays."""
    model = everything()
    np.random.seed(1)
    state = np.random.get_state()[1].copy()
    described = {name: (layer.kind, layer.settings()) for name, layer in model.named_layers.items()}
    assert {kind for kind, _ in described.values()} == set(LAYERS) - {"identity"}
    twin = MLP.from_layers({n: make_layer(k, s, dtype=np.float32) for n, (k, s) in described.items()})
    np.testing.assert_array_equal(np.random.get_state()[1], state)
    for array, value in zip(twin.state().values(), model.state().values(), strict=True):
        array[...] = value
    np.testing.assert_array_equal(twin.scores(rows()), model.scores(rows()))
    assert twin.summary() == model.summary()
    for network in (model, twin):
        network.set_position(3)
    with model.mode(training=True), twin.mode(training=True):
        np.testing.assert_array_equal(twin(rows()), model(rows()))
    facts = {(n.in_features, n.hidden_size, n.out_features, n.output_activation, repr(n)) for n in (model, twin)}
    assert facts == {(WIDTH, (7, 8, 9, 10, 11, 12), 3, None, "MLP(6-7-8-9-10-11-12-3)")}


def test_layers_of_a_users_own_work_and_have_no_word():
    class Doubling(Layer):
        def forward(self, x):
            self.output = 2 * x
            return self.output

        def backward(self, grad_output):
            return 2 * grad_output

    class Own(Sigmoid):
        pass

    model = MLP.from_layers({"linear1": Linear(WIDTH, 4), "act1": Own(), "double": Doubling(), "linear2": Linear(4, 3)})
    assert model.double.kind is None
    assert model.act1.kind is None
    assert model.linear1.kind == "linear"
    np.testing.assert_array_equal(model(rows()), model.linear2(2 * model.act1(model.linear1(rows()))))
    train(model, [(rows(), np.eye(3)[[0, 1, 2, 1, 0]])], SGD(model.parameters(), model.gradients()), CrossEntropyLoss())


def test_layers_that_would_draw_the_same_numbers_get_indices_of_their_own():
    model = MLP.from_layers(
        {"linear1": Linear(WIDTH, 4), "drop1": Dropout(0.5), "linear2": Linear(4, 4), "drop2": Dropout(0.5)}
    )
    assert (model.drop1.index, model.drop2.index) == (0, 1)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ({}, "at least one layer"),
        ({"linear1": Linear(6, 4), "linear2": Linear(5, 3)}, r"linear1, Linear\(6, 4\), gives 4 features, but linear2"),
        ({"linear1": Linear(6, 4), "act1": Sigmoid(dtype=np.float64)}, "all layers to work in float32, but act1"),
        ({"linear1": Linear(6, 4), "act1": Sigmoid}, "expected act1 to be a layer"),
        ({"linear1": Linear(6, 4), "not a name": ReLU()}, "cannot be called 'not a name'"),
        ({"linear1": Linear(6, 4), "forward": ReLU()}, "cannot be called 'forward'"),
    ],
)
def test_layers_that_make_no_network(layers, message):
    with pytest.raises(InputError, match=message):
        MLP.from_layers(layers)


def test_one_layer_in_two_places_is_refused():
    act = Sigmoid()
    with pytest.raises(InputError, match="the same object twice"):
        MLP.from_layers({"linear1": Linear(6, 4), "act1": act, "linear2": Linear(4, 3), "act2": act})


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [("conv", {}, "expected one of linear, batch-norm"), ("dropout", {"chance": 1}, "expected settings that fit it"),
     ("dropout", {"p": 2}, "expected p to be"), ("linear", {"in_features": 3}, "expected settings that fit it")],
)  # fmt: skip
def test_descriptions_of_no_layer(kind, settings, message):
    with pytest.raises(InputError, match=message):
        make_layer(kind, settings, dtype=np.float32)
