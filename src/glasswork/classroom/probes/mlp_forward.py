"""Probe of `MLP.forward`."""

import ast
from typing import Any

import numpy as np

from glasswork.classroom.probes.base import Bench, Facets, Problem, line_of, numbers
from glasswork.classroom.probes.mlp_backward import MLPBackward
from glasswork.classroom.probes.traced import (
    ATTRIBUTES,
    BATCH,
    IN,
    OUT,
    Tracer,
    build_by_hand,
    build_mlp,
    detour,
    layers_of,
    line_calling,
    reference_output,
)
from glasswork.classroom.student.observe import Crash, attempt, plain, same, show


class MLPForward:
    """``MLP.forward``: x → linear1 → act1 → linear2 → act2, and the result returned."""

    part = "MLP.forward"

    def observe(self, bench: Bench) -> Facets:
        """Return what the part does."""
        tries = []
        for build in (build_mlp, build_by_hand):
            tracer, model = build(bench)
            if isinstance(model, Crash):
                tries.append({"output": model, "order": "", "right": False})
                continue
            with bench.isolated("MLP", **tracer.classes):
                tries.append(self._run(bench, tracer, model))
        built, by_hand = tries
        lacks = isinstance(by_hand["output"], Crash) and by_hand["output"].kind == "AttributeError"
        best = built if built["right"] or (lacks and "call" in built) else by_hand
        return {"value": {k: v for k, v in best.items() if k != "ran"}}

    @staticmethod
    def _run(bench: Bench, tracer: Tracer, model: Any) -> dict[str, Any]:
        x = numbers(BATCH, IN, seed=8)
        tracer.ran.clear()
        tracer.flow.clear()
        output = plain(attempt(lambda: model.forward(x.copy())))
        ran = list(tracer.ran)
        members = layers_of(model)
        names = {id(getattr(model, name)): name for name in ATTRIBUTES if hasattr(getattr(model, name, None), "kind_")}
        order = " → ".join(names.get(id(layer), layer.kind_) for layer in ran)
        hop = detour(("the images", x), tracer.flow, model)
        tracer.ran.clear()
        called = plain(attempt(lambda: model(x.copy())))
        right = False
        if isinstance(output, np.ndarray) and output.shape == (BATCH, OUT):
            kinds = [layer.kind_ for layer in ran]
            linears = [layer for layer in ran if layer.kind_ == "Linear"]
            all_once = len(ran) == len(set(map(id, ran))) and all(any(layer is r for r in ran) for layer in members)
            alternate = kinds[0::2] == ["Linear"] * len(kinds[0::2]) and "Linear" not in kinds[1::2]
            own = len(linears) >= 2 and all_once and alternate
            if not own and alternate and len(linears) >= 2 and len(ran) == len(set(map(id, ran))):
                # A layer that is not used, such as the last activation before a cross-entropy, is right where the
                # backward does without it, too.
                gradients = MLPBackward._gradients(bench, tracer, model, True)
                own = bool(gradients) and all(value == "right" for value in gradients.values())
            right = own and same(output, plain(reference_output(model, x, ran)))
        return {"output": output, "order": order, "right": right, "call": same(called, output), "detour": hop}

    def problems(self, seen: Facets) -> list[Problem]:
        """Return which properties the part lacks."""
        value = seen["value"]
        output = value["output"]
        path = f" It runs {value['order']}." if value["order"] else " It runs no layer."
        want = "expected linear1 → act1 → linear2 → act2"
        if value["right"]:
            if value.get("call"):
                return []
            return [Problem("value", "result", "model(x) does not give what model.forward(x) gives.")]
        if isinstance(output, Crash):
            return [
                Problem(
                    "value",
                    "error",
                    f"For x of shape ({BATCH}, {IN}), forward gives {show(output)}.{path[:-1]}; {want}.",
                )
            ]
        if isinstance(output, str):
            return [
                Problem(
                    "value",
                    "result",
                    f"forward returns {output}; expected the output of act2, shape ({BATCH}, {OUT}).{path}",
                )
            ]
        if output.shape != (BATCH, OUT):
            return [
                Problem(
                    "value",
                    "shape",
                    f"For {BATCH} images, the output has shape {output.shape}; expected ({BATCH}, {OUT}).{path}",
                )
            ]
        if value["detour"]:
            layer, source = value["detour"].split(", ")
            says = f"forward hands {source} to {layer}, and not the output of the layer before it; {want}."
            return [Problem("value", "value", says, exact=True)]
        if value["order"] == "linear1 → act1 → linear2 → act2":
            says = "forward runs the four layers in their order, but what it returns is not what act2 computes of them."
            return [Problem("value", "value", says, exact=True)]
        return [Problem("value", "value", f"forward runs {value['order'] or 'no layer'}; {want}, each once.")]

    def locate(self, bench: Bench, facet: str) -> int | None:
        """Return the line that decides a facet."""
        function = bench.function("MLP", "forward")
        value = bench.memory.get(self.part, {}).get("value", {})
        hop, is_complete = value.get("detour", ""), value.get("order") == "linear1 → act1 → linear2 → act2"
        nodes = list(ast.walk(function)) if function is not None and (hop or is_complete) else []
        for node in nodes:
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
                return node.lineno  # a layer whose result is thrown away
        if hop:
            return line_calling(function, hop.split(", ")[0]) or line_of(function)
        return max((n.lineno for n in nodes if isinstance(n, ast.Return)), default=line_of(function))
