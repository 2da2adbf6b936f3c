"""SGD: where it goes, in whose memory, and what it refuses."""

import numpy as np
import pytest

from glasswork import MLP, SGD, Adam, AdamW, Average, InputError, RMSprop, StateError
from glasswork.optim import Optimizer, cosine


def pairs(dtype=np.float64):
    params = [np.array([[1.0, -2.0], [0.5, 8.0]], dtype), np.array([3.0], dtype)]
    grads = [np.array([[0.5, 1.0], [-4.0, 0.0]], dtype), np.array([-10.0], dtype)]
    return params, grads


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_two_steps_by_hand(dtype):
    """Numbers that binary fractions can write: exactly equal, in both precisions."""
    params, grads = pairs(dtype)
    optimizer = SGD(params, grads, lr=0.25)
    optimizer.step()
    assert params[0].tolist() == [[1 - 0.125, -2 - 0.25], [0.5 + 1, 8]]
    assert params[1].tolist() == [3 + 2.5]
    grads[0][...] = [[1, 1], [1, 1]]
    grads[1][...] = [0.5]
    optimizer.step()
    assert params[0].tolist() == [[0.625, -2.5], [1.25, 7.75]]
    assert params[1].tolist() == [5.375]
    assert {array.dtype for array in params} == {np.dtype(dtype)}


def test_default_learning_rate_is_the_handouts():
    params, grads = pairs()
    SGD(params, grads).step()
    np.testing.assert_allclose(params[0], [[0.95, -2.1], [0.9, 8.0]], rtol=1e-15)
    np.testing.assert_allclose(params[1], [4.0], rtol=1e-15)


def test_moves_in_place():
    params, grads = pairs()
    optimizer = SGD(params, grads)
    held = [*params, *grads]
    values = [gradient.copy() for gradient in grads]
    optimizer.step()
    assert all(a is b for a, b in zip(held, [*optimizer.params, *optimizer.grads], strict=True))
    for gradient, value in zip(grads, values, strict=True):
        np.testing.assert_array_equal(gradient, value)


def test_zero_grad():
    params, grads = pairs()
    before = [parameter.copy() for parameter in params]
    optimizer = SGD(params, grads)
    optimizer.zero_grad()
    assert not any(gradient.any() for gradient in grads)
    optimizer.step()
    for parameter, value in zip(params, before, strict=True):
        np.testing.assert_array_equal(parameter, value)


def test_learning_rate_can_change_between_steps():
    params, grads = pairs()
    optimizer = SGD(params, grads, lr=0)
    optimizer.step()
    assert params[1].tolist() == [3]
    optimizer.lr = 0.5
    optimizer.step()
    assert params[1].tolist() == [8]


def test_parabola():
    """On p²/2 every step multiplies p by (1 - lr)."""
    p, g = np.array([1.0]), np.array([0.0])
    optimizer = SGD([p], [g], lr=0.1)
    for _ in range(50):
        g[...] = p
        optimizer.step()
    assert p[0] == pytest.approx(0.9**50, rel=1e-13)


@pytest.mark.parametrize("lr", [-0.1, float("nan"), float("inf"), -float("inf")])
def test_bad_learning_rate(lr):
    with pytest.raises(InputError, match=f"SGD: expected lr to be a finite number, at least 0, got {lr}"):
        SGD(*pairs(), lr=lr)


@pytest.mark.parametrize(
    "spoil",
    [lambda p, g: (p, g[:1]), lambda p, g: (p[:1], g), lambda p, g: (p, g[::-1]), lambda p, g: (p, [g[0].T[:1], g[1]])],
    ids=["fewer gradients", "fewer parameters", "other order", "other shape"],
)
def test_lists_that_do_not_fit(spoil):
    with pytest.raises(
        InputError, match=r"SGD: expected one gradient of the same shape for each parameter, got shapes"
    ):
        SGD(*spoil(*pairs()))


ADAM = {"lr": 0.001, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0}
DEFAULTS = {
    SGD: {"lr": 0.1, "momentum": 0.0, "nesterov": False, "weight_decay": 0.0},
    RMSprop: {"lr": 0.001, "alpha": 0.99, "eps": 1e-8, "weight_decay": 0.0},
    Adam: ADAM,
    AdamW: ADAM,
}


@pytest.mark.parametrize("kind", DEFAULTS, ids=lambda kind: kind.__name__)
def test_defaults_are_those_of_the_papers(kind):
    """Gradients are small, so that eps counts."""
    ends = []
    for settings in ({}, DEFAULTS[kind]):
        params, grads = pairs()
        grads[0][...] *= 1e-8
        optimizer = kind(params, grads, **settings)
        for _ in range(3):
            optimizer.step()
        ends.append(np.concatenate([p.ravel() for p in params]))
    np.testing.assert_array_equal(*ends)
    assert (ends[0][[0, 1, 2, 4]] != [1, -2, 0.5, 3]).all()


class Sign(Optimizer):
    """A rule of one's own, which remembers nothing from step to step."""

    def update(self, i, p, g, scratch):
        np.multiply(np.sign(g), self.lr, out=scratch)
        p -= scratch


def test_a_rule_of_ones_own_goes_on_from_its_state():
    params, grads = pairs()
    optimizer = Sign(params, grads, 0.25)
    optimizer.step()
    assert params[0].tolist() == [[0.75, -2.25], [0.75, 8.0]]
    other = Sign(*pairs(), 0.25)
    other.load_state(optimizer.state())
    assert other.steps == 1


@pytest.mark.parametrize("kind", [SGD, RMSprop, Adam, AdamW, Sign])
@pytest.mark.parametrize("steps", [0, 1, 4, 12])
def test_the_learning_rate_is_restored_with_the_state(kind, steps):
    optimizer, other = (kind(*pairs(), 0.5, schedule=cosine(), total_steps=10) for _ in range(2))
    for _ in range(steps):
        optimizer.step()
    other.load_state(optimizer.state())
    assert other.lr == optimizer.lr == [0.5, 0.5, pytest.approx(0.5 * 0.7938926), 0.0][[0, 1, 4, 12].index(steps)]
    optimizer.step()
    other.step()
    assert other.lr == optimizer.lr


@pytest.mark.parametrize("given", [MLP(3, 2, 2), 0.1, [[1.0]], None])
def test_what_is_no_list_of_arrays_is_refused(given):
    for params, grads, name in ((given, [], "params"), ([], given, "grads")):
        with pytest.raises(InputError, match=f"SGD: expected {name} to be a list of arrays, as model.parameters()"):
            SGD(params, grads)


@pytest.mark.parametrize(
    "spoil", [dict.clear, lambda s: s.update({"average.0": np.ones(7)}), lambda s: s.pop("average.1")]
)
def test_an_average_is_restored_whole_or_not_at_all(spoil):
    average = Average([np.ones(2), np.ones(3)], 0.9)
    state = average.state()
    average.arrays[0][...] = 5
    average.update()
    spoil(state)
    before = average.state()
    with pytest.raises(StateError, match="Average: this state has other names or shapes"):
        average.load_state(state)
    assert all(np.array_equal(array, before[name]) for name, array in average.state().items())
