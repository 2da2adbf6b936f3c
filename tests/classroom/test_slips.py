"""Slips with NumPy are named by what the code shows, where the part that is wrong fits them; endings by their kind."""

import pytest

from glasswork.classroom.judging.ending import after_import, is_refuted, report_ending
from glasswork.classroom.judging.slips import with_slips
from glasswork.classroom.probes import Problem
from glasswork.classroom.report import CheckReport, PartReport
from glasswork.classroom.student.source import from_script
from glasswork.classroom.student.whole_file import Ending

CLASS = "class Linear:\n    def forward(self, x):\n        {}\n        return output\n"


def told(line, message, status="wrong", name="Linear.forward"):
    document = from_script(CLASS.format(line))
    return next(iter(with_slips([PartReport(name, status, line=4, message=message)], document))).message


@pytest.mark.parametrize(
    ("line", "message", "words"),
    [
        (
            "rows = np.random.shuffle(x)",
            "'NoneType' object has no attribute 'shape'",
            "shuffle changes what it is given",
        ),
        ("x = x.sort()", "forward returns None", "sort changes what it is given"),
        ("output = np.e ^ -x", "ufunc 'bitwise_xor' not supported", "the power is `**`"),
        ("output = 1 / (1 + 2 ^ x)", "for x = 0 you get 3, expected 0.5", "the power is `**`"),
        ("output = np.dot(x, self.weight, self.bias)", "output array is not acceptable", "third argument of dot"),
        ("output = np.matmul(x, self.weight, self.bias)", "shape", "third argument of matmul"),
        ("output == x @ self.weight", "name 'output' is not defined", "`==` compares"),
    ],
)
def test_a_slip_is_named_with_its_line(line, message, words):
    assert told(line, message).startswith("Line 3: ")
    assert words in told(line, message)
    assert told(line, message, status="done") == message
    assert told(line, message, name="Sigmoid.forward") == message


def test_what_does_not_fit_the_error_is_not_told():
    message = "for x = 1 you get 2, expected 3"
    assert told("rows = np.random.shuffle(x)", message) == message
    assert told("output = np.dot(x, self.weight) + self.bias", message) == message


def test_a_part_that_waits_for_an_import_is_blocked_and_others_are_not():
    document = from_script("from sklearn.model_selection import train_test_spilt\n")
    ending = Ending("error", 1, "ImportError", "ImportError: cannot import", "sklearn", "train_test_split")
    split = PartReport("split", "wrong", message="stops with NameError: name 'train_test_split' is not defined.")
    other = PartReport("data", "wrong", message="stops with NameError: name 'x' is not defined.")
    assert [part.status for part in after_import(ending, [split, other], document)] == ["blocked", "wrong"]


DONE = PartReport("SGD", "done")
STOP = Ending("error", 1, "TypeError", "TypeError: 'ellipsis' object is not callable")


@pytest.mark.parametrize(
    ("ending", "parts", "status"),
    [
        (Ending("end"), [DONE], None),
        (STOP, [DONE], "wrong"),
        (STOP, [PartReport("train", "wrong")], "blocked"),
        (STOP, [PartReport("train", "open")], None),
        (STOP, [PartReport("train", "open"), PartReport("SGD", "wrong")], None),
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
    entry = report_ending(ending, parts, from_script("while a: b()\n"))
    assert (entry and entry.status) == status
    if status == "wrong":
        assert len(entry.hints) == 3
        report = CheckReport("x.py", (entry, *parts))
        assert report.wrong
        assert entry.message in " ".join(str(report).split())
        assert entry.message.split("'")[0] in report._repr_html_()


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
        (Ending("time"), "settings", "error", False),
        (None, "settings", "error", False),
    ],
)
def test_an_error_that_the_whole_run_does_not_have_accuses_nobody(ending, part, facet, refuted):
    assert is_refuted(ending, part, Problem(facet, "error", "stops", 7)) is refuted


def test_a_file_that_ends_itself_is_not_said_to_run_to_its_end():
    ending = Ending("exit", 1, trained=True, frames=(("<module>", 1),))
    entry = report_ending(ending, [DONE], from_script("exit()\nprint(1)\n"))
    assert entry.status == "remark"
    assert "line 2 on, never run" in entry.message
    assert "top to bottom" not in str(CheckReport("x.py", (entry, DONE)))
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
