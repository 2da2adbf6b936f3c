"""A cause is named only where the file, with that one thing mended, gets further when it is run again."""

import ast
import contextlib
import io

import numpy as np
import pytest

import glasswork
from glasswork.classroom.judging.replay import Replay
from glasswork.classroom.student.source import from_script
from glasswork.classroom.student.whole_file import run_whole_file

FILE = """
import numpy as np
class Sigmoid:
    def forward(self, x):
        self.output = 1 / (1 + np.exp(-x))
    def backward(self, grad):
        return grad * self.output * 2
def int_to_onehot(y):
    return np.eye(9)[y]
def f(x):
    x = np.random.shuffle(x)
    return len(x)
{}
print("the end", unknown)
"""


USED_UP = """
class MLP:
    def __init__(self, *sizes): pass
    def parameters(self): return []
    gradients = parameters
class MSELoss: pass
class SGD:
    def __init__(self, *args): pass
def minibatch_generator(X, y, size): yield X, y
X_train = y_train = X_valid = y_valid = np.zeros(3)
train_loader = minibatch_generator(X_train, y_train, 100)
for epoch in range(2):
    print(1 / sum(1 for _ in train_loader))
"""


@pytest.fixture(autouse=True)
def few_images(monkeypatch):
    """The data that a replay makes, in a moment."""
    monkeypatch.setattr(glasswork, "load_mnist", lambda: (np.zeros((9, 4), np.uint8), np.arange(9)))


def replay(line):
    document = from_script(FILE.format(line))

    def run(document):
        with contextlib.redirect_stdout(io.StringIO()):
            return run_whole_file(document)

    return Replay(document, run(document), run)


@pytest.mark.parametrize(
    ("line", "parts", "further"),
    [
        ("print(Sigmoid().forward(np.zeros(2)) + 1)", ["Sigmoid.forward"], True),
        ("print(Sigmoid().forward(np.zeros(2)) + 1)", ["Sigmoid.backward", "int_to_onehot"], False),
        ("print(Sigmoid().forward(np.zeros(2)) + 1)", ["MLP.forward"], False),  # it has none
        ("class MSELoss:\n    def foward(self, a, b): ...\nprint(MSELoss().forward(1, 1))", ["MSELoss.forward"], True),
        ("int_to_onehot(np.array([9]))", ["int_to_onehot"], True),
        ("int_to_onehot(np.array([10]))", ["int_to_onehot"], False),  # the right one stops there, too
        ("int_to_onehot(np.array(['5']))", ["Sigmoid.forward"], False),
        ("np.zeros(3)[3]", ["Sigmoid.forward", "int_to_onehot"], False),
        ("y_train = np.array(['5'])\nint_to_onehot(y_train[:1])", ["data"], True),
        ("def main():\n    y_train = np.array(['5'])\n    int_to_onehot(y_train[:1])\nmain()", ["data"], True),
        ("y_train = np.array([5])\nint_to_onehot(np.array(['5']))", ["data"], False),
        ("def main():\n    x = Sigmoid().forward(1)\n    print(x + 1)\nmain()", ["Sigmoid.forward"], True),
        ("def main():\n    x = int_to_onehot(3)\n    print(x[9])\nmain()", ["Sigmoid.forward"], False),
        (USED_UP, ["settings"], True),
        ("model = 3\nmodel.forward()", ["settings"], False),  # no MLP to make one of
    ],
)
def test_a_part_is_the_cause_if_the_file_gets_further_with_a_right_one(line, parts, further):
    tried = replay(line)
    assert tried.ending.how == "error"
    assert tried.with_parts(parts) is further
    assert ast.unparse(from_script(FILE.format(line)).statements) == ast.unparse(tried.document.statements)


@pytest.mark.parametrize(("line", "further"), [("f(np.arange(3))", True), ("np.zeros(3)[3]", False)])
def test_a_node_is_the_cause_if_the_file_gets_further_without_it(line, further):
    tried = replay(line)
    (node,) = (
        n
        for s in tried.document.statements
        for n in ast.walk(s)
        if "shuffle" in ast.dump(n) and isinstance(n, ast.Assign)
    )
    assert tried.with_node(node, ast.Expr(node.value)) is further


def test_an_error_that_comes_earlier_than_before_is_no_progress():
    text = "def main():\n    rate = 0.1\n    print(rate)\n    print([].rate)\nmain()\n"
    document = from_script(text)
    node = document.statements[0].body[0]
    tried = Replay(document, run_whole_file(document), run_whole_file)
    assert tried.with_node(node, ast.parse("self.rate = 0.1").body[0]) is False
