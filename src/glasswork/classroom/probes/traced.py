"""Networks to try: the student's MLP, made of right layers that note when they run."""

import ast
from typing import Any

import numpy as np

from glasswork.classroom.probes.base import Bench, numbers, seeded
from glasswork.classroom.student.observe import Crash, attempt, same

IN = 3

HIDDEN = 4

OUT = 2

BATCH = 5

ATTRIBUTES = ("linear1", "act1", "linear2", "act2")


class Tracer:
    """Builds right layers that note when they are made and run."""

    def __init__(self, bench: Bench) -> None:
        self.made: list[Any] = []
        self.ran: list[Any] = []
        self.flow: list[tuple[Any, Any, Any]] = []  # layer, what went in, what came out
        self.back: list[tuple[Any, Any, Any]] = []  # the same of backward
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
                    result = super().forward(x)
                    tracer.flow.append((self, np.array(x), np.array(result)))
                    return result

                def backward(self, grad: Any) -> Any:
                    result = super().backward(grad)
                    tracer.back.append((self, np.array(grad), np.array(result)))
                    if kind == "Linear":
                        self.grad_bias[...] = np.sum(grad, axis=0)
                    return result

            Layer.__name__ = Layer.__qualname__ = kind
            return Layer

        self.classes = {
            "Linear": traced(bench.right("Linear"), "Linear"),
            "Sigmoid": traced(bench.right("Sigmoid"), "Sigmoid"),
            "ReLU": traced(bench.right("ReLU"), "ReLU"),
        }


def _two(args: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, Any]:
    both = {"in_features": None, "out_features": None} | named
    values = [*args, *(both[k] for k in ("in_features", "out_features") if both[k] is not None)]
    return values[0], values[1]


def build_mlp(bench: Bench, hidden: Any = HIDDEN) -> tuple[Tracer, Any]:
    """Return an object of the student's MLP that is made of right layers."""
    tracer = Tracer(bench)
    with bench.isolated("MLP", **tracer.classes):
        model = seeded(lambda: bench.namespace["MLP"](IN, hidden, OUT))
    return tracer, model


def build_by_hand(bench: Bench) -> tuple[Tracer, Any]:
    """Return an object of the student's MLP whose layers are put in by hand."""
    tracer = Tracer(bench)
    cls = bench.namespace["MLP"]
    model = attempt(cls.__new__, cls)
    if isinstance(model, Crash):
        return tracer, model
    model.linear1, model.act1 = tracer.classes["Linear"](IN, HIDDEN), tracer.classes["Sigmoid"]()
    model.linear2, model.act2 = tracer.classes["Linear"](HIDDEN, OUT), tracer.classes["Sigmoid"]()
    return tracer, model


def layers_of(model: Any) -> list[Any]:
    """Return the layers that a model holds, those in lists and in other objects included."""
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


def detour(first: tuple[str, Any], flow: list[tuple[Any, Any, Any]], model: Any) -> str:
    """Return the first layer that is not handed what the layer before it gave, and what it is handed instead."""
    names = {id(getattr(model, name)): name for name in ATTRIBUTES if hasattr(getattr(model, name, None), "kind_")}
    known = [first]
    for layer, entered, left in flow:
        if not same(entered, known[-1][1]):
            source = next((name for name, array in known if same(entered, array)), "something else")
            return f"{names.get(id(layer), layer.kind_)}, {source}"
        known.append((f"the output of {names.get(id(layer), layer.kind_)}", left))
    return ""


def line_calling(function: Any, layer: str, method: str = "") -> int | None:
    """Return the line of a method that calls a layer, or a method of it."""
    for node in ast.walk(function) if function is not None else ():
        called = node.func if isinstance(node, ast.Call) else None
        if method and isinstance(called, ast.Attribute) and called.attr == method:
            called = called.value
        if getattr(called, "attr", "") == layer:
            return getattr(node, "lineno", None)
    return None


def reference_output(model: Any, x: Any, order: list[Any]) -> Any:
    """Return what layers give that run one after another."""
    for layer in order:
        x = layer.forward(x)
    return x


def reference_backward(model: Any, x: Any, order: list[Any], grad: Any) -> None:
    """Run layers forward and, in the opposite order, backward."""
    reference_output(model, x, order)
    for layer in reversed(order):
        grad = layer.backward(grad)
