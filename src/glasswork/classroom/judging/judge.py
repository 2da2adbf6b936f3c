"""Judge a file, part by part: this is what runs in the confined process."""

import ast
import contextlib
import difflib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from glasswork.classroom.catalogue import mistakes
from glasswork.classroom.handout import OPTIONAL, PARTS, part_of, sections
from glasswork.classroom.judging.matching import Catalogue, Match, right_split
from glasswork.classroom.judging.rules import generic_hints, named_by_rule, only_crashes, sentence
from glasswork.classroom.judging.slowness import slow_part
from glasswork.classroom.judging.structure import aliases, method_problem, missing_numpy, syntax_problems, unfinished
from glasswork.classroom.judging.whole import NOT_IN_TRAINING, WholeRun, can_be_spared, run_whole
from glasswork.classroom.limits import OutOfTimeError, time_limit
from glasswork.classroom.probes import PROBES, Bench, Facets, Problem
from glasswork.classroom.probes.base import crash_line, first_crash
from glasswork.classroom.probes.sections import DataTrace, Sections, asks_for_whole_images
from glasswork.classroom.report import PartReport, Status
from glasswork.classroom.student.observe import Crash
from glasswork.classroom.student.outline import assigned_names
from glasswork.classroom.student.run import run_student
from glasswork.classroom.student.source import Document

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

_MOVED = "the division by the batch size stands in Linear.backward, not in MSELoss.backward: together they are right."

_TOGETHER = "departs from the handout, but this file's parts fit one another: together they train as the handout's do."

_ELSEWHERE = "the data come from a place that is not available here; the rest was judged on the embedded MNIST."

#: Seconds that a part's code may take on its probes.
PART_LIMIT = 1.0

#: How like a line has to be to the catalogue's to be taken for it.
_LIKE = 0.72
_ALIKE = 0.5

#: The order of judging: what the last parts use is judged first.
_ORDER = (*(p for p in PARTS if p != "settings"), "settings")


@dataclass
class Judge:
    """Judges one document.

    Parameters
    ----------
    catalogue : Catalogue
    document : Document
    began : callable
        Called with the name of each part before it is tried, so that a part that ends the process can be told.
    """

    catalogue: Catalogue
    document: Document
    began: Callable[[str], None] = lambda _: None
    bench: Bench = field(init=False)
    reports: dict[str, PartReport] = field(default_factory=dict)
    problems: dict[str, Problem] = field(default_factory=dict)
    whole: WholeRun | None = None

    def run(self, finished: Callable[[PartReport], None] = lambda _: None) -> list[PartReport]:
        """Judge all parts; ``finished`` is called with each report as soon as it is there."""
        self.began("data")
        self._execute()
        for part in _ORDER:
            self.began(part)
            if part == "settings":
                self._spare(finished)
            try:
                report = self._judge(part)
            except (
                Exception,
                OutOfTimeError,
            ) as error:  # a probe that a student's objects break in an unforeseen way accuses nobody
                report = PartReport(part, "remark", message=f"could not be judged ({type(error).__name__}).")
                self.bench.memory.setdefault("faults", []).append((part, error))
            if report is not None:
                self.reports[part] = report
                if report.status in ("done", "remark"):
                    self.bench.memory["good"].add(part)
                finished(report)
        for part in self._moved_division():
            self.reports[part] = PartReport(part, "remark", message=_MOVED)
            finished(self.reports[part])
        self._spare(finished)
        return [self.reports[part] for part in PARTS if part in self.reports]

    def _spare(self, finished: Callable[[PartReport], None]) -> None:
        """Turn into remarks what is wrong by itself in a file whose own parts, together, do as the handout's do."""
        wrong = [
            part
            for part, problem in self.problems.items()
            if self.reports[part].status == "wrong" and can_be_spared(part, problem, self.reports[part].mistake)
        ]
        if not wrong or self.bench.outline is None or not self.bench.memory.get("later"):
            return
        self.whole = self.whole or run_whole(self.run_)
        for part in wrong:
            if self.whole.trains and (part not in NOT_IN_TRAINING or not self.whole.crashed):
                report = self.reports[part]
                message = f"{_TOGETHER} {report.message}"
                self.reports[part] = replace(report, status="remark", message=message, hints=())
                self.bench.memory["good"].add(part)
                finished(self.reports[part])

    def _moved_division(self) -> tuple[str, ...]:
        """Return the two parts between which the division by the batch size was moved, if it was: together right."""
        pair = {"Linear.backward": "backward-divided-by-batch", "MSELoss.backward": "mse-backward-not-divided"}
        moved = all(part in self.reports and self.reports[part].mistake == name for part, name in pair.items())
        return tuple(pair) if moved else ()

    def _execute(self) -> None:
        if asks_for_whole_images(self.document.statements):
            self.catalogue = self.catalogue.with_whole_images()
        trace = DataTrace(self.catalogue.mnist)
        self.numpy = missing_numpy(self.document)
        run = run_student(self.document, trace.after, {"np": np} if self.numpy is not None else None)
        self.run_ = run
        self.bench = Bench(run.namespace, self.catalogue.reference(), run.outline)
        self.syntax = syntax_problems(self.document)
        self.aliases = aliases(run.outline)
        for name, (alias, _) in self.aliases.items():
            if alias in run.namespace:
                run.namespace[name] = run.namespace[alias]
                kind = run.outline.classes if alias in run.outline.classes else run.outline.functions
                kind[name] = kind[alias]  # type: ignore[assignment]
        data = Sections(run.namespace, trace, self.catalogue.identifier, self.document.statements)
        self.bench.memory |= {
            "sections": data,
            "later": run.later,
            "all statements": self.document.statements,
            "good": set(),
            "right split": lambda: right_split(self.catalogue.mnist),
        }

    # One part ----------------------------------------------------------------------------------------

    def _judge(self, part: str) -> PartReport | None:
        owner, _ = sections(part)
        if part == "data" and self.numpy is not None:  # reported once; everything else is judged as if it were there
            return self._wrong(part, self.numpy)
        if part in self.syntax:
            return self._wrong(part, self.syntax[part])
        if part in ("data", "normalize", "split", "settings"):
            return self._judge_section(part)
        if owner in self.aliases and self.aliases[owner][1] is not None and part == self._first_part(owner):
            return self._wrong(part, self.aliases[owner][1])
        if self.bench.outline is None or self.bench.outline.find(owner) is None:
            return (
                None
                if part in OPTIONAL
                else PartReport(part, "not found", message=f"There is no {owner} in this file.")
            )
        misplaced = method_problem(self.bench.outline, part)
        if misplaced is not None:
            return self._wrong(part, misplaced)
        state = unfinished(self.bench.outline, part)
        if state == "open":
            return PartReport(part, "open", message="still to be written.")
        if isinstance(state, Problem):
            return self._wrong(part, state)
        if owner not in self.bench.namespace:
            return self._not_defined(part, owner)
        return self._probe(part)

    def _first_part(self, owner: str) -> str:
        return next(p for p in PARTS if sections(p)[0] == owner)

    def _not_defined(self, part: str, owner: str) -> PartReport:
        """Report a class or function whose definition itself failed."""
        for event in self.run_.events:
            if event.crash is not None and owner in assigned_names(event.statement):
                if part != self._first_part(owner):
                    return PartReport(
                        part, "blocked", message=f"{owner} cannot be made until its definition is mended."
                    )
                line = event.crash.line or event.statement.lineno
                return self._wrong(part, Problem("error", "error", f"the definition stops with {event.crash}.", line))
        return PartReport(part, "blocked", message=f"{owner} is not defined when the file has run.")

    def _judge_section(self, part: str) -> PartReport | None:
        data: Sections = self.bench.memory["sections"]
        split = data.split
        if part == "split":
            begun = [
                s
                for s in self.document.statements
                if any(n in assigned_names(s) for n in ("X_train", "X_valid", "X_test"))
            ]
            values = [data.namespace.get(f"X_{s}") for s in ("train", "valid", "test")]
            if not split and (not begun or all(v is Ellipsis for v in values)):
                crashed = any(p == "split" for p, _ in data.trace.crashes)
                if not crashed:
                    if not data.trace.steps and not data.trace.crashes:
                        return PartReport(part, "not found", message="The file does not split any data.")
                    return PartReport(part, "open", message="still to be written.")
        if part == "data" and not data.trace.steps and not data.trace.crashes:
            return PartReport(part, "not found", message="The file does not load any images.")
        if part == "data" and (foreign := self._foreign_data(data)):
            return foreign
        if part == "normalize" and not data.trace.steps:
            if any(p == "data" for p, _ in data.trace.crashes):
                return PartReport(part, "blocked", message="cannot be judged until the data are there.")
            return PartReport(part, "not found", message="The file does not load any images.")
        if part == "settings" and not self.bench.memory["later"]:
            return PartReport(part, "not found", message="The file makes no model, loss and optimizer.")
        return self._probe(part)

    @staticmethod
    def _foreign_data(data: Sections) -> PartReport | None:
        """Return a remark where the data come from a file or a place that is not here."""
        if data.trace.mnist.fetched or data.trace.steps:
            return None
        for _, event in data.trace.crashes:
            if event.crash is not None and event.crash.kind in (
                "FileNotFoundError", "ModuleNotFoundError", "PermissionError", "URLError", "ImportError",
            ):  # fmt: skip
                return PartReport(
                    "data",
                    "remark",
                    message=_ELSEWHERE,
                )
        return None

    def _probe(self, part: str) -> PartReport:
        probe = PROBES[part]
        with contextlib.nullcontext() if part == "settings" else time_limit(PART_LIMIT):
            seen = probe.observe(self.bench)
        self.bench.memory[part] = seen
        problems = probe.problems(seen)
        wrong = [p for p in problems if not p.remark]
        if not wrong:
            if problems:
                mistake = self._named(part, seen, problems[0])
                return self._report(part, "remark", problems[0], mistake)
            slow = slow_part(self.bench, part)
            return PartReport(part, "done") if slow is None else PartReport(part, "remark", message=slow)
        named = [(p, self._named(part, seen, p)) for p in wrong]
        problem, mistake = next(((p, m) for p, m in named if m is not None), named[0])
        return self._report(part, "wrong", problem, mistake, seen)

    def _named(self, part: str, seen: Facets, problem: Problem) -> Match | None:
        rule = problem.mistake or named_by_rule(seen.get(problem.facet, {}), self.bench.namespace)
        if rule is not None:
            return Match(mistakes()[rule])
        matches = self.catalogue.names(part, seen, problem.facet)
        match = max(matches, key=lambda m: self._explained(part, m), default=None)
        # Errors alone, of a kind that has many causes, do not tell one from another: the line has to be alike, too.
        if match is not None and only_crashes(seen.get(problem.facet, {})) and self._alike(part, match)[0] < _ALIKE:
            return None
        return match

    # Reports -----------------------------------------------------------------------------------------

    def _wrong(self, part: str, problem: Problem | None) -> PartReport:
        assert problem is not None
        named = mistakes().get(problem.mistake or "")
        return self._report(part, "wrong", problem, Match(named) if named is not None else None)

    def _report(
        self, part: str, status: Status, problem: Problem, match: Match | None, seen: Facets | None = None
    ) -> PartReport:
        if status == "wrong":
            self.problems[part] = problem
        mistake = match.mistake if match is not None else None
        line = self._place(part, problem, match, seen)
        cell, number, code = self.document.place(line) if line else (None, None, "")
        says = sentence(problem.says)
        message = f"{mistake.does} {says}" if mistake is not None else says
        hints: tuple[str, str, str] | tuple[()] = ()
        if status == "wrong":
            one, two, three = mistake.hints if mistake is not None else generic_hints(part, problem, bool(line))
            hints = (one, f"{two} {says}" if mistake is not None else two, three)
        return PartReport(part, status, mistake.id if mistake is not None else None, cell, number, message, hints, code)

    def _alike(self, part: str, match: Match) -> tuple[float, list[int]]:
        """Return how much a line of the part is like one that the variant changes, and the lines that are most so."""
        if not match.variant or self.bench.outline is None:
            return 0.0, []
        places = self._places(part)
        lines = {line for place in places for line in range(place.lineno, (place.end_lineno or place.lineno) + 1)}
        likes: dict[int, float] = {}
        for line in sorted(lines):
            text = self.document.lines[line - 1].split("#")[0].strip()
            ratios = [difflib.SequenceMatcher(None, text, w, autojunk=False).ratio() for w in match.changed_lines()]
            likes[line] = max(ratios, default=0.0)
        best = max(likes.values(), default=0.0)
        return best, [line for line, like in likes.items() if like > best - 0.1]

    def _explained(self, part: str, match: Match) -> tuple[float, int]:
        """Return how well the lines that a variant changes are found in a part, and their number."""
        own = [
            self.document.lines[line - 1].split("#")[0].strip()
            for place in self._places(part)
            for line in range(place.lineno, (place.end_lineno or place.lineno) + 1)
        ]
        wrong = match.changed_lines()
        likes = [max(difflib.SequenceMatcher(None, t, w, autojunk=False).ratio() for t in own) for w in wrong if own]
        return (round(sum(likes) / len(likes), 2) if likes else 0.0), len(wrong)

    def _places(self, part: str) -> list[ast.stmt]:
        """Return the definitions, or the statements, that are judged as a part."""
        assert self.bench.outline is not None
        owner, method = sections(part)
        own = self.bench.outline.classes.get(owner)
        if method is not None and own is not None:
            members = [m for m in own.body if isinstance(m, _DEFINITIONS) and part_of(owner, m.name) == part]
            found: list[ast.stmt] = list(members)
        else:
            whole = self.bench.outline.find(owner)
            found = [whole] if whole is not None else []
        return found or [s for s in self.document.statements if not isinstance(s, _DEFINITIONS)]

    def _place(self, part: str, problem: Problem, match: Match | None, seen: Facets | None) -> int | None:
        """Return the line to blame."""
        if problem.line:
            return problem.line
        located = self._line(part, problem, seen)
        like, lines = self._alike(part, match) if match is not None else (0.0, [])
        if like < _LIKE or located in lines:
            return located
        return lines[0]

    def _line(self, part: str, problem: Problem, seen: Facets | None) -> int | None:
        owner, method = sections(part)
        outline = self.bench.outline
        if seen is not None and outline is not None:
            results = seen.get(problem.facet, {})
            function = outline.find(owner, method)
            crash = first_crash(results) or next(
                (first_crash(r) for r in results.values() if isinstance(r, dict) and first_crash(r)), None
            )
            if isinstance(crash, Crash) and owner not in ("data", "normalize", "split", "settings"):
                line = crash_line(results, function) or (
                    crash.line if crash.kind in ("NameError", "AttributeError") else None
                )
                if line:
                    return line
        line = PROBES[part].locate(self.bench, problem.facet)
        if line is None and outline is not None:
            found = outline.find(owner, method) or outline.find(owner)
            line = getattr(found, "lineno", None)
        return line
