"""Probe of `Linear.backward`."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from glasswork.classroom.probes.base import Bench, Facets, Problem, line_of, numbers, seeded
from glasswork.classroom.probes.linear_objects import (
    MAKERS,
    MEMBERS,
    SIZES,
    handout_object,
    is_transposed,
    linear_case,
    own_gradients,
    own_object,
    own_parameters,
)
from glasswork.classroom.probes.scales import scale_of
from glasswork.classroom.student.observe import Crash, attempt, equal, plain, same, show


class LinearBackward:
    """``Linear.backward``: three gradients, written into the arrays that the optimizer holds."""

    part = "Linear.backward"

    def observe(self, bench: Bench) -> Facets:
        """Return what the part does."""
        with bench.isolated("Linear"):
            cls = bench.namespace["Linear"]
            tries: list[dict[str, Any]] = []
            for maker, by_hand in itertools.product(MAKERS.values(), (False, True)):
                tries.append(self.results(cls, maker, by_hand))
                if not self.wrong(tries[-1]):
                    break
            best = tries[-1] if not self.wrong(tries[-1]) else tries[1]
            parameters = self._parameters(cls)
        return {"value": best, "parameters": parameters}

    @staticmethod
    def results(cls: Any, maker: Callable[[Any, Any, Any], Any], by_hand: bool) -> dict[str, Any]:
        """Return the gradients for each of the sizes; ``by_hand`` sets the input without the student's forward."""
        seen: dict[str, Any] = {}
        for size in SIZES:
            x, weight, bias = linear_case(*size)
            layer = seeded(maker, cls, weight, bias)
            name = " ".join(map(str, size))
            seen[name] = layer if isinstance(layer, Crash) else LinearBackward._one(layer, x, size, by_hand)
            if isinstance(seen[name], Crash) and seen[name].kind == "OutOfTime":
                return dict.fromkeys((" ".join(map(str, s)) for s in SIZES), seen[name])
            if maker is own_object and isinstance(seen[name], dict) and is_transposed(cls):
                weight_gradient = seen[name]["weight"]
                seen[name]["weight"] = getattr(weight_gradient, "T", weight_gradient)
        return seen

    @staticmethod
    def _one(layer: Any, x: Any, size: tuple[int, int, int], by_hand: bool) -> Any:
        batch, _, n_out = size
        if by_hand:
            layer.input = x.copy()
        else:
            forward = attempt(lambda: layer.forward(x.copy()))
            if isinstance(forward, Crash):
                return forward
        held = attempt(lambda: own_gradients(layer))
        if isinstance(held, Crash):
            held = (getattr(layer, "grad_weight", None), getattr(layer, "grad_bias", None))
        for array in held:
            if isinstance(array, np.ndarray):
                array[...] = 0.0
        before = attempt(lambda: [a.copy() for a in own_parameters(layer)])
        result = attempt(lambda: layer.backward(numbers(batch, n_out, seed=3)))
        if isinstance(result, Crash):
            return result
        grad_weight, grad_bias = (plain(a) for a in held)
        if isinstance(grad_bias, np.ndarray) and grad_bias.size == n_out:
            grad_bias = grad_bias.reshape(n_out)
        after = attempt(lambda: own_gradients(layer))
        rebound = not isinstance(after, Crash) and any(a is not h for a, h in zip(after, held, strict=True))
        moved = not same(before, attempt(lambda: list(own_parameters(layer))))
        return {
            "input": plain(result),
            "weight": grad_weight,
            "bias": grad_bias,
            "rebound": "yes" if rebound else "no",
            "moved": "yes" if moved else "no",
        }

    @staticmethod
    def right(size: str) -> dict[str, Any]:
        """Return the right gradients, those of the bias as a mean (the handout's) and as a sum (the true one)."""
        batch, n_in, n_out = map(int, size.split())
        x, weight, _ = linear_case(batch, n_in, n_out)
        grad = numbers(batch, n_out, seed=3)
        return {"input": grad @ weight.T, "weight": x.T @ grad, "bias": grad.mean(0), "bias sum": grad.sum(0)}

    @staticmethod
    def wrong(results: dict[str, Any]) -> list[tuple[str, str]]:
        """Return the sizes and gradients that are not right."""
        wrong = []
        for size, result in results.items():
            right = LinearBackward.right(size)
            if not isinstance(result, dict):
                wrong.append((size, "all"))
                continue
            for name in ("input", "weight", "bias"):
                good = [right[name]] + ([right["bias sum"]] if name == "bias" else [])
                if isinstance(result[name], str) or not any(equal(result[name], g) for g in good):
                    wrong.append((size, name))
        return wrong

    @staticmethod
    def _parameters(cls: Any) -> dict[str, Any]:
        weight, bias = np.ones((3, 2)), np.ones(2)
        for maker in (handout_object, own_object):
            layer = attempt(maker, cls, weight, bias)
            if isinstance(layer, Crash):
                continue
            seen: dict[str, Any] = {}
            for name, members in (("parameters", ("weight", "bias")), ("gradients", ("grad_weight", "grad_bias"))):
                result = attempt(lambda c=layer, n=name: list(getattr(c, n)()))
                if isinstance(result, Crash):
                    seen[name] = "None" if attempt(getattr(layer, name, int)) is None else result
                    continue
                arrays = [getattr(layer, member, None) for member in members]
                if maker is own_object and any(a is None for a in arrays):
                    seen[name] = "own" if len(result) == 2 else f"{len(result)} arrays"
                    continue
                words = [next((m for m in MEMBERS if getattr(layer, m, None) is r), "a copy") for r in result]
                seen[name] = "own" if words == list(members) else ", ".join(words) or "nothing"
            if all(value == "own" for value in seen.values()):
                return {"parameters": "own", "gradients": "own"}
        return seen if not isinstance(layer, Crash) else {"parameters": "own", "gradients": "own"}

    def problems(self, seen: Facets) -> list[Problem]:
        """Return which properties the part lacks."""
        found: list[Problem] = []
        for name, value in seen["parameters"].items():
            if value != "own":
                members = "[self.weight, self.bias]" if name == "parameters" else "[self.grad_weight, self.grad_bias]"
                got = show(value) if isinstance(value, Crash) else value if value == "None" else f"[{value}]"
                found.append(
                    Problem(
                        "parameters",
                        "result",
                        f"{name}() gives {got}; expected the layer's own two arrays, {members}, so that the optimizer can "
                        "change them in place.",
                    )
                )
                break
        wrong = self.wrong(seen["value"])
        if wrong:
            found.append(self._value_problem(seen["value"], wrong))
        elif any(isinstance(r, dict) and r["moved"] == "yes" for r in seen["value"].values()):
            says = "backward changes the weight or the bias; it may write to the gradients only."
            found.append(Problem("value", "result", says))
        return found

    @staticmethod
    def _value_problem(results: dict[str, Any], wrong: list[tuple[str, str]]) -> Problem:
        size, name = wrong[0]
        batch, n_in, n_out = map(int, size.split())
        result, right = results[size], LinearBackward.right(size)
        given = f"With batch {batch}, {n_in} inputs and {n_out} outputs"
        if not isinstance(result, dict):
            return Problem("value", "error", f"{given}, backward gives {show(result)}.")
        got, want = result[name], right[name]
        label = {"input": "the returned grad_input", "weight": "grad_weight", "bias": "grad_bias"}[name]
        if isinstance(got, str):
            return Problem("value", "result", f"{given}, {label} is {got}; expected an array of shape {want.shape}.")
        if got.shape != want.shape:
            return Problem("value", "shape", f"{given}, {label} has shape {got.shape}; expected {want.shape}.")
        ratio = scale_of(got, want)
        if not got.any():
            text = "stays zero: the array that the optimizer holds is not written to"
            return Problem("value", "unchanged", f"{given}, {label} {text}.")
        if ratio is not None:
            return Problem(
                "value", "sign" if ratio < 0 else "scale",
                f"{given}, {label} is {show(ratio)} times what it should be: it begins with {show(got.ravel()[0])}, "
                f"expected {show(want.ravel()[0])}.",
            )  # fmt: skip
        return Problem(
            "value", "gradient",
            f"{given}, {label} begins with {show(got.ravel()[:3])}; expected {show(want.ravel()[:3])}.",
        )  # fmt: skip

    def locate(self, bench: Bench, facet: str) -> int | None:
        """Return the line that decides a facet."""
        if facet == "parameters":
            bad = next((n for n, v in bench.memory[self.part]["parameters"].items() if v != "own"), "parameters")
            return line_of(bench.function("Linear", bad))
        function = bench.function("Linear", "backward")
        wrong = self.wrong(bench.memory[self.part]["value"])
        if not wrong or wrong[0][1] in ("all", "input"):
            return line_of(function)
        return line_of(function, f"grad_{wrong[0][1]}")
