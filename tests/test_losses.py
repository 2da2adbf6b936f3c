"""Softmax and losses against SciPy's, on ordinary and on extreme scores."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import arrays
from scipy import special

from glasswork import MLP, CrossEntropyLoss, Identity, InputError, MSELoss, ReLU, Sigmoid, Tanh, softmax
from glasswork.nn import BinaryCrossEntropyLoss, PoissonLoss
from glasswork.nn.losses import LOSSES, log_softmax

LOGITS = arrays(
    np.float64, st.tuples(st.integers(1, 5), st.integers(2, 6)), elements=st.floats(-1e4, 1e4, allow_nan=False)
)
EXTREME = np.array(
    [[1e4, -1e4, 0], [1e4, 1e4, 1e4], [-1e4, -1e4, -1e4 + 1], [0, 0, 0], [1e-300, -1e-300, 0], [700, 710, -745]]
)


@given(LOGITS)
def test_log_softmax_and_softmax_are_scipys(logits):
    np.testing.assert_allclose(log_softmax(logits), special.log_softmax(logits, axis=1), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(softmax(logits), special.softmax(logits, axis=1), rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(softmax(logits).sum(axis=1), 1, rtol=1e-12)


@pytest.mark.parametrize(("dtype", "rtol"), [(np.float64, 1e-14), (np.float32, 1e-6)])
def test_extremes(dtype, rtol):
    logits = EXTREME.astype(dtype)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        got = log_softmax(logits)
    assert got.dtype == dtype
    expected = special.log_softmax(logits.astype(np.float64), axis=1)
    np.testing.assert_allclose(got, expected, rtol=rtol, atol=10 * rtol)


@given(LOGITS, st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_cross_entropy_is_log_sum_exp_less_the_targets_logit(logits, seed, smoothing):
    """``logsumexp(z) - Σ t z``, the same loss written otherwise, for soft targets."""
    classes = logits.shape[1]
    target = np.random.default_rng(seed).dirichlet(np.ones(classes), len(logits))
    smoothed = (1 - smoothing) * target + smoothing / classes
    expected = np.mean(special.logsumexp(logits, axis=1) - (smoothed * logits).sum(axis=1))
    got = CrossEntropyLoss(label_smoothing=smoothing)(logits, target)
    assert got == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_cross_entropy_by_hand():
    """Two classes, logits 0 and log 3: probabilities 1/4 and 3/4."""
    logits, target = np.array([[0.0, np.log(3)]]), np.array([[1.0, 0.0]])
    loss = CrossEntropyLoss()
    assert loss(logits, target) == pytest.approx(np.log(4))
    np.testing.assert_allclose(loss.backward(), [[1 / 4 - 1, 3 / 4]])
    smooth = CrossEntropyLoss(label_smoothing=0.2)  # targets 0.9 and 0.1
    assert smooth(logits, target) == pytest.approx(0.9 * np.log(4) + 0.1 * np.log(4 / 3))
    np.testing.assert_allclose(smooth.backward(), [[1 / 4 - 0.9, 3 / 4 - 0.1]])


def test_a_certain_mistake_costs_what_it_should_and_no_more():
    loss = CrossEntropyLoss()
    assert loss(np.array([[1e4, -1e4]]), np.array([[0.0, 1.0]])) == 2e4
    assert loss.backward().tolist() == [[1, -1]]
    assert loss(np.array([[1e4, -1e4]]), np.array([[1.0, 0.0]])) == 0


def test_squared_error_by_hand():
    """(1 + 4 + 0 + 9) / 2 images."""
    loss = MSELoss()
    assert loss(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[0.0, 0.0], [3.0, 1.0]])) == 7
    assert loss.backward().tolist() == [[1, 2], [0, 3]]


def test_binary_cross_entropy_by_hand_and_far_out():
    """Logits 0 and log 3: chances of 1/2 and 3/4."""
    loss = BinaryCrossEntropyLoss()
    assert loss(np.array([[0.0, np.log(3)]]), np.array([[1.0, 0.0]])) == pytest.approx(np.log(2) + np.log(4))
    np.testing.assert_allclose(loss.backward(), [[1 / 2 - 1, 3 / 4]])
    with np.errstate(all="raise", under="ignore"):
        assert loss(np.array([[1e4, -1e4]]), np.array([[0.0, 1.0]])) == 2e4
        assert loss(np.array([[1e4, -1e4]]), np.array([[1.0, 0.0]])) == 0
    with pytest.raises(InputError, match="takes logits"):
        loss.check_model(MLP(4, 3, 1))


def test_poisson_deviance_by_hand():
    """Rates of 1 and 2 for counts of 0 and 2: e⁰, and nothing; the second estimate is right."""
    loss = PoissonLoss()
    assert loss(np.log([[1.0, 2.0]]), np.array([[0.0, 2.0]])) == pytest.approx(1)
    np.testing.assert_allclose(loss.backward(), [[1, 0]], atol=1e-15)


@pytest.mark.parametrize(
    ("loss", "target", "words"),
    [
        (BinaryCrossEntropyLoss(), [[5, 0]], "from 0 to 1, got 0 to 5"),
        (BinaryCrossEntropyLoss(), [[-1, 1]], "from 0 to 1, got -1 to 1"),
        (PoissonLoss(), [[-1, 2]], "of 0 or more, got -1 to 2"),
    ],
)
def test_targets_that_have_no_likelihood_are_refused(loss, target, words):
    with pytest.raises(InputError, match=f"expected targets {words}"):
        loss([[0.5, 0.5]], target)


@pytest.mark.parametrize("loss", [MSELoss(), CrossEntropyLoss(), BinaryCrossEntropyLoss(), PoissonLoss()])
@pytest.mark.parametrize("weight", [-1, np.nan, np.inf])
def test_weights_that_weigh_nothing_are_refused(loss, weight):
    with pytest.raises(InputError, match="expected weights of 0 or more, got"):
        loss([[1.0, 2.0], [1.0, 2.0]], [[0, 1], [0, 1]], [1, weight])


@pytest.mark.parametrize("loss", [MSELoss(), CrossEntropyLoss(), BinaryCrossEntropyLoss(), PoissonLoss()])
def test_scores_of_no_classes_are_refused(loss):
    with pytest.raises(InputError, match=r"of one shape \(batch, classes\), got \(2, 0\)"):
        loss(np.zeros((2, 0)), np.zeros((2, 0)))


def test_softmax_takes_lists_and_integers():
    np.testing.assert_allclose(softmax([[0, 0, 0]]), [[1 / 3, 1 / 3, 1 / 3]])
    assert softmax(np.zeros((1, 2), np.float32)).dtype == np.float32


@pytest.mark.parametrize(
    ("logits", "got"),
    [
        (np.zeros(3), r"float64 of shape \(3,\); for one image give logits\[numpy.newaxis\]"),
        (np.zeros((2, 3, 2)), r"float64 of shape \(2, 3, 2\)"),
        (np.zeros((2, 0)), r"float64 of shape \(2, 0\)"),
        ("abc", "<U3 of shape"),
    ],
)
def test_softmax_of_other_shapes_is_refused(logits, got):
    with pytest.raises(InputError, match=rf"softmax: expected logits of shape \(batch, classes\), got {got}"):
        softmax(logits)


@pytest.mark.parametrize("smoothing", [-0.1, 1.1, float("nan")])
def test_bad_smoothing(smoothing):
    with pytest.raises(InputError, match=f"label_smoothing to be .*, at least 0 and at most 1, got {smoothing}"):
        CrossEntropyLoss(label_smoothing=smoothing)


@pytest.mark.parametrize("make", LOSSES.values())
def test_lists_are_arrays(make):
    """As they are typed in a notebook: the same loss and gradient as of arrays, integers included."""
    pred, target = [[1, 2], [3, 4]], [[0, 1], [1, 0]]
    ours, arrays = make(), make()
    assert ours(pred, target) == arrays(np.array(pred, np.float64), np.array(target, np.float64))
    np.testing.assert_array_equal(ours.backward(), arrays.backward())


@pytest.mark.parametrize("make", LOSSES.values())
@pytest.mark.parametrize(
    ("pred", "target", "message"),
    [
        ([[1.0, 2.0], [3.0]], [[0, 1], [1, 0]], "expected pred of shape .*rows of"),
        ([[1.0, 2.0]], [["a", "b"]], "expected target to be numbers"),
        (None, [[1.0]], "expected pred to be numbers"),
        ([[1j]], [[1.0]], "expected pred to be numbers, .*complex"),
        (3.0, 4.0, r"one shape \(batch, classes\), got \(\) and \(\)"),
        ([[1.0, 2.0]], [1], r"turn labels into targets with int_to_onehot"),
    ],
)
def test_what_is_no_array_of_numbers(make, pred, target, message):
    with pytest.raises(InputError, match=message):
        make()(pred, target)


@pytest.mark.parametrize("activation", [Sigmoid, Tanh, ReLU])
def test_cross_entropy_refuses_a_network_that_does_not_end_in_logits(activation):
    loss = CrossEntropyLoss()
    with pytest.raises(InputError, match=r"takes logits, .*MLP\(4-3-2\) are probabilities.*output_activation=None"):
        loss.check_model(MLP(4, 3, 2, output_activation=activation))
    for fits in (None, Identity):
        loss.check_model(MLP(4, 3, 2, output_activation=fits))
    loss.check_model(object())  # a student's own does not say what it ends in
    MSELoss().check_model(MLP(4, 3, 2))
