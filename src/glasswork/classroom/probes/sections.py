"""Probes of sections 1 and 2: the data, their scale and their split, as they stand after the file's own statements."""

import ast
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from glasswork.classroom.fixture import Mnist
from glasswork.classroom.images import Identifier, ImagesState, as_array, describe, find_split
from glasswork.classroom.observe import Crash, attempt, show
from glasswork.classroom.outline import assigned_names, loaded_names
from glasswork.classroom.probes.base import Bench, Facets, Problem
from glasswork.classroom.student import Event, StudentRun

_SETS = ("train", "valid", "test")
_SIZES = {"train": 55_000, "valid": 5_000, "test": 10_000}


@dataclass
class DataTrace:
    """Follows the images and labels through sections 1 and 2, statement by statement."""

    mnist: Mnist
    steps: list[tuple[Event, str, ImagesState]] = field(default_factory=list)
    crashes: list[tuple[str, Event]] = field(default_factory=list)  # (part, event)
    labels: dict[str, Any] = field(default_factory=dict)
    images: dict[str, Any] = field(default_factory=dict)
    _last: dict[str, ImagesState] = field(default_factory=dict)

    def after(self, run: StudentRun, event: Event) -> None:
        """Note what a statement did; put right data in the place of what it failed to make."""
        if isinstance(event.statement, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom):
            if event.crash is not None and isinstance(event.statement, ast.Import | ast.ImportFrom):
                self.crashes.append(("import", event))
            return
        for name, value in list(run.namespace.items()):
            if name.startswith("__"):
                continue
            state = describe(value)
            if state is not None:
                self.images[name] = value
                if self._last.get(name) != state:
                    self._last[name] = state
                    self.steps.append((event, name, state))
            elif _is_labels(value):
                self.labels[name] = value
        if event.crash is not None and event.crash.kind != "_":
            part = statement_part(event.statement)
            if part is not None:
                self.crashes.append((part, event))
                if part != "split":
                    self._repair(run.namespace, part)

    def _repair(self, namespace: dict[str, Any], part: str) -> None:
        x, y = namespace.get("X"), namespace.get("y")
        if part == "data" and not isinstance(x, np.ndarray):
            namespace["X"] = self.mnist.pixels.astype(np.int64)
        if part == "normalize":
            namespace["X"] = (self.mnist.pixels / 255.0 - 0.5) * 2
        if not (isinstance(y, np.ndarray) and y.dtype.kind in "iu"):
            namespace["y"] = self.mnist.labels.copy()


def statement_part(statement: ast.stmt) -> str | None:
    """Return to which of the first three parts a statement belongs, to say where an error happened."""
    names, loads = assigned_names(statement), loaded_names(statement)
    words = {n.attr for n in ast.walk(statement) if isinstance(n, ast.Attribute)} | loads
    if "train_test_split" in words or any(re.search(r"(^|_)(train|valid?|test|temp)", n, re.I) for n in names):
        return "split"
    if {"fetch_openml", "load_data"} & words:
        return "data"
    if names & {"X", "y"} or loads & {"X", "y"}:
        if not names & {"X", "y"} and not isinstance(statement, ast.Expr):
            return None
        arithmetic = [n for n in ast.walk(statement) if isinstance(n, ast.BinOp | ast.AugAssign)]
        return "normalize" if arithmetic and "X" in (names | loads) else "data"
    return None


def _is_labels(value: Any) -> bool:
    shape = getattr(value, "shape", None)
    return isinstance(shape, tuple) and len(shape) == 1 and shape[0] >= 1000


@dataclass
class Sections:
    """All that the three probes need: the file's variables after it ran, and how they came about."""

    namespace: dict[str, Any]
    trace: DataTrace
    identifier: Identifier
    statements: list[ast.stmt] = field(default_factory=list)
    known_rows: dict[str, Any] = field(default_factory=dict)  # set -> which rows of MNIST it holds

    @property
    def split(self) -> dict[str, str]:
        """The variables of the split, by role."""
        return find_split(self.namespace)

    def line_binding(self, name: str) -> int | None:
        """Return the line of the last statement that binds a name."""
        lines = [s.lineno for s in self.statements if name in assigned_names(s)]
        return lines[-1] if lines else None

    def source_images(self) -> tuple[str, Any] | None:
        """Return the variable with all images."""
        for name in ("X", *self.trace.images):
            if name in self.trace.images and len(self.trace.images[name]) >= 0.85 * len(self.trace.mnist.labels):
                return name, self.namespace.get(name, self.trace.images[name])
        return None

    def source_labels(self) -> tuple[str, Any] | None:
        """Return the variable with all labels."""
        for name in ("y", *self.trace.labels):
            if name in self.trace.labels and len(self.trace.labels[name]) >= 0.85 * len(self.trace.mnist.labels):
                return name, self.namespace.get(name, self.trace.labels[name])
        return None


def sections_of(bench: Bench) -> Sections:
    """Return the sections of a bench."""
    sections: Sections = bench.memory["sections"]
    return sections


def crash_problem(bench: Bench, part: str) -> list[Problem]:
    """Return the problem of a statement of a part that failed."""
    for of, event in sections_of(bench).trace.crashes:
        if of == part and event.crash is not None:
            crash = event.crash
            what = "does not end" if crash.kind == "OutOfTime" else f"stops with {show(crash)}"
            return [Problem("error", "error", f"This statement {what}.", crash.line or event.statement.lineno)]
    return []


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
        if y is not None:
            facets["y"] = {"kind": _kind(y), "elements": self._elements(y)}
        if x is not None and y is not None:
            usable = self._usable(bench, x, y)
            if usable:
                facets["X"] |= {"kind": "array"}
                facets["y"] |= {"kind": "array", "elements": "integers"}
        facets["pairs"] = {"apart": self._shuffled_apart(sections)}
        problems = crash_problem(bench, "data")
        facets["error"] = {"crash": problems[0].says if problems else "", "kinds": self._crash_kinds(sections)}
        return facets

    @staticmethod
    def _crash_kinds(sections: Sections) -> str:
        return " ".join(e.crash.kind + e.crash.name for p, e in sections.trace.crashes if p == "data" and e.crash)

    @staticmethod
    def _fed(sections: Sections, letter: str) -> Any:
        """Return what the training is fed with, or what the split is made from."""
        name = sections.split.get(f"{letter}_train")
        if name is not None:
            value = sections.namespace[name]
            if describe(value) is not None if letter == "X" else _is_labels(value):
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
        if seen["error"]["crash"]:
            found.append(Problem("error", "error", seen["error"]["crash"]))
        if x.get("kind") == "DataFrame":
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
                    "value",
                    "the images have been moved without their labels: most images now stand beside another's label.",
                )
            )
        return found

    def locate(self, bench: Bench, facet: str) -> int | None:
        """Return the line that decides a facet."""
        sections = sections_of(bench)
        if facet == "error":
            problems = crash_problem(bench, "data")
            return problems[0].line if problems else None
        if facet == "pairs":
            return _order_line(sections)
        name = "X" if facet == "X" else "y"
        source = sections.source_images() if facet == "X" else sections.source_labels()
        before = [e.statement for e, *_ in sections.trace.steps]
        name = source[0] if source else name
        lines = [
            s.lineno for s in sections.statements
            if name in assigned_names(s) and statement_part(s) == "data"
        ]  # fmt: skip
        return lines[-1] if lines else (before[0].lineno if before else None)


def _order_line(sections: Sections) -> int | None:
    """Return the line of the statement that moves the rows of one of X and y."""
    for statement in sections.statements:
        words = {n.attr for n in ast.walk(statement) if isinstance(n, ast.Attribute)}
        words |= {n.id for n in ast.walk(statement) if isinstance(n, ast.Name)}
        if words & {"shuffle", "permutation", "permuted", "sort", "argsort", "choice", "sample"}:
            return statement.lineno
    return sections.line_binding("X")


def paired_share(sections: Sections, x: Any, y: Any) -> float | None:
    """Return the share of images that stand beside their own label, from a sample; None where it cannot be told."""
    count = min(len(x), len(y))
    rows = np.random.RandomState(0).permutation(count)[:300]
    found = sections.identifier.identify(x, rows)
    labels = attempt(lambda: np.asarray(y.iloc[rows] if hasattr(y, "iloc") else y[rows]).astype(float))
    if found is None or isinstance(labels, Crash):
        return None
    if labels.ndim == 2 and labels.shape[1] == 10:
        labels = labels.argmax(1).astype(float)
    if labels.ndim != 1 or (found >= 0).mean() < 0.8:
        return None
    known = found >= 0
    return float((sections.trace.mnist.labels[found[known]] == labels[known]).mean())


class NormalizeProbe:
    """``normalize``: to what the pixels 0, about 128, and 255 are mapped."""

    part = "normalize"

    def observe(self, bench: Bench) -> Facets:
        """Return what the part does."""
        sections = sections_of(bench)
        split = sections.split
        facets: Facets = {"scale": {}, "sets": {}, "error": {}}
        sets = {s: sections.namespace[split[f"X_{s}"]] for s in _SETS if f"X_{s}" in split}
        sets = {s: v for s, v in sets.items() if describe(v) is not None}
        if not sets and (source := sections.source_images()):
            sets = {"all": source[1]}
        seen = {name: self._mapping(sections, value, bench) for name, value in sets.items()}
        if seen:
            facets["scale"] = next(iter(seen.values()))
            facets["sets"] = {"alike": self._alike(seen)}
        problems = crash_problem(bench, "normalize")
        facets["error"] = {"crash": problems[0].says if problems else ""}
        return facets

    @staticmethod
    def _alike(seen: dict[str, dict[str, Any]]) -> str:
        first = next(iter(seen.values()))
        wide = abs(first["high"] - first["low"])
        for name, other in seen.items():
            if max(abs(other["low"] - first["low"]), abs(other["high"] - first["high"])) > max(0.5, 0.4 * wide):
                return f"the {name} images lie between {show(other['low'])} and {show(other['high'])}"
        return "yes"

    @staticmethod
    def _mapping(sections: Sections, x: Any, bench: Bench) -> dict[str, Any]:
        rows = np.random.RandomState(1).permutation(len(x))[:300]
        array = as_array(x, rows)
        assert array is not None
        generator = bench.namespace.get("minibatch_generator")
        if float(array.max()) > 3 and callable(generator) and not hasattr(x, "iloc"):
            batch = attempt(lambda: np.asarray(next(iter(generator(x[:200], np.zeros(200, int), 100)))[0]))
            if isinstance(batch, np.ndarray) and batch.ndim == 2 and batch.dtype.kind == "f" and batch.max() <= 3:
                array, rows = batch, np.arange(0)  # the generator scales each batch
        array = array.reshape(len(array), -1).astype(float)
        low, high = float(array.min()), float(array.max())
        middle = "unknown"
        found = sections.identifier.identify(x, rows) if len(rows) else None
        if found is not None and (found >= 0).mean() > 0.8 and array.shape[1] == len(sections.trace.mnist.columns):
            known = (found >= 0)[:, None] & (np.abs(sections.trace.mnist.pixels[found].astype(int) - 128) <= 6)
            if known.any() and high > low:
                share = (float(array[known].mean()) - low) / (high - low)
                middle = "half" if 0.35 < share < 0.65 else "low" if share <= 0.35 else "high"
        levels = "few" if len(np.unique(array[:100])) <= 4 else "many"
        return {"low": round(low, 3), "high": round(high, 3), "middle": middle, "levels": levels}

    def problems(self, seen: Facets) -> list[Problem]:
        """Return which properties the part lacks."""
        if seen["error"]["crash"]:
            return [Problem("error", "error", seen["error"]["crash"])]
        scale = seen["scale"]
        if not scale:
            return []
        low, high = scale["low"], scale["high"]
        says = f"the pixels 0 and 255 become {show(low)} and {show(high)}; expected -1 and 1"
        if scale["levels"] == "few":
            return [Problem("scale", "dtype", f"{says}. Nearly all grey values between them are lost.")]
        if seen["sets"]["alike"] != "yes":
            return [
                Problem(
                    "sets", "scale", f"the training images lie between {show(low)} and {show(high)}, but {seen['sets']['alike']}: "
                    "all three sets need the same scale.",
                )
            ]  # fmt: skip
        if scale["middle"] in ("low", "high"):
            return [Problem("scale", "value", f"{says}, and 128 about half-way between them.")]
        if abs(low + 1) < 0.03 and abs(high - 1) < 0.03:
            return []
        harmless = (
            (abs(low) < 0.03 and abs(high - 1) < 0.03)
            or (abs(low + 0.5) < 0.03 and abs(high - 0.5) < 0.03)
            or (-5 < low < -0.2 and 1.2 < high < 20 and abs(low) < high)  # mean 0, standard deviation 1
        )
        if harmless:
            return [Problem("scale", "scale", f"{says}. It trains all the same.", remark=True)]
        return [Problem("scale", "scale", f"{says}.")]

    def locate(self, bench: Bench, facet: str) -> int | None:
        """Return the line that decides a facet."""
        sections = sections_of(bench)
        if facet == "error":
            problems = crash_problem(bench, "normalize")
            return problems[0].line if problems else None
        changes = []
        low_high: dict[str, tuple[float, float]] = {}
        for event, name, state in sections.trace.steps:
            before = low_high.get(name)
            if before is not None and before != (state.low, state.high):
                changes.append(event.statement.lineno)
            low_high[name] = (state.low, state.high)
        if changes:
            return changes[-1]
        source = sections.source_images()
        lines = [
            s.lineno
            for s in sections.statements
            if source and source[0] in assigned_names(s) and statement_part(s) != "split"
        ]
        return lines[-1] if lines else None


class SplitProbe:
    """``split``: 55,000, 5,000 and 10,000 rows, none of them twice, images with their labels."""

    part = "split"

    def observe(self, bench: Bench) -> Facets:
        """Return what the part does."""
        sections = sections_of(bench)
        names = sections.split
        facets: Facets = {"sizes": {}, "pairs": {}, "overlap": {}, "error": {}}
        values = {role: sections.namespace[name] for role, name in names.items()}
        apart = DataProbe._shuffled_apart(sections) == "apart"  # already before the split: it is not to blame
        for s in _SETS:
            x, y = values.get(f"X_{s}"), values.get(f"y_{s}")
            facets["sizes"][s] = self._size(x, images=True)
            facets["sizes"][f"{s} labels"] = self._size(y, images=False)
            same_length = x is not None and y is not None and len(x) == len(y)
            share = paired_share(sections, x, y) if same_length and describe(x) is not None else None
            facets["pairs"][s] = "unknown" if share is None or apart else "together" if share > 0.9 else "apart"
        rows = {}
        for s in _SETS:
            if describe(values.get(f"X_{s}")) is not None:
                found = sections.identifier.identify(values[f"X_{s}"])
                if found is not None and (found >= 0).mean() > 0.8:
                    rows[s] = np.bincount(found[found >= 0], minlength=len(sections.trace.mnist.labels)) > 0
                    size = int((found >= 0).sum())
                    facets["overlap"][s] = "some rows twice" if rows[s].sum() < 0.95 * size else "each row once"
                    sections.known_rows[s] = rows[s]
        for i, a in enumerate(_SETS):
            for b in _SETS[i + 1 :]:
                if a in rows and b in rows:
                    common = (rows[a] & rows[b]).sum() / min(rows[a].sum(), rows[b].sum())
                    facets["overlap"][f"{a} and {b}"] = "apart" if common < 0.02 else "all" if common > 0.98 else "some"
        facets["error"] = {"crash": "; ".join(p.says for p in crash_problem(bench, "split"))}
        return facets

    @staticmethod
    def _size(value: Any, *, images: bool) -> Any:
        if value is None:
            return "missing"
        shape = value.shape
        if images:
            return shape[0] if len(shape) in (2, 3) else f"labels ({shape[0]})"
        return shape[0] if len(shape) == 1 or shape[1] in (1, 10) else f"images ({shape[0]})"

    def problems(self, seen: Facets) -> list[Problem]:
        """Return which properties the part lacks."""
        found: list[Problem] = []
        sizes = seen["sizes"]
        for s in _SETS:
            for role, label in ((s, "images"), (f"{s} labels", "labels")):
                if isinstance(sizes[role], str) and sizes[role] != "missing":
                    letter = "X" if label == "images" else "y"
                    found.append(
                        Problem(
                            "sizes",
                            "value",
                            f"{letter}_{s} holds {sizes[role]} rows), not the {label}.".replace(" rows)", " rows")
                            .replace("(", "")
                            .replace(")", ""),
                        )
                    )
        missing = [f"{'y' if r.endswith('labels') else 'X'}_{r.split()[0]}" for r in sizes if sizes[r] == "missing"]
        if missing and not found:
            crash = seen["error"]["crash"]
            has = ", ".join(f"{s} {sizes[s]:,}" for s in _SETS if not isinstance(sizes[s], str)) or "none"
            found.append(
                Problem("error" if crash else "sizes", "result", f"{crash + ' ' if crash else ''}Missing: {', '.join(missing)}. Found: {has} images; expected "
                        "train 55,000, valid 5,000 and test 10,000.")
            )  # fmt: skip
        if not found:
            got = ", ".join(f"{s} {sizes[s]:,}" for s in _SETS)
            if any(sizes[s] != sizes[f"{s} labels"] for s in _SETS):
                bad = next(s for s in _SETS if sizes[s] != sizes[f"{s} labels"])
                found.append(
                    Problem(
                        "sizes",
                        "shape",
                        f"X_{bad} has {sizes[bad]:,} images but y_{bad} has {sizes[f'{bad} labels']:,} labels.",
                    )
                )
            elif any(abs(sizes[s] - n) > 0.02 * n for s, n in _SIZES.items()):
                found.append(
                    Problem("sizes", "shape", f"the sizes are {got}; expected train 55,000, valid 5,000, test 10,000.")
                )
            elif any(sizes[s] != n for s, n in _SIZES.items()):
                found.append(Problem("sizes", "shape", f"the sizes are {got}: near enough.", remark=True))
        for name, word in seen["overlap"].items():
            if word in ("some", "all"):
                text = "Every image" if word == "all" else "Some images"
                found.append(
                    Problem("overlap", "value", f"{text} of the smaller of the {name} sets {'is' if word == 'all' else 'are'} in the other one as well: "
                            "what is measured on it is no test.")
                )  # fmt: skip
                break
            if word == "some rows twice":
                found.append(Problem("overlap", "value", f"Some images come twice in X_{name}."))
        for s, word in seen["pairs"].items():
            if word == "apart":
                found.append(
                    Problem("pairs", "value", f"In the {s} set, most images stand beside another image's label.")
                )
                break
        return found

    def locate(self, bench: Bench, facet: str) -> int | None:
        """Return the line that decides a facet."""
        sections = sections_of(bench)
        problems = crash_problem(bench, "split")
        if facet == "error" and problems:
            return problems[0].line
        seen = bench.memory.get(self.part, {})
        bad = next((s for s in _SETS if facet == "pairs" and seen.get("pairs", {}).get(s) == "apart"), None)
        if facet == "sizes":
            sizes = seen.get("sizes", {})
            strange = [s for s in _SETS if isinstance(sizes.get(f"{s} labels"), str) or isinstance(sizes.get(s), str)]
            strange = [s for s in strange if "missing" not in (sizes.get(s), sizes.get(f"{s} labels"))]
            off = [
                s for s in ("test", "valid", "train") if not isinstance(sizes.get(s), str) and sizes.get(s) != _SIZES[s]
            ]
            bad = next(iter(strange or off), None)
        if facet == "overlap":
            pair = next(
                (k for k, w in seen.get("overlap", {}).items() if w in ("some", "all", "some rows twice")), "valid"
            )
            bad = pair.split(" and ")[0] if "valid" not in pair else "valid"
        names = sections.split
        roles = [f"X_{bad}", f"y_{bad}"] if bad else [f"X_{s}" for s in ("valid", "train", "test")]
        for role in roles:
            line = sections.line_binding(names.get(role, role))
            if line:
                return line
        return None
