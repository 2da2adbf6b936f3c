"""The contract of layers and networks: what they take, keep, hand over and refuse."""

import copy
import decimal
import itertools
import pickle
import re

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.special import expit

from glasswork import (
    MLP,
    SGD,
    Dropout,
    GaussianNoise,
    InputError,
    Inputs,
    Linear,
    MSELoss,
    Scale,
    Sigmoid,
    StateError,
    train,
)
from glasswork.nn import GELU, SiLU
from glasswork.nn.initializers import INITIALIZERS

F64 = np.float64


def rng(seed=8):
    return np.random.default_rng(seed)


@pytest.fixture
def model():
    return MLP(6, 4, 3, rng=rng())


@pytest.fixture
def images():
    return rng().integers(0, 256, (9, 6), dtype=np.uint8)


def batches(count, size=5, dtype=np.float32):
    draw = rng()
    return [(draw.normal(size=(size, 6)).astype(dtype), np.eye(3, dtype=dtype)[[0, 1, 2, 1, 0]]) for _ in range(count)]


# What is computed --------------------------------------------------------------------------------


@given(
    widths=st.lists(st.integers(1, 12), min_size=2, max_size=5),
    batch=st.integers(1, 20),
    seed=st.integers(0, 2**32 - 1),
    linear_output=st.booleans(),
)
def test_forward_is_the_formula(widths, batch, seed, linear_output):
    model = MLP(
        widths[0],
        widths[1:-1],
        widths[-1],
        output_activation=None if linear_output else Sigmoid,
        dtype=F64,
        rng=rng(seed),
    )
    draw = rng(seed)
    weights = [draw.normal(0, 1, shape) for shape in itertools.pairwise(widths)]
    biases = [draw.normal(0, 1, width) for width in widths[1:]]
    for parameter, value in zip(
        model.parameters(), [a for pair in zip(weights, biases, strict=True) for a in pair], strict=True
    ):
        parameter[...] = value
    x = draw.normal(size=(batch, widths[0]))

    expected = x
    for i, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        expected = np.einsum("ni,io->no", expected, weight) + bias
        if not (linear_output and i == len(weights) - 1):
            expected = expit(expected)
    np.testing.assert_allclose(model(x), expected, rtol=1e-12, atol=1e-12)


def ulps(got, expected):
    """How many steps of their own precision lie between two arrays."""
    return (np.abs(got.astype(np.longdouble) - expected) / np.spacing(np.abs(expected))).max()


class TestSigmoid:
    """Against SciPy's and against 50 decimal places."""

    EXTREMES = (
        0.0,
        -0.0,
        1e-300,
        -5e-324,
        1e-45,
        1e-8,
        17,
        -17,
        40,
        -40,
        80,
        -80,
        -87,
        -100,
        -103,
        -700,
        -709,
        700,
        1e4,
    )

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_ordinary_numbers(self, dtype):
        x = np.concatenate([np.linspace(-80, 80, 100_001), rng().normal(size=10_000)]).astype(dtype).reshape(1, -1)
        expected = expit(x.astype(np.float64)).astype(dtype)
        assert ulps(Sigmoid(dtype=dtype)(x), expected) <= 4

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_extremes(self, dtype):
        x = np.array([self.EXTREMES], dtype)
        with decimal.localcontext(prec=50):
            exact = [1 / (1 + (-decimal.Decimal(float(z))).exp()) for z in x[0]]
        expected = np.array([[float(value) for value in exact]]).astype(dtype)
        got = Sigmoid(dtype=dtype)(x)
        assert got.dtype == dtype
        assert ulps(got, expected) <= 4

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_ends_of_the_line(self, dtype):
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            got = Sigmoid(dtype=dtype)(np.array([[-np.inf, -1e4, 1e4, np.inf]], dtype))
        assert got.tolist() == [[0, 0, 1, 1]]

    def test_nan_stays_nan(self):
        assert np.isnan(Sigmoid(dtype=F64)(np.array([[np.nan]]))).all()

    def test_saturated_neuron_has_no_gradient(self):
        layer = Sigmoid(dtype=F64)
        layer(np.array([[-1e4, 1e4]]))
        assert layer.backward(np.ones((1, 2))).tolist() == [[0, 0]]


# Initial weights ---------------------------------------------------------------------------------


def test_initial_weights_are_normal():
    """N(0, 0.1), by the mean, the spread and the quartiles of 40,000 draws; biases are zero."""
    layer = Linear(400, 100, rng=rng())
    w = layer.weight.astype(F64).ravel()
    standard_error = 0.1 / np.sqrt(w.size)
    assert abs(w.mean()) < 4 * standard_error
    assert abs(w.std() - 0.1) < 4 * standard_error / np.sqrt(2)
    np.testing.assert_allclose(np.quantile(w, [0.25, 0.75]), [-0.067449, 0.067449], atol=0.003)
    assert not layer.bias.any()
    assert layer.bias.shape == (100,)
    assert not layer.grad_weight.any()
    assert not layer.grad_bias.any()


def test_global_seed_governs_weights():
    """As the handout says: and they are the numbers that np.random.normal gives."""
    np.random.seed(123)
    model = MLP(6, 4, 3, dtype=F64)
    np.random.seed(123)
    np.testing.assert_array_equal(model.linear1.weight, np.random.normal(0, 0.1, (6, 4)))
    np.testing.assert_array_equal(model.linear2.weight, np.random.normal(0, 0.1, (4, 3)))


def test_own_generator_governs_weights():
    np.random.seed(1)
    state = np.random.get_state()[1].copy()
    a, b, c = (MLP(6, 4, 3, rng=rng(seed)) for seed in (5, 5, 6))
    np.testing.assert_array_equal(a.linear1.weight, b.linear1.weight)
    np.testing.assert_array_equal(a.linear2.weight, b.linear2.weight)
    assert not np.array_equal(a.linear1.weight, c.linear1.weight)
    np.testing.assert_array_equal(np.random.get_state()[1], state)


def test_both_precisions_start_from_the_same_draw():
    a, b = MLP(6, 4, 3, rng=rng(), dtype=np.float32), MLP(6, 4, 3, rng=rng(), dtype=F64)
    for p, q in zip(a.parameters(), b.parameters(), strict=True):
        np.testing.assert_array_equal(p, q.astype(np.float32))


# What is kept ------------------------------------------------------------------------------------


def test_names_of_the_handout(model):
    assert model.layers == [model.linear1, model.act1, model.linear2, model.act2]
    assert [p.shape for p in model.parameters()] == [(6, 4), (4,), (4, 3), (3,)]
    assert model.linear1.parameters()[0] is model.linear1.weight
    assert model.linear1.parameters()[1] is model.linear1.bias
    assert model.linear1.gradients()[0] is model.linear1.grad_weight
    assert model.linear1.gradients()[1] is model.linear1.grad_bias
    assert Sigmoid().parameters() == Sigmoid().gradients() == []


@pytest.mark.parametrize(("hidden", "count"), [([], 1), (4, 2), ((4,), 2), ([5, 4, 3], 4)])
def test_hidden_size_is_a_number_or_several(hidden, count):
    model = MLP(6, hidden, 3)
    assert [type(layer) for layer in model.layers] == [Linear, Sigmoid] * count
    assert list(model.state()) == [f"linear{i}.{part}" for i in range(1, count + 1) for part in ("weight", "bias")]


def test_arrays_are_never_rebound(model):
    held = [*model.parameters(), *model.gradients(), *model.state().values()]
    before = [array.copy() for array in model.parameters()]
    optimizer = SGD(model.parameters(), model.gradients(), lr=0.5)
    train(model, batches(4), optimizer, MSELoss())
    now = [*model.parameters(), *model.gradients(), *model.state().values()]
    assert all(a is b for a, b in zip(held, now, strict=True))
    assert all(a is b for a, b in zip(optimizer.params, model.parameters(), strict=True))
    assert all((a != b).any() for a, b in zip(before, model.parameters(), strict=True))


def test_memory_is_reused_from_batch_to_batch_in_training(model):
    """With batches of one size, nothing is allocated anew: same addresses throughout."""

    def addresses():
        buffers = []
        ((x, gradient),) = batches(1)
        model.forward(x)
        for layer in reversed(model.layers):
            gradient = layer.backward(gradient)
            buffers += [layer.output.ctypes.data, gradient.ctypes.data]
        return buffers

    with model.mode(training=True):
        first = addresses()
        assert len(set(first)) == 8  # and no two of them share memory
        assert addresses() == first
        assert addresses() == first


def test_first_layer_makes_no_gradient_of_pixels(model):
    (batch,) = batches(1)
    with model.mode(training=True):
        model.backward(np.ones_like(model(batch[0])))
        assert "grad_input" not in model.linear1._memory
        assert "grad_input" in model.linear2._memory


# What is handed over -----------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["__call__", "scores", "predict", "probabilities"])
def test_results_are_the_callers_own(model, images, call):
    ask = getattr(model, call)
    first = ask(images)
    kept = first.copy()
    second = ask(images[:4])
    kept_second = second.copy()
    train(model, batches(1), SGD(model.parameters(), model.gradients()), MSELoss())
    np.testing.assert_array_equal(first, kept)
    assert not np.shares_memory(first, second)
    first[...] = 7
    np.testing.assert_array_equal(second, kept_second)


@pytest.mark.parametrize("call", ["__call__", "scores", "predict", "probabilities"])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_images_are_left_alone(model, images, call, dtype):
    x = images.astype(dtype)
    before = x.tobytes()
    x.flags.writeable = False
    getattr(model, call)(x)
    assert x.tobytes() == before


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_call_takes_what_the_first_layer_takes(images, dtype):
    """Whatever their dtype, and whatever the network was trained on."""
    model = MLP(6, 4, 3, dtype=dtype, rng=rng())
    for inputs in (None, Inputs.of_bytes(), Inputs.as_given(0, 1)):
        model.inputs = inputs
        np.testing.assert_array_equal(model(images), model.forward(images.astype(dtype)))


def test_scores_of_many_images_are_those_of_each():
    model = MLP(6, 4, 3, dtype=F64, rng=rng())
    x = rng().normal(size=(2345, 6))
    scores = model.scores(x)
    assert scores.shape == (2345, 3)
    np.testing.assert_allclose(scores, np.concatenate([model(row[None]) for row in x]), rtol=1e-13)
    np.testing.assert_array_equal(model.predict(x), scores.argmax(axis=1))
    assert model.predict(x).dtype == np.int64
    np.testing.assert_allclose(model.probabilities(x).sum(axis=1), 1, rtol=1e-14)
    assert model.scores(x[:0]).shape == (0, 3)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_that_of_the_network(images, dtype):
    model = MLP(6, 4, 3, dtype=dtype)
    for x in (images, images.astype(np.float32), images.astype(np.float64)):
        assert model(x).dtype == model.scores(x).dtype == model.probabilities(x).dtype == dtype


# astype ------------------------------------------------------------------------------------------


def test_astype_is_another_network():
    model = MLP(6, 4, 3, rng=rng())
    twin = model.astype(F64)
    x = rng().normal(size=(5, 6))
    assert model.dtype == np.float32
    assert twin.dtype == twin(x).dtype == np.float64
    np.testing.assert_allclose(twin(x), model(x), atol=1e-6)
    for p, q in zip(model.parameters(), twin.parameters(), strict=True):
        assert (p.dtype, q.dtype) == (np.float32, np.float64)
        np.testing.assert_array_equal(p.astype(F64), q)
        assert not np.shares_memory(p, q)


def test_astype_after_training_trains_on():
    """The copy's gradients are its own, and its memory has its own dtype."""
    model = MLP(6, 4, 3, rng=rng())
    train(model, batches(1), SGD(model.parameters(), model.gradients()), MSELoss())
    before = [parameter.copy() for parameter in model.parameters()]
    twin = model.astype(F64)
    train(twin, batches(1, dtype=F64), SGD(twin.parameters(), twin.gradients(), lr=1.0), MSELoss())
    for p, old, q in zip(model.parameters(), before, twin.parameters(), strict=True):
        np.testing.assert_array_equal(p, old)
        assert (q != old).any()


# What is refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", [Linear(6, 4), Sigmoid(), MLP(6, 4, 3)], ids=repr)
def test_backward_before_forward(layer):
    with pytest.raises(StateError, match=r"backward was called before forward; call forward\(x\) first"):
        layer.backward(np.ones((2, 3), np.float32))


def test_loss_backward_before_forward():
    with pytest.raises(StateError, match=r"MSELoss\(\): backward was called before forward"):
        MSELoss().backward()


@pytest.mark.parametrize("shape", [(2, 5), (2, 7), (), (1, 2, 6), (0,)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8])
def test_wrong_width(model, shape, dtype):
    message = re.escape(f"MLP(6-4-3): expected images of shape (N, 6), or one image (6,), got shape {shape}")
    for call in (model, model.scores, model.predict, model.probabilities):
        with pytest.raises(InputError, match=message):
            call(np.zeros(shape, dtype))
    with pytest.raises(InputError, match=r"Linear\(6, 4\): expected an input of shape \(batch, 6\), got "):
        model.forward(np.zeros(shape, dtype))


@pytest.mark.parametrize("layer", [Linear(6, 4), Sigmoid()], ids=repr)
def test_wrong_dtype(layer):
    with pytest.raises(InputError, match=r"works in float32, got an input of float64; .* x\.astype\('float32'\)"):
        layer(np.zeros((2, 6)))
    output = layer(np.zeros((2, 6), np.float32))
    with pytest.raises(InputError, match="works in float32, got a grad_output of float64"):
        layer.backward(output.astype(F64))


@pytest.mark.parametrize("layer", [Linear(6, 4), Sigmoid()], ids=repr)
def test_wrong_grad_output(layer):
    output = layer(np.zeros((2, 6), np.float32))
    with pytest.raises(
        InputError, match=r"expected a grad_output of the output's shape \(2, \d\), got shape \(1, \d\)"
    ):
        layer.backward(output[:1])


@pytest.mark.parametrize("x", [[1.0, 2.0], 3.0, None])
def test_not_an_array(x):
    with pytest.raises(InputError, match=r"Linear\(6, 4\): expected an input of shape \(batch, 6\), got an object of"):
        Linear(6, 4)(x)


@pytest.mark.parametrize("dtype", [complex, bool, "U3"])
def test_images_of_no_meaning(model, dtype):
    with pytest.raises(InputError, match=r"MLP\(6-4-3\): expected images as bytes or floats, got "):
        model(np.zeros((2, 6), dtype))


@pytest.mark.parametrize("hidden", [0, -1, [0], [5, 0], [5, -2, 3], [2.5]])
def test_no_hidden_neurons(hidden):
    with pytest.raises(
        InputError, match=r"MLP: expected hidden_size to be an integer of at least 1, got (0|-\d|2\.5)$"
    ):
        MLP(6, hidden, 3)


@pytest.mark.parametrize(("widths", "name"), [((0, 3), "in_features"), ((6, 0), "out_features"), (("6", 3), "in_fea")])
def test_no_inputs_or_outputs(widths, name):
    with pytest.raises(InputError, match=f"expected {name}.* to be an integer of at least 1, got '?[06]"):
        Linear(*widths)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Linear(3, 2, dtype="single precision"),
            "expected the dtype float32 or float64, got 'single precision'",
        ),
        (lambda: Sigmoid(dtype=None), "expected the dtype float32 or float64, got None"),
        (lambda: Scale(0, 1, dtype=np.float16), r"Scale\(0, 1\): expected the dtype float32 or float64, got float16"),
        (lambda: Scale("a", 1), "Scale: expected offset to be a finite number, got 'a'"),
        (lambda: Linear(3, 2, rng=1), r"Linear\(3, 2\): expected rng such as numpy.random.default_rng\(1\), .* got 1"),
        (lambda: MLP(3, 2, 2, rng=1), r"expected rng such as numpy.random.default_rng\(1\), or None, got 1"),
        (lambda: Linear(3, 2, initializer=["he"]), r"initializer: expected one of .*, got \['he'\]"),
        (lambda: Dropout(0.5, seed=-1), r"seed: expected an integer from 0 to 2\*\*64 - 1, got -1"),
        (lambda: GaussianNoise(0.5, seed="a"), r"seed: expected an integer from 0 to 2\*\*64 - 1, got 'a'"),
        (lambda: MLP(3, 2, 2, batch_norm="no"), "MLP: expected batch_norm to be True or False, got 'no'"),
        (lambda: MLP(3, 2, 2, dropout=None), "expected p to be a finite number, at least 0 and at most 0.99, got None"),
        (lambda: MLP(3, 2, 2, input_noise=""), "expected std to be a finite number, at least 0, got ''"),
        (lambda: MLP.from_layers([Linear(3, 2)]), "expected at least one layer, by its name, as in .*, got .*Linear"),
        (lambda: MLP.from_layers({}), "expected at least one layer, by its name, as in .*, got {}"),
        (lambda: MLP.from_layers({1: Linear(3, 2)}), "a layer cannot be called 1; use a name such as linear1"),
    ],
)
def test_arguments_that_make_no_layers(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_a_hidden_size_may_be_an_array_of_any_kind():
    for hidden in (np.int64(4), np.array(4), np.array([4])):
        assert MLP(3, hidden, 2).hidden_size == (4,)


@pytest.mark.parametrize("bias_grad", ["average", None, True])
def test_bias_grad_is_sum_or_mean(bias_grad):
    with pytest.raises(InputError, match="expected bias_grad to be 'sum' or 'mean', got "):
        MLP(6, 4, 3, bias_grad=bias_grad)


@pytest.mark.parametrize(
    "make", [lambda d: Linear(6, 4, dtype=d), lambda d: Sigmoid(dtype=d), lambda d: MLP(6, 4, 3, dtype=d)]
)
@pytest.mark.parametrize("dtype", [np.int64, np.uint8, complex, np.float16, np.longdouble, ">f4"])
def test_dtypes_that_no_file_and_no_kernel_has_are_refused_at_once(make, dtype):
    with pytest.raises(InputError, match=f"expected the dtype float32 or float64, got {np.dtype(dtype)}"):
        make(dtype)
    with pytest.raises(InputError, match=f"expected the dtype float32 or float64, got {np.dtype(dtype)}"):
        make(np.float32).astype(dtype)


@pytest.mark.parametrize("order", [np.asfortranarray, lambda w: np.repeat(w, 2, axis=0)[::2], lambda w: w[::-1]])
def test_arrays_of_a_layer_are_stored_row_by_row(order, monkeypatch):
    """However the initialiser, or the user, has them: the compiled engine goes from number to number."""
    monkeypatch.setitem(INITIALIZERS, "mine", lambda i, o, rng: order(rng.normal(size=(i, o))))
    model = MLP(6, [4], 3, initializer="mine", batch_norm=True, rng=rng())
    model.linear2.weight = order(model.linear2.weight)
    model.norm1.gamma = np.arange(8.0)[::2]
    for each in (model, model.astype(np.float64), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        for array in [*each.state().values(), *each.gradients()]:
            assert array.flags.c_contiguous
            assert array.flags.aligned
    np.testing.assert_array_equal(model.norm1.gamma, [0, 2, 4, 6])


@pytest.mark.parametrize(
    ("pred", "target"), [((5, 3), (5, 2)), ((5, 3), (4, 3)), ((5, 3), (5,)), ((5,), (5,)), ((0, 3), (0, 3))]
)
def test_loss_of_different_shapes(pred, target):
    with pytest.raises(InputError) as error:
        MSELoss()(np.zeros(pred), np.zeros(target))
    assert f"got {pred} and {target}" in str(error.value)
    assert "int_to_onehot(labels)" in str(error.value)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_loss_keeps_the_dtype(dtype):
    loss = MSELoss()
    pred = rng().random((4, 3)).astype(dtype)
    assert isinstance(loss(pred, np.eye(3)[[0, 1, 2, 0]]), float)
    assert loss.backward().dtype == dtype


def test_layers_that_replace_others_draw_other_numbers():
    model = MLP(6, [4, 4], 3, dropout=0.5)
    model.drop1, model.drop2 = Dropout(0.5), Dropout(0.5)
    assert model.drop1.index != model.drop2.index


@pytest.mark.parametrize(("kind", "kept"), [(SiLU, "gate"), (GELU, "tanh")])
def test_forward_does_not_read_what_another_thread_may_write(kind, kept):
    x = rng().normal(size=(3, 4)).astype("float32")
    foreign = type(kind.__name__, (kind,), {kept: property(lambda self: np.zeros((1, 4)), lambda self, value: None)})
    np.testing.assert_array_equal(foreign()(x), kind()(x))


def test_a_subclass_that_replaces_backward_alone_is_asked_as_the_first_layer_too(images):
    class Frozen(Linear):
        def backward(self, grad_output):
            grad_input = super().backward(grad_output)
            self.grad_weight[...] = 0
            return grad_input

    model = MLP.from_layers({"linear1": Frozen(6, 4, rng=rng()), "act1": Sigmoid(), "linear2": Linear(4, 3)})
    scores = model(images)
    model.backward(np.ones_like(scores))
    assert not model.linear1.grad_weight.any()
