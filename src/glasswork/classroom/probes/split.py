"""Probe of section 2: the three sets."""

import ast
from typing import Any

import numpy as np

from glasswork.classroom.handout import SIZES
from glasswork.classroom.probes.base import Bench, Facets, Problem
from glasswork.classroom.probes.data import DataProbe
from glasswork.classroom.probes.sections import Places, crash_problem, paired_share, places_of, sections_of
from glasswork.classroom.student.images import describe
from glasswork.classroom.student.outline import assigned_names, loaded_names

SETS = ("train", "valid", "test")


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
        for s in SETS:
            x, y = values.get(f"X_{s}"), values.get(f"y_{s}")
            facets["sizes"][s] = self._size(x, images=True)
            facets["sizes"][f"{s} labels"] = self._size(y, images=False)
            for name, role in ((f"X_{s}", s), (f"y_{s}", f"{s} labels")):
                if isinstance(sections.namespace.get(name), int | float | np.number):
                    facets["sizes"][role] = "a single number"
            same_length = x is not None and y is not None and len(x) == len(y)
            share = paired_share(sections, x, y) if same_length and describe(x) is not None else None
            facets["pairs"][s] = "unknown" if share is None or apart else "together" if share > 0.9 else "apart"
        rows = {}
        for s in SETS:
            if describe(values.get(f"X_{s}")) is not None:
                found = sections.identifier.identify(values[f"X_{s}"])
                if found is not None and (found >= 0).mean() > 0.8:
                    rows[s] = np.bincount(found[found >= 0], minlength=len(sections.trace.mnist.labels)) > 0
                    size = int((found >= 0).sum())
                    facets["overlap"][s] = "some rows twice" if rows[s].sum() < 0.95 * size else "each row once"
                    sections.known_rows[s] = rows[s]
        for i, a in enumerate(SETS):
            for b in SETS[i + 1 :]:
                if a in rows and b in rows:
                    common = (rows[a] & rows[b]).sum() / min(rows[a].sum(), rows[b].sum())
                    facets["overlap"][f"{a} and {b}"] = "apart" if common < 0.02 else "all" if common > 0.98 else "some"
        facets["error"] = {
            "_expected": _expected(bench),
            "crash": "; ".join(p.says for p in crash_problem(sections.trace.crashes, "split")),
        }
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
        sizes, expected = seen["sizes"], seen["error"]["_expected"]
        wanted = "train {train:,}, valid {valid:,} and test {test:,}".format(**expected)
        for s in SETS:
            for role, label in ((s, "images"), (f"{s} labels", "labels")):
                if isinstance(sizes[role], str) and sizes[role] != "missing":
                    letter = "X" if label == "images" else "y"
                    kind, _, rows = sizes[role].rstrip(")").partition(" (")
                    found.append(
                        Problem(
                            "sizes",
                            "content",
                            f"{letter}_{s} holds {f'{int(rows):,} rows of {kind}' if rows else kind}, not the {label}.",
                        )
                    )
        missing = [f"{'y' if r.endswith('labels') else 'X'}_{r.split()[0]}" for r in sizes if sizes[r] == "missing"]
        if missing and not found:
            crash = seen["error"]["crash"]
            has = ", ".join(f"{s} {sizes[s]:,}" for s in SETS if not isinstance(sizes[s], str)) or "no"
            found.append(
                Problem("error" if crash else "sizes", "error" if crash else "missing", f"{crash + ' ' if crash else ''}Missing: {', '.join(missing)}. Found: {has} images; expected "
                        f"{wanted}.")
            )  # fmt: skip
        if not found:
            got = ", ".join(f"{s} {sizes[s]:,}" for s in SETS)
            if any(sizes[s] != sizes[f"{s} labels"] for s in SETS):
                bad = next(s for s in SETS if sizes[s] != sizes[f"{s} labels"])
                found.append(
                    Problem(
                        "sizes",
                        "shape",
                        f"X_{bad} has {sizes[bad]:,} images but y_{bad} has {sizes[f'{bad} labels']:,} labels.",
                    )
                )
            elif any(abs(sizes[s] - n) > 0.02 * n for s, n in expected.items()):
                found.append(Problem("sizes", "sizes", f"the sizes are {got}; expected {wanted}."))
            elif (lost := sum(expected.values()) - sum(sizes[s] for s in SETS)) > 0:
                images = "1 image is" if lost == 1 else f"{lost:,} images are"
                says = f"the sizes are {got}; expected {wanted}: {images} in none of the sets."
                found.append(Problem("sizes", "sizes", says))
            elif any(sizes[s] != n for s, n in expected.items()):
                found.append(Problem("sizes", "shape", f"the sizes are {got}: near enough.", remark=True))
        for name, word in seen["overlap"].items():
            if word in ("some", "all"):
                text = "Every image" if word == "all" else "Some images"
                found.append(
                    Problem("overlap", "content", f"{text} of the smaller of the {name} sets {'is' if word == 'all' else 'are'} in the other one as well: "
                            "what is measured on it is no test.", exact=True)
                )  # fmt: skip
                break
            if word == "some rows twice":
                found.append(Problem("overlap", "content", f"Some images come twice in X_{name}."))
        for s, word in seen["pairs"].items():
            if word == "apart":
                found.append(
                    Problem("pairs", "content", f"In the {s} set, most images stand beside another image's label.")
                )
                break
        return found

    def locate(self, bench: Bench, facet: str) -> int | None:
        """Return the line that decides a facet."""
        places = places_of(bench)
        problems = crash_problem(places.facts.crashes, "split")
        if facet == "error" and problems:
            return problems[0].line
        seen = bench.memory.get(self.part, {})
        bad = next((s for s in SETS if facet == "pairs" and seen.get("pairs", {}).get(s) == "apart"), None)
        if facet == "sizes":
            sizes = seen.get("sizes", {})
            strange = [s for s in SETS if isinstance(sizes.get(f"{s} labels"), str) or isinstance(sizes.get(s), str)]
            strange = [s for s in strange if "missing" not in (sizes.get(s), sizes.get(f"{s} labels"))]
            off = [
                s
                for s in ("test", "valid", "train")
                if not isinstance(sizes.get(s), str) and sizes.get(s) != _expected(bench)[s]
            ]
            unequal = [s for s in SETS if sizes.get(s) != sizes.get(f"{s} labels")]
            bad = next(iter(strange or unequal or off), None)
        if facet == "overlap":
            pair = next(
                (k for k, w in seen.get("overlap", {}).items() if w in ("some", "all", "some rows twice")), "valid"
            )
            bad = pair.split(" and ")[0] if "valid" not in pair else "valid"
        words = seen.get("pairs", {})
        if facet == "pairs" and set(words.values()) == {"apart"} and (line := self._line_of_source(places, f"y_{bad}")):
            return line
        roles = [f"X_{bad}", f"y_{bad}"] if bad else [f"X_{s}" for s in ("valid", "train", "test")]
        if seen.get("sizes", {}).get(f"{bad} labels") == "a single number":
            roles.reverse()
        for role in roles:
            line = places.line_binding(places.facts.split.get(role, role))
            if line:
                return _line_of_index(places, line) if facet == "sizes" else line
        return None

    @staticmethod
    def _line_of_source(places: Places, role: str) -> int | None:
        """Return the line that binds the labels from which a set is taken, if the split itself does not."""
        name = places.facts.split.get(role, role)
        making = [s for s in places.statements if name in assigned_names(s)]
        sources = {n for s in making[-1:] for n in loaded_names(s) if n.lower().startswith("y") and n != "y"}
        sources -= {*places.facts.split.values()}
        return places.line_binding(sources.pop()) if len(sources) == 1 else None


def _line_of_index(places: Places, line: int) -> int:
    """Return the line in which the rows were chosen that a statement takes, or its own."""
    statement = next((s for s in places.statements if s.lineno == line), None)
    slices = [n.slice for n in ast.walk(statement) if isinstance(n, ast.Subscript)] if statement is not None else []
    names = {n.id for one in slices for n in ast.walk(one) if isinstance(n, ast.Name)}
    chosen = [s for s in places.statements if assigned_names(s) & names and isinstance(s, ast.Assign)]
    cut = [s.lineno for s in chosen if any(isinstance(n, ast.Slice) for n in ast.walk(s.value))]
    return cut[0] if len(cut) == 1 else line


def _expected(bench: Bench) -> dict[str, int]:
    """Return the sizes that the exercise asks for."""
    return bench.outline.document.sizes if bench.outline is not None else SIZES
