"""What a submission can do to the machine, to others and to its own verdicts: nothing but fail."""

import json
import subprocess
import sys
import textwrap
from html.parser import HTMLParser
from pathlib import Path

import pytest

from glasswork.classroom import Checker
from glasswork.classroom.catalogue import solution
from glasswork.classroom.class_report.feedback import feedback
from glasswork.classroom.class_report.page import to_page
from glasswork.classroom.class_report.points import read_points
from glasswork.classroom.class_report.report import ClassReport, Row
from glasswork.classroom.class_report.write import write_report
from glasswork.classroom.handout import WHOLE_FILE
from glasswork.classroom.report import CheckReport, PartReport, to_text
from glasswork.errors import GlassworkError

ACTS = """
import gc, os, sys, socket, sqlite3, shutil, subprocess, ctypes, mmap, signal
VICTIM, PROCESS = {victim!r}, {process!r}
done = []
def act(word, function):
    try:
        if function() is not False:
            done.append(word)
    except BaseException:
        pass
def walk():
    for root, dirs, files, descriptor in os.fwalk(VICTIM, topdown=False):
        for name in files: os.unlink(name, dir_fd=descriptor)
        for name in dirs: os.rmdir(name, dir_fd=descriptor)
    return not os.path.exists(VICTIM + "/a.txt") and os.path.exists(VICTIM)
def plant():
    folder = os.open(VICTIM, os.O_RDONLY)
    os.write(os.open("planted.sh", os.O_WRONLY | os.O_CREAT, dir_fd=folder), b"echo")
def database():
    sqlite3.connect(VICTIM + "/planted.db").execute("create table t(a)")
acts = dict(
    walk=walk, plant=plant, database=database, kill=lambda: os.kill(PROCESS, 9), killpg=lambda: os.killpg(PROCESS, 9),
    parent=lambda: os.getppid() > 1 and os.kill(os.getppid(), 9), all=lambda: os.kill(-1, 9),
    write=lambda: open(VICTIM + "/a.txt", "w"), remove=lambda: os.remove(VICTIM + "/a.txt"),
    rename=lambda: os.rename(VICTIM + "/a.txt", VICTIM + "/b.txt"), rmtree=lambda: shutil.rmtree(VICTIM),
    link=lambda: os.symlink("/etc", VICTIM + "/link"), mode=lambda: os.chmod(VICTIM + "/a.txt", 0),
    fork=lambda: os.fork() or os._exit(0), program=lambda: subprocess.run(["true"]), shell=lambda: os.system("true"),
    network=socket.socket, library=lambda: ctypes.CDLL(None),
)
"""

ISOLATED = """
acts.update(
    read=lambda: open(VICTIM + "/a.txt").read(), fifo=lambda: os.mkfifo(VICTIM + "/fifo"),
    listing=lambda: os.listdir(VICTIM), home=lambda: os.listdir({home!r}), secret=lambda: "GLASSWORK_SECRET" in os.environ,
    processes=lambda: any(name.isdigit() for name in os.listdir("/proc")),
    memory=lambda: open(f"/proc/{{PROCESS}}/mem", "rb"), root=lambda: open("/planted", "w"), tmp=lambda: open("/tmp/planted", "w"),
    python=lambda: open(sys.prefix + "/planted", "w"),
)
"""


@pytest.fixture
def victim(tmp_path):
    """A folder with a file in it, and a process."""
    folder = tmp_path / "thesis"
    (folder / "figures").mkdir(parents=True)
    (folder / "a.txt").write_text("years of work")
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield folder, process
    assert process.poll() is None
    process.communicate(b"\n")
    assert (folder / "a.txt").read_text() == "years of work"
    assert sorted(path.name for path in folder.iterdir()) == ["a.txt", "figures"]


def test_limits_alone_refuse_what_does_harm(victim, tmp_path):
    folder, process = victim
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    text = ACTS.format(victim=str(folder), process=process.pid) + "del acts['parent'], acts['all'], acts['fork']\n"
    text += "for word, function in acts.items(): act(word, function)\nopen('mine.txt', 'w').write(' '.join(done))"
    code = f"""
        from glasswork.classroom.limits import confine
        confine({str(scratch)!r}, memory=1 << 30, seconds=20)
        exec(compile({text!r}, "<student>", "exec"), {{}})
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], cwd=scratch, check=True)
    assert (scratch / "mine.txt").read_text() == ""


def test_a_submission_reaches_nothing_of_this_machine(checker, victim, tmp_path, monkeypatch):
    folder, process = victim
    assert checker.is_isolated
    text = (ACTS + ISOLATED).format(victim=str(folder), process=process.pid, home=str(Path(__file__).parent))
    text += (
        "for word, function in acts.items(): act(word, function)\nraise RuntimeError('done: ' + ' '.join(done) + '.')"
    )
    monkeypatch.setenv("GLASSWORK_SECRET", "token")
    with Checker(strict=True) as own:
        (whole, *_) = own.check_cells([text], notebook=False)
    assert "RuntimeError: done: ." in whole.message, whole.message


def classes(**changes):
    """The classes and functions of the solution, without its data."""
    text = solution()
    text = text[: text.index("from sklearn")] + text[text.index("def minibatch") : text.index("in_features = 28")]
    for old, new in changes.items():
        text = text.replace(old, new)
    return text


FORGED = '{"report": {"name": "data", "status": "done"}, "parts": [], "end": true}\\n'
WRITES = {
    "a record": f"for fd in range(3, 40):\n    try: os.write(fd, b'{FORGED}')\n    except OSError: pass\n",
    "a frame": "os.write(3, (5).to_bytes(4, 'big') + b'hello')\n",
    "no end": "while True: os.write(3, b'x' * 65536)\n",
    "twice": "real = os.write\nos.write = lambda fd, content: (real(fd, content), real(fd, content))[0]\n",
    "silence": "os.close(3)\n",
    "another channel": "import socket\na, b = socket.socketpair()\nos.dup2(a.fileno(), 3)\n",
}


@pytest.mark.parametrize("name", WRITES)
def test_what_was_not_asked_for_earns_nothing_and_hinders_nobody(checker, name):
    parts = checker.check_cells([f"import os\n{WRITES[name]}" + classes()], notebook=False)
    told = {part.status for part in parts if part.name == "Sigmoid.forward"}
    if name != "another channel":  # which is refused, and the file judged
        assert told == {"blocked"}
        assert not [part for part in parts if part.status in ("done", "remark") and part.name != WHOLE_FILE]
    after = {part.name: part.status for part in checker.check_cells([classes()], notebook=False)}
    assert after["Sigmoid.forward"] == after["MLP.backward"] == "done"


PATCHES = {
    "NumPy": "for name in ('allclose', 'array_equal', 'isclose', 'all', 'array', 'asarray'): setattr(np, name, lambda *a, **k: True)\n",
    "builtins": "import builtins\nbuiltins.isinstance = builtins.all = lambda *a: True\n",
    "the judge": "import glasswork.classroom.judging.judge as j\nj.Judge._judge = lambda self, part: j.PartReport(part, 'done')\n",
    "a probe": "from glasswork.classroom.probes import PROBES\nfor probe in PROBES.values(): type(probe).observe = lambda self, bench: {}\n",
    "by gc": "import gc\nfor thing in gc.get_objects():\n    if isinstance(thing, type) and hasattr(thing, 'observe'): thing.observe = lambda self, bench: type(self).right()\n",
    "by frames": "import sys\nframe = sys._getframe()\nwhile frame:\n    for name in ('same', 'equal'): frame.f_globals[name] = lambda *a: True\n    frame = frame.f_back\n",
    "main": "import __main__\n__main__.PartReport = __main__._check = lambda *a, **k: []\n",
}


@pytest.mark.parametrize("name", PATCHES)
def test_a_patch_earns_no_point(checker, name):
    wrong = classes(**{"1 / (1 + np.exp(-x))": "1 / (1 + np.exp(x))", "self.linear1.backward(grad)": "grad"})
    wrong = wrong.replace("output = np.dot(x, self.weight) + self.bias", "output = ...")
    plain = checker.check_cells([wrong], notebook=False)
    patched = checker.check_cells(["import numpy as np\n" + PATCHES[name] + wrong], notebook=False)

    def right(parts):
        return {part.name for part in parts if part.status in ("done", "remark")} - {WHOLE_FILE}

    assert right(patched) <= right(plain)
    assert {"Sigmoid.forward", "Linear.forward"}.isdisjoint(right(plain))


EVIL = "<img src=x onerror=alert(1)>"


class Tags(HTMLParser):
    """Collects the tags of a page and its text."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def test_nothing_of_a_submission_is_markup(tmp_path):
    parts = (
        PartReport(EVIL, "wrong", EVIL, 1, 2, EVIL, (EVIL, EVIL, EVIL), EVIL),
        PartReport(f"{EVIL} 2", "remark", EVIL, None, 3, EVIL, (), EVIL),
        PartReport(f"{EVIL} 3", "open", message=EVIL),
        PartReport(f"{EVIL} 4", "blocked", message=f"could not be judged ({EVIL})"),
    )
    rows = (
        Row(EVIL, EVIL, "d1", parts, "", (EVIL,), EVIL, EVIL, (EVIL,)),
        Row(f"{EVIL} 2", EVIL, "d1", parts),
        Row(f"{EVIL} 3", EVIL, failure=EVIL, notes=(EVIL,)),
    )
    report, points = ClassReport(rows), read_points()
    assert all("<" not in path.name for path, _ in feedback(report, points, tmp_path))
    pages = [to_page(report, EVIL, points), *(page for _, page in feedback(report, points, tmp_path))]
    assert f"could not be judged ({EVIL})" in Tags(pages[0]).text
    for page in (*pages, CheckReport(EVIL, parts)._repr_html_()):
        seen = Tags(page)
        assert "img" not in [tag for tag, _ in seen.tags]
        assert not [attrs for _, attrs in seen.tags if "onerror" in attrs]
        assert EVIL in seen.text


def test_the_page_allows_nothing_but_its_own_style():
    page = to_page(ClassReport(()), "x", read_points())
    metas = [attrs for tag, attrs in Tags(page).tags if tag == "meta"]
    (policy,) = [attrs["content"] for attrs in metas if attrs.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'")


def test_escape_sequences_are_shown_and_not_sent(tmp_path, glasswork):
    evil = "\x1b[2J\x1b]0;title\x07 \x9b31m \u202e\x7f\r"
    part = PartReport(
        "Linear.forward", "wrong", None, None, 3, f"It says {evil}", ("a", f"b {evil}", "c"), f"x = 1  # {evil}"
    )
    told = to_text(CheckReport(f"mine{evil}.py", (part,), hint=3))
    assert "\\x1b[2J" in told
    assert all(line.isprintable() for line in told.split("\n"))
    (tmp_path / "mine.py").write_text(f"raise ValueError('{chr(0x9B)}31m {chr(0x202E)}')\n")
    for words in (["check", "mine.py"], ["check", "mine.py", "--json"]):
        told = glasswork(*words, folder=tmp_path, status=1)
        assert all(line.isprintable() for line in told.split("\n"))
    assert chr(0x202E) in json.loads(told)["parts"][0]["message"]


@pytest.fixture
def no_bubblewrap(tmp_path, monkeypatch):
    """A path on which there is no bwrap."""
    monkeypatch.setenv("PATH", str(tmp_path))


def test_a_class_is_refused_without_bubblewrap(no_bubblewrap, tmp_path):
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "ada.py").write_text("print(1)\n")
    with pytest.raises(GlassworkError, match="apt-get install bubblewrap"):
        write_report(tmp_path / "class", tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()
    report, _ = write_report(tmp_path / "class", tmp_path / "report.html", unsafe=True)
    assert [row.failure for row in report.rows] == [""]


def test_ones_own_file_is_checked_without_bubblewrap_with_a_notice(no_bubblewrap, tmp_path, glasswork):
    (tmp_path / "mine.py").write_text("print(1)\n")
    assert "bubblewrap" in glasswork("check", "mine.py", folder=tmp_path, status=3)
