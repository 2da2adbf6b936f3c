"""Probes of the losses: the mean squared error, and the optional cross-entropy."""

import ast
from typing import Any

import numpy as np

from glasswork.classroom.probes.base import Bench, Facets, Problem, line_of, numbers, seeded
from glasswork.classroom.probes.sigmoid import gradient_problems
from glasswork.classroom.student.observe import Crash, attempt, equal, plain, same, show
from glasswork.classroom.student.outline import assignments

_SIZES = ((2, 3), (5, 3), (3, 3), (1, 3), (4, 1))


def _case(batch: int, classes: int) -> tuple[Any, Any]:
    pred = numbers(batch, classes, seed=4, step=0.25, most=4)
    target = np.eye(classes)[np.arange(batch) % classes]
    return pred, target


class MSEForward:
    """``MSELoss.forward``: one number, the mean of the squared errors, or their sum over the batch size."""

    part = "MSELoss.forward"

    def observe(self, bench: Bench) -> Facets:
        """Return what the part does."""
        with bench.isolated("MSELoss"):
            cls = bench.namespace["MSELoss"]
            value = {" ".join(map(str, size)): self._forward(cls, *_case(*size)) for size in _SIZES}
            kept = self._kept(cls)
            call: Any = "yes"
            loss = seeded(cls)
            if not isinstance(loss, Crash):
                called = plain(attempt(lambda: loss(*_case(2, 3))))
                if not same(called, value["2 3"]):
                    call = called if isinstance(called, Crash) else "differs"
        return {"value": value, "kept": {"kept": kept}, "call": {"call": call}}

    @staticmethod
    def _forward(cls: Any, pred: Any, target: Any) -> Any:
        loss = seeded(cls)
        return loss if isinstance(loss, Crash) else plain(attempt(lambda: loss.forward(pred.copy(), target.copy())))

    @staticmethod
    def _kept(cls: Any) -> str:
        loss = seeded(cls)
        pred, target = _case(5, 3)
        result = loss if isinstance(loss, Crash) else attempt(lambda: loss.forward(pred.copy(), target.copy()))
        if isinstance(result, Crash):
            return "not judged"
        own = plain(attempt(lambda: loss.backward()))
        if any(same(own, good) for good in MSEBackward.accepted(pred, target)):
            return "yes"
        right = [equal(getattr(loss, n, np.nan), v) for n, v in (("pred", pred), ("target", target))]
        if equal(getattr(loss, "pred", np.nan), target) and equal(getattr(loss, "target", np.nan), pred):
            return "swapped"
        return "yes" if all(right) else "pred" if not right[0] else "target"

    def problems(self, seen: Facets) -> list[Problem]:
        """Return which properties the part lacks."""
        found: list[Problem] = []
        results = seen["value"]
        cases = {name: _case(*map(int, name.split())) for name in results}
        means = {name: np.mean((p - t) ** 2) for name, (p, t) in cases.items()}
        sums = {name: np.sum((p - t) ** 2) / len(p) for name, (p, t) in cases.items()}
        numeric = all(isinstance(r, np.ndarray) and r.size == 1 for r in results.values())
        if not (
            numeric and any(all(equal(r.ravel()[0], good[n]) for n, r in results.items()) for good in (means, sums))
        ):
            found.append(self._value_problem(results, cases))
        if seen["kept"]["kept"] == "swapped":
            found.append(Problem("kept", "sign", "after forward, self.pred is the target and self.target is the pred."))
        if seen["kept"]["kept"] in ("pred", "target"):
            name = seen["kept"]["kept"]
            found.append(Problem("kept", "result", f"after forward, self.{name} is not the {name} that came in."))
        if seen["call"]["call"] != "yes":
            found.append(Problem("call", "result", "loss(pred, target) does not give what loss.forward gives."))
        return found

    @staticmethod
    def _is_right(result: Any, pred: Any, target: Any) -> bool:
        """Return whether a loss is that of one of the two ways that pass."""
        squares = (pred - target) ** 2
        return any(same(result, np.array(squares.sum() / n)) for n in (len(pred), pred.size))

    @staticmethod
    def _value_problem(results: dict[str, Any], cases: dict[str, Any]) -> Problem:
        shown = next((n for n in ("2 3", "1 3") if not MSEForward._is_right(results[n], *cases[n])), "2 3")
        result = results[shown]
        pred, target = cases[shown]
        error = pred - target
        squares = " + ".join(f"{show(e)}²" if e >= 0 else f"({show(e)})²" for e in error.ravel())
        total = float((error**2).sum())
        want = (
            f"expected {show(total / pred.size)} ({squares} = {show(total)}, over {pred.size}), or "
            f"{show(total / len(pred))} (over the {len(pred)} samples)".replace("the 1 samples", "one sample")
        )
        given = f"For pred = {show(pred)} and target = {show(target)}"
        if isinstance(result, Crash):
            return Problem("value", "error", f"{given}, forward gives {show(result)}; {want}.")
        if isinstance(result, str):
            return Problem("value", "result", f"{given}, forward returns {result}; {want}.")
        if result.size != 1:
            return Problem(
                "value", "shape", f"{given}, forward gives an array of shape {result.shape}; {want}: one number."
            )
        divisors = _divisors(results)
        known = list(zip(divisors, cases.values(), strict=False))
        ratios = [[count(p) / d for d, (p, _) in known] for count in (len, np.size)]
        even = next((r for r in ratios if len(r) == len(results) and np.ptp(r) < 1e-4), None)
        property_ = "value" if even is None else "sign" if even[0] < 0 else "scale"
        says = f"{given}, forward gives {show(result.ravel()[0])}; {want}."
        return Problem("value", property_, says, exact=_are_whole(divisors))

    def locate(self, bench: Bench, facet: str) -> int | None:
        """Return the line that decides a facet."""
        if facet == "call":
            return line_of(bench.function("MSELoss", "__call__") or bench.function("MSELoss", "forward"))
        function = bench.function("MSELoss", "forward")
        if facet == "value" and _are_whole(_divisors(bench.memory.get(self.part, {}).get("value", {}))):
            return _line_of_divisor(function) or line_of(function)
        kept = bench.memory.get(self.part, {}).get("kept", {}).get("kept", "pred")
        return line_of(function, kept, "pred", "target") if facet == "kept" and function else line_of(function)


def _divisors(results: dict[str, Any]) -> list[float]:
    """Return by what the sum of the squared errors was divided for each size, as long as that can be told."""
    found = []
    for name, result in results.items():
        pred, target = _case(*map(int, name.split()))
        if not isinstance(result, np.ndarray) or result.size != 1 or not result.any():
            break
        found.append(float(((pred - target) ** 2).sum() / result.ravel()[0]))
    return found


def _are_whole(numbers: list[float]) -> bool:
    return bool(numbers) and np.allclose(numbers, np.round(numbers), atol=1e-4)


def _line_of_divisor(function: ast.AST | None) -> int | None:
    """Return the line that makes the number by which a function divides."""
    for node in ast.walk(function) if function is not None else ():
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and isinstance(node.right, ast.Name):
            bound = assignments(function, node.right.id) if function is not None else []
            return bound[-1].lineno if bound else None
    return None


class MSEBackward:
    """``MSELoss.backward``: 2 (pred − target) / N."""

    part = "MSELoss.backward"

    def observe(self, bench: Bench) -> Facets:
        """Return what the part does."""
        with bench.isolated("MSELoss"):
            cls = bench.namespace["MSELoss"]
            tries = [self._backward(cls, by_hand) for by_hand in (False, True)]
        best = next((t for t in tries if not self._wrong(t)), tries[1])
        return {"value": best}

    @staticmethod
    def accepted(pred: Any, target: Any) -> list[Any]:
        """Return the gradients of both losses that pass: over the batch, and over all elements."""
        grad = 2 * (pred - target)
        return [grad / len(pred), grad / pred.size]

    @staticmethod
    def _backward(cls: Any, by_hand: bool) -> dict[str, Any]:
        seen: dict[str, Any] = {}
        for size in _SIZES:
            loss = seeded(cls)
            pred, target = _case(*size)
            name = " ".join(map(str, size))
            if isinstance(loss, Crash):
                seen[name] = loss
                continue
            forward = attempt(lambda c=loss, p=pred, t=target: c.forward(p.copy(), t.copy()))
            if by_hand:
                loss.pred, loss.target = pred.copy(), target.copy()
            elif isinstance(forward, Crash):
                seen[name] = forward
                continue
            seen[name] = plain(attempt(lambda c=loss: c.backward()))
        return seen

    @classmethod
    def _wrong(cls, results: dict[str, Any]) -> list[str]:
        goods = {name: cls.accepted(*_case(*map(int, name.split()))) for name in results}
        by = [[n for n, r in results.items() if not same(r, goods[n][i])] for i in (0, 1)]
        return min(by, key=len)

    def problems(self, seen: Facets) -> list[Problem]:
        """Return which properties the part lacks."""
        wrong = self._wrong(seen["value"])
        if not wrong:
            return []
        pred, target = _case(*map(int, wrong[0].split()))
        given = f"For pred = {show(pred[0])}, target = {show(target[0])} and a batch of {len(pred)}"
        return gradient_problems(seen["value"][wrong[0]], self.accepted(pred, target)[0], given)

    def locate(self, bench: Bench, facet: str) -> int | None:
        """Return the line that decides a facet."""
        return line_of(bench.function("MSELoss", "backward"))


class CrossEntropyProbe:
    """The optional ``CrossEntropyLoss``, on scores or on probabilities; its gradient must be its own."""

    part = "CrossEntropyLoss"
    _sizes = ((2, 3), (4, 3), (3, 3), (1, 3))

    def observe(self, bench: Bench) -> Facets:
        """Return what the part does."""
        with bench.isolated("CrossEntropyLoss"):
            cls = bench.namespace["CrossEntropyLoss"]
            value: dict[str, Any] = {}
            grads: dict[str, Any] = {}
            for size in self._sizes:
                for kind in ("scores", "probabilities"):
                    pred, target = self._case(kind, *size)
                    loss = seeded(cls)
                    name = f"{kind} {size[0]} {size[1]}"
                    value[name] = loss if isinstance(loss, Crash) else self._loss(loss, pred, target)
                    grads[name] = loss if isinstance(loss, Crash) else plain(attempt(lambda c=loss: c.backward()))
            sure = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
            loss = seeded(cls)
            high = np.array([[800.0, 790.0, 785.0], [780.0, 800.0, 790.0]])
            far = {
                "high": loss if isinstance(loss, Crash) else self._loss(loss, high, np.eye(3)[[1, 1]]),
                "sure": loss if isinstance(loss, Crash) else self._loss(loss, sure, np.eye(3)[[1, 1]]),
                "scores": loss if isinstance(loss, Crash) else self._loss(loss, sure * 1000.0, np.eye(3)[[1, 1]]),
            }
        return {"value": value, "far": far, "gradient": grads}

    @staticmethod
    def _loss(loss: Any, pred: Any, target: Any) -> Any:
        return plain(attempt(lambda: loss(pred.copy(), target.copy())))

    @staticmethod
    def _case(kind: str, batch: int, classes: int) -> tuple[Any, Any]:
        scores = numbers(batch, classes, seed=5, step=0.5, most=3)
        target = np.eye(classes)[(np.arange(batch) + 1) % classes]
        return (scores if kind == "scores" else _softmax(scores)), target

    @staticmethod
    def _right(pred: Any, target: Any) -> dict[str, tuple[float, list[Any]]]:
        """Return the loss and the gradients that pass, for each way of reading ``pred``."""
        n = len(pred)
        p = _softmax(pred)
        fused = (p - target) / n
        right = {"softmax": (-np.sum(target * np.log(p)) / n, [fused])}
        if np.all(pred > 0):
            q = pred
            right["probabilities"] = (-np.sum(target * np.log(q)) / n, [-(target / q) / n, (q - target) / n])
            with np.errstate(divide="ignore", invalid="ignore"):
                both = target * np.log(q) + (1 - target) * np.log(1 - q)
                binary = (q - target) / (q * (1 - q)) / n
            right["binary"] = (-np.sum(both) / n, [binary, (q - target) / n])
            right["binary mean"] = (-np.mean(both), [binary / q.shape[1], binary, (q - target) / n])
        return right

    def _reading(self, results: dict[str, Any]) -> str | None:
        """Return as what the student reads ``pred``, if the losses are right for it."""
        for reading in ("softmax", "probabilities", "binary", "binary mean"):
            names = [n for n in results if reading == "softmax" or n.startswith("probabilities")]
            if all(self._fits(results[n], self._right(*self._of(n))[reading][0]) for n in names):
                return reading
        return None

    @staticmethod
    def _fits(result: Any, right: float) -> bool:
        return (
            isinstance(result, np.ndarray)
            and result.size == 1
            and bool(np.isclose(result.ravel()[0], right, rtol=1e-3))
        )

    def _of(self, name: str) -> tuple[Any, Any]:
        kind, batch, classes = name.split()
        return self._case(kind, int(batch), int(classes))

    def problems(self, seen: Facets) -> list[Problem]:
        """Return which properties the part lacks."""
        found: list[Problem] = []
        reading = self._reading(seen["value"])
        if reading is None:
            result = seen["value"]["probabilities 2 3"]
            pred, target = self._of("probabilities 2 3")
            right = self._right(pred, target)
            found.append(
                Problem(
                    "value",
                    "value",
                    f"For pred = {show(pred)} and target = {show(target)}, the loss is {show(result)}; expected "
                    f"{show(right['probabilities'][0])} if pred holds probabilities, "
                    f"{show(right['softmax'][0])} if the loss takes the softmax itself.",
                )
            )
        elif not all(isinstance(r, np.ndarray) and np.isfinite(r).all() for r in self._far(seen, reading)):
            kind = "scores" if reading == "softmax" else "sure"
            what = "the probability 0 for the right class" if kind == "sure" else "the scores 1000 and 0"
            found.append(
                Problem(
                    "far",
                    "value",
                    f"With {what} the loss is {show(seen['far'][kind])}: not a finite number.",
                    exact=kind == "sure",
                )
            )
        found += self._gradient(seen, reading)
        return found

    @staticmethod
    def _far(seen: Facets, reading: str) -> list[Any]:
        return [seen["far"]["scores" if reading == "softmax" else "sure"]]

    def _gradient(self, seen: Facets, reading: str | None) -> list[Problem]:
        for name, result in seen["gradient"].items():
            if reading != "softmax" and not name.startswith("probabilities"):
                continue
            pred, target = self._of(name)
            rights = self._right(pred, target)
            accepted = [g for key, (_, gs) in rights.items() if reading in (None, key) for g in gs]
            if reading != "softmax":
                accepted.append((pred - target) / len(pred))  # the sigmoid's or softmax's share is already in it
            if not any(isinstance(result, np.ndarray) and equal(result, g) for g in accepted):
                given = f"For pred = {show(pred[0])}, target = {show(target[0])} and a batch of {len(pred)}"
                problems = gradient_problems(result, accepted[0], given)
                return [Problem("gradient", p.property, p.says) for p in problems]
        return []

    def locate(self, bench: Bench, facet: str) -> int | None:
        """Return the line that decides a facet."""
        return line_of(bench.function("CrossEntropyLoss", "backward" if facet == "gradient" else "forward"))


def _softmax(scores: Any) -> Any:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
