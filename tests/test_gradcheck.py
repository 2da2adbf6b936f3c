"""gradcheck: it acquits the innocent, names the guilty and by how much, and touches nothing."""

import numpy as np
import pytest

from glasswork import MLP, CrossEntropyLoss, InputError, Layer, Linear, MSELoss, ReLU, Sigmoid, gradcheck


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


def wrong(report):
    return [check.name for check in report.checks if not check.right]


def test_right_network_is_acquitted(x, target):
    report = gradcheck(network(), MSELoss(), x, target, verbose=False)
    assert report.error < 1e-7
    assert report.right
    assert report.first_wrong is None
    assert report.error == max(check.error for check in report.checks)
    assert {name: check.shape for name, check in checks(report).items()} == {
        "loss": (6, 3),
        "linear1.weight": (5, 4),
        "linear1.bias": (4,),
        "linear1.input": (6, 5),
        "act1.input": (6, 4),
        "linear2.weight": (4, 3),
        "linear2.bias": (3,),
        "linear2.input": (6, 4),
        "act2.input": (6, 3),
        "network": (39,),
    }
    for check in report.checks:
        assert check.ratio == pytest.approx(1, abs=1e-7)


def test_lone_layer(x):
    report = gradcheck(Linear(5, 3, dtype=np.float64, rng=rng()), MSELoss(), x, np.ones((6, 3)), verbose=False)
    assert [check.name for check in report.checks] == ["loss", "weight", "bias", "input"]
    assert report.error < 1e-7


class DoubledSigmoid(Sigmoid):
    """Returns twice the gradient."""

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


@pytest.mark.parametrize("place", ["act1", "act2"])
def test_a_wrong_layer_is_the_first_wrong_one_wherever_it_is(place, x, target):
    model = network()
    setattr(model, place, DoubledSigmoid(dtype=np.float64))
    report = gradcheck(model, MSELoss(), x, target, verbose=False)
    assert wrong(report) == [f"{place}.input", "network"]
    assert report.first_wrong.ratio == pytest.approx(2, abs=1e-7)
    assert report.first_wrong.error == pytest.approx(0.5, abs=1e-7)
    assert f"The first wrong one is {place}.input: it is 2 times the true gradient: an extra factor of 2" in str(report)


def test_forgotten_bias_is_the_only_one_named(x):
    whole = gradcheck(NoBias(5, 3, rng=rng()), MSELoss(), x, np.ones((6, 3)), verbose=False)
    assert wrong(whole) == ["bias"]
    assert "zero where the true gradient is not" in whole.verdict
    report = checks(whole)
    assert report["bias"].error == 1
    assert report["bias"].ratio == 0
    assert report["weight"].error < 1e-7
    assert report["input"].error < 1e-7


def test_forgotten_transpose_is_seen_at_the_input(x):
    whole = gradcheck(NoTranspose(5, 5, rng=rng()), MSELoss(), x, np.ones((6, 5)), verbose=False)
    assert wrong(whole) == ["input"]
    assert checks(whole)["input"].error > 0.1
    assert "not a multiple of the true gradient" in whole.verdict


class MeanOverAll(MSELoss):
    """The mean over all elements, with the gradient of the handout."""

    def forward(self, pred, target):
        return super().forward(pred, target) / pred.shape[1]


class SumOverBatch(MSELoss):
    def backward(self):
        return super().backward() * len(self.pred)


class WrongWay(MSELoss):
    def backward(self):
        return -super().backward()


@pytest.mark.parametrize(
    ("loss", "ratio", "advice"),
    [
        (NoFactorTwo, 1 / 2, "a missing factor of 2"),
        (MeanOverAll, 3, "the number of classes (3)"),
        (SumOverBatch, 6, "the batch (6), a sum over the batch where the mean belongs"),
        (WrongWay, -1, "the wrong sign"),
    ],
)
def test_a_wrong_loss_is_blamed_alone(loss, ratio, advice, x, target):
    """Not the layers, which are right; and the advice says what the ratio means."""
    report = gradcheck(network(), loss(), x, target, verbose=False)
    assert wrong(report) == ["loss", "network"]
    assert report.first_wrong.ratio == pytest.approx(ratio, rel=1e-6)
    assert report.verdict.startswith("The loss's backward() is wrong")
    assert advice in report.verdict


def test_bias_by_mean_has_ratio_one_by_the_batch(x, target):
    report = gradcheck(network(bias_grad="mean"), MSELoss(), x, target, verbose=False)
    assert wrong(report) == ["linear1.bias", "linear2.bias", "network"]
    assert checks(report)["linear2.bias"].ratio == pytest.approx(1 / 6, abs=1e-7)
    assert "linear1.bias: it is 0.166667 times the true gradient: 1/batch (1/6), a mean over the batch" in str(report)


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
    assert "5 × 4" in rows[1]
    assert verdict == "Every gradient is right."


def test_a_notebook_shows_the_table_once(x, target, capsys):
    """The printed table; then, for a cell's last line, the repr: one line."""
    report = gradcheck(network(), MSELoss(), x, target)
    assert capsys.readouterr().out.count("linear1.weight") == 1
    assert repr(report).startswith("GradientReport(all 10 right, largest relative error ")
    assert repr(gradcheck(network(bias_grad="mean"), MSELoss(), x, target, verbose=False)).startswith(
        "GradientReport(3 of 10 wrong, "
    )


def test_table_calls_a_wrong_gradient_wrong(x, target):
    report = gradcheck(network(activation=DoubledSigmoid), MSELoss(), x, target, verbose=False)
    rows = {row.split()[0]: row.split()[-1] for row in str(report).splitlines()[1:-1]}
    assert {name for name, verdict in rows.items() if verdict == "WRONG"} == {"act1.input", "network"}
    assert set(rows.values()) == {"right", "WRONG"}


# Students' own classes ----------------------------------------------------------------------------


def test_students_own_network_and_layer(listing, x, target):
    """The handout's classes, which inherit nothing; their bias gradients are 1/6 of the true ones."""
    report = gradcheck(listing.MLP(5, 4, 3), listing.loss_fn, x, target, verbose=False)
    assert [check.name for check in report.checks] == [
        "loss", "linear1.weight", "linear1.bias", "linear1.input", "act1.input",
        "linear2.weight", "linear2.bias", "linear2.input", "act2.input", "network",
    ]  # fmt: skip
    assert wrong(report) == ["linear1.bias", "linear2.bias", "network"]
    assert report.first_wrong.ratio == pytest.approx(1 / 6)
    report = gradcheck(listing.Linear(5, 3), listing.loss_fn, x, target, verbose=False)
    assert {name: check.right for name, check in checks(report).items()} == {
        "loss": True, "weight": True, "bias": False, "input": True
    }  # fmt: skip


def mended(listing):
    """The handout's network with the true bias gradient: nothing in it is wrong."""

    class Right(listing.Linear):
        def backward(self, grad_output):
            grad_input = super().backward(grad_output)
            self.grad_bias[...] = grad_output.sum(axis=0)
            return grad_input

    model = listing.MLP(5, 4, 3)
    model.linear1, model.linear2 = Right(5, 4), Right(4, 3)
    return model


def test_a_right_network_of_a_students_own_is_acquitted(listing, x, target):
    report = gradcheck(mended(listing), listing.MSELoss(), x, target, verbose=False)
    assert report.right
    assert report.error < 1e-7


def test_the_handouts_activation_alone_has_no_parameters(listing, target):
    report = gradcheck(listing.Sigmoid(), listing.MSELoss(), rng().normal(size=(6, 3)), target, verbose=False)
    assert [(check.name, check.right) for check in report.checks] == [("loss", True), ("input", True)]


class Rebinding:
    """The handout's Linear as many write it: the gradients are right, and nothing is ever learnt."""

    def __init__(self, n, m):
        self.weight, self.bias = rng().normal(size=(n, m)), np.zeros(m)
        self.grad_weight, self.grad_bias = np.zeros((n, m)), np.zeros(m)

    def __call__(self, x):
        self.input = x
        return x @ self.weight + self.bias

    def backward(self, grad_output):
        self.grad_weight = self.input.T @ grad_output
        self.grad_bias = grad_output.sum(axis=0)
        return grad_output @ self.weight.T

    def parameters(self):
        return [self.weight, self.bias]

    def gradients(self):
        return [self.grad_weight, self.grad_bias]


class CopyingParameters(Rebinding):
    """Its optimiser would move copies."""

    def backward(self, grad_output):
        self.grad_weight[...] = self.input.T @ grad_output
        self.grad_bias[...] = grad_output.sum(axis=0)
        return grad_output @ self.weight.T

    def parameters(self):
        return [self.weight.copy(), self.bias]


class CopyingGradients(CopyingParameters):
    def parameters(self):
        return [self.weight, self.bias]

    def gradients(self):
        return [self.grad_weight.copy(), self.grad_bias.copy()]


class RebindingWeights(CopyingGradients):
    """Its forward puts new weights in place of those that the optimiser holds."""

    def __call__(self, x):
        self.weight = self.weight + 0
        return super().__call__(x)

    def gradients(self):
        return [self.grad_weight, self.grad_bias]


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (Rebinding, "backward replaced the old arrays by new ones"),
        (CopyingGradients, "backward replaced the old arrays by new ones"),
        (CopyingParameters, "parameters() must return the layers' own arrays"),
        (RebindingWeights, "parameters() must return the layers' own arrays"),
    ],
)
@pytest.mark.parametrize("alone", [True, False])
def test_arrays_that_are_replaced_are_found_though_every_number_is_right(kind, message, alone, listing, x, target):
    if alone:
        model = kind(5, 3)
    else:
        model = mended(listing)
        model.linear2 = kind(4, 3)
    report = gradcheck(model, MSELoss(), x, target, verbose=False)
    assert not report.right
    assert message in report.verdict
    if not alone:
        assert report.first_wrong.name.startswith("linear2.")


class Chained:
    """A network that keeps its layers twice: by name, and in the list that forward uses."""

    def __init__(self, model):
        vars(self).update(vars(model))
        self.chain = [self.linear1, self.act1, self.linear2, self.act2]
        self.forward_of = None

    def __call__(self, x):
        for layer in self.chain:
            x = layer(x)
        return x

    def backward(self, grad_output):
        for layer in reversed(self.chain):
            grad_output = layer.backward(grad_output)

    def parameters(self):
        return self.linear1.parameters() + self.linear2.parameters()

    def gradients(self):
        return self.linear1.gradients() + self.linear2.gradients()


@pytest.mark.parametrize("name", ["linear1", "act1"])
def test_a_layer_that_was_replaced_and_is_not_used_is_found(name, listing, x, target):
    model = Chained(mended(listing))
    assert gradcheck(model, listing.MSELoss(), x, target, verbose=False).right
    setattr(model, name, type(getattr(model, name))(*((5, 4) if name == "linear1" else ())))
    report = gradcheck(model, listing.MSELoss(), x, target, verbose=False)
    assert report.first_wrong.name == name
    assert "forward does not use this layer" in report.verdict


def test_a_layer_replaced_in_our_own_network_is_the_one_that_is_checked(x, target):
    model = network()
    model.act1 = DoubledSigmoid(dtype=np.float64)
    assert gradcheck(model, MSELoss(), x, target, verbose=False).first_wrong.name == "act1.input"


def test_a_network_that_chains_its_layers_wrongly(listing, x, target):
    """Every layer is right, and backward leaves one out."""

    class NoActivation(Chained):
        def backward(self, grad_output):
            grad_output = self.linear2.backward(self.act2.backward(grad_output))
            self.linear1.backward(grad_output)

    report = gradcheck(NoActivation(mended(listing)), MSELoss(), x, target, verbose=False)
    assert wrong(report) == ["network"]
    assert "The loss and each layer are right" in report.verdict


def test_a_network_whose_parameters_are_not_all_there(listing, x, target):
    class Forgetful(Chained):
        def parameters(self):
            return self.linear1.parameters()

        def gradients(self):
            return self.linear1.gradients()

    report = gradcheck(Forgetful(mended(listing)), MSELoss(), x, target, verbose=False)
    assert wrong(report) == ["network"]
    assert "leave out linear2.weight, linear2.bias" in report.verdict


def test_training_mode(x, target):
    """The same masks and the same noise at every forward, and the model's own position is not touched."""
    model = MLP(5, [4, 4], 3, dropout=0.4, input_noise=0.3, batch_norm=True, activation=ReLU, rng=rng())
    with model.mode(training=True):
        report = gradcheck(model, MSELoss(), x, target, verbose=False)
    assert report.right, str(report)
    assert model.drop1.position is None


def test_sigmoids_in_front_of_cross_entropy_are_refused(x, target):
    with pytest.raises(InputError, match=r"takes logits, .* MLP\(5-4-3\) are probabilities.*output_activation=None"):
        gradcheck(network(), CrossEntropyLoss(), x, target)
    assert gradcheck(network(output_activation=None), CrossEntropyLoss(), x, target, verbose=False).right


def test_integers_are_numbers_like_any_others(target):
    images = rng().integers(-2, 3, (6, 5))
    assert gradcheck(network(), MSELoss(), images, target, verbose=False).right


@pytest.mark.parametrize("x", [[["a"] * 5] * 6, None, [[1.0], [1.0, 2.0]]])
def test_input_of_no_numbers(x, target):
    with pytest.raises(InputError, match="gradcheck: expected "):
        gradcheck(network(), MSELoss(), x, target)


def test_students_own_layer_that_is_a_layer(listing, x, target):
    class Own(listing.Linear, Layer):
        def __init__(self):
            Layer.__init__(self)
            listing.Linear.__init__(self, 5, 3)

    report = gradcheck(Own(), MSELoss(), x, target, verbose=False)
    assert [check.name for check in report.checks] == ["loss", "weight", "bias", "input"]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (3, r"expected a model or a layer.*, got 3, without __call__, backward"),
        (Sigmoid, r"a class: create an object of it"),
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
        arrays = [*model.parameters(), *model.gradients(), x, target, outputs, model.linear1.input, loss.pred]
        return [(id(array), array.tobytes()) for array in arrays], {type(layer) for layer in model.layers}

    loss = MSELoss()
    loss(np.ones((2, 3)), np.zeros((2, 3)))
    before = everything()
    gradcheck(model, loss, x, target, verbose=False)
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
    assert calls == 2 + (1 + 2 * 4) + 4 * (1 + 2 * 6)  # two modes; the loss; four arrays, six directions


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
    with pytest.raises(InputError, match=r"MLP\(5-4-3\): expected images of shape \(N, 5\), .*, got shape \(6, 4\)"):
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


def test_a_number_of_entries_that_is_not_whole():
    with pytest.raises(InputError, match="at least 1 entry"):
        gradcheck(MLP(3, 2, 2), MSELoss(), np.ones((1, 3)), np.ones((1, 2)), entries=1.5)
