"""Probe of `MLP.__init__`."""

import itertools
from typing import Any

import numpy as np

from glasswork.classroom.probes.base import Bench, Facets, Problem, line_of, numbers
from glasswork.classroom.probes.traced import ATTRIBUTES, BATCH, HIDDEN, IN, OUT, Tracer, build_mlp, layers_of
from glasswork.classroom.student.observe import Crash, attempt, plain, show


class MLPInit:
    """``MLP.__init__``: two linear layers that fit one another, and two activations of their own."""

    part = "MLP.__init__"

    def observe(self, bench: Bench) -> Facets:
        """Return what the part does."""
        tracer, model = build_mlp(bench)
        layers: dict[str, Any] = {}
        if isinstance(model, Crash):
            layers["error"] = model
            return {"layers": layers}
        found = layers_of(model)
        for name in ATTRIBUTES:
            value = getattr(model, name, "missing")
            layers[name] = _word(value)
        layers["twice"] = [
            f"{a} is {b}"
            for i, a in enumerate(ATTRIBUTES)
            for b in ATTRIBUTES[i + 1 :]
            if hasattr(model, a)
            and getattr(model, a) is getattr(model, b, None)
            and hasattr(getattr(model, a), "kind_")
        ]
        layers["chain"] = [_word(layer) for layer in found]
        with bench.isolated("MLP", **tracer.classes):
            layers["works"] = self._works(tracer, model)
        return {"layers": layers}

    @staticmethod
    def _works(tracer: Tracer, model: Any) -> bool:
        """Return whether the student's own forward runs all layers and its output has the right shape."""
        tracer.ran.clear()
        result = plain(attempt(lambda: model.forward(numbers(BATCH, IN, seed=8))))
        if not isinstance(result, np.ndarray) or result.shape != (BATCH, OUT):
            return False
        kinds = [layer.kind_ for layer in tracer.ran]
        if set(kinds[0::2]) != {"Linear"} or "Linear" in kinds[1::2]:
            return False
        linear = [layer for layer in tracer.ran if layer.kind_ == "Linear"]
        return len(linear) >= 2 and all(a is not b for a, b in itertools.pairwise(linear))

    def problems(self, seen: Facets) -> list[Problem]:
        """Return which properties the part lacks."""
        layers = seen["layers"]
        if "error" in layers:
            return [Problem("layers", "error", f"MLP({IN}, {HIDDEN}, {OUT}) gives {show(layers['error'])}.")]
        if layers["twice"]:
            one, other = layers["twice"][0].split(" is ")
            return [
                Problem(
                    "layers",
                    "aliasing",
                    f"self.{one} and self.{other} are one object.",
                )
            ]
        handout = [layers[name] for name in ATTRIBUTES]
        if handout == [f"Linear({IN}, {HIDDEN})", "Sigmoid", f"Linear({HIDDEN}, {OUT})", "Sigmoid"]:
            return []
        linear = [word for word in layers["chain"] if word.startswith("Linear")]
        if layers["works"] and self._chained(linear):
            return []
        for name, want in zip(
            ATTRIBUTES,
            (f"Linear({IN}, {HIDDEN})", "an activation", f"Linear({HIDDEN}, {OUT})", "an activation"),
            strict=True,
        ):
            got = layers[name]
            good = got == want or (want == "an activation" and got in ("Sigmoid", "ReLU"))
            if not good:
                word = {"missing": "is never set", "...": "is still `...`"}.get(got, f"is {got}")
                return [
                    Problem("layers", "content", f"In MLP({IN}, {HIDDEN}, {OUT}), self.{name} {word}; expected {want}.")
                ]
        return []

    @staticmethod
    def _chained(linear: list[str]) -> bool:
        sizes = [tuple(word[7:-1].split(", ")) for word in linear]
        if len(sizes) < 2 or sizes[0][0] != str(IN) or sizes[-1][1] != str(OUT):
            return False
        return all(a[1] == b[0] for a, b in itertools.pairwise(sizes))

    def locate(self, bench: Bench, facet: str) -> int | None:
        """Return the line that decides a facet."""
        function = bench.function("MLP", "__init__")
        if function is None:
            return None
        seen = bench.memory.get("MLP.__init__", {}).get("layers", {})
        if seen.get("twice"):
            return line_of(function, seen["twice"][0].split(" is ")[1])
        wants = (f"Linear({IN}, {HIDDEN})", "Sigmoid", f"Linear({HIDDEN}, {OUT})", "Sigmoid")
        for name, want in zip(ATTRIBUTES, wants, strict=True):
            got = seen.get(name)
            if got is not None and got != want and not (want == "Sigmoid" and got == "ReLU"):
                if got == "missing":  # what is there in its place: an attribute that was bound twice, or misnamed
                    return _missing_line(function, name)
                return line_of(function, name)
        return line_of(function, "linear1")


def _missing_line(function: Any, name: str) -> int | None:
    import ast
    import difflib

    bound = [
        (target.attr, statement.lineno)
        for statement in ast.walk(function)
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Attribute)
    ]
    names = [attribute for attribute, _ in bound]
    twice = [line for i, (attribute, line) in enumerate(bound) if attribute in names[:i]]
    if twice:
        return twice[0]
    close = difflib.get_close_matches(name, [n for n in names if n not in ATTRIBUTES], 1, 0.5)
    return next((line for attribute, line in bound if attribute in close), getattr(function, "lineno", None))


def _word(value: Any) -> str:
    if hasattr(value, "kind_") and not isinstance(value, type):
        return f"Linear({value.sizes[0]}, {value.sizes[1]})" if value.kind_ == "Linear" else str(value.kind_)
    if isinstance(value, type):
        return f"the class {value.__name__}, not an object of it"
    if isinstance(value, str):
        return value
    word = plain(value)
    return word if isinstance(word, str) else type(value).__name__
