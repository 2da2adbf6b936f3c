"""Which files of a folder are submissions, whose they are, and what is refused."""

import io
import os
import stat
import zipfile

import pytest

from glasswork import FileError
from glasswork.classroom.class_report import files
from glasswork.classroom.class_report.choose import choose, decide
from glasswork.classroom.class_report.files import find_files
from glasswork.classroom.class_report.names import authors
from glasswork.classroom.class_report.roster import read_roster

CODE = b"class Linear:\n    pass\n"


def zipped(members, method=zipfile.ZIP_DEFLATED):
    """A zip archive as bytes; members are (name, content) or (ZipInfo, content)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


@pytest.fixture
def look(tmp_path):
    """Write files into a folder and return what is found: a dict of place to content or problem."""

    def look(**contents):
        folder, scratch = tmp_path / "in", tmp_path / "scratch"
        folder.mkdir()
        scratch.mkdir()
        for name, content in contents["files"].items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        found = find_files(folder, scratch)
        assert all(one.path is None or one.path.is_relative_to(tmp_path) for one in found)
        return {one.name: one.path.read_bytes() if one.path else one.problem for one in found if one.is_work}

    return look


@pytest.mark.parametrize(
    ("place", "student", "id_"),
    [
        (["Ada Lovelace_12345_assignsubmission_file_", "x.ipynb"], "Ada Lovelace", "12345"),
        (["Ada Lovelace_12345_assignsubmission_file", "x.ipynb"], "Ada Lovelace", "12345"),
        (["Ada Lovelace_12345_assignsubmission_file_x.ipynb"], "Ada Lovelace", "12345"),
        (["Participant_12345_assignsubmission_file_", "sub", "x.py"], "Participant", "12345"),
        (["García Márquez, José_7_assignsubmission_file_x.py"], "García Márquez, José", "7"),
        (["download.zip", "Ada Lovelace_1_assignsubmission_file_", "x.py"], "Ada Lovelace", "1"),
        (["lovelaceada_123_456_x.ipynb"], "lovelaceada", "123"),
        (["lovelaceada_LATE_123_456_my_class_work-2.ipynb"], "lovelaceada", "123"),
        (["section 2", "lovelaceada_123_456_x.zip", "deep", "x.py"], "lovelaceada", "123"),
        (["Classwork_al123_attempt_2026-11-25-20-00-00_x.ipynb"], "al123", "al123"),
        (["12345-67890 - Ada Lovelace - Nov 25, 2026 1159 PM", "x.ipynb"], "Ada Lovelace", "12345"),
        (["my_classwork_2.ipynb"], "my_classwork_2", ""),
        (["mlp_2026_11_25.ipynb"], "mlp_2026_11_25", ""),
    ],
)
def test_students_by_the_names_of_platforms(place, student, id_):
    (author,) = authors([place], [True])
    assert (author.name, author.id) == (student, id_)


def names(*places):
    return [author.name for author in authors(places, [True] * len(places))]


def test_students_by_folder_and_by_file():
    assert names(("ada.py",), ("alan.ipynb",)) == ["ada", "alan"]
    assert names(("ada", "w3", "x.py"), ("alan.zip", "x.py")) == ["ada", "alan"]
    assert names(("week3", "ada.py"), ("week3", "alan.py")) == ["ada", "alan"]
    assert names(("submitted", "ada", "cw", "x.py"), ("submitted", "alan", "cw", "x.py")) == ["ada", "alan"]
    assert names(("one.py",)) == ["one"]


@pytest.mark.parametrize("file", ["mlp_2026_11_25.ipynb", "mlp_20261125_1200_x.ipynb", "ex_3_2_final.py"])
def test_a_file_name_with_numbers_in_four_folders_is_four_students(file):
    assert names(*((who, file) for who in "abcd")) == list("abcd")


@pytest.mark.parametrize(
    "place",
    [
        "Ada Lovelace_{}_assignsubmission_file_/x.py",
        "lovelaceada_{}_9_x.py",
        "{}-5 - Ada Lovelace - Nov 1, 2026 1 PM/x.py",
    ],
)
def test_two_of_one_name_are_two(classroom, place):
    rows = classroom({place.format(1234): CODE, place.format(5678): CODE})
    assert [row.id for row in rows] == ["1234", "5678"]
    assert len({row.student for row in rows}) == 2


@pytest.fixture
def classroom(tmp_path):
    """Write files into a folder and return who handed in what."""

    def classroom(contents, roster=None):
        folder, scratch = tmp_path / "class", tmp_path / "unpacked"
        folder.mkdir()
        scratch.mkdir()
        for name, content in contents.items():
            path = folder / name
            (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
            if content is not None:
                path.write_bytes(content)
        members = None
        if roster is not None:
            (tmp_path / "students.csv").write_text(roster, "utf-8")
            members = read_roster(tmp_path / "students.csv")
        return choose(find_files(folder, scratch), members)

    return classroom


def test_who_handed_in_nothing_that_can_be_checked(classroom):
    rows = classroom(
        {
            "Ada_1_assignsubmission_file_/x.py": CODE,
            "Ada_1_assignsubmission_file_/notes.txt": b"",
            "Alan_2_assignsubmission_file_/report.pdf": b"",
            "Grace_3_assignsubmission_file_/": None,
            "Radia_4_assignsubmission_file_.zip": zipped([("in/", b""), ("in/photo.png", b"")]),
            "notes.txt": b"",
        }
    )
    assert {row.student: row.problem for row in rows} == {
        "Ada": "",
        "Alan": "no notebook or script, only report.pdf",
        "Grace": "an empty folder",
        "Radia": "no notebook or script, only photo.png",
    }


def test_folders_and_documents_beside_students(classroom):
    rows = classroom({"ada/x.py": CODE, "alan/": None, "tim/x.docx": b"", "grace.pdf": b"", "grades.csv": b""})
    assert [row.student for row in rows if row.path is None] == ["alan", "grace", "tim"]


def test_pages_of_an_earlier_report_are_nobodys(classroom):
    page = b'<!doctype html><meta name="generator" content="glasswork">'
    rows = classroom({"ada/x.py": CODE, "alan/export.html": b"<p>", "report.html": page, "feedback/ada.html": page})
    assert [row.student for row in rows] == ["ada", "alan"]


def test_a_folder_of_figures_beside_files_is_nobody(classroom):
    rows = classroom({"ada.py": CODE, "alan.py": CODE, "figures/plot.png": b""})
    assert [row.student for row in rows] == ["ada", "alan"]


ROSTERS = (
    "id,name,email\n7,Ada Lovelace,ada@x.org\n8,Alan Turing,alan@x.org\n9,Grace Hopper,grace@x.org\n",
    "\ufeffVorname;Nachname;Matrikelnummer;E-Mail-Adresse\nAda;Lovelace;7;ada@x.org\n"
    "Alan;Turing;8;alan@x.org\nGrace;Hopper;9;grace@x.org\n",
    'Student,ID,SIS User ID,Email\n"Lovelace, Ada",7,x7,ada@x.org\n"Turing, Alan",8,x8,alan@x.org\n'
    '"Hopper, Grace",9,x9,grace@x.org\n',
)


@pytest.mark.parametrize("roster", ROSTERS)
@pytest.mark.parametrize(
    "places",
    [
        ("Ada Lovelace_55_assignsubmission_file_/x.py", "Alan Turing_56_assignsubmission_file_/x.py"),
        ("lovelaceada_1234_9_x.py", "turingalan_LATE_1235_9_x.py"),
        ("7/x.py", "8/x.py"),
        ("ada/x.py", "alan/x.py"),  # the names before the @
        ("ada_lovelace.py", "Alan Turing.py"),
    ],
)
def test_the_list_of_students(classroom, roster, places):
    rows = sorted(classroom(dict.fromkeys(places, CODE), roster), key=lambda row: row.id)
    assert [(row.id, row.email) for row in rows] == [("7", "ada@x.org"), ("8", "alan@x.org"), ("9", "grace@x.org")]
    assert [row.problem for row in rows] == ["", "", "handed in nothing"]
    assert not any("list" in note for row in rows for note in row.notes)


def test_a_name_that_two_have_decides_nothing(classroom):
    place = "Ada Lovelace_55_assignsubmission_file_/x.py"
    rows = classroom(
        {place: CODE, "Tim_4_assignsubmission_file_/x.py": CODE}, "id,name\n7,Ada Lovelace\n8,Ada Lovelace\n"
    )
    assert [row.id for row in rows] == ["55", "7", "8", "4"]
    assert rows[0].notes == ("several on the list have this name, and none this id",)
    assert rows[1].problem.startswith("1 of the 2 students of this name handed in")
    assert rows[3].notes == ("not on the list",)


@pytest.mark.parametrize(
    ("content", "words"), [("a,b\n", "id, name and email"), ("", "nothing"), ("id\n1\n1\n", "line 3")]
)
def test_a_list_that_is_none(tmp_path, content, words):
    (tmp_path / "students.csv").write_text(content)
    with pytest.raises(FileError, match=words):
        read_roster(tmp_path / "students.csv")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("lovelaceada_12_100_x.py", "lovelaceada_LATE_12_200_x-1.py"),
        ("C_ada_attempt_2026-11-25-20-00-00_x.py", "C_ada_attempt_2026-12-01-20-00-00_x.py"),
        ("1-2 - Ada - Nov 30, 2026 900 AM/x.py", "1-2 - Ada - Dec 1, 2026 900 AM/x.py"),
    ],
)
def test_the_newest_attempt_is_checked(classroom, old, new):
    (row,) = classroom({old: CODE + b"class MLP:", new: CODE})
    assert (row.file.name, row.others) == (new, (old,))
    assert row.notes == (*(["late"] if "LATE" in new else []), "newest of 2 attempts")


@pytest.mark.parametrize("second", ["lovelaceada_12_200_b.py", "lovelaceada_12_200_part-2.py"])
def test_two_files_of_one_attempt_are_two_files(classroom, second):
    (row,) = classroom({"lovelaceada_12_100_a.py": CODE, second: CODE + b"class MLP:"})
    assert row.notes == (f"one of 2 files of one attempt: {second} was taken, the fullest",)


def test_a_helper_of_a_later_number_is_not_the_classwork(classroom):
    (row,) = classroom({"lovelaceada_12_100_x.py": CODE, "lovelaceada_12_200_helpers.py": b"def f(): pass"})
    assert row.file.name == "lovelaceada_12_100_x.py"


def test_what_is_found(look):
    found = look(
        files={
            "ada.py": b"1",
            "alan/deep/er/x.IPYNB": b"2",
            "grace.zip": zipped([("homework/x.py", b"3"), ("data.csv", b"no"), ("__MACOSX/._x.py", b"no")]),
            "notes.txt": b"no",
            ".ipynb_checkpoints/x.ipynb": b"no",
            "alan/__pycache__/x.py": b"no",
            "env/pyvenv.cfg": b"",
            "env/lib/x.py": b"no",
            "radia.rar": b"no",
        }
    )
    assert found.pop("radia.rar").startswith("an archive of the kind .rar is not opened")
    assert found == {"ada.py": b"1", "alan/deep/er/x.IPYNB": b"2", "grace.zip/homework/x.py": b"3"}


def test_nested_archives_to_a_depth(look):
    inner = zipped([("x.py", b"deepest")])
    for name in ("d.zip", "c.zip", "b.zip"):
        inner = zipped([(name, inner)])
    found = look(
        files={"a.zip": inner, "fine.zip": zipped([("b.zip", zipped([("c.zip", zipped([("x.py", b"deep")]))]))])}
    )
    assert found == {"a.zip/b.zip/c.zip/d.zip": "archives nested more than 3 deep"} | {
        "fine.zip/b.zip/c.zip/x.py": b"deep"
    }


@pytest.mark.parametrize("name", ["../x.py", "/etc/x.py", "a/../../x.py", "..\\x.py", "C:\\x.py"])
def test_paths_that_leave_the_archive_are_refused(look, name, tmp_path):
    found = look(files={"a.zip": zipped([(name, b"bad"), ("good.py", b"good")])})
    assert found.pop("a.zip/good.py") == b"good"
    assert list(found.values()) == ["its path leads out of the archive"]
    assert not (tmp_path / "x.py").exists()


def test_bombs_are_refused_without_being_unpacked(look):
    many = zipped([("x.py", b"0" * (15 << 20))])
    found = look(files={"a.zip": many, "b.zip": zipped([("in.zip", zipped([("x.py", b" " * (60 << 20))]))])})
    assert found == {
        "a.zip/x.py": "it grows to more than 200 times its compressed size, as a zip bomb does",
        "b.zip/in.zip/x.py": "it grows to more than 200 times its compressed size, as a zip bomb does",
    }


def test_limits_of_size_and_number(look, monkeypatch):
    monkeypatch.setattr(files, "MAX_FILE", 1 << 20)
    monkeypatch.setattr(files, "MAX_MEMBERS", 3)
    content = os.urandom((1 << 20) + 1)
    found = look(
        files={
            "a.zip": zipped([("x.py", content)]),
            "b.py": content,
            "c.zip": zipped([(f"{i}.py", b"") for i in range(4)]),
        }
    )
    assert found["a.zip/x.py"] == found["b.py"] == "larger than 1 MB"
    assert found["c.zip"] == "an archive of more than 3 files"


def test_links_passwords_and_damage(look, tmp_path):
    link = zipfile.ZipInfo("x.py")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    locked = bytearray(zipped([("x.py", CODE)]))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.index(mark) + at] |= 1
    broken = bytearray(zipped([("x.py", CODE * 50)]))
    broken[40:60] = bytes(20)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link.py").symlink_to("/etc/passwd")
    (tmp_path / "in").rename(tmp_path / "before")
    found = look(
        files={
            "a.zip": zipped([(link, b"/etc/passwd")]),
            "b.zip": bytes(locked),
            "c.zip": bytes(broken),
            "d.zip": b"not a zip",
        }
    )
    assert found["a.zip/x.py"] == "a symbolic link is not followed"
    assert found["b.zip/x.py"] == "encrypted with a password"
    assert found["c.zip/x.py"].startswith("damaged: ")
    assert found["d.zip"].startswith("not a readable zip archive: ")
    assert [one.problem for one in find_files(tmp_path / "before", tmp_path)] == ["a symbolic link is not followed"]


def test_one_archive_in_the_place_of_the_folder(tmp_path):
    (tmp_path / "all.zip").write_bytes(zipped([("Ada_1_assignsubmission_file_/x.py", CODE)]))
    (tmp_path / "scratch").mkdir()
    (one,) = find_files(tmp_path / "all.zip", tmp_path / "scratch")
    assert one.name == "Ada_1_assignsubmission_file_/x.py"
    for wrong in ("nothing", "file.txt"):
        (tmp_path / "file.txt").touch()
        with pytest.raises(FileError, match="expected a folder of submissions"):
            find_files(tmp_path / wrong, tmp_path / "scratch")


def test_of_several_files_the_one_that_holds_the_classwork(tmp_path):
    folder, scratch = tmp_path / "in", tmp_path / "scratch"
    (folder / "ada").mkdir(parents=True)
    scratch.mkdir()
    for name, content in {
        "ada/a-first-try.ipynb": CODE,
        "ada/work.ipynb": CODE + b"class MLP:",
        "ada/work.py": CODE + b"class MLP:",
        "ada/zz-helpers.py": b"def f(): pass",
        "alan.py": b"",
    }.items():
        (folder / name).write_bytes(content)
    chosen = {one.student: (one.file.name, one.others) for one in choose(find_files(folder, scratch))}
    assert chosen["ada"][0] == "ada/work.ipynb"
    assert len(chosen["ada"][1]) == 3
    assert chosen["alan"] == ("alan.py", ())


def of_ada(tmp_path, contents):
    """Ada's submission: files by name, each with its text and the minute in which it was changed."""
    folder, scratch = tmp_path / "class" / "ada", tmp_path / "scratch"
    folder.mkdir(parents=True)
    scratch.mkdir()
    for name, (text, minute) in contents.items():
        (folder / name).write_bytes(text)
        os.utime(folder / name, (0, 1_700_000_000 + 60 * minute))
    (tmp_path / "class" / "bob.py").write_bytes(CODE)
    one, _ = choose(find_files(tmp_path / "class", scratch))
    return decide(one, lambda file: file.path.read_bytes().count(b"done"))


FULL = CODE + b"class MLP:"
UNTOUCHED, FINISHED = FULL, FULL + b" done done"


@pytest.mark.parametrize(
    ("contents", "taken", "words"),
    [
        (
            {"a.py": (FINISHED, 0), "b.py": (UNTOUCHED, 0)},
            "a.py",
            "2 files of one attempt: a.py was taken, which has most",
        ),
        ({"a.py": (UNTOUCHED, 0), "b.py": (FINISHED, 0)}, "b.py", "2 files of one time: b.py was taken"),
        ({"a.py": (FULL, 0), "b.py": (FULL + b" ", 0)}, "b.py", "2 files of one time: b.py was taken"),
        ({"a.py": (FINISHED, 9), "a.ipynb": (UNTOUCHED, 0)}, "a.py", "a.py was taken, which has most parts done"),
        ({"a.py": (UNTOUCHED, 9), "a.ipynb": (FINISHED, 0)}, "a.ipynb", "the notebook"),
        ({"a.py": (FINISHED[:-5], 9), "b.py": (FINISHED, 0)}, "a.py", "last changed"),  # an older version is not asked
        ({"a.py": (CODE + b"done", 9), "a.ipynb": (UNTOUCHED, 0)}, "a.py", "a.py was taken, which has most parts done"),
    ],
)
def test_of_files_that_nothing_else_decides_the_one_with_most_done(tmp_path, contents, taken, words):
    one = of_ada(tmp_path, contents)
    assert one.file.place[-1] == taken
    assert set(one.others) == {f"ada/{name}" for name in contents} - {one.file.name}
    (note,) = one.notes
    assert words in note


def test_lines_of_a_gradebook_that_are_nobodys(classroom):
    roster = 'Student,ID,Exercise 1 (412)\n    Points Possible,,10\n"Lovelace, Ada",7,\n"Student, Test",99,\n'
    rows = classroom({"lovelaceada_7_9_x.py": CODE}, roster)
    assert [row.student for row in rows] == ["Lovelace, Ada"]


def test_students_stand_by_their_family_names(classroom):
    students = ["Zoe Adams", "Deniz Çelik", "Ada Müller", "Bo Müller", "Ann Ziegler"]
    places = [f"{name}_{n}_assignsubmission_file_/x.py" for n, name in enumerate(students)]
    assert [row.student for row in classroom(dict.fromkeys(reversed(places), CODE))] == students
