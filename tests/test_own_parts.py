"""Parts of a user's own, in any container, shared, or changed later: every way through a network agrees about them."""

import copy
import itertools
from collections import OrderedDict, defaultdict, namedtuple

import numpy as np
import pytest

from glasswork import (
    MLP,
    SGD,
    Adam,
    Batches,
    Dropout,
    GaussianNoise,
    InputError,
    Layer,
    Linear,
    MSELoss,
    Progress,
    ReLU,
    StateError,
    StopTraining,
    fit,
    gradcheck,
    normalize,
    save_model,
    train,
)
from glasswork.optim import Average
from glasswork.training.health import diagnose

PIXELS = np.random.default_rng(0).integers(0, 256, (60, 16), dtype=np.uint8)
LABELS = np.arange(60) % 2
X = normalize(PIXELS)


def network(**layers):
    rng = np.random.default_rng(1)
    return MLP.from_layers({"linear1": Linear(16, 8, rng=rng), **layers, "linear2": Linear(8, 2, rng=rng)})


def batches(**options):
    return Batches(PIXELS, LABELS, 10, seed=0, classes=2, **options)


def sgd(model, **options):
    return SGD(model.parameters(), model.gradients(), 0.1, **options)


# Layers in containers -----------------------------------------------------------------------------


class Drawer(list):
    pass


Pair = namedtuple("Pair", "first second")


def nested(layers):
    return {"here": [Drawer([Pair(*layers)])]}


def keyed(layers):
    box = defaultdict(list)
    box.update(enumerate(layers))
    return box


CONTAINERS = [list, tuple, Drawer, lambda two: Pair(*two), lambda two: OrderedDict(enumerate(two)), keyed, nested]


class Block(Layer):
    """Sends its input through the layers in a container."""

    def __init__(self, box, layers):
        super().__init__()
        self.box, self.in_features, self.out_features = box(layers), 8, 8

    def forward(self, x):
        for layer in self.children().values():
            x = layer.forward(x)
        self.output = x
        return x

    def backward(self, grad_output):
        for layer in reversed(self.children().values()):
            grad_output = layer.backward(grad_output)
        return grad_output


def block_of(seed, box=list):
    return Block(box, [Linear(8, 8, rng=np.random.default_rng(seed)), ReLU()])


@pytest.mark.parametrize("box", CONTAINERS)
def test_layers_in_any_container_are_asked_in_evaluation_mode(box):
    model = network(block=Block(box, [Dropout(0.5), GaussianNoise(1.0)]))
    before, kind = model.scores(X), type(model.block.box)
    with model.mode(training=True):
        model.set_position(0)
        np.testing.assert_array_equal(model.scores(X), before)
        assert all(layer.training for layer in model.modules())
    assert type(model.block.box) is type(model.for_evaluation().block.box) is kind
    assert [type(layer) for layer in model.for_evaluation().modules()] == [type(layer) for layer in model.modules()]


@pytest.mark.parametrize("box", CONTAINERS)
def test_layers_in_any_container_are_converted(box):
    model = network(block=block_of(0, box)).astype("float64")
    assert {array.dtype for array in model.state().values()} == {np.dtype("float64")}
    assert {module.dtype for module in model.modules()} == {np.dtype("float64")}
    assert gradcheck(model, MSELoss(), X[:5], np.eye(2)[LABELS[:5]], verbose=False).right


@pytest.mark.parametrize("seed", [69, 220])  # of 400 seeds, those where a kink within a step spoils a difference
def test_a_kink_close_by_does_not_make_a_right_backward_wrong(seed):
    model = network(block=block_of(seed)).astype("float64")
    report = gradcheck(model, MSELoss(), X[:5], np.eye(2)[LABELS[:5]], verbose=False)
    assert report.right, report


@pytest.mark.parametrize("factor", [1.0001, 0.995])
@pytest.mark.parametrize("seed", [0, 69, 220])
def test_a_small_mistake_is_not_taken_for_a_kink(seed, factor):
    class Slightly(Block):
        def backward(self, grad_output):
            return super().backward(grad_output * factor)

    model = network(block=Slightly(list, block_of(seed).box)).astype("float64")
    report = gradcheck(model, MSELoss(), X[:5], np.eye(2)[LABELS[:5]], verbose=False)
    assert [check.name for check in report.checks if not check.right] == [
        "block.box.0.weight",
        "block.box.0.bias",
        "block.input",
        "network",
    ]


class Own(Layer):
    """Has its weights in a list and, by another name, beside it."""

    def __init__(self):
        super().__init__()
        self.in_features = self.out_features = 8
        self.arrays = [np.eye(8, dtype=np.float32), np.zeros((8, 8), np.float32)]
        self.weight, self.grad = self.arrays

    def forward(self, x):
        self.input, self.output = x, x @ self.weight
        return self.output

    def backward(self, grad_output):
        self.grad[...] = self.input.T @ grad_output
        return grad_output @ self.weight.T

    def parameters(self):
        return self.arrays[:1]

    def gradients(self):
        return self.arrays[1:]

    def state(self):
        return {"weight": self.weight}


def test_an_array_that_is_held_twice_stays_one_array_when_converted():
    layer = network(own=Own()).astype("float64").own
    assert layer.arrays[0] is layer.weight
    assert layer.arrays[1] is layer.grad
    assert layer.weight.dtype == layer.grad.dtype == layer.dtype == np.float64


def test_a_dtype_that_is_refused_changes_nothing():
    model = network()
    with pytest.raises(InputError, match="float16"):
        model.convert("float16")
    assert {module.dtype for module in model.modules()} == {np.dtype("float32")}
    model.scores(X)


# Shared layers ------------------------------------------------------------------------------------


class Decoder(Layer):
    """Uses another layer's weights, transposed; it sends no gradient into them."""

    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder
        self.in_features, self.out_features = encoder.out_features, encoder.in_features

    def forward(self, x):
        self.output = x @ self.encoder.weight.T
        return self.output

    def backward(self, grad_output):
        return grad_output @ self.encoder.weight


def tied():
    encoder = Linear(16, 8, rng=np.random.default_rng(2))
    return MLP.from_layers({"encoder": encoder, "decoder": Decoder(encoder), "out": Linear(16, 2)})


def test_a_layer_in_two_places_is_trained_once_a_step():
    model = tied()
    for arrays in (model.parameters(), model.gradients()):
        assert [array.shape for array in arrays] == [(16, 8), (8,), (16, 2), (2,)]
    assert list(model.state()) == ["encoder.weight", "encoder.bias", "out.weight", "out.bias"]
    before, optimizer = model.encoder.weight.copy(), sgd(model)
    loss = MSELoss()
    loss(model(X), np.eye(2)[LABELS])
    model.backward(loss.backward().astype(np.float32))
    optimizer.step()
    np.testing.assert_allclose(model.encoder.weight, before - 0.1 * model.encoder.grad_weight, rtol=1e-6)


@pytest.mark.parametrize("change", [copy.deepcopy, lambda model: model.astype("float64")])
def test_a_shared_layer_stays_shared_in_copies(change):
    twin = change(tied())
    assert twin.decoder.encoder is twin.encoder


def test_an_average_of_shared_layers_goes_in_and_out():
    model = tied()
    average, before = Average(list(model.state().values()), 0.5), model.encoder.weight.copy()
    model.encoder.weight += 1
    average.update()
    average.show()
    assert not np.array_equal(model.encoder.weight, before + 1)
    average.hide()
    np.testing.assert_array_equal(model.encoder.weight, before + 1)


# Methods that were replaced -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["linear1", "linear2"])
def test_a_backward_that_was_replaced_on_a_layer_is_called(name):
    model, calls = network(act1=ReLU()), []
    layer = getattr(model, name)

    def backward(grad_output):
        calls.append(1)
        return type(layer).backward(layer, grad_output)

    layer.backward = backward
    train(model, batches(), sgd(model), MSELoss())
    assert len(calls) == 6


@pytest.mark.parametrize("where", ["layer", "network"])
def test_gradients_are_cleared_for_a_backward_that_adds_to_them(where):
    plain, adding = network(act1=ReLU()), network(act1=ReLU())
    thing = adding if where == "network" else adding.linear2

    def backward(grad_output):
        before = [gradient.copy() for gradient in thing.gradients()]
        result = type(thing).backward(thing, grad_output)
        for gradient, was in zip(thing.gradients(), before, strict=True):
            np.add(gradient, was, out=gradient)
        return result

    object.__setattr__(thing, "backward", backward)
    for model in (plain, adding):
        train(model, batches(), sgd(model), MSELoss())
    for a, b in zip(plain.parameters(), adding.parameters(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_class_that_borrows_a_word_is_not_saved_under_it(tmp_path):
    class Absolute(ReLU, kind="relu"):
        def forward(self, x):
            return np.abs(super().forward(x) - x)

    with pytest.raises(InputError, match=r"act1, Absolute\(\), cannot be saved"):
        save_model(network(act1=Absolute()), tmp_path / "model.safetensors")


# Settings that are changed later ------------------------------------------------------------------


@pytest.mark.parametrize("p", [0.0, 0.75])
def test_a_probability_that_is_changed_is_the_one_that_drops(p):
    layer = Dropout(0.4)
    layer.p = p
    layer.set_training(True)
    layer.set_position(0)
    output = layer.forward(np.ones((200, 200), np.float32))
    assert np.mean(output == 0) == pytest.approx(p, abs=0.02)
    assert output.mean() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
@pytest.mark.parametrize("settings", [{"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}], ids=str)
def test_a_momentum_that_is_set_later_is_that_momentum(settings, engine, kernels):
    models = [network(act1=ReLU()) for _ in range(2)]
    optimizers = [sgd(models[0], **settings), sgd(models[1])]
    vars(optimizers[1]).update(settings)
    for model, optimizer in zip(models, optimizers, strict=True):
        list(fit(model, batches(), batches(), optimizer, MSELoss(), epochs=2, engine=engine))
    for a, b in zip(*(model.parameters() for model in models), strict=True):
        np.testing.assert_array_equal(a, b)


class Square(Layer):
    """A user's own layer, which remembers in its own way."""

    def forward(self, x):
        self.x = x
        return x * x

    def backward(self, grad_output):
        return 2 * self.x * grad_output


def test_a_layer_without_a_kernel_in_a_compiled_training_says_so(kernels):
    model = network(act1=ReLU())
    epochs = fit(model, batches(), batches(), sgd(model), MSELoss(), epochs=2, engine="compiled")
    next(epochs)
    model.act1 = Square()
    with pytest.raises(StateError, match=r"the compiled engine: act1, Square\(\), has no kernel"):
        next(epochs)


def test_diagnose_passes_over_a_layer_that_keeps_no_output():
    assert diagnose(network(act1=Square()), PIXELS, LABELS, []) == []


def test_a_layer_without_the_base_classs_constructor_says_what_to_do():
    class Bare(Layer):
        def __init__(self):
            self.forward = self.backward = lambda x: x

    with pytest.raises(InputError, match=r"act1 to have a dtype; call super\(\).__init__\(dtype=dtype\).* Bare"):
        network(act1=Bare())


@pytest.mark.parametrize("name", ["named_layers", "dtype", "training", "inputs", "forward"])
def test_a_layer_cannot_have_the_name_of_something_else(name):
    with pytest.raises(InputError, match=f"a layer cannot be called '{name}'"):
        MLP.from_layers({name: Linear(3, 2)})


# Loaders of a user's own --------------------------------------------------------------------------


class Loader:
    """A loader that keeps its arrays by names which mean something else elsewhere."""

    def __init__(self):
        self.inputs, self.samples_of, self.count = X, LABELS, 0

    def __iter__(self):
        self.count += 1
        for start in range(0, 60, 10):
            yield self.inputs[start : start + 10], self.samples_of[start : start + 10]


def test_a_loader_may_call_its_arrays_inputs():
    model = network(act1=ReLU())
    for _ in fit(model, Loader(), Loader(), sgd(model), MSELoss(), epochs=1):
        pass
    assert (model.inputs.low, model.inputs.high) == (-1, 1)


@pytest.mark.parametrize("make", [Loader, lambda: list(Loader())], ids=["object", "list"])
@pytest.mark.parametrize("engine", ["numpy", "compiled"])
@pytest.mark.parametrize("stop", [1, 5, 6, 7, 12])
def test_a_training_that_was_stopped_goes_on_with_any_loader(make, engine, stop, kernels):
    def train_with(after_step):
        model, progress, loader = network(act1=ReLU()), Progress(), make()
        optimizer = Adam(model.parameters(), model.gradients(), 0.01)
        results = []
        for calls in ([after_step], []):
            results += fit(
                model, loader, make(), optimizer, MSELoss(), epochs=3, progress=progress, after_step=calls,
                engine=engine,
            )  # fmt: skip
        return model, progress, [result.train_loss for result in results]

    def stopping(progress):
        if progress.step == stop:
            raise StopTraining

    (whole, progress, losses), (parts, other, others) = train_with(lambda _: None), train_with(stopping)
    assert progress.step == other.step == 18
    assert losses == others
    for a, b in itertools.zip_longest(whole.parameters(), parts.parameters()):
        np.testing.assert_array_equal(a, b)
