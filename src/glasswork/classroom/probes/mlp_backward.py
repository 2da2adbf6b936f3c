"""Probe of `MLP.backward`."""

from typing import Any

from glasswork.classroom.probes.base import Bench, Facets, Problem, line_of, numbers
from glasswork.classroom.probes.scales import scale_of
from glasswork.classroom.probes.traced import (
    ATTRIBUTES,
    BATCH,
    IN,
    OUT,
    Tracer,
    build_by_hand,
    build_mlp,
    detour,
    line_calling,
    reference_backward,
    reference_output,
)
from glasswork.classroom.student.observe import Crash, attempt, same, show


class MLPBackward:
    """``MLP.backward``: every layer's gradients, checked against small changes of every weight."""

    part = "MLP.backward"

    def observe(self, bench: Bench) -> Facets:
        """Return what the part does."""
        tries: list[dict[str, Any]] = []
        for build, by_forward in ((build_mlp, True), (build_mlp, False), (build_by_hand, False)):
            tracer, model = build(bench)
            own = {"error": model} if isinstance(model, Crash) else self._gradients(bench, tracer, model, by_forward)
            tries.append(own)
            if own and all(value == "right" for value in own.values()):
                break
        told = tries[-1] if "error" not in tries[-1] else next((t for t in tries if "error" not in t), tries[-1])
        return {"value": told}

    @staticmethod
    def _gradients(bench: Bench, tracer: Tracer, model: Any, by_forward: bool) -> dict[str, Any]:
        x, grad = numbers(BATCH, IN, seed=8, step=0.5), numbers(BATCH, OUT, seed=9)
        with bench.isolated("MLP", **tracer.classes):
            tracer.ran.clear()
            output = attempt(lambda: model.forward(x.copy())) if by_forward else None
            order = list(tracer.ran)
            if not by_forward or isinstance(output, Crash) or len(order) < 3:
                order = [getattr(model, name, None) for name in ATTRIBUTES]
                if not all(hasattr(layer, "kind_") for layer in order):
                    return {"error": Crash("no layers")}
                ran = attempt(reference_output, model, x, order)
                if isinstance(ran, Crash):
                    return {"error": ran}
            tracer.back.clear()
            result = attempt(lambda: model.backward(grad.copy()))
            if isinstance(result, Crash):
                return {"error": result}
            hop = detour(("grad_output", grad), tracer.back, model)
            seen: dict[str, Any] = {}
            got = [
                (layer, layer.grad_weight.copy(), layer.grad_bias.copy()) for layer in order if layer.kind_ == "Linear"
            ]
            right = attempt(reference_backward, model, x, order, grad)
            if isinstance(right, Crash):
                return {"error": right}
            for i, (layer, weight, bias) in enumerate(got, 1):
                name = next((n for n in ATTRIBUTES if getattr(model, n, None) is layer), f"linear layer {i}")
                right = same(weight, layer.grad_weight) and same(bias, layer.grad_bias)
                ratio = scale_of(weight, layer.grad_weight)
                seen[name] = (
                    "right"
                    if right
                    else "zero"
                    if not weight.any()
                    else {"got": weight, "want": layer.grad_weight.copy(), "ratio": ratio}
                )
            seen["lists"] = MLPBackward._lists(model, [layer for layer, *_ in got])
            if hop and any(value != "right" for value in seen.values()):
                seen["detour"] = hop
        return seen

    @staticmethod
    def _lists(model: Any, linears: list[Any]) -> str:
        parameters = attempt(lambda: list(model.parameters()))
        gradients = attempt(lambda: list(model.gradients()))
        for name, given, members in (
            ("parameters", parameters, ("weight", "bias")),
            ("gradients", gradients, ("grad_weight", "grad_bias")),
        ):
            if isinstance(given, Crash):
                is_none = attempt(getattr(model, name, int)) is None
                return f"{name}() returns None" if is_none else f"{name}() gives {show(given)}"
            if given and all(isinstance(one, list | tuple) for one in given):
                return f"{name}() returns lists inside of another one"
            wanted = [getattr(layer, member) for layer in linears for member in members]
            missing = [w for w in wanted if not any(w is g for g in given)]
            if missing:
                return f"{name}() leaves out {len(missing)} of the {len(wanted)} arrays, or gives copies of them"
            if len(given) != len(wanted):
                return f"{name}() gives {len(given)} arrays; expected {len(wanted)}"
        places = [
            next((i for i, w in enumerate([a for layer in linears for a in (layer.weight, layer.bias)]) if w is p), -1)
            for p in parameters
        ]
        others = [
            next(
                (
                    i
                    for i, w in enumerate([a for layer in linears for a in (layer.grad_weight, layer.grad_bias)])
                    if w is g
                ),
                -1,
            )
            for g in gradients
        ]
        return "right" if places == others else "parameters() and gradients() have different orders"

    def problems(self, seen: Facets) -> list[Problem]:
        """Return which properties the part lacks."""
        value = seen["value"]
        if "error" in value:
            return [Problem("value", "error", f"backward gives {show(value['error'])}.")]
        if "detour" in value:
            layer, source = value["detour"].split(", ")
            says = f"backward hands {source} to {layer}.backward, and not what the call before it returned."
            return [Problem("value", "gradient", says, exact=True)]
        for name, result in value.items():
            if result == "right":
                continue
            if name == "lists":
                if result.endswith("None") or "lists inside" in result:
                    says = f"{result}; expected one list with the arrays of both layers."
                    return [Problem("value", "result", says)]
                if "gives an error" in result:
                    return [Problem("value", "error", f"{result}.")]
                return [Problem("value", "result", f"{result}: the optimizer would move the wrong arrays.")]
            if isinstance(result, str):
                return [Problem("value", "gradient", f"after backward, the gradient of {name}'s weight is still zero.")]
            text = f"{show(result['got'].ravel()[0])}; expected {show(result['want'].ravel()[0])}"
            if result["ratio"] is not None:
                return [
                    Problem(
                        "value",
                        "scale",
                        f"after backward, {name}'s grad_weight begins with {text}: {show(result['ratio'])} times.",
                    )
                ]
            return [
                Problem(
                    "value",
                    "gradient",
                    f"after backward, {name}'s grad_weight begins with {text} (chain rule, layer by layer).",
                )
            ]
        return []

    def locate(self, bench: Bench, facet: str) -> int | None:
        """Return the line that decides a facet."""
        seen = bench.memory.get(self.part, {}).get("value", {})
        if "detour" in seen:
            return line_calling(bench.function("MLP", "backward"), seen["detour"].split(", ")[0], "backward")
        if str(seen.get("lists", "right")) != "right" and not any(isinstance(v, dict) for v in seen.values()):
            return line_of(bench.function("MLP", str(seen["lists"]).split("()")[0]))
        return line_of(bench.function("MLP", "backward"))
