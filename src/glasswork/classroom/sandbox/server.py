"""The process that holds the data and lets each file be judged in a confined process of its own.

It is started by `glasswork.classroom.sandbox.checker`. It speaks JSON, one line a message, on its standard input and
output:

    {"cells": [text, ...], "notebook": bool, "seconds": s}   →   {"parts": [...]}
    {"prepare": true}                                        →   {"prepared": true}
"""

import contextlib
import faulthandler
import json
import math
import os
import re
import select
import shutil
import signal
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from glasswork.classroom.handout import PARTS
from glasswork.classroom.limits import BUSY, STUDENT, confine, wants_processor, without_network

MEMORY = 4 << 30  # bytes of address space


def main() -> None:
    """Answer requests until the input ends."""
    without_network()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    silence = os.open(os.devnull, os.O_RDWR)
    os.dup2(silence, 1)
    catalogue = _load()
    for line in sys.stdin:
        request = json.loads(line)
        if request.get("prepare"):
            _prepare(catalogue)
            answer: dict[str, Any] = {"prepared": True}
        else:
            answer = {"parts": _check(catalogue, request)}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _load() -> Any:
    """Load the data in a thread while the libraries are imported."""
    loaded: list[Any] = []

    def load() -> None:
        from glasswork.data.sources.embedded import load_mnist

        loaded.extend(load_mnist())

    thread = threading.Thread(target=load)
    thread.start()
    import pandas as pd

    from glasswork.classroom.judging.matching import Catalogue
    from glasswork.classroom.student.fixture import Mnist, install
    from glasswork.classroom.student.images import Identifier
    from glasswork.classroom.student.observe import watch_numpy

    thread.join()
    pd.DataFrame  # noqa: B018  pandas loads parts of itself late
    mnist = Mnist(*loaded)
    install(mnist)
    watch_numpy()
    catalogue = Catalogue(mnist, Identifier(mnist))
    catalogue.reference()
    return catalogue


def _prepare(catalogue: Any) -> None:
    """Observe every variant of the catalogue now, so that no file has to wait for it."""
    from glasswork.classroom.catalogue import mistakes

    for mistake in mistakes().values():
        for variant in mistake.variants:
            if mistake.part != "*":
                catalogue.observation(mistake.part)
                catalogue.observation(mistake.part, variant)


# One file ------------------------------------------------------------------------------------------


Tell = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class _Told:
    """What a confined process told before it ended, and how it ended."""

    messages: list[dict[str, Any]]
    ended: bool  # by itself, not by the clock
    status: int
    hang: str  # the traceback of where it was shortly before its time was over


def _check(catalogue: Any, request: dict[str, Any]) -> list[dict[str, Any]]:
    seconds = request["seconds"]
    ending = _ending(_confined(lambda tell: _run_whole(catalogue, request, tell), seconds), request)
    told = _confined(lambda tell: _judge(catalogue, request, tell), seconds)
    return _with_ending(_reports(told, request), ending, request)


def _document(request: dict[str, Any]) -> Any:
    from glasswork.classroom.student.source import from_cells, from_script

    return from_cells(request["cells"]) if request["notebook"] else from_script(request["cells"][0])


def _judge(catalogue: Any, request: dict[str, Any], tell: Tell) -> None:
    from glasswork.classroom.judging.judge import Judge

    judge = Judge(catalogue, _document(request), lambda part: tell({"began": part}))
    judge.run(lambda report: tell({"report": asdict(report)}))


def _run_whole(catalogue: Any, request: dict[str, Any], tell: Tell) -> None:
    import glasswork
    from glasswork.classroom.student.whole_file import run_whole_file

    vars(glasswork)["check"] = lambda *_, **__: None  # a cell that asks for this very check
    catalogue.with_whole_images()
    tell({"ending": asdict(run_whole_file(_document(request)))})


def _ending(told: _Told, request: dict[str, Any]) -> Any:
    """Return how the run of the whole file ended."""
    from glasswork.classroom.student.whole_file import Ending

    sent = next((m["ending"] for m in told.messages if "ending" in m), None)
    if sent is not None:
        frames = tuple((name, line) for name, line in sent["frames"])
        return Ending(**{**sent, "frames": frames, "left": tuple(sent["left"])})
    place = re.search(rf'File "{STUDENT}", line (\d+)', told.hang)
    line = int(place[1]) if place else None
    if not told.ended or _is_out_of_time(told.status):
        return Ending("time", line)
    return Ending("refused", line, words="its process ended: it needs too much memory, or ends the process itself")


def _with_ending(reports: list[dict[str, Any]], ending: Any, request: dict[str, Any]) -> list[dict[str, Any]]:
    """Put what the run of the whole file adds before the reports on its parts."""
    from glasswork.classroom.judging.ending import report_ending
    from glasswork.classroom.report import PartReport

    entry = report_ending(ending, [PartReport(**report) for report in reports], _document(request))
    return reports if entry is None else [asdict(entry), *reports]


def _confined(work: Callable[[Tell], None], seconds: float) -> _Told:
    """Do some work in a confined process of its own."""
    folder = tempfile.mkdtemp(prefix="glasswork-check-")
    hang = os.open(os.path.join(folder, ".hang"), os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)  # noqa: PTH118
    reading, writing = os.pipe()
    try:
        process = os.fork()
        if process == 0:
            os.close(reading)
            _child(work, seconds, folder, writing, hang)
        os.close(writing)
        messages, ended = _listen(reading, seconds, process)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process, signal.SIGKILL)
        _, status = os.waitpid(process, 0)
        os.lseek(hang, 0, os.SEEK_SET)
        return _Told(messages, ended, status, os.read(hang, 1 << 16).decode("utf-8", "replace"))
    finally:
        os.close(hang)
        os.close(reading)
        shutil.rmtree(folder, ignore_errors=True)


def _child(work: Callable[[Tell], None], seconds: float, folder: str, writing: int, hang: int) -> None:
    status = 1

    def tell(message: dict[str, Any]) -> None:
        os.write(writing, (json.dumps(message) + "\n").encode())

    try:
        os.setsid()
        os.chdir(folder)
        os.environ["HOME"] = os.environ["TMPDIR"] = folder
        tempfile.tempdir = folder
        silence = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(silence, number)
        sys.stdin = open(os.devnull)  # noqa: SIM115, PTH123
        sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115, PTH123
        warnings.simplefilter("ignore")
        faulthandler.dump_traceback_later(max(seconds - 1.0, 1.0), file=hang)
        confine(folder, memory=MEMORY, seconds=math.ceil(seconds))
        work(tell)
        tell({"end": True})
        status = 0
    except BaseException as error:
        with contextlib.suppress(OSError):
            tell({"failed": f"{type(error).__name__}: {error}"[:300]})
    finally:
        os._exit(status)


def _listen(reading: int, seconds: float, process: int) -> tuple[list[dict[str, Any]], bool]:
    """Return the messages of a child, and whether it ended by itself, not by the clock.

    A child that is still computing is ended by its limit of processor time; the clock is for one that sleeps.
    """
    started = time.monotonic()
    received = b""
    while (passed := time.monotonic() - started) < BUSY * seconds:
        ready, _, _ = select.select([reading], [], [], max(seconds - passed, 0.2))
        if not ready:
            if wants_processor(process):
                continue
            break
        piece = os.read(reading, 1 << 16)
        received += piece
        if not piece or b'{"end": true}\n' in piece[-20:]:
            return _messages(received), True
        if len(received) > 1 << 22:
            break
    return _messages(received), False


def _messages(received: bytes) -> list[dict[str, Any]]:
    found = []
    for line in received.split(b"\n"):
        with contextlib.suppress(ValueError):
            message = json.loads(line)
            if isinstance(message, dict):
                found.append(message)
    return found


def _reports(told: _Told, request: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the reports that were sent, and for a child that did not come to its end what it was at."""
    reports = {m["report"]["name"]: m["report"] for m in told.messages if "report" in m}
    if not any("end" in m for m in told.messages):
        began = [m["began"] for m in told.messages if "began" in m]
        at = began[-1] if began else "data"
        missing = [p for p in PARTS[:-2] if p not in reports]
        for part in missing:
            reports[part] = _bare(part, "blocked", "cannot be judged: the check did not come to its end.")
        if not any(report["mistake"] == "endless-loop" for report in reports.values()):
            reports[at] = _ended(at, told, request)
    return [reports[part] for part in PARTS if part in reports]


def _bare(part: str, status: str, message: str) -> dict[str, Any]:
    return {
        "name": part, "status": status, "mistake": None, "cell": None, "line": None, "message": message, "hints": [],
        "code": "",
    }  # fmt: skip


def _is_out_of_time(status: int) -> bool:
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU


def _ended(part: str, told: _Told, request: dict[str, Any]) -> dict[str, Any]:
    """Return the report on the part that ended its process."""
    from glasswork.classroom.catalogue import mistakes

    failed = next((m["failed"] for m in told.messages if "failed" in m), "")
    if failed and not failed.startswith("MemoryError"):
        return _bare(part, "blocked", f"could not be judged ({failed}).")
    report = _bare(part, "wrong", "")
    if not told.ended or _is_out_of_time(told.status):
        mistake = mistakes()["endless-loop"]
        place = re.search(rf'File "{STUDENT}", line (\d+)', told.hang)
        if place:
            report["cell"], report["line"], report["code"] = _document(request).place(int(place[1]))
        says = f"After {request['seconds']:g} seconds it was still running."
        return report | {"mistake": mistake.id, "message": f"{mistake.does} {says}", "hints": list(mistake.hints)}
    says = "The code ended the whole process here" + (
        ", it needs too much memory." if failed else ", or it ran out of memory."
    )
    hints = [
        "Look for exit(), quit() or os._exit(), and for arrays that are far larger than the data.",
        says,
        "Take out what ends the program, or print the shapes of the arrays before the line that fails.",
    ]
    return report | {"message": says, "hints": hints}


if __name__ == "__main__":
    main()
