"""Sections 1 and 2 run once: the parts are tried where the run of the whole file had its data ready, and nothing after."""

import contextlib
import io
import textwrap

import numpy as np
import pytest
from texts import quick

from glasswork.classroom.catalogue import changed, mistakes
from glasswork.classroom.handout import PARTS
from glasswork.classroom.probes.sections import DataTrace, Places, statement_part
from glasswork.classroom.student.fixture import Mnist
from glasswork.classroom.student.messages import SectionFacts
from glasswork.classroom.student.run import run_student
from glasswork.classroom.student.source import from_cells, from_script
from glasswork.classroom.student.unwrap import unwrapped
from glasswork.classroom.student.waypoints import Waypoints
from glasswork.classroom.student.whole_file import run_whole_file

IMPORT = "import numpy as np\n"
DATA = "X = np.arange(8.0)\nX = X / 2\nfor i in range(3): X = X + 1\n"
CLASSES = "class MLP:\n    def forward(self, x): return x\ndef helper(): return X.sum()\n"
REST = "model = MLP()\nX = None\nlast = 1\n"


def waypoints(document, after, arrived):
    return Waypoints(document, unwrapped(document), statement_part, after, arrived)


def arrivals(document):
    """Return the names at each arrival, and the lines that were passed before."""
    lines, seen = [], []

    def after(run, event):
        lines.append(event.statement.lineno)

    points = waypoints(document, after, lambda: seen.append(dict(points.stand().namespace)))
    with contextlib.redirect_stdout(io.StringIO()):
        ending = run_whole_file(document, waypoints=points)
    return seen, lines, ending


def body(text):
    return textwrap.indent(text, "    ")


@pytest.mark.parametrize(
    "text",
    [
        IMPORT + DATA + CLASSES + REST,
        CLASSES + IMPORT + DATA + REST,
        IMPORT + CLASSES + "def main():\n" + body(DATA + REST) + "main()\n",
        IMPORT + CLASSES + "def main(n=3, rate=1):\n" + body(DATA + REST) + "if __name__ == '__main__':\n    main(5)\n",
        IMPORT + "def prepare():\n" + body(DATA) + "prepare()\n" + CLASSES + REST,
        IMPORT + "if __name__ == '__main__':\n" + body(DATA + CLASSES + REST),
        IMPORT + DATA.replace("\nX", "; X") + CLASSES + REST,
        '"""Mine."""\nfrom __future__ import annotations\nfrom __future__ import division\n' + IMPORT + DATA + CLASSES + REST,
    ],
)  # fmt: skip
def test_a_run_arrives_once_with_its_data(text):
    document = from_script(text)
    seen, lines, ending = arrivals(document)
    assert ending.how == "end"
    (names,) = seen
    assert names["X"].tolist() == [3 + i / 2 for i in range(8)]
    assert not {"model", "last"} & {*names}
    assert text.split("\n")[lines[-1] - 1].strip().startswith(("for i", "prepare"))


def test_cells_of_a_notebook_are_one_run():
    seen, _, ending = arrivals(from_cells([IMPORT, DATA, CLASSES + "%matplotlib inline", "X[0]", REST]))
    assert ending.how == "end"
    assert [names["X"][0] for names in seen] == [3]


@pytest.mark.parametrize(
    "text",
    [
        IMPORT + DATA + "X = 1 / 0\n" + CLASSES + REST,
        IMPORT + CLASSES + "def main():\n" + body(DATA + REST) + "main()\nmain()\n",
        IMPORT + CLASSES + "def main(X=None):\n" + body("if X is None:\n    return\n" + DATA + REST) + "main()\n",
        "X = (\n",
        "model = 1\n" + REST,
    ],
)
def test_a_run_that_takes_another_way_does_not_arrive_with_half_of_its_data(text):
    seen, _, _ = arrivals(from_script(text))
    assert [names for names in seen if "X" in names and names["X"].shape != (8,)] == []


def test_a_run_that_stops_in_its_data_goes_on_at_the_statement_that_failed():
    document = from_script(IMPORT + DATA + "X_train = X / np.zeros(3)\nX_test = X * 2\n" + CLASSES + REST)
    points = waypoints(document, lambda *_: None, None)
    ending = run_whole_file(document, waypoints=points)
    assert (ending.kind, ending.line, points.has_arrived) == ("ValueError", 5, False)
    run = run_student(document, begun=points.stand())
    assert [event.statement.lineno for event in run.events if event.crash] == [5]
    assert run.namespace["X_test"].tolist() == [6 + i for i in range(8)]


def test_a_thing_that_cannot_be_looked_at_does_not_stop_the_file():
    document = from_script(IMPORT + DATA + CLASSES + REST)

    def after(run, event):
        raise ValueError

    points = waypoints(document, after, None)
    assert run_whole_file(document, waypoints=points).how == "end"
    assert (points.has_arrived, points.stand()) == (False, None)


def test_a_file_runs_as_it_does_without_waypoints():
    text = IMPORT + DATA + CLASSES + "n = 0\nwhile n < 5: n += 1\n" + REST + "helper() + oops\n"
    document = from_script(text)
    *_, ending = arrivals(document)
    assert ending == run_whole_file(from_script(text))
    assert (ending.kind, ending.frames[0]) == ("AttributeError", ("<module>", text.count("\n")))


def test_the_parts_are_tried_as_they_are_written_and_not_as_they_are_watched():
    train = "def train(model, loader):\n    n = 0\n    for x in loader:\n        model.forward(x)\n        n += 1\n    return n\n"
    text = train + IMPORT + DATA + CLASSES + "helper = 7\n" + REST
    document = from_script(text)
    seen = []

    def arrived():
        names = run_student(document, begun=points.stand()).namespace
        seen.append((names["train"](names["MLP"](), range(9)), names["helper"], names["X"]))

    points = waypoints(document, lambda *_: None, arrived)
    run_whole_file(document, waypoints=points)
    assert seen == [(9, 7, None)]  # what uses no network runs on


HELPERS = """import numpy as np
def load(n=1000):
    X = np.ones((n, 4))
    y = np.ones(n)
    X *= 2
    return X / 2, y
def same(data):
    data = data
    return data
def halved(data):
    data /= 2
def forgotten(data):
    data = data / 2
X, y = load()
X = same(X)
halved(X)
X_train, y_train = X * 2, y
class MLP:
    def forward(self, x): return x
X = forgotten(X)
Z = X.shape
"""


def test_what_a_function_makes_is_told_at_its_own_line():
    trace = DataTrace(Mnist(np.zeros((9, 4), np.uint8), np.arange(9)))
    document = from_script(HELPERS)
    points = Waypoints(document, unwrapped(document), statement_part, trace.after, lambda: None, trace.made)
    with contextlib.redirect_stdout(io.StringIO()):
        ending = run_whole_file(document, waypoints=points)
    assert (ending.kind, ending.line) == ("AttributeError", 21)
    assert trace.inner == {"X 14": 6, "y 14": 4}
    assert [(step.line, step.name) for step in trace.steps] == [(6, "X"), (11, "X"), (11, "data"), (17, "X_train")]
    (lost,) = trace.crashes
    assert (lost.part, lost.line, lost.crash.name) == ("normalize", 20, "X")
    assert points.stand().namespace["X"].shape == (9, 4)  # right data, so that other parts can be judged


def test_data_that_change_places_on_their_way_are_told_where_they_do():
    text = (
        "import numpy as np\ndef split():\n    X_train, X_test = np.ones((2000, 4)), np.ones((1000, 4))\n"
        "    return X_test, X_train\nX_train, X_test = split()\nX_valid, X_rest = split()\n"
    )
    trace = DataTrace(Mnist(np.zeros((9, 4), np.uint8), np.arange(9)))
    document = from_script(text)
    run_whole_file(
        document,
        waypoints=Waypoints(document, unwrapped(document), statement_part, trace.after, lambda: None, trace.made),
    )
    assert trace.inner == {"X_valid 6": 3, "X_rest 6": 3}


@pytest.mark.parametrize(("calls", "line"), [("y = f(y)\n", 2), ("y = f(y)\nX = f(X)\n", 3)])
def test_a_function_that_other_data_go_through_as_well_is_not_to_blame(calls, line):
    facts = SectionFacts([], [], {}, None, None, 1, {"y 3": 2})
    places = Places(from_script(f"def f(a):\n    return a / 2\n{calls}").statements, facts)
    assert places.line_making_alone("y", 3) == line
    assert places.line_making("y", 3) == 2


def test_images_and_labels_that_change_places_are_told_once_and_put_right():
    text = "import numpy as np\ndef load():\n    return np.arange(1000), np.ones((1000, 4))\nX, y = load()\nX = X / 2\nZ = X\n"
    trace = DataTrace(Mnist(np.zeros((9, 4), np.uint8), np.arange(9)))
    document = from_script(text)
    points = Waypoints(document, unwrapped(document), statement_part, trace.after, lambda: None, trace.made)
    run_whole_file(document, waypoints=points)
    assert [(one.part, one.line, one.crash.kind) for one in trace.crashes] == [("data", 4, "swapped")]
    assert points.stand().namespace["X"].shape == (1000, 4)


#: What a file does behind its data, and may not change the verdict on a part.
BEHIND = {
    "changes": (
        "X_train *= 0\nX_valid[:], y_train[:] = 5, 3\nLinear.forward = Sigmoid.forward = lambda self, x: x\n"
        "train = valid = None\nnp.dot = np.exp = np.mean = None\n"
    ),
    "an end": "import os\nos._exit(0)\n",
    "an error": "1 / 0\n",
}


@pytest.mark.parametrize("name", BEHIND)
def test_what_comes_behind_the_data_changes_no_verdict_on_a_part(checker, name):
    text = quick(changed(mistakes()["sigmoid-plus"].variants[0]))
    at = text.index("in_features = 28")
    behind = "model = MLP(784, 50, 10)\nif model:\n" + body(BEHIND[name])
    parts = checker.check_cells([text[:at] + behind + text[at:]], notebook=False)
    status = {part.name: part.status for part in parts if part.name not in ("whole file", "settings")}
    assert status == dict.fromkeys(status, "done") | {"Sigmoid.forward": "wrong"}
    assert len(status) == len(PARTS) - 1
