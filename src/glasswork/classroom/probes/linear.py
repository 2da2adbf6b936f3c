"""Probes of the linear layer."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from glasswork.classroom.observe import Crash, attempt, equal, plain, same, show
from glasswork.classroom.probes.base import Bench, Facets, Problem, crash_line, first_crash, line_of, numbers, seeded

#: (batch, in, out): all different first, then the coincidences in which a wrong product goes through.
SIZES = ((2, 3, 4), (5, 3, 2), (2, 3, 3), (3, 3, 2), (2, 3, 2), (3, 3, 3), (1, 3, 2), (4, 1, 3), (3, 2, 1))

_MEMBERS = ("weight", "bias", "grad_weight", "grad_bias")
_OF = {"weight": "(in_features, out_features)", "bias": "(out_features,)"}


# Objects to try --------------------------------------------------------------------------------------


def handout_object(cls: Any, weight: Any, bias: Any) -> Any:
    """Return an object with the handout's attributes, made without the student's ``__init__``."""
    layer = cls.__new__(cls)
    layer.weight, layer.bias = weight.copy(), bias.copy()
    layer.grad_weight, layer.grad_bias = np.zeros_like(weight), np.zeros_like(bias)
    return layer


def own_object(cls: Any, weight: Any, bias: Any) -> Any:
    """Return an object that the student's ``__init__`` made, with the given numbers put in its arrays."""
    layer = cls(weight.shape[0], weight.shape[1])
    own_weight, own_bias = own_parameters(layer)
    own_weight[...] = weight.T if is_transposed(cls) else weight
    own_bias[...] = bias.reshape(own_bias.shape)
    return layer


def own_parameters(layer: Any) -> tuple[Any, Any]:
    """Return a layer's weight and bias, whatever they are called."""
    weight, bias = getattr(layer, "weight", None), getattr(layer, "bias", None)
    if weight is None or bias is None:
        weight, bias = list(layer.parameters())[:2]
    return weight, bias


def is_transposed(cls: Any) -> bool:
    """Return whether the student's ``__init__`` makes weights of shape (out, in)."""
    if cls not in _transposed:
        _transposed.clear()
        _transposed[cls] = _makes_transposed(cls)
    return _transposed[cls]


_transposed: dict[Any, bool] = {}


def _makes_transposed(cls: Any) -> bool:
    weight = attempt(lambda: own_parameters(cls(4, 3))[0])
    return isinstance(weight, np.ndarray) and weight.shape == (3, 4)


def own_gradients(layer: Any) -> tuple[Any, Any]:
    """Return a layer's gradient arrays, as its optimizer gets them."""
    grad_weight, grad_bias = list(layer.gradients())[:2]
    return grad_weight, grad_bias


MAKERS: dict[str, Callable[[Any, Any, Any], Any]] = {"handout": handout_object, "own": own_object}


class LinearInit:
    """``Linear.__init__``: shapes, types and values of the four arrays, and whose memory they are."""

    part = "Linear.__init__"

    def observe(self, bench: Bench) -> Facets:
        """Return what the part does."""
        with bench.isolated("Linear"):
            cls = bench.namespace["Linear"]
            small, crash = self._make(cls, 4, 3)
            facets: Facets = {name: {} for name in (*_MEMBERS, "sharing")}
            if crash is not None:
                missing = [name for name in _MEMBERS if not hasattr(small, name)]
                facets[missing[0] if missing else "sharing"]["error"] = crash
            arrays = self._members(small)
            for name in _MEMBERS:
                if name in arrays:
                    facets[name] |= self._array(name, arrays)
                elif crash is None:
                    facets[name]["type"] = "missing"
            if crash is None:
                facets["weight"] |= self._spread(cls)
                facets["sharing"] |= self._sharing(cls, arrays)
                facets["weight"]["orientation"] = self._orientation(cls, arrays.get("weight"))
        return facets

    @staticmethod
    def _make(cls: Any, n_in: int, n_out: int) -> tuple[Any, Crash | None]:
        layer = attempt(cls.__new__, cls)
        if isinstance(layer, Crash):
            return None, layer
        crash = seeded(layer.__init__, n_in, n_out)
        return layer, crash if isinstance(crash, Crash) else None

    @staticmethod
    def _members(layer: Any) -> dict[str, Any]:
        found = {name: getattr(layer, name) for name in _MEMBERS if hasattr(layer, name)}
        if "weight" not in found or "bias" not in found:
            lists = attempt(lambda: [*layer.parameters(), *layer.gradients()])
            if isinstance(lists, list) and len(lists) == 4:
                found |= dict(zip(_MEMBERS, lists, strict=True))
        return found

    @staticmethod
    def _array(name: str, arrays: dict[str, Any]) -> dict[str, Any]:
        value = arrays[name]
        if not isinstance(value, np.ndarray):
            word = plain(value)
            return {"type": word if isinstance(word, str) else f"{type(value).__name__}"}
        seen: dict[str, Any] = {"type": "array", "dtype": value.dtype.kind}
        if name.startswith("grad_"):
            parameter = arrays.get(name.removeprefix("grad_"))
            own = isinstance(parameter, np.ndarray) and parameter.shape == value.shape
            seen["shape"] = "same" if own else _symbols(value.shape)
        else:
            seen["shape"] = _symbols(value.shape)
        if name == "bias" and value.size:
            seen["values"] = "zero" if not value.any() else "small" if np.abs(value).max() <= 0.5 else "large"
            seen["first"] = float(value.ravel()[0]) if seen["values"] == "large" and np.ptp(value) == 0 else ""
        if name.startswith("grad_"):
            seen["values"] = "zero" if not np.any(np.nan_to_num(value)) else "not zero"
        return seen

    def _spread(self, cls: Any) -> dict[str, Any]:
        layer, crash = self._make(cls, 784, 50)
        weight = self._members(layer).get("weight") if crash is None else None
        if not isinstance(weight, np.ndarray) or weight.dtype.kind not in "fiu" or weight.size < 2:
            return {}
        weight = weight.astype(float)
        mean, std = float(weight.mean()), float(weight.std())
        if not np.isfinite(weight).all():
            word = "not finite"
        elif not weight.any():
            word = "zero"
        elif std < 1e-12:
            word = "constant"
        elif weight.ndim == 2 and (not np.ptp(weight, axis=0).any() or not np.ptp(weight, axis=1).any()):
            word = "alike"
        elif abs(mean) > 0.1 * std + 3 * std / weight.size**0.5:
            word = "one-sided" if abs(mean) * 784 * 0.7 > 8 else "slightly one-sided"
        elif std > 0.55:
            word = "unscaled"
        else:
            word = "large" if std > 0.2 else "small"
        return {"spread": word, "_mean": round(mean, 1), "_std": round(std, 1)}

    @staticmethod
    def _sharing(cls: Any, arrays: dict[str, Any]) -> dict[str, Any]:
        own = {name: a for name, a in arrays.items() if isinstance(a, np.ndarray)}
        pairs = [
            f"{a}, {b}"
            for i, a in enumerate(own)
            for b in list(own)[i + 1 :]
            if own[a].size and np.shares_memory(own[a], own[b])
        ]
        second, crash = LinearInit._make(cls, 4, 3)
        others = LinearInit._members(second) if crash is None else {}
        between = [
            name for name, a in own.items()
            if isinstance(others.get(name), np.ndarray) and a.size and np.shares_memory(a, others[name])
        ]  # fmt: skip
        return {"pairs": "; ".join(pairs), "layers": ", ".join(between)}

    @staticmethod
    def _orientation(cls: Any, weight: Any) -> str:
        if not isinstance(weight, np.ndarray) or weight.shape != (3, 4):
            return ""
        fits = not LinearForward.wrong(LinearForward.results(cls, own_object)) and not LinearBackward.wrong(
            LinearBackward.results(cls, own_object, False)
        )
        return "its own backward fits" if fits else "the backward does not fit"

    def problems(self, seen: Facets) -> list[Problem]:
        """Return which properties the part lacks."""
        found: list[Problem] = []
        for name in _MEMBERS:
            found += self._array_problems(name, seen[name])
        sharing = seen["sharing"]
        if "error" in sharing:
            found.append(Problem("sharing", "error", f"__init__ stops with {show(sharing['error'])}."))
        if sharing.get("pairs"):
            one, other = sharing["pairs"].split("; ")[0].split(", ")
            found.append(
                Problem(
                    "sharing",
                    "aliasing",
                    f"self.{one} and self.{other} are one and the same memory: writing 5 into one makes the other 5 as "
                    "well. Expected: four arrays of their own.",
                )
            )
        if sharing.get("layers"):
            found.append(
                Problem("sharing", "aliasing", f"two Linear objects share one {sharing['layers']}: each needs its own.")
            )
        return found

    def _array_problems(self, name: str, seen: dict[str, Any]) -> list[Problem]:
        if "error" in seen:
            return [Problem(name, "error", f"Linear(4, 3) stops before self.{name} is made: {show(seen['error'])}.")]
        if not seen:
            return []
        expected = _OF.get(name, f"as self.{name.removeprefix('grad_')}")
        if seen["type"] != "array":
            what = {"missing": "is never set", "...": "is still `...`"}.get(seen["type"], f"is {seen['type']}")
            return [Problem(name, "type", f"self.{name} {what}; expected an array of shape {expected}.")]
        found = []
        if seen["dtype"] != "f":
            found.append(
                Problem(
                    name, "dtype", f"self.{name} holds whole numbers; an update of 0.01 cannot be added to whole numbers. "
                    "Expected: decimal numbers (float).",
                )
            )  # fmt: skip
        found += self._shape_problems(name, seen, expected)
        if name == "weight" and not found:
            found += self._spread_problems(seen)
        if name == "bias" and seen.get("values") == "large":
            found.append(Problem(name, "value", "the bias does not start at zero or close to it."))
        if name == "bias" and seen.get("values") == "small":
            found.append(
                Problem(name, "value", "the bias starts small, not at zero as asked; it does no harm.", remark=True)
            )
        if name.startswith("grad_") and seen["values"] == "not zero" and not found:
            found.append(
                Problem(
                    name, "value", f"self.{name} does not start with zeros as asked; zero_grad() mends it.", remark=True
                )
            )
        return found

    @staticmethod
    def _shape_problems(name: str, seen: dict[str, Any], expected: str) -> list[Problem]:
        shape = seen["shape"]
        right = {"weight": ("(in, out)",), "bias": ("(out,)", "(1, out)")}.get(name, ("same",))
        if shape in right:
            return []
        if name == "weight" and shape == "(out, in)" and seen.get("orientation") == "its own backward fits":
            return [Problem(name, "shape", "weight has shape (out, in), and your backward fits it.", remark=True)]
        got = shape.replace("in", "4").replace("out", "3")
        want = expected.replace("in_features", "4").replace("out_features", "3")
        return [Problem(name, "shape", f"for Linear(4, 3), self.{name} has shape {got}; expected the shape {want}.")]

    @staticmethod
    def _spread_problems(seen: dict[str, Any]) -> list[Problem]:
        word = seen.get("spread")
        mean, std = seen.get("_mean", 0.0), seen.get("_std", 1.0)
        says = {
            "zero": "every weight is 0: all neurons compute the same and stay the same.",
            "constant": "all weights are one and the same number: all neurons compute the same and stay the same.",
            "alike": "whole rows or columns of the weights are equal: those neurons stay the same for ever.",
            "not finite": "some weights are not finite numbers.",
            "one-sided": f"the weights have the mean {mean}, not 0: 784 inputs of about -1 add up to "
            f"{-784 * 0.8 * mean:.0f}, and the sigmoid of that is flat.",
            "unscaled": f"the weights spread by {std}: sums of 784 inputs reach ±{26 * std:.0f}, "
            "and the sigmoid of that is flat. Expected: small random values.",
            "slightly one-sided": "the weights are small, but their mean is not 0.",
            "large": f"the weights spread by {std}; smaller ones learn faster at the start.",
        }.get(word or "")
        if says is None:
            return []
        return [Problem("weight", "randomness", says, remark=word in ("slightly one-sided", "large"))]

    def locate(self, bench: Bench, facet: str) -> int | None:
        """Return the line that decides a facet."""
        function = bench.function("Linear", "__init__")
        if facet == "sharing":
            return line_of(function, "grad_weight", "grad_bias") if function else None
        return line_of(function, facet) if function else None


def _symbols(shape: tuple[int, ...]) -> str:
    words = ["in" if n == 4 else "out" if n == 3 else str(n) for n in shape]
    return f"({words[0]},)" if len(words) == 1 else f"({', '.join(words)})"


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
        return {"value": best, "kept": {"input": kept}, "call": {"call": call}}

    @staticmethod
    def results(cls: Any, maker: Callable[[Any, Any, Any], Any]) -> dict[str, Any]:
        """Return the output for each of the sizes."""
        seen: dict[str, Any] = {}
        for batch, n_in, n_out in SIZES:
            x, weight, bias = _case(batch, n_in, n_out)
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
            x, weight, bias = _case(*map(int, size.split()))
            if isinstance(result, Crash | str) or not equal(result, x @ weight + bias):
                wrong.append(size)
        return wrong

    @staticmethod
    def _kept(cls: Any, maker: Callable[[Any, Any, Any], Any]) -> str:
        x, weight, bias = _case(5, 3, 2)
        layer = seeded(maker, cls, weight, bias)
        before = x.copy()
        attempt(lambda: layer.forward(x))
        value = getattr(layer, "input", "missing")
        if isinstance(value, str):
            return value
        return "yes" if equal(value, before) else "another"

    @staticmethod
    def _call(cls: Any) -> Any:
        x, weight, bias = _case(2, 3, 4)
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
        x, weight, bias = _case(batch, n_in, n_out)
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
        if facet == "call":
            return line_of(bench.function("Linear", "__call__") or function)
        return line_of(function, "output") if function is None else line_of(function)


def _sum_of(x: Any, w: Any, b: Any) -> str:
    terms = " + ".join(
        f"{show(a)}·{show(c)}" if c >= 0 else f"{show(a)}·({show(c)})" for a, c in zip(x, w, strict=True)
    )
    return f"{terms} + {show(b)}" if b >= 0 else f"{terms} + ({show(b)})"


def _case(batch: int, n_in: int, n_out: int) -> tuple[Any, Any, Any]:
    return (
        numbers(batch, n_in, seed=1, most=4),
        numbers(n_in, n_out, seed=2, step=0.5, most=5),
        np.arange(1, n_out + 1) * 10.0,
    )


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
            x, weight, bias = _case(*size)
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
        x, weight, _ = _case(batch, n_in, n_out)
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
                    seen[name] = result
                    continue
                arrays = [getattr(layer, member, None) for member in members]
                if maker is own_object and any(a is None for a in arrays):
                    seen[name] = "own" if len(result) == 2 else f"{len(result)} arrays"
                    continue
                words = [next((m for m in _MEMBERS if getattr(layer, m, None) is r), "a copy") for r in result]
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
                got = show(value) if isinstance(value, Crash) else f"[{value}]"
                found.append(
                    Problem(
                        "parameters",
                        "aliasing",
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
            found.append(Problem("value", "aliasing", says))
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
            return Problem("value", "aliasing", f"{given}, {label} {text}.")
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


def scale_of(got: Any, want: Any) -> float | None:
    """Return the one factor between two arrays, if there is one."""
    got, want = np.asarray(got, float), np.asarray(want, float)
    if got.shape != want.shape or not want.any():
        return None
    ratio = float((got * want).sum() / (want * want).sum())
    return ratio if ratio and np.allclose(got, ratio * want, rtol=1e-4, atol=1e-7) else None


__all__ = ["LinearBackward", "LinearForward", "LinearInit", "crash_line", "first_crash", "scale_of"]
