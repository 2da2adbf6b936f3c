"""Which files of a folder are submissions, whose they are, and what is refused."""

import io
import os
import stat
import zipfile

import pytest

from glasswork import FileError
from glasswork.classroom.class_report import files
from glasswork.classroom.class_report.files import find_files
from glasswork.classroom.class_report.names import student_of, students
from glasswork.classroom.class_report.report import _choose

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
        return {one.name: one.path.read_bytes() if one.path else one.problem for one in found}

    return look


@pytest.mark.parametrize(
    ("place", "student"),
    [
        (["Ada Lovelace_12345_assignsubmission_file_", "x.ipynb"], "Ada Lovelace"),
        (["Ada Lovelace_12345_assignsubmission_file", "x.ipynb"], "Ada Lovelace"),
        (["Ada Lovelace_12345_assignsubmission_file_x.ipynb"], "Ada Lovelace"),
        (["Participant_12345_assignsubmission_file_", "sub", "x.py"], "Participant"),
        (["García Márquez, José_7_assignsubmission_file_x.py"], "García Márquez, José"),
        (["download.zip", "Ada Lovelace_1_assignsubmission_file_", "x.py"], "Ada Lovelace"),
        (["lovelaceada_123_456_x.ipynb"], "lovelaceada"),
        (["lovelaceada_LATE_123_456_my_class_work-2.ipynb"], "lovelaceada"),
        (["Classwork_al123_attempt_2026-11-25-20-00-00_x.ipynb"], "al123"),
        (["12345-67890 - Ada Lovelace - Nov 25, 2026 1159 PM", "x.ipynb"], "Ada Lovelace"),
        (["ada", "x.ipynb"], None),
        (["my_classwork_2.ipynb"], None),
    ],
)
def test_students_by_the_names_of_platforms(place, student):
    assert student_of(place) == student


def test_students_by_folder_and_by_file():
    assert students([("ada.py",), ("alan.ipynb",)]) == ["ada", "alan"]
    assert students([("ada", "w3", "x.py"), ("alan.zip", "x.py")]) == ["ada", "alan"]
    assert students([("week3", "ada.py"), ("week3", "alan.py")]) == ["ada", "alan"]
    assert students([("submitted", "ada", "cw", "x.py"), ("submitted", "alan", "cw", "x.py")]) == ["ada", "alan"]
    assert students([("one.py",)]) == ["one"]


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
    chosen = {student: (one.name, others) for student, one, others in _choose(find_files(folder, scratch))}
    assert chosen["ada"][0] == "ada/work.ipynb"
    assert len(chosen["ada"][1]) == 3
    assert chosen["alan"] == ("alan.py", ())
