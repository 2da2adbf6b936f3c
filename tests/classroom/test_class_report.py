"""The report of a class: what is counted, what is written, what goes on after an interruption."""

import csv
import io
import json
import re
import zipfile
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from glasswork import FileError, InputError
from glasswork.classroom.class_report.anonymous import anonymous, numbered
from glasswork.classroom.class_report.corrections import correct
from glasswork.classroom.class_report.exports import (
    mistakes_to_csv,
    to_csv,
    to_grades,
    to_json,
    to_key,
    to_nbgrader,
    to_otter,
)
from glasswork.classroom.class_report.feedback import feedback
from glasswork.classroom.class_report.page import to_page
from glasswork.classroom.class_report.points import Points, read_points
from glasswork.classroom.class_report.report import ClassReport, Row
from glasswork.classroom.class_report.run import Journal, Outcome
from glasswork.classroom.class_report.standing import refused, standing, with_notes, with_same_files, with_whole_file
from glasswork.classroom.class_report.write import write_report
from glasswork.classroom.exercise.write import render
from glasswork.classroom.handout import OPTIONAL, PARTS
from glasswork.classroom.judging.ending import NOT_TO_ITS_END, report_ending
from glasswork.classroom.report import CheckReport, PartReport, to_text
from glasswork.classroom.student.source import from_script
from glasswork.classroom.student.whole_file import Ending
from glasswork.cli.classwork import ProgressBar

HINTS = ("Look at the weight.", "Its mean is 0.5.", "Subtract something.")


def wrong(part, mistake, code, message="It returns 2; expected 1."):
    return PartReport(part, "wrong", mistake, 3, 7, message, HINTS, code)


@pytest.fixture
def report():
    """Five students: two with the same mistake, one complete, one of the same file, one that cannot be read."""
    done = (PartReport("split", "done"), PartReport("Linear.__init__", "done"))
    slip = "self.weight = np.random.rand(n)  # Alan's"
    return ClassReport(
        (
            Row("=Ada <b>", "ada.py", "d1", (PartReport("split", "done"), wrong("Linear.__init__", "positive", slip))),
            Row("Alan", "alan.py", "d2", (PartReport("split", "open"), wrong("Linear.__init__", "positive", slip))),
            Row("Grace", "grace.py", "d3", done, others=("grace-old.py",)),
            Row("Radia", "radia.py", "d3", done),
            Row("Tim", "tim.zip", failure="larger than 20 MB"),
        )
    )


#: One part that counts, and one that is a bonus.
POINTS = Points({"split": 2.0}, {"Linear.__init__": 1.0})


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_what_is_counted(report):
    (one,) = report.misconceptions()
    assert (one.part, one.mistake, one.students) == ("Linear.__init__", "positive", ("=Ada <b>", "Alan"))
    assert report.statuses("split") == {"done": 3, "open": 1}
    assert report.copies() == [("Grace", "Radia")]
    assert [row.done for row in report.rows] == [1, 0, 2, 2, 0]
    assert report.part_names == ["split", "Linear.__init__"]


def test_the_tables(report):
    rows = rows_of(to_csv(report, POINTS))
    assert rows[0]["student"] == "'=Ada <b>"  # no formula for a spreadsheet
    assert rows[0]["mistakes"] == "Linear.__init__: It returns 2; expected 1."
    assert (rows[1]["split"], rows[4]["not checked because"]) == ("open", "larger than 20 MB")
    (mistake,) = rows_of(mistakes_to_csv(report))
    assert (mistake["students"], mistake["example line"]) == ("2", "self.weight = np.random.rand(n)  # Alan's")


def test_the_exports(report):
    everything = json.loads(to_json(report, POINTS))
    assert everything[0]["parts"][1]["hints"] == list(HINTS)
    assert everything[4]["failure"] == "larger than 20 MB"
    nbgrader = json.loads(to_nbgrader(report, POINTS))
    assert nbgrader["students"][0]["scores"] == {"split": 2.0, "Linear.__init__": 0.0}
    assert nbgrader["parts"] == {"split": 2.0, "Linear.__init__": 0.0}
    assert nbgrader["students"][0]["comments"] == {
        "Linear.__init__": "wrong: It returns 2; expected 1.\nLook at the weight."
    }
    otter = rows_of(to_otter(report, POINTS))
    assert (otter[0]["file"], otter[0]["total_points_earned"]) == ("points-per-question", "2.0")
    assert (otter[1]["Linear.__init__"], otter[1]["percent_correct"]) == ("0.0", "1.0")
    assert (otter[3]["total_points_earned"], otter[3]["percent_correct"]) == ("3.0", "1.5")
    assert otter[5]["grading_status"] == "larger than 20 MB"


class Reader(HTMLParser):
    """Collects the text, the ids and the links of a page."""

    def __init__(self):
        super().__init__()
        self.text, self.ids, self.links, self.loads = "", set(), set(), []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.ids.add(attrs.get("id"))
        if tag == "a":
            self.links.add(attrs["href"].removeprefix("#"))
        self.loads += [tag] if tag in ("script", "link", "img", "iframe") else []

    def handle_data(self, data):
        self.text += data


def test_the_page(report):
    page = Reader()
    page.feed(to_page(report, "Week <3>", POINTS))
    assert page.loads == []
    assert len(page.links) == 4
    assert page.links <= page.ids
    for words in ("Week <3>", "=Ada <b>", "2 of 4 (50 %)", "self.weight = np.random.rand(n)", "larger than 20 MB"):
        assert words in page.text


def test_the_grades(report):
    grades = rows_of(to_grades(report, POINTS))
    assert [(row["points"], row["possible"], row["of which bonus"]) for row in grades] == [
        ("2.0", "2.0", "0.0"),
        ("0.0", "2.0", "0.0"),
        ("3.0", "2.0", "1.0"),
        ("3.0", "2.0", "1.0"),
        ("0.0", "2.0", "0.0"),
    ]
    assert all("Read the code before a grade depends on it" in row["warning"] for row in grades)


def test_the_table_of_points(tmp_path):
    path = tmp_path / "points.toml"
    path.write_text('[points]\nsplit = 2\n"Linear.forward" = 1.5\n[bonus]\nReLU = 1\n')
    points = read_points(path)
    assert (points.possible, points.parts) == (3.5, {"split": 2.0, "Linear.forward": 1.5, "ReLU": 1.0})
    for content, words in (
        ("[points]\nLinear.forward = 1\n", "needs quotes"),
        ("[points]\nsigmoid = 1\n", "no part 'sigmoid'"),
        ("[points]\nsplit = -1\n", "from 0 on"),
        ("[points]\nsplit = 0\n", "no points"),
        ("[points]\nsplit = 1\n[bonus]\nsplit = 1\n", "in one of them"),
        ("points = [", "TOML"),
    ):
        path.write_text(content)
        with pytest.raises((FileError, InputError), match=words):
            read_points(path)


REFUSAL = "The file could not be run to its end here: PermissionError: glasswork check: os.remove is not available"


def checked(whole=None, **statuses):
    """A student whose parts are done but for those that are named, and the words on the whole file."""
    names = [name for name in PARTS if name not in OPTIONAL]
    parts = [PartReport(name, statuses.get(name.replace(".", "_"), "done")) for name in names]
    entry = [PartReport("whole file", *whole)] if whole else []
    return with_notes(Row("Ada", "ada.py", "d", with_whole_file([*entry, *parts])), read_points())


GAPS = (
    "split",
    "Linear___init__",
    "Linear_forward",
    "Sigmoid_forward",
    "MSELoss_forward",
    "MLP___init__",
    "MLP_forward",
)
UNTOUCHED = dict.fromkeys(GAPS, "open")
NOTHING = dict.fromkeys((name.replace(".", "_") for name in PARTS), "not found")


@pytest.mark.parametrize(
    ("row", "points", "group"),
    [
        (checked(), 10, "complete and right"),
        (
            checked(("remark", None, None, 9, "This line uses the name x, which nothing defines.")),
            10,
            "complete and right",
        ),
        *(
            (checked(("remark", None, None, 9, f"{words}: …")), 7, "right so far, unfinished")
            for words in NOT_TO_ITS_END
        ),
        (checked(("wrong", None, None, 9, "The file stops.")), 7, "with mistakes"),
        (checked(("blocked", None, None, 9, REFUSAL)), 7, "tried what is not allowed"),
        (checked(MLP_forward="wrong"), 9, "with mistakes"),  # the file ran to its end all the same
        (checked(("blocked", None, None, 9, "It stops."), MLP_forward="wrong"), 6, "with mistakes"),
        (checked(train="wrong"), 7, "with mistakes"),  # given code that was changed has no points of its own
        (checked(MLP_forward="open"), 6, "right so far, unfinished"),
        (checked(SGD="open"), 7, "right so far, unfinished"),
        (checked(**UNTOUCHED), 0, "untouched exercise"),
        (checked(**NOTHING), 0, "nothing of the exercise in the file"),
    ],
)
def test_what_a_whole_file_is_worth_and_what_is_complete(row, points, group):
    assert (sum(read_points().earned(row).values()), standing(row, read_points())) == (points, group)
    assert row.done == sum(part.status == "done" for part in row.parts if part.name != "whole file")
    page = Reader()
    page.feed(to_page(ClassReport((row,)), "Week 3", read_points()))
    assert f"1{group}" in page.text
    assert "Read the code before a grade depends on it" in page.text
    noted = group.startswith(("tried", "untouched", "nothing"))
    why = [note for note in row.notes if note != group]
    assert (group in row.notes) == noted
    left_off = any(part.message.startswith(NOT_TO_ITS_END) for part in row.parts)
    left_off |= any(part.name == "train" and part.status == "wrong" for part in row.parts)
    assert [note.startswith("no points for the whole file: ") for note in why if "full" not in note] == [
        True
    ] * left_off
    given = Points({"MLP.forward": 1.0}, {})  # a table without the whole file
    full = row.counts["wrong"] > 0 and given.earned(row)["MLP.forward"] > 0
    assert ("full points, but " in "; ".join(with_notes(row, given).notes)) == full
    assert ("Full points, but" in to_page(ClassReport((row,)), "Week 3", given)) == full
    (graded,) = rows_of(to_grades(ClassReport((row,)), read_points()))
    assert graded["notes"] == "; ".join(row.notes)
    (line,) = rows_of(to_csv(ClassReport((row,)), read_points()))
    assert (line["notes"], line["possible"]) == ("; ".join(row.notes), "10.0")
    assert ("Tried what is not allowed" in page.text) == ("PermissionError" in page.text) == group.startswith("tried")


@pytest.mark.parametrize(
    ("ending", "part"),
    [
        (Ending("time", 1, trained=True), PartReport("train", "wrong")),
        (Ending("time", 1, trained=True), PartReport("train", "done")),
        (Ending("exit", 1, frames=(("<module>", 1),), trained=True), PartReport("train", "done")),
        (Ending("end"), PartReport("minibatch_generator", "wrong", "endless-loop")),  # its rounds were cut short
    ],
)
def test_no_points_for_a_file_that_was_not_seen_to_end(ending, part):
    entry = report_ending(ending, [part], from_script("exit()\nprint(1)"))
    whole, _ = with_whole_file([entry, part])
    assert whole.status == "blocked"


def test_the_words_on_the_whole_file_and_on_remarks():
    stops = checked(("wrong", None, None, 9, "The file stops."))
    remark = replace(checked(), parts=(PartReport("split", "remark", message="The sets overlap."),))
    page = Reader()
    page.feed(to_page(ClassReport((stops, remark, checked(), checked())), "Week 3", read_points()))
    assert "whole file: stops, never ends or trains nothing" in page.text
    assert "split: a remark" in page.text
    assert "not in the catalogue" not in page.text
    assert page.text.count("whole file2 ✓1 ✗") == 1  # two came to their end, and one did not
    assert "20 of 20 parts done; the file as a whole is not right." in to_text(CheckReport("x.py", stops.parts))


def test_weights_that_an_untouched_exercise_earns():
    points = Points({"data": 2.0, "split": 1.0}, {"SGD": 3.0})
    assert points.given(ClassReport((checked(),))) == {"data": 2.0, "SGD": 3.0}
    assert points.given(ClassReport((checked(), checked(SGD="open")))) == {"data": 2.0}  # left open with --parts
    row = checked(**UNTOUCHED)
    assert standing(row, points) == "untouched exercise"
    page = to_page(ClassReport((row,)), "Week 3", points)
    assert "An untouched exercise earns 5 points, because the exercise gives data, SGD" in page
    ((_, told),) = feedback(ClassReport((row,)), points, Path("feedback"))
    assert "worth nothing" not in told
    assert read_points().given(ClassReport((row,))) == {}


def named(student, file="x.py", **fields):
    """A row of a student whose code, messages and hints hold the name in many forms."""
    words = [student, *student.split(), *fields.pop("forms", ())]
    text = " ".join(f"{word} {word}_weights _{word}2 '{word.upper()}'" for word in words if word)
    part = PartReport("split", "wrong", None, 3, 7, text, (text, text, text), f"x = '{text}'")
    return Row(student, file, "d", (part,), **fields)


@pytest.mark.parametrize(
    ("row", "hidden"),
    [
        (named("Ada Lovelace"), ["ada", "lovelace"]),
        (named("Bo Wu"), ["bo", "wu"]),
        (named("lovelaceada", "lovelaceada_12_13_x.py", forms=("Ada", "Lovelace", "LovelaceAda")), ["ada", "lovelace"]),
        (named("José García", id="4711", forms=("4711",)), ["josé", "garcía", "4711"]),
        (named("Ada", email="lovelace@x.org", forms=("lovelace",)), ["ada", "lovelace"]),
    ],
)
def test_no_form_of_a_name_is_left(row, hidden):
    report = ClassReport(tuple(anonymous([row, named("Grace Hopper")])), True)
    exports = (to_csv, to_grades, to_json, to_nbgrader, to_otter)
    said = [to_page(report, "Week 3", POINTS), mistakes_to_csv(report), *(write(report, POINTS) for write in exports)]
    said += [content for _, content in feedback(report, POINTS, Path("feedback"))]
    for text in said:
        if text.startswith("<!doctype"):
            page = Reader()
            page.feed(text)
            text = page.text  # noqa: PLW2901
        words = set(re.split(r"[\W\d_]+" if not hidden[-1].isdigit() else r"[\W_]+", text.casefold()))
        assert not words & set(hidden)


def test_a_glued_name_is_hidden_in_what_others_wrote():
    copied = PartReport("split", "wrong", None, 3, 7, "no 'lovelace_w'", ("", "", ""), "print(lovelace_w, love)")
    rows = anonymous([Row("Bo Wu", "b.py", "e", (copied,)), Row("lovelaceada", "lovelaceada_12_13_x.py", "d")])
    (row,) = (row for row in rows if row.parts)
    assert (row.parts[0].message, row.parts[0].code) == ("no '…_w'", "print(…_w, love)")


def test_words_of_the_code_stay_where_a_student_is_called_so():
    part = PartReport("split", "wrong", None, 3, 7, "It is max(x).", HINTS, "x = np.max(x)  # by Max")
    (row,) = anonymous([Row("Max", "max.py", "d", (part,))])
    assert (row.parts[0].code, row.parts[0].message) == ("x = np.max(x)", "It is max(x).")


def test_without_names(report):
    rows = list(anonymous(report.rows))
    anonymously = ClassReport(tuple(rows), True)
    said = to_page(anonymously, "Week 3", POINTS) + to_csv(anonymously, POINTS)
    for name in ("Ada", "Alan", "Grace", "Radia", "Tim", "alan.py"):
        assert name not in said
    assert {row.student for row in rows} == {f"Student {n:03d}" for n in range(1, 6)}


def test_a_page_for_each_student(report):
    twins = ClassReport((*report.rows, Row("Ada/1", "a.py", id="1"), Row("Ada:1", "b.py", id="1")))
    pages = {path.name: content for path, content in feedback(twins, POINTS, Path("feedback"))}
    assert len({name.casefold() for name in pages}) == 7
    reader = Reader()
    reader.feed(pages["Alan.html"])
    assert reader.loads == []
    for words in ("Alan", "0 of 2 points", "It returns 2; expected 1.", "Subtract something.", "tell your teacher"):
        assert words in reader.text
    assert "3 of 2 points" in pages["Grace.html"]
    assert "Larger than 20 MB." in pages["Tim.html"]
    assert "A program has judged" not in pages["Tim.html"]


def test_mistakes_without_a_name_are_told_one_by_one():
    said = ("It returns 2. Expected 1.", "It returns 2. Expected 1.", "ZeroDivisionError in line 9.")
    rows = [Row(str(n), "x.py", parts=(wrong("train", None, "x", words),)) for n, words in enumerate(said)]
    found = ClassReport(tuple(rows)).misconceptions()
    assert [(one.students, one.says) for one in found] == [(("0", "1"), "It returns 2."), (("2",), said[2])]


def test_the_same_file_is_told_to_the_teacher_alone(report):
    noted = with_same_files([*report.rows, Row("a", "", "d9", notes=("untouched exercise",)), Row("b", "", "d9")])
    notes = {row.student: row.notes for row in noted}
    assert notes["Grace"] == ("the very same file as Radia",)
    assert notes["Radia"] == ("the very same file as Grace",)
    assert not any(notes[name] for name in ("Alan", "Tim", "b"))
    pages = [content for _, content in feedback(ClassReport(tuple(noted)), POINTS, Path("feedback"))]
    assert not any("the very same" in content.casefold() for content in pages)


def test_the_key_of_a_report_without_names(report, tmp_path):
    rows = numbered(report.rows)
    names = {row["number"]: row["student"].lstrip("'") for row in rows_of(to_key(rows))}
    for row, shown in zip(rows.values(), anonymous(report.rows), strict=True):
        assert (names[shown.student], row.digest) == (row.student, shown.digest)
    page = tmp_path / "shown" / "report.html"
    for options, words in (
        ({"key": tmp_path / "key.csv"}, "give --anonymous"),
        ({"key": page.with_name("key.csv"), "anonymous": True}, "beside pages without names"),
        ({"key": tmp_path / "fb" / "key.csv", "anonymous": True, "feedback": tmp_path / "fb"}, "beside pages"),
    ):
        with pytest.raises(InputError, match=words):
            write_report(tmp_path, page, **options)


def test_the_corrections_of_a_teacher(report, tmp_path):
    path = tmp_path / "report-corrections.csv"
    assert correct(report.rows, path) == list(report.rows)
    path.write_text("student,part,status,comment\nAlan,split,done,read by hand\nTim,MLP.forward,done,\n")
    rows = correct(report.rows, path)
    assert [part.status for part in rows[1].parts] == ["done", "wrong"]
    assert rows[1].parts[0].message == "Corrected by the teacher: read by hand"
    path.write_text("student,part,status,comment\nGrace,split,wrong,copied\n")
    assert all(one.part != "split" for one in ClassReport(tuple(correct(report.rows, path))).misconceptions())
    assert (rows[4].failure, rows[4].parts[0].name) == ("", "MLP.forward")
    for line, words in (
        ("Alan,spilt,done,", "no part 'spilt'; expected one of whole file, data"),
        ("A,split,done,", "no student 'A'"),
        ("Tim,split,ok,", "no status"),
    ):
        path.write_text(f"student,part,status,comment\n{line}\n")
        with pytest.raises(InputError, match=words):
            correct(report.rows, path)


def test_the_journal_keeps_what_was_done(tmp_path):
    path, outcome = tmp_path / "report.journal", Outcome((wrong("split", None, "x = 1"),))
    Journal(path, 20.0).add("d1", outcome)
    Journal(path, 20.0).add("d2", Outcome(failure="no"))
    with path.open("a") as stream:
        stream.write('{"digest": "d3", "par')  # the process was killed here
    assert Journal(path, 20.0).outcomes == {"d1": outcome, "d2": Outcome(failure="no")}
    Journal(path, 20.0).add("d4", Outcome())
    assert Journal(path, 20.0).outcomes.keys() == {"d1", "d2", "d4"}
    other = Journal(tmp_path / "shown.journal", 20.0)  # of a report of another name in the same folder
    assert other.outcomes.keys() == {"d1", "d2", "d4"}
    other.add("d5", Outcome())
    assert Journal(path, 20.0).outcomes.keys() == {"d1", "d2", "d4", "d5"}
    path.with_name("no.journal").write_bytes(b"\xff{")
    assert Journal(path, 5.0).outcomes == {}  # another time limit may give another verdict
    assert Journal(tmp_path / "shown.journal", 20.0, {"train": 7000, "valid": 1000, "test": 2000}).outcomes == {}


def changed(old, new):
    """The exercise with one line filled in, as a script."""
    text = render("script", solution=False).decode()
    assert old in text
    return text.replace(old, new)


@pytest.fixture
def submissions(tmp_path):
    """A class: an untouched notebook, a mistake in an archive, a hanging script, one that ends the process, damage."""
    folder = tmp_path / "week 3"
    sigmoid = "self.output = ... # TODO: the sigmoid of x."
    for student, name, content in (
        ("Ada", "x.ipynb", render("notebook", solution=False)),
        ("Grace", "x.py", changed(sigmoid, "while True: pass").encode()),
        ("Radia", "x.py", changed(sigmoid, "import os; os._exit(0)").encode()),
        ("Tim", "x.ipynb", b"{no notebook"),
    ):
        place = folder / f"{student}_1_assignsubmission_file_"
        place.mkdir(parents=True)
        (place / name).write_bytes(content)
    with zipfile.ZipFile(folder / "Alan_2_assignsubmission_file_.zip", "w") as archive:
        archive.writestr("work/x.py", changed(sigmoid, "self.output = 1 / (1 + np.exp(x))"))
    return folder


def test_a_class_from_end_to_end(submissions, tmp_path):
    started, output = [], tmp_path / "out" / "report.html"

    def check(**options):
        return write_report(
            submissions, output, time_limit=20, on_start=lambda *numbers: started.append(numbers), **options
        )

    report, written = check(exports=["json", "nbgrader", "otter"])
    ends = (".html", ".csv", "-mistakes.csv", "-all.json", "-nbgrader.json", "-otter.csv")
    assert [path.name for path in written] == [f"report{end}" for end in ends]
    rows = {row.student: row for row in report.rows}
    assert rows["Ada"].counts["wrong"] == 0
    assert rows["Ada"].notes == ("untouched exercise",)
    assert rows["Ada"].counts["open"] >= 6
    assert sum(read_points().earned(rows["Ada"]).values()) == 0  # given code is worth nothing
    assert rows["Tim"].failure
    wrong = {name: [part for part in row.parts if part.status == "wrong"] for name, row in rows.items()}
    for student in ("Alan", "Grace", "Radia"):
        assert [part.name for part in wrong[student]] == ["Sigmoid.forward"], student
    assert "np.exp(x)" in wrong["Alan"][0].code

    output.with_name("report.csv").write_text("my own remarks")
    for options in ({}, {"exports": ["grades"]}):
        with pytest.raises(InputError, match=r"report\.csv: was changed after the report wrote it"):
            check(**options)
    check(force=True)
    output.with_name("report-grades.csv").write_text("mine")
    with pytest.raises(InputError, match=r"report-grades\.csv: exists, and glasswork did not write it"):
        check(exports=["grades"])

    started.clear()
    deletes = b"import shutil\nshutil.rmtree('..')\n" + render("script", solution=False)
    (submissions / "Edsger_3_assignsubmission_file_.py").write_bytes(deletes)
    with pytest.raises(InputError, match="is a report with names"):
        check(anonymous=True)
    named = output.read_bytes()
    again, _ = write_report(
        submissions,
        output.with_name("report-anonymous.html"),
        anonymous=True,
        key=tmp_path / "private" / "who.csv",
        on_start=lambda *numbers: started.append(numbers),
    )
    assert started == [(6, 5)]  # only the new file is checked
    assert len(again.rows) == 6
    (part,) = [part for row in again.rows for part in refused(row)]
    assert (part.name, part.line) == ("whole file", 2)
    assert output.read_bytes() == named
    page = output.with_name("report-anonymous.html").read_text("utf-8")
    assert "Student 001" in page
    key = rows_of((tmp_path / "private" / "who.csv").read_text("utf-8-sig"))
    assert {row["student"] for row in key} == {*rows, "Edsger"}
    assert {row["number"] for row in key} == {row.student for row in again.rows}
    assert not any(name in page for name in ("Ada", "Alan", "Grace", "Radia", "Tim", "Edsger"))


def test_nothing_to_check(tmp_path):
    with pytest.raises(FileError, match="no notebook, script or archive"):
        write_report(tmp_path, tmp_path / "report.html")
    with pytest.raises(InputError, match=r"ends in \.html"):
        write_report(tmp_path, tmp_path / "report.pdf")


def test_progress_without_a_terminal(capsys):
    with ProgressBar("checking") as bar:
        bar.start(32, 8)
        for _ in range(24):
            bar.advance()
    out, err = capsys.readouterr()
    assert (out, err.splitlines()) == ("", [f"checking: {n} of 32" for n in (10, 20, 30)])


def test_the_command(glasswork, tmp_path):
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "ada.py").write_bytes(render("script", solution=False))
    said = glasswork("classwork", "report", "class", "--export", "otter", folder=tmp_path)
    assert said.splitlines()[:-1] == [
        "1 student",
        "report.html",
        "report.csv",
        "report-mistakes.csv",
        "report-otter.csv",
        "report.journal keeps the results for the next run, with lines of the students' code: do not publish it.",
    ]
    assert said.splitlines()[-1].startswith("Note: These points rest on what the students' own code did")
    assert "expected one of grades" in glasswork(
        "classwork", "report", "class", "--export", "x", folder=tmp_path, status=2
    )
