"""Probe of section 1: the images and labels, as they stand after the file's own statements."""

import ast
from typing import Any

import numpy as np

from glasswork.classroom.handout import CLASSES, FUNCTIONS
from glasswork.classroom.probes.base import Bench, Facets, Problem
from glasswork.classroom.probes.sections import (
    SWAPPED,
    Places,
    Sections,
    crash_problem,
    crash_property,
    is_labels,
    paired_share,
    places_of,
    sections_of,
    statement_part,
)
from glasswork.classroom.student.images import as_array, describe
from glasswork.classroom.student.observe import Crash, attempt
from glasswork.classroom.student.outline import assigned_names

#: The pixels of an image.
PIXELS = 28 * 28


def _kind(value: Any) -> str:
    name = type(value).__name__
    return {"DataFrame": "DataFrame", "Series": "Series", "ndarray": "array"}.get(name, name)


class DataProbe:
    """``data``: images and labels are arrays that the mini-batches can be taken from."""

    part = "data"

    def observe(self, bench: Bench) -> Facets:
        """Return what the part does."""
        sections = sections_of(bench)
        x, y = self._fed(sections, "X"), self._fed(sections, "y")
        facets: Facets = {"X": {}, "y": {}, "pairs": {}, "error": {}}
        if x is not None:
            facets["X"] = {"kind": _kind(x), "number": self._numeric(x)}
            facets["X"]["columns"] = self._columns(sections)
        if y is not None:
            facets["y"] = {"kind": _kind(y), "elements": self._elements(y)}
        if x is not None and y is not None:
            usable = self._usable(bench, x, y)
            if usable:
                facets["X"] |= {"kind": "array"}
                facets["y"] |= {"kind": "array", "elements": "integers"}
        facets["pairs"] = {"apart": self._shuffled_apart(sections)}
        problems = crash_problem(sections.trace.crashes, "data")
        facets["error"] = {"crash": problems[0].says if problems else "", "kinds": self._crash_kinds(sections)}
        facets["error"]["_crash"] = next((one.crash for one in sections.trace.crashes if one.part == "data"), None)
        return facets

    @staticmethod
    def _columns(sections: Sections) -> int:
        """Return how many pixels a row of X has."""
        shape: Any = getattr(sections.namespace.get("X"), "shape", ())
        return int(shape[1]) if len(shape) == 2 and 1 < shape[1] < PIXELS else PIXELS

    @staticmethod
    def _crash_kinds(sections: Sections) -> str:
        return " ".join(one.crash.kind + one.crash.name for one in sections.trace.crashes if one.part == "data")

    @staticmethod
    def _fed(sections: Sections, letter: str) -> Any:
        """Return what the training is fed with, or what the split is made from."""
        name = sections.split.get(f"{letter}_train")
        if name is not None:
            value = sections.namespace[name]
            if describe(value) is not None if letter == "X" else is_labels(value):
                return value
        source = sections.source_images() if letter == "X" else sections.source_labels()
        return None if source is None else source[1]

    @staticmethod
    def _numeric(x: Any) -> bool:
        return as_array(x, slice(0, 2)) is not None

    @staticmethod
    def _elements(y: Any) -> str:
        first = attempt(lambda: list(y.iloc[:50] if hasattr(y, "iloc") else y[:50]))
        if isinstance(first, Crash):
            return "unknown"
        if all(isinstance(v, str) for v in first):
            return "strings"
        if all(isinstance(v, int | np.integer) and not isinstance(v, bool) for v in first):
            return "integers"
        return "floats" if all(isinstance(v, float | np.floating) for v in first) else "unknown"

    @staticmethod
    def _usable(bench: Bench, x: Any, y: Any) -> bool:
        """Return whether the file's own generator, and its one-hot function, can take what they are fed with."""
        generator, onehot = bench.namespace.get("minibatch_generator"), bench.namespace.get("int_to_onehot")
        if not callable(generator) or not callable(onehot):
            return False
        first_x, first_y = (v.iloc[100:160] if hasattr(v, "iloc") else v[100:160] for v in (x, y))

        def batch() -> bool:
            for images, labels in generator(first_x, first_y, 10):
                rows = onehot(labels)
                return isinstance(images, np.ndarray) and np.asarray(rows).shape == (10, 10)
            return False

        return attempt(batch) is True

    @staticmethod
    def _shuffled_apart(sections: Sections) -> str:
        """Return whether the images no longer stand beside their labels, before the split."""
        x, y = sections.source_images(), sections.source_labels()
        if x is None or y is None or len(x[1]) != len(y[1]):
            return "unknown"
        share = paired_share(sections, x[1], y[1])
        return "unknown" if share is None else "apart" if share < 0.9 else "together"

    def problems(self, seen: Facets) -> list[Problem]:
        """Return which properties the part lacks."""
        found: list[Problem] = []
        x, y = seen["X"], seen["y"]
        if seen["error"]["kinds"].startswith(SWAPPED):  # whatever else is seen comes of it
            return [Problem("error", "result", seen["error"]["crash"])]
        if seen["error"]["crash"]:
            found.append(Problem("error", crash_property(seen["error"]["crash"]), seen["error"]["crash"]))
        if x.get("columns", PIXELS) < PIXELS:
            says = f"a row of X has {x['columns']} numbers; expected {PIXELS}, one for each of 28·28 pixels."
            found.append(Problem("X", "shape", says))
        elif x.get("kind") == "DataFrame":
            found.append(
                Problem(
                    "X", "type", "X is still a DataFrame: X[[4, 7]] asks for the columns 4 and 7, not for rows. Expected: a NumPy array.",
                )
            )  # fmt: skip
        elif x and x.get("kind") not in ("array", "Tensor") and x.get("kind") is not None:
            found.append(Problem("X", "type", f"X is a {x['kind']}; expected a NumPy array."))
        if y.get("elements") == "strings":
            found.append(
                Problem(
                    "y", "type", "the labels are strings such as '5', not the number 5; they cannot be used as indices."
                )
            )
        elif y.get("elements") == "floats":
            found.append(Problem("y", "dtype", "the labels are floats such as 5.0; they cannot be used as indices."))
        elif y.get("kind") == "Series":
            found.append(
                Problem(
                    "y", "type", "y is still a Series: after a split or a shuffle, y[[4, 7]] looks for rows *named* 4 and 7, not for the rows "
                    "at these places. Expected: a NumPy array of integers.",
                )
            )  # fmt: skip
        if seen["pairs"]["apart"] == "apart":
            found.append(
                Problem(
                    "pairs",
                    "content",
                    "the images have been moved without their labels: most images now stand beside another's label.",
                )
            )
        return found

    def locate(self, bench: Bench, facet: str) -> int | None:
        """Return the line that decides a facet."""
        places = places_of(bench)
        facts = places.facts
        if facet == "error":
            problems = crash_problem(facts.crashes, "data")
            return problems[0].line if problems else None
        if facet == "pairs":
            return _order_line(places)
        name = (facts.images or "X") if facet == "X" else (facts.labels or "y")
        lines = [
            (places.line_making if facet == "X" else places.line_making_alone)(name, s.lineno) for s in places.statements
            if name in assigned_names(s) and statement_part(s) == "data"
        ]  # fmt: skip
        return lines[-1] if lines else (facts.steps[0].line if facts.steps else None)


def _order_line(places: Places) -> int | None:
    """Return the line of the call that moves the rows of one of X and y."""
    own = (s for s in places.statements if getattr(s, "name", "") not in (*FUNCTIONS, *CLASSES))
    for node in (n for statement in own for n in ast.walk(statement)):
        word = getattr(node, "attr", getattr(node, "id", ""))
        if word in ("shuffle", "permutation", "permuted", "sort", "argsort", "choice", "sample"):
            return getattr(node, "lineno", None)
    return places.line_binding("X")
