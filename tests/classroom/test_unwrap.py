"""Which statements are executed, in which order, and which of two definitions counts."""

import ast
import textwrap

import pytest

from glasswork.classroom.judging.structure import aliases, defined_twice, not_found
from glasswork.classroom.student.outline import Outline
from glasswork.classroom.student.run import run_student
from glasswork.classroom.student.source import from_script
from glasswork.classroom.student.unwrap import unwrapped


def flat(text):
    return [ast.unparse(s) for s in unwrapped(from_script(textwrap.dedent(text))).statements]


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("main()", ["rate = 0.1", "x = rate"]),
        ("if __name__ == '__main__':\n    main(0.5)", ["rate = 0.5", "x = rate"]),
        ("main(rate=2)", ["rate = 2", "x = rate"]),
        ("def run():\n    main()\nrun()", ["rate = 0.1", "x = rate"]),
        ("y = main()", ["y = main()"]),
        ("main(1, 2, 3)", ["main(1, 2, 3)"]),
    ],
)
def test_what_main_does_stands_where_it_is_called(call, expected):
    told = flat("def main(rate=0.1):\n    global x\n    x = rate\n    return\n" + call)
    assert [line for line in told if not line.startswith("def ")] == expected


def test_a_function_that_calls_itself_or_returns_early_stays_a_call():
    assert flat("def f():\n    f()\nf()")[-1] == "f()"
    assert flat("def f():\n    if a:\n        return\n    b = 1\nf()")[-1] == "f()"


SIGMOID = "class Sigmoid:\n    kind = {}\n"
USES = "class MLP:\n    def __init__(self):\n        self.act1 = Sigmoid()\n"


@pytest.mark.parametrize(
    ("pieces", "counts"),
    [
        ((1, 2, USES, "model = MLP()"), 2),
        ((1, USES, "model = MLP()", 2), 1),
        ((USES, "model = 3", 1, 2), 2),
        ((1, USES, "MLP()", 2, "model = MLP()"), 2),
    ],
)
def test_the_definition_counts_that_is_in_force_at_the_use(pieces, counts):
    text = "".join(SIGMOID.format(p) if isinstance(p, int) else p + "\n" for p in pieces)
    run = run_student(from_script(text))
    assert run.namespace["Sigmoid"].kind == counts
    told = defined_twice(run.outline)
    assert list(told) == ["Sigmoid.forward"]
    line = next(i for i, words in enumerate(text.split("\n"), 1) if words == f"    kind = {counts}") - 1
    assert f"The one of line {line} is in force" in told["Sigmoid.forward"]


def test_a_method_that_is_there_twice_is_told_and_a_copy_is_not():
    twice = "class Sigmoid:\n    def forward(self):\n        return 1\n    def forward(self):\n        return 2\n"
    assert "line 2 and line 4. The one of line 4" in defined_twice(Outline(from_script(twice)))["Sigmoid.forward"]
    assert not defined_twice(Outline(from_script((SIGMOID * 2).format(1, 1))))


@pytest.mark.parametrize(
    ("text", "name", "meant"),
    [
        ("class LinearLayer: ...", "Linear", "LinearLayer"),
        ("class DenseLayer: ...", "Linear", "DenseLayer"),
        ("class NeuralNet: ...", "MLP", "NeuralNet"),
        ("def one_hot(y): ...", "int_to_onehot", "one_hot"),
        ("def get_batches(): ...", "minibatch_generator", "get_batches"),
        ("class Cat: ...", "SGD", None),
    ],
)
def test_what_is_not_found_is_guessed(text, name, meant):
    says = not_found(Outline(from_script(text)), name)
    assert says.startswith(f"There is no {name}")
    assert (f"Is {meant} yours?" in says) if meant else ("yours" not in says)


METHODS = "".join(
    f"    def {name}(self): ...\n" for name in ("__init__", "forward", "backward", "parameters", "gradients")
)


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (("FullyConnected", "NeuralNetwork"), {"Linear": "FullyConnected", "MLP": "NeuralNetwork"}),
        (("DenseLayer",), {"Linear": "DenseLayer"}),
        (("Dense", "DenseLayer"), {}),  # which of them?
        (("Tree",), {}),
    ],
)
def test_a_class_with_all_methods_takes_the_place_of_the_handouts(names, found):
    outline = Outline(from_script("".join(f"class {name}:\n{METHODS}" for name in names)))
    assert {name: alias for name, (alias, _) in aliases(outline).items()} == found
