"""train, valid, test and fit: means over samples, one loop for labels and targets, and what stops them."""

import numpy as np
import pytest

import glasswork
from glasswork import (
    MLP,
    SGD,
    Batches,
    DivergedError,
    EpochResult,
    InputError,
    MSELoss,
    StateError,
    fit,
    test as accuracy,  # by its own name pytest would take it for a test
    train,
    valid,
)

F64 = np.float64


@pytest.fixture
def data():
    """25 samples of 6 features, labels 0 to 2."""
    draw = np.random.default_rng(2)
    return draw.normal(size=(25, 6)), draw.integers(0, 3, 25)


def network(dtype=F64, **options):
    return MLP(6, 4, 3, dtype=dtype, rng=np.random.default_rng(4), **options)


def sgd(model, lr=0.1):
    return SGD(model.parameters(), model.gradients(), lr=lr)


def in_batches(data, size=10, onehot=False):
    x, y = data
    target = np.eye(3)[y] if onehot else y
    return [(x[i : i + size], target[i : i + size]) for i in range(0, len(x), size)]


def squared_errors(model, data):
    """Each sample's own, ``(N,)``, by scores that are taken one by one."""
    x, y = data
    scores = np.concatenate([model(row[None]) for row in x])
    return ((scores - np.eye(3)[y]) ** 2).sum(axis=1), scores.argmax(axis=1) == y


def copies(model):
    return [parameter.copy() for parameter in model.parameters()]


def assert_same_weights(model, weights):
    for parameter, weight in zip(model.parameters(), weights, strict=True):
        np.testing.assert_array_equal(parameter, weight)


# The numbers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 5, 10, 25])
def test_losses_are_means_over_samples(data, size):
    """Of 25 samples in batches of 10 the last batch has 5, and counts for 5."""
    model = network()
    errors, right = squared_errors(model, data)
    batches = in_batches(data, size)
    valid_loss, valid_accuracy = valid(model, batches, MSELoss())
    assert valid_loss == pytest.approx(errors.mean(), rel=1e-13)
    assert valid_accuracy == pytest.approx(100 * right.mean(), rel=1e-13)
    assert accuracy(model, batches) == pytest.approx(100 * right.mean(), rel=1e-13)
    assert train(model, batches, sgd(model, lr=0), MSELoss()) == pytest.approx(errors.mean(), rel=1e-13)
    assert 0 < right.mean() < 1


def test_train_loss_is_taken_while_the_weights_move(data):
    """Against the three steps done one by one, each batch's errors taken before its step."""
    model, other = network(), network()
    loss = train(model, in_batches(data), sgd(model, lr=0.5), MSELoss())
    total = 0.0
    for x, y in in_batches(data):
        total += squared_errors(other, (x, y))[0].sum()
        scores = other(x)
        other.backward(2 * (scores - np.eye(3)[y]) / len(x))
        for p, g in zip(other.parameters(), other.gradients(), strict=True):
            p[...] -= 0.5 * g
    assert loss == pytest.approx(total / 25, rel=1e-13)
    for p, q in zip(model.parameters(), other.parameters(), strict=True):
        np.testing.assert_allclose(p, q, rtol=1e-12, atol=1e-15)


def test_valid_and_test_move_nothing(data):
    model = network()
    before = copies(model)
    valid(model, in_batches(data), MSELoss())
    accuracy(model, in_batches(data))
    assert_same_weights(model, before)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_labels_and_onehot_targets_are_the_same(data, dtype):
    results = []
    for onehot in (False, True):
        model = network(dtype)
        loss = train(model, in_batches(data, onehot=onehot), sgd(model), MSELoss())
        batches = in_batches(data, onehot=onehot)
        results.append((loss, valid(model, batches, MSELoss()), accuracy(model, batches), copies(model)))
    (*first, weights), (*second, other_weights) = results
    assert first == second
    for a, b in zip(weights, other_weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_results_are_plain_floats(data):
    model = network(np.float32)
    loss = train(model, in_batches(data), sgd(model), MSELoss())
    numbers = [loss, *valid(model, in_batches(data), MSELoss()), accuracy(model, in_batches(data))]
    assert {type(number) for number in numbers} == {float}


def test_criterion_is_the_one_that_is_handed_over(data):
    """The listing calls a global: here the loss that is differentiated is the loss that was taken."""

    class Tripled(MSELoss):
        def forward(self, pred, target):
            return 3 * super().forward(pred, target)

        def backward(self):
            return 3 * super().backward()

    a, b = network(), network()
    loss_a = train(a, in_batches(data)[:1], sgd(a, lr=0.3), MSELoss())
    loss_b = train(b, in_batches(data)[:1], sgd(b, lr=0.1), Tripled())
    assert loss_b == pytest.approx(3 * loss_a, rel=1e-14)
    for p, q in zip(a.parameters(), b.parameters(), strict=True):
        np.testing.assert_allclose(p, q, rtol=1e-12, atol=1e-15)


# fit ---------------------------------------------------------------------------------------------


def loaders(data, size=10):
    x, y = data
    return (
        Batches(x, y, size, seed=3, classes=3, dtype=F64),
        Batches(x, y, 25, seed=3, classes=3, dtype=F64, drop_last=False, shuffle=False),
    )


def test_fit_is_train_and_valid(data):
    model, other = network(), network()
    results = list(fit(model, *loaders(data), sgd(model, lr=0.5), MSELoss(), epochs=3))
    train_loader, valid_loader = loaders(data)
    for epoch, result in enumerate(results, start=1):
        assert isinstance(result, EpochResult)
        assert result.epoch == epoch
        assert result.train_loss == train(other, train_loader, sgd(other, lr=0.5), MSELoss())
        assert (result.valid_loss, result.valid_accuracy) == valid(other, valid_loader, MSELoss())
        assert result.learning_rate == 0.5
        assert 0 < result.seconds < 60
    assert len(results) == 3
    assert_same_weights(model, copies(other))


def test_fit_learns(data):
    """Which of the first three features is the largest."""
    model = network()
    data = data[0], data[0][:, :3].argmax(axis=1)
    *_, last = fit(model, *loaders(data), sgd(model, lr=2), MSELoss(), epochs=400)
    assert last.valid_accuracy == 100
    assert last.valid_loss < 0.05


def test_fit_yields_an_epoch_when_it_is_done(data):
    """The stream's readers see the weights of the epoch that they read of; nothing is run ahead."""
    model = network()
    epochs = fit(model, *loaders(data), sgd(model), MSELoss(), epochs=2)
    before = copies(model)
    next(epochs)
    after = copies(model)
    assert any((a != b).any() for a, b in zip(before, after, strict=True))
    assert_same_weights(model, after)


# Divergence --------------------------------------------------------------------------------------


def test_learning_rate_that_diverges(data):
    """A linear output has no ceiling: the loss grows from step to step until it is no number."""
    model = network(output_activation=None)
    before = copies(model)
    with pytest.raises(
        DivergedError,
        match=r"epoch 1: the loss became (inf|nan) at batch \d+ .* 1e\+30; try a smaller one, such as 0\.1",
    ):
        list(fit(model, *loaders(data, size=1), sgd(model, lr=1e30), MSELoss(), epochs=5))
    assert_same_weights(model, before)


def test_weights_are_those_of_the_last_good_epoch(data):
    """Epochs 1 and 2 are good; then somebody turns the learning rate up."""
    model = network(output_activation=None)
    optimizer = sgd(model, lr=0.01)
    epochs = fit(model, *loaders(data, size=1), optimizer, MSELoss(), epochs=5)
    next(epochs)
    next(epochs)
    good = copies(model)
    optimizer.lr = 1e30
    with pytest.raises(DivergedError, match=r"epoch 3: .*; try a smaller one, such as "):
        list(epochs)
    assert_same_weights(model, good)


def test_last_step_of_an_epoch_can_be_the_one_too_far(data):
    """One batch an epoch: its loss is fine, but the weights after its step are not."""
    model = network(np.float32)
    before = copies(model)
    x, y = data
    loader = Batches(x.astype(np.float32), y, 25, seed=3, classes=3)
    with pytest.raises(DivergedError, match=r"epoch 1: .*; try a smaller one, such as "):
        list(fit(model, loader, loader, sgd(model, lr=1e39), MSELoss(), epochs=5))
    assert_same_weights(model, before)


def test_huge_inputs(data):
    """Each of them is a float32, but their sums are not."""
    model = MLP(6, [], 3, output_activation=None, rng=np.random.default_rng(4))
    before = copies(model)
    huge = [(3e38 * np.sign(before[0][:, 0]) * np.ones((10, 1), np.float32), data[1][:10])]
    with pytest.raises(
        DivergedError, match=r"the loss became (inf|nan) at batch 1 of the epoch, with .* 0\.1; try .* 0\.01"
    ):
        train(model, huge, sgd(model), MSELoss())
    assert_same_weights(model, before)


def test_batch_that_is_not_a_number_moves_nothing(data):
    model = network()
    good, bad = in_batches(data)[:2]
    after_good = network()
    train(after_good, [good], sgd(after_good), MSELoss())
    with pytest.raises(DivergedError, match="at batch 2 of the epoch"):
        train(model, [good, (bad[0] * np.nan, bad[1])], sgd(model), MSELoss())
    assert_same_weights(model, copies(after_good))


# What is refused ---------------------------------------------------------------------------------


def test_exhausted_generator(data):
    model = network()
    batches = iter(in_batches(data))
    train(model, batches, sgd(model), MSELoss())
    remedy = "the loader gave no batch; a generator can be looped over only once, so make a new one"
    with pytest.raises(InputError, match=f"train: {remedy}"):
        train(model, batches, sgd(model), MSELoss())
    with pytest.raises(InputError, match=f"valid: {remedy}"):
        valid(model, batches, MSELoss())
    with pytest.raises(InputError, match=f"test: {remedy}"):
        accuracy(model, batches)


def test_fit_with_a_generator_in_place_of_a_loader(data):
    model = network()
    epochs = fit(model, iter(in_batches(data)), in_batches(data), sgd(model), MSELoss(), epochs=2)
    next(epochs)
    with pytest.raises(InputError, match="train: the loader gave no batch"):
        next(epochs)


@pytest.mark.parametrize(("labels", "message"), [([0, 3], "expected 0 to 2, got 3 at row 1"), ([0.5, 1], "float64")])
def test_wrong_labels(data, labels, message):
    model = network()
    with pytest.raises(InputError, match=f"labels: .*{message}"):
        train(model, [(data[0][:2], np.array(labels))], sgd(model), MSELoss())


def test_more_labels_than_images(data):
    model = network()
    with pytest.raises(InputError, match=r"targets \(10, 3\), .*got \(11,\)"):
        train(model, [(data[0][:10], data[1][:11])], sgd(model), MSELoss())


# A student's own ---------------------------------------------------------------------------------


def test_students_own_network(data, listing):
    """The classes of the plain listing in our loop: the same weights as our own in our loop."""
    x, y = data
    np.random.seed(1)
    student = listing.MLP(6, 4, 3)
    np.random.seed(1)
    ours = network()
    for parameter, value in zip(ours.parameters(), student.parameters(), strict=True):
        parameter[...] = value
    for linear in (ours.linear1, ours.linear2):
        linear.bias_grad = "mean"

    student_sgd = listing.SGD(student.parameters(), student.gradients(), lr=0.5)
    results = list(fit(student, *loaders(data), student_sgd, listing.MSELoss(), epochs=3))
    expected = list(fit(ours, *loaders(data), sgd(ours, lr=0.5), MSELoss(), epochs=3))
    for result, other in zip(results, expected, strict=True):
        assert result.train_loss == pytest.approx(other.train_loss, rel=1e-12)
        assert result.valid_loss == pytest.approx(other.valid_loss, rel=1e-12)
        assert result.valid_accuracy == other.valid_accuracy
    for p, q in zip(student.parameters(), ours.parameters(), strict=True):
        np.testing.assert_allclose(p, q, rtol=1e-11)
    assert accuracy(student, [(x, y)]) == accuracy(ours, [(x, y)])


def test_names_are_those_of_the_front_door():
    assert (glasswork.train, glasswork.valid, glasswork.test, glasswork.fit) == (train, valid, accuracy, fit)


@pytest.mark.parametrize("labels", [np.zeros((10, 1), int), np.zeros(1, int), np.full(10, -1), np.array(["1"] * 10)])
def test_labels_that_do_not_fit_are_refused_when_testing_too(data, labels):
    with pytest.raises(InputError, match="labels"):
        glasswork.test(network(), [(data[0][:10], labels)])


def test_an_optimizer_of_another_model_is_found(data):
    """As when the model is made anew in a notebook and the optimizer is not."""
    old, new = network(), network()
    with pytest.raises(StateError, match="moves the parameters of another model"):
        train(new, [(data[0][:10], data[1][:10])], sgd(old), MSELoss())


@pytest.mark.parametrize("numbers", [{"epochs": -1}, {"epochs": 2.5}, {"epochs": "3"}, {"epochs": 2, "patience": 0}])
def test_numbers_of_epochs_that_cannot_be(data, numbers):
    model = network()
    loader = [(data[0][:10], data[1][:10])]
    with pytest.raises(InputError, match="fit: expected"):
        list(fit(model, loader, loader, sgd(model), MSELoss(), **numbers))
