"""Fifty steps of every optimiser and schedule end where PyTorch's end; and no step depends on what came before k."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st

from glasswork import MLP, SGD, Adam, AdamW, Average, CrossEntropyLoss, InputError, RMSprop, StateError, int_to_onehot
from glasswork.nn import Tanh
from glasswork.optim import OPTIMIZERS, SCHEDULES, constant, cosine, one_cycle, step, warmup
from glasswork.settings import settings_of

STEPS, KEPT = 50, (1, 2, 5, 10, 20, 30, 40, 50)

#: What tests/references/trajectories.py asks of PyTorch, asked of glasswork.
CASES = {
    "sgd": (SGD, {"lr": 0.1}),
    "momentum": (SGD, {"lr": 0.1, "momentum": 0.9}),
    "nesterov": (SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    "sgd-decay": (SGD, {"lr": 0.1, "momentum": 0.5, "weight_decay": 0.05}),
    "rmsprop": (RMSprop, {"lr": 0.01, "alpha": 0.9}),
    "rmsprop-decay": (RMSprop, {"lr": 0.01, "weight_decay": 0.05}),
    "adam": (Adam, {"lr": 0.05}),
    "adam-betas": (Adam, {"lr": 0.05, "beta1": 0.7, "beta2": 0.95, "eps": 1e-3}),
    "adam-decay": (Adam, {"lr": 0.05, "weight_decay": 0.05}),
    "adamw": (AdamW, {"lr": 0.05, "weight_decay": 0.3}),
    "clipped": (SGD, {"lr": 0.5, "momentum": 0.9, "clip_norm": 0.2}),
    "step": (SGD, {"lr": 0.3, "schedule": step(), "total_steps": STEPS}),
    "cosine": (AdamW, {"lr": 0.05, "weight_decay": 0.3, "schedule": cosine(), "total_steps": STEPS}),
    "warm-cosine": (Adam, {"lr": 0.05, "schedule": warmup(cosine(), 0.2), "total_steps": STEPS}),
    "one-cycle": (SGD, {"lr": 0.1, "momentum": 0.9, "schedule": one_cycle(), "total_steps": STEPS}),
}


@pytest.fixture(scope="module")
def reference():
    with np.load(Path(__file__).parent / "references" / "trajectories.npz") as file:
        return dict(file)


def network(reference):
    model = MLP(6, 5, 3, activation=Tanh, output_activation=None, dtype=np.float64)
    for parameter, name in zip(model.parameters(), ("weight1", "bias1", "weight2", "bias2"), strict=True):
        parameter[...] = reference[name]
    return model


def make(model, case, **more):
    kind, settings = CASES[case]
    return kind(model.parameters(), model.gradients(), **settings, **more)


def walk(model, optimizer, reference, steps):
    """Yield all parameters, flat, after each step."""
    loss = CrossEntropyLoss()
    for i in steps:
        optimizer.zero_grad()
        loss(model.forward(reference["x"][i]), int_to_onehot(reference["labels"][i], 3, dtype=np.float64))
        model.backward(loss.backward())
        optimizer.step()
        yield np.concatenate([parameter.ravel() for parameter in model.parameters()])


def test_no_reference_is_left_out(reference):
    assert set(reference) == {*CASES, "x", "labels", "weight1", "bias1", "weight2", "bias2"}


@pytest.mark.parametrize("case", CASES)
def test_fifty_steps_are_pytorchs(case, reference):
    model = network(reference)
    rows = list(walk(model, make(model, case), reference, range(STEPS)))
    ours = np.stack([rows[i - 1] for i in KEPT])
    np.testing.assert_allclose(ours, reference[case], rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("k", [1, 20])
def test_k_steps_and_k_more_are_2k(case, k, reference):
    """Bit for bit, in an optimiser and a network made anew."""

    def start():
        model = network(reference)
        return model, make(model, case, max_norm=0.9)

    model, optimizer = start()
    *_, whole = walk(model, optimizer, reference, range(2 * k))
    first_model, first = start()
    list(walk(first_model, first, reference, range(k)))
    second_model, second = start()
    for array, kept in zip(second_model.parameters(), first_model.parameters(), strict=True):
        array[...] = kept
    second.load_state(first.state())
    *_, end = walk(second_model, second, reference, range(k, 2 * k))
    assert end.tobytes() == whole.tobytes()
    states = [{name: array.tobytes() for name, array in o.state().items()} for o in (optimizer, second)]
    assert states[0] == states[1]
    assert second.steps == 2 * k


def test_a_state_is_a_copy_and_must_fit(reference):
    model = network(reference)
    adam = make(model, "adam")
    state = adam.state()
    list(walk(model, adam, reference, range(3)))
    assert state["steps"] == 0
    assert not state["mean.0"].any()
    with pytest.raises(StateError, match="other names or shapes"):
        make(model, "momentum").load_state(state)
    with pytest.raises(StateError, match="other names or shapes"):
        adam.load_state({**state, "mean.0": np.zeros((2, 2))})


# Decay, clipping, limits, averages, by hand -------------------------------------------------------


@pytest.mark.parametrize("kind", [SGD, RMSprop, Adam, AdamW])
def test_decay_shrinks_weights_and_leaves_biases_and_scales_alone(kind):
    weight, bias = np.ones((2, 2)), np.ones(2)
    optimizer = kind([weight, bias], [np.zeros((2, 2)), np.zeros(2)], 0.1, weight_decay=0.5)
    optimizer.step()
    assert (weight < 1).all()
    assert bias.tolist() == [1, 1]


def test_adamw_decays_by_hand():
    weight = np.array([[2.0]])
    AdamW([weight], [np.zeros((1, 1))], 0.5, weight_decay=0.25).step()
    assert weight.tolist() == [[2 * (1 - 0.5 * 0.25)]]


@pytest.mark.parametrize(("gradients", "expected"), [([3.0, 4.0], [1.5, 2.0]), ([0.3, 0.4], [0.3, 0.4])])
def test_clipping_is_by_the_common_norm_of_all_gradients(gradients, expected):
    """(3, 4) is 5 long and is brought to 2.5; what is short enough is left as it is."""
    params = [np.zeros(1), np.zeros((1, 1))]
    SGD(params, [np.array(gradients[:1]), np.array([gradients[1:]])], 1.0, clip_norm=2.5).step()
    assert [-params[0][0], -params[1][0, 0]] == expected


def test_max_norm_limits_the_weights_into_each_neuron():
    """Columns 5, 1 and 0 long, at most 2.5: the first is halved; a bias is no weight."""
    weight, bias = np.array([[3.0, 1.0, 0.0], [4.0, 0.0, 0.0]]), np.array([9.0, 9.0, 9.0])
    SGD([weight, bias], [np.zeros((2, 3)), np.zeros(3)], max_norm=2.5).step()
    assert weight.tolist() == [[1.5, 1.0, 0.0], [2.0, 0.0, 0.0]]
    assert bias.tolist() == [9, 9, 9]


def test_average_by_hand():
    """Decay 1/2, weights 0 → 1 → 2; the first step counts for 9/10, as only 1/10 is kept of the start."""
    weight = np.zeros((1, 1))
    average = Average([weight], 0.5)
    weight += 1
    average.update()
    assert average.averages[0][0, 0] == pytest.approx(0.9)
    weight += 1
    average.update()
    average.show()
    average.show()
    assert weight[0, 0] == pytest.approx(0.9 * 2 / 11 + 2 * 9 / 11)
    assert average.weights[0][0, 0] == 2
    average.hide()
    average.hide()
    assert weight[0, 0] == 2


def test_a_state_that_is_loaded_while_averages_are_shown_leaves_the_weights_of_the_training():
    weight = np.array([[1.0, -2.0]])
    average = Average([weight], 0.5)
    weight += 1
    average.update()
    state = average.state()
    average.show()
    assert weight.tolist() != [[2.0, -1.0]]
    average.load_state(state)
    assert weight.tolist() == [[2.0, -1.0]]
    assert not average.shown
    assert average.averages[0].tolist() == state["average.0"].tolist()


def test_an_average_resumes_bit_for_bit():
    weight = np.array([[1.0, -2.0]])
    first, second = Average([weight], 0.9), Average([weight], 0.9)
    for _ in range(3):
        weight *= 1.3
        first.update()
    second.load_state(first.state())
    for average in (first, second):
        average.update()
    assert first.averages[0].tobytes() == second.averages[0].tobytes()
    assert second.steps == 4


@pytest.mark.parametrize("decay", [-0.1, 1.0, float("nan")])
def test_bad_average(decay):
    with pytest.raises(InputError, match=r"Average: expected decay to be a finite number, at least 0 and below 1, got"):
        Average([np.zeros(1)], decay)


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        (SGD, {"momentum": 1.0}, "momentum to be a finite number, at least 0 and below 1, got 1.0"),
        (SGD, {"momentum": "0.9"}, "momentum to be .*, got '0.9'"),
        (SGD, {"momentum": True}, "momentum to be .*, got True"),
        (SGD, {"nesterov": True}, "nesterov needs a momentum"),
        (SGD, {"nesterov": 1, "momentum": 0.9}, "nesterov to be True or False, got 1"),
        (SGD, {"weight_decay": -1.0}, "weight_decay to be a finite number, at least 0, got -1.0"),
        (SGD, {"weight_decay": None}, "weight_decay to be .*, got None"),
        (SGD, {"clip_norm": 0.0}, "clip_norm to be a finite number, above 0, or None, got 0.0"),
        (SGD, {"max_norm": float("nan")}, "max_norm to be .*, above 0, or None, got nan"),
        (SGD, {"schedule": constant()}, "a schedule needs total_steps"),
        (SGD, {"schedule": "cosine", "total_steps": 3}, r"a schedule such as glasswork.optim.cosine\(\), got 'cosine'"),
        (SGD, {"schedule": constant(), "total_steps": 0}, "total_steps to be an integer of at least 1, got 0"),
        (RMSprop, {"eps": -1}, "eps to be a finite number, above 0, got -1"),
        (RMSprop, {"alpha": 1.0}, "alpha to be .* below 1, got 1.0"),
        (Adam, {"beta1": -0.1}, "beta1 to be .* at least 0 and below 1, got -0.1"),
        (AdamW, {"beta2": 1.0}, "beta2 to be .* below 1, got 1.0"),
        (AdamW, {"eps": float("inf")}, "eps to be .*, got inf"),
    ],
)
def test_bad_settings(kind, settings, message):
    with pytest.raises(InputError, match=f"{kind.__name__}: expected {message}|{kind.__name__}: {message}"):
        kind([np.zeros(1)], [np.zeros(1)], **settings)


@pytest.mark.parametrize("kind", OPTIMIZERS.values())
def test_every_number_an_optimiser_takes_is_a_checked_setting(kind):
    """Of all that are declared, none takes a number just outside its range."""
    declared = settings_of(kind)
    assert {"lr", "weight_decay", "clip_norm", "max_norm"} <= set(declared)
    for name, setting in declared.items():
        assert setting.meaning
        for bad in (-1, float("nan"), float("inf"), "1"):
            assert not setting.allows(bad), name
            with pytest.raises(InputError, match=f"expected {name} to be"):
                kind([np.zeros(1)], [np.zeros(1)], **{name: bad})


@pytest.mark.parametrize(
    "extra", [{}, {"weight_decay": 0.1}, {"clip_norm": 0.01}, {"clip_norm": 0.01, "max_norm": 0.1}]
)
@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (SGD, {}),
        (SGD, {"momentum": 0.9}),
        (SGD, {"momentum": 0.9, "nesterov": True}),
        (RMSprop, {}),
        (Adam, {}),
        (AdamW, {}),
    ],
)
def test_gradients_are_only_read(kind, settings, extra):
    draw = np.random.default_rng(4)
    params, grads = ([draw.normal(size=shape) for shape in ((3, 2), (2,))] for _ in range(2))
    kept = [gradient.copy() for gradient in grads]
    for gradient in grads:
        gradient.flags.writeable = False
    optimizer = kind(params, grads, **settings, **extra)
    for _ in range(2):
        optimizer.step()
    for gradient, before in zip(grads, kept, strict=True):
        np.testing.assert_array_equal(gradient, before)


@pytest.mark.parametrize("decoupled", [False, True])
def test_adam_is_the_textbooks(decoupled):
    """The four lines of the docstring, written out as they stand there, over thirty steps."""
    draw = np.random.default_rng(5)
    p, g = draw.normal(size=(4, 3)), np.zeros((4, 3))
    q, m, v = p.copy(), 0.0, 0.0
    lr, beta1, beta2, eps, decay = 0.05, 0.8, 0.95, 1e-4, 0.1
    kind = AdamW if decoupled else Adam
    optimizer = kind([p], [g], lr, beta1=beta1, beta2=beta2, eps=eps, weight_decay=decay)
    for t in range(1, 31):
        g[...] = draw.normal(size=g.shape)
        optimizer.step()
        gradient = g if decoupled else g + decay * q
        q = q * (1 - lr * decay) if decoupled else q
        m = beta1 * m + (1 - beta1) * gradient
        v = beta2 * v + (1 - beta2) * gradient**2
        q = q - lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps)
        np.testing.assert_allclose(p, q, rtol=1e-12)


# Schedules ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schedule", "points"),
    [
        (constant(), {0: 1, 50: 1, 100: 1}),
        (step(), {0: 1, 33: 1, 34: 0.1, 66: 0.1, 67: 0.01, 100: 0.01}),
        (step(1, 0.5), {49: 1, 50: 0.5, 100: 0.5}),
        (cosine(), {0: 1, 50: 0.5, 100: 0}),
        (cosine(0.2), {0: 1, 50: 0.6, 100: 0.2}),
        (one_cycle(), {0: 0.04, 15: 0.52, 30: 1, 65: 0.5, 100: 0}),
        (warmup(constant(), 0.1), {0: 0.1, 4: 0.5, 8: 0.9, 9: 1, 10: 1, 100: 1}),
        (warmup(cosine(), 0.5), {0: 0.02, 24: 0.5, 49: 1, 50: 1, 75: 0.5, 100: 0}),
        (warmup(cosine(), 0.001), {0: 1, 1: 1, 100: 0}),
        (warmup(cosine(), 0.0), {0: 1, 100: 0}),
    ],
    ids=[
        "constant",
        "step",
        "step-1",
        "cosine",
        "cosine-end",
        "one-cycle",
        "warmup",
        "warm-cosine",
        "one",
        "no-warmup",
    ],
)
def test_schedules_by_hand(schedule, points):
    assert {at: schedule(at, 100) for at in points} == pytest.approx(points, abs=1e-12)


@given(st.integers(1, 300), st.floats(0, 0.99), st.sampled_from(sorted(SCHEDULES)))
def test_no_step_of_any_schedule_is_negative_or_lost_to_the_warm_up(total, share, name):
    schedule = warmup(SCHEDULES[name](), share)
    factors = [schedule(k, total) for k in range(total)]
    assert all(0 < factor <= 1 for factor in factors)
    n = min(max(1, round(share * total)), total - 1) if share else 0
    assert factors[:n] == pytest.approx([(k + 1) / n * SCHEDULES[name]()(0, total) for k in range(n)])


@pytest.mark.parametrize(
    "bad", [lambda: step(0), lambda: step(1, 1.5), lambda: one_cycle(1.0), lambda: warmup(constant(), 1.0)]
)
def test_bad_schedules(bad):
    with pytest.raises(InputError, match="expected"):
        bad()


@pytest.mark.parametrize(("dtype", "size"), [(np.float32, 1e20), (np.float64, 1e200)])
def test_clipping_of_gradients_whose_squares_overflow(dtype, size):
    weight = np.zeros((1, 4), dtype)
    SGD([weight], [np.full((1, 4), size, dtype)], 1.0, clip_norm=1.0).step()
    np.testing.assert_allclose(weight, -0.5, rtol=1e-6)


@pytest.mark.parametrize("schedule", sorted(SCHEDULES))
def test_an_optimiser_with_any_schedule_pickles_and_goes_on(schedule, reference):
    """As a process that is handed a training needs it."""
    model = network(reference)
    rate = warmup(SCHEDULES[schedule](), 0.1)
    optimizer = AdamW(model.parameters(), model.gradients(), schedule=rate, total_steps=STEPS)
    list(walk(model, optimizer, reference, range(7)))
    twin, its = pickle.loads(pickle.dumps((model, optimizer)))
    for a, b in zip(
        walk(model, optimizer, reference, range(7, 20)), walk(twin, its, reference, range(7, 20)), strict=True
    ):
        np.testing.assert_array_equal(a, b)
    assert its.lr == optimizer.lr
