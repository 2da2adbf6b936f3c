"""Fifty steps of every optimiser and schedule end where PyTorch's end; and no step depends on what came before k."""

from pathlib import Path

import numpy as np
import pytest

from glasswork import MLP, SGD, Adam, AdamW, Average, CrossEntropyLoss, InputError, RMSprop, StateError, int_to_onehot
from glasswork.nn import Tanh
from glasswork.optim.schedules import constant, cosine, one_cycle, step, warmup

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
    """Bit for bit, with an average of the weights, in an optimiser and a network made anew."""

    def start():
        model = network(reference)
        return model, make(model, case, max_norm=0.9, average=Average(list(model.state().values()), 0.9))

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
    optimizer = SGD([weight], [np.full((1, 1), -1.0)], 1.0, average=Average([weight], 0.5))
    optimizer.step()
    with optimizer.averaged():
        assert weight[0, 0] == pytest.approx(0.9)
    optimizer.step()
    with optimizer.averaged():
        assert weight[0, 0] == pytest.approx(0.9 * 2 / 11 + 2 * 9 / 11)
    assert weight[0, 0] == 2


@pytest.mark.parametrize("decay", [-0.1, 1.0, float("nan")])
def test_bad_average(decay):
    with pytest.raises(InputError, match=r"decay from 0 up to .* 1, got"):
        Average([np.zeros(1)], decay)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"momentum": 1.0}, "momentum of at least 0 and below 1, got 1.0"),
        ({"nesterov": True}, "nesterov needs a momentum"),
        ({"weight_decay": -1.0}, "weight_decay of at least 0"),
        ({"clip_norm": 0.0}, "clip_norm to be above 0, got 0.0"),
        ({"max_norm": float("nan")}, "max_norm to be above 0, got nan"),
        ({"schedule": constant()}, "a schedule needs total_steps"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(InputError, match=message):
        SGD([np.zeros(1)], [np.zeros(1)], **settings)


# Schedules ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schedule", "points"),
    [
        (constant(), {0: 1, 0.5: 1, 1: 1}),
        (step(), {0: 1, 0.33: 1, 0.34: 0.1, 0.66: 0.1, 0.67: 0.01, 1: 0.01}),
        (step(1, 0.5), {0.49: 1, 0.5: 0.5, 1: 0.5}),
        (cosine(), {0: 1, 1 / 3: 0.75, 0.5: 0.5, 1: 0}),
        (cosine(0.2), {0: 1, 0.5: 0.6, 1: 0.2}),
        (one_cycle(), {0: 0.04, 0.15: 0.52, 0.3: 1, 0.65: 0.5, 1: 0}),
        (warmup(constant(), 0.1), {0: 0, 0.05: 0.5, 0.1: 1, 1: 1}),
        (warmup(cosine(), 0.5), {0.25: 0.5, 0.5: 1, 0.75: 0.5, 1: 0}),
        (warmup(cosine(), 0.0), {0: 1, 1: 0}),
    ],
    ids=["constant", "step", "step-1", "cosine", "cosine-end", "one-cycle", "warmup", "warm-cosine", "no-warmup"],
)
def test_schedules_by_hand(schedule, points):
    assert {at: schedule(at) for at in points} == pytest.approx(points, abs=1e-12)


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
