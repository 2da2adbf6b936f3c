"""Check a student's file: the file is read here, and judged by a process of its own."""

import os
import select
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import msgspec
from msgspec import Struct

from glasswork.classroom.exercise.sizes import stated_sizes
from glasswork.classroom.limits import BUSY
from glasswork.classroom.report import CheckReport, PartReport
from glasswork.classroom.sandbox.isolation import MISSING, bubblewrap, environment
from glasswork.classroom.sandbox.messages import Order, Ready, Verdicts
from glasswork.classroom.student.source import read_cells
from glasswork.errors import GlassworkError, InputError

#: Seconds that one file may take in all.
TIME_LIMIT = 20.0

#: Seconds that the process may take to load the data and its libraries.
_START = 60.0

_Message = TypeVar("_Message", bound=Struct)


class Checker:
    """A process that holds the data and judges one file after another, each in a confined process of its own.

    Parameters
    ----------
    time_limit : float
        Seconds that one file may take.
    prepare : bool
        Has no effect any more: what the catalogue's mistakes do is kept from file to file.
    strict : bool
        Refuse to run any file if bubblewrap cannot isolate it: for files that others wrote.
    sizes : dict, optional
        The numbers of images in the sets ``train``, ``valid`` and ``test``; by default those that the file states.

    Raises
    ------
    InputError
        If the time limit is not above 0.

    Attributes
    ----------
    is_isolated : bool
        Whether a file sees nothing of this machine but the system and Python, and can write nowhere.

    Examples
    --------
    >>> from pathlib import Path
    >>> _ = Path("mine.py").write_text("def int_to_onehot(y, num_labels): return y")
    >>> with Checker() as checker:
    ...     report = checker.check("mine.py")
    >>> [part.name for part in report.parts if part.status == "wrong"]
    ['int_to_onehot']
    """

    def __init__(
        self,
        *,
        time_limit: float = TIME_LIMIT,
        prepare: bool = True,
        strict: bool = False,
        sizes: dict[str, int] | None = None,
    ) -> None:
        if not time_limit > 0:
            raise InputError(f"Checker: expected a time limit in seconds above 0, got {time_limit!r}")
        if os.name != "posix":
            raise GlassworkError("glasswork check needs Linux or macOS: it confines the code that it runs")
        self.time_limit = float(time_limit)
        self._strict = strict
        self.sizes = sizes
        self._process: subprocess.Popen[bytes] | None = None
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
        InputError
            If ``hint`` is not 1, 2 or 3.
        """
        if hint not in (1, 2, 3):
            raise InputError(f"check: expected hint 1, 2 or 3, got {hint!r}")
        cells, notebook = read_cells(Path(path))
        content = Path(path).read_bytes().decode("utf-8", "replace")  # with the texts of a notebook
        parts = self.check_cells(cells, notebook=notebook, content=content)
        return CheckReport(os.fspath(path), parts, hint)

    def check_cells(self, cells: list[str], *, notebook: bool, content: str = "") -> tuple[PartReport, ...]:
        """Judge the code cells of a notebook, or the one text of a script; the whole content may state the sizes."""
        sizes = self.sizes or stated_sizes((content or "\n".join(cells)).split("\n"))
        order = Order(cells, notebook, self.time_limit, sizes)
        for _ in range(2):  # a process that died is started again, once
            if self._process is None or self._process.poll() is not None:
                self._start()
            verdicts = self._send(order, 2 * BUSY * self.time_limit + _START)
            if verdicts is not None:
                return verdicts.parts
        raise GlassworkError("The process that checks files ended: " + self._last_words())

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
        wrapped = bubblewrap()
        if self._strict and not wrapped:
            raise GlassworkError(MISSING)
        self._process = subprocess.Popen(
            [*wrapped, sys.executable, "-P", "-m", "glasswork.classroom.sandbox.server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment(),
        )
        ready = self._receive(Ready, _START)
        if ready is None:
            raise GlassworkError("The process that checks files did not start: " + self._last_words())
        self.is_isolated = bool(wrapped) and ready.isolated
        if self._strict and not self.is_isolated:
            self.close()
            raise GlassworkError(MISSING)

    def _send(self, order: Order, seconds: float) -> Verdicts | None:
        """Send a file and return its verdicts; end the process if none come."""
        process = self._process
        assert process is not None
        assert process.stdin is not None
        try:
            process.stdin.write(msgspec.json.encode(order) + b"\n")
            process.stdin.flush()
        except OSError:
            return None
        return self._receive(Verdicts, seconds)

    def _receive(self, kind: type[_Message], seconds: float) -> _Message | None:
        """Return the next message of the process; end it if there is none, or one of another form."""
        process = self._process
        assert process is not None
        assert process.stdout is not None
        try:
            if select.select([process.stdout], [], [], seconds)[0]:
                return msgspec.json.decode(process.stdout.readline(), type=kind)
        except (OSError, msgspec.MsgspecError):
            pass
        process.kill()
        process.wait()
        return None

    def _last_words(self) -> str:
        """Return the last line that the process wrote to its standard error."""
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "it gave no reason, and may have been out of time or memory."


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
    InputError
        If ``hint`` is not 1, 2 or 3, or the time limit is not above 0.
    """
    with Checker(time_limit=time_limit) as checker:
        return checker.check(path, hint=hint)
