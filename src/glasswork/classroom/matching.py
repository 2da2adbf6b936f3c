"""Name a mistake: compare what a part did with what the catalogue's variants do on the same probe."""

from dataclasses import dataclass, field
from typing import Any

from glasswork.classroom.catalogue import Mistake, changed, of_part, solution
from glasswork.classroom.fixture import Mnist
from glasswork.classroom.images import Identifier
from glasswork.classroom.observe import same
from glasswork.classroom.outline import Outline
from glasswork.classroom.probes import PROBES, Bench, Facets
from glasswork.classroom.probes.sections import DataTrace, Sections
from glasswork.classroom.source import from_script
from glasswork.classroom.student import execute, new_namespace, run_student

_SECTIONS = ("data", "normalize", "split", "settings")
_TOGETHER = ("data", "normalize", "split")


@dataclass(frozen=True)
class Match:
    """A mistake that was recognised, and the variant that showed it (none for a rule)."""

    mistake: Mistake
    variant: tuple[str, ...] = ()

    def changed_lines(self) -> list[str]:
        """Return the lines of the variant that are not in the right solution."""
        right = set(map(str.strip, solution().split("\n")))
        return [line for line in map(str.strip, changed(self.variant).split("\n")) if line and line not in right]


@dataclass
class Catalogue:
    """The observations of the right solution and of every variant, made when they are first asked for."""

    mnist: Mnist
    identifier: Identifier
    _seen: dict[tuple[str, tuple[str, ...]], Facets] = field(default_factory=dict)
    _reference: dict[str, Any] = field(default_factory=dict)

    def reference(self) -> dict[str, Any]:
        """Return the right classes and functions, as a namespace."""
        if not self._reference:
            self._reference.update(definitions(solution()))
            self._reference["loss_fn"] = self._reference["MSELoss"]()
        return self._reference

    def observation(self, part: str, variant: tuple[str, ...] = ()) -> Facets:
        """Return what a variant does on a part's probe; the right solution without a variant."""
        if (part, variant) not in self._seen:
            bench = self.variant_bench(part, changed(variant))
            bench.memory[part] = PROBES[part].observe(bench)
            self._seen[part, variant] = bench.memory[part]
        return self._seen[part, variant]

    def variant_bench(self, part: str, text: str) -> Bench:
        """Return the bench of a changed solution."""
        if part not in _SECTIONS:
            return Bench(definitions(text), self.reference())
        document = from_script(text)
        trace = DataTrace(self.mnist)
        run = run_student(document, trace.after)
        bench = Bench(run.namespace, self.reference())
        bench.memory |= {
            "sections": Sections(run.namespace, trace, self.identifier, document.statements),
            "later": run.later,
            "all statements": document.statements,
            "good": set(PROBES),
        }
        return bench

    def name(self, part: str, seen: Facets, facet: str) -> Match | None:
        """Return the entry, and its variant, that does exactly what was seen, in all that it does wrong."""
        right = self.observation(part)
        best: tuple[int, Match] | None = None
        for mistake in of_part(part):
            for variant in mistake.variants:
                wrong = self.observation(part, variant)
                differs = [f for f in wrong if not alike(wrong[f], right.get(f, {}))]
                if facet in differs and all(alike(wrong[f], seen.get(f, {})) for f in differs):
                    score = sum(len(wrong[f]) for f in differs)
                    if best is None or score > best[0]:
                        best = (score, Match(mistake, variant))
        return best[1] if best else None


def alike(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Return whether two facets hold the same results; names that begin with ``_`` are not compared."""
    a = {key: value for key, value in one.items() if not key.startswith("_")}
    b = {key: value for key, value in other.items() if not key.startswith("_")}
    return same(a, b)


def definitions(text: str) -> dict[str, Any]:
    """Execute the classes, functions and the import of NumPy of a solution."""
    document = from_script(text)
    outline = Outline(document)
    namespace = new_namespace()
    exec("import numpy as np", namespace)
    for definition in (*outline.classes.values(), *outline.functions.values()):
        execute(definition, namespace)
    return namespace
