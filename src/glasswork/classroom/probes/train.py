"""Probe of the training function."""

import ast
from typing import Any

import numpy as np

from glasswork.classroom.probes.base import Bench, Facets, Problem, line_of
from glasswork.classroom.probes.loop_objects import Calls, all_of, made_up_batches, to_float
from glasswork.classroom.student.observe import Crash, attempt, plain, same, show

#: Samples in each batch. Their number, the batches' and that of the last batch differ, so that each divisor is told.
_SIZES = (5, 5, 2)


class TrainProbe:
    """``train``: for each batch zero_grad, forward, loss, backward, step; the mean loss returned."""

    part = "train"

    def observe(self, bench: Bench) -> Facets:
        """Return what the part does."""
        moved, means = self.expected(bench)
        return {"loop": self._run(bench, "train"), "right": {"moved": moved, "means": means}}

    @staticmethod
    def _run(bench: Bench, name: str) -> dict[str, Any]:
        calls = Calls(bench)
        loader = made_up_batches(_SIZES)
        # The handout's train reads a global loss_fn: it is the criterion here, as in the handout.
        with bench.isolated(name, loss_fn=calls.loss, criterion=calls.loss, **all_of(loader)):
            function = bench.namespace[name]
            result = attempt(lambda: function(calls.model, (batch for batch in loader), calls.optimizer, calls.loss))
        after = [p.copy() for p in calls.model.parameters()]
        seen: dict[str, Any] = {
            "error": result if isinstance(result, Crash) else "",
            "returns": plain(result if not isinstance(result, tuple) else np.array([to_float(v) for v in result])),
            "moved": [a - b for a, b in zip(after, calls.before, strict=True)],
            "log": " ".join(calls.log),
        }
        return seen

    @staticmethod
    def expected(bench: Bench) -> tuple[list[Any], list[float]]:
        """Return how far the parameters move in a right epoch, and the mean losses that pass."""
        calls = Calls(bench)
        losses, sizes = [], []
        onehot = bench.reference["int_to_onehot"]
        for x, y in made_up_batches(_SIZES):
            calls.optimizer.zero_grad()
            losses.append(float(calls.loss(calls.model(x), onehot(y))))
            sizes.append(len(y))
            calls.model.backward(calls.loss.backward())
            calls.optimizer.step()
        moved = [a - b for a, b in zip(calls.model.parameters(), calls.before, strict=True)]
        total = sum(losses)
        weighted = sum(loss * n for loss, n in zip(losses, sizes, strict=True)) / sum(sizes)
        return moved, [total / sum(sizes), total / len(losses), weighted]

    def problems(self, seen: Facets) -> list[Problem]:
        """Return which properties the part lacks."""
        loop = seen["loop"]
        moved, means = seen["right"]["moved"], seen["right"]["means"]
        log = loop["log"].split()
        if isinstance(loop["error"], Crash):
            return [Problem("loop", "error", f"On three small batches, train gives {show(loop['error'])}.")]
        if not all(map(same, loop["moved"], moved)):
            return [self._moved_problem(loop, moved, log)]
        returned = loop["returns"]
        if isinstance(returned, (str, Crash)):
            return [Problem("loop", "result", f"train returns {show(returned)}; expected the mean loss, a number.")]
        if not any(np.isclose(v, m, rtol=1e-4) for v in returned.ravel() for m in means):
            if returned.size > 3:
                return []  # a history of its own
            return [
                Problem(
                    "loop", "scale", f"For batches of {', '.join(map(str, _SIZES))} samples train returns {show(returned)}; expected "
                    f"{show(means[0])} (the sum over the {sum(_SIZES)} samples), {show(means[1])} or {show(means[2])} (means).",
                )
            ]  # fmt: skip
        return []

    @staticmethod
    def _moved_problem(loop: dict[str, Any], moved: list[Any], log: list[str]) -> Problem:
        told = ", ".join(f"{name} {log.count(name)}×" for name in _CALLS)
        if any(log.count(name) != 3 for name in _CALLS):
            nothing = "" if any(m.any() for m in loop["moved"]) else " No weight has moved."
            return Problem("loop", "result", f"in three batches the calls are: {told}; expected each 3×.{nothing}")
        got, want = loop["moved"][0].ravel()[0], moved[0].ravel()[0]
        order = " → ".join(log[:6])
        says = f"the first weight moves by {show(got)}; expected {show(want)}. Order of the calls: {order}"
        if log[:6] != list(_CALLS):
            says += f"; expected: {' → '.join(_CALLS)}"
        return Problem("loop", "value", f"{says}.")

    def locate(self, bench: Bench, facet: str) -> int | None:
        """Return the line that decides a facet."""
        function = bench.function(self.part)
        if function is None:
            return None
        seen = bench.memory.get(self.part, {}).get("loop", {})
        loops = [n for n in ast.walk(function) if isinstance(n, ast.For | ast.While)]
        if self.part == "train" and loops and not _moved_right(bench, seen):
            leaving = [n.lineno for n in ast.walk(loops[0]) if isinstance(n, ast.Return | ast.Break)]
            called = _line_calling(loops[0], _to_blame(seen.get("log", "").split()))
            return called or (leaving[0] if leaving else loops[0].body[0].lineno)
        return line_of(function)


#: The calls of one batch, in their order.
_CALLS = ("SGD.zero_grad", "MLP.forward", "MSELoss.forward", "MSELoss.backward", "MLP.backward", "SGD.step")


def _to_blame(log: list[str]) -> str:
    """Return the call that stands in the wrong place; of one that is missing, the call after which it belongs."""
    missing = [name for name in _CALLS if name not in log]
    if missing == ["MSELoss.backward"]:
        return "MLP.backward"
    if len(missing) == 1:
        return _CALLS[max(_CALLS.index(missing[0]) - 1, 0)]
    first = log[: len(_CALLS)]
    for name in ("SGD.step", "SGD.zero_grad", *_CALLS[1:-1]):
        rest = [call for call in first if call != name]
        if len(set(first)) == len(_CALLS) and first != list(_CALLS) and rest == [c for c in _CALLS if c != name]:
            return name
    return ""


def _line_calling(loop: ast.AST, name: str) -> int | None:
    """Return the line of a loop that makes a call."""
    method = name.partition(".")[2]
    for node in ast.walk(loop):
        if (
            isinstance(node, ast.Call)
            and getattr(node.func, "attr", "-") == method
            and (method != "backward" or bool(node.args) == name.startswith("MLP"))
        ):
            return node.lineno
    return None


def _moved_right(bench: Bench, seen: dict[str, Any]) -> bool:
    right = bench.memory.get("train", {}).get("right", {})
    return bool(seen) and bool(right) and all(map(same, seen["moved"], right["moved"]))
