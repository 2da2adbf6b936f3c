"""Check many files at once, and keep every result, so that an interrupted report goes on where it stopped.

files ──► as many checkers as processors ──► results ──► a journal, one line a file
"""

import hashlib
import json
import os
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from glasswork.classroom.report import PartReport
from glasswork.classroom.sandbox.checker import Checker
from glasswork.classroom.sandbox.isolation import MISSING, bubblewrap
from glasswork.cores import granted_cores
from glasswork.errors import GlassworkError
from glasswork.tasks import run_tasks
from glasswork.version import __version__


@dataclass(frozen=True)
class Outcome:
    """The verdicts on one file, or why it could not be checked."""

    parts: tuple[PartReport, ...] = ()
    failure: str = ""


class Journal:
    """The results so far, in a file beside the report: one line of JSON a result, added as soon as it is known.

    Results of another version of the checker, or of another time limit, do not count. The results of other reports in
    the folder, such as one without names, are known, too: a result belongs to a file's content, not to a student.

    Parameters
    ----------
    path : Path
    time_limit : float
        Seconds that a file may take.
    sizes : dict, optional
        Of the sets, if all files are held to the same.
    """

    def __init__(self, path: Path, time_limit: float, sizes: dict[str, int] | None = None) -> None:
        self.outcomes: dict[str, Outcome] = {}
        self._path = path
        head = {"glasswork": __version__, "checker": _fingerprint(), "time_limit": time_limit, "sizes": sizes}
        lines = path.read_text("utf-8").split("\n") if path.exists() else []
        entries = [entry for line in lines[1:] if (entry := _parse(line)) is not None]  # a line that was cut off is not
        self._written: dict[str, dict[str, Any]] = {entry["written"]: entry for entry in entries if "written" in entry}
        self._is_new = False
        self._missing = "\n" if lines and lines[-1] else ""  # what is to be written before the next line
        if lines and _parse(lines[0]) == head:
            self.outcomes = {entry["digest"]: _to_outcome(entry) for entry in entries if "digest" in entry}
        else:
            self._missing = (
                json.dumps(head) + "\n" + "".join(json.dumps(entry) + "\n" for entry in self._written.values())
            )
            self._is_new = True
        for other in sorted(path.parent.glob("*.journal")):
            first, *rest = other.read_text("utf-8", "replace").split("\n")
            if other != path and _parse(first) == head:
                found = [entry for line in rest if isinstance(entry := _parse(line), dict) and "digest" in entry]
                self.outcomes = {entry["digest"]: _to_outcome(entry) for entry in found} | self.outcomes

    def add(self, digest: str, outcome: Outcome) -> None:
        """Keep a result."""
        self.outcomes[digest] = outcome
        self._append(json.dumps({"digest": digest, **asdict(outcome)}) + "\n")

    @property
    def kinds(self) -> dict[str, bool]:
        """Whether each file that was written is without names."""
        return {name: entry["anonymous"] for name, entry in self._written.items()}

    def add_written(self, path: Path, content: bytes, *, anonymous: bool) -> None:
        """Keep what was written into a file, so that a change by somebody else is noticed."""
        name, digest = self._name_of(path), hashlib.sha256(content).hexdigest()
        self._written[name] = {"written": name, "sha256": digest, "anonymous": anonymous}
        self._append(json.dumps(self._written[name]) + "\n")

    def is_known(self, path: Path) -> bool:
        """Whether a report wrote this file, as it is or as it was before somebody changed it."""
        return self._name_of(path) in self._written

    def is_unchanged(self, path: Path) -> bool:
        """Whether a file is as the last report wrote it."""
        return bool(hashlib.sha256(path.read_bytes()).hexdigest() == self._written[self._name_of(path)]["sha256"])

    def _name_of(self, path: Path) -> str:
        return os.path.relpath(path, self._path.parent)

    def _append(self, text: str) -> None:
        with self._path.open("w" if self._is_new else "a", encoding="utf-8") as stream:
            stream.write(self._missing + text)
        self._is_new, self._missing = False, ""


def check_all(
    paths: Mapping[str, Path],
    *,
    time_limit: float,
    sizes: dict[str, int] | None = None,
    workers: int | None = None,
    unsafe: bool = False,
) -> Iterator[tuple[str, Outcome]]:
    """Check files in parallel; each worker keeps a checker that holds the data.

    Parameters
    ----------
    paths : mapping
        The files, by any key.
    time_limit : float
        Seconds that a file may take.
    sizes : dict, optional
        Of the sets: those that each file states unless given.
    workers : int, optional
        How many are checked at once: as many as there are processors and memory for, unless told otherwise.
    unsafe : bool
        Run them even where bubblewrap cannot keep them apart.

    Yields
    ------
    (key, Outcome)
        In the order in which they are done.
    """
    if not unsafe and not bubblewrap():
        raise GlassworkError(f"{MISSING}, or give --unsafe to run these submissions with all rights that you have")
    local = threading.local()
    at_once = workers or _workers()
    with ExitStack() as checkers, ThreadPoolExecutor(at_once) as executor:

        def check(path: Path) -> Outcome:
            if not hasattr(local, "checker"):
                checker = Checker(time_limit=time_limit, strict=not unsafe, sizes=sizes)
                local.checker = checkers.enter_context(checker)
            try:
                return Outcome(local.checker.check(path).parts)
            except GlassworkError as error:
                return Outcome(failure=_without_path(str(error), path))

        try:
            for outcome in run_tasks(
                check, {key: (path,) for key, path in paths.items()}, executor, width=lambda: at_once
            ):
                if outcome.error is not None:
                    raise outcome.error.__cause__ or outcome.error
                yield outcome.key, outcome.value or Outcome()
        finally:
            executor.shutdown(cancel_futures=True)


def _workers() -> int:
    """Return how many files can be checked at once: each takes a processor, and up to 2 GB of memory."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(1, min(granted_cores(), memory // (2 << 30) - 1))


def _without_path(message: str, path: Path) -> str:
    """Return an error's message without the path that it begins with: the report names the file itself."""
    return message.removeprefix(f"{path}: ")


def _parse(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None


def _to_outcome(entry: dict[str, Any]) -> Outcome:
    parts = tuple(PartReport(**{**part, "hints": tuple(part["hints"])}) for part in entry["parts"])
    return Outcome(parts, entry["failure"])


def _fingerprint() -> str:
    """Return a digest of the checker's own files, which changes when a mistake is added to the catalogue."""
    digest = hashlib.sha256()

    def add(folder: Traversable) -> None:
        for one in sorted(folder.iterdir(), key=lambda one: one.name):
            if one.is_dir() and one.name != "class_report":
                add(one)
            elif one.is_file() and not one.name.endswith(".pyc"):
                digest.update(one.name.encode() + one.read_bytes())

    add(files("glasswork.classroom"))
    return digest.hexdigest()
