"""Check a student's file: the file is read here, and judged by a process of its own."""

import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from glasswork.classroom.limits import BUSY
from glasswork.classroom.report import CheckReport, PartReport
from glasswork.classroom.student.source import read_cells
from glasswork.errors import GlassworkError, InputError

#: Seconds that one file may take in all.
TIME_LIMIT = 20.0

#: Seconds that the process may take to load the data and its libraries.
_START = 60.0

#: Seconds that running the whole catalogue may take, on a busy machine.
_PREPARE = 600.0


class Checker:
    """A process that holds the data and judges one file after another, each in a confined process of its own.

    Parameters
    ----------
    time_limit : float
        Seconds that one file may take.
    prepare : bool
        Run all of the catalogue's variants at the start, which takes some seconds and pays for many files.

    Examples
    --------
    >>> from pathlib import Path
    >>> _ = Path("mine.py").write_text("def int_to_onehot(y, num_labels): return y")
    >>> with Checker(prepare=False) as checker:
    ...     report = checker.check("mine.py")
    >>> [part.name for part in report.parts if part.status == "wrong"]
    ['int_to_onehot']
    """

    def __init__(self, *, time_limit: float = TIME_LIMIT, prepare: bool = True) -> None:
        if not time_limit > 0:
            raise InputError(f"Checker: expected a time limit in seconds above 0, got {time_limit!r}")
        if os.name != "posix":
            raise GlassworkError("glasswork check needs Linux or macOS: it confines the code that it runs")
        self.time_limit = float(time_limit)
        self._prepare = prepare
        self._process: subprocess.Popen[str] | None = None
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  closed with the process
        self._start()

    def check(self, path: str | os.PathLike[str], *, hint: int = 1) -> CheckReport:
        """Judge one file.

        Parameters
        ----------
        path : path
            A notebook (.ipynb) or a script (.py).
        hint : int
            How many of the three hints the report shows when it is printed.

        Raises
        ------
        FileError
            If the file cannot be read.
        """
        if hint not in (1, 2, 3):
            raise InputError(f"check: expected hint 1, 2 or 3, got {hint!r}")
        cells, notebook = read_cells(Path(path))
        parts = self.check_cells(cells, notebook=notebook)
        return CheckReport(os.fspath(path), parts, hint)

    def check_cells(self, cells: list[str], *, notebook: bool) -> tuple[PartReport, ...]:
        """Judge the code cells of a notebook, or the one text of a script."""
        request = {"cells": cells, "notebook": notebook, "seconds": self.time_limit}
        answer = self._ask(request, BUSY * self.time_limit + _START)
        return tuple(PartReport(**part | {"hints": tuple(part["hints"])}) for part in answer["parts"])

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.close()
            try:
                process.wait(2)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()
        self._errors.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # The process -------------------------------------------------------------------------------------

    def _start(self) -> None:
        threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        self._process = subprocess.Popen(
            [*_bubblewrap(), sys.executable, "-m", "glasswork.classroom.sandbox.server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            encoding="utf-8",
            env={**os.environ, **threads},
        )
        if self._prepare and self._answer({"prepare": True}, _PREPARE) is None:
            raise GlassworkError("The catalogue of mistakes cannot be prepared: " + self._last_words())

    def _ask(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Send a request and return its answer; a process that died is started again, once."""
        for _ in range(2):
            if self._process is None or self._process.poll() is not None:
                self._start()
            answer = self._answer(request, seconds)
            if answer is not None:
                return answer
        raise GlassworkError("The process that checks files ended: " + self._last_words())

    def _answer(self, request: dict[str, Any], seconds: float) -> dict[str, Any] | None:
        """Send a request and return its answer; end the process if none comes."""
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            ready, _, _ = select.select([process.stdout], [], [], seconds)
            answer = json.loads(process.stdout.readline()) if ready else None
        except (OSError, ValueError):
            answer = None
        if isinstance(answer, dict):
            return answer
        process.kill()
        process.wait()
        return None

    def _last_words(self) -> str:
        """Return the last line that the process wrote to its standard error."""
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "it gave no reason, and may have been out of time or memory."


def _bubblewrap() -> list[str]:
    """Return the command that takes the network and the file system away, where bubblewrap is installed and works."""
    command = shutil.which("bwrap")
    if command is None:
        return []
    wrapped = [
        command, "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--unshare-net",
        "--unshare-pid", "--unshare-ipc", "--die-with-parent",
    ]  # fmt: skip
    try:
        works = subprocess.run([*wrapped, "true"], capture_output=True, timeout=5, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return []
    return (
        wrapped
        if works and not Path(sys.prefix).is_relative_to("/tmp") and not Path(__file__).is_relative_to("/tmp")
        else []
    )


def check_file(path: str | os.PathLike[str], *, hint: int = 1, time_limit: float = TIME_LIMIT) -> CheckReport:
    """Judge one file that fills in the handout: a notebook or a script.

    Parameters
    ----------
    path : path
        The file.
    hint : int
        How many of the three hints the report shows when it is printed.
    time_limit : float
        Seconds that the file's code may take.

    Returns
    -------
    CheckReport

    Raises
    ------
    FileError
        If the file cannot be read.
    """
    with Checker(time_limit=time_limit, prepare=False) as checker:
        return checker.check(path, hint=hint)
