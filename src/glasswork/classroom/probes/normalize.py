"""Probe of section 1: the scale of the pixels."""

import ast
from typing import Any

import numpy as np

from glasswork.classroom.probes.base import Bench, Facets, Problem
from glasswork.classroom.probes.sections import (
    SWAPPED,
    Sections,
    crash_problem,
    crash_property,
    places_of,
    sections_of,
    statement_part,
)
from glasswork.classroom.probes.split import SETS
from glasswork.classroom.student.images import as_array, describe
from glasswork.classroom.student.observe import attempt, show
from glasswork.classroom.student.outline import assigned_names


class NormalizeProbe:
    """``normalize``: to what the pixels 0, about 128, and 255 are mapped."""

    part = "normalize"

    def observe(self, bench: Bench) -> Facets:
        """Return what the part does."""
        sections = sections_of(bench)
        split = sections.split
        facets: Facets = {"scale": {}, "sets": {}, "error": {}, "finite": {}}
        sets = {s: sections.namespace[split[f"X_{s}"]] for s in SETS if f"X_{s}" in split}
        sets = {s: v for s, v in sets.items() if describe(v) is not None}
        if not sets and (source := sections.source_images()):
            sets = {"all": source[1]}
        if any(one.crash.kind == SWAPPED for one in sections.trace.crashes):
            sets = {}  # it was the labels that were scaled
        facets["finite"] = {"nan": self._not_finite(sections, next(iter(sets.values()), None))}
        seen = {name: self._mapping(sections, value, bench) for name, value in sets.items()}
        if seen:
            facets["scale"] = next(iter(seen.values()))
            facets["sets"] = {"alike": self._alike(seen)}
        problems = crash_problem(sections.trace.crashes, "normalize")
        facets["error"] = {"crash": problems[0].says if problems else ""}
        facets["error"]["_crash"] = next((one.crash for one in sections.trace.crashes if one.part == "normalize"), None)
        return facets

    @staticmethod
    def _not_finite(sections: Sections, x: Any) -> str:
        """Return how many pixels are not numbers, and whether they are those that are the same in all images."""
        array = as_array(x, slice(0, 300))
        if array is None or array.dtype.kind != "f" or np.isfinite(array).all():
            return ""
        bad = ~np.isfinite(array.reshape(len(array), -1)).any(axis=0)
        images = sections.trace.mnist.images
        constant = bad.shape == images.shape[1:] and not np.ptp(images[:, bad], axis=0).any()
        return f"{int(bad.sum())} of {bad.size}{' constant' if constant and bad.any() else ''}"

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
        array = np.nan_to_num(array.reshape(len(array), -1).astype(float), posinf=0.0, neginf=0.0)
        low, high = float(array.min()), float(array.max())
        middle = "unknown"
        found = sections.identifier.identify(x, rows) if len(rows) else None
        if found is not None and (found >= 0).mean() > 0.8 and array.shape[1] == sections.trace.mnist.images.shape[1]:
            known = (found >= 0)[:, None] & (np.abs(sections.trace.mnist.images[found].astype(int) - 128) <= 6)
            if known.any() and high > low:
                share = (float(array[known].mean()) - low) / (high - low)
                middle = "half" if 0.35 < share < 0.65 else "low" if share <= 0.35 else "high"
        levels = "few" if len(np.unique(array[:100])) <= 4 else "many"
        return {"low": round(low, 3), "high": round(high, 3), "middle": middle, "levels": levels}

    def problems(self, seen: Facets) -> list[Problem]:
        """Return which properties the part lacks."""
        if seen["error"]["crash"]:
            return [Problem("error", crash_property(seen["error"]["crash"]), seen["error"]["crash"])]
        scale, bad = seen["scale"], seen["finite"]["nan"]
        if bad:
            says = "some pixels are nan or infinite, so they are not numbers any more."
            if bad.endswith("constant"):
                says = (
                    f"{bad.removesuffix(' constant')} pixels become nan: those that are 0 in all images. What they are "
                    "divided by is computed from themselves and is 0, too, and 0/0 is not a number."
                )
            return [Problem("finite", "nan", says)]
        if not scale:
            return []
        low, high = scale["low"], scale["high"]
        says = f"the pixels 0 and 255 become {show(low)} and {show(high)}; expected -1 and 1"
        if scale["levels"] == "few":
            return [Problem("scale", "value", f"{says}. Nearly all grey values between them are lost.")]
        if seen["sets"]["alike"] != "yes":
            return [
                Problem(
                    "sets", "sets", f"the training images lie between {show(low)} and {show(high)}, but {seen['sets']['alike']}: "
                    "all three sets need the same scale.",
                )
            ]  # fmt: skip
        if scale["middle"] in ("low", "high"):
            return [Problem("scale", "value", f"{says}, and 128 about half-way between them.")]
        if abs(low + 1) < 0.03 and abs(high - 1) < 0.03:
            return []
        slips = abs(low + 1) < 0.03 or (abs(high - 1) < 0.03 and low < -0.03)  # the handout's scale, one end missed
        harmless = not slips and (
            (abs(low) < 0.03 and abs(high - 1) < 0.03)
            or (abs(low + 0.5) < 0.03 and abs(high - 0.5) < 0.03)
            or (-5 < low < -0.2 and 1.2 < high < 20 and abs(low) < high)  # mean 0, standard deviation 1
        )
        if harmless:
            return [Problem("scale", "range", f"{says}. It trains all the same.", remark=True)]
        return [Problem("scale", "range", f"{says}.")]

    def locate(self, bench: Bench, facet: str) -> int | None:
        """Return the line that decides a facet."""
        places = places_of(bench)
        if facet == "error":
            problems = crash_problem(places.facts.crashes, "normalize")
            return problems[0].line if problems else None
        if facet == "sets":  # where one set is scaled, not the function that scales
            sets = {name for role, name in places.facts.split.items() if role.startswith("X")}
            scaled = [s.lineno for s in places.statements if isinstance(s, ast.Assign | ast.AugAssign)
                      and assigned_names(s) & sets and len(assigned_names(s) & {*places.facts.split.values()}) == 1]  # fmt: skip
            if scaled:
                return scaled[-1]
        changes = []
        low_high: dict[str, tuple[float, float]] = {}
        for step in places.facts.steps:
            before = low_high.get(step.name)
            if before is not None and before != (step.low, step.high):
                changes.append(step.line)
            low_high[step.name] = (step.low, step.high)
        if changes:
            return changes[-1]
        images = places.facts.images
        lines = [
            s.lineno for s in places.statements
            if images is not None and images in assigned_names(s) and statement_part(s) != "split"
        ]  # fmt: skip
        return lines[-1] if lines else None
