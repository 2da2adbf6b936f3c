"""Probe of `Linear.forward`."""

from collections.abc import Callable
from typing import Any

import numpy as np

from glasswork.classroom.probes.base import Bench, Facets, Problem, line_of, line_writing_into_argument, seeded
from glasswork.classroom.probes.linear_backward import LinearBackward
from glasswork.classroom.probes.linear_objects import MAKERS, SIZES, linear_case
from glasswork.classroom.student.observe import Crash, attempt, equal, plain, same, show


class LinearForward:
    """``Linear.forward``: ``x @ weight + bias``, and what it keeps for the backward pass."""

    part = "Linear.forward"

    def observe(self, bench: Bench) -> Facets:
        """Return what the part does."""
        with bench.isolated("Linear"):
            cls = bench.namespace["Linear"]
            tries: dict[str, Any] = {}
            for name, maker in MAKERS.items():
                tries[name] = self.results(cls, maker)
                if not self.wrong(tries[name]):
                    break
            best = next((t for t in tries.values() if not self.wrong(t)), tries["handout"])
            kept = "yes"
            if not self.wrong(best):
                fits = any(not LinearBackward.wrong(LinearBackward.results(cls, m, False)) for m in MAKERS.values())
                if not fits:
                    kept = self._kept(cls, next(m for n, m in MAKERS.items() if tries.get(n) is best))
            call = self._call(cls)
            changed = any(self._changes_input(cls, maker) for maker in MAKERS.values())
        return {"value": best, "kept": {"input": kept}, "call": {"call": call}, "input": {"changed": changed}}

    @staticmethod
    def _changes_input(cls: Any, maker: Callable[[Any, Any, Any], Any]) -> bool:
        x, weight, bias = linear_case(2, 3, 4)
        layer, before = seeded(maker, cls, weight, bias), x.copy()
        attempt(lambda: layer.forward(x))
        return not np.array_equal(x, before)

    @staticmethod
    def results(cls: Any, maker: Callable[[Any, Any, Any], Any]) -> dict[str, Any]:
        """Return the output for each of the sizes."""
        seen: dict[str, Any] = {}
        for batch, n_in, n_out in SIZES:
            x, weight, bias = linear_case(batch, n_in, n_out)
            layer = seeded(maker, cls, weight, bias)
            result = layer if isinstance(layer, Crash) else attempt(lambda c=layer, v=x: c.forward(v))
            seen[f"{batch} {n_in} {n_out}"] = plain(result)
            if isinstance(result, Crash) and result.kind == "OutOfTime":
                return dict.fromkeys((" ".join(map(str, size)) for size in SIZES), result)
        return seen

    @staticmethod
    def wrong(results: dict[str, Any]) -> list[str]:
        """Return the sizes for which the output is not ``x @ weight + bias``."""
        wrong = []
        for size, result in results.items():
            x, weight, bias = linear_case(*map(int, size.split()))
            if isinstance(result, Crash | str) or not equal(result, x @ weight + bias):
                wrong.append(size)
        return wrong

    @staticmethod
    def _kept(cls: Any, maker: Callable[[Any, Any, Any], Any]) -> str:
        x, weight, bias = linear_case(5, 3, 2)
        layer = seeded(maker, cls, weight, bias)
        before = x.copy()
        attempt(lambda: layer.forward(x))
        value = getattr(layer, "input", "missing")
        if isinstance(value, str):
            return value
        return "yes" if equal(value, before) else "another"

    @staticmethod
    def _call(cls: Any) -> Any:
        x, weight, bias = linear_case(2, 3, 4)
        for maker in MAKERS.values():
            layer = seeded(maker, cls, weight, bias)
            if isinstance(layer, Crash):
                continue
            forward = attempt(lambda c=layer: c.forward(x))
            called = attempt(lambda c=layer: c(x))
            if isinstance(forward, Crash) or same(plain(forward), plain(called)):
                return "yes"
        return plain(called) if isinstance(called, Crash) else "differs"

    def problems(self, seen: Facets) -> list[Problem]:
        """Return which properties the part lacks."""
        found: list[Problem] = []
        wrong = self.wrong(seen["value"])
        if seen["input"]["changed"]:
            says = "after forward(x), x itself is not what it was, and backward needs it as it came in."
            found.append(Problem("input", "aliasing", says, mistake="changes-argument"))
        if wrong:
            found.append(self._value_problem(seen["value"], wrong))
        if seen["kept"]["input"] == "missing":
            found.append(
                Problem(
                    "kept", "result", "after forward(x), self.input does not exist; backward needs the x that came in."
                )
            )
        elif seen["kept"]["input"] == "another":
            found.append(
                Problem(
                    "kept",
                    "value",
                    "after forward(x), self.input is not the x that came in; backward needs exactly it.",
                )
            )
        if seen["call"]["call"] != "yes":
            found.append(Problem("call", "result", "layer(x) does not give what layer.forward(x) gives."))
        return found

    @staticmethod
    def _value_problem(results: dict[str, Any], wrong: list[str]) -> Problem:
        first = next((s for s in wrong if isinstance(results[s], np.ndarray) and s in ("2 3 4", "1 3 2")), wrong[0])
        batch, n_in, n_out = map(int, first.split())
        x, weight, bias = linear_case(batch, n_in, n_out)
        result, right = results[first], x @ weight + bias
        given = f"For x of shape ({batch}, {n_in}), weight of shape ({n_in}, {n_out}) and bias of shape ({n_out},)"
        if isinstance(result, Crash):
            return Problem(
                "value", "error", f"{given}, forward gives {show(result)}; expected an array of shape {right.shape}."
            )
        if isinstance(result, str):
            return Problem(
                "value", "result", f"{given}, forward returns {result}; expected an array of shape {right.shape}."
            )
        if result.shape != right.shape:
            return Problem("value", "shape", f"{given}, the output has shape {result.shape}; expected {right.shape}.")
        return Problem(
            "value",
            "value",
            f"For x = {show(x[0])}, first column of weight = {show(weight[:, 0])} and bias = {show(bias[0])}, the first "
            f"output is {show(result[0, 0])}; expected {_sum_of(x[0], weight[:, 0], bias[0])} = {show(right[0, 0])}.",
        )

    def locate(self, bench: Bench, facet: str) -> int | None:
        """Return the line that decides a facet."""
        function = bench.function("Linear", "forward")
        if facet == "kept":
            return line_of(function, "input") if function else None
        if facet == "input":
            return line_writing_into_argument(function)
        if facet == "call":
            return line_of(bench.function("Linear", "__call__") or function)
        return line_of(function, "output") if function is None else line_of(function)


def _sum_of(x: Any, w: Any, b: Any) -> str:
    terms = " + ".join(
        f"{show(a)}·{show(c)}" if c >= 0 else f"{show(a)}·({show(c)})" for a, c in zip(x, w, strict=True)
    )
    return f"{terms} + {show(b)}" if b >= 0 else f"{terms} + ({show(b)})"
