"""Probe of the mini-batch generator."""

import ast
from typing import Any

import numpy as np

from glasswork.classroom.probes.base import Bench, Facets, Problem
from glasswork.classroom.student.observe import Crash, attempt, show
from glasswork.classroom.student.outline import assigned_names, line_that_holds, loaded_names

_DATA = ("X", "y", "X_train", "y_train", "X_valid", "y_valid", "X_test", "y_test", "X_temp", "y_temp", "indices")


class MinibatchProbe:
    """``minibatch_generator``: all rows once, in random order, images with their labels."""

    part = "minibatch_generator"

    def observe(self, bench: Bench) -> Facets:
        """Return what the part does."""
        generator = bench.namespace["minibatch_generator"]
        seen: dict[str, Any] = {}
        with bench.isolated("minibatch_generator"):
            # Names like those of the data, with other data in them: a generator that reads globals is found out.
            decoys = {name: np.full((4, 2), -7.0) if name[0] == "X" else np.full(4, -7) for name in _DATA}
            for count, size in ((12, 4), (11, 3), (7, 7)):
                before = {name: bench.namespace[name] for name in decoys if name in bench.namespace}
                bench.namespace.update(decoys)
                try:
                    seen[f"{count} {size}"] = self._batches(generator, count, size)
                finally:
                    for name in decoys:
                        bench.namespace.pop(name, None)
                    bench.namespace.update(before)
        return {"batches": seen}

    @staticmethod
    def _data(count: int) -> tuple[Any, Any]:
        y = np.arange(count) + 1
        return np.stack([y * 10.0, y * 10.0 + 1], axis=1), y

    def _batches(self, generator: Any, count: int, size: int) -> Any:
        X, y = self._data(count)
        x_before, y_before = X.copy(), y.copy()

        def collect() -> Any:
            batches = []
            made = generator(X, y, size)
            if isinstance(made, tuple):
                return made
            for i, batch in enumerate(made):
                batches.append(batch)
                if i >= 4 * count:
                    break
            return batches

        np.random.seed(3)
        batches = attempt(collect)
        if isinstance(batches, Crash):
            return {"error": batches}
        if isinstance(batches, tuple):
            return {"error": "one pair"}
        pairs = attempt(lambda: [(np.asarray(b[0]), np.asarray(b[1])) for b in batches if len(b) == 2])
        if isinstance(pairs, Crash) or len(pairs) != len(batches):
            return {"error": "no pairs"}
        if len(batches) > 4 * count:
            return {"error": "endless"}
        again = attempt(collect)
        rows = [x[:, 0].tolist() if x.ndim == 2 else x.tolist() for x, _ in pairs]
        flat = [value for batch in rows for value in (batch if isinstance(batch, list) else [batch])]
        labels = [v for _, t in pairs for v in np.atleast_1d(t).ravel().tolist()]
        shapes = [x.shape for x, _ in pairs]
        sizes = [s[0] if s else 0 for s in shapes]
        same_rows = sorted(X[:, 0]) == sorted(x_before[:, 0])
        matched = len(flat) == len(labels) and all(a == 10.0 * b for a, b in zip(flat, labels, strict=True))
        return {
            "sizes": sizes,
            "full": sum(s == size for s in sizes),
            "paired": matched,
            "distinct": len(set(flat)) == len(flat),
            "known": set(flat) <= set(x_before[:, 0].tolist()),
            "shuffled": flat != sorted(flat),
            "other order": not isinstance(again, Crash)
            and str([np.asarray(b[0]).tolist() for b in again]) != str([x.tolist() for x, _ in pairs]),
            "columns": sorted({s[1:] for s in shapes}),
            "data kept": "yes" if np.array_equal(X, x_before) else "moved" if same_rows else "no",
            "labels kept": "yes" if np.array_equal(y, y_before) else "no",
        }

    def problems(self, seen: Facets) -> list[Problem]:
        """Return which properties the part lacks."""
        for name, batches in seen["batches"].items():
            count, size = map(int, name.split())
            problem = self._problem(batches, count, size)
            if problem is not None:
                return [problem]
        return []

    @staticmethod
    def _problem(seen: dict[str, Any], count: int, size: int) -> Problem | None:
        given = f"With {count} images and batches of {size}"
        if "error" in seen:
            if seen["error"] == "one pair":
                says = (
                    f"{given}, it returns one pair and is over; expected {count // size} batches, handed on by yield."
                )
                return Problem("batches", "result", says)
            if seen["error"] == "endless":
                says = f"{given}, it goes on after {4 * count} batches; expected {count // size}."
                return Problem("batches", "error", says, mistake="endless-loop")
            got = (
                "what it yields are not pairs (images, labels)"
                if isinstance(seen["error"], str)
                else f"it gives {show(seen['error'])}"
            )
            return Problem("batches", "result" if isinstance(seen["error"], str) else "error", f"{given}, {got}.")
        if not seen["sizes"]:
            return Problem("batches", "result", f"{given}, it yields nothing; expected {count // size} batches.")
        if not any(seen["columns"]):
            return Problem(
                "batches", "shape", f"{given}, it yields one image at a time; expected {size} in each batch."
            )
        if not seen["known"]:
            return Problem("batches", "content", f"{given}, it yields rows that are not rows of the X it was given.")
        if not seen["paired"]:
            return Problem("batches", "content", f"{given}, images and labels do not belong together.")
        if not seen["distinct"]:
            return Problem("batches", "result", f"{given}, some images come more than once in an epoch.")
        if seen["columns"] != [[2]]:
            return Problem(
                "batches",
                "shape",
                f"{given}, a batch of images has shape (?, {seen['columns']}); expected ({size}, 2).",
            )
        all_rows = sum(seen["sizes"]) == count and max(seen["sizes"]) < 2 * size  # near enough: np.array_split
        if not all_rows and (seen["full"] < count // size or any(s not in (size, count % size) for s in seen["sizes"])):
            return Problem(
                "batches",
                "shape",
                f"{given}, the batches have the sizes {seen['sizes']}; expected {[size] * (count // size)}.",
            )
        if seen["data kept"] == "no":
            return Problem("batches", "aliasing", f"{given}, it changes the images it was given.")
        if not seen["shuffled"] and not seen["other order"] and count > size:
            return Problem("batches", "randomness", f"{given}, the order is the same each time and not shuffled.")
        return None

    def locate(self, bench: Bench, facet: str) -> int | None:
        """Return the line that decides a facet."""
        function = bench.function("minibatch_generator")
        if function is None:
            return None
        results = bench.memory.get(self.part, {}).get("batches", {})
        if any(result.get("error") == "endless" for result in results.values()):
            loops = [n for n in ast.walk(function) if isinstance(n, ast.While | ast.For)]
            held = next((line for loop in loops if (line := line_that_holds(loop))), None)
            return held or (loops[-1].lineno if loops else getattr(function, "lineno", None))
        if any(set(r.get("sizes", ())) - {int(name.split()[1])} for name, r in results.items() if r.get("paired")):
            return _line_of_rows(function)
        if any(not _is_complete(name, result.get("sizes", ())) for name, result in results.items()):
            loops = [n for n in ast.walk(function) if isinstance(n, ast.While | ast.For)]
            inside = {id(n) for loop in loops for n in ast.walk(loop)}
            outside = [n.lineno for n in ast.walk(function) if isinstance(n, ast.Yield) and id(n) not in inside]
            return next(iter((*outside, *(loop.lineno for loop in loops))), getattr(function, "lineno", None))
        if any(not (r.get("shuffled", True) or r.get("other order", True)) for r in results.values()):
            lost = [n for n in ast.walk(function) if isinstance(n, ast.Expr) and "permutation" in ast.unparse(n.value)]
            if lost:
                return lost[0].lineno
        yields = [n.lineno for n in ast.walk(function) if isinstance(n, ast.Yield | ast.Return)]
        return min(yields) if yields else getattr(function, "lineno", None)


def _is_complete(name: str, sizes: list[int]) -> bool:
    """Return whether there are as many batches as full ones fit, or one more with the rest."""
    count, size = map(int, name.split())
    return len(sizes) in (count // size, -(-count // size))


def _line_of_rows(function: ast.AST) -> int | None:
    """Return the line that chooses the rows of a batch: where a name of the yield is bound, or the yield itself."""
    found = [n for n in ast.walk(function) if isinstance(n, ast.Yield)]
    names = loaded_names(found[0]) if found else set()
    loops = [n for n in ast.walk(function) if isinstance(n, ast.For | ast.While)]
    chosen = [s.lineno for loop in loops for s in loop.body if isinstance(s, ast.Assign) and assigned_names(s) & names]
    return chosen[-1] if chosen else found[0].lineno if found else None
