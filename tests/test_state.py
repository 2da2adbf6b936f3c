"""A training that ends early goes on as if it had not, and leaves its user the weights that were validated."""

import contextlib
import functools
import itertools

import numpy as np
import pytest

from glasswork import (
    MLP,
    SGD,
    Adam,
    AdamW,
    Average,
    Batches,
    Dataset,
    DivergedError,
    InputError,
    MSELoss,
    Progress,
    RMSprop,
    StateError,
    StopTraining,
    fit,
    normalize,
    split,
    test as accuracy,  # by its own name pytest would take it for a test
    train,
    valid,
)

pytestmark = pytest.mark.usefixtures("kernels")

FEATURES, CLASSES = 12, 3
PIXELS = np.random.default_rng(0).integers(0, 256, (110, FEATURES), dtype=np.uint8)
LABELS = ((PIXELS - 127.0) @ np.random.default_rng(1).normal(size=(FEATURES, CLASSES))).argmax(axis=1)

OPTIONS = [{}, {"patience": 50}, {"average": 0.9}, {"patience": 50, "average": 0.9}]
ENGINES = ["numpy", "compiled"]
EPOCHS, STEPS = 5, 4  # batches of 20 of 80 images


def network():
    """Return one with much to remember: running statistics, masks that follow the step."""
    return MLP(
        FEATURES, [8], CLASSES, activation="relu", batch_norm=True, dropout=0.2, dtype="float64",
        rng=np.random.default_rng(2),
    )  # fmt: skip


def loaders():
    return (
        Batches(PIXELS[:80], LABELS[:80], 20, seed=3, classes=CLASSES, dtype="float64"),
        Batches(PIXELS[80:], LABELS[80:], 7, seed=3, classes=CLASSES, dtype="float64"),
    )


def arrays(model, optimizer):
    memory = (
        optimizer.state() if hasattr(optimizer, "state") else {"v": np.concatenate([v.ravel() for v in optimizer.v])}
    )
    return {**{name: array.copy() for name, array in model.state().items()}, **memory}


def assert_same(first, second):
    assert first.keys() == second.keys()
    for name in first:
        np.testing.assert_array_equal(first[name], second[name], err_msg=name)


def without_seconds(results):
    return [(r.epoch, r.train_loss, r.valid_loss, r.valid_accuracy, r.learning_rate) for r in results]


class Session:
    """A model, an optimiser and a position that are trained in several calls of fit."""

    def __init__(self, engine, options, optimizer=AdamW, **settings):
        self.model = network()
        self.optimizer = optimizer(self.model.parameters(), self.model.gradients(), **({"lr": 0.02} | settings))
        self.loaders, self.progress, self.results = loaders(), Progress(), []
        self.settings = {"engine": engine, **options}

    def fit(self, epochs=EPOCHS, **more):
        """Yield the epochs of one call."""
        settings = {"progress": self.progress, **self.settings, **more}
        for result in fit(self.model, *self.loaders, self.optimizer, MSELoss(), epochs=epochs, **settings):
            self.results.append(result)
            yield result

    def arrays(self):
        return arrays(self.model, self.optimizer)


def unbroken(engine, options, **settings):
    """Return the session that nothing ever stopped; only looked at, so one serves many tests."""
    return _unbroken(engine, tuple(options.items()), tuple(settings.items()))


@functools.cache
def _unbroken(engine, options, settings):
    session = Session(engine, dict(options), **dict(settings))
    list(session.fit())
    return session


def raise_at(step, error):
    def call(progress):
        if progress.step == step:
            raise error("now")

    return call


# Going on ----------------------------------------------------------------------------------------

#: Steps at which it is stopped: in the first epoch, at an epoch's last step, within a later one.
AT = [2, 2 * STEPS, 2 * STEPS + 3]

WAYS = [KeyboardInterrupt, SystemExit, RuntimeError, StopTraining, "break", "fewer epochs"]


def interrupt(session, way, at):
    """Stop a session in one of several ways."""
    if way == "break":
        for result in session.fit():
            if result.epoch == 1 + at // STEPS:
                break
    elif way == "fewer epochs":
        list(session.fit(epochs=1 + at // STEPS))
    else:
        try:
            list(session.fit(after_step=raise_at(at, way)))
        except way:
            assert way is not StopTraining


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("at", AT)
@pytest.mark.parametrize("way", WAYS, ids=str)
def test_going_on_with_the_same_progress_equals_the_unbroken_training(way, at, options, engine):
    whole, session = unbroken(engine, options), Session(engine, options)
    interrupt(session, way, at)
    interrupt(session, way, at + STEPS + 1)  # and once more
    list(session.fit())
    assert_same(session.arrays(), whole.arrays())
    assert without_seconds(session.results) == without_seconds(whole.results)
    assert session.progress.step == whole.progress.step == EPOCHS * STEPS


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("at", AT)
def test_ctrl_c_in_the_middle_of_a_step(at, options):
    """Some parameters were moved and others not, as a real Ctrl-C leaves them."""

    class Interrupted(Adam):
        armed = True

        def update(self, i, p, g, scratch):
            if self.armed and self.steps == at and i == 2:
                self.armed = False
                raise KeyboardInterrupt
            super().update(i, p, g, scratch)

    whole, session = unbroken("numpy", options, optimizer=Adam), Session("numpy", options, optimizer=Interrupted)
    with pytest.raises(KeyboardInterrupt):
        list(session.fit())
    list(session.fit())
    assert_same(session.arrays(), whole.arrays())


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_a_second_ctrl_c_while_the_last_epoch_is_restored(options):
    """The model holds something of both then; the next call restores the rest before it trains."""

    class Impatient(Adam):
        armed = False

        def load_state(self, state):
            if self.armed:
                self.armed = False
                raise KeyboardInterrupt
            super().load_state(state)

    def stop(progress):
        if progress.step == 2 * STEPS + 3:
            session.optimizer.armed = True
            raise KeyboardInterrupt

    whole, session = unbroken("numpy", options, optimizer=Adam), Session("numpy", options, optimizer=Impatient)
    with pytest.raises(KeyboardInterrupt):
        list(session.fit(after_step=stop))
    assert not session.optimizer.armed
    list(session.fit())
    assert_same(session.arrays(), whole.arrays())


def test_an_average_of_ones_own_and_one_that_fit_makes_go_on_alike():
    whole = unbroken("numpy", {"average": 0.9})
    session = Session("numpy", {})
    average = Average(list(session.model.state().values()), 0.9)
    session.settings["average"] = average
    interrupt(session, StopTraining, 6)
    session.settings["average"] = 0.9
    list(session.fit())
    assert_same(session.arrays(), whole.arrays())


def test_what_a_user_changes_between_two_calls_stays():
    """Weights that are pruned between epochs: the progress is no reason to bring the old ones back."""
    session = Session("numpy", {})
    list(session.fit(epochs=1))
    session.model.linear1.weight[0] = 0
    session.model.linear1.grad_weight[...] = 0
    seen = []
    next(session.fit(epochs=2, after_step=lambda p: seen.append(p.step)))
    assert seen[0] == STEPS + 1
    other = Session("numpy", {})
    list(other.fit(epochs=2))
    assert (session.model.linear1.weight != other.model.linear1.weight).any()


def test_the_progress_of_another_network_is_refused():
    session = Session("numpy", {"patience": 50})
    interrupt(session, StopTraining, 6)
    session.model = MLP(FEATURES, [9], CLASSES, batch_norm=True, dtype="float64")
    session.optimizer = SGD(session.model.parameters(), session.model.gradients())
    with pytest.raises(StateError, match="progress belongs to a model with other shapes"):
        next(session.fit())


# Divergence --------------------------------------------------------------------------------------


class StudentsMomentum:
    """As a student adds it to the handout's SGD."""

    def __init__(self, params, grads, lr):
        self.params, self.grads, self.lr, self.v, self.t = params, grads, lr, [np.zeros_like(p) for p in params], 0

    def step(self):
        self.t += 1
        for i, (p, g) in enumerate(zip(self.params, self.grads, strict=True)):
            self.v[i] = 0.9 * self.v[i] + g
            p[...] = p - self.lr * self.v[i]

    def zero_grad(self):
        for g in self.grads:
            g.fill(0.0)


class NamedMomentum(StudentsMomentum):
    """Which holds the model's own arrays under other names too: alone, in a dict, in a dict of lists."""

    def __init__(self, params, grads, lr):
        super().__init__(params, grads, lr)
        self.first, self.named, self.kinds = params[0], dict(enumerate(params[1:-1], 1)), {"last": [params[-1]]}

    def step(self):
        self.params = [self.first, *self.named.values(), *self.kinds["last"]]
        super().step()


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("with_progress", [True, False])
@pytest.mark.parametrize(
    ("engine", "optimizer", "settings"),
    [("numpy", SGD, {"momentum": 0.9}), ("numpy", AdamW, {}), ("numpy", RMSprop, {}), ("numpy", StudentsMomentum, {}),
     ("numpy", NamedMomentum, {}), ("compiled", SGD, {"momentum": 0.9}), ("compiled", AdamW, {})],
    ids=str,
)  # fmt: skip
def test_a_training_that_diverged_goes_on_from_its_last_good_epoch_whole(
    engine, optimizer, settings, with_progress, options
):
    """With a learning rate as it should be, it is the training that never had the other one."""
    whole = unbroken(engine, options, optimizer=optimizer, **settings)
    session = Session(engine, options, optimizer=optimizer, **settings)
    list(itertools.islice(session.fit(), 2))
    session.optimizer.lr = 1e200
    with pytest.raises(DivergedError, match="epoch 3: "):
        list(session.fit())
    session.optimizer.lr = whole.optimizer.lr
    if not with_progress:  # an average is in the progress
        session.settings.pop("average", None)
        session.progress = None
    list(session.fit(epochs=EPOCHS if with_progress else EPOCHS - 2))
    if with_progress or not options:
        assert_same(session.arrays(), whole.arrays())


def test_a_first_epoch_that_diverges_leaves_everything_as_it_was():
    session = Session("numpy", {}, optimizer=SGD, momentum=0.9)
    before = session.arrays()
    session.optimizer.lr = 1e200
    with pytest.raises(DivergedError, match="epoch 1: "):
        list(session.fit(progress=None))
    assert_same(session.arrays(), before)
    session.optimizer.lr = 0.02
    list(session.fit(progress=None))  # with the same batches in the same order
    assert_same(session.arrays(), unbroken("numpy", {}, optimizer=SGD, momentum=0.9).arrays())


# What the user has -------------------------------------------------------------------------------


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("way", [KeyboardInterrupt, RuntimeError, StopTraining, "break", "fewer epochs"], ids=str)
def test_the_model_is_the_one_whose_validation_was_reported(way, options):
    session = Session("numpy", options, lr=0.3)
    interrupt(session, way, 3 * STEPS + 2)
    reported = session.results
    if "patience" in options and way != "break":
        reported = [max(reported, key=lambda result: (result.valid_accuracy, -result.epoch))]
    measured = valid(session.model, session.loaders[1], MSELoss())
    assert measured == (reported[-1].valid_loss, reported[-1].valid_accuracy)


@pytest.mark.parametrize("way", [KeyboardInterrupt, StopTraining], ids=str)
def test_before_an_epoch_was_validated_the_last_steps_weights_stay(way):
    session, seen = Session("numpy", {"patience": 50}), []

    def stop(progress):
        seen.append(session.model.linear1.weight.copy())
        if progress.step == 3:
            raise way

    with contextlib.suppress(KeyboardInterrupt):
        list(session.fit(after_step=stop))
    np.testing.assert_array_equal(session.model.linear1.weight, seen[-1])


# Datasets ----------------------------------------------------------------------------------------


def dataset(count=140):
    draw = np.random.default_rng(5)
    return Dataset.of(draw.integers(0, 256, (count, 16), dtype=np.uint8), np.arange(count) % 4, shape=(4, 4), name="d")


class Seeing(MLP):
    """Notes the first number of each image that it is trained on, and of each that it is asked for."""

    trained, asked = (), ()

    def forward(self, x):
        seen = np.array(x)[:, 0]
        if self.training:
            self.trained = [*self.trained, seen]
        else:
            self.asked = [*self.asked, seen]
        return super().forward(x)

    def __call__(self, x):
        return self.forward(x).copy()


def students_sgd(model):
    return StudentsMomentum(model.parameters(), model.gradients(), 0.1)


def our_sgd(model):
    return SGD(model.parameters(), model.gradients())


@pytest.mark.parametrize("optimizer", [our_sgd, students_sgd])
@pytest.mark.parametrize("data", [dataset, lambda: split(dataset()).train], ids=["dataset", "part"])
def test_a_dataset_is_shuffled_anew_at_each_call_as_within_one(data, optimizer):
    data, whole, parts = data(), *(Seeing(16, 6, 4, rng=np.random.default_rng(0)) for _ in range(2))
    list(fit(whole, data, data, optimizer(whole), MSELoss(), epochs=3))
    its = optimizer(parts)
    for epoch in range(3):
        if epoch == 1:
            train(parts, data, its, MSELoss())
        else:
            list(fit(parts, data, data, its, MSELoss(), epochs=1))
    np.testing.assert_array_equal(np.concatenate(parts.trained), np.concatenate(whole.trained))
    first, second, _ = np.concatenate(whole.trained).reshape(3, -1)
    assert (first != second).any()


@pytest.mark.parametrize(
    "data",
    [lambda d: d, lambda d: split(d).test, lambda d: Batches(d.images, d.labels, 64, seed=0, classes=4),
     lambda d: Batches(d.images, d.labels, 140, seed=0, classes=4, drop_last=False),
     lambda d: [(normalize(d.images[i : i + 33]), d.labels[i : i + 33]) for i in range(0, 140, 33)]],
    ids=["dataset", "part", "batches", "one batch", "list"],
)  # fmt: skip
def test_an_evaluation_sees_every_image_once(data):
    whole = dataset()
    data = data(whole)
    images = normalize(getattr(data, "images", whole.images))
    labels = getattr(data, "labels", whole.labels)
    model = Seeing(16, 6, 4, rng=np.random.default_rng(0))
    expected = 100 * (model.predict(images) == labels).mean()
    model.asked = ()
    assert accuracy(model, data) == pytest.approx(expected)
    loss, measured = valid(model, data, MSELoss())
    assert measured == pytest.approx(expected)
    assert loss == pytest.approx(np.square(model.scores(images) - np.eye(4)[labels]).sum(axis=1).mean(), rel=1e-5)
    assert sum(map(len, model.asked)) == 2 * len(images)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("engine", ENGINES)
def test_scores_that_are_not_finite_are_no_accuracy(value, engine):
    model = MLP(FEATURES, [8], CLASSES, output_activation=None, dtype="float64")
    model.linear2.bias[0] = value
    for call in (lambda: accuracy(model, loaders()[1]), lambda: valid(model, loaders()[1], MSELoss())):
        with pytest.raises(InputError, match=r"(test|valid): the model's scores are not finite"):
            call()
    optimizer = SGD(model.parameters(), model.gradients(), lr=0.0)
    with pytest.raises(DivergedError):
        list(fit(model, *loaders(), optimizer, MSELoss(), epochs=1, engine=engine))


def test_validating_on_the_training_batches_leaves_their_order_alone():
    """The same loader twice: each epoch of training follows the last, as where it is another one."""
    models = [Session("numpy", {}), Session("numpy", {})]
    models[1].loaders = (models[1].loaders[0],) * 2
    for session in models:
        list(session.fit(progress=None))
    assert_same(*(session.arrays() for session in models))


# At the call -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"model": "no model"},
            r"expected model to be an object such as an MLP, got 'no model', which has no backward\(\)",
        ),
        ({"model": MLP}, "expected model to be an object, got the class MLP"),
        ({"optimizer": None}, r"expected optimizer to be an object such as SGD.*got None, which has no step\(\)"),
        ({"criterion": MSELoss}, "expected criterion to be an object, got the class MSELoss"),
        ({"criterion": 3}, r"expected criterion to be an object such as MSELoss\(\), got 3"),
        ({"train_loader": None}, "expected train_loader to be a loader such as Batches.*got None"),
        ({"valid_loader": 5}, "expected valid_loader to be a loader such as Batches.*got 5"),
        ({"train_loader": (PIXELS, LABELS)}, "got images and labels"),
        ({"epochs": -3}, "expected epochs to be an integer of at least 0, got -3"),
        ({"epochs": "3"}, "expected epochs"),
        ({"patience": 0}, "expected patience to be an integer of at least 1, got 0"),
        ({"patience": "2"}, "expected patience"),
        ({"threads": 0}, "expected threads"),
        ({"average": 1.5}, "Average"),
        ({"progress": 3}, "expected progress to be a Progress"),
        ({"engine": "gpu"}, "engine: expected"),
        ({"after_step": 3}, "expected after_step"),
    ],
    ids=str,
)
def test_fit_checks_its_arguments_at_the_call(change, message):
    model = network()
    train_loader, valid_loader = loaders()
    arguments = {
        "model": model, "train_loader": train_loader, "valid_loader": valid_loader, "optimizer": our_sgd(model),
        "criterion": MSELoss(), "epochs": 1,
    }  # fmt: skip
    with pytest.raises(InputError, match=message):
        fit(**(arguments | change))  # nobody asks for an epoch


def test_fit_checks_at_the_call_whether_things_belong_together():
    with pytest.raises(StateError, match="holds parameters that are not this model's"):
        fit(network(), *loaders(), our_sgd(network()), MSELoss(), epochs=1)
