"""gradcheck: it acquits the innocent, names the guilty and by how much, and touches nothing."""

import numpy as np
import pytest

from glasswork import MLP, InputError, Layer, Linear, MSELoss, Sigmoid, gradcheck


def rng():
    return np.random.default_rng(3)


def network(**options):
    return MLP(5, 4, 3, rng=rng(), **{"dtype": np.float64, **options})


@pytest.fixture
def x():
    return rng().normal(size=(6, 5))


@pytest.fixture
def target():
    return np.eye(3)[[0, 1, 2, 0, 1, 1]]


def checks(report):
    return {check.name: check for check in report.checks}


def test_right_network_is_acquitted(x, target):
    report = gradcheck(network(), MSELoss(), x, target, verbose=False)
    assert report.error < 1e-7
    assert report.error == max(check.error for check in report.checks)
    assert {name: check.shape for name, check in checks(report).items()} == {
        "linear1.weight": (5, 4),
        "linear1.bias": (4,),
        "linear2.weight": (4, 3),
        "linear2.bias": (3,),
        "input": (6, 5),
    }
    for check in report.checks:
        assert check.ratio == pytest.approx(1, abs=1e-7)


def test_lone_layer(x):
    report = gradcheck(Linear(5, 3, dtype=np.float64, rng=rng()), MSELoss(), x, np.ones((6, 3)), verbose=False)
    assert [check.name for check in report.checks] == ["weight", "bias", "input"]
    assert report.error < 1e-7


class DoubledSigmoid(Sigmoid):
    """Forgets nothing, but says everything twice as loud."""

    def backward(self, grad_output):
        return 2 * super().backward(grad_output)


class NoBias(Linear):
    """Forgets its bias."""

    def backward_parameters(self, grad_output):
        super().backward_parameters(grad_output)
        self.grad_bias[...] = 0


class NoTranspose(Linear):
    """Passes the gradient on as if its square weights were symmetric."""

    def backward(self, grad_output):
        self.backward_parameters(grad_output)
        return grad_output @ self.weight


class NoFactorTwo(MSELoss):
    """Half the gradient of its own value."""

    def backward(self):
        return super().backward() / 2


def test_doubled_activation_has_ratio_2(x, target):
    model = network(output_activation=DoubledSigmoid)
    report = gradcheck(model, MSELoss(), x, target, verbose=False)
    for check in report.checks:
        assert check.ratio == pytest.approx(2, abs=1e-7)
        assert check.error == pytest.approx(0.5, abs=1e-7)


def test_fault_is_seen_only_upstream_of_where_it_is(x, target):
    report = checks(gradcheck(network(activation=DoubledSigmoid), MSELoss(), x, target, verbose=False))
    assert {name for name, check in report.items() if check.error > 1e-7} == {
        "linear1.weight",
        "linear1.bias",
        "input",
    }


def test_forgotten_bias_is_the_only_one_named(x):
    report = checks(gradcheck(NoBias(5, 3, rng=rng()), MSELoss(), x, np.ones((6, 3)), verbose=False))
    assert report["bias"].error == 1
    assert report["bias"].ratio == 0
    assert report["weight"].error < 1e-7
    assert report["input"].error < 1e-7


def test_forgotten_transpose_is_seen_at_the_input(x):
    report = checks(gradcheck(NoTranspose(5, 5, rng=rng()), MSELoss(), x, np.ones((6, 5)), verbose=False))
    assert report["input"].error > 0.1
    assert report["weight"].error < 1e-7


def test_wrong_loss_is_seen_everywhere(x, target):
    report = gradcheck(network(), NoFactorTwo(), x, target, verbose=False)
    for check in report.checks:
        assert check.ratio == pytest.approx(0.5, abs=1e-7)


def test_bias_by_mean_has_ratio_one_by_the_batch(x, target):
    report = checks(gradcheck(network(bias_grad="mean"), MSELoss(), x, target, verbose=False))
    for name, check in report.items():
        assert check.ratio == pytest.approx(1 / 6 if name.endswith("bias") else 1, abs=1e-7)


@pytest.mark.parametrize("verbose", [True, False])
def test_table(x, target, capsys, verbose):
    report = gradcheck(network(), MSELoss(), x, target, verbose=verbose)
    assert capsys.readouterr().out == (f"{report}\n" if verbose else "")
    head, *rows, verdict = str(report).splitlines()
    assert "relative error" in head
    assert "ratio" in head
    assert [row.split()[0] for row in rows] == [check.name for check in report.checks]
    assert [float(row.split()[-2]) for row in rows] == [round(check.ratio, 6) for check in report.checks]
    assert {row.split()[-1] for row in rows} == {"right"}
    assert "5 × 4" in rows[0]
    assert verdict == "Every gradient is right."


def test_table_calls_a_wrong_gradient_wrong(x, target):
    report = gradcheck(network(activation=DoubledSigmoid), MSELoss(), x, target, verbose=False)
    rows = {row.split()[0]: row.split()[-1] for row in str(report).splitlines()[1:-1]}
    assert rows == {
        "linear1.weight": "WRONG", "linear1.bias": "WRONG", "linear2.weight": "right", "linear2.bias": "right",
        "input": "WRONG",
    }  # fmt: skip
    assert "a forgotten factor" in str(report).splitlines()[-1]


def test_students_own_network_and_layer(listing, x, target):
    """The handout's classes, which inherit nothing; their bias gradients are 1/6 of the true ones."""
    report = gradcheck(listing.MLP(5, 4, 3), listing.loss_fn, x, target, verbose=False)
    found = {name: (check.shape, check.right) for name, check in checks(report).items()}
    assert found == {
        "linear1.weight": ((5, 4), True),
        "linear1.bias": ((4,), False),
        "linear2.weight": ((4, 3), True),
        "linear2.bias": ((3,), False),
    }
    assert checks(report)["linear1.bias"].ratio == pytest.approx(1 / 6)
    report = gradcheck(listing.Linear(5, 3), listing.loss_fn, x, target, verbose=False)
    assert {name: check.right for name, check in checks(report).items()} == {
        "weight": True, "bias": False, "input": True
    }  # fmt: skip


def test_students_own_layer_that_is_a_layer(listing, x, target):
    class Own(listing.Linear, Layer):
        def __init__(self):
            Layer.__init__(self)
            listing.Linear.__init__(self, 5, 3)

    report = gradcheck(Own(), MSELoss(), x, target, verbose=False)
    assert [check.name for check in report.checks] == ["weight", "bias", "input"]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (3, r"expected a model or a layer.*, got 3, without __call__, backward, parameters, gradients"),
        (Sigmoid, r"a class: make one of it"),
        (None, r"got None, without"),
    ],
)
def test_no_model(model, message, x, target):
    with pytest.raises(InputError, match=message):
        gradcheck(model, MSELoss(), x, target)


def test_students_own_network_in_float32(listing, x, target):
    model = listing.MLP(5, 4, 3)
    model.linear1.weight = model.linear1.weight.astype(np.float32)
    with pytest.raises(InputError, match="expected parameters in float64, got float32"):
        gradcheck(model, MSELoss(), x, target)


def test_touches_nothing(x, target):
    model = network()
    model.backward(np.ones_like(model(x)))
    outputs = model.act2.output

    def everything():
        arrays = [*model.parameters(), *model.gradients(), x, target, outputs, model.linear1.input]
        return [(id(array), array.tobytes()) for array in arrays]

    before = everything()
    gradcheck(model, MSELoss(), x, target, verbose=False)
    assert everything() == before


def test_float32_network_is_checked_in_float64(x, target):
    model = network(dtype=np.float32)
    report = gradcheck(model, MSELoss(), x.astype(np.float32), target.astype(np.float32), verbose=False)
    assert report.error < 1e-7
    assert {parameter.dtype for parameter in model.parameters()} == {np.dtype(np.float32)}
    assert model.dtype == np.float32


def test_images_in_column_order(x, target):
    """The same numbers, laid out the other way round in memory, as ``pixels.T`` is."""
    report = gradcheck(network(), MSELoss(), np.asfortranarray(x), target, verbose=False)
    assert report.error < 1e-7


def test_some_entries_only(x, target):
    calls = 0

    class Counting(MSELoss):
        def forward(self, pred, target):
            nonlocal calls
            calls += 1
            return super().forward(pred, target)

    report = gradcheck(network(), Counting(), x, target, entries=4, verbose=False)
    assert report.error < 1e-7
    assert calls == 1 + 2 * (4 + 4 + 4 + 3 + 4)  # one bias has three entries in all


def test_gradient_of_zero_is_right_and_has_no_ratio():
    """Black pixels: no weight matters."""
    report = checks(gradcheck(Linear(5, 3), MSELoss(), np.zeros((2, 5)), np.ones((2, 3)), verbose=False))
    assert report["weight"].error == 0
    assert np.isnan(report["weight"].ratio)
    assert report["bias"].ratio == pytest.approx(1, abs=1e-7)


def test_loss_without_backward(x, target):
    with pytest.raises(InputError, match=r"gradcheck: expected a loss with a backward\(\) method, got <function"):
        gradcheck(network(), lambda pred, target: float(((pred - target) ** 2).sum()), x, target)


def test_wrong_shapes(x, target):
    with pytest.raises(InputError, match=r"Linear\(5, 4\): expected an input of shape \(batch, 5\), got .*\(6, 4\)"):
        gradcheck(network(), MSELoss(), x[:, :4], target)
    with pytest.raises(InputError, match=r"MSELoss\(\): expected pred and target of one shape .*\(6, 3\) and \(6, 2\)"):
        gradcheck(network(), MSELoss(), x, target[:, :2])


class NotANumber(Linear):
    def backward_parameters(self, grad_output):
        super().backward_parameters(grad_output)
        self.grad_bias[...] = np.nan


def test_a_gradient_that_is_no_number_is_wrong(x):
    report = gradcheck(NotANumber(5, 3, dtype=np.float64), MSELoss(), x, np.ones((6, 3)), verbose=False)
    assert not checks(report)["bias"].right
    assert report.error == np.inf


@pytest.mark.parametrize("spoil", ["x", "target"])
def test_input_that_is_no_number(spoil, x, target):
    {"x": x, "target": target}[spoil][0, 0] = np.nan
    with pytest.raises(InputError, match="expected finite numbers in x and target"):
        gradcheck(network(), MSELoss(), x, target)
