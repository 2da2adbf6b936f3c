"""Watch a submission: run its statements, try its parts, and tell what they did. No verdict is made here."""

import builtins
import contextlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from msgspec.structs import replace

from glasswork.classroom.judging.matching import right_split
from glasswork.classroom.judging.slowness import count_lines
from glasswork.classroom.judging.whole import run_whole
from glasswork.classroom.limits import OutOfTimeError, time_limit
from glasswork.classroom.probes import PROBES, Bench
from glasswork.classroom.probes.sections import DataTrace, Sections, statement_part
from glasswork.classroom.student.fixture import Mnist
from glasswork.classroom.student.images import Identifier
from glasswork.classroom.student.loops import SHORT
from glasswork.classroom.student.messages import Nothing, Observed, Ran, Request, Result, pack
from glasswork.classroom.student.outline import assigned_names
from glasswork.classroom.student.run import StudentRun, run_student
from glasswork.classroom.student.source import Document
from glasswork.classroom.student.waypoints import Waypoints
from glasswork.classroom.student.whole_file import Ending, run_whole_file

Divide = Callable[[Callable[[], None]], None]

#: Seconds that a part's code may take on its probes.
PART_LIMIT = 1.0


@dataclass
class Observer:
    """Runs one document and answers what is asked about it.

    Parameters
    ----------
    document, unfolded : Document
        The file as it is, and as `glasswork.classroom.student.unwrap` unfolds it.
    mnist : Mnist
        The images that the file finds.
    identifier : Identifier
    reference : mapping
        The right classes and functions.
    epochs : int, optional
        The epochs after which the whole file has shown whether it gets further than another one.
    """

    document: Document
    unfolded: Document
    mnist: Mnist
    identifier: Identifier
    reference: dict[str, Any]
    epochs: int | None = None
    run: StudentRun = field(init=False)
    bench: Bench = field(init=False)
    _trace: DataTrace = field(init=False)
    _begun: StudentRun | None = None

    def answer(self, request: Request, divide: Divide | None = None) -> Result:
        """Return what was asked for; `Nothing` if that cannot be told.

        The run of the whole file calls ``divide`` when the data are ready. That has to return in a twin of this
        process, which goes on with the file, and to answer all other requests here, after a call of its argument.
        """
        try:
            if request.what == "run whole file":
                return self._run_whole_file(divide)
            return self._answer(request)
        except (Exception, OutOfTimeError) as error:  # student's objects break a probe in many unforeseen ways
            return Nothing(type(error).__name__[:100])

    def _answer(self, request: Request) -> Result:
        if request.what == "run":
            return self._run(request)
        if request.what == "train":
            return run_whole(self.run)
        if request.what == "count lines":
            return count_lines(self.bench, request.part)
        self.bench.memory["good"] = set(request.good)
        if request.part == "settings":  # its statements have limits of their own
            seen = PROBES[request.part].observe(self.bench)
        else:
            with time_limit(PART_LIMIT):
                seen = PROBES[request.part].observe(self.bench)
        self.bench.memory[request.part] = seen
        return Observed({facet: pack(results).values for facet, results in seen.items()})

    def _run_whole_file(self, divide: Divide | None) -> Ending:
        if self.epochs is not None:
            return run_whole_file(self.document, limits=(self.epochs, SHORT[1]))
        self._trace = DataTrace(self.mnist)
        has_twin = False

        def stand() -> None:
            self._begun = waypoints.stand()

        def arrived() -> None:
            nonlocal has_twin
            if divide is not None:
                with contextlib.suppress(OSError):  # no more processes, or no memory for one
                    divide(stand)
                    has_twin = True
                    self._trace.forget()
                    waypoints.forget()

        trace = self._trace
        waypoints = Waypoints(self.document, self.unfolded, statement_part, trace.after, arrived, trace.made)
        ending = run_whole_file(self.document, waypoints=waypoints)
        if ending.how == "error" and not waypoints.has_arrived:
            stand()
        return replace(ending, begun=has_twin or self._begun is not None)

    def _run(self, request: Request) -> Ran:
        if self._begun is None:
            self._trace = DataTrace(self.mnist)
        given = {} if request.has_numpy else {"np": np}
        self.run = run_student(self.unfolded, self._trace.after, given, self._begun)
        names = self.run.namespace
        self.bench = Bench(names, self.reference, self.run.outline, aliases=request.names)
        for name, other in request.names.items():
            if other in names:
                names[name] = names[other]
        sections = Sections(names, self._trace, self.identifier)
        self.bench.memory |= {
            "sections": sections,
            "later": self.run.later,
            "right split": lambda: right_split(self.mnist),
        }
        undefined = {
            name: (event.crash.line or event.statement.lineno, event.crash)
            for event in reversed(self.run.events)
            if event.crash is not None
            for name in assigned_names(event.statement)
        }
        dots = [name for name, value in names.items() if value is Ellipsis]
        return Ran(list(names), dots, undefined, sections.facts())


def keep(*things: Any) -> Callable[[], None]:
    """Return a function that gives modules and classes the members back that they have now.

    What a submission puts in their place, from ``np.allclose`` to a probe, is gone before the next observation. What
    it adds, such as the ``np.float`` of old, stays.
    """
    kept = [(thing, dict(vars(thing))) for thing in things]

    def restore() -> None:
        for thing, members in kept:
            now: Mapping[str, Any] = vars(thing)
            for name, member in members.items():
                if now.get(name, restore) is not member:
                    setattr(thing, name, member)

    return restore


def observing_things(reference: dict[str, Any]) -> list[Any]:
    """Return the modules and classes on which an observation rests: ours, NumPy's, and the right solution's."""
    modules = [module for name, module in list(sys.modules.items()) if name.split(".")[0] in ("glasswork", "numpy")]
    ours = {
        id(member): member
        for module in modules
        for member in vars(module).values()
        if isinstance(member, type) and member.__module__.startswith("glasswork.")
    }
    right = [member for member in reference.values() if isinstance(member, type)]
    return [builtins, *modules, *ours.values(), *right]
