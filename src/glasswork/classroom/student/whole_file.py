"""Run a file once, whole, as Python runs it: its statements in order, on all 70,000 images, and the error that ends it.

Only its training is short: see `loops`. An error after a loop was cut may come from the cut. Then the file is run once
more, with few epochs that are whole; an error that is gone there does not count.
"""

import ast
import builtins
import copy
import difflib
import errno
import gc
import linecache
import sys
import traceback
from collections.abc import Iterable
from types import ModuleType
from typing import Any, Literal

import msgspec
import numpy as np
from msgspec.structs import replace

from glasswork.classroom.limits import STUDENT, OutOfTimeError, time_limit
from glasswork.classroom.student.fixture import UNEQUAL, whole_rounds
from glasswork.classroom.student.loops import AGAIN, CONFIRMING, ROUNDS, SHORT, Loops, StuckError
from glasswork.classroom.student.observe import plain_words
from glasswork.classroom.student.outline import unknown_names
from glasswork.classroom.student.run import new_namespace
from glasswork.classroom.student.source import Document
from glasswork.classroom.student.waypoints import MADE, PASSED, Waypoints

#: Seconds of processor time that one run of the file may take.
RUN_LIMIT = 6.0

#: Errors that a training of fewer batches or epochs can have of itself.
_OF_SHORTNESS = ("AssertionError", "IndexError", "KeyError", "ValueError", "ZeroDivisionError", "StopIteration")

#: Characters of an error's words that are kept.
_LONGEST = 160

How = Literal["end", "error", "exit", "time", "stuck", "refused"]

#: Errors that come of where the file runs, not of what it says.
_OF_THE_PLACE = ("MemoryError", "FileNotFoundError", "PermissionError", "URLError", "ConnectionError", "HTTPError")


class Ending(msgspec.Struct, frozen=True, tag="ending"):
    """How a run of the whole file ended.

    Attributes
    ----------
    how : str
        ``end``; ``error``; ``exit`` (the file ends itself); ``time`` (still running when its time was over);
        ``stuck`` (in a loop whose condition cannot change); ``refused`` (it needs what a check does not give).
    line : int or None
        The innermost line of the file at which it ended.
    kind : str
        The class of the error.
    words : str
        The error in Python's own words.
    name : str
        The name that a NameError or an AttributeError misses.
    meant : str
        An existing name that is like it.
    frames : tuple of (str, int)
        The functions that were running, the outermost first, each with its line.
    left : tuple of int
        Lines of training loops that were left in their first round each time.
    trained : bool
        Whether any training loop had a round.
    idle : int or None
        The line of a training loop, if there are any and none had a round.
    begun : bool
        Whether the parts can be tried where the data were ready, or at the statement of the data that failed.
    epochs : int
        The rounds of the loop over epochs.
    """

    how: How
    line: int | None = None
    kind: str = ""
    words: str = ""
    name: str = ""
    meant: str = ""
    frames: tuple[tuple[str, int], ...] = ()
    left: tuple[int, ...] = ()
    trained: bool = False
    idle: int | None = None
    begun: bool = False
    epochs: int = 0


def run_whole_file(
    document: Document,
    seconds: float = RUN_LIMIT,
    waypoints: Waypoints | None = None,
    limits: tuple[int, int] = SHORT,
) -> Ending:
    """Run a document and return how it ended; an error that may come of a `SHORT` training is confirmed."""
    ending, loops = _run(document, limits, seconds, waypoints)
    if ending.how != "error" or not loops.was_cut or limits != SHORT or _is_certain(ending, document):
        return ending
    gc.collect()  # the data of the first run: there is no room for them twice
    again, _ = _run(document, CONFIRMING, seconds)
    if again.how in ("end", "time"):
        return again
    same = (again.how, again.kind, again.line) == (ending.how, ending.kind, ending.line)
    return ending if same or ending.kind not in _OF_SHORTNESS else replace(ending, how="refused")


def _is_certain(ending: Ending, document: Document) -> bool:
    """Return whether an error cannot come of a short training: no number, list or variable of it plays a part."""
    if ending.kind in ("NameError", "UnboundLocalError"):
        return ending.name in {node.id for node in unknown_names(document)}
    if ending.kind == "KeyError" and ending.meant:
        return True
    return UNEQUAL in ending.words or (ending.kind == "AttributeError" and "NoneType" not in ending.words)


def _run(
    document: Document, limits: tuple[int, int], seconds: float, waypoints: Waypoints | None = None
) -> tuple[Ending, Loops]:
    loops = Loops(document.statements, limits)
    whole_rounds.clear()
    module = ModuleType("__main__")
    vars(module).update(new_namespace())
    before = sys.modules["__main__"]
    sys.modules["__main__"] = module
    setattr(builtins, ROUNDS, loops.rounds)
    setattr(builtins, AGAIN, lambda test, number: loops.again(test, number, _names(sys._getframe(1))))
    setattr(builtins, PASSED, waypoints.passed if waypoints is not None else None)
    setattr(builtins, MADE, waypoints.made if waypoints is not None else None)
    linecache.cache[STUDENT] = (1, None, [line + "\n" for line in document.lines], STUDENT)
    np.random.seed(0)
    try:
        with time_limit(seconds), np.errstate(all="ignore"):
            ending = _execute(document, loops, vars(module), waypoints)
    finally:
        sys.modules["__main__"] = before
        for name in (ROUNDS, AGAIN, PASSED, MADE):
            delattr(builtins, name)
        linecache.cache.pop(STUDENT, None)
    return ending, loops


def _names(frame: Any) -> dict[str, Any]:
    return {**frame.f_globals, **frame.f_locals}


def _execute(document: Document, loops: Loops, namespace: dict[str, Any], waypoints: Waypoints | None) -> Ending:
    for number, statements in _cells(document):
        fault = _fault(document, number)
        if fault is not None:
            return fault
        try:
            watched = copy.deepcopy(statements)
            tree = ast.Module(loops.rewrite(waypoints.rewrite(watched) if waypoints is not None else watched), [])
            exec(compile(tree, STUDENT, "exec", dont_inherit=True), namespace)
        except OutOfTimeError as error:
            stuck = [w.line for w in loops.whiles if w.is_stuck]
            return _noted(Ending("stuck" if stuck else "time", stuck[0] if stuck else error.line), loops)
        except StuckError as error:
            return _noted(Ending("stuck", loops.whiles[error.args[0]].line), loops)
        except (SystemExit, KeyboardInterrupt) as error:
            frames = _frames(error)
            return _noted(Ending("exit", frames[-1][1] if frames else None, frames=frames), loops)
        except BaseException as error:
            return _noted(_error(error, namespace), loops)
    return _noted(Ending("end"), loops)


def _noted(ending: Ending, loops: Loops) -> Ending:
    """Add what the training loops did."""
    trained = [r for r in loops.records.values() if r.trains and r.executions]
    left: list[int] = []
    for inner in (False, True):
        group = [r for r in trained if r.inner is inner]
        if group and all(r.left_in_first == r.executions for r in group):
            left += [r.line for r in group if not any(r.line <= line <= r.last for _, line in ending.frames)]
    epochs = max((r.rounds for r in trained if not r.inner), default=0)
    of_training = [r for r in loops.records.values() if r.trains]
    idle = of_training[-1].line if of_training and not any(r.rounds for r in of_training) else None
    return replace(ending, left=tuple(left), trained=any(r.rounds for r in trained), idle=idle, epochs=epochs)


def _cells(document: Document) -> Iterable[tuple[int | None, list[ast.stmt]]]:
    """Yield the statements of each cell; those of a script all at once."""
    cells: dict[int | None, list[ast.stmt]] = {number: [] for number, _ in document.places}
    for statement in document.statements:
        cells[document.places[statement.lineno - 1][0]].append(statement)
    return cells.items()


def _fault(document: Document, cell: int | None) -> Ending | None:
    """Return the ending of a cell that Python cannot read."""
    if cell is None:
        try:
            compile("\n".join(document.lines) + "\n", STUDENT, "exec", dont_inherit=True)
        except SyntaxError as error:
            return _error(error, {})
        return None
    faults = [f for f in document.faults if document.places[f.line - 1][0] == cell]
    if not faults:
        return None
    return Ending(
        "error", faults[0].line, "SyntaxError", f"SyntaxError: {faults[0].reason.removeprefix('SyntaxError, ')}"
    )


# Errors --------------------------------------------------------------------------------------------


def _frames(error: BaseException) -> tuple[tuple[str, int], ...]:
    """Return the functions of the file through which an error passed, the outermost first."""
    return tuple(
        (frame.name, frame.lineno)
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == STUDENT and frame.lineno is not None
    )


def _error(error: BaseException, namespace: dict[str, Any]) -> Ending:
    frames = _frames(error)
    line = frames[-1][1] if frames else None
    if isinstance(error, SyntaxError) and not frames:
        line = error.lineno
    kind = type(error).__name__
    name = getattr(error, "name", None)
    return Ending(
        "refused" if _is_of_the_place(error) else "error",
        line,
        kind,
        _words(error),
        name if isinstance(name, str) else "",
        _meant(error, namespace),
        frames,
    )


def _words(error: BaseException) -> str:
    """Return the last line of Python's traceback."""
    try:
        lines = "".join(traceback.format_exception_only(error)).strip().splitlines()
    except Exception:
        return type(error).__name__
    told = [line for line in lines if line.startswith((type(error).__name__, type(error).__module__))]
    words = plain_words(" ".join((told or lines)[-1].split()))
    return words if len(words) <= _LONGEST else words[:_LONGEST] + " …"


def _is_of_the_place(error: BaseException) -> bool:
    kinds = {cls.__name__ for cls in type(error).__mro__}
    if isinstance(error, OSError) and error.errno in (errno.EFBIG, errno.ENOSPC):
        return True
    if isinstance(error, ModuleNotFoundError):
        return not _meant(error, {})
    return bool(kinds & set(_OF_THE_PLACE))


def _meant(error: BaseException, namespace: dict[str, Any]) -> str:
    """Return an existing name that is like the one that an error misses."""
    name = error.args[0] if isinstance(error, KeyError) and error.args else getattr(error, "name", None)
    if not isinstance(name, str) or len(name) < 2:
        return ""
    pool: Iterable[str] = ()
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if isinstance(error, KeyError):
        held = {**namespace, **(trace.tb_frame.f_locals if trace else {})}.values()
        pool = {str(key) for thing in held if type(thing) is dict and name not in thing for key in thing}
    elif isinstance(error, ModuleNotFoundError):
        pool = {*sys.stdlib_module_names, *sys.modules, "matplotlib.pyplot", "sklearn.datasets"}
    elif isinstance(error, ImportError):
        words = str(error).split("'")
        name, pool = (words[1], dir(sys.modules.get(name))) if len(words) > 1 else (name, ())
    elif isinstance(error, AttributeError):
        pool = dir(error.obj)
    elif isinstance(error, NameError):
        pool = {*(trace.tb_frame.f_locals if trace else ()), *namespace, *dir(builtins)}
    others = [other for other in sorted(pool) if isinstance(other, str) and other != name]
    same = [o for o in others if o.lower().replace("_", "") == name.lower().replace("_", "")]
    near = same or difflib.get_close_matches(name, others, 5, 0.5 if isinstance(error, KeyError) else 0.75)
    return max(near, key=lambda other: other[0] == name[0], default="")
