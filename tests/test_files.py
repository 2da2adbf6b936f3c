"""Files and folders that are written whole or not at all; what was there before survives every failure."""

import errno
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from glasswork import MLP, files
from glasswork.errors import FileError
from glasswork.files import create_folder, read_small, write_whole
from glasswork.sealed import Sealed, write_sealed_json


def failing_sync(monkeypatch, number, *, folders):
    """From now on syncing folders, or files, fails as the operating system would have it fail."""
    real = os.fsync

    def fsync(file):
        if stat.S_ISDIR(os.fstat(file).st_mode) == folders:
            raise OSError(number, os.strerror(number))
        real(file)

    monkeypatch.setattr(os, "fsync", fsync)


@pytest.mark.parametrize("folders", [True, False], ids=["folders", "files"])
@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP])
def test_a_mount_that_cannot_sync_is_written_to_without_an_error(tmp_path, monkeypatch, number, folders):
    failing_sync(monkeypatch, number, folders=folders)
    write_whole(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"


def test_a_disk_that_fails_to_sync_a_file_keeps_the_old_one(tmp_path, monkeypatch):
    write_whole(tmp_path / "a", b"old")
    failing_sync(monkeypatch, errno.EIO, folders=False)
    with pytest.raises(FileError, match=r"a: cannot be written \(Input/output error\); the old file is kept"):
        write_whole(tmp_path / "a", b"new")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"old"}


def test_a_disk_that_fails_to_sync_a_folder_is_reported_as_it_is(tmp_path, monkeypatch):
    failing_sync(monkeypatch, errno.EIO, folders=True)
    with pytest.raises(FileError, match="the new file is complete, but a power cut may lose it"):
        write_whole(tmp_path / "a", b"new")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"new"}


def test_a_small_file_is_a_file_and_small(tmp_path):
    (tmp_path / "large").write_bytes(bytes(101))
    os.mkfifo(tmp_path / "pipe")
    assert len(read_small(tmp_path / "large", most=101)) == 101
    for name, most in (("large", 100), ("pipe", 100), (".", 100), ("nothing", 100)):
        with pytest.raises(OSError, match=r"no such file is that large|not an ordinary file|directory|No such file"):
            read_small(tmp_path / name, most=most)


def test_a_folder_appears_with_all_that_is_in_it(tmp_path):
    wanted = tmp_path / "deep" / "folder"

    def fill(folder):
        assert not wanted.exists()
        write_whole(folder / "a", b"1")
        write_whole(folder / "b", b"2")

    create_folder(wanted, fill)
    assert {path.name: path.read_bytes() for path in wanted.iterdir()} == {"a": b"1", "b": b"2"}
    assert list(wanted.parent.iterdir()) == [wanted]


def test_a_folder_that_exists_is_never_touched(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_bytes(b"mine")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    before = sorted(tmp_path.rglob("*"))
    for name in ("empty", "file", "link"):
        with pytest.raises(FileExistsError):
            create_folder(tmp_path / name, lambda _: pytest.fail("nothing is to be filled"))
    assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_that_somebody_else_creates_meanwhile_is_theirs(tmp_path):
    def fill(folder):
        (folder / "a").write_bytes(b"ours")
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "a").write_bytes(b"theirs")

    with pytest.raises(FileExistsError):
        create_folder(tmp_path / "run", fill)
    assert [(path.name, path.is_dir()) for path in tmp_path.iterdir()] == [("run", True)]
    assert (tmp_path / "run" / "a").read_bytes() == b"theirs"


@pytest.mark.parametrize("error", [FileError("full"), KeyboardInterrupt()], ids=repr)
def test_a_folder_that_cannot_be_filled_leaves_nothing(tmp_path, error):
    def fill(folder):
        (folder / "a").write_bytes(b"half")
        raise error

    with pytest.raises(type(error)):
        create_folder(tmp_path / "run", fill)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_created_is_told(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileError, match="run: this folder cannot be created"):
        create_folder(tmp_path / "file" / "run", lambda _: None)


KILLED = """
import os, signal, sys
from pathlib import Path
from glasswork.files import create_folder
def fill(folder):
    (folder / "a").write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
create_folder(Path(sys.argv[1]), fill)
"""


def test_what_a_killed_process_left_is_removed_an_hour_later(tmp_path):
    wanted = tmp_path / "run"
    assert subprocess.run([sys.executable, "-c", KILLED, wanted], check=False).returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".run-")
    for name in (".mine-0123abcd", ".mine-notahexa.unfinished"):
        (tmp_path / name).mkdir()
    create_folder(tmp_path / "soon", lambda _: None)
    assert left.exists()  # somebody might be at it
    for path in tmp_path.iterdir():
        os.utime(path, (time.time() - 4000, time.time() - 4000))
    create_folder(wanted, lambda _: None)
    assert {path.name for path in tmp_path.iterdir()} == {"run", "soon", ".mine-0123abcd", ".mine-notahexa.unfinished"}


def test_a_file_without_a_name():
    with pytest.raises(FileError, match="expected the name of a file"):
        write_whole(Path(), b"content")


def test_another_process_removes_an_abandoned_folder_at_the_same_time(tmp_path, monkeypatch):
    left = tmp_path / ".mine-0123abcd.unfinished"
    left.mkdir()
    real = Path.is_dir

    def is_dir(path):
        there = real(path)
        if path == left:
            left.rmdir()
        return there

    monkeypatch.setattr(Path, "is_dir", is_dir)
    create_folder(tmp_path / "run", lambda path: (path / "file").touch())
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


# What was there is kept ----------------------------------------------------------------------------

#: Every writer of the house that replaces a file, by what it writes.
WRITERS = {
    "bytes": lambda path, n: write_whole(path, b"%d" % n),
    "model file": lambda path, n: MLP(4, n, 2).save(path),
    "sealed text": lambda path, n: write_sealed_json(path, Sealed(version=str(n))),
}


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o666, 0o755, 0o400])
@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_permissions_stay_as_they_were(tmp_path, write, mode):
    path = tmp_path / "a"
    write(path, 3)
    before = path.read_bytes()
    path.chmod(mode)
    write(path, 5)
    assert stat.S_IMODE(path.stat().st_mode) == mode
    path.chmod(0o600)
    assert path.read_bytes() != before


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_a_new_file_has_the_permissions_that_are_usual(tmp_path, write, umask):
    before = os.umask(umask)
    try:
        write(tmp_path / "a", 3)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o666 & ~umask


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_a_file_is_never_readable_by_more_while_it_is_written(tmp_path, monkeypatch, write):
    path, seen = tmp_path / "a", []
    write(path, 3)
    path.chmod(0o600)
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda number: (seen.append(os.fstat(number).st_mode), real(number)))
    write(path, 5)
    assert {stat.S_IMODE(mode) for mode in seen if stat.S_ISREG(mode)} == {0o600}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize("exists", [True, False], ids=["to a file", "to none yet"])
def test_a_link_stays_and_its_target_is_replaced(tmp_path, write, exists):
    (tmp_path / "elsewhere").mkdir()
    target, link, second = tmp_path / "elsewhere" / "real", tmp_path / "link", tmp_path / "second"
    link.symlink_to(Path("elsewhere") / "real")
    second.symlink_to("link")
    if exists:
        target.write_bytes(b"old")
    write(second, 5)
    assert (second.is_symlink(), link.is_symlink(), str(link.readlink())) == (True, True, "elsewhere/real")
    assert target.read_bytes() not in (b"old", b"")
    assert [path.name for path in target.parent.iterdir()] == ["real"]


def test_a_link_that_leads_round_in_a_circle_is_refused(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(FileError, match="a: cannot be written"):
        write_whole(tmp_path / "a", b"new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_what_is_no_ordinary_file_is_refused_and_left_alone(tmp_path, write):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "null").symlink_to("/dev/null")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        before = {path.name: path.lstat() for path in tmp_path.iterdir()}
        for name, what in (("pipe", "a device, a pipe"), ("folder", "a folder"), ("null", "a device"), ("socket", "a")):
            with pytest.raises(FileError, match=f"{name}: cannot be written: it is {what}"):
                write(tmp_path / name, 3)
        assert {path.name: path.lstat() for path in tmp_path.iterdir()} == before
    with pytest.raises(FileError, match="it is a device"):
        write(Path("/dev/null"), 3)
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_the_owner_stays_where_that_is_allowed(tmp_path, monkeypatch):
    """Only root may give files away, so the system's own answer is asked for as root, and else the question."""
    path, asked = tmp_path / "a", []
    write_whole(path, b"old")
    owner = (1234, 2345) if os.geteuid() == 0 else (path.stat().st_uid, path.stat().st_gid)
    os.chown(path, *owner)
    path.chmod(0o640)
    real = os.chown
    monkeypatch.setattr(os, "chown", lambda path, *owner: (asked.append(owner), real(path, *owner)))
    write_whole(path, b"new")
    assert asked == [owner] == [(path.stat().st_uid, path.stat().st_gid)]
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_another_group_gets_no_permissions_of_the_old_one(tmp_path, monkeypatch):
    """As where a file of somebody else's group is replaced, which only its members may give it."""
    path = tmp_path / "a"
    write_whole(path, b"old")
    path.chmod(0o664)
    real = path.stat()
    others = os.stat_result([*real[:5], real.st_gid + 1, *real[6:]])
    monkeypatch.setattr(files, "_facts_of", lambda path: others)
    monkeypatch.setattr(os, "chown", lambda *_: (_ for _ in ()).throw(PermissionError()))
    write_whole(path, b"new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o604


def test_a_disk_that_reads_back_other_bytes_is_found_out(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"old")
    real = Path.write_bytes
    monkeypatch.setattr(Path, "write_bytes", lambda path, content: real(path, content[:-1] + b"x"))
    with pytest.raises(FileError, match="its content differs from what was written"):
        write_whole(tmp_path / "a", b"new")
    monkeypatch.undo()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"old"}
