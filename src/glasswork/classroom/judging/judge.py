"""Judge a file, part by part, by what another process says that it did: no student's code runs here."""

import ast
import difflib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from glasswork.classroom.catalogue import mistakes, to_begin
from glasswork.classroom.handout import OPTIONAL, PARTS, SIZES, part_of, sections
from glasswork.classroom.judging import rules, structure
from glasswork.classroom.judging.ending import is_refuted
from glasswork.classroom.judging.matching import Catalogue, Match
from glasswork.classroom.judging.slowness import PARTS as COUNTED, slowness
from glasswork.classroom.judging.whole import NOT_IN_TRAINING, can_be_spared
from glasswork.classroom.probes import PROBES, Bench, Facets, Problem
from glasswork.classroom.probes.base import crash_line, first_crash
from glasswork.classroom.probes.sections import Places
from glasswork.classroom.report import PartReport, Status
from glasswork.classroom.student import messages
from glasswork.classroom.student.messages import LostError, Ran, SectionFacts
from glasswork.classroom.student.observe import Crash
from glasswork.classroom.student.outline import Outline, assigned_names
from glasswork.classroom.student.run import divide
from glasswork.classroom.student.source import Document
from glasswork.classroom.student.whole_file import Ending

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

_SECTIONS = ("data", "normalize", "split", "settings")

_MOVED = "the division by the batch size stands in Linear.backward, not in MSELoss.backward: together they are right."
_TOGETHER = "departs from the handout, but this file's parts fit one another: together they train as the handout's do."
_ELSEWHERE = "the data come from a place that is not available here; the rest was judged on the embedded MNIST."

#: How like a line has to be to the catalogue's to be taken for it.
_LIKE = 0.72
_ALIKE = 0.5

#: The order of judging: what the last parts use is judged first.
_ORDER = (*(p for p in PARTS if p != "settings"), "settings")

#: What is known of a file that could not be run.
_UNSEEN = Ran([], [], {}, SectionFacts([], [], {}, None, None, 0))


@dataclass
class Judge:
    """Judges one document.

    Parameters
    ----------
    catalogue : Catalogue
    document : Document
    ask : callable
        Returns an observation of the document, made elsewhere, or raises `LostError`; it is given the fields of a
        `glasswork.classroom.student.messages.Request`.
    ending : Ending, optional
        How the file ended when it was run from top to bottom.
    """

    catalogue: Catalogue
    document: Document
    ask: Callable[..., messages.Result]
    ending: Ending | None = None
    reports: dict[str, PartReport] = field(default_factory=dict)
    problems: dict[str, Problem] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    good: set[str] = field(default_factory=set)
    ran: Ran = _UNSEEN
    lost: LostError | None = None
    is_loss_told: bool = False
    whole: messages.Trained | None = None

    def run(self) -> list[PartReport]:
        """Judge all parts."""
        self._execute()
        for part in _ORDER:
            if part == "settings":
                self._spare()
            try:
                report = self._judge(part)
            except LostError as lost:
                report = self._not_seen(part, lost)
            except Exception as error:  # an answer of a form that nobody foresaw earns nothing, and accuses nobody
                report = self._not_judged(part, type(error).__name__)
            if report is not None:
                if report.status == "open":
                    report = replace(report, hints=report.hints or to_begin(part))
                self.reports[part] = report
                if report.status in ("done", "remark"):
                    self.good.add(part)
        for part in self._moved_division():
            self.reports[part] = PartReport(part, "remark", message=_MOVED)
        self._spare()
        return [self.reports[part] for part in PARTS if part in self.reports]

    def _spare(self) -> None:
        """Turn into remarks what is wrong by itself in a file whose own parts, together, do as the handout's do."""
        wrong = [
            part
            for part, problem in self.problems.items()
            if self.reports[part].status == "wrong" and can_be_spared(part, problem, self.reports[part].mistake)
        ]
        stopped = self.ending is not None and self.ending.how == "error"
        if not wrong or stopped or not self.later or self.lost is not None:
            return
        if self.whole is None:
            try:
                told = self.ask("train")
            except LostError as lost:
                self.lost = lost
                return
            self.whole = told if isinstance(told, messages.Trained) else messages.Trained(trains=False, crashed=True)
        for part in wrong:
            if self.whole.trains and (part not in NOT_IN_TRAINING or not self.whole.crashed):
                report = self.reports[part]
                message = f"{_TOGETHER} {report.message}"
                self.reports[part] = replace(report, status="remark", message=message, hints=())
                self.good.add(part)

    def _moved_division(self) -> tuple[str, ...]:
        """Return the two parts between which the division by the batch size was moved, if it was: together right."""
        pair = {"Linear.backward": "backward-divided-by-batch", "MSELoss.backward": "mse-backward-not-divided"}
        moved = all(part in self.reports and self.reports[part].mistake == name for part, name in pair.items())
        return tuple(pair) if moved else ()

    def _execute(self) -> None:
        """Have the file run as far as its data."""
        self.outline = Outline(self.document)
        *_, self.later = divide(self.outline)
        self.numpy = structure.missing_numpy(self.document)
        self.syntax = structure.syntax_problems(self.document)
        self.aliases = structure.aliases(self.outline)
        names = {name: alias for name, (alias, _) in self.aliases.items()}
        try:
            ran = self.ask("run", names=names, has_numpy=self.numpy is None)
            if isinstance(ran, Ran):
                self.ran = ran
            else:
                self.lost = LostError("disturbed", f"what the file leaves behind cannot be told: {ran}")
        except LostError as lost:
            self.lost = lost
        for name, alias in names.items():
            if alias in self.ran.names:
                kind = self.outline.classes if alias in self.outline.classes else self.outline.functions
                kind[name] = kind[alias]  # type: ignore[assignment]
        self.bench = Bench({}, {}, self.outline, {"places": Places(self.document.statements, self.ran.sections)})

    def _not_judged(self, part: str, reason: str) -> PartReport:
        self.faults.append(f"{part}: {reason}")
        return PartReport(part, "blocked", message=f"could not be judged ({reason}).")

    def _not_seen(self, part: str, lost: LostError) -> PartReport:
        """Report a part of which there is no observation; the first one is where the submission ended its process."""
        if lost.why == "disturbed":
            return self._not_judged(part, str(lost))
        if self.is_loss_told or any(report.mistake == "endless-loop" for report in self.reports.values()):
            return PartReport(part, "blocked", message="cannot be judged: the check did not come to its end.")
        self.is_loss_told = True
        if lost.why == "out of time":
            return self._wrong(part, Problem("error", "error", str(lost), lost.line, "endless-loop"))
        hints = (
            "Look for exit(), quit() or os._exit(), and for arrays that are far larger than the data.",
            str(lost),
            "Take out what ends the program, or print the shapes of the arrays before the line that fails.",
        )
        return PartReport(part, "wrong", message=str(lost), hints=hints)

    # One part ----------------------------------------------------------------------------------------

    def _judge(self, part: str) -> PartReport | None:
        owner, _ = sections(part)
        if part == "data" and self.numpy is not None:  # reported once; everything else is judged as if it were there
            return self._wrong(part, self.numpy)
        if part in self.syntax:
            return self._wrong(part, self.syntax[part])
        if part in _SECTIONS:
            return self._judge_section(part)
        if owner in self.aliases and self.aliases[owner][1] is not None and part == structure.first_part(owner):
            return self._wrong(part, self.aliases[owner][1])
        if self.outline.find(owner) is None:
            says = structure.not_found(self.outline, owner)
            return None if part in OPTIONAL else PartReport(part, "not found", message=says)
        misplaced = structure.method_problem(self.outline, part)
        if misplaced is not None:
            return self._wrong(part, misplaced)
        if structure.is_unfinished(self.outline, part):
            return PartReport(part, "open", message=structure.why_open(self.outline, part))
        if owner not in self.ran.names and self.lost is None:
            return self._not_defined(part, owner)
        return self._probe(part)

    def _not_defined(self, part: str, owner: str) -> PartReport:
        """Report a class or function whose definition itself failed."""
        if owner in self.ran.undefined:
            if part != structure.first_part(owner):
                return PartReport(part, "blocked", message=f"{owner} cannot be made until its definition is mended.")
            line, crash = self.ran.undefined[owner]
            return self._wrong(part, Problem("error", "error", f"the definition stops with {crash}.", line))
        return PartReport(part, "blocked", message=f"{owner} is not defined when the file has run.")

    def _judge_section(self, part: str) -> PartReport | None:
        if self.lost is not None:
            raise self.lost
        data = self.ran.sections
        if part == "split":
            names = {"X_train", "X_valid", "X_test"}
            fails = any(one.part == "split" for one in data.crashes)
            if says := structure.empty_function(self.outline, data.crashes):
                return PartReport(part, "open", message=says)
            begun = names & {name for s in self.document.statements for name in assigned_names(s)}
            unwritten = not begun or names <= set(self.ran.dots)
            if not data.split and unwritten and not fails:
                if not data.steps and not data.crashes:
                    return self._absent(part, "The file does not split any data.")
                return PartReport(part, "open", message="still to be written: there is no X_train, X_valid, X_test.")
            if data.split and not (begun | data.split.keys()) & {"X_train", "X_valid"} and not fails:
                says = "still to be written: the second split, which makes X_train and X_valid."
                return PartReport(part, "open", message=says, hints=mistakes()["one-split-only"].hints)
        if part == "data" and not (data.steps or data.crashes):
            return self._absent(part, "The file does not load any images.")
        if part == "data" and structure.are_from_elsewhere(data):
            return PartReport("data", "remark", message=_ELSEWHERE)
        if part == "normalize" and (says := structure.open_scaling(self.document)):
            return PartReport(part, "open", message=says)
        if part == "normalize" and not data.steps:
            if any(one.part == "data" for one in data.crashes):
                return PartReport(part, "blocked", message="cannot be judged until the data are there.")
            return self._absent(part, "The file does not load any images.")
        if part == "settings" and not self.later:
            return self._absent(part, "The file makes no model, loss and optimizer.")
        return self._probe(part)

    def _absent(self, part: str, says: str) -> PartReport:
        return PartReport(part, "not found", message=f"{says}{structure.never_called(self.outline)}")

    def _probe(self, part: str) -> PartReport:
        told = self.ask("observe", part=part, good=tuple(self.good))
        if not isinstance(told, messages.Observed):
            return self._not_judged(part, told.reason if isinstance(told, messages.Nothing) else "another answer")
        seen = told.unpacked()
        self.bench.memory[part] = seen
        problems = [p for p in PROBES[part].problems(seen) if not is_refuted(self.ending, part, p)]
        wrong = [p for p in problems if not p.remark]
        if not wrong:
            if problems:
                mistake = self._named(part, seen, problems[0])
                return self._report(part, "remark", problems[0], mistake)
            lines = self.ask("count lines", part=part) if part in COUNTED else None
            slow = slowness(lines) if isinstance(lines, messages.Lines) else None
            says = slow or structure.other_name(self.aliases, part)
            return PartReport(part, "remark", message=says) if says else PartReport(part, "done")
        named = [(p, self._named(part, seen, p)) for p in wrong]
        problem, mistake = next(((p, m) for p, m in named if m is not None), named[0])
        return self._report(part, "wrong", problem, mistake, seen)

    def _named(self, part: str, seen: Facets, problem: Problem) -> Match | None:
        if part == "split" and problem.facet == "sizes" and self.document.sizes != SIZES:
            return None  # the catalogue's mistakes miss the handout's sizes
        results = seen.get("error" if problem.facet == "stop" else problem.facet, {})
        rule = problem.mistake or rules.named_by_rule(results, () if part in _SECTIONS else self.ran.names)
        if rule is not None:
            return Match(mistakes()[rule])
        matches = self.catalogue.names(part, seen, problem.facet, "\n".join(self._lines(part).values()))
        match = max(matches, key=lambda m: self._explained(part, m), default=None)
        # Errors alone, of a kind that has many causes, do not tell one from another: the line has to be alike, too.
        if match is not None and rules.only_crashes(results):
            others = self.catalogue.observation(part, match.variant).get(problem.facet, {})
            return match if rules.same_error(results, others) and self._alike(part, match)[0] >= _ALIKE else None
        return match

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
        says = rules.sentence(problem.says)
        message = f"{mistake.does} {rules.without_repeats(says, mistake.does)}".strip() if mistake is not None else says
        hints: tuple[str, ...] = ()
        if status == "wrong":
            hints = mistake.hints if mistake is not None else rules.generic_hints(part, problem, bool(line))
        return PartReport(part, status, mistake.id if mistake is not None else None, cell, number, message, hints, code)

    def _alike(self, part: str, match: Match) -> tuple[float, list[int]]:
        """Return how much a line of the part is like one that the variant changes, and the lines that are most so."""
        if not match.variant:
            return 0.0, []
        likes: dict[int, float] = {}
        for line, text in self._lines(part).items():
            ratios = [difflib.SequenceMatcher(None, text, w, autojunk=False).ratio() for w in match.changed_lines()]
            likes[line] = max(ratios, default=0.0)
        best = max(likes.values(), default=0.0)
        return best, [line for line, like in likes.items() if like > best - 0.1]

    def _explained(self, part: str, match: Match) -> tuple[float, int]:
        """Return how well the lines that a variant changes are found in a part, and their number."""
        return match.explains(list(self._lines(part).values()))

    def _lines(self, part: str) -> dict[int, str]:
        """Return the lines of a part by their numbers, without comments."""
        numbers = {n for place in self._places(part) for n in range(place.lineno, (place.end_lineno or 0) + 1)}
        return {n: self.document.lines[n - 1].split("#")[0].strip() for n in sorted(numbers)}

    def _places(self, part: str) -> list[ast.stmt]:
        """Return the definitions, or the statements, that are judged as a part."""
        owner, method = sections(part)
        own = self.outline.classes.get(owner)
        if method is not None and own is not None:
            members = [m for m in own.body if isinstance(m, _DEFINITIONS) and part_of(owner, m.name) == part]
            found: list[ast.stmt] = list(members)
        else:
            whole = self.outline.find(owner)
            found = [whole] if whole is not None else []
        return found or [s for s in self.document.statements if not isinstance(s, _DEFINITIONS)]

    def _place(self, part: str, problem: Problem, match: Match | None, seen: Facets | None) -> int | None:
        """Return the line to blame."""
        if problem.line:
            return problem.line
        located = self._line(part, problem, seen)
        if problem.exact:
            return located
        like, lines = self._alike(part, match) if match is not None else (0.0, [])
        return located if like < _LIKE or located in lines else lines[0]

    def _line(self, part: str, problem: Problem, seen: Facets | None) -> int | None:
        owner, method = sections(part)
        if seen is not None:
            results = seen.get(problem.facet, {})
            function = self.outline.find(owner, method)
            crash = first_crash(results) or next(
                (first_crash(r) for r in results.values() if isinstance(r, dict) and first_crash(r)), None
            )
            if isinstance(crash, Crash) and owner not in _SECTIONS:
                line = crash_line(results, function) or (
                    crash.line if crash.kind in ("NameError", "AttributeError") else None
                )
                if line:
                    return line
        line = PROBES[part].locate(self.bench, problem.facet)
        if line is None:
            found = self.outline.find(owner, method) or self.outline.find(owner)
            line = getattr(found, "lineno", None)
        return line
