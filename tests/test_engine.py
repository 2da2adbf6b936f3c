"""The compiled engine against NumPy's: the same steps, for every layer, loss, rule and setting that recipes have."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from engines import (
    RULES,
    Training,
    batches,
    build_of,
    deep_network,
    disagreement,
    distance,
    network,
    steps_of_both,
    train_both,
    wide_network,
)
from glasswork import MLP, Batches, InputError, StateError
from glasswork.engine.compiled.engine import CompiledEngine
from glasswork.engine.compiled.plan import Plan
from glasswork.engine.compiled.program import By, What, program
from glasswork.engine.compiled.table import LAYER_KERNELS, LOSS_KERNELS, RULE_KERNELS, reasons
from glasswork.nn import (
    ACTIVATIONS,
    LAYERS,
    LOSSES,
    BatchNorm,
    BinaryCrossEntropyLoss,
    CrossEntropyLoss,
    Dropout,
    MSELoss,
    PoissonLoss,
    ReLU,
    Sigmoid,
)
from glasswork.optim import OPTIMIZERS, SCHEDULES, SGD, Adam, warmup
from glasswork.recipes.shelf import named_recipe, recipe_names
from glasswork.training.step import NumpyEngine

pytestmark = pytest.mark.usefixtures("kernels")

ALL = list(itertools.product(sorted(LAYERS), sorted(LOSSES), sorted(RULES)))


@pytest.mark.parametrize(("layer", "loss", "rule"), ALL)
def test_a_hundred_steps_of_every_layer_loss_and_rule_agree(layer, loss, rule):
    assert train_both(network(layer, "float64"), loss, rule, steps=100) < 1e-9
    assert train_both(network(layer, "float32"), loss, rule, steps=100) < 1e-3


@pytest.mark.parametrize("rule", sorted(RULES))
@pytest.mark.parametrize(
    "options",
    [
        {"weight_decay": 0.1},
        {"clip_norm": 0.05},
        {"max_norm": 0.5},
        {"average": 0.9},
        {"average": 0.9, "max_norm": 0.5},
        {"weight_decay": 0.1, "clip_norm": 0.2, "max_norm": 0.8, "average": 0.8},
    ],
    ids=str,
)
def test_decay_clipping_limits_and_averages_agree(rule, options):
    assert train_both(network("relu"), rule=rule, **options) < 1e-9


@pytest.mark.parametrize("schedule", sorted(SCHEDULES))
def test_schedules_agree_beyond_their_end_too(schedule):
    rate = warmup(SCHEDULES[schedule](), 0.1)
    assert train_both(network("tanh"), rule="momentum", schedule=rate, total_steps=90) < 1e-9


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
def test_label_smoothing_and_soft_targets_agree(smoothing):
    draw = np.random.default_rng(0)
    x = draw.normal(size=(60, 12))
    targets = draw.random((60, 4))  # rows of any sum
    loader = Pairs([(x[i : i + 20], targets[i : i + 20]) for i in (0, 20, 40)])
    assert train_both(network("relu"), CrossEntropyLoss(label_smoothing=smoothing), loader=loader) < 1e-9
    for loss in ("mse", BinaryCrossEntropyLoss(), PoissonLoss()):
        assert train_both(network("sigmoid"), loss, loader=loader) < 1e-9


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("make", [MSELoss, BinaryCrossEntropyLoss, PoissonLoss])
def test_targets_of_batches_agree(outputs, make):
    draw = np.random.default_rng(0)
    model = MLP(12, 9, outputs, output_activation=None, dtype="float64", seed=0)
    loader = Batches(
        draw.normal(size=(50, 12)), draw.random((50, outputs)), 20, seed=3, dtype="float64", drop_last=False,
        weights=draw.random(50) + 0.1, targets=True,
    )  # fmt: skip
    assert train_both(model, make(), loader=loader) < 1e-9


class Pairs(list):
    """A loader that is no `Batches`."""

    def seek(self, epoch, batch=0):
        pass


def test_both_read_floats_labels_short_batches_and_other_loaders():
    draw = np.random.default_rng(1)
    images, labels = draw.uniform(-1, 1, (50, 12)), draw.integers(0, 4, 50)
    for dtype in ("float32", "float64"):
        loader = Batches(images, labels, 20, seed=1, drop_last=False, classes=4, dtype="float64")  # 20, 20, 10
        loader.images = images.astype(dtype)
        assert train_both(network("relu"), loader=loader, steps=7) < 1e-9
    pairs = Pairs([(images[:20].reshape(20, 3, 4), labels[:20]), (images[20:], labels[20:])])
    assert train_both(network("relu"), loader=pairs, steps=7) < 1e-9


@st.composite
def recipes(draw):
    """Return any network that an `MLP` can be, and the settings of a training."""
    hidden = draw(st.lists(st.integers(4, 20), max_size=4))
    share = st.sampled_from([0.0, 0.1, 0.4])
    loss = draw(st.sampled_from(sorted(LOSSES)))
    model = MLP(
        12,
        hidden,
        4,
        activation=[draw(st.sampled_from(sorted(ACTIVATIONS))) for _ in hidden],
        output_activation=None if loss != "mse" else draw(st.sampled_from([None, *sorted(ACTIVATIONS)])),
        batch_norm=draw(st.booleans()), dropout=draw(share), input_dropout=draw(share), noise=draw(share),
        input_noise=draw(share), bias_grad=draw(st.sampled_from(["sum", "mean"])), initializer="xavier",
        dtype="float64", rng=np.random.default_rng(draw(st.integers(0, 99))), seed=draw(st.integers(0, 2**64 - 1)),
    )  # fmt: skip
    maybe = st.sampled_from([None, 0.3, 2.0])
    options = {
        "rule": draw(st.sampled_from(sorted(RULES))), "weight_decay": draw(share), "clip_norm": draw(maybe),
        "max_norm": draw(maybe), "average": draw(st.sampled_from([None, 0.5, 0.99])),
    }  # fmt: skip
    if options["rule"] in ("adam", "adamw", "rmsprop"):  # they magnify rounding by up to lr / eps
        options["eps"] = draw(st.sampled_from([1e-4, 1e-2]))
    return model, loss, options, draw(st.integers(8, 30))


@given(recipes())
@settings(max_examples=60)
def test_any_recipe_agrees(recipe):
    model, loss, options, size = recipe
    loader = batches("float64", images=60, size=size)
    assert steps_of_both(model, loss, steps=12, loader=loader, **options) < 1e-11


@pytest.mark.parametrize("name", recipe_names())
def test_shipped_recipes_run_compiled_and_agree(name, few):
    """In float64: batch norm leaves the biases before it no gradient but rounding, which Adam makes a whole step."""
    recipe = named_recipe(name).override({"network.dtype": "float64"})
    images, labels = few.train.images, few.train.labels
    outcomes = []
    for engine in (CompiledEngine, NumpyEngine):
        model, optimizer, criterion, average = build_of(recipe)
        assert reasons(model, optimizer, criterion, average) is None
        training = Training.of(engine(model, optimizer, criterion, average), model, optimizer, average)
        training.run(Batches(images, labels, recipe.training.batch_size, seed=1), 11)
        outcomes.append(np.concatenate([array.ravel() for array in model.state().values()]))
    assert distance(*outcomes) < 1e-9


def test_the_only_fallbacks_are_what_a_user_adds():
    assert set(LAYER_KERNELS) == set(LAYERS.values())
    assert set(LOSS_KERNELS) == {*LOSSES.values(), BinaryCrossEntropyLoss, PoissonLoss}
    assert set(RULE_KERNELS) == set(OPTIMIZERS.values())


class MyLayer(ReLU):
    pass


class MyLoss(CrossEntropyLoss):
    pass


class MySGD(SGD):
    pass


class MyMLP(MLP):
    pass


def test_what_a_user_adds_is_named():
    def why(model=None, optimizer=SGD, criterion=None, **more):
        model = model or network("relu")
        made = optimizer(model.parameters(), model.gradients())
        return reasons(model, made, criterion or CrossEntropyLoss(), **more)

    assert why() is None
    assert "MyLayer(), has no kernel" in why(MLP(4, 3, 2, activation=MyLayer))
    assert "MyMLP" in why(MyMLP(4, 3, 2))
    assert "MySGD, has no kernel" in why(optimizer=MySGD)
    assert "MyLoss(), has no kernel" in why(criterion=MyLoss())
    model = network("relu")
    model.linear1.forward = lambda x: x
    assert "method of its own" in why(model)
    model = network("relu")
    vars(model.linear1)["weight"] = np.asfortranarray(model.linear1.weight)
    assert "linear1.weight is not stored row by row" in why(model)
    model, other = network("relu"), network("relu")
    assert "other arrays" in reasons(model, Adam(other.parameters(), other.gradients()), CrossEntropyLoss())


def test_results_do_not_depend_on_threads_or_the_steps_of_a_call():
    for dtype in ("float32", "float64"):
        model = deep_network(dtype)
        runs = []
        for threads, most in ((1, 1 << 62), (2, 1 << 62), (2, 1), (2, 4), (3, 7)):
            runs.append(Training(CompiledEngine, model, rule="adamw", average=0.9, threads=threads))
            runs[-1].run(batches(dtype), 30, most=most)
        assert all(disagreement(run, runs[0]) < {"float32": 1e-4, "float64": 1e-11}[dtype] for run in runs)
        assert disagreement(runs[1], runs[2]) == disagreement(runs[1], runs[3]) == 0  # the same parts


@pytest.mark.parametrize("kind", sorted(LAYERS))
def test_wide_layers_are_cut_by_columns_and_agree(kind):
    model, loader = wide_network(kind), batches(features=300)
    trained = []
    for engine, threads in ((NumpyEngine, None), (CompiledEngine, 1), (CompiledEngine, 2), (CompiledEngine, 3)):
        trained.append(Training(engine, model, rule="adam", threads=threads))
        trained[-1].run(loader, 12)
        loader.seek(1)
    cut = {operation["by"] for operation in trained[2].engine._plan.operations if operation["what"] == What.FORWARD}
    assert cut == {By.ROWS, By.COLUMNS}
    assert all(disagreement(training, trained[0]) < 1e-9 for training in trained[1:])


def stages(model, *, batch=100, parts=2):
    """Return a step's program in a few letters: operation and layer, an asterisk for columns, a bar for a meeting."""
    plan = Plan(model.layers, model.in_features, model.dtype, batch=batch, parts=parts)
    made = program(plan.layers, batch=batch, parts=parts, trained=0)
    return " | ".join(
        " ".join(
            f"{what.name[0]}{i if what in (What.FORWARD, What.BACKWARD) else ''}{'*' * by}" for what, i, by in stage
        )
        for stage in made
    )


def test_threads_meet_where_one_needs_what_another_computed():
    assert stages(MLP(784, 50, 10, activation=Sigmoid)) == "G F0 F1 F2 F3 L B3 B2 B1"
    assert stages(MLP(784, [300, 100], 10, activation=ReLU, output_activation=None)) == (
        "G | F0* F1* | F2 F3 F4 L B4 B3 B2 B1"
    )
    wide = MLP(784, [1024, 1024], 10, activation=ReLU, output_activation=None)
    assert stages(wide) == "G | F0* F1* | F2* F3* | F4 L B4 B3 | B2* B1*"
    assert stages(wide, parts=1).count("|") == 0
    assert stages(wide, batch=2000) == "G F0 F1 F2 F3 F4 L B4 B3 B2 B1"
    norm = MLP(784, 50, 10, activation=ReLU, output_activation=None, batch_norm=True)
    assert stages(norm) == "G F0 | F1* F2* | F3 L B3 B2 | B1*"


@pytest.mark.parametrize(
    "model", [network("batch-norm", "float32"), *(wide_network(kind, "float32") for kind in ("dropout", "batch-norm"))]
)
def test_shared_and_alone_give_the_same_bits(model):
    loader = batches("float32", features=model.in_features)
    shared, alone = (Training(CompiledEngine, model, rule="adam", threads=2) for _ in range(2))
    shared.run(loader, 3)
    loader.seek(1)
    alone.run(loader, 3)
    for training, is_alone in ((shared, False), (alone, True)):
        training.engine._pace.next_call = lambda pace=training.engine._pace, is_alone=is_alone: set_alone(
            pace, is_alone
        )
        loader.seek(1)
        training.run(loader, 20)
    assert disagreement(shared, alone) == 0


def set_alone(pace, is_alone):
    pace.alone = is_alone
    return 4


def test_the_engine_can_change_between_two_steps():
    model = deep_network()
    mixed, plain = (Training(NumpyEngine, model, rule="adam", average=0.9) for _ in range(2))
    loader = batches()
    plain.run(loader, 9)
    loader.seek(1)
    arguments = mixed.model, mixed.optimizer, mixed.engine.criterion, mixed.average
    for engine in (mixed.engine, CompiledEngine(*arguments), NumpyEngine(*arguments)):
        mixed.engine = engine
        mixed.run(loader, 3)
    assert disagreement(mixed, plain) < 1e-9


def test_gradients_are_those_of_finite_differences():
    for kind in sorted(set(LAYERS) - {"dropout", "gaussian-noise"}):
        for loss in sorted(LOSSES):
            model, criterion = network(kind), LOSSES[loss]()
            loader = batches(images=20)
            (x, targets), *_ = loader
            loader.seek(1)
            training = Training(CompiledEngine, model, loss, lr=1.0)
            training.run(loader, 1)
            draw = np.random.default_rng(3)
            with model.mode(training=True):
                for before, after in zip(model.parameters(), training.model.parameters(), strict=True):
                    gradient, direction = before - after, draw.normal(size=before.shape)
                    start = before.copy()
                    ends = []
                    for step in (1e-5, -1e-5):
                        before[...] = start + step * direction
                        ends.append(criterion(model(x), targets))
                    before[...] = start
                    assert (ends[0] - ends[1]) / 2e-5 == pytest.approx(np.vdot(gradient, direction), rel=1e-5, abs=1e-8)


def test_masks_are_numpys_bit_for_bit():
    for features in (1, 5, 16, 17, 100):
        for position in ((0, 0), (12345, 0), (7, 3)):
            images = {}
            for engine in (CompiledEngine, NumpyEngine):
                rng = np.random.default_rng(0)
                model = MLP(features, [], 1, input_dropout=0.4, output_activation=None, rng=rng, seed=2**64 - 5)
                model.linear1.weight[...] = 1
                optimizer = SGD(model.parameters(), model.gradients(), 1.0)
                made = engine(model, optimizer, LOSSES["mse"]())
                with model.mode(training=True):
                    model.set_position(*position)
                    pairs = [(np.eye(features, dtype=np.float32), np.zeros((features, 1), np.float32))]
                    for batch in made.batches(pairs, lambda: 1):
                        made.step(batch)
                images[engine] = (1 - model.linear1.weight != 0).ravel()  # a weight moves where its pixel was kept
            assert np.array_equal(*images.values())


def test_running_statistics_and_positions_are_left_as_numpy_leaves_them():
    model = network("batch-norm")
    a, b = Training(CompiledEngine, model), Training(NumpyEngine, model)
    a.run(batches(), 5)
    b.run(batches(), 5)
    for name in ("running_mean", "running_variance"):
        assert distance(getattr(a.model.middle, name), getattr(b.model.middle, name)) < 1e-12
    drop = Training(CompiledEngine, network("dropout"))
    drop.run(batches(), 5)
    assert drop.model.middle.position == (4, 0)
    assert drop.optimizer.steps == 5


@pytest.mark.parametrize("threads", [1, 2])
def test_a_loss_that_is_not_finite_changes_no_weight(threads):
    model = MLP(12, [9], 4, activation="relu", output_activation=None, rng=np.random.default_rng(0))
    training = Training(CompiledEngine, model, "mse", lr=1e12, threads=threads)
    with pytest.raises(DivergedError) as caught:
        run_until_it_diverges(training)
    (*good, last), weights = caught.value.args
    assert all(np.isfinite(good))
    assert not np.isfinite(last)
    assert training.optimizer.steps == len(good)
    plain = Training(NumpyEngine, model, "mse", lr=1e12)
    with np.errstate(all="ignore"):
        plain.run(batches("float32"), len(good))
    assert all(
        np.allclose(a, b, rtol=1e-3, equal_nan=True) for a, b in zip(weights, plain.model.parameters(), strict=True)
    )


class DivergedError(Exception):
    pass


def run_until_it_diverges(training):
    losses = []
    with training.model.mode(training=True):
        for _ in range(20):
            for batch in training.engine.batches(batches("float32"), lambda: 1 << 62):
                losses += [loss for loss, _ in training.engine.step(batch)]
                if not np.isfinite(losses[-1]):
                    raise DivergedError(losses, training.model.parameters())


def test_frozen_layers_stay():
    for engine in (CompiledEngine, NumpyEngine):
        model = network("relu")
        before = model.linear1.weight.copy()
        optimizer = SGD(model.linear2.parameters(), model.linear2.gradients(), 0.1)
        training = Training.of(engine(model, optimizer, CrossEntropyLoss()), model, optimizer, None)
        training.run(batches(), 6)
        assert np.array_equal(model.linear1.weight, before)
        assert not np.array_equal(model.linear2.weight, network("relu").linear2.weight)


def test_layers_in_any_order_agree():
    rng = np.random.default_rng(0)
    from glasswork import Linear

    def made(**layers):
        return MLP.from_layers(layers)

    first, second = Linear(12, 8, rng=rng, dtype="float64"), Linear(8, 4, rng=rng, dtype="float64")
    norm, sigmoid, relu = BatchNorm(12, dtype="float64"), Sigmoid(dtype="float64"), ReLU(dtype="float64")
    drop = Dropout(0.3, dtype="float64")
    for model in (
        made(norm0=norm, linear1=first, act1=sigmoid, drop1=drop, act2=relu, linear2=second),
        made(act0=relu, linear1=first, linear2=second, act3=sigmoid, drop3=drop),
        made(linear1=first, act1=sigmoid, act2=relu, norm2=BatchNorm(8, dtype="float64"), linear2=second),
    ):
        assert train_both(model, "mse", "momentum", steps=30) < 1e-9


def strided(array):
    """Return the same numbers, every second number of twice as many."""
    return np.repeat(array, 2, axis=-1)[..., ::2]


@pytest.mark.parametrize("kind", ["weight", "gradient", "moment", "average", "shape", "dtype"])
def test_an_address_is_taken_only_of_what_the_kernel_will_read(kind):
    """Arrays that were replaced after the engine was chosen, by others that are stored otherwise."""
    training = Training(CompiledEngine, network("batch-norm"), "cross-entropy", "momentum", average=0.9)
    layer, optimizer, average = vars(training.model.linear1), training.optimizer, training.average
    if kind == "weight":
        layer["weight"] = strided(layer["weight"])
    elif kind == "gradient":
        layer["grad_weight"] = optimizer.grads[0] = np.asfortranarray(layer["grad_weight"])
    elif kind == "moment":
        optimizer.velocities[0] = strided(optimizer.velocities[0])
    elif kind == "average":
        average._kept[0] = strided(average._kept[0])
    elif kind == "shape":
        optimizer.velocities[0] = optimizer.velocities[0][:5]
    else:
        optimizer.velocities[0] = optimizer.velocities[0].astype("float32")
    with pytest.raises(StateError, match=r"the compiled engine: expected an array .* got"):
        training.run(batches(), 1)


@pytest.mark.parametrize("labels", [[0, 1, 2, 4], [0, 1, -1, 2], [0, 1, 2]])
def test_labels_that_were_replaced_are_looked_at_before_the_kernel_uses_them(labels):
    loader = batches(images=4, size=2)
    loader.labels = np.array(labels)
    with pytest.raises(InputError, match="labels"):
        Training(CompiledEngine, network("relu")).run(loader, 2)
