"""Probe of the one-hot targets."""

from typing import Any

import numpy as np

from glasswork.classroom.probes.base import Bench, Facets, Problem, line_of
from glasswork.classroom.student.observe import Crash, attempt, plain, same, show


class OnehotProbe:
    """``int_to_onehot``: a row for each label with 1 in the label's place."""

    part = "int_to_onehot"

    def observe(self, bench: Bench) -> Facets:
        """Return what the part does."""
        function = bench.namespace["int_to_onehot"]
        with bench.isolated("int_to_onehot"):
            ten = plain(attempt(lambda: function(np.array([3, 0, 9, 1]))))
            others = plain(attempt(lambda: function(np.arange(10)[::-1].copy())))
            three = plain(attempt(lambda: function(np.array([2, 0]), 3)))
        return {"rows": {"ten": ten, "all": others, "three": three}}

    def problems(self, seen: Facets) -> list[Problem]:
        """Return which properties the part lacks."""
        got = seen["rows"]["ten"]
        want = np.eye(10)[[3, 0, 9, 1]]
        given = "For the labels [3, 0, 9, 1]"
        if isinstance(got, Crash):
            return [Problem("rows", "error", f"{given}, it gives {show(got)}; expected an array of shape (4, 10).")]
        if isinstance(got, str):
            return [Problem("rows", "result", f"{given}, it returns {got}; expected an array of shape (4, 10).")]
        if got.shape != want.shape:
            return [Problem("rows", "shape", f"{given}, the result has shape {got.shape}; expected (4, 10).")]
        if not same(got, want):
            row = int(np.argmax(np.any(~np.isclose(got, want), axis=1)))
            return [
                Problem(
                    "rows",
                    "value",
                    f"{given}, the row of label {[3, 0, 9, 1][row]} is {show(got[row], 10)}; expected {show(want[row], 10)}.",
                    exact=True,
                )
            ]
        if not same(seen["rows"]["all"], np.eye(10)[::-1]):
            return [Problem("rows", "value", "For the labels 9, 8, ..., 0 the rows are not right.")]
        return []

    def locate(self, bench: Bench, facet: str) -> int | None:
        """Return the line that decides a facet."""
        import ast

        function = bench.function("int_to_onehot")
        if function is None:
            return None
        got = bench.memory.get(self.part, {}).get("rows", {}).get("ten")
        stores = [
            n.lineno for n in ast.walk(function)
            if isinstance(n, ast.Assign) and any(isinstance(t, ast.Subscript) for t in n.targets)
        ]  # fmt: skip
        if stores and isinstance(got, np.ndarray) and got.shape == (4, 10):
            return stores[-1]
        return line_of(function) if not isinstance(got, str) else _return_line(function)


def _return_line(function: Any) -> int | None:
    import ast

    returns = [n.lineno for n in ast.walk(function) if isinstance(n, ast.Return)]
    return returns[-1] if returns else line_of(function)
