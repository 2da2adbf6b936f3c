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
from dataclasses import asdict
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


def _check(catalogue: Any, request: dict[str, Any]) -> list[dict[str, Any]]:
    folder = tempfile.mkdtemp(prefix="glasswork-check-")
    hang = os.open(os.path.join(folder, ".hang"), os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)  # noqa: PTH118
    reading, writing = os.pipe()
    try:
        process = os.fork()
        if process == 0:
            os.close(reading)
            _child(catalogue, request, folder, writing, hang)
        os.close(writing)
        messages, ended = _listen(reading, request["seconds"], process)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process, signal.SIGKILL)
        _, status = os.waitpid(process, 0)
        os.lseek(hang, 0, os.SEEK_SET)
        return _reports(messages, ended, status, os.read(hang, 1 << 16).decode("utf-8", "replace"), request)
    finally:
        os.close(hang)
        os.close(reading)
        shutil.rmtree(folder, ignore_errors=True)


def _child(catalogue: Any, request: dict[str, Any], folder: str, writing: int, hang: int) -> None:
    status = 1
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
        faulthandler.dump_traceback_later(max(request["seconds"] - 1.0, 1.0), file=hang)
        from glasswork.classroom.judging.judge import Judge
        from glasswork.classroom.student.source import from_cells, from_script

        confine(folder, memory=MEMORY, seconds=math.ceil(request["seconds"]))
        document = from_cells(request["cells"]) if request["notebook"] else from_script(request["cells"][0])

        def tell(message: dict[str, Any]) -> None:
            os.write(writing, (json.dumps(message) + "\n").encode())

        judge = Judge(catalogue, document, lambda part: tell({"began": part}))
        judge.run(lambda report: tell({"report": asdict(report)}))
        tell({"end": True})
        status = 0
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.write(writing, (json.dumps({"failed": f"{type(error).__name__}: {error}"[:300]}) + "\n").encode())
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


def _reports(
    messages: list[dict[str, Any]], ended: bool, status: int, hang: str, request: dict[str, Any]
) -> list[dict[str, Any]]:
    """Return the reports that were sent, and for a child that did not come to its end what it was at."""
    reports = {m["report"]["name"]: m["report"] for m in messages if "report" in m}
    if not any("end" in m for m in messages):
        began = [m["began"] for m in messages if "began" in m]
        at = began[-1] if began else "data"
        missing = [p for p in PARTS[:-2] if p not in reports]
        for part in missing:
            reports[part] = _bare(part, "blocked", "cannot be judged: the check did not come to its end.")
        if not any(report["mistake"] == "endless-loop" for report in reports.values()):
            reports[at] = _ended(at, ended, status, hang, messages, request)
    return [reports[part] for part in PARTS if part in reports]


def _bare(part: str, status: str, message: str) -> dict[str, Any]:
    return {
        "name": part, "status": status, "mistake": None, "cell": None, "line": None, "message": message, "hints": [],
        "code": "",
    }  # fmt: skip


def _ended(
    part: str, ended: bool, status: int, hang: str, messages: list[dict[str, Any]], request: dict[str, Any]
) -> dict[str, Any]:
    """Return the report on the part that ended its process."""
    from glasswork.classroom.catalogue import mistakes
    from glasswork.classroom.student.source import from_cells, from_script

    failed = next((m["failed"] for m in messages if "failed" in m), "")
    if failed and not failed.startswith("MemoryError"):
        return _bare(part, "blocked", f"could not be judged ({failed}).")
    report = _bare(part, "wrong", "")
    if not ended or (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU):
        mistake = mistakes()["endless-loop"]
        place = re.search(rf'File "{STUDENT}", line (\d+)', hang)
        if place:
            document = from_cells(request["cells"]) if request["notebook"] else from_script(request["cells"][0])
            report["cell"], report["line"], report["code"] = document.place(int(place[1]))
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
