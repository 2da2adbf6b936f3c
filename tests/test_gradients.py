"""Every backward is the derivative of its forward: layers, losses and whole networks against finite differences.

The differences are taken here, not by glasswork.gradcheck, so that neither can hide a fault of the other.
"""

import numpy as np
import pytest

import glasswork.nn
from glasswork import (
    GELU,
    MLP,
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
)
from glasswork.nn import Activation, BinaryCrossEntropyLoss, Loss, PoissonLoss, RandomLayer
from glasswork.nn.scale import Scale

F64 = np.float64


def rng():
    return np.random.default_rng(20)


def training(layer):
    layer.set_training(True)
    if isinstance(layer, RandomLayer):
        layer.set_position(3)
    return layer


# A new layer gets its line here: its name, how it is made in float64, and how many features it takes.
LAYERS = {
    "Linear 1 to 1": (lambda: Linear(1, 1, dtype=F64, rng=rng()), 1),
    "Linear 1 to 50": (lambda: Linear(1, 50, dtype=F64, rng=rng()), 1),
    "Linear 3 to 1": (lambda: Linear(3, 1, dtype=F64, rng=rng()), 3),
    "Linear 50 to 3": (lambda: Linear(50, 3, dtype=F64, rng=rng()), 50),
    "Linear 50 to 50": (lambda: Linear(50, 50, dtype=F64, rng=rng()), 50),
    "Sigmoid of 1": (lambda: Sigmoid(dtype=F64), 1),
    "Sigmoid of 3": (lambda: Sigmoid(dtype=F64), 3),
    "Sigmoid of 50": (lambda: Sigmoid(dtype=F64), 50),
    "Tanh": (lambda: Tanh(dtype=F64), 3),
    "ReLU": (lambda: ReLU(dtype=F64), 50),
    "LeakyReLU": (lambda: LeakyReLU(dtype=F64), 50),
    "LeakyReLU of slope 0.3": (lambda: LeakyReLU(0.3, dtype=F64), 50),
    "SiLU": (lambda: SiLU(dtype=F64), 3),
    "GELU": (lambda: GELU(dtype=F64), 3),
    "Identity": (lambda: Identity(dtype=F64), 3),
    "Dropout, evaluating": (lambda: Dropout(0.4, dtype=F64), 50),
    "Dropout, training": (lambda: training(Dropout(0.4, dtype=F64)), 50),
    "GaussianNoise, evaluating": (lambda: GaussianNoise(0.4, dtype=F64), 3),
    "GaussianNoise, training": (lambda: training(GaussianNoise(0.4, dtype=F64)), 50),
    "Scale": (lambda: Scale(0.25, 1.5, dtype=F64), 3),
    "BatchNorm, evaluating": (lambda: BatchNorm(3, dtype=F64), 3),
    "BatchNorm of 1, training": (lambda: training(BatchNorm(1, dtype=F64)), 1),
    "BatchNorm of 50, training": (lambda: training(BatchNorm(50, dtype=F64)), 50),
}


def cross_entropy(pred, target):
    logs = np.log(np.exp(pred) / np.exp(pred).sum())
    return -sum(t * log for t, log in zip(target, logs, strict=True))


def binary_cross_entropy(pred, target):
    chance = 1 / (1 + np.exp(-pred))
    return -sum(t * np.log(c) + (1 - t) * np.log(1 - c) for c, t in zip(chance, target, strict=True))


def poisson_deviance(pred, target):
    return sum(t * np.log(t / np.exp(p)) - t + np.exp(p) for p, t in zip(pred, target, strict=True))


# A new loss gets its line here: how it is made, and how it is written down for one sample.
LOSSES = {
    "MSELoss": (MSELoss, lambda pred, target: sum((p - t) ** 2 for p, t in zip(pred, target, strict=True))),
    "CrossEntropyLoss": (CrossEntropyLoss, cross_entropy),
    "CrossEntropyLoss, smoothed": (
        lambda: CrossEntropyLoss(label_smoothing=0.2),
        lambda pred, target: cross_entropy(pred, 0.8 * target + 0.2 / len(target)),
    ),
    "BinaryCrossEntropyLoss": (BinaryCrossEntropyLoss, binary_cross_entropy),
    "PoissonLoss": (PoissonLoss, poisson_deviance),
}

# A new activation gets a line for each place in which it may stand: (hidden, options).
NETWORKS = {
    "no hidden layer": ([], {}),
    "one hidden layer": ([4], {}),
    "one hidden neuron": (1, {}),
    "three hidden layers": ([4, 3, 5], {}),
    "logits": ([4], {"output_activation": None}),
    "no hidden layer, logits": ([], {"output_activation": None}),
    "three activations": ([4, 3, 5], {"activation": [Tanh, GELU, SiLU], "output_activation": Identity}),
    "corners": ([8, 8], {"activation": [ReLU, LeakyReLU], "output_activation": None}),
    "batch norm": ([4, 3], {"batch_norm": True}),
    "dropout": ([8, 8], {"dropout": 0.3, "input_dropout": 0.2}),
    "noise": ([4, 3], {"noise": 0.3, "input_noise": 0.5}),
    "all that trains otherwise": (
        [5, 4],
        {"batch_norm": True, "dropout": 0.2, "input_dropout": 0.2, "noise": 0.3, "input_noise": 0.5},
    ),
}

BATCHES = [1, 7]
WIDTHS = [1, 3, 10]


def numeric_gradient(value, array, h=1e-4):
    """Return d value() / d array, element by element, by the five-point formula, whose error is h⁴."""
    gradient = np.zeros_like(array)
    for index in np.ndindex(array.shape):
        kept = array[index]
        at = {}
        for k in (-2, -1, 1, 2):
            array[index] = kept + k * h
            at[k] = value()
        array[index] = kept
        gradient[index] = (at[-2] - 8 * at[-1] + 8 * at[1] - at[2]) / (12 * h)
    return gradient


def assert_same(analytic, numeric):
    """Equal to 1e-8 of the largest element; and not by being zero."""
    assert analytic.shape == numeric.shape
    assert np.abs(numeric).max() > 0
    np.testing.assert_allclose(analytic, numeric, rtol=0, atol=1e-8 * np.abs(numeric).max())


def test_no_layer_and_no_loss_is_left_out():
    def published(base):
        things = vars(glasswork.nn).values()
        return {t for t in things if isinstance(t, type) and issubclass(t, base) and t is not base}

    assert published(Layer) - {Activation, RandomLayer} == {type(make()) for make, _ in LAYERS.values()}
    assert published(Loss) == {type(make()) for make, _ in LOSSES.values()}


@pytest.mark.parametrize(
    ("name", "batch"),
    [
        (n, b)
        for n in LAYERS
        for b in BATCHES
        if b > 1 or n not in ("BatchNorm of 1, training", "BatchNorm of 50, training")
    ],
)
def test_layer(name, batch):
    make, features = LAYERS[name]
    layer = make()
    draw = rng()
    x = draw.normal(size=(batch, features))
    x += 0.01 * np.sign(x)  # no closer to a corner than differences reach
    for parameter in layer.parameters():
        parameter[...] += draw.normal(size=parameter.shape)  # biases, too, away from zero
    upstream = draw.normal(size=layer(x).shape)

    def value():
        return float((layer(x) * upstream).sum())

    value()
    grad_input = layer.backward(upstream).copy()
    gradients = [gradient.copy() for gradient in layer.gradients()]
    assert_same(grad_input, numeric_gradient(value, x))
    for parameter, gradient in zip(layer.parameters(), gradients, strict=True):
        assert_same(gradient, numeric_gradient(value, parameter))


@pytest.mark.parametrize("name", LAYERS)
def test_layer_after_batches_of_other_sizes(name):
    """What is left in reused memory by a larger batch must not show in a smaller one."""
    make, features = LAYERS[name]
    used, fresh = training(make()), training(make())
    draw = rng()
    x = draw.normal(size=(3, features))
    for batch in (7, 2):
        used.backward(np.ones_like(used.forward(np.full((batch, features), 0.7))))
    upstream = draw.normal(size=fresh(x).shape)
    np.testing.assert_array_equal(used.forward(x), fresh.forward(x))
    np.testing.assert_array_equal(used.backward(upstream), fresh.backward(upstream))
    for a, b in zip(used.gradients(), fresh.gradients(), strict=True):
        np.testing.assert_array_equal(a, b)


WITH_PARAMETERS = [name for name, (make, _) in LAYERS.items() if make().parameters()]


@pytest.mark.parametrize("way", ["backward", "backward_parameters"])
@pytest.mark.parametrize("name", WITH_PARAMETERS)
def test_gradients_are_overwritten_and_not_added_to(name, way):
    """Whatever was there before, and whichever of the two ways fills them."""
    make, features = LAYERS[name]
    clean, dirty = make(), make()
    draw = rng()
    x = draw.normal(size=(4, features))
    upstream = draw.normal(size=clean(x).shape)
    clean.backward(upstream)
    dirty(x)
    for gradient in dirty.gradients():
        gradient.fill(7)
    getattr(dirty, way)(upstream)
    for a, b in zip(clean.gradients(), dirty.gradients(), strict=True):
        assert a.any()
        np.testing.assert_array_equal(a, b)


def test_there_are_layers_with_parameters():
    assert {type(LAYERS[name][0]()) for name in WITH_PARAMETERS} == {Linear, BatchNorm}


def refused(name, width):
    """Whether the loss refuses scores of this width: softmax of one score is always 1."""
    if width > 1 or not name.startswith("CrossEntropy"):
        return False
    with pytest.raises(InputError, match="use two outputs, or output_activation='sigmoid' with MSELoss"):
        LOSSES[name][0]()(np.zeros((3, 1)), np.ones((3, 1)))
    return True


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("name", LOSSES)
class TestLoss:
    """One normaliser for the value and for the gradient, whatever the width and the batch."""

    def test_value_is_the_mean_over_samples(self, name, batch, width):
        if refused(name, width):
            return
        make, of_one_sample = LOSSES[name]
        pred, target = rng().random((2, batch, width))
        target /= target.sum(axis=1, keepdims=True)
        by_hand = sum(of_one_sample(p, t) for p, t in zip(pred, target, strict=True)) / batch
        assert make()(pred, target) == pytest.approx(by_hand, rel=1e-13, abs=1e-15)

    def test_gradient(self, name, batch, width):
        if refused(name, width):
            return
        loss = LOSSES[name][0]()
        pred, target = rng().random((2, batch, width))
        target /= target.sum(axis=1, keepdims=True)
        loss(pred, target)
        gradient = loss.backward()
        assert_same(gradient, numeric_gradient(lambda: loss(pred, target), pred))

    def test_inputs_are_left_alone(self, name, batch, width):
        if refused(name, width):
            return
        loss = LOSSES[name][0]()
        pred, target = rng().random((2, batch, width))
        before = pred.tobytes(), target.tobytes()
        loss(pred, target)
        loss.backward()
        assert (pred.tobytes(), target.tobytes()) == before


#: Every network with every loss; those that train otherwise than they evaluate in both modes; one image alone.
NETWORK_CASES = [
    *((name, 7, loss, "training") for name in NETWORKS for loss in LOSSES),
    *((name, 7, "MSELoss", "evaluating") for name in NETWORKS if name in ("batch norm", "dropout", "noise")),
    ("three hidden layers", 1, "MSELoss", "evaluating"),
]


@pytest.mark.parametrize(("name", "batch", "loss_name", "mode"), NETWORK_CASES)
def test_network(name, batch, loss_name, mode):
    hidden, options = NETWORKS[name]
    model = MLP(6, hidden, 3, dtype=F64, rng=rng(), **options)
    loss = LOSSES[loss_name][0]()
    draw = np.random.default_rng(21)
    for parameter in model.parameters():
        parameter[...] += draw.normal(size=parameter.shape)
    x, target = draw.normal(size=(batch, 6)), draw.dirichlet([1, 1, 1], batch)

    def value():
        return loss(model(x), target)

    model.set_position(5)
    with model.mode(training=mode == "training"):
        value()
        model.backward(loss.backward())
        gradients = [gradient.copy() for gradient in model.gradients()]
        for parameter, gradient in zip(model.parameters(), gradients, strict=True):
            numeric = numeric_gradient(value, parameter)
            np.testing.assert_allclose(gradient, numeric, rtol=0, atol=1e-8 * max(np.abs(numeric).max(), 1e-2))
    assert any(gradient.any() for gradient in gradients)


def test_bias_grad_mean_is_the_true_gradient_by_the_batch():
    """The handout's listing: everything else is the true gradient."""
    true, mean = (Linear(3, 2, dtype=F64, rng=rng(), bias_grad=kind) for kind in ("sum", "mean"))
    draw = rng()
    x, upstream = draw.normal(size=(8, 3)), draw.normal(size=(8, 2))
    for layer in (true, mean):
        layer(x)
    np.testing.assert_array_equal(mean.backward(upstream), true.backward(upstream))
    np.testing.assert_array_equal(mean.grad_weight, true.grad_weight)
    np.testing.assert_array_equal(mean.grad_bias, true.grad_bias / 8)  # 8 is a power of two: exactly
