"""The command told to end, by whatever signal, and its output gone: nothing that was learnt is lost."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from glasswork.runs.folder import RunFolder
from glasswork.stopping import StopOnSignal

COMMAND = str(Path(sys.executable).with_name("glasswork"))
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGXCPU]


@pytest.fixture(autouse=True)
def handlers():
    """Put the handlers of all signals back that a test changes."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def training(few_file, *words, epochs=1000, **options):
    words = [COMMAND, "train", "--data", few_file, "--epochs", str(epochs), "--no-report", "--out", "run", *words]
    return subprocess.Popen(words, stderr=subprocess.STDOUT, **options)


def state(folder):
    return json.loads((folder / "run" / "result.json").read_text())["state"]


def wait_for(word, stream):
    for line in stream:
        if line.startswith(word):
            return
    raise AssertionError(f"no line begins with {word}")


# Signals -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_between_two_steps_is_noted(number):
    with StopOnSignal() as stop:
        assert not stop()
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)  # at once once more, as shells and timeout do
        assert stop()
        assert stop.number == number


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_before_the_first_step_ends_at_once(number):
    with pytest.raises(KeyboardInterrupt), StopOnSignal():
        os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", SIGNALS)
def test_who_insists_ends_at_once(number, monkeypatch):
    """Only a person and a supervisor insist; the system itself sends XCPU every second, and HUP twice."""
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    insists = number in (signal.SIGINT, signal.SIGTERM)
    raised = False
    try:
        with StopOnSignal() as stop:
            stop()
            for _ in range(3):
                os.kill(os.getpid(), number)
                now += 1
    except KeyboardInterrupt:
        raised = True
    assert raised == insists


@pytest.mark.parametrize("number", SIGNALS)
def test_what_nohup_and_trap_ignore_stays_ignored(number):
    signal.signal(number, signal.SIG_IGN)
    with StopOnSignal() as stop:
        stop()
        os.kill(os.getpid(), number)
        assert stop() == (number in (signal.SIGINT, signal.SIGTERM))  # which shells ignore for every job


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGXCPU])
def test_a_training_that_is_told_to_end_is_saved(number, few_file, tmp_path):
    with training(few_file, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        wait_for("Epoch: 02", process.stdout)
        for _ in range(4):
            process.send_signal(number)
            time.sleep(0.05)
        printed = process.stdout.read()
    assert process.returncode == 130
    assert "Traceback" not in printed
    assert "resume run" in printed
    assert state(tmp_path) == "interrupted"
    assert not (tmp_path / "run" / "figures").exists()  # whoever tells a process to end does not wait for pictures


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_while_pictures_are_drawn_ends_the_command(number, few_file, tmp_path):
    with training(few_file, epochs=1, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        wait_for("Test accuracy", process.stdout)
        process.send_signal(number)
        start = time.monotonic()
        printed = process.stdout.read()
    assert time.monotonic() - start < 5
    assert process.returncode == 130
    assert "draw them with: " in printed
    assert "Traceback" not in printed
    assert state(tmp_path) == "finished"


# Output that is gone -----------------------------------------------------------------------------


@pytest.mark.parametrize("hang_up", [signal.SIG_DFL, signal.SIG_IGN])
def test_a_terminal_that_is_closed(hang_up, few_file, tmp_path):
    ours, theirs = pty.openpty()

    def in_a_session_of_its_own():
        import fcntl
        import termios

        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        signal.signal(signal.SIGHUP, hang_up)

    kept = hang_up == signal.SIG_DFL
    process = training(
        few_file, "--no-figures", epochs=1000 if kept else 40, cwd=tmp_path, stdin=theirs, stdout=theirs,
        preexec_fn=in_a_session_of_its_own,
    )  # fmt: skip
    os.close(theirs)
    seen = b""
    while b"Epoch: 02" not in seen:
        seen += os.read(ours, 4096)
    os.close(ours)
    assert process.wait(timeout=60) == (130 if kept else 0)
    assert state(tmp_path) == ("interrupted" if kept else "finished")


@pytest.mark.parametrize("closed", [">&-", "<&- >&- 2>&-", ">/dev/full"])
def test_a_training_needs_no_output(closed, few_file, tmp_path):
    line = f"exec '{COMMAND}' train --data '{few_file}' --epochs 2 --no-report --out run {closed}"
    done = subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    notice = "Notice: some printed lines are lost (No space left on device)\n"
    assert done.stderr == (notice if closed == ">/dev/full" else "")
    assert state(tmp_path) == "finished"
    assert len(RunFolder(tmp_path / "run").history()) == 2
    assert (tmp_path / "run" / "figures" / "curves.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("words", ["recipes", "help", "recipes --keys"])
def test_an_answer_is_not_lost_without_a_word(words):
    done = subprocess.run(
        ["sh", "-c", f"exec '{COMMAND}' {words} >/dev/full"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (1, "Error: [Errno 28] No space left on device\n")


def test_a_pipe_that_does_not_wait(few_file, tmp_path):
    """As a program leaves it that shares its pipe: a full one answers EAGAIN."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    while True:  # until it is full
        try:
            os.write(writer, b"." * 4096)
        except BlockingIOError:
            break
    process = training(few_file, "--no-figures", epochs=1, cwd=tmp_path, stdout=writer)
    os.close(writer)
    time.sleep(1.5)
    with os.fdopen(reader, "rb") as stream:
        printed = stream.read()
    assert process.wait(timeout=60) == 0
    assert b"\nEpoch: 01" in printed
    assert state(tmp_path) == "finished"
