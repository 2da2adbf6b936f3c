"""Probe of `Linear.__init__`."""

from typing import Any

import numpy as np

from glasswork.classroom.probes.base import Bench, Facets, Problem, line_of, seeded
from glasswork.classroom.probes.linear_backward import LinearBackward
from glasswork.classroom.probes.linear_forward import LinearForward
from glasswork.classroom.probes.linear_objects import MEMBERS, own_object
from glasswork.classroom.student.observe import Crash, attempt, plain, show

#: A spread of weights below which learning takes very long to begin.
_TINY = 2e-3

_OF = {"weight": "(in_features, out_features)", "bias": "(out_features,)"}


class LinearInit:
    """``Linear.__init__``: shapes, types and values of the four arrays, and whose memory they are."""

    part = "Linear.__init__"

    def observe(self, bench: Bench) -> Facets:
        """Return what the part does."""
        with bench.isolated("Linear"):
            cls = bench.namespace["Linear"]
            small, crash = self._make(cls, 4, 3)
            facets: Facets = {name: {} for name in (*MEMBERS, "sharing")}
            if crash is not None:
                missing = [name for name in MEMBERS if not hasattr(small, name)]
                facets[missing[0] if missing else "sharing"]["error"] = crash
            arrays = self._members(small)
            for name in MEMBERS:
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
        found = {name: getattr(layer, name) for name in MEMBERS if hasattr(layer, name)}
        if "weight" not in found or "bias" not in found:
            lists = attempt(lambda: [*layer.parameters(), *layer.gradients()])
            if isinstance(lists, list) and len(lists) == 4:
                found |= dict(zip(MEMBERS, lists, strict=True))
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
            word = "large" if std > 0.2 else "tiny" if std < _TINY else "small"
        signs = "none below 0" if weight.min() >= 0 else "none above 0" if weight.max() <= 0 else "both"
        return {"spread": word, "signs": signs, "_mean": round(mean, 1), "_std": round(std, 1), "_spread": f"{std:.1g}"}

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
        for name in MEMBERS:
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
        expected = _OF.get(name, f"of self.{name.removeprefix('grad_')}")
        if seen["type"] != "array":
            words = {"missing": "is never set", "...": "is still `...`"}
            words |= dict.fromkeys(("float", "int", "float64"), "is a single number")
            what = words.get(seen["type"], f"is {seen['type']}")
            return [Problem(name, "type", f"self.{name} {what}; expected an array of the shape {expected}.")]
        found = []
        if seen["dtype"] != "f":
            found.append(
                Problem(
                    name, "dtype", f"self.{name} holds whole numbers; an update of 0.01 cannot be added to them. "
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
            "one-sided": f"the weights have the mean {mean}, not 0: 784 pixels of about -0.7, each times its weight, "
            f"add up to {-784 * 0.7 * mean:.0f}, and the sigmoid of that is flat.",
            "unscaled": f"the weights spread by {std}: sums of 784 inputs reach ±{26 * std:.0f}, "
            "and the sigmoid of that is flat. Expected: small random values.",
            "slightly one-sided": "the weights are small, but their mean is not 0.",
            "large": f"the weights spread by {std}; smaller ones learn faster at the start.",
            "tiny": f"the weights spread by {seen.get('_spread')}: so small that all hidden neurons begin almost alike. "
            "Training begins sooner with weights near 0.05.",
        }.get(word or "")
        if says is None:
            return []
        return [Problem("weight", "spread", says, remark=word in ("slightly one-sided", "large", "tiny"))]

    def locate(self, bench: Bench, facet: str) -> int | None:
        """Return the line that decides a facet."""
        function = bench.function("Linear", "__init__")
        if facet == "sharing":
            return line_of(function, "grad_weight", "grad_bias") if function else None
        return line_of(function, facet) if function else None


def _symbols(shape: tuple[int, ...]) -> str:
    words = ["in" if n == 4 else "out" if n == 3 else str(n) for n in shape]
    return f"({words[0]},)" if len(words) == 1 else f"({', '.join(words)})"
