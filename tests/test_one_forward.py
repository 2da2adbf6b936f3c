"""One forward path: what trains is what answers, whoever wrote the forward, and layers inside layers are layers."""

import copy
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from types import MethodType

import numpy as np
import pytest
from hypothesis import given, strategies as st

from glasswork import (
    MLP,
    SGD,
    Adam,
    Batches,
    BatchNorm,
    CrossEntropyLoss,
    Dropout,
    GaussianNoise,
    Identity,
    InputError,
    Layer,
    Linear,
    MSELoss,
    ReLU,
    Scale,
    Sigmoid,
    StateError,
    Tanh,
    fit,
    gradcheck,
    load_model,
    save_model,
    softmax,
    test as accuracy,
    train,
    valid,
)
from glasswork.nn import LAYERS, RandomLayer


def rng():
    return np.random.default_rng(7)


def rows(count=9, width=4):
    return rng().normal(size=(count, width)).astype(np.float32)


# Networks with a way of their own --------------------------------------------------------------------------------


class Residual(MLP):
    def forward(self, x):
        return self.linear2.forward(self.act1.forward(self.linear1.forward(x)) + x)


class Sharper(MLP):
    def __call__(self, x):
        return 3 * super().__call__(x)


class Twice(MLP):
    """Uses a list of layers beside its own."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.extra = [Dropout(0.5), Linear(3, 3, rng=rng())]

    def forward(self, x):
        x = super().forward(x)
        for layer in self.extra:
            x = layer.forward(x)
        return x


def patched():
    model = network(MLP)
    model.forward = MethodType(lambda self, x: MLP.forward(self, -x), model)
    return model


def network(kind):
    return kind(4, 4, 3, activation="relu", output_activation=None, rng=rng())


OWN = {kind.__name__: lambda kind=kind: network(kind) for kind in (Residual, Sharper, Twice)} | {"patched": patched}


@pytest.mark.parametrize("name", OWN)
def test_a_forward_of_ones_own_answers(name, tmp_path):
    model, x = OWN[name](), rows(2500)
    expected = np.concatenate([model(row) for row in x])
    for same in (model, copy.deepcopy(model), pickle.loads(pickle.dumps(model))) if name != "patched" else (model,):
        np.testing.assert_allclose(same.scores(x), expected, rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(same.predict(x), expected.argmax(axis=1))
        np.testing.assert_allclose(same.probabilities(x), softmax(expected), rtol=1e-5, atol=1e-6)
    labels = expected.argmax(axis=1)
    assert accuracy(model, [(x, labels)]) == 100 == 100 * (model.predict(x) == labels).mean()
    with pytest.raises(InputError, match=r"has its own (forward|__call__), which a model file cannot hold"):
        save_model(model, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_a_subclass_that_changes_nothing_is_saved_as_an_mlp(tmp_path):
    class Mine(MLP):
        def describe(self):
            return "mine"

    save_model(network(Mine), tmp_path / "model")
    assert type(load_model(tmp_path / "model")) is MLP


@pytest.mark.parametrize("method", ["forward", "backward", "__call__", "prepare", "state", "scores", "predict"])
def test_what_computes_otherwise_is_not_saved(method, tmp_path):
    def own(self, *args, **options):
        return getattr(MLP, method)(self, *args, **options)

    kind = type("Mine", (MLP,), {method: own})
    with pytest.raises(InputError, match=f"Mine has its own {method}, which a model file cannot hold"):
        save_model(network(kind), tmp_path / "model")


@pytest.mark.parametrize("how", ["class", "object"])
def test_a_layer_of_ones_own_is_not_saved(how, tmp_path):
    model = network(MLP)
    if how == "class":
        model.act1 = type("Mine", (ReLU,), {"forward": lambda self, x: -ReLU.forward(self, x)})()
    else:
        model.act1.forward = MethodType(lambda self, x: -ReLU.forward(self, x), model.act1)
    assert not np.array_equal(model.scores(rows()), network(MLP).scores(rows()))
    with pytest.raises(InputError, match=r"act1, .*, cannot be saved"):
        save_model(model, tmp_path / "model")


def test_answers_leave_what_backward_needs_alone():
    model, loss = network(Residual), MSELoss()
    x, target = rows(5), np.eye(3)[[0, 1, 2, 0, 1]]
    loss(model(x), target)
    remembered = model.linear1.input
    model.predict(rows(50))
    assert model.linear1.input is remembered


def test_eight_threads_ask_a_network_that_trains():
    model = MLP(4, [16, 16], 3, batch_norm=True, dropout=0.5, rng=rng())
    x = rows(400)
    expected = model.scores(x)
    stop = threading.Event()

    def switch():
        while not stop.is_set():
            with model.mode(training=True):
                pass

    switching = threading.Thread(target=switch)
    switching.start()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: model.scores(x), range(60)))
    stop.set()
    switching.join()
    assert all(np.allclose(answer, expected, rtol=1e-5, atol=1e-6) for answer in answers)


# What scores mean -------------------------------------------------------------------------------------------------


class Passing(Layer):
    def forward(self, x):
        self.output = x
        return x

    def backward(self, grad_output):
        return grad_output


ENDINGS = {
    "linear": ([], "logits"), "identity": ([Identity], "logits"), "scale": ([lambda: Scale(0, 0.5)], "logits"),
    "own": ([Passing], "logits"), "dropout": ([lambda: Dropout(0.5)], "logits"),
    "norm": ([lambda: BatchNorm(3)], "logits"), "sigmoid": ([Sigmoid], "probabilities"),
    "sigmoid, scale": ([Sigmoid, lambda: Scale(0, 0.5)], "probabilities"), "relu": ([ReLU], "probabilities"),
    "tanh, own": ([Tanh, Passing], "probabilities"),
}  # fmt: skip


@pytest.mark.parametrize("name", ENDINGS)
def test_the_layers_say_what_scores_are(name):
    makers, meaning = ENDINGS[name]
    layers = [make() for make in makers]
    model = MLP.from_layers({"linear1": Linear(4, 3, rng=rng())} | {f"last{i}": last for i, last in enumerate(layers)})
    assert model.scores_are == meaning
    scores = model.scores(rows())
    shares = softmax(scores) if meaning == "logits" else np.maximum(scores, 1e-30)
    np.testing.assert_allclose(
        model.probabilities(rows()), shares / shares.sum(axis=1, keepdims=True), rtol=1e-5, atol=1e-20
    )
    if meaning == "logits":
        CrossEntropyLoss().check_model(model)
    else:
        with pytest.raises(InputError, match=r"takes logits, .*output_activation=None"):
            CrossEntropyLoss().check_model(model)


def test_a_loss_and_the_owner_say_what_scores_are(tmp_path):
    """A network without an output activation, trained on squared error: its scores are estimates of probabilities."""
    x, labels = rows(60), np.arange(60) % 3
    loader = Batches(x, labels, 20, seed=1, classes=3)
    model = network(MLP)
    for loss, meaning in [(MSELoss(), "probabilities"), (CrossEntropyLoss(), "logits"), (MSELoss(), "probabilities")]:
        train(model, loader, SGD(model.parameters(), model.gradients(), 0.01), loss)
        assert model.scores_are == meaning
        model.save(tmp_path / "model")
        loaded = load_model(tmp_path / "model")
        assert loaded.scores_are == meaning
        np.testing.assert_array_equal(loaded.probabilities(x), model.probabilities(x))
        assert pickle.loads(pickle.dumps(model)).scores_are == copy.deepcopy(model).scores_are == meaning
    model.scores_are = "logits"
    assert model.scores_are == "logits"
    ends = MLP(4, 4, 3, output_activation="identity", rng=rng())
    train(ends, loader, SGD(ends.parameters(), ends.gradients(), 0.01), CrossEntropyLoss())
    ends.act1 = Tanh()
    assert ends.scores_are == "logits"
    ends.act2 = Sigmoid()
    assert ends.scores_are == "probabilities"
    made = MLP.from_layers({"linear1": Linear(4, 3), "act1": Passing()}, scores_are="probabilities")
    assert made.scores_are == "probabilities"
    with pytest.raises(InputError, match="expected scores_are to be 'logits' or 'probabilities', got 'votes'"):
        model.scores_are = "votes"


# One output -------------------------------------------------------------------------------------------------------


def one_output(**options):
    return MLP(4, 8, 1, activation="tanh", rng=rng(), **options)


def test_a_single_score_is_the_probability_of_class_one():
    """Counted by hand: a network that has learnt nothing is half right, not 100 %."""
    x = rows(400)
    labels = (x[:, 0] > 0.3).astype(int)
    model = one_output()
    assert model.classes == ("0", "1")
    for loader in (
        Batches(x, labels, 20, seed=1, classes=1), [(x, labels)], [(x, labels[:, np.newaxis])],
        [(x, labels[:, np.newaxis].astype(np.float32))],
    ):  # fmt: skip
        p = model(x)[:, 0]
        right = 100 * float(((p > 0.5) == labels).mean())
        assert valid(model, loader, MSELoss())[1] == pytest.approx(right)
        assert accuracy(model, loader) == pytest.approx(right)
        assert right < 90
    optimizer = Adam(model.parameters(), model.gradients(), 0.01)
    loader = Batches(x, labels, 20, seed=1, classes=1)
    *_, last = fit(model, loader, loader, optimizer, MSELoss(), epochs=20)
    np.testing.assert_array_equal(model.predict(x), (model(x)[:, 0] > 0.5).astype(int))
    assert last.valid_accuracy == pytest.approx(100 * (model.predict(x) == labels).mean())
    assert last.valid_accuracy > 95
    shares = model.probabilities(x)
    assert shares.shape == (400, 2)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(shares[:, 1], model(x)[:, 0], rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(shares.argmax(axis=1), model.predict(x))


@given(st.floats(-20, 20))
def test_a_single_logit_goes_through_the_sigmoid(logit):
    model = MLP.from_layers({"linear1": Linear(1, 1)}, scores_are="logits")
    model.linear1.weight, model.linear1.bias = [[1]], [0]
    assert model.probabilities([[logit]])[0, 1] == pytest.approx(1 / (1 + np.exp(-logit)), rel=1e-4)
    assert model.predict([[logit]])[0] == (np.float32(logit) > 0)


def test_a_single_score_keeps_its_two_names(tmp_path):
    model = one_output()
    save_model(model, tmp_path / "model", classes=["no", "yes"])
    loaded = load_model(tmp_path / "model")
    assert loaded.classes == ("no", "yes")
    np.testing.assert_array_equal(loaded.probabilities(rows()), model.probabilities(rows()))


def test_cross_entropy_of_a_single_score_is_refused():
    model = one_output(output_activation=None)
    loader = [(rows(), np.arange(9) % 2)]
    remedy = r"use two outputs, or output_activation='sigmoid' with MSELoss\(\)"
    with pytest.raises(InputError, match=remedy):
        train(model, loader, SGD(model.parameters(), model.gradients()), CrossEntropyLoss())
    with pytest.raises(InputError, match=remedy):
        CrossEntropyLoss()(model(rows()), np.ones((9, 1)))


def test_labels_that_one_score_cannot_tell_apart_are_refused():
    model = one_output()
    with pytest.raises(InputError, match="labels: expected 0 to 1, got 2"):
        valid(model, [(rows(), np.arange(9) % 3)], MSELoss())


# Layers made of layers --------------------------------------------------------------------------------------------


class Block(Layer):
    """``x + drop(act(linear(norm(x))))``, its layers alone, in a list and in a dict."""

    def __init__(self, width):
        super().__init__()
        self.in_features = self.out_features = width
        self.norm = BatchNorm(width)
        self.middle = [Linear(width, width, rng=rng()), Tanh()]
        self.last = {"drop": Dropout(0.5), "noise": (GaussianNoise(0.3),)}

    def _row(self):
        return [self.norm, *self.middle, self.last["drop"], self.last["noise"][0]]

    def forward(self, x):
        y = x
        for layer in self._row():
            y = layer.forward(y)
        self.output = x + y
        return self.output

    def backward(self, grad_output):
        grad = grad_output
        for layer in reversed(self._row()):
            grad = layer.backward(grad)
        return grad + grad_output


class Nest(Layer):
    """Blocks in a block."""

    def __init__(self, width):
        super().__init__()
        self.in_features = self.out_features = width
        self.blocks = (Block(width), Block(width))

    def forward(self, x):
        for block in self.blocks:
            x = block.forward(x)
        self.output = x
        return x

    def backward(self, grad_output):
        for block in reversed(self.blocks):
            grad_output = block.backward(grad_output)
        return grad_output


def nested():
    return MLP.from_layers(
        {"linear1": Linear(4, 6, rng=rng()), "nest": Nest(6), "drop2": Dropout(0.5), "linear2": Linear(6, 3, rng=rng())}
    )


def inner(model, kind):
    return [module for module in model.modules() if isinstance(module, kind)]


def test_layers_inside_layers_are_found():
    model = nested()
    norm = [f"norm.{part}" for part in ("gamma", "beta", "running_mean", "running_variance")]
    names = [f"nest.blocks.{k}.{part}" for k in (0, 1) for part in (*norm, "middle.0.weight", "middle.0.bias")]
    assert list(model.state()) == ["linear1.weight", "linear1.bias", *names, "linear2.weight", "linear2.bias"]
    assert [p.shape for p in model.parameters()] == [g.shape for g in model.gradients()]
    assert len(model.parameters()) == 12
    with model.mode(training=True):
        assert all(layer.training for layer in inner(model, Layer))
    assert not any(layer.training for layer in inner(model, Layer))
    model.set_position(5, row=2)
    assert {layer.position for layer in inner(model, RandomLayer)} == {(5, 2)}
    drawn = [(type(layer), layer.index) for layer in inner(model, RandomLayer)]
    assert len(drawn) == 5 == len(set(drawn))
    model.drop2 = Dropout(0.5)
    assert len({layer.index for layer in inner(model, Dropout)}) == 3
    assert {layer.dtype for layer in inner(model.astype(np.float64), Layer)} == {np.dtype(np.float64)}


def test_layers_in_a_list_beside_the_networks_own_are_found():
    """Such a network has more layers than a chain, and its own forward uses them."""

    class Skipping(MLP):
        def __init__(self):
            super().__init__(4, 6, 3, rng=rng())
            self.extra = [Linear(4, 3, rng=rng()), Dropout(0.5)]

    model = Skipping()
    assert list(model.children()) == [*model.named_layers, "extra.0", "extra.1"]
    assert [p.shape for p in model.parameters()][-2:] == [(4, 3), (3,)]
    assert list(model.state())[-2:] == ["extra.0.weight", "extra.0.bias"]
    model.set_position(7, row=2)
    assert model.extra[1].position == (7, 2)
    with model.mode(training=True):
        assert model.extra[1].training
    assert not model.extra[1].training
    assert {layer.dtype for layer in inner(model.astype(np.float64), Layer)} == {np.dtype(np.float64)}


def test_layers_inside_layers_train_and_evaluate():
    model, x = nested(), rows(60)
    expected = model.scores(x)
    with model.mode(training=True):
        model.set_position(0)
        first = model(x)
        np.testing.assert_array_equal(first, model(x))
        model.set_position(1)
        assert not np.array_equal(first, model(x))
        assert not np.array_equal(first, expected)
        moved = model.scores(x)  # in evaluation mode, with the running statistics that have moved
    np.testing.assert_array_equal(model(x), moved)
    labels = x[:, :3].argmax(axis=1)
    loader = Batches(x, labels, 20, seed=1, classes=3)
    *_, last = fit(
        model, loader, loader, Adam(model.parameters(), model.gradients(), 0.01), CrossEntropyLoss(), epochs=60
    )
    assert last.valid_accuracy == pytest.approx(100 * (model.predict(x) == labels).mean())
    assert last.valid_accuracy > 60
    np.testing.assert_array_equal(copy.deepcopy(model).scores(x), model.scores(x))


@pytest.mark.parametrize("training", [False, True])
def test_gradients_of_layers_inside_layers_are_right_in_both_modes(training):
    model = nested()
    with model.mode(training=training):
        report = gradcheck(model, CrossEntropyLoss(), rows(6), np.eye(3)[[0, 1, 2, 0, 1, 2]], verbose=False)
    assert report.right, str(report)
    assert {check.mode for check in report.checks if check.name.startswith("nest")} == {"evaluation", "training"}
    assert {check.mode for check in report.checks if check.name.startswith("linear")} == {""}
    assert "nest.blocks.1.middle.0.weight, training" in str(report)


class Students:
    """A network of a student's own, of glasswork's layers."""

    def __init__(self):
        self.layers = [Linear(4, 8, rng=rng()), BatchNorm(8), Tanh(), Dropout(0.5), Dropout(0.5)]
        self.out = Linear(8, 3, rng=rng())

    def __call__(self, x):
        for layer in [*self.layers, self.out]:
            x = layer(x)
        return x

    def backward(self, grad):
        for layer in reversed([*self.layers, self.out]):
            grad = layer.backward(grad)

    def parameters(self):
        return [p for layer in [*self.layers, self.out] for p in layer.parameters()]

    def gradients(self):
        return [g for layer in [*self.layers, self.out] for g in layer.gradients()]


def test_layers_in_a_students_network_train_and_evaluate():
    model, x = Students(), rows(40)
    labels, seen = x[:, :3].argmax(axis=1), []
    optimizer = SGD(model.parameters(), model.gradients(), 0.1)
    train(model, [(x, labels)] * 3, optimizer, CrossEntropyLoss(), after_step=lambda _: seen.append(
        [(layer.training, getattr(layer, "position", None)) for layer in model.layers]
    ))  # fmt: skip
    assert seen == [[(True, None)] * 3 + [(True, (step, 0))] * 2 for step in range(3)]
    assert not any(layer.training for layer in model.layers)
    assert model.layers[1].running_mean.any()
    assert model.layers[3].index != model.layers[4].index
    expected = valid(model, [(x, labels)], CrossEntropyLoss())
    assert expected == valid(model, [(x, labels)], CrossEntropyLoss())


def test_a_layer_of_layers_is_not_saved(tmp_path):
    with pytest.raises(InputError, match=r"nest, .*, cannot be saved"):
        save_model(nested(), tmp_path / "model")


# Wrong in one mode only -------------------------------------------------------------------------------------------


class ForgetsItsMask(Dropout):
    def backward(self, grad_output):
        return grad_output


class ForgetsTheBatch(BatchNorm):
    """Its backward takes the batch's mean and variance for constants."""

    def backward(self, grad_output):
        self.batch_statistics = False
        return super().backward(grad_output)


class WrongWhenEvaluating(Tanh):
    def backward(self, grad_output):
        return super().backward(grad_output) * (1 if self.training else 2)


class Around(Layer):
    def __init__(self, layer):
        super().__init__()
        self.held = {"it": [layer]}

    def forward(self, x):
        self.output = self.held["it"][0].forward(x)
        return self.output

    def backward(self, grad_output):
        return self.held["it"][0].backward(grad_output)


WRONG = {
    "mask": (lambda: ForgetsItsMask(0.5), "training"),
    "batch": (lambda: ForgetsTheBatch(5), "training"),
    "evaluating": (WrongWhenEvaluating, "evaluation"),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_a_backward_that_is_wrong_in_one_mode_is_found(name, inside, training):
    make, mode = WRONG[name]
    layer = Around(make()) if inside else make()
    model = MLP.from_layers({"linear1": Linear(4, 5, rng=rng()), "odd": layer, "linear2": Linear(5, 3, rng=rng())})
    with model.mode(training=training):
        report = gradcheck(model, CrossEntropyLoss(), rows(4), np.eye(3)[[0, 1, 2, 0]], verbose=False)
    wrong = [(check.name, check.mode) for check in report.checks if not check.right]
    assert wrong == [("odd.input", mode), ("network", mode)]
    assert report.verdict.startswith("The first wrong one is odd.input" + " in training mode" * (mode == "training"))
    report = gradcheck(layer, MSELoss(), rows(4, 5), np.ones((4, 5)), verbose=False)
    assert [(check.name, check.mode) for check in report.checks if not check.right] == [("input", mode)]


def test_a_network_that_cannot_move_off_a_kink_is_judged_beside_it():
    """A dead unit has sums of exactly 0, where a ReLU has two slopes."""
    model = MLP(4, [5, 5], 3, activation="relu", rng=rng())
    model.linear1.weight[...] = 0
    report = gradcheck(model, MSELoss(), rows(4), np.eye(3)[[0, 1, 2, 0]], verbose=False)
    assert report.right, str(report)


# What copies carry ------------------------------------------------------------------------------------------------


def everything():
    """A network with a layer of every kind, that has seen images in both modes."""
    special = {
        "linear": lambda: Linear(12, 12, rng=rng()), "batch-norm": lambda: BatchNorm(12),
        "dropout": lambda: Dropout(0.1), "gaussian-noise": lambda: GaussianNoise(0.1),
        "scale": lambda: Scale(0, 1),
    }  # fmt: skip
    layers = {kind.replace("-", "_"): special.get(kind, LAYERS[kind])() for kind in LAYERS}
    return MLP.from_layers(layers | {"around": Around(Linear(12, 12, rng=rng())), "last": Linear(12, 3, rng=rng())})


@pytest.mark.parametrize("training", [False, True])
def test_copies_carry_no_images(training):
    model = everything()
    fresh = len(pickle.dumps(model))
    x = rows(3000, 12)
    with model.mode(training=training):
        model.set_position(0)
        model.backward(np.ones_like(model(x)))
    for same in (model, copy.deepcopy(model), copy.copy(model.linear), model.astype(np.float64)):
        assert len(pickle.dumps(same)) < 2 * fresh + 1000
    assert x[:1].tobytes() not in pickle.dumps(model)
    again = pickle.loads(pickle.dumps(model))
    for layer in again.layers:
        with pytest.raises(StateError, match="backward was called before forward; call"):
            layer.backward(np.ones((3000, 12), np.float32))
    np.testing.assert_array_equal(again.scores(x), model.scores(x))


@pytest.mark.parametrize("make", [MSELoss, CrossEntropyLoss])
def test_copies_of_losses_carry_no_scores(make):
    loss = make()
    fresh = len(pickle.dumps(loss))
    loss(np.ones((4000, 10)), np.ones((4000, 10)))
    again = pickle.loads(pickle.dumps(loss))
    assert len(pickle.dumps(loss)) == fresh
    with pytest.raises(StateError, match="before forward"):
        again.backward()


class Cubed(Layer):
    remembers = ("seen",)

    def forward(self, x):
        self.seen, self.output = x, x**3
        return self.output

    def backward(self, grad_output):
        return grad_output * 3 * self.seen**2


def test_a_layer_says_what_else_it_remembers():
    layer, x = Cubed(), rows(3000)
    layer(x)
    assert x[:1].tobytes() not in pickle.dumps(layer)
    assert not hasattr(copy.deepcopy(layer), "seen")
    assert gradcheck(layer, MSELoss(), rows(3), np.ones((3, 4)), verbose=False).right
