"""The helper through its public face: files at every stage, places of errors, limits, and the command."""

import json
import textwrap

import nbformat
import pytest
from texts import quick

from glasswork.classroom import Checker
from glasswork.classroom.catalogue import changed, solution
from glasswork.classroom.handout import PARTS
from glasswork.classroom.judging.slips import with_slips
from glasswork.classroom.probes import PROBES
from glasswork.classroom.student.source import from_script
from glasswork.errors import FileError, InputError


def check(checker, folder, text, name="work.py"):
    path = folder / name
    path.write_text(text)
    return {part.name: part for part in checker.check(path).parts}


def change(*pairs):
    text = solution()
    for old, new in zip(pairs[::2], pairs[1::2], strict=True):
        assert old in text
        text = text.replace(old, new, 1)
    return quick(text)


def wrong(parts):
    return {name: part.mistake for name, part in parts.items() if part.status == "wrong"}


def number_of(text, line):
    return next(i for i, own in enumerate(text.split("\n"), 1) if line in own)


UNTOUCHED = (
    "X_temp, X_test, y_temp, y_test = train_test_split(X, y, test_size=10000, random_state=123)\n", "",
    "X_train, X_valid, y_train, y_valid = train_test_split(X_temp, y_temp, test_size=5000, random_state=123)\n", "",
    "self.weight = np.random.randn(in_features, out_features) * 0.05", "self.weight = ...",
    "self.bias = np.zeros(out_features)", "self.bias = ...",
    "self.grad_weight = np.zeros_like(self.weight)", "self.grad_weight = ...",
    "self.grad_bias = np.zeros_like(self.bias)", "self.grad_bias = ...",
    "output = np.dot(x, self.weight) + self.bias", "output = ...",
    "self.output = 1 / (1 + np.exp(-x))", "self.output = ...",
    "error = np.mean((pred - target) ** 2)", "error = ...",
    "self.linear1 = Linear(in_features, hidden_size)", "self.linear1 = ...",
    "self.act1 = Sigmoid()", "self.act1 = ...",
    "self.linear2 = Linear(hidden_size, out_features)", "self.linear2 = ...",
    "self.act2 = Sigmoid()", "self.act2 = ...",
    "        x = self.linear1(x)\n        x = self.act1(x)\n        x = self.linear2(x)\n        x = self.act2(x)\n        return x", "        return ...",
)  # fmt: skip
TODO = [
    "split",
    "Linear.__init__",
    "Linear.forward",
    "Sigmoid.forward",
    "MSELoss.forward",
    "MLP.__init__",
    "MLP.forward",
]


def test_an_untouched_exercise_is_open_and_has_no_error(checker, tmp_path):
    parts = check(checker, tmp_path, change(*UNTOUCHED))
    assert [name for name, part in parts.items() if part.status == "open"] == TODO
    assert {part.status for part in parts.values()} == {"open", "done"}


def test_begun_with_dots_left_is_open(checker, tmp_path):
    text = change("self.grad_bias = np.zeros_like(self.bias)", "self.grad_bias = ...")
    parts = check(checker, tmp_path, text)
    assert {name for name, part in parts.items() if part.status != "done"} == {"Linear.__init__"}
    assert parts["Linear.__init__"].status == "open"
    assert f"line {number_of(text, 'self.grad_bias = ...')}" in parts["Linear.__init__"].message


@pytest.mark.parametrize(
    ("old", "new", "part", "mistake"),
    [
        ("    def forward(self, x):\n        self.input", "    def foward(self, x):\n        self.input", "Linear.forward", "method-misspelt"),
        ("class Sigmoid:", "class Sigmod:", "Sigmoid.forward", "name-misspelt"),
        ("class Linear:\n    def __init__", "class Linear:\n    def __int__", "Linear.__init__", "method-misspelt"),
        ("def int_to_onehot", "def int_to_one_hot", "int_to_onehot", "name-misspelt"),
        ("output = np.dot(x, self.weight) + self.bias", "output = np.dot(X, self.weight) + self.bias", "Linear.forward", "global-for-argument"),
        ("output = np.dot(x, self.weight) + self.bias", "output = np.dot(inputs, self.weight) + self.bias", "Linear.forward", "undefined-name"),
        ("+ self.bias\n", "+ self.b\n", "Linear.forward", "unknown-attribute"),
        ("grad_output = loss_fn.backward()", "grad_output = loss.backward()", "train", "method-of-another"),
        ("output = np.dot(x, self.weight)", "output = output + np.dot(x, self.weight)", "Linear.forward", "used-before-assigned"),
        ("self.output = 1 / (1 + np.exp(-x))\n", "self.output = self(x)\n", "Sigmoid.forward", "endless-recursion"),
        ("self.output = 1 / (1 + np.exp(-x))\n", "self.output = 1 / (1 + np.exp(-x)\n", "Sigmoid.forward", "syntax-error"),
        ("X = ((X / 255.) - .5) * 2", "X = ((X / 255.) - .5 * 2", "normalize", "syntax-error"),
        ("import numpy as np\n", "", "data", "numpy-missing"),
        ("class MSELoss:", "class MSELoss", "MSELoss.forward", "syntax-error"),
        (
            "    def forward(self, x):\n        self.output = 1 / (1 + np.exp(-x))\n        return self.output\n",
            "        def forward(self, x):\n            self.output = 1 / (1 + np.exp(-x))\n            return self.output\n",
            "Sigmoid.forward", "method-indented-into-another",
        ),
    ],
)  # fmt: skip
def test_what_needs_no_comparison_is_named_alone(checker, tmp_path, old, new, part, mistake):
    assert wrong(check(checker, tmp_path, change(old, new))) == {part: mistake}


def test_the_next_open_part_is_hinted_at(glasswork, tmp_path):
    glasswork("classwork", "new", "mine", folder=tmp_path)
    said = glasswork("check", "mine/classwork.py", "--hint", "2", folder=tmp_path, status=3)
    part, _, _ = said[said.index("still to be written") :].partition("minibatch_generator")
    assert ("Hint 1:" in part, "Hint 2:" in part, said.count("Hint")) == (True, True, 2)
    told = json.loads(glasswork("check", "mine/classwork.py", "--json", folder=tmp_path, status=3))
    assert {len(part["hints"]) for part in told["parts"] if part["status"] == "open"} == {3}
    both = (tmp_path / "mine" / "classwork.py").read_text().replace("np.mean(grad_output, axis=0)", "grad_output")
    (tmp_path / "both.py").write_text(both)
    said = glasswork("check", "both.py", folder=tmp_path, status=1)
    assert said.count("Hint") == 1, "what is wrong comes first"


SECOND = "X_train, X_valid, y_train, y_valid = train_test_split(X_temp, y_temp, test_size=5000, random_state=123)\n"


def test_a_first_split_alone_is_open(checker, tmp_path):
    part = check(checker, tmp_path, change(SECOND, ""))["split"]
    assert (part.status, part.message[:41]) == ("open", "still to be written: the second split, wh")
    assert "second time" in part.hints[2]


def test_a_number_for_the_labels_of_a_set_is_told(checker, tmp_path):
    part = check(checker, tmp_path, change(SECOND, SECOND + "y_test = y_temp[0]\n"))["split"]
    assert (part.status, part.code) == ("wrong", "y_test = y_temp[0]")
    assert "y_test holds a single number" in part.message


def test_a_function_of_the_split_that_is_empty_is_open(checker, tmp_path):
    made = "X_train, X_valid, X_test, y_train, y_valid, y_test = load()"
    text = change(*UNTOUCHED[:2], UNTOUCHED[2], f"def load():\n    # to do\n    ...\n\n\n{made}\n")
    parts = check(checker, tmp_path, text)
    assert {name for name, part in parts.items() if part.status == "open"} == {"split"}
    assert not wrong(parts)


def test_an_endless_loop_is_named_with_its_line(checker, tmp_path):
    text = change("        output = np.dot", "        while True:\n            pass\n        output = np.dot")
    parts = check(checker, tmp_path, text)
    assert wrong(parts) == {"Linear.forward": "endless-loop"}
    assert parts["Linear.forward"].line in (number_of(text, "while True"), number_of(text, "while True") + 1)


def test_a_notebook_counts_its_code_cells_and_survives_magics_and_a_broken_cell(checker, tmp_path):
    cells = change().split("\n\n\n")
    broken = next(i for i, cell in enumerate(cells) if cell.startswith("class Sigmoid"))
    cells[broken] = cells[broken].replace("(1 + np.exp(-x))", "(1 + np.exp(-x)")
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [
        nbformat.v4.new_markdown_cell("# Mine"),
        nbformat.v4.new_code_cell("%matplotlib inline\n!pip install numpy\nfiles = !ls"),
        *map(nbformat.v4.new_code_cell, cells),
        nbformat.v4.new_code_cell("%%bash\necho hello"),
    ]
    path = tmp_path / "mine.ipynb"
    nbformat.write(notebook, path)
    parts = {part.name: part for part in checker.check(path).parts}
    assert wrong(parts) == {"Sigmoid.forward": "syntax-error"}
    assert (parts["Sigmoid.forward"].cell, parts["Sigmoid.forward"].line) == (broken + 2, 6)


@pytest.mark.parametrize(
    "mischief",
    [
        "import os\nos.fork()",
        "import subprocess\nsubprocess.run(['true'])",
        "import socket\nsocket.create_connection(('127.0.0.1', 9))",
        "open('/tmp/glasswork-was-here', 'w')",
        "exit()",
        "raise KeyboardInterrupt",
        "big = np.ones((10**6, 10**6))",
        "import sys\nprint('x' * 10**7, file=sys.stderr)",
        "import signal\nsignal.setitimer(signal.ITIMER_PROF, 0)",
    ],
)
def test_mischief_at_the_top_level_hinders_nobody(checker, tmp_path, mischief):
    parts = check(checker, tmp_path, change() + "\n\n" + mischief + "\n")
    assert not wrong(parts)


def test_a_file_that_ends_the_process_costs_its_own_check_only(checker, tmp_path):
    text = change("        output = np.dot", "        import os\n        os._exit(3)\n        output = np.dot")
    parts = check(checker, tmp_path, text)
    assert parts["Linear.forward"].status == "wrong" or parts["Linear.__init__"].status == "wrong"
    assert not wrong(check(checker, tmp_path, change()))


SIGMOID = (
    "import itertools, threading, time\nimport numpy as np\n"
    + solution()[solution().index("class Sigmoid") : solution().index("class MSELoss")]
)


def test_a_file_that_sleeps_does_not_wait_and_one_that_never_ends_is_ended(tmp_path):
    with Checker(time_limit=1, prepare=False) as checker:
        for statement, mistake in (
            ("time.sleep(1000)", None),
            ("threading.Event().wait()", "endless-loop"),
            ("sum(itertools.count())", "endless-loop"),  # in which no signal reaches Python
        ):
            text = SIGMOID.replace("        self.output = 1", f"        {statement}\n        self.output = 1")
            part = check(checker, tmp_path, text + "\nSigmoid()(np.ones(2))\n")["Sigmoid.forward"]
            assert part.mistake == mistake
            assert part.line == (number_of(text, statement) if mistake else None)


def test_what_is_no_file_of_a_student_is_refused(checker, tmp_path):
    with pytest.raises(FileError, match="cannot be read"):
        checker.check(tmp_path / "missing.py")
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(FileError, match="expected a notebook"):
        checker.check(tmp_path / "notes.txt")
    (tmp_path / "bad.ipynb").write_text("{")
    with pytest.raises(FileError, match="damaged"):
        checker.check(tmp_path / "bad.ipynb")
    with pytest.raises(InputError, match="hint"):
        checker.check(tmp_path / "missing.py", hint=4)


@pytest.mark.parametrize(
    ("text", "status", "words"),
    [
        ("", 3, "0 of 20 parts done, 20 not found"),
        (
            change("self.grad_bias = np.zeros_like(self.bias)", "self.grad_bias = ..."),
            3,
            "19 of 20 parts done, 1 still open",
        ),
        (change("    train_loss = train(", "    break\n    train_loss = train("), 1, "is left in its first round"),
        (solution(), 0, "the file runs from top to bottom"),
    ],
)
def test_the_exit_status_tells_finished_from_unfinished(glasswork, tmp_path, text, status, words):
    (tmp_path / "mine.py").write_text(text)
    assert words in " ".join(glasswork("check", "mine.py", folder=tmp_path, status=status).split())


def all_in_main(*pairs):
    text = change(*pairs)
    data, defined, used = text.index("X, y ="), text.index("def minibatch"), text.index("in_features = 28")
    test, tested, optional = text.index("def test("), text.index("test_loader = "), text.index("class ReLU")
    main = text[data:defined] + text[used:test] + text[tested:optional]
    return (
        text[:data] + text[defined:used] + text[test:tested] + "def main():\n    global loss_fn\n"
        + textwrap.indent(main, "    ") + "\n\nif __name__ == '__main__':\n    main()\n"
    )  # fmt: skip


def test_a_line_that_python_cannot_read_spoils_no_other_part(checker, tmp_path):
    text = '"""My solution.\n\nClasswork: MLP on MNIST\n"""\n' + all_in_main()
    text = text.replace("print(f'Test accuracy: {test_acc:.2f}%')", "print(f'Test accuracy: {test_acc:.2f}%'")
    parts = check(checker, tmp_path, text)
    assert wrong(parts) == {"test": "syntax-error"}
    assert parts["test"].line == parts["whole file"].line == number_of(text, "print(f'Test")
    assert {part.status for part in parts.values()} == {"done", "wrong", "blocked"}


@pytest.mark.parametrize(
    ("text", "mistakes", "line", "words"),
    [
        (all_in_main(), {}, None, ""),
        (all_in_main().replace("    global loss_fn\n", ""), {"whole file": None}, "loss_fn.backward()",
         "NameError: name 'loss_fn' is not defined"),
        (change("np.random.seed(123)", "np.random.seed = 123"), {"whole file": None}, "np.random.seed =", "a function of NumPy"),
        (change("test_loader = mini", "exit()\ntest_loader = mini"), {"whole file": None}, "exit()", "never run"),
        (change("def minibatch", "np.savez('all.npz', X=X)\n\n\ndef minibatch"), {}, None, ""),
        (change("hidden_size = 50", "hidden_size = 0"), {"settings": None}, "hidden_size = 0", "hidden_size is 0"),
        (change("self.linear1 = Linear", "self.fc1 = Linear"), {"MLP.__init__": None}, "return self.linear1.param",
         "AttributeError: 'MLP' object has no attribute 'linear1'"),
    ],
)  # fmt: skip
def test_a_file_is_judged_as_it_runs(checker, tmp_path, text, mistakes, line, words):
    parts = check(checker, tmp_path, text)
    assert wrong(parts) == mistakes
    first = next(iter(parts.values()))
    named = first if first.name == "whole file" else parts[next(iter(mistakes), first.name)]
    assert named.line == (number_of(text, line) if line else None)
    assert words in named.message


def test_the_command(installed, glasswork, tmp_path):
    (tmp_path / "mine.py").write_text(change("np.exp(-x)", "np.exp(x)"))
    told = installed("check", "mine.py", "--json", folder=tmp_path, status=1)
    report = json.loads(told)
    assert [part["name"] for part in report["parts"]] == list(PARTS)
    part = next(p for p in report["parts"] if p["status"] == "wrong")
    assert set(part) == {"name", "status", "mistake", "cell", "line", "message", "hints"}
    assert (part["name"], part["mistake"], part["cell"]) == ("Sigmoid.forward", "sigmoid-plus", None)
    assert part["line"] == number_of(change(), "np.exp(-x)")
    told = glasswork("check", "mine.py", "--hint", "2", folder=tmp_path, status=1)
    assert "Hint 2" in told
    assert "Hint 3" not in told
    assert "self.output = 1 / (1 + np.exp(x))" in told
    glasswork("check", "nothing.py", folder=tmp_path, status=2)


def test_the_report_as_html_escapes_the_students_code(checker, tmp_path):
    text = change("self.output = 1 / (1 + np.exp(-x))", "self.output = 1 / (1 + np.exp(-x)) * (x < 5)  # <script>")
    path = tmp_path / "mine.py"
    path.write_text(textwrap.dedent(text))
    page = checker.check(path)._repr_html_()
    assert "<script>" not in page
    assert "Sigmoid.forward" in page


IN_PLACE = "        x -= x.mean()\n        self.input = x"
WHILE = "    start_idx = 0\n    while start_idx < len(indices):"


@pytest.mark.parametrize(
    ("old", "new", "part", "mistake", "line", "words"),
    [
        ("        self.input = x", IN_PLACE, "Linear.forward", "changes-argument", "x -= x.mean()", "changed in place"),
        ("    for start_idx in range(0, indices.shape[0] - minibatch_size + 1, minibatch_size):", WHILE,
         "minibatch_generator", "endless-loop", "while start_idx", "it goes on after"),
        ("np.random.shuffle(indices)", "np.random.shuffle(X)", "minibatch_generator", "batch-shuffles-images",
         "np.random.shuffle(X)", "rows of X themselves"),
        ("(1 + np.exp(-x))", "(1 + np.exp(\u2212x))", "Sigmoid.forward", "foreign-character", "\u2212x", "keyboard"),
        ("    np.random.shuffle(indices)\n", "    indices = np.random.shuffle(indices)\n", "minibatch_generator",
         "result-of-in-place", "indices = np.random", "returns None"),
        ("        error = np.mean((pred - target) ** 2)",
         "        N = pred.shape\n        error = np.sum((pred - target) ** 2) / N", "MSELoss.forward", "shape-for-count",
         "N = pred.shape", "a tuple"),
        ("    np.random.shuffle(indices)\n", "    np.random.permutation(indices)\n", "minibatch_generator",
         "batch-not-shuffled", "np.random.permutation", "same each time"),
        ("output = np.dot(x, self.weight) + self.bias", "output = np.dot(x, self.weight)\n        output + self.bias",
         "Linear.forward", "value-thrown-away", "output + self.bias", "to no name"),
        ("self.output = 1 / (1 + np.exp(-x))", "self.output = np.where(x > 0, 1 / (1 + np.exp(-abs(x))), 1 / (1 + np.exp(-abs(x))))",
         "Sigmoid.forward", "branches-alike", "np.where", "Both branches"),
        ("def forward(self, pred, target):", "def forward(pred, target):", "MSELoss.forward", "number-of-arguments",
         "def forward(pred", "takes 2 positional"),
        ("total_predictions += len(y_batch)", "total_predictions += 1", "valid", "batches-counted",
         "total_predictions += 1", "counts batches"),
        ("num_samples += len(y_batch)", "num_samples = len(y_batch)", "train", None, "return total_loss", "the 12 samples"),
        ("X / 255.", "X / 225.", "normalize", None, "225.", "1.267"),
        ("self.output = 1 / (1 + np.exp(-x))", "self.output = 1 / (1 + np.exp(-2 * x))", "Sigmoid.forward", None, "-2 * x",
         "sigmoid of 2"),
        ("for epoch in range(num_epochs):", "for epoch in range(1, num_epochs):", "settings", None, "range(1, num",
         "called 49 times"),
        ("out_features=out_features)\n", "out_features=hidden_size)\n", "settings", None, "out_features=hidden", "expected 10"),
    ],
)  # fmt: skip
def test_the_line_of_the_mistake_is_named(checker, tmp_path, old, new, part, mistake, line, words):
    text = change(old, new)
    parts = check(checker, tmp_path, text)
    assert wrong(parts) == {part: mistake}
    assert parts[part].line == number_of(text, line)
    assert words in parts[part].message


BATCH = "        model.backward(grad_output)\n        optimizer.step()\n"
LAYERS = (
    "        x = self.linear1(x)\n        x = self.act1(x)\n        x = self.linear2(x)\n        x = self.act2(x)\n"
)
DETOUR = (
    "        z = self.linear1(x)\n        a = self.act1(z)\n        z = self.linear2(z)\n        x = self.act2(z)\n"
)
NAMED = "        z1 = self.linear1(x)\n        a1 = self.act1(z1)\n        z2 = self.linear2(a1)\n        a2 = self.act2(z2)\n"
COUNT = "correct_predictions += (predicted_labels == y_batch).sum()"


@pytest.mark.parametrize(
    ("old", "new", "part", "mistake", "line", "words"),
    [
        (BATCH, "        optimizer.step()\n        model.backward(grad_output)\n", "train", "train-step-before-backward",
         "optimizer.step()", "MSELoss.backward → SGD.step"),
        (LAYERS, DETOUR, "MLP.forward", "mlp-hidden-without-activation", "self.linear2(z)", "the output of linear1 to linear2"),
        ("yield X[batch_idx], y[batch_idx]", "yield X[start_idx], y[start_idx]", "minibatch_generator", None,
         "yield X[start_idx]", "one image at a time"),
        ("grad_a1 = self.linear2.backward(grad_z2)", "grad_a1 = self.linear2(grad_z2)", "MLP.backward", "forward-in-backward",
         "grad_a1 = self.linear2(grad_z2)", "runs its forward"),
        (LAYERS + "        return x", NAMED + "        return z2", "MLP.forward", "mlp-last-result-dropped", "return z2", "linear2 gave"),
        (LAYERS + "        return x", NAMED + "        return self.act2", "MLP.forward", "layer-for-result", "return self.act2",
         "an object of Sigmoid"),
        (LAYERS, LAYERS.replace("act1(x)", "act1(self.linear1)"), "MLP.forward", "layer-for-result", "act1(self.linear1)",
         "'Linear'"),
        ("= Linear(in_features, hidden_size)", "= Linear(in_features, hidden_size),", "MLP.__init__", "trailing-comma",
         "hidden_size),", "a tuple of objects"),
        ("self.act1 = Sigmoid()", "self.act1 = Sigmoid(self.linear1)", "MLP.__init__", "mlp-activation-with-size",
         "Sigmoid(self.linear1)", "no arguments)."),
        ("linear1.parameters() + self.linear2.parameters()", "linear1.parameters + self.linear2.parameters", "MLP.backward",
         "method-without-call", "linear1.parameters +", "Brackets are missing"),
        ("in zip(self.params, self.grads)", "in (self.params, self.grads)", "SGD", "unequal-unpacking",
         "in (self.params", "too many values"),
        (COUNT, COUNT.replace("predicted_labels == y_batch", "preds == int_to_onehot(y_batch)"), "valid",
         "valid-compares-scores", "preds == int_to_onehot", "one-hot rows"),
        ("preds = model(X_batch)", "preds = model(X)", "train", "global-for-argument", "model(X)\n", "train asks for X"),
    ],
)  # fmt: skip
def test_what_is_told_of_a_mistake_is_so(judge, old, new, part, mistake, line, words):
    text = change(old, new)
    parts = {report.name: report for report in judge(text)}
    told = next(with_slips([parts[part]], from_script(text)))
    assert (told.mistake, told.line) == (mistake, number_of(text + "\n", line.rstrip("\n")))
    assert words in told.message


MADE = "model = MLP(in_features=in_features, hidden_size=hidden_size, out_features=out_features)\n"
SCALE = """X = (X / np.float32(255) - np.float32(.5)) * 2

X_train, X_valid, X_test = X[:55000], X[55000:60000], X[60000:]
"""
SCALE_ONE = """def scale(x):
    return (x / np.float32(255) - np.float32(.5)) * 2


X_train, X_valid, X_test = X[:55000], X[55000:60000], X[60000:]
X_train = scale(X_train)
"""
MAKE = "optimizer = SGD(model.parameters(), model.gradients(), lr=learning_rate)"
EPOCHS = "for epoch in range(num_epochs):\n"
CALL = "\n    def __call__(self, x):\n        return self.forward(x)\n"
MLP_FORWARD = f"        self.act2 = Sigmoid()\n{CALL}\n    def forward(self, x):\n{LAYERS}        return x\n"
MLP_LAYERS = f"""        self.act2 = Sigmoid()
        self.layers = [self.linear1, self.act1, self.linear2, self.act2]
{CALL}
    def forward(self, x):
        out = x
        for layer in self.layers:
            out = layer(x)
        return out
"""
BACK = "grad_a1 = self.linear2.backward(grad_z2)"
STANDARD = "X = X.astype(np.float32)\nX = (X - X.mean(axis=0)) / X.std(axis=0)"


@pytest.mark.parametrize(
    ("old", "new", "part", "mistake", "line", "words"),
    [
        (EPOCHS, f"{EPOCHS}    {MADE}", "settings", "model-in-loop", f"    {MADE}", "50 times, each time with another"),
        (EPOCHS, f"{EPOCHS}    model = MLP(784, 50, 10)\n    optimizer = SGD(model.parameters(), model.gradients())\n",
         "settings", "model-in-loop", "MLP(784", "another model"),
        ("valid_loader = minibatch_generator(X_valid", "valid_loader = minibatch_generator(X_train", "settings", "sets-mixed",
         "minibatch_generator(X_train, y_valid", "X_train and y_valid"),
        ("= valid(model, valid_loader", "= valid(model, train_loader", "settings", None, "= valid(model, train",
         "the loader that train() has used up"),
        ("        return error\n\n    def backward(self):\n        return 2.", "    return error\n\n    def backward(self):\n        return 2.",
         "MSELoss.forward", "syntax-error", "    return error",
         "'return' outside function"),
        ("        return self.linear1.gradients() + ", "        self.linear1.gradients() + ", "MLP.backward", None,
         "  self.linear1.gradients()", "gradients() returns None"),
        ("linear1.gradients() + self", "linear1.gradients(), self", "MLP.backward", None, "linear1.gradients(), ", "one list"),
        (BACK, "grad_a1 = self.linear2.backward(grad_output)", "MLP.backward", None, "linear2.backward(grad_output)",
         "hands grad_output to linear2.backward"),
        ("X = (X / np.float32(255) - np.float32(.5)) * 2", STANDARD, "normalize", None, "X.std", "nan"),
        ("- minibatch_size + 1, minibatch_size)", "- minibatch_size, minibatch_size)", "minibatch_generator", "batch-last-lost",
         "for start_idx in", "[4, 4]"),
        ("[start_idx:start_idx + minibatch_size]", "[start_idx:minibatch_size]", "minibatch_generator", "batch-end-fixed",
         "indices[start_idx:minibatch_size]", "[4, 0, 0]"),
        ("error = np.mean((pred - target) ** 2)", "N = pred.shape[1]\n        error = np.sum((pred - target) ** 2) / N",
         "MSELoss.forward", "mse-divided-by-classes", "N = pred.shape[1]", "expected 0.8229"),
        ("g.fill(0.0)", "g.fill(0.0)\n            break", "SGD", None, "            break", "expected zeros"),
        ("X = (X / np", "X = X[:, 1:]\nX = (X / np", "data", None, "X[:, 1:]", "783 numbers; expected 784"),
        (SCALE, SCALE_ONE, "normalize", None, "X_train = scale(X_train)", "three sets need the same scale"),
        (MAKE, f"{MAKE}\nmodel = MLP(784, 50, 10)", "settings", "optimizer-of-another-model", "MLP(784, 50", "something else"),
        (MAKE, f"def build():\n    return MLP(784, 50, 10)\n\n\nmodel = build()\n{MAKE}\nmodel = build()  # anew", "settings",
         "optimizer-of-another-model", "build()  # anew", "something else"),
        (MLP_FORWARD, MLP_LAYERS, "MLP.forward", "mlp-each-gets-input", "out = layer(x)", "not aligned"),
        ("55000:60000]", "55001:60000]", "split", None, "X_train, X_valid, X_test =", "1 image is in none of the sets"),
        ("np.mean((pred - target) ** 2)", "np.sum((pred - target) ** 2) / len(pred.shape)", "MSELoss.forward",
         "mse-divided-by-fixed", "len(pred.shape)", "over one sample"),
        ("return np.eye(num_labels)[y]", "rows = np.zeros((len(y), num_labels))\n    rows[:, y] = 1\n    return rows",
         "int_to_onehot", "onehot-all-ones", "rows[:, y]", "the row of label 3"),
    ],
)  # fmt: skip
def test_what_is_made_wrong_is_told_at_its_line(judge, old, new, part, mistake, line, words):
    text = quick(solution())
    assert old in text
    text = text.replace(old, new)
    parts = {report.name: report for report in judge(text)}
    assert wrong(parts) == {part: mistake}
    assert parts[part].line == number_of(text + "\n", line.strip("\n"))
    assert words in parts[part].message


@pytest.mark.parametrize(
    ("part", "old", "new", "kind"),
    [
        ("SGD", "p -= self.lr * g", "p -= 3 * self.lr * g", "scale"),
        ("SGD", "p -= self.lr * g", "p += self.lr * g", "sign"),
        ("SGD", "p -= self.lr * g", "p -= self.lr * p", "value"),
        ("SGD", "p -= self.lr * g", "p = p - self.lr * g", "unchanged"),
        ("SGD", "g.fill(0.0)", "g = g * 0", "unchanged"),
        ("SGD", "g.fill(0.0)", "g.fill(0.0)\n            break", "result"),
        ("MSELoss.forward", "np.mean((pred - target) ** 2)", "3 * np.mean((pred - target) ** 2)", "scale"),
        ("MSELoss.forward", "np.mean((pred - target) ** 2)", "-np.mean((pred - target) ** 2)", "sign"),
        ("MSELoss.forward", "np.mean((pred - target) ** 2)", "np.sum((pred - target) ** 2)", "value"),
        ("MLP.__init__", "Linear(hidden_size, out_features)", "Linear(hidden_size, 7)", "content"),
    ],
)  # fmt: skip
def test_a_factor_a_sign_or_an_alias_is_told_of_only_if_it_was_measured(catalogue, part, old, new, kind):
    bench = catalogue.variant_bench(part, changed((old, new)))
    (problem,) = PROBES[part].problems(PROBES[part].observe(bench))
    assert problem.property == kind


@pytest.mark.parametrize(
    "loop",
    [
        "for rate in (0.1, 0.2, 0.5):\n    model = MLP(784, 50, 10)\n    optimizer = SGD(model.parameters(), model.gradients(), rate)\n    for epoch in range(num_epochs):\n",
        f"{EPOCHS}    optimizer = SGD(model.parameters(), model.gradients(), learning_rate)\n",
    ],
)  # fmt: skip
def test_models_that_are_compared_are_not_made_anew_in_each_epoch(judge, loop):
    before, _, rest = quick(solution()).partition(EPOCHS)
    body, _, end = rest.partition("def test(")
    indented = textwrap.indent(body.strip("\n"), "    " * (loop.count("    for "))) + "\n\n\ndef test("
    assert not wrong({report.name: report for report in judge(before + loop + indented + end)})


def test_a_class_of_another_name_is_judged(judge):
    text = quick(solution()).replace("Linear(", "Dense(").replace("class Linear", "class Dense")
    parts = {report.name: report for report in judge(text)}
    assert {part.status for part in parts.values()} == {"done", "remark"}
    assert "Dense" in parts["Linear.__init__"].message
    parts = {report.name: report for report in judge(text.replace("self.weight.T", "self.weight"))}
    assert wrong(parts) == {"Linear.backward": "backward-weight-not-transposed"}


def test_an_error_of_its_own_is_told_beside_a_part_that_is_wrong(checker, tmp_path):
    text = change("2. * (self.pred", "3. * (self.pred", "num_epochs = 50\n", "num_epochs = 50\nprint(X_train[70000])\n")
    parts = check(checker, tmp_path, text)
    assert set(wrong(parts)) == {"whole file", "MSELoss.backward"}
    assert parts["whole file"].line == number_of(text, "X_train[70000]")
