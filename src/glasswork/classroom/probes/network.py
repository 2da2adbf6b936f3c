"""Probes of the MLP: which layers it has, in which order they run forward and backward."""

import itertools
from typing import Any

import numpy as np

from glasswork.classroom.observe import Crash, attempt, plain, same, show
from glasswork.classroom.probes.base import Bench, Facets, Problem, line_of, numbers, seeded
from glasswork.classroom.probes.linear import scale_of

_IN, _HIDDEN, _OUT, _BATCH = 3, 4, 2, 5
_ATTRIBUTES = ("linear1", "act1", "linear2", "act2")


class Tracer:
    """Builds right layers that note when they are made and run."""

    def __init__(self, reference: dict[str, Any]) -> None:
        self.made: list[Any] = []
        self.ran: list[Any] = []
        tracer = self

        def traced(base: Any, kind: str) -> Any:
            class Layer(base):  # type: ignore[misc]
                kind_ = kind

                def __init__(self, *args: Any, **named: Any) -> None:
                    self.sizes = args or tuple(named.values())
                    if kind == "Linear":
                        n_in, n_out = _two(args, named)
                        self.sizes = (n_in, n_out)
                        super().__init__(n_in, n_out)
                        self.weight[...] = numbers(n_in, n_out, seed=len(tracer.made), step=0.25)
                        self.bias[...] = np.arange(1, n_out + 1) * 0.1
                    elif args or named:
                        raise TypeError(f"{kind}() takes no arguments")
                    tracer.made.append(self)

                def forward(self, x: Any) -> Any:
                    tracer.ran.append(self)
                    return super().forward(x)

                def backward(self, grad: Any) -> Any:
                    result = super().backward(grad)
                    if kind == "Linear":
                        self.grad_bias[...] = np.sum(grad, axis=0)
                    return result

            Layer.__name__ = Layer.__qualname__ = kind
            return Layer

        self.classes = {
            "Linear": traced(reference["Linear"], "Linear"),
            "Sigmoid": traced(reference["Sigmoid"], "Sigmoid"),
            "ReLU": traced(reference["ReLU"], "ReLU"),
        }


def _two(args: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, Any]:
    both = {"in_features": None, "out_features": None} | named
    values = [*args, *(both[k] for k in ("in_features", "out_features") if both[k] is not None)]
    return values[0], values[1]


def _build(bench: Bench, hidden: Any = _HIDDEN) -> tuple[Tracer, Any]:
    """Return an object of the student's MLP that is made of right layers."""
    tracer = Tracer(bench.reference)
    with bench.isolated("MLP", **tracer.classes):
        model = seeded(lambda: bench.namespace["MLP"](_IN, hidden, _OUT))
    return tracer, model


def _by_hand(bench: Bench) -> tuple[Tracer, Any]:
    """Return an object of the student's MLP whose layers are put in by hand."""
    tracer = Tracer(bench.reference)
    cls = bench.namespace["MLP"]
    model = attempt(cls.__new__, cls)
    if isinstance(model, Crash):
        return tracer, model
    model.linear1, model.act1 = tracer.classes["Linear"](_IN, _HIDDEN), tracer.classes["Sigmoid"]()
    model.linear2, model.act2 = tracer.classes["Linear"](_HIDDEN, _OUT), tracer.classes["Sigmoid"]()
    return tracer, model


def _linears(model: Any) -> list[Any]:
    """Return the linear layers that a model holds, those in lists included, in the order of their attributes."""
    return [layer for layer in _members(model) if getattr(layer, "kind_", "") == "Linear"]


def _members(model: Any) -> list[Any]:
    found: list[Any] = []

    def add(value: Any) -> None:
        if hasattr(value, "kind_"):
            if not any(value is f for f in found):
                found.append(value)
        elif isinstance(value, list | tuple):
            for item in value:
                add(item)
        elif isinstance(value, dict):
            for item in value.values():
                add(item)
        elif hasattr(value, "__dict__") and not isinstance(value, type):
            for item in vars(value).values():
                add(item) if hasattr(item, "kind_") or isinstance(item, list | tuple | dict) else None

    for value in vars(model).values():
        add(value)
    return found


class MLPInit:
    """``MLP.__init__``: two linear layers that fit one another, and two activations of their own."""

    part = "MLP.__init__"

    def observe(self, bench: Bench) -> Facets:
        """Return what the part does."""
        tracer, model = _build(bench)
        layers: dict[str, Any] = {}
        if isinstance(model, Crash):
            layers["error"] = model
            return {"layers": layers}
        found = _members(model)
        for name in _ATTRIBUTES:
            value = getattr(model, name, "missing")
            layers[name] = _word(value)
        layers["twice"] = [
            f"{a} is {b}"
            for i, a in enumerate(_ATTRIBUTES)
            for b in _ATTRIBUTES[i + 1 :]
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
        result = plain(attempt(lambda: model.forward(numbers(_BATCH, _IN, seed=8))))
        if not isinstance(result, np.ndarray) or result.shape != (_BATCH, _OUT):
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
            return [Problem("layers", "error", f"MLP({_IN}, {_HIDDEN}, {_OUT}) gives {show(layers['error'])}.")]
        if layers["twice"]:
            one, other = layers["twice"][0].split(" is ")
            return [
                Problem(
                    "layers",
                    "aliasing",
                    f"self.{one} and self.{other} are one object: it remembers only the last output, so backward uses the "
                    "wrong one for the first layer.",
                )
            ]
        handout = [layers[name] for name in _ATTRIBUTES]
        if handout == [f"Linear({_IN}, {_HIDDEN})", "Sigmoid", f"Linear({_HIDDEN}, {_OUT})", "Sigmoid"]:
            return []
        linear = [word for word in layers["chain"] if word.startswith("Linear")]
        if layers["works"] and self._chained(linear):
            return []
        for name, want in zip(
            _ATTRIBUTES,
            (f"Linear({_IN}, {_HIDDEN})", "an activation", f"Linear({_HIDDEN}, {_OUT})", "an activation"),
            strict=True,
        ):
            got = layers[name]
            good = got == want or (want == "an activation" and got in ("Sigmoid", "ReLU"))
            if not good:
                word = {"missing": "is never set", "...": "is still `...`"}.get(got, f"is {got}")
                return [
                    Problem(
                        "layers", "value", f"In MLP({_IN}, {_HIDDEN}, {_OUT}), self.{name} {word}; expected {want}."
                    )
                ]
        return []

    @staticmethod
    def _chained(linear: list[str]) -> bool:
        sizes = [tuple(word[7:-1].split(", ")) for word in linear]
        if len(sizes) < 2 or sizes[0][0] != str(_IN) or sizes[-1][1] != str(_OUT):
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
        wants = (f"Linear({_IN}, {_HIDDEN})", "Sigmoid", f"Linear({_HIDDEN}, {_OUT})", "Sigmoid")
        for name, want in zip(_ATTRIBUTES, wants, strict=True):
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
    close = difflib.get_close_matches(name, [n for n in names if n not in _ATTRIBUTES], 1, 0.5)
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


def _reference_output(model: Any, x: Any, order: list[Any]) -> Any:
    for layer in order:
        x = layer.forward(x)
    return x


def _reference_backward(model: Any, x: Any, order: list[Any], grad: Any) -> None:
    _reference_output(model, x, order)
    for layer in reversed(order):
        grad = layer.backward(grad)


class MLPForward:
    """``MLP.forward``: x → linear1 → act1 → linear2 → act2, and the result returned."""

    part = "MLP.forward"

    def observe(self, bench: Bench) -> Facets:
        """Return what the part does."""
        tries = []
        for build in (_build, _by_hand):
            tracer, model = build(bench)
            if isinstance(model, Crash):
                tries.append({"output": model, "order": "", "right": False})
                continue
            with bench.isolated("MLP", **tracer.classes):
                tries.append(self._run(bench, tracer, model))
        best = next((t for t in tries if t["right"]), tries[1])
        return {"value": {k: v for k, v in best.items() if k != "ran"}}

    @staticmethod
    def _run(bench: Bench, tracer: Tracer, model: Any) -> dict[str, Any]:
        x = numbers(_BATCH, _IN, seed=8)
        tracer.ran.clear()
        output = plain(attempt(lambda: model.forward(x.copy())))
        ran = list(tracer.ran)
        members = _members(model)
        names = {id(getattr(model, name)): name for name in _ATTRIBUTES if hasattr(getattr(model, name, None), "kind_")}
        order = " → ".join(names.get(id(layer), layer.kind_) for layer in ran)
        tracer.ran.clear()
        called = plain(attempt(lambda: model(x.copy())))
        right = False
        if isinstance(output, np.ndarray) and output.shape == (_BATCH, _OUT):
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
            right = own and same(output, plain(_reference_output(model, x, ran)))
        return {"output": output, "order": order, "right": right, "call": same(called, output)}

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
                    f"For x of shape ({_BATCH}, {_IN}), forward gives {show(output)}.{path[:-1]}; {want}.",
                )
            ]
        if isinstance(output, str):
            return [
                Problem(
                    "value",
                    "result",
                    f"forward returns {output}; expected the output of act2, shape ({_BATCH}, {_OUT}).{path}",
                )
            ]
        if output.shape != (_BATCH, _OUT):
            return [
                Problem(
                    "value",
                    "shape",
                    f"For {_BATCH} images, the output has shape {output.shape}; expected ({_BATCH}, {_OUT}).{path}",
                )
            ]
        return [Problem("value", "value", f"forward runs {value['order'] or 'no layer'}; {want}, each once.")]

    def locate(self, bench: Bench, facet: str) -> int | None:
        """Return the line that decides a facet."""
        return line_of(bench.function("MLP", "forward"))


class MLPBackward:
    """``MLP.backward``: every layer's gradients, checked against small changes of every weight."""

    part = "MLP.backward"

    def observe(self, bench: Bench) -> Facets:
        """Return what the part does."""
        tries: list[dict[str, Any]] = []
        for build, by_forward in ((_build, True), (_build, False), (_by_hand, False)):
            tracer, model = build(bench)
            own = {"error": model} if isinstance(model, Crash) else self._gradients(bench, tracer, model, by_forward)
            tries.append(own)
            if own and all(value == "right" for value in own.values()):
                break
        return {"value": tries[-1]}

    @staticmethod
    def _gradients(bench: Bench, tracer: Tracer, model: Any, by_forward: bool) -> dict[str, Any]:
        x, grad = numbers(_BATCH, _IN, seed=8, step=0.5), numbers(_BATCH, _OUT, seed=9)
        with bench.isolated("MLP", **tracer.classes):
            tracer.ran.clear()
            output = attempt(lambda: model.forward(x.copy())) if by_forward else None
            order = list(tracer.ran)
            if not by_forward or isinstance(output, Crash) or len(order) < 3:
                order = [getattr(model, name, None) for name in _ATTRIBUTES]
                if not all(hasattr(layer, "kind_") for layer in order):
                    return {"error": Crash("no layers")}
                ran = attempt(_reference_output, model, x, order)
                if isinstance(ran, Crash):
                    return {"error": ran}
            result = attempt(lambda: model.backward(grad.copy()))
            if isinstance(result, Crash):
                return {"error": result}
            seen: dict[str, Any] = {}
            got = [
                (layer, layer.grad_weight.copy(), layer.grad_bias.copy()) for layer in order if layer.kind_ == "Linear"
            ]
            right = attempt(_reference_backward, model, x, order, grad)
            if isinstance(right, Crash):
                return {"error": right}
            for i, (layer, weight, bias) in enumerate(got, 1):
                name = next((n for n in _ATTRIBUTES if getattr(model, n, None) is layer), f"linear layer {i}")
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
                return f"{name}() gives {show(given)}"
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
        for name, result in value.items():
            if result == "right":
                continue
            if name == "lists":
                return [Problem("value", "aliasing", f"{result}: the optimizer would move the wrong arrays.")]
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
        if str(seen.get("lists", "right")) != "right" and not any(isinstance(v, dict) for v in seen.values()):
            return line_of(bench.function("MLP", str(seen["lists"]).split("()")[0]))
        return line_of(bench.function("MLP", "backward"))
