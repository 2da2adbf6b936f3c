"""Probe of the optimizer."""

import ast
from typing import Any

import numpy as np

from glasswork.classroom.probes.base import Bench, Facets, Problem, line_of, seeded
from glasswork.classroom.probes.scales import scale_of
from glasswork.classroom.student.observe import Crash, attempt, plain, same, show


class SGDProbe:
    """``SGD``: step() moves the parameters in place against their gradients; zero_grad() zeroes the gradients."""

    part = "SGD"

    def observe(self, bench: Bench) -> Facets:
        """Return what the part does."""
        with bench.isolated("SGD"):
            cls = bench.namespace["SGD"]
            weight, bias, gradients, made = self._make(cls)
            lists = {"held": _held_twice(made)}
            step: dict[str, Any] = {"made": "yes" if not isinstance(made, Crash) else made}
            zero: dict[str, Any] = {}
            if not isinstance(made, Crash):
                result = attempt(lambda: made.step())
                step["error"] = result if isinstance(result, Crash) else ""
                step["weight"], step["bias"] = plain(weight), plain(bias)
                attempt(lambda: made.step())
                step["second"] = plain(weight)
                step["gradients"] = [plain(g) for g in gradients]
                zero = self._zero(cls)
        return {"lists": lists, "step": step, "zero": zero}

    @staticmethod
    def _arrays() -> tuple[Any, Any, Any, Any]:
        weight = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
        bias = np.array([10.0, 20.0])
        return weight, bias, np.array([[1.0, -1.0], [2.0, 0.0], [0.5, 4.0]]), np.array([3.0, -2.0])

    def _make(self, cls: Any) -> tuple[Any, Any, Any, Any]:
        weight, bias, grad_weight, grad_bias = self._arrays()
        gradients = [grad_weight, grad_bias, *_others()]
        return weight, bias, list(gradients), seeded(lambda: cls([weight, bias, *_others()], gradients, lr=0.1))

    def _zero(self, cls: Any) -> dict[str, Any]:
        weight, bias, grad_weight, grad_bias = self._arrays()
        gradients = [grad_weight, grad_bias, *_others()]
        optimizer = seeded(lambda: cls([weight, bias, *_others()], gradients, lr=0.1))
        result = attempt(lambda: optimizer.zero_grad())
        return {
            "error": result if isinstance(result, Crash) else "",
            "weight": plain(grad_weight),
            "bias": plain(grad_bias),
            "parameter": plain(weight),
        }

    def problems(self, seen: Facets) -> list[Problem]:
        """Return which properties the part lacks."""
        step, zero = seen["step"], seen["zero"]
        weight, bias, grad_weight, grad_bias = self._arrays()
        if isinstance(step["made"], Crash):
            return [Problem("step", "error", f"SGD(params, grads, lr=0.1) gives {show(step['made'])}.")]
        found: list[Problem] = []
        if held := seen["lists"]["held"]:
            says = f"after __init__, the optimizer holds the {held} twice, under two names."
            found.append(Problem("lists", "aliasing", says, exact=True))
        given = "With parameter 1, gradient 1 and lr = 0.1"
        if isinstance(step["error"], Crash):
            found.append(Problem("step", "error", f"step() gives {show(step['error'])}."))
        elif same(step["weight"], weight) and same(step["bias"], bias):
            found.append(Problem("step", "unchanged", f"{given}, step() leaves the parameter at 1; expected 0.9."))
        elif not (same(step["weight"], weight - 0.1 * grad_weight) and same(step["bias"], bias - 0.1 * grad_bias)):
            got = step["weight"].ravel()[0] if isinstance(step["weight"], np.ndarray) else step["weight"]
            if same(got, np.array(0.9)):
                found.append(
                    Problem(
                        "step",
                        "value",
                        f"step() does not move every number right: the weights become {show(step['weight'])}; "
                        f"expected {show(weight - 0.1 * grad_weight)}.",
                    )
                )
            else:
                ratio = scale_of(weight - step["weight"], grad_weight) if _is_like(step["weight"], weight) else None
                word = "value" if ratio is None else "sign" if ratio < 0 else "scale"
                found.append(Problem("step", word, f"{given}, step() makes it {show(got)}; expected 1 − 0.1·1 = 0.9."))
        elif not same(step["second"], weight - 0.2 * grad_weight):
            found.append(
                Problem("step", "value", "a second step() with the same gradient does not move as far as the first.")
            )
        if isinstance(zero["error"], Crash):
            found.append(Problem("zero", "error", f"zero_grad() gives {show(zero['error'])}."))
        elif not (same(zero["weight"], grad_weight * 0) and same(zero["bias"], grad_bias * 0)):
            left = zero["bias"] if same(zero["weight"], grad_weight * 0) else zero["weight"]
            partly = any(same(zero[name], array * 0) for name, array in (("weight", grad_weight), ("bias", grad_bias)))
            word = "result" if partly else "unchanged" if same(left, grad_bias) or same(left, grad_weight) else "value"
            found.append(
                Problem("zero", word, f"after zero_grad() one of the gradients is {show(left)}; expected zeros.")
            )
        elif not same(zero["parameter"], weight):
            found.append(
                Problem("zero", "value", "zero_grad() changes the parameters; it may change the gradients only.")
            )
        return found

    def locate(self, bench: Bench, facet: str) -> int | None:
        """Return the line that decides a facet."""
        if facet == "lists":
            held = bench.memory[self.part]["lists"]["held"]
            names = ("grads", "gradients") if held == "parameters" else ("params", "parameters")
            return line_of(bench.function("SGD", "__init__"), *names)
        function = bench.function("SGD", "step" if facet == "step" else "zero_grad")
        if function is None:
            return None
        inner = [n for loop in ast.walk(function) if isinstance(loop, ast.For) for n in ast.walk(loop)]
        leaving = [n.lineno for n in inner if isinstance(n, ast.Return | ast.Break)]
        if leaving:
            return leaving[0]
        loops = [n.body[0].lineno for n in getattr(function, "body", []) if hasattr(n, "body")]
        return loops[0] if loops else line_of(function)


def _held_twice(optimizer: Any) -> str:
    """Return which list an optimizer holds in the place of both."""
    firsts = [v[0] for v in getattr(optimizer, "__dict__", {}).values() if isinstance(v, list) and v]
    arrays = [f for f in firsts if isinstance(f, np.ndarray)]
    if len(arrays) < 2 or any(array is not arrays[0] for array in arrays):
        return ""
    return "parameters" if same(arrays[0], SGDProbe._arrays()[0]) else "gradients"


def _is_like(value: Any, array: Any) -> bool:
    return isinstance(value, np.ndarray) and value.shape == array.shape and value.dtype.kind in "fiu"


def _others() -> list[Any]:
    """Return the arrays of a second layer: a network has four, so that lists are not taken for pairs."""
    return [np.array([[1.0], [2.0]]), np.array([3.0])]
