"""A file whose own parts fit one another is spared, and no file is that trains in another way."""

import contextlib
import io

import pytest
from texts import quick

from glasswork.classroom.catalogue import changed, mistakes, solution
from glasswork.classroom.judging.whole import run_whole
from glasswork.classroom.student.run import run_student
from glasswork.classroom.student.source import from_script

CALL = "    def __call__(self, x):\n        return self.forward(x)\n\n"
OPTIMIZER = "def __init__(self, params, grads, lr=0.1):\n        self.params = params\n        self.grads = grads"
MADE = "SGD(model.parameters(), model.gradients(), lr=learning_rate)"
LOADER = "    train_loader = minibatch_generator(X_train, y_train, minibatch_size=batch_size)\n"

TOGETHER = {
    "the handout's own": (),
    "no __call__": (
        CALL, "", "x = self.linear1(x)", "x = self.linear1.forward(x)", "x = self.act1(x)", "x = self.act1.forward(x)",
        "x = self.linear2(x)", "x = self.linear2.forward(x)", "x = self.act2(x)", "x = self.act2.forward(x)",
        "model(X_batch)", "model.forward(X_batch)",
    ),
    "train makes its batches": (
        "def train(model, train_loader, optimizer, criterion):", "def train(model, optimizer, X, y, criterion):",
        "in train_loader:", "in minibatch_generator(X, y, batch_size):", LOADER, "",
        "train(model, train_loader, optimizer, criterion=loss_fn)", "train(model, optimizer, X_train, y_train, loss_fn)",
    ),
    "an optimizer of layers": (
        OPTIMIZER, "def __init__(self, layers, lr=0.1):\n        self.layers = layers",
        "        for p, g in zip(self.params, self.grads):\n            p -= self.lr * g",
        "        for layer in self.layers:\n            layer.weight -= self.lr * layer.grad_weight\n"
        "            layer.bias -= self.lr * layer.grad_bias",
        "        for g in self.grads:\n            g.fill(0.0)", "        pass",
        MADE, "SGD([model.linear1, model.linear2], lr=learning_rate)",
    ),
    "new gradient arrays, asked for each step": (
        "self.grad_weight[...] = ", "self.grad_weight = ", "self.grad_bias[...] = ", "self.grad_bias = ",
        OPTIMIZER, "def __init__(self, model, lr=0.1):\n        self.model = model",
        "zip(self.params, self.grads)", "zip(self.model.parameters(), self.model.gradients())",
        "in self.grads:", "in self.model.gradients():", MADE, "SGD(model, lr=learning_rate)",
    ),
    "the loss's backward takes arguments": (
        "    def backward(self):\n        return 2. * (self.pred - self.target) / self.target.shape[0]",
        "    def backward(self, pred, target):\n        return 2. * (pred - target) / target.shape[0]",
        "loss_fn.backward()", "criterion.backward(preds, int_to_onehot(y_batch))",
    ),
    "divided in the layer": (
        "np.dot(self.input.T, grad_output)", "np.dot(self.input.T, grad_output) / len(grad_output)",
        " / self.target.shape[0]", "",
    ),
    "the bias gradient mended": ("np.mean(grad_output, axis=0)", "np.sum(grad_output, axis=0)"),
    "sizes in a list": (
        "def __init__(self, in_features, hidden_size, out_features):\n        self.linear1",
        "def __init__(self, sizes):\n        in_features, hidden_size, out_features = sizes\n        self.linear1",
        "MLP(in_features=in_features, hidden_size=hidden_size, out_features=out_features)", "MLP([784, 50, 10])",
    ),
}  # fmt: skip

NEVER = (
    "forward-without-bias", "grad-bias-is-bias", "sgd-uphill", "sgd-rebinds", "mlp-one-sigmoid-twice",
    "backward-divided-by-batch", "backward-bias-forgotten", "mlp-last-activation-skipped", "sigmoid-tanh",
    "train-step-before-backward", "optimizer-lists-swapped", "mse-backward-sign",
)  # fmt: skip


def whole(text):
    """Run a solution whose data are left away: they are made up anyhow."""
    begin, end = text.index("from sklearn"), text.index("def minibatch")
    data = "X_train = X_valid = X_test = np.zeros((2, 2))\ny_train = y_valid = y_test = np.zeros(2, int)\n\n\n"
    text = text[:begin] + data + text[end : text.index("class ReLU")]
    with contextlib.redirect_stdout(io.StringIO()):
        return run_whole(run_student(from_script(text)))


@pytest.mark.parametrize("name", TOGETHER)
def test_parts_that_fit_one_another_train_as_the_right_ones(name):
    text = solution()
    for old, new in zip(TOGETHER[name][::2], TOGETHER[name][1::2], strict=True):
        assert old in text
        text = text.replace(old, new)
    assert whole(text).trains


@pytest.mark.parametrize("mistake", NEVER)
def test_what_trains_in_another_way_is_not_spared(mistake):
    assert not whole(changed(mistakes()[mistake].variants[0])).trains


def test_a_spared_file_gets_remarks_and_a_slow_one_too(checker, tmp_path):
    text = solution()
    for old, new in zip(TOGETHER["an optimizer of layers"][::2], TOGETHER["an optimizer of layers"][1::2], strict=True):
        text = text.replace(old, new)
    slow = "np.array([[1 / (1 + np.exp(-v)) for v in row] for row in x])"
    path = tmp_path / "mine.py"
    path.write_text(quick(text.replace("1 / (1 + np.exp(-x))", slow)))
    status = {part.name: part.status for part in checker.check(path).parts}
    assert {name for name, word in status.items() if word == "remark"} == {"SGD", "Sigmoid.forward"}
    assert set(status.values()) == {"done", "remark"}
