"""Probes of the validation and the test function."""

import ast
from typing import Any

import numpy as np

from glasswork.classroom.probes.base import Bench, Facets, Problem, line_of
from glasswork.classroom.probes.loop_objects import Calls, all_of, made_up_batches, to_float
from glasswork.classroom.student.observe import Crash, attempt, plain, same, show


class _ScoreProbe:
    """What `valid` and `test` have in common: a model whose scores are known, and labels of which some fit."""

    part = ""
    sizes = ((5, 5, 3), (10, 10), (10, 5))

    def observe(self, bench: Bench) -> Facets:
        """Return what the part does."""
        return {"loop": {" ".join(map(str, s)): self._run(bench, s) for s in self.sizes}}

    def _run(self, bench: Bench, sizes: tuple[int, ...]) -> Any:
        calls = Calls(bench)
        loader = _scored(sizes)
        model = calls.model
        own = model.forward
        model.forward = lambda x: (own(x), _scores(x))[1]  # its layers keep what a backward needs
        names = {"loss_fn": calls.loss, "criterion": calls.loss, "optimizer": calls.optimizer}
        with bench.isolated(self.part, **names, **all_of(loader)):
            function = bench.namespace[self.part]
            args = (model, (batch for batch in loader), calls.loss) if self.part == "valid" else (model, iter(loader))
            result = attempt(lambda: function(*args))
        moved = any(not same(a, b) for a, b in zip(model.parameters(), calls.before, strict=True))
        if isinstance(result, Crash):
            return result
        values = np.array([to_float(v) for v in result]) if isinstance(result, tuple | list) else plain(result)
        return "moves the weights" if moved else values

    def expected(self, sizes: tuple[int, ...]) -> tuple[float, list[float]]:
        """Return the accuracy in per cent and the mean losses that pass."""
        batches = _scored(sizes)
        right = sum(int((_scores(x).argmax(1) == y).sum()) for x, y in batches)
        losses = [float(np.mean((_scores(x) - np.eye(10)[y]) ** 2)) for x, y in batches]
        weighted = sum(loss * n for loss, n in zip(losses, sizes, strict=True)) / sum(sizes)
        return 100 * right / sum(sizes), [sum(losses) / sum(sizes), sum(losses) / len(losses), weighted]

    @staticmethod
    def _mean_of_batches(sizes: tuple[int, ...]) -> float:
        """Return the mean of the accuracies of single batches in per cent."""
        return float(np.mean([100 * np.mean(_scores(x).argmax(1) == y) for x, y in _scored(sizes)]))

    def _is_for_equal(self, loop: dict[str, Any]) -> bool:
        """Return whether batches of one size give the right result."""
        return not [p for p in self.problems({"loop": {"10 10": loop["10 10"]}}) if not p.remark]

    def problems(self, seen: Facets) -> list[Problem]:
        """Return which properties the part lacks."""
        for name, result in seen["loop"].items():
            sizes = tuple(map(int, name.split()))
            accuracy, losses = self.expected(sizes)
            given = f"For batches of {', '.join(map(str, sizes))} samples of which {round(accuracy * sum(sizes) / 100)} are predicted right"
            if isinstance(result, Crash):
                return [Problem("loop", "error", f"{given}, {self.part} gives {show(result)}.")]
            if isinstance(result, str):
                return [
                    Problem(
                        "loop",
                        "result",
                        f"{given}, {self.part} {'returns ' if result != 'moves the weights' else ''}{result}.",
                    )
                ]
            values = result.ravel()
            mean = self._mean_of_batches(sizes)
            if mean != accuracy and any(np.isclose(v, mean) for v in values) and self._is_for_equal(seen["loop"]):
                says = (
                    f"{given}, the mean of the batches' accuracies is {show(mean)}, not {show(accuracy)} %: "
                    "it is right only where all batches have one size."
                )
                return [Problem("loop", "value", says, remark=True)]
            good_accuracy = any(np.isclose(v, accuracy) for v in values)
            fraction = any(np.isclose(v, accuracy / 100) for v in values)
            if not good_accuracy and not fraction:
                says = f"{given}, {self.part} returns {show(result)}; expected the accuracy {show(accuracy)} %."
                if any(np.isclose(v, accuracy * sum(sizes) / len(sizes)) for v in values):
                    says += " It is the number of right ones in per cent, divided by the number of batches."
                return [Problem("loop", "value", says)]
            if self.part == "valid" and not any(np.isclose(v, m, rtol=1e-4) for v in values for m in losses):
                return [Problem("loop", "scale", f"{given}, the loss in {show(result)} is none of {show(losses)}.")]
            if fraction and not good_accuracy:
                return [
                    Problem(
                        "loop",
                        "scale",
                        f"{given}, the accuracy is given as the fraction {show(accuracy / 100)}.",
                        remark=True,
                    )
                ]
            if self.part == "valid" and np.isclose(values[0], accuracy):
                return [
                    Problem(
                        "loop", "value", f"{given}, valid returns the accuracy first; the loop expects the loss first."
                    )
                ]
        return []

    def locate(self, bench: Bench, facet: str) -> int | None:
        """Return the line that decides a facet."""
        function = bench.function(self.part)
        if function is None:
            return None
        if "moves the weights" in map(str, bench.memory.get(self.part, {}).get("loop", {}).values()):
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "step":
                    return node.lineno
        return line_of(function, "predicted_labels", "predictions", "pred_labels", "correct_predictions")


def _scored(sizes: tuple[int, ...]) -> list[tuple[Any, Any]]:
    """Return batches of which every other sample has the label that its scores predict."""
    batches = []
    for x, _ in made_up_batches(sizes):
        predicted = _scores(x).argmax(1)
        batches.append((x, np.where(np.arange(len(x)) % 2 == 0, predicted, (predicted + 3) % 10)))
    return batches


def _scores(x: Any) -> Any:
    """Return scores whose largest is where the first number of x says; those of the first sample are the highest."""
    place = np.floor((np.asarray(x)[:, 0] + 1) * 5).astype(int).clip(0, 9)
    spread = -np.arange(len(place))[:, None] * 0.008 + np.arange(10) * 0.021
    return 0.1 + spread + 0.6 * np.eye(10)[place]


class ValidProbe(_ScoreProbe):
    """``valid``: the mean loss and the accuracy, no weight moved."""

    part = "valid"


class TestProbe(_ScoreProbe):
    """``test``: the accuracy, no weight moved."""

    part = "test"
