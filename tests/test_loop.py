"""train, valid, test and fit: means over samples, one loop for labels and targets, and what stops them."""

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import glasswork
from glasswork import (
    MLP,
    SGD,
    AdamW,
    Average,
    Batches,
    BinaryCrossEntropyLoss,
    CrossEntropyLoss,
    DivergedError,
    EpochResult,
    InputError,
    Linear,
    MSELoss,
    PoissonLoss,
    Progress,
    ReLU,
    StateError,
    StopTraining,
    compiled,
    fit,
    normalize,
    test as accuracy,  # by its own name pytest would take it for a test
    train,
    valid,
)
from glasswork.engine.threads import limited_to
from glasswork.training.threads import choose_threads

pytestmark = pytest.mark.usefixtures("kernels")

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
    model, other = network(), network()
    next(fit(model, *loaders(data), sgd(model), MSELoss(), epochs=2))
    train(other, loaders(data)[0], sgd(other), MSELoss())
    assert_same_weights(model, copies(other))


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
    remedy = "the loader gave no batches; a generator can be looped over only once, so create a new one"
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
    with pytest.raises(InputError, match="train: the loader gave no batches"):
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


def test_fit_without_validation_takes_the_same_steps(data):
    model, other = network(), network()
    with_validation = list(fit(model, *loaders(data), sgd(model), MSELoss(), epochs=3))
    without = list(fit(other, loaders(data)[0], None, sgd(other), MSELoss(), epochs=3))
    assert [r.train_loss for r in without] == [r.train_loss for r in with_validation]
    assert all(np.isnan([r.valid_loss, r.valid_accuracy]).all() for r in without)
    for p, q in zip(model.parameters(), other.parameters(), strict=True):
        np.testing.assert_array_equal(p, q)


def test_fit_without_validation_cannot_be_patient_but_finds_what_diverged(data):
    model = network(output_activation=None)
    train_loader = loaders(data)[0]
    with pytest.raises(InputError, match="patience watches the validation images"):
        fit(model, train_loader, None, sgd(model), MSELoss(), epochs=3, patience=2)
    before = [p.copy() for p in model.parameters()]
    with pytest.raises(DivergedError, match=r"epoch 1: .*learning rate of 1e\+200"):
        list(fit(model, train_loader, None, sgd(model, lr=1e200), MSELoss(), epochs=3))
    for p, q in zip(model.parameters(), before, strict=True):
        np.testing.assert_array_equal(p, q)


def test_names_are_those_of_the_front_door():
    assert (glasswork.train, glasswork.valid, glasswork.test, glasswork.fit) == (train, valid, accuracy, fit)


@pytest.mark.parametrize("labels", [np.zeros((10, 1), int), np.zeros(1, int), np.full(10, -1), np.array(["1"] * 10)])
def test_labels_that_do_not_fit_are_refused_when_testing_too(data, labels):
    with pytest.raises(InputError, match="labels"):
        glasswork.test(network(), [(data[0][:10], labels)])


def test_an_optimizer_of_another_model_is_found(data):
    """As when the model is made anew in a notebook and the optimizer is not."""
    old, new = network(), network()
    with pytest.raises(StateError, match="holds parameters that are not this model's: they belong to another model, "):
        train(new, [(data[0][:10], data[1][:10])], sgd(old), MSELoss())


@pytest.mark.parametrize("numbers", [{"epochs": -1}, {"epochs": 2.5}, {"epochs": "3"}, {"epochs": 2, "patience": 0}])
def test_numbers_of_epochs_that_cannot_be(data, numbers):
    model = network()
    loader = [(data[0][:10], data[1][:10])]
    with pytest.raises(InputError, match="fit: expected"):
        list(fit(model, loader, loader, sgd(model), MSELoss(), **numbers))


# Which weights are left ---------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{"patience": 9}, {"average": 0.5}, {}], ids=str)
def test_an_iterator_that_is_dropped_later_changes_nothing(data, options):
    """A notebook that keeps it, trains the model on by other means, and then forgets it."""
    model = network()
    epochs = fit(model, *loaders(data), sgd(model), MSELoss(), epochs=5, **options)
    next(epochs)
    list(fit(model, *loaders(data), sgd(model, lr=1), MSELoss(), epochs=9))
    trained = copies(model)
    epochs.close()
    del epochs
    assert_same_weights(model, trained)


@pytest.mark.parametrize("options", [{"patience": 9}, {"average": 0.5}, {}], ids=str)
def test_whenever_an_epoch_is_yielded_the_model_holds_what_was_validated(data, options):
    model = network()
    _, valid_loader = loaders(data)
    epochs = fit(model, *loaders(data), sgd(model, lr=2), MSELoss(), epochs=6, **options)
    for result in epochs:
        assert valid(model, valid_loader, MSELoss()) == (result.valid_loss, result.valid_accuracy)
        if result.epoch == 4:
            break
    assert valid(model, valid_loader, MSELoss()) == (result.valid_loss, result.valid_accuracy)


def test_early_stopping_leaves_the_best_weights(data):
    """A learning rate that is too large: the accuracy goes up and down."""
    model, states, accuracies = network(), [], []
    for result in fit(model, *loaders(data), sgd(model, lr=3), MSELoss(), epochs=200, patience=4):
        states.append(copies(model))
        accuracies.append(result.valid_accuracy)
    best = int(np.argmax(accuracies))  # the first of the best
    assert len(accuracies) == best + 1 + 4 < 200
    assert_same_weights(model, states[best])


def test_the_average_is_what_is_validated_and_what_is_left(data):
    """Against an average that is followed by hand."""
    model, other = network(), network()
    train_loader, valid_loader = loaders(data)
    results = list(fit(model, train_loader, valid_loader, sgd(model), MSELoss(), epochs=3, average=0.8))
    optimizer, averages = sgd(other), copies(other)
    for step in range(1, 7):
        loader = loaders(data)[0]
        loader.seek((step + 1) // 2, (step + 1) % 2)
        x, y = next(iter(loader))
        train(other, [(x, y)], optimizer, MSELoss())
        decay = min(0.8, step / (step + 9))
        averages = [decay * a + (1 - decay) * p for a, p in zip(averages, other.parameters(), strict=True)]
    for parameter, averaged in zip(model.parameters(), averages, strict=True):
        np.testing.assert_allclose(parameter, averaged, rtol=1e-12, atol=1e-14)
    assert valid(model, valid_loader, MSELoss()) == (results[-1].valid_loss, results[-1].valid_accuracy)


def test_an_average_may_be_ones_own_and_goes_on(data):
    """Three epochs at once are one and then two, with the average, the position and the optimiser kept."""
    model, other = network(), network()
    list(fit(model, *loaders(data), sgd(model), MSELoss(), epochs=3, average=0.9))
    average, optimizer, progress = Average(other.parameters(), 0.9), sgd(other), Progress()
    for epochs in (1, 3):
        list(fit(other, *loaders(data), optimizer, MSELoss(), epochs=epochs, average=average, progress=progress))
    assert average.shown
    assert_same_weights(model, copies(other))


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, DivergedError])
@pytest.mark.parametrize("options", [{}, {"average": 0.5}, {"patience": 9}], ids=str)
def test_an_error_within_an_epoch_brings_back_what_was_validated(data, error, options):
    model = network()

    def fail(progress):
        if progress.epoch == 2:
            raise error("now")

    epochs = fit(model, *loaders(data), sgd(model), MSELoss(), epochs=5, after_step=fail, **options)
    seen = []

    def go():
        for result in epochs:
            seen.append((result.valid_accuracy, copies(model)))

    with pytest.raises(error):
        go()
    assert len(seen) == 2
    best = max(range(2), key=lambda i: (seen[i][0], -i)) if "patience" in options else 1
    assert_same_weights(model, seen[best][1])


@pytest.mark.parametrize("at", [1, 3])
def test_stop_training_ends_it_quietly(at, data):
    """With the weights that were validated last; in the first epoch, where none were, with those of the last step."""
    model, steps, validated = network(), [], []

    def stop(progress):
        steps.append((progress.epoch, progress.batch, copies(model)))
        if progress.step == at:
            raise StopTraining

    for _ in fit(model, *loaders(data), sgd(model), MSELoss(), epochs=5, after_step=stop):
        validated.append(copies(model))
    assert [step[:2] for step in steps] == [(0, 1), (0, 2), (1, 1)][:at]
    assert_same_weights(model, validated[-1] if validated else steps[-1][2])


def test_several_are_called_after_each_step_in_order(data):
    model, called = network(), []
    calls = [lambda p: called.append(("a", p.step)), lambda p: called.append(("b", p.step))]
    train(model, in_batches(data), sgd(model), MSELoss(), after_step=calls)
    assert called == [(name, step) for step in (1, 2, 3) for name in "ab"]


# What suits each other ----------------------------------------------------------------------------


class Wrapped:
    """Not an MLP: it has one, and hands on what the loop asks for."""

    def __init__(self, model):
        self.inner = model
        self.parameters, self.gradients, self.backward = model.parameters, model.gradients, model.backward
        self.mode, self.state, self.set_position = model.mode, model.state, model.set_position

    def __call__(self, x):
        return self.inner(x)


def rich(data):
    return MLP(
        6, [8], 3, activation=ReLU, batch_norm=True, dropout=0.5, noise=0.2, dtype=F64, rng=np.random.default_rng(4)
    )


def test_a_wrapped_model_trains_as_the_model_itself(data):
    """With its dropout, its noise and its statistics, and validated without."""
    model, wrapped = rich(data), Wrapped(rich(data))
    results = []
    for trained in (model, wrapped):
        optimizer = AdamW(trained.parameters(), trained.gradients(), 0.05)
        epochs = fit(trained, *loaders(data), optimizer, CrossLess(), epochs=4, average=0.5, patience=4)
        results.append([(epoch.train_loss, epoch.valid_loss, epoch.valid_accuracy) for epoch in epochs])
    assert results[0] == results[1]
    assert (model.norm1.running_mean != 0).all()
    for name, array in model.state().items():
        np.testing.assert_array_equal(array, wrapped.state()[name], err_msg=name)


class CrossLess(MSELoss):
    """A loss of one's own, which says nothing about what it suits."""


def test_train_tells_random_layers_their_position_and_leaves_the_mode(data):
    model = rich(data)
    train(model, in_batches(data), sgd(model), MSELoss())
    assert model.drop1.position == model.noise1.position == (2, 0)
    statistics = model.norm1.running_mean.copy()
    with model.mode(training=True):  # even if somebody says otherwise around it
        twice = [(*valid(model, in_batches(data), MSELoss()), accuracy(model, in_batches(data))) for _ in range(2)]
        assert model.drop1.training
    assert twice[0] == twice[1]
    np.testing.assert_array_equal(model.norm1.running_mean, statistics)
    assert not any(layer.training for layer in model.layers)


@pytest.mark.parametrize("whose", ["ours", "a student's"])
def test_masks_go_on_where_another_epoch_ended(data, listing, whose):
    """Called epoch by epoch, as in the handout, train draws new masks each time; also by an optimiser without count."""
    model, drawn = rich(data), []
    optimizer = (sgd if whose == "ours" else lambda m: listing.SGD(m.parameters(), m.gradients()))(model)
    for _ in range(2):
        train(model, in_batches(data)[:1], optimizer, MSELoss(), after_step=lambda _: drawn.append(model.drop1.mask))
        drawn[-1] = drawn[-1].copy()
    assert (drawn[0] != drawn[1]).any()


def test_predicting_between_loss_and_backward_changes_no_gradient(data):
    x, y = data
    gradients = []
    for look in (False, True):
        model, loss = rich(data), MSELoss()
        loss(model.forward(x), np.eye(3)[y])
        if look:
            model.predict(x[:3])
            model.probabilities(x[5:])
        model.backward(loss.backward())
        gradients.append([gradient.copy() for gradient in model.gradients()])
    for a, b in zip(*gradients, strict=True):
        np.testing.assert_array_equal(a, b)


def test_squashed_scores_are_refused_by_cross_entropy(data):
    model = network()
    before = copies(model)
    for call in (
        lambda: train(model, in_batches(data), sgd(model), CrossEntropyLoss()),
        lambda: next(fit(model, *loaders(data), sgd(model), CrossEntropyLoss(), epochs=1)),
    ):
        with pytest.raises(InputError, match=r"CrossEntropyLoss.*takes logits.*output_activation=None"):
            call()
    assert_same_weights(model, before)
    logits = network(output_activation=None)
    train(logits, in_batches(data), sgd(logits), CrossEntropyLoss())


def test_a_layer_that_was_replaced_after_the_optimizer_was_made(data):
    model = network()
    optimizer = sgd(model)
    model.linear1 = Linear(6, 4, dtype=F64)
    with pytest.raises(StateError, match=r"layers or arrays that have been replaced; create the optimizer after"):
        train(model, in_batches(data), optimizer, MSELoss())
    train(model, in_batches(data), sgd(model), MSELoss())


@pytest.mark.parametrize("name", ["weight", "grad_weight"])
def test_arrays_of_a_students_layer_that_were_rebound(data, listing, name):
    """``linear1.weight = ...``: the optimiser holds the old array, and nothing would be learnt."""
    student = listing.MLP(6, 4, 3)
    optimizer = listing.SGD(student.parameters(), student.gradients(), lr=0.5)
    setattr(student.linear1, name, getattr(student.linear1, name) * 1.0)
    with pytest.raises(StateError, match="that are not this model's"):
        train(student, in_batches(data), optimizer, listing.MSELoss())


@pytest.mark.parametrize("loop", ["train", "fit"])
def test_a_students_backward_that_rebinds_its_gradients(data, listing, loop):
    """``self.grad_weight = np.dot(...)``, the most common slip: said in the first step, before anything moved."""

    class Rebinding(listing.Linear):
        def backward(self, grad_output):
            self.grad_weight = np.dot(self.input.T, grad_output)
            self.grad_bias[...] = grad_output.mean(axis=0)
            return np.dot(grad_output, self.weight.T)

    student = listing.MLP(6, 4, 3)
    student.linear2 = Rebinding(4, 3)
    before = copies(student)
    optimizer = listing.SGD(student.parameters(), student.gradients(), lr=0.5)
    run = {
        "train": lambda: train(student, in_batches(data), optimizer, listing.MSELoss()),
        "fit": lambda: list(fit(student, *loaders(data), optimizer, listing.MSELoss(), epochs=2)),
    }[loop]
    with pytest.raises(StateError, match=r"replaced 1 of the model's 4 gradients .* gradients\(\)\[2\].*\[\.\.\.\] = "):
        run()
    assert_same_weights(student, before)


def test_an_optimizer_for_some_of_the_parameters(data):
    """As in fine-tuning: those of the last layer are all that moves."""
    model = network()
    before = copies(model)
    last = model.linear2
    train(model, in_batches(data), SGD(last.parameters(), last.gradients()), MSELoss())
    moved = [(a != b).any() for a, b in zip(before, model.parameters(), strict=True)]
    assert moved == [False, False, True, True]


def test_a_students_model_may_call_things_as_it_likes(data, listing):
    """A ``position`` or ``steps`` of its own mean nothing to us."""
    student = listing.MLP(6, 4, 3)
    student.position = "goalkeeper"
    optimizer = listing.SGD(student.parameters(), student.gradients(), lr=0.5)
    optimizer.steps = ["one", "two"]
    train(student, in_batches(data), optimizer, listing.MSELoss())


# Threads ------------------------------------------------------------------------------------------


def blas():
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


@pytest.fixture
def two_threads():
    """NumPy's BLAS with two threads, whatever the machine and the test runner have."""
    with threadpool_limits(2, user_api="blas"):
        assert set(blas()) == {2}
        yield


@pytest.mark.usefixtures("two_threads")
def test_interleaved_trainings_have_their_own_threads_and_leave_the_process_as_it_was(data):
    seen = {1: [], 2: []}

    def training(threads):
        model = network()
        calls = {"after_step": lambda _: seen[threads].append(set(blas())), "threads": threads}
        return fit(model, *loaders(data), sgd(model), MSELoss(), epochs=3, **calls)

    one, two = training(1), training(2)
    for _ in range(3):
        next(one)
        assert set(blas()) == {2}
        next(two)
        assert set(blas()) == {2}
    assert seen == {1: [{1}] * 6, 2: [{2}] * 6}
    del one
    assert set(blas()) == {2}


@pytest.mark.usefixtures("two_threads")
def test_an_error_leaves_the_process_as_it_was(data):
    model = network()

    def fail(_):
        assert set(blas()) == {1}  # small work
        raise RuntimeError

    with pytest.raises(RuntimeError):
        train(model, in_batches(data), sgd(model), MSELoss(), after_step=fail)
    assert set(blas()) == {2}


@pytest.mark.usefixtures("two_threads")
def test_two_trainings_in_two_python_threads(data):
    """Each as if it were alone, and the process as it was when both have ended, whichever ends first."""
    meet = threading.Barrier(2, timeout=20)

    def training(threads):
        model = network()
        wait = lambda progress: meet.wait() if progress.step <= 4 else None  # noqa: E731
        list(fit(model, *loaders(data), sgd(model), MSELoss(), epochs=2 + threads, after_step=wait, threads=threads))
        return copies(model)

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(training, (1, 2)))
    assert set(blas()) == {2}
    for weights, threads in zip(results, (1, 2), strict=True):
        alone = network()
        list(fit(alone, *loaders(data), sgd(alone), MSELoss(), epochs=2 + threads))
        for weight, expected in zip(weights, alone.parameters(), strict=True):
            np.testing.assert_allclose(weight, expected, rtol=1e-12)


@pytest.mark.usefixtures("two_threads")
def test_how_many_threads_is_a_matter_of_size_alone(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)  # which would grant fewer
    assert choose_threads(0, batch_size=100, weights=39_700) == 1
    assert choose_threads(0, batch_size=1000, weights=1_000_000) == 2
    assert choose_threads(1, batch_size=1000, weights=1_000_000) == 1
    assert choose_threads(64, batch_size=1, weights=1) == 2
    with limited_to(1):  # as another training does at that moment
        assert choose_threads(0, batch_size=1000, weights=1_000_000) == 2


def test_one_model_in_eight_threads(mnist):
    """Called, validated and asked for labels, all at once: each answer is the one that it gives alone."""
    images, labels = normalize(mnist[0][:2500]), mnist[1][:2500]
    model = MLP(784, [64, 32], 10, activation=ReLU, batch_norm=True, dropout=0.5, rng=np.random.default_rng(4))
    parts = [slice(start, start + 250) for start in range(0, 2500, 250)] * 2
    asked = {
        "predict": lambda part: model.predict(images[part]).tolist(),
        "call": lambda part: model(images[part]).argmax(axis=1).tolist(),
        "probabilities": lambda part: model.probabilities(images[part]).argmax(axis=1).tolist(),
        "valid": lambda part: valid(model, [(images[part], labels[part])], MSELoss()),
    }
    expected = {name: [ask(part) for part in parts] for name, ask in asked.items()}
    with ThreadPoolExecutor(8) as pool:
        asking = {name: [pool.submit(ask, part) for part in parts] for name, ask in asked.items()}
    for name, futures in asking.items():
        answers = [future.result() for future in futures]
        if name == "valid":  # the last digit of a loss may depend on how many threads the others leave to its products
            np.testing.assert_allclose(answers, expected[name], rtol=1e-6)
        else:
            assert answers == expected[name]


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_limits_end_in_any_order_and_the_newest_holds(order):
    """As where a training, a prediction and a run overlap in several threads, on either engine."""
    limits = [limited_to(threads) for threads in (1, 2, 1)]
    for limit in limits:
        limit.__enter__()
    left = [1, 2, 1]
    for i in order:
        limits[i].__exit__(None, None, None)
        left[i] = None
        newest = [threads for threads in left if threads]
        assert set(blas()) == {newest[-1] if newest else 2}


def test_a_training_and_a_compiled_prediction_that_overlap_leave_the_process_as_it_was(data):
    model, done = compiled(MLP(6, [4], 3, rng=np.random.default_rng(1))), threading.Event()

    def predict():
        while not done.is_set():
            model.scores(data[0])

    with threadpool_limits(2, user_api="blas"):  # also of SciPy's, which the engine has loaded
        with ThreadPoolExecutor(1) as pool:
            predicting = pool.submit(predict)
            for _ in range(20):
                ours = network()
                train(ours, in_batches(data), sgd(ours), MSELoss())
            done.set()
            predicting.result()
        assert set(blas()) == {2}


@pytest.mark.parametrize("options", [{"patience": 2}, {"average": 0.9}])
def test_a_model_whose_state_is_copies_is_refused_where_weights_are_kept(options, data):
    class Copying(type(network())):
        def state(self):
            return {name: array.copy() for name, array in super().state().items()}

    model = network()
    model.__class__ = Copying
    with pytest.raises(InputError, match=r"expected state\(\) to return the model's own arrays"):
        next(fit(model, *loaders(data), sgd(model), MSELoss(), epochs=1, **options))


def test_an_average_of_another_model_is_refused(data):
    model = network()
    for arrays in (network().state().values(), copies(model)):
        with pytest.raises(StateError, match="fit: this average holds arrays that are not this model's"):
            fit(model, *loaders(data), sgd(model), MSELoss(), epochs=1, average=Average(arrays, 0.9))


def test_the_area_under_the_curve_is_of_two_classes(data):
    model = network()
    with pytest.raises(InputError, match=r"fit: auc is for two classes, but MLP.* has \d+ outputs; choose f1"):
        fit(model, *loaders(data), sgd(model), MSELoss(), epochs=1, monitor="auc")


def test_an_array_in_place_of_a_loader_is_refused(data):
    model = network()
    for call in (
        lambda: accuracy(model, np.zeros((20, 6))),
        lambda: train(model, np.zeros((20, 6)), sgd(model), MSELoss()),
    ):
        with pytest.raises(InputError, match=r"expected a loader of batches, got an array of shape \(20, 6\)"):
            call()


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
@pytest.mark.parametrize("loss", [BinaryCrossEntropyLoss(), PoissonLoss()])
def test_targets_outside_a_loss_are_refused_by_every_engine(data, loss, engine):
    model = network(output_activation=None)
    targets = Batches(data[0], np.full((25, 3), -1.0), 5, seed=1, targets=True, dtype=F64)
    with pytest.raises(InputError, match=r"expected targets .*, got -1 to -1"):
        fit(model, targets, None, sgd(model), loss, epochs=1, engine=engine)
