"""The file as it stands: run once from top to bottom, with a short training, and Python's own error where it stops."""

import contextlib
import io
import sys
import textwrap

import pytest

from glasswork.classroom.student.fixture import _SilentModule
from glasswork.classroom.student.outline import unknown_names
from glasswork.classroom.student.source import from_cells, from_script
from glasswork.classroom.student.whole_file import run_whole_file

#: A file with the shape of a training: 550 batches an epoch, 50 epochs, and a step that counts itself.
FILE = """
import numpy as np
steps, losses = [], []
class Model:
    def forward(self, x):
        for _ in range(5):
            x = x * 1.0
        return x
class Optimizer:
    def step(self):
        steps.append(1)
def batches(n=550):
    for i in range(n):
        yield np.full(4, i)
def train(model, loader, optimizer):
    seen = 0
    for x in loader:
        model.forward(x)
        optimizer.step()
        seen += 1
    return seen
model, optimizer = Model(), Optimizer()
num_epochs = 50
for epoch in range(num_epochs):
    losses.append(train(model, batches(), optimizer))
print("done", losses[num_epochs - 1])
"""


def run(text, seconds=6.0):
    with contextlib.redirect_stdout(io.StringIO()):
        return run_whole_file(from_script(textwrap.dedent(text)), seconds)


def change(old, new):
    assert old in FILE
    return FILE.replace(old, new, 1)


def line_of(text, words):
    return next(i for i, line in enumerate(text.split("\n"), 1) if words in line)


@pytest.mark.parametrize(
    "text",
    [
        FILE,
        change('losses[num_epochs - 1]', 'losses[49]'),  # all epochs are there
        change("    return seen", "    assert seen == 550\n    return seen").replace("losses[num_epochs - 1]", "losses[-1]"),
        change("for x in loader:", "it = iter(loader)\n    for k in range(550):\n        x = next(it)"),
        "def main():\n" + textwrap.indent(FILE, "    ") + "\nif __name__ == '__main__':\n    main()\n",
        change("for epoch in range(num_epochs):", "epoch = 0\nwhile epoch < num_epochs:\n    epoch += 1"),
        change("for epoch in range(num_epochs):", "epoch = 0\nwhile True:\n    epoch += 1\n    if epoch > 3: break")
        .replace("losses[num_epochs - 1]", "losses[-1]"),
        change("for epoch in range(num_epochs):", "for epoch in range(num_epochs):\n    if epoch % 10 == 9: best = epoch")
        + "print(best)\n",
        "import sys\nprint(sys.modules['__main__'].sys is sys, __name__)\nassert input('rate? ')\n",
        "from __future__ import annotations\nclass A:\n    def f(self) -> A: ...\n",
    ],
)  # fmt: skip
def test_a_file_that_runs_ends(text):
    ending = run(text)
    assert (ending.how, ending.left, ending.idle) == ("end", (), None), ending


@pytest.mark.parametrize(
    ("text", "how", "words", "line", "meant"),
    [
        (change("losses.append", "if epoch == 40: lossess = bests\n    losses.append"), "error", "name 'bests' is not defined",
         "bests", ""),
        (change("losses.append", "if epoch == 1: optimizer.rate *= 2\n    losses.append"), "error", "has no attribute 'rate'",
         "optimizer.rate", ""),
        (FILE + "print(loses)\n", "error", "NameError: name 'loses' is not defined", "print(loses)", "losses"),
        (change("num_epochs = 50", "num_epochs = 50\nbest = zzz"), "error", "NameError: name 'zzz'", "best = zzz", ""),
        (change("optimizer.step()", "optimizer.stp()"), "error", "has no attribute 'stp'", "optimizer.stp", "step"),
        (change("return seen", "return sen"), "error", "NameError: name 'sen' is not defined", "return sen", "seen"),
        (change("import numpy", "import numpyy"), "error", "ModuleNotFoundError", "import numpyy", "numpy"),
        (FILE + "from collections import OrderedDct\n", "error", "ImportError", "OrderedDct", "OrderedDict"),
        ("import numpy as np\nnp.ones((2, 3)) @ np.ones((4, 5))\n", "error", "matmul: the shapes do not fit: (size 4 is", "(4, 5)", ""),
        ("import numpy as np\nnp.ones((2, 3)) @ 3.0\n", "error", "matmul: the shapes do not fit: (has 0)", "@ 3.0", ""),
        (FILE + "print(z)\n", "error", "NameError: name 'z' is not defined", "print(z)", ""),
        (FILE + "history = {'train': 1, 'acc': 2}\nhistory['accuracy']\n", "error", "KeyError: 'accuracy'", "history['accuracy']", "acc"),
        (FILE + "np.Inf\n", "error", "np.Inf` was removed", "np.Inf", ""),
        (FILE + "print((1, 2)\n", "error", "SyntaxError: '(' was never closed", "print((1, 2)", ""),
        (FILE + "def f():\nreturn 1\n", "error", "IndentationError", "return 1", ""),
        (FILE + "%matplotlib inline\n", "error", "SyntaxError", "%matplotlib", ""),
        (FILE + "return 3\n", "error", "SyntaxError: 'return' outside function", "return 3", ""),
        (change("losses[num_epochs - 1]", "losses[50]"), "error", "IndexError", "losses[50]", ""),
        (FILE + "open('no.txt')\n", "refused", "FileNotFoundError", "open(", ""),
        (FILE + "import torchvision\n", "refused", "ModuleNotFoundError", "import torchv", ""),
        (FILE + "from matplotlib import pyplot\nfigure, axes = pyplot.subplots(2, 2)\nprint(z)\n", "error", "name 'z'", "print(z)", ""),
        (FILE + "raise SystemExit\nprint(1)\n", "exit", "", "raise System", ""),
    ],
)  # fmt: skip
def test_a_stop_is_told_in_pythons_words_at_pythons_line(text, how, words, line, meant):
    ending = run(text)
    assert (ending.how, ending.line, ending.meant) == (how, line_of(text, line), meant), ending
    assert words in ending.words


@pytest.mark.parametrize(
    "loop",
    ["while epoch < num_epochs:", "while epoch < num_epochs:\n    epoch == epoch + 1",
     "while epoch < num_epochs:\n    epoch =+ 1", "while epoch != num_epochs:\n    epoch + 1"],
)  # fmt: skip
def test_a_loop_whose_condition_never_changes_is_endless(loop):
    text = change("for epoch in range(num_epochs):", "epoch = 0\n" + loop)
    ending = run(text)
    assert (ending.how, ending.line) == ("stuck", line_of(text, "while epoch"))


def test_a_training_that_is_long_is_no_endless_one():
    text = change("for epoch in range(num_epochs):", "epoch = 0\nwhile epoch < 10**9:\n    epoch += 1")
    ending = run(text, seconds=0.3)
    assert (ending.how, ending.trained) == ("time", True)


@pytest.mark.parametrize(
    ("text", "left", "idle"),
    [
        (change("        seen += 1", "        seen += 1\n        break"), "for x in loader", None),
        (change("        seen += 1\n", "        seen += 1\n        return seen\n"), "for x in loader", None),
        (change("optimizer))\n", "optimizer))\n    break\n").replace("losses[num_epochs - 1]", "0"), "for epoch", None),
        (change("num_epochs = 50", "num_epochs = 0").replace("losses[num_epochs - 1]", "0"), None, "for epoch"),
        ("def main():\n" + textwrap.indent(FILE, "    "), None, "for epoch"),
    ],
)
def test_a_training_that_hardly_happens_is_seen(text, left, idle):
    ending = run(text)
    assert ending.how == "end"
    assert ending.left == ((line_of(text, left),) if left else ())
    assert ending.idle == (line_of(text, idle) if idle else None)


def test_a_notebook_runs_cell_by_cell_up_to_the_one_that_fails():
    ending = run_whole_file(from_cells(["a = 1", "b = a +", "c = d"]))
    assert (ending.kind, ending.line) == ("SyntaxError", 2)
    ending = run_whole_file(from_cells(["%matplotlib inline\na = 1", "c = d\n", "b = a +"]))
    assert (ending.words, ending.line) == ("NameError: name 'd' is not defined", 3)


def test_a_script_that_python_cannot_compile_stops_at_that_line():
    ending = run_whole_file(from_script("class A:\n    def f(self):\n        a = 1\n    return a\nprint(A().f())\n"))
    assert (ending.kind, ending.line, ending.words) == ("SyntaxError", 4, "SyntaxError: 'return' outside function")


def test_one_file_ends_the_same_way_each_time():
    text = "import numpy as np\nx = np.random.rand()\nprint({}[x])\n"
    assert run(text) == run(text)


@pytest.mark.parametrize(
    ("epochs", "plot", "how"),
    [
        (50, "plt.plot(range(51), losses)", "error"),
        (50, "ax = plt.axes()\nax.plot(losses, range(49), 'r')", "error"),
        (50, "plt.plot(range(50), losses, 'b')\nplt.plot(losses)\nplt.plot(losses, label='x')", "end"),
        (50, "plt.plot(np.arange(27_500), steps)", "end"),  # the batches of a short run are fewer
        (90, "plt.plot(range(90), losses)", "end"),  # and so are the epochs of a long one
    ],
)
def test_a_curve_of_two_lists_that_do_not_fit_stops_as_in_matplotlib(monkeypatch, epochs, plot, how):
    monkeypatch.setitem(sys.modules, "matplotlib", _SilentModule("matplotlib"))
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", _SilentModule("matplotlib.pyplot"))
    text = change("num_epochs = 50", f"num_epochs = {epochs}").replace("losses[num_epochs - 1]", "losses[-1]")
    ending = run(f"import matplotlib.pyplot as plt\n{text}{plot}\n")
    assert (ending.how, "must have same first dimension" in ending.words) == (how, how == "error")


def test_a_name_that_nothing_defines_is_found_without_running_its_line():
    text = "import os.path as p\nfrom math import *\n"
    assert [n.id for n in unknown_names(from_script(text + "print(pi)"))] == []
    text = "def f(a, *b, **c):\n    for d in a:\n        if d: print(d, e, p)\n    try: f(b, c)\n    except OSError as g: raise g\n"
    assert [n.id for n in unknown_names(from_script(text))] == ["e", "p"]
    assert [
        n.id for n in unknown_names(from_script("x = [i for i in range(3)]\nprint(x, __name__, _, In, display)"))
    ] == []


@pytest.mark.parametrize(
    ("change_of", "how"),
    [
        (("", ""), "end"),
        (("losses[num_epochs - 1])", "losses[num_epochs - 1], undefined)"), "error"),
        (("for epoch in range(num_epochs):", "epoch = 0\nwhile epoch < num_epochs:"), "stuck"),
    ],
)
def test_a_notebook_ends_as_its_script_does(change_of, how):
    """Its loop over epochs stands in another cell than the function that trains."""
    text = FILE.replace(*change_of, 1) if change_of[0] else FILE
    head, _, rest = text.partition("model, optimizer = Model()")
    classes, _, functions = head.partition("def batches")
    loop, _, end = rest.partition('print("done"')
    cells = [classes, "def batches" + functions, "model, optimizer = Model()" + loop, 'print("done"' + end]
    with contextlib.redirect_stdout(io.StringIO()):
        in_cells, in_one = run_whole_file(from_cells(cells)), run_whole_file(from_script(text))
    assert in_cells.how == in_one.how == how
    assert in_cells.epochs == in_one.epochs
