"""Probes of the activations: the sigmoid, and the optional ReLU."""

from typing import Any

import numpy as np

from glasswork.classroom.probes.base import Bench, Facets, Problem, line_of, line_writing_into_argument, seeded
from glasswork.classroom.probes.scales import scale_of
from glasswork.classroom.student.observe import Crash, attempt, equal, plain, same, show

_X = np.array([[0.0, 1.0, -1.0], [2.0, -2.0, 0.5]])
_INPUTS = {
    "6 numbers": _X,
    "a square": np.array([[0.0, 2.0], [-1.0, 3.0]]),
    "one row": np.array([[0.5, -0.5, 1.5, 3.0]]),
}
_SCALAR = "one number"  # tells mistakes apart; nobody is asked to accept a number in place of an array
_GRAD = np.array([[1.0, 2.0, -1.0], [0.5, 3.0, -2.0]])


def sigmoid(x: Any) -> Any:
    """Return the logistic function."""
    return 0.5 + 0.5 * np.tanh(np.asarray(x) / 2)


class SigmoidForward:
    """``Sigmoid.forward``: 1 / (1 + exp(-x)) for each number, returned and kept."""

    part = "Sigmoid.forward"

    def observe(self, bench: Bench) -> Facets:
        """Return what the part does."""
        with bench.isolated("Sigmoid"):
            cls = bench.namespace["Sigmoid"]
            value = {name: plain(self._forward(cls, x)) for name, x in _INPUTS.items()}
            value[_SCALAR] = plain(self._forward(cls, np.float64(0.5)))
            far = plain(self._forward(cls, np.array([[-40.0, 40.0]])))
            kept = self._kept(cls)
            call: Any = "yes"
            layer = seeded(cls)
            if not isinstance(layer, Crash):
                called = plain(attempt(lambda: layer(_X.copy())))
                if not same(called, value["6 numbers"]):
                    call = called if isinstance(called, Crash) else "differs"
        facets = {"value": value, "far": {"far": far}, "kept": {"output": kept}, "call": {"call": call}}
        return facets | {"input": {"changed": self._changes_input(cls)}}

    @staticmethod
    def _changes_input(cls: Any) -> bool:
        layer, x = seeded(cls), _X.copy()
        attempt(lambda: layer.forward(x))
        return not np.array_equal(x, _X)

    @staticmethod
    def _forward(cls: Any, x: Any) -> Any:
        layer = seeded(cls)
        return layer if isinstance(layer, Crash) else attempt(lambda: layer.forward(x.copy()))

    @staticmethod
    def _kept(cls: Any) -> Any:
        layer = seeded(cls)
        result = layer if isinstance(layer, Crash) else attempt(lambda: layer.forward(_X.copy()))
        if result is None and getattr(layer, "output", None) is None:
            return "neither returned nor kept"
        if isinstance(result, Crash) or not equal(plain(result), sigmoid(_X)):
            return "not judged"
        own = attempt(lambda: layer.backward(_GRAD.copy()))
        if not isinstance(own, Crash) and same(plain(own), _GRAD * sigmoid(_X) * (1 - sigmoid(_X))):
            return "yes"
        value = plain(getattr(layer, "output", "missing"))
        if isinstance(value, str):
            return "missing"
        return "yes" if same(value, sigmoid(_X)) else value

    def problems(self, seen: Facets) -> list[Problem]:
        """Return which properties the part lacks."""
        found: list[Problem] = []
        for name, x in _INPUTS.items():
            result = seen["value"][name]
            if isinstance(result, Crash):
                found.append(
                    Problem("value", "error", f"For an array of shape {x.shape}, forward gives {show(result)}.")
                )
            elif isinstance(result, str):
                found.append(Problem("value", "result", f"forward returns {result}; expected an array of x's shape."))
            elif result.shape != x.shape:
                found.append(
                    Problem(
                        "value",
                        "shape",
                        f"For x of shape {x.shape}, the output has shape {result.shape}; expected {x.shape}.",
                    )
                )
            elif not equal(result, sigmoid(x)):
                i = int(np.argmax(~np.isclose(result, sigmoid(x), rtol=1e-4, atol=1e-6)))
                pairs = list(zip(x.ravel(), result.ravel(), sigmoid(x).ravel(), strict=True))
                chosen = [pairs[i], *[p for j, p in enumerate(pairs) if j != i and not np.isclose(p[1], p[2])][:1]]
                text = "; ".join(f"for x = {show(a)} you get {show(b)}, expected {show(c)}" for a, b, c in chosen)
                k = _stretch(result, x)
                also = "" if k is None else f" These are the numbers of the sigmoid of {show(k)}·x."
                found.append(Problem("value", "value", f"{text[0].upper()}{text[1:]}.{also}"))
            if found:
                return found
        far = seen["far"]["far"]
        if isinstance(far, Crash | str) or not np.isfinite(far).all():
            found.append(Problem("far", "value", f"For x = -40 and 40, forward gives {show(far)}; expected 0 and 1."))
        kept = seen["kept"]["output"]
        if not isinstance(kept, str):
            found.append(
                Problem(
                    "kept", "value", "self.output is not what forward returns; backward needs the sigmoid itself there."
                )
            )
        elif kept == "missing":
            found.append(
                Problem(
                    "kept", "result", "after forward(x), self.output does not hold the result; backward reads it there."
                )
            )
        if seen["call"]["call"] != "yes":
            found.append(Problem("call", "result", "sigmoid(x) does not give what sigmoid.forward(x) gives."))
        if seen["input"]["changed"] and not found:
            says = "forward changes x itself, the array of whoever calls it (x *= -1 does, -x does not)."
            found.append(Problem("input", "aliasing", says, remark=True))
        return found

    def locate(self, bench: Bench, facet: str) -> int | None:
        """Return the line that decides a facet."""
        if facet == "call":
            return line_of(bench.function("Sigmoid", "__call__") or bench.function("Sigmoid", "forward"))
        if facet == "input":
            return line_writing_into_argument(bench.function("Sigmoid", "forward"))
        return line_of(bench.function("Sigmoid", "forward"))


def _stretch(result: Any, x: Any) -> float | None:
    """Return the k of a result that is the sigmoid of k·x; None if it is no such result, or k is 1 or -1."""
    inside = (result > 0) & (result < 1) & (x != 0)
    if not inside.any():
        return None
    k = np.log(result[inside] / (1 - result[inside])) / x[inside]
    return float(k[0]) if np.allclose(k, k[0], rtol=1e-3) and not np.isclose(abs(k[0]), 1) and k[0] else None


class SigmoidBackward:
    """``Sigmoid.backward``: grad_output · output · (1 − output)."""

    part = "Sigmoid.backward"

    def observe(self, bench: Bench) -> Facets:
        """Return what the part does."""
        with bench.isolated("Sigmoid"):
            cls = bench.namespace["Sigmoid"]
            tries = [self._backward(cls, by_hand) for by_hand in (False, True)]
        right = next((t for t in tries if isinstance(t, np.ndarray) and equal(t, self.right())), None)
        return {"value": {"grad": tries[1] if right is None else right}}

    @staticmethod
    def right() -> Any:
        """Return the right gradient."""
        return _GRAD * sigmoid(_X) * (1 - sigmoid(_X))

    @staticmethod
    def _backward(cls: Any, by_hand: bool) -> Any:
        layer = seeded(cls)
        if isinstance(layer, Crash):
            return layer
        forward = attempt(lambda: layer.forward(_X.copy()))
        if by_hand:
            layer.output = sigmoid(_X)
        elif isinstance(forward, Crash):
            return forward
        return plain(attempt(lambda: layer.backward(_GRAD.copy())))

    def problems(self, seen: Facets) -> list[Problem]:
        """Return which properties the part lacks."""
        return gradient_problems(
            seen["value"]["grad"],
            self.right(),
            f"For x = {show(_X[1, 0])}, where the output is {show(sigmoid(2.0))}, and a gradient of {show(_GRAD[1, 0])} from "
            "above",
            at=3,
        )

    def locate(self, bench: Bench, facet: str) -> int | None:
        """Return the line that decides a facet."""
        return line_of(bench.function("Sigmoid", "backward"))


def gradient_problems(got: Any, want: Any, given: str, at: int = 0) -> list[Problem]:
    """Return the problem of a gradient that is not the wanted one."""
    if isinstance(got, Crash):
        return [Problem("value", "error", f"{given}, backward gives {show(got)}.")]
    if isinstance(got, str):
        return [
            Problem("value", "result", f"{given}, backward returns {got}; expected an array of shape {want.shape}.")
        ]
    if got.shape != want.shape:
        return [
            Problem("value", "shape", f"The gradient has shape {got.shape}; expected {want.shape}, that of the output.")
        ]
    if equal(got, want):
        return []
    if np.isclose(got.ravel()[at], want.ravel()[at]):
        at = int(np.argmax(~np.isclose(got, want)))
        given = f"For a gradient of shape {got.shape} from above"
    ratio = scale_of(got, want)
    text = f"{given}, backward gives {show(got.ravel()[at])}; expected {show(want.ravel()[at])}."
    if ratio is not None:
        word = (
            "the sign is turned round"
            if np.isclose(ratio, -1)
            else f"every number is {show(ratio)} times what it should be"
        )
        return [Problem("value", "sign" if ratio < 0 else "scale", f"{text[:-1]}: {word}.")]
    return [Problem("value", "gradient", text)]


class ReLUProbe:
    """The optional ``ReLU``: max(x, 0) for each number, and its mask in the backward pass."""

    part = "ReLU"

    def observe(self, bench: Bench) -> Facets:
        """Return what the part does."""
        with bench.isolated("ReLU"):
            cls = bench.namespace["ReLU"]
            inputs = {
                "6 numbers": _X - 0.1,
                "a square": _INPUTS["a square"] - 0.1,
                "big": np.array([[7.0, -9.0, 30.0]]),
            }
            value = {name: plain(SigmoidForward._forward(cls, x)) for name, x in inputs.items()}
            layer = seeded(cls)
            grad: Any = "not judged"
            if not isinstance(layer, Crash):
                x = _X - 0.1
                forward = attempt(lambda: layer(x.copy()))
                tries = [plain(attempt(lambda: layer.backward(_GRAD.copy())))]
                layer.input, layer.output, layer.x = x, np.maximum(x, 0), x
                tries.append(plain(attempt(lambda: layer.backward(_GRAD.copy()))))
                grad = tries[0] if isinstance(forward, Crash) is False and same(tries[0], _GRAD * (x > 0)) else tries[1]
        return {"value": value, "gradient": {"grad": grad}}

    def problems(self, seen: Facets) -> list[Problem]:
        """Return which properties the part lacks."""
        found: list[Problem] = []
        inputs = {"6 numbers": _X - 0.1, "a square": _INPUTS["a square"] - 0.1, "big": np.array([[7.0, -9.0, 30.0]])}
        for name, result in seen["value"].items():
            x = inputs[name]
            want = np.maximum(x, 0)
            if isinstance(result, np.ndarray) and equal(result, want):
                continue
            if isinstance(result, np.ndarray) and result.shape == want.shape:
                i = int(np.argmax(~np.isclose(result, want)))
                says = (
                    f"For x = {show(x.ravel()[i])} you get {show(result.ravel()[i])}; expected {show(want.ravel()[i])}."
                )
            else:
                got = f"an array of shape {result.shape}" if isinstance(result, np.ndarray) else show(result)
                says = f"For x of shape {x.shape}, forward gives {got}; expected an array of shape {x.shape}."
            found.append(Problem("value", "value", says))
            break
        want = _GRAD * (_X - 0.1 > 0)
        problems = gradient_problems(
            seen["gradient"]["grad"],
            want,
            f"Where x = {show(_X[1, 1] - 0.1)} is below zero and {show(_GRAD[1, 1])} comes from above",
            at=4,
        )
        return found + [Problem("gradient", p.property, p.says) for p in problems]

    def locate(self, bench: Bench, facet: str) -> int | None:
        """Return the line that decides a facet."""
        return line_of(bench.function("ReLU", "forward" if facet == "value" else "backward"))
