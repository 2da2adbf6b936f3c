"""Slips with NumPy are named by what the code shows, where the part that is wrong fits them; endings by their kind."""

import ast

import pytest

from glasswork.classroom.catalogue import mistakes
from glasswork.classroom.judging.ending import after_import, is_refuted, report_ending, with_meant
from glasswork.classroom.judging.rules import without_repeats
from glasswork.classroom.judging.slips import with_slips
from glasswork.classroom.probes import Problem
from glasswork.classroom.probes.sections import Places
from glasswork.classroom.report import CheckReport, PartReport
from glasswork.classroom.student.messages import SectionFacts
from glasswork.classroom.student.observe import plain_words
from glasswork.classroom.student.source import from_cells, from_script
from glasswork.classroom.student.unwrap import unwrapped
from glasswork.classroom.student.whole_file import Ending

CLASS = "class Linear:\n    def forward(self, x):\n        {}\n        return output\n"


def slipped(line, message, status="wrong", name="Linear.forward", gets_further=lambda *_: True):
    document = from_script(CLASS.format(line))
    return next(iter(with_slips([PartReport(name, status, line=4, message=message)], document, gets_further)))


NO_SHAPE = "an error (AttributeError: 'NoneType' object has no attribute 'shape')"


@pytest.mark.parametrize(
    ("line", "message", "mistake", "words"),
    [
        ("rows = np.random.shuffle(x)", NO_SHAPE, "result-of-in-place", "returns None"),
        ("x = x.sort()", "forward returns None", "result-of-in-place", "returns None"),
        ("output = np.e ^ -x", "ufunc 'bitwise_xor' not supported", "xor-for-power", "the power is `**`"),
        ("output = 1 / (1 + 2 ^ x)", "for x = 0 you get 3, expected 0.5", "xor-for-power", "the power is `**`"),
        (
            "output = np.dot(x, self.weight, self.bias)",
            "output array is not acceptable",
            "third-argument-of-dot",
            "third",
        ),
        ("output = np.matmul(x, self.weight, self.bias)", "the shape", "third-argument-of-dot", "third"),
        ("return x.sort()", "forward returns None", "result-of-in-place", "returns None"),
        ("x.flatten()", "'numpy.ndarray' object has no attribute 'low'", "row-not-kept", "leaves the old one"),
        ("output == x @ self.weight", "returns nothing", "compared-not-assigned", "`==` compares"),
        ("self.weights = x", "self.weight is never set", "attribute-misspelt", "another name"),
    ],
)
def test_a_slip_is_named_with_its_line_and_its_hints(line, message, mistake, words):
    told = slipped(line, message)
    assert (told.mistake, told.line) == (mistake, 3)
    assert words in told.message
    assert message in told.message
    assert told.hints == mistakes()[mistake].hints
    assert slipped(line, message, status="done").mistake is None
    assert slipped(line, message, name="Sigmoid.forward").mistake in (None, "none-for-object")


@pytest.mark.parametrize(
    ("message", "mistake", "words"),
    [
        ("AttributeError: `np.float_` was removed in the NumPy 2.0 release. Use `np.float64` instead.",
         "removed-from-numpy", "Instead of np.float_, write np.float64."),
        ("AttributeError: module 'numpy' has no attribute 'int'.", "removed-from-numpy", "Instead of np.int, write int,"),
        ("AttributeError: module 'numpy' has no attribute 'product'.", "removed-from-numpy", "np.product, write np.prod."),
        ("ValueError: The truth value of an array with more than one element is ambiguous.", "truth-of-array", "yes or no"),
        ("ValueError: too many values to unpack (expected 2).", "unequal-unpacking", "as names on the left"),
        ("TypeError: 'numpy.ndarray' object is not callable.", "called-value", "not a function"),
        ("AttributeError: 'NoneType' object has no attribute 'T'.", "none-for-object", "is None"),
        ("TypeError: mean() got an unexpected keyword argument 'axes'", "unknown-argument", "of that name"),
        ("TypeError: f() takes 2 positional arguments but 3 were given", "number-of-arguments", "more or fewer"),
        ("TypeError: f() missing 1 required positional argument: 'x'", "number-of-arguments", "more or fewer"),
        ("ValueError: shapes (5,3) and (4,3) not aligned: 3 (dim 1) != 4 (dim 0)", "shapes-do-not-fit", "do not fit"),
        ("UFuncTypeError: Cannot cast ufunc 'divide' output from", "decimals-into-whole-numbers", "whole numbers"),
        ("ValueError: Found input variables with inconsistent numbers of samples", "different-lengths", "rows"),
    ],
)  # fmt: skip
def test_an_error_is_named_at_the_line_in_which_python_stops(message, mistake, words):
    told = slipped("output = x", message)
    assert (told.mistake, told.line) == (mistake, 4)
    assert words in told.message
    assert slipped("output = x", message, name="whole file").mistake == mistake


def test_a_slip_in_another_line_is_told_only_if_mending_it_gets_further():
    line = "rows = np.random.shuffle(x)"
    assert slipped(line, NO_SHAPE, gets_further=lambda *_: False).mistake == "none-for-object"
    mended = []
    slipped(line, NO_SHAPE, gets_further=lambda old, new: mended.append((ast.unparse(old), ast.unparse(new))))
    assert mended == [(line, "np.random.shuffle(x)")]


def test_what_does_not_fit_the_error_is_not_told():
    for line in ("self.grad_weight = x", "self.bias = x", "self.w = x"):
        assert slipped(line, "self.weight is never set").mistake is None
    message = "for x = 1 you get 2, expected 3"
    assert slipped("rows = np.random.shuffle(x)", message).message == message
    assert slipped("output = np.dot(x, self.weight) + self.bias", message).message == message


def test_an_expression_that_a_notebook_only_looks_at_is_no_slip():
    looked_at = "X_train, X_valid = X[:5], X[4:]\nlen(X_train) + len(X_valid)\nX_train.shape == (5, 784)\n"
    split = PartReport("split", "wrong", line=1, message="the sizes are train 5, valid 5.")
    assert next(iter(with_slips([split], from_script(looked_at)))) == split
    told = slipped(
        "output = x\n        output = x @ self.weight\n        output + self.bias",
        "the first output is -12; expected -2.",
    )
    assert (told.mistake, told.line) == ("value-thrown-away", 5)


def test_a_bracket_that_closes_too_late_is_told_at_its_line():
    message = "ValueError: operands could not be broadcast together with shapes (5,) (3,)"
    assert slipped("output = x == y.sum()", message).mistake == "bracket-too-late"
    assert slipped("output = (x == y).sum()", message).mistake == "arrays-do-not-fit"


def test_a_local_name_of_another_function_is_told_as_one():
    text = "def main():\n    loss_fn = 1\n    train()\n\ndef train():\n    loss_fn.backward()\n\nmain()\n"
    words, frames = "NameError: name 'loss_fn' is not defined", (("<module>", 8), ("main", 3), ("train", 6))
    entry = report_ending(Ending("error", 6, "NameError", words, "loss_fn", frames=frames), [DONE], from_script(text))
    assert (entry.status, entry.line) == ("wrong", 6)
    assert "a local variable of main()" in entry.message
    assert "argument" in entry.hints[2]


@pytest.mark.parametrize(
    ("loop", "status"),
    [
        ("while accuracy < 99.5:\n    loss, accuracy = valid(model)\n", "blocked"),
        ("while loss > 0.01:\n    loss = train(model)\n    epoch += 1\n", "blocked"),
        ("while epoch < num_epochs:\n    loss = train(model)\n    epoch = epoch + 1\n", "remark"),
        ("while len(losses) < num_epochs:\n    losses.append(train(model))\n", "remark"),
        ("while not done:\n    loss = train(model)\n    done = loss < 0.01\n", "remark"),
        ("for epoch in range(num_epochs):\n    loss = train(model)\n", "remark"),
    ],
)
def test_a_loop_that_waits_for_a_measure_was_not_seen_to_end(loop, status):
    entry = report_ending(Ending("time", 2, trained=True), [DONE], from_script(loop))
    assert entry.status == status
    assert ("it may never end" in entry.message) == (status == "blocked")


def test_the_line_in_a_function_that_main_calls_once():
    script = from_script("def load():\n    y = fetch()\n    return y\n\ndef main():\n    y = load()\n\nmain()\n")
    facts = SectionFacts([], [], {}, None, "y", 1, {"y 6": 2})
    body = unwrapped(script)
    assert Places([*script.statements, *body.statements], facts).line_making_alone("y", 6) == 2


def test_what_the_catalogue_knows_better_is_not_told_by_its_error():
    says = "ValueError: shapes (5,3) and (4,3) not aligned"
    part = PartReport("Linear.forward", "wrong", "forward-input-returned", line=4, message=says)
    assert next(iter(with_slips([part], from_script(CLASS.format("output = x"))))) == part


def test_values_that_are_returned_in_another_order_are_named_where_they_are_returned():
    text = "def cut(X, y):\n    a, b = X, y\n    return {}\n\na, b = cut(1, 2)\n"
    part = PartReport("split", "wrong", line=2, message="b holds 5,000 rows of images, not the labels.")
    told = {given: next(iter(with_slips([part], from_script(text.format(given))))) for given in ("b, a", "a, b")}
    assert (told["b, a"].mistake, told["b, a"].line) == ("returned-in-other-order", 3)
    assert told["a, b"] == part


def test_a_function_whose_name_is_given_away_is_named():
    text = "def valid(x):\n    return 1.0\n\nvalid = valid(3)\nprint(valid(4))\n"
    report = PartReport("whole file", "wrong", None, line=4, message="TypeError: 'float' object is not callable.")
    (told,) = with_slips([report], from_script(text))
    assert (told.mistake, told.line) == ("function-overwritten", 4)


def test_a_result_that_is_thrown_away_is_named_where_it_is_thrown_away():
    text = "def scaled(X):\n    return X / 255\n\ndef shown(X):\n    return X\n\nshown(X)\nscaled(X)\n"
    report = PartReport("normalize", "wrong", "not-scaled", line=2, message="The pixels still lie between 0 and 255.")
    (told,) = with_slips([report], from_script(text))
    assert (told.mistake, told.line, told.code) == ("result-thrown-away", 8, "scaled(X)")


@pytest.mark.parametrize(
    ("text", "line", "message", "mistake", "told_at", "words"),
    [
        ("def load():\n    X = 1\n    y = 2\nX, y = load()\n", 4, "TypeError: cannot unpack non-iterable NoneType object",
         "nothing-returned", 3, "load(), of line 1, returns nothing"),
        ("def f(x):\n    x = 2\nX = f(3)\nX.shape\n", 4, "AttributeError: 'NoneType' object has no attribute 'shape'",
         "nothing-returned", 2, "f(), of line 1"),
        ("def f(x):\n    return 2\nX = f(3)\nX.shape\n", 4, "AttributeError: 'NoneType' object has no attribute 'shape'",
         "none-for-object", 4, "None"),
        ("X = X.to_numpy\nX.shape\n", 2, "AttributeError: 'function' object has no attribute 'shape'",
         "method-without-call", 1, "Brackets are missing"),
        ("n += (a == b).sum\n", 1, "TypeError: unsupported operand type(s) for +=: 'int' and 'builtin_function_or_method'",
         "method-without-call", 1, "Brackets"),
        ("def f(): return [3]\nr = f\nfor x in r: pass\n", 3, "TypeError: 'function' object is not iterable",
         "method-without-call", 2, "Brackets"),
        ("for i in X:\n    X = X[i]\n", 2, "IndexError: too many indices for array", "overwritten-in-loop", 2, "one piece"),
        ("for i in X:\n    a = X[i]\n", 2, "IndexError: too many indices for array", None, 2, ""),
        ("class A:\n    def f(x):\n        y = x\n", 3, "TypeError: A.f() takes 1 positional argument but 2 were given",
         "number-of-arguments", 2, "more or fewer"),
        ("class A:\n    def f(self, x):\n        y = x\n", 3, "TypeError: A.f() takes 2 positional arguments but 3 were given",
         "number-of-arguments", 3, "more or fewer"),
        ("ax[i].imshow(x)\n", 1, "AttributeError: 'numpy.ndarray' object has no attribute 'imshow'", "array-of-axes", 1, "axes"),
        ("print(f'{x:.2f%}')\n", 1, "ValueError: Invalid format specifier '.2f%'", "format-does-not-fit", 1, "format"),
        ("a = Linear(3, 4),\nb = a.T\n", 2, "AttributeError: 'tuple' object has no attribute 'T'", None, 2, ""),
        ("a = Linear(3, 4),\n", 1, "self.a is a tuple of objects", "trailing-comma", 1, "comma at the end"),
        ("a = (Linear(3, 4),)\n", 1, "self.a is a tuple of objects", None, 1, ""),
        ("for i in epochs:\n    pass\n", 1, "TypeError: 'int' object is not iterable", "number-for-range", 1, "a number"),
        ("a, b = valid(x)\n", 1, "TypeError: 'float' object is not iterable", None, 1, ""),
        ("class A:\n    def f(self, p):\n        self.p = p\n    def g(self):\n        return 2 * p\n", 5,
         "NameError: name 'p' is not defined", "self-left-out", 5, "without `self.`"),
        ("class A:\n    def g(self):\n        return 2 * p\n", 3, "NameError: name 'p' is not defined", None, 3, ""),
        ("p -= 0.1 * g\n", 1, "TypeError: can't multiply sequence by non-int of type 'float'", "list-for-array", 1, "list"),
        ("y = exp(-x)\n", 1, "NameError: name 'exp' is not defined", "numpy-not-named", 1, "NumPy's"),
        ("y = expp(-x)\n", 1, "NameError: name 'expp' is not defined", None, 1, ""),
        ("a, b = train_test_split(x, 10)\n", 1, "TypeError: got scalar array(10)", "size-without-name", 1, "the argument"),
        ("n = a.sum()\nprint(n.shape)\n", 2, "AttributeError: 'function' object has no attribute 'shape'", None, 2, ""),
    ],
)  # fmt: skip
def test_a_value_that_was_made_wrong_is_told_where_it_was_made(text, line, message, mistake, told_at, words):
    part = PartReport("whole file", "wrong", line=line, message=f"The file stops at this line. {message}.")
    (told,) = with_slips([part], from_script(text), lambda *_: False)
    assert (told.mistake, told.line) == (mistake, told_at)
    assert words in told.message
    assert ("stops at this line" in told.message) == (line == told_at)
    assert message in told.message


@pytest.mark.parametrize(
    ("says", "told", "left"),
    [
        (
            "the rate is -0.1: each step goes uphill.",
            "The rate is negative, so each step goes uphill.",
            "the rate is -0.1.",
        ),
        ("the rate is 0: no weight ever moves.", "The rate is 0, so no weight ever moves.", ""),
        ("For x = 2 you get 3; expected 4.", "The sign is wrong.", "For x = 2 you get 3; expected 4."),
        (
            "it gives an error (E: f() takes no arguments).",
            "f takes no arguments.",
            "it gives an error (E: f() takes no arguments).",
        ),
    ],
)
def test_nothing_is_said_twice(says, told, left):
    assert without_repeats(says, told) == left


def test_python_is_quoted_only_in_its_own_words():
    for words, own in (
        (plain_words(GUFUNC), "The error is a ValueError: matmul: the shapes"),
        ("KeyError: 'x'", "Python says: KeyError"),
    ):
        entry = report_ending(Ending("error", 1, words=words), [DONE], from_script("f()\n"))
        assert own in entry.message


def test_a_part_that_waits_for_an_import_is_blocked_and_others_are_not():
    document = from_script("from sklearn.model_selection import train_test_spilt\n")
    ending = Ending("error", 1, "ImportError", "ImportError: cannot import", "sklearn", "train_test_split")
    split = PartReport("split", "wrong", message="stops with NameError: name 'train_test_split' is not defined.")
    other = PartReport("data", "wrong", message="stops with NameError: name 'x' is not defined.")
    assert [part.status for part in after_import(ending, [split, other], document)] == ["blocked", "wrong"]


def test_a_name_that_does_not_exist_is_told_with_the_one_that_is_like_it():
    document = from_script("X_vaild = X\nprint(X_valid)\n")
    ending = Ending("error", 2, "NameError", "NameError: name 'X_valid' is not defined", "X_valid", "X_vaild")
    parts = [
        PartReport("settings", "wrong", line=2, message="It stops."),
        PartReport("split", "wrong", line=1, message="Missing: X_valid."),
    ]
    told = [
        part.message
        for part in with_meant([*parts, PartReport("data", "wrong", line=1, message="Y.")], ending, document)
    ]
    assert told == ["It stops. Did you mean X_vaild?", "Missing: X_valid. Should X_vaild be called X_valid?", "Y."]


DONE = PartReport("SGD", "done")
GUFUNC = (
    "ValueError: matmul: Input operand 1 has a mismatch in its core dimension 0, with gufunc signature "
    "(n?,k),(k,m?)->(n?,m?) (size 56 is different from 784)"
)
STOP = Ending("error", 1, "TypeError", "TypeError: 'ellipsis' object is not callable")


@pytest.mark.parametrize(
    ("ending", "parts", "status"),
    [
        (Ending("end"), [DONE], None),
        (STOP, [DONE], "wrong"),
        (STOP, [PartReport("train", "wrong")], "wrong"),  # nothing shows that train is the cause
        (STOP, [PartReport("train", "open")], None),
        (STOP, [PartReport("train", "open"), PartReport("SGD", "wrong")], None),
        (STOP, [PartReport("train", "wrong", line=1)], "blocked"),
        (STOP, [PartReport("ReLU", "open")], "wrong"),
        (Ending("error", 1, "NameError", "NameError: name 'zz'", "zz"), [PartReport("train", "open")], "wrong"),
        (Ending("error", 1, "NameError", "NameError: name 'MLP'", "MLP"), [PartReport("MLP.forward", "open")], None),
        (Ending("error", 1, "ImportError", "ImportError"), [PartReport("train", "wrong", line=9)], "wrong"),
        (Ending("refused", 1, "OSError", "OSError: no file"), [DONE], "blocked"),
        (Ending("stuck", 1), [DONE], "wrong"),
        (Ending("time", 1, trained=True), [DONE], "remark"),
        (Ending("time", 1), [DONE], "blocked"),
        (Ending("end", left=(1,)), [DONE], "wrong"),
        (Ending("end", idle=1), [DONE], "wrong"),
        (Ending("end", idle=1), [PartReport("SGD", "not found")], None),
    ],
)
def test_what_the_run_adds(ending, parts, status):
    entry = report_ending(ending, parts, from_script("while print: print()\n"))
    assert (entry and entry.status) == status
    if status == "wrong":
        assert len(entry.hints) == 3
        report = CheckReport("x.py", (entry, *parts))
        assert report.wrong
        assert entry.message in " ".join(str(report).split())
        assert entry.message.split("'")[0] in report._repr_html_()


def test_a_name_that_nothing_defines_is_told_where_the_run_does_not_come_to_it():
    for text, status in (
        ("def f():\n    return total_los\n", "remark"),  # nothing calls f
        ("try:\n    print(total_los)\nexcept NameError: pass\n", "remark"),
        ("def f(x):\n    if x: return total_los\nf(0)\n", "wrong"),
        ("class SGD:\n  def step(self):\n    if self.x: total_los()\nSGD()\n", "wrong"),
    ):
        entry = report_ending(Ending("end"), [DONE], from_script(text))
        assert (entry.status, entry.code.count("total_los")) == (status, 1)
        assert "total_los" in entry.message


@pytest.mark.parametrize(("further", "status"), [(True, "blocked"), (False, "wrong")])
def test_a_wrong_part_is_the_cause_only_if_the_file_gets_further_without_it(further, status):
    tried = []
    parts = [PartReport("train", "wrong", line=9), PartReport("SGD", "wrong", line=8), DONE]
    document = from_script("f()\n")
    entry = report_ending(STOP, parts, document, lambda names: tried.append(list(names)) or further)
    assert (entry.status, tried) == (status, [["train", "SGD"]])
    assert ("once train and SGD are mended" in entry.message) is further


def test_the_calls_that_lead_to_a_stop_are_told_with_their_cells():
    ending = Ending("error", 2, "TypeError", "TypeError: no", frames=(("<module>", 3), ("f", 2)))
    entry = report_ending(ending, [DONE], from_cells(["def f():\n    g()", "f()"]))
    assert "The call came from cell 2, line 1." in entry.message


@pytest.mark.parametrize(
    ("ending", "part", "facet", "refuted"),
    [
        (Ending("end"), "settings", "error", True),
        (Ending("exit"), "split", "error", True),
        (Ending("end"), "settings", "sizes", False),
        (Ending("end"), "train", "error", False),
        (Ending("error", frames=(("<module>", 7), ("f", 3))), "settings", "error", False),
        (Ending("error", frames=(("<module>", 8),)), "settings", "error", True),
        (Ending("error", frames=(("<module>", 8),)), "split", "error", False),
        (Ending("error", frames=(("<module>", 7),)), "settings", "stop", True),  # the entry of the whole file tells it
        (Ending("end"), "settings", "stop", True),
        (Ending("time"), "settings", "error", False),
        (None, "settings", "error", False),
    ],
)
def test_an_error_that_the_whole_run_does_not_have_accuses_nobody(ending, part, facet, refuted):
    assert is_refuted(ending, part, Problem(facet, "error", "stops", 7)) is refuted


def test_a_division_by_zero_comes_of_a_loop_without_a_batch():
    ending = Ending("error", 1, "ZeroDivisionError", "ZeroDivisionError: float division by zero")
    for mistake, status in (
        ("loader-used-up", "blocked"),
        ("batch-larger-than-set", "blocked"),
        ("rate-tiny", "wrong"),
    ):
        part = PartReport("settings", "wrong", mistake, line=9)
        assert report_ending(ending, [part], from_script("f()\n")).status == status


def test_what_was_still_running_has_not_come_to_its_end():
    running = Ending("time", 1, trained=True)
    for status, told in (("done", "remark"), ("wrong", "blocked")):
        assert report_ending(running, [PartReport("train", status, line=9)], from_script("f()\n")).status == told


def test_a_file_that_ends_itself_is_not_said_to_run_to_its_end():
    ending = Ending("exit", 1, trained=True, frames=(("<module>", 1),))
    entry = report_ending(ending, [DONE], from_script("exit()\nprint(1)\n"))
    assert entry.status == "remark"
    assert "line 2 on, never run" in entry.message
    assert "top to bottom" not in str(CheckReport("x.py", (entry, DONE)))
    assert report_ending(ending, [DONE], from_script("exit()\ntest(1)\n")).status == "wrong"
    assert report_ending(ending, [DONE], from_script("exit()\n")) is None


@pytest.mark.parametrize(
    ("statuses", "finished", "words"),
    [
        ((), False, "0 of 0 parts done"),
        (("done", "remark"), True, "runs from top to bottom"),
        (("done", "not found"), False, "1 of 2 parts done, 1 not found"),
        (("done", "open"), False, "1 of 2 parts done, 1 still open"),
        (("done", "blocked"), False, "1 of 2 parts done, 1 not judged"),
    ],
)
def test_only_a_finished_file_is_called_done(statuses, finished, words):
    names = ("SGD", "train")
    report = CheckReport("x.py", tuple(PartReport(n, s) for n, s in zip(names, statuses, strict=False)))
    assert report.finished is finished
    assert words in str(report)
    assert "othing is wrong" not in str(report)
