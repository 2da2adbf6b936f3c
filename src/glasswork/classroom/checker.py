"""Check a student's file: the file is read here, and run in a process of its own."""

import os
from types import TracebackType
from typing import Self

from glasswork.classroom.report import CheckReport

#: Seconds that one file may take in all.
TIME_LIMIT = 30.0


class Checker:
    """A process that holds the data and judges one file after another, each in a process of its own.

    Parameters
    ----------
    time_limit : float
        Seconds that one file may take.

    Examples
    --------
    >>> with Checker() as checker:  # doctest: +SKIP
    ...     reports = [checker.check(path) for path in submissions]
    """

    def __init__(self, *, time_limit: float = TIME_LIMIT) -> None:
        self.time_limit = time_limit

    def check(self, path: str | os.PathLike[str], *, hint: int = 1) -> CheckReport:
        """Judge one file."""
        return CheckReport(os.fspath(path), (), hint)

    def close(self) -> None:
        """End the process."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def check_file(path: str | os.PathLike[str], *, hint: int = 1, time_limit: float = TIME_LIMIT) -> CheckReport:
    """Judge one file: a notebook or a script that fills in the handout."""
    with Checker(time_limit=time_limit) as checker:
        return checker.check(path, hint=hint)
