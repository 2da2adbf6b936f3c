"""Name a mistake: compare what a part did with what the catalogue's variants do on the same probe."""

import ast
import contextlib
import io
import re
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

import numpy as np

from glasswork.classroom.catalogue import Mistake, changed, of_part, solution
from glasswork.classroom.handout import sections
from glasswork.classroom.limits import STUDENT, time_limit
from glasswork.classroom.probes import PROBES, Bench, Facets
from glasswork.classroom.probes.sections import DataTrace, Sections, statement_part
from glasswork.classroom.student.fixture import Mnist
from glasswork.classroom.student.images import Identifier, RowIdentifier
from glasswork.classroom.student.messages import pack, unpack
from glasswork.classroom.student.observe import same
from glasswork.classroom.student.outline import Outline, assigned_names, loaded_names
from glasswork.classroom.student.run import Event, StudentRun, execute, new_namespace
from glasswork.classroom.student.source import from_script

_SECTIONS = ("data", "normalize", "split", "settings")


@dataclass(frozen=True)
class Match:
    """A mistake that was recognised, and the variant that showed it (none for a rule)."""

    mistake: Mistake
    variant: tuple[str, ...] = ()

    def changed_lines(self) -> list[str]:
        """Return the lines of the variant that are not in the right solution."""
        right = set(map(str.strip, solution().split("\n")))
        return [line for line in map(str.strip, changed(self.variant).split("\n")) if line and line not in right]

    def explains(self, own: list[str]) -> tuple[float, int]:
        """Return how well the lines that the variant changes are found among others, and their number."""
        wrong = self.changed_lines()
        likes = [max(SequenceMatcher(None, t, w, autojunk=False).ratio() for t in own) for w in wrong if own]
        return (round(sum(likes) / len(likes), 2) if likes else 0.0), len(wrong)


@dataclass
class Catalogue:
    """The observations of the right solution and of every variant, made when they are first asked for."""

    mnist: Mnist
    identifier: Identifier
    _seen: dict[tuple[str, tuple[str, ...]], Facets] = field(default_factory=dict)
    _reference: dict[str, Any] = field(default_factory=dict)
    _small: tuple[Mnist, Identifier] | None = None

    def reference(self) -> dict[str, Any]:
        """Return the right classes and functions, as a namespace."""
        if not self._reference:
            self._reference.update(definitions(solution(), file="<right>"))
            self._reference["loss_fn"] = self._reference["MSELoss"]()
        return self._reference

    def observation(self, part: str, variant: tuple[str, ...] = ()) -> Facets:
        """Return what a variant does on a part's probe; the right solution without a variant."""
        if (part, variant) not in self._seen:
            with silent():
                bench = self.variant_bench(part, changed(variant))
            with contextlib.nullcontext() if part == "settings" else time_limit(10.0), silent():
                self._seen[part, variant] = unpack(pack(PROBES[part].observe(bench)))
        return self._seen[part, variant]

    def variant_bench(self, part: str, text: str) -> Bench:
        """Return the bench of a changed solution, with as little run as the part's probe needs."""
        owner, _ = sections(part)
        if part not in _SECTIONS:
            return Bench(definitions(text, owner, self.reference()), self.reference())
        document = from_script(text)
        namespace = new_namespace() | self.reference()
        statements = [s for s in document.statements if not isinstance(s, ast.ClassDef | ast.FunctionDef)]
        mnist, identifier = self._small_data()
        if part == "split":
            mnist, identifier = self.mnist, RowIdentifier()
            namespace |= {"X": np.arange(2.0 * len(self.mnist.labels)).reshape(-1, 2) // 2, "y": self.mnist.labels}
            statements = [s for s in statements if statement_part(s) == "split"]
        elif part == "settings":
            namespace |= small_split(mnist)
            at = next(i for i, s in enumerate(statements) if "in_features" in assigned_names(s))
            statements = statements[at:]
        else:
            namespace["fetch_openml"] = mnist.fetch_openml
            statements = [s for s in statements if statement_part(s) != "split" and not isinstance(s, ast.ImportFrom)]
        trace = DataTrace(mnist)
        run = StudentRun(Outline(document), namespace)
        for i, statement in enumerate(statements):
            if loaded_names(statement) & {
                "MLP",
                "MSELoss",
                "SGD",
                "model",
                "train",
                "test",
                "minibatch_generator",
                "optimizer",
            }:
                run.later = statements[i:]
                break
            event = Event(statement, execute(statement, namespace))
            run.events.append(event)
            trace.after(run, event)
        bench = Bench(namespace, self.reference())
        bench.memory |= {
            "sections": Sections(namespace, trace, identifier),
            "later": run.later,
            "good": set(PROBES),
        }
        return bench

    def _small_data(self) -> tuple[Mnist, Identifier]:
        if self._small is None:
            mnist = Mnist(self.mnist.images[:1500], self.mnist.labels[:1500])
            self._small = mnist, Identifier(mnist)
        return self._small

    def names(self, part: str, seen: Facets, facet: str, code: str) -> list[Match]:
        """Return the entries and variants that do exactly what was seen in all that they do wrong, and explain most."""
        right = self.observation(part)
        found: list[tuple[int, Match]] = []
        for mistake in (m for m in of_part(part) if re.search(m.code, code)):
            for variant in mistake.variants:
                wrong = self.observation(part, variant)
                differs = [f for f in wrong if not alike(wrong[f], right.get(f, {}))]
                if facet in differs and all(alike(wrong[f], seen.get(f, {})) for f in differs):
                    found.append((sum(len(wrong[f]) for f in differs), Match(mistake, variant)))
        most = max((score for score, _ in found), default=0)
        return [match for score, match in found if score == most]


def alike(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Return whether two facets hold the same results; names that begin with ``_`` are not compared."""
    a = {key: value for key, value in one.items() if not key.startswith("_")}
    b = {key: value for key, value in other.items() if not key.startswith("_")}
    return same(a, b)


def silent() -> contextlib.AbstractContextManager[object]:
    """Context manager: what is printed is dropped."""
    return contextlib.redirect_stdout(io.StringIO())


def right_split(mnist: Mnist) -> dict[str, Any]:
    """Return a right split of right data, for the settings of a file whose own split is wrong."""
    return _split(mnist, {"train": slice(0, 55_000), "valid": slice(55_000, 60_000), "test": slice(60_000, None)})


def small_split(mnist: Mnist) -> dict[str, Any]:
    """Return a right split of a few images."""
    return _split(mnist, {"train": slice(0, 900), "valid": slice(900, 1200), "test": slice(1200, 1500)})


def _split(mnist: Mnist, places: dict[str, slice]) -> dict[str, Any]:
    split: dict[str, Any] = {}
    for name, rows in places.items():
        split[f"X_{name}"] = (mnist.images[rows] / 255.0 - 0.5) * 2
        split[f"y_{name}"] = mnist.labels[rows]
    return split


def definitions(
    text: str, owner: str | None = None, others: dict[str, Any] | None = None, file: str = STUDENT
) -> dict[str, Any]:
    """Execute the classes and functions of a solution; with ``owner``, that one only, beside the others."""
    namespace = new_namespace() | (others or {})
    exec("import numpy as np", namespace)
    pieces = re.split(r"^(?=class |def )", text, flags=re.M)[1:]
    for piece in pieces:
        name = re.match(r"(?:class|def) (\w+)", piece)
        assert name is not None
        if owner is None or name[1] == owner:
            body = re.split(r"\n\n\n(?=\S)", piece)[0]
            exec(compile(body, file, "exec"), namespace)
    return namespace
