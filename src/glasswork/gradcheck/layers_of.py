"""The parts of a network, `MLP` or a student's own: its layers, and the input of each in a forward pass.

class MLP: self.linear1, self.act1, ...      or      self.layers = [Linear(...), Sigmoid(), ...]
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from glasswork.arrays import FloatArray
from glasswork.nn.layer import Layer
from glasswork.nn.mlp import MLP
from glasswork.nn.module import Module


@dataclass
class Part:
    """One layer of a network.

    Attributes
    ----------
    name : str
        Its name in the network; empty if the layer is checked on its own.
    layer : object
        With the handout's ``layer(x)`` and ``backward(grad_output)``.
    input : (batch, in), optional
        Its input in the last forward pass that was recorded; None if the layer was not used.
    """

    name: str
    layer: Any
    input: FloatArray | None = None

    def array_names(self) -> dict[int, str]:
        """Return the names of the layer's arrays, by identity: those in ``state()``, or those of its attributes."""
        names = {id(value): name for name, value in vars(self.layer).items() if isinstance(value, np.ndarray)}
        return names | ({id(a): n for n, a in self.layer.state().items()} if isinstance(self.layer, Layer) else {})

    def uses(self, array: FloatArray, shape: tuple[int, ...]) -> bool:
        """Return whether an array influences the layer's output, judged by random inputs of a shape."""
        rng = np.random.default_rng(2)
        kept, probe = array.copy(), rng.normal(size=shape)
        before = np.array(self.layer(probe))
        array += rng.normal(size=array.shape)
        after = np.array(self.layer(probe))
        array[...] = kept
        return not np.array_equal(before, after)


def find_parts(model: Any) -> list[Part]:
    """Return the layers of a network, in order; none if the network is a layer itself, or no layers are found.

    The layers of a student's own network are those of its attributes, alone or in lists, that have a ``backward`` with
    one argument (a loss's has none).
    """
    if isinstance(model, MLP):
        return [Part(name, layer) for name, layer in model.named_layers.items()]
    if isinstance(model, Layer):
        return []
    parts: dict[int, Part] = {}
    for name, value in vars(model).items():
        if isinstance(value, dict):
            inner = [(str(key), item) for key, item in value.items()]
        elif isinstance(value, list | tuple):
            inner = [(f"{name}[{i}]", item) for i, item in enumerate(value)]
        else:
            inner = [(name, value)]
        for label, item in inner:
            if _is_layer(item) and id(item) not in parts:
                parts[id(item)] = Part(label, item)
    return list(parts.values())


def set_mode(things: Iterable[Any], *, training: bool) -> bool:
    """Set the mode, and step 0, of everything that has a mode; return whether anything has one."""
    found = False
    for thing in things:
        if isinstance(thing, Module):
            thing.set_training(training)
            found = True
        elif isinstance(getattr(thing, "training", None), bool):  # as PyTorch's
            thing.training = training
            found = True
        set_position = getattr(thing, "set_position", None)
        if callable(set_position):
            set_position(0)
    return found


@contextmanager
def recorded(parts: list[Part]) -> Iterator[None]:
    """Context manager: records each part's input; on exit sorts the parts, unused ones first, then in order of use.

    Inside, each layer's class is replaced by a subclass that records the input; it is restored on exit.
    """
    used: list[Part] = []
    classes = [type(part.layer) for part in parts]

    def watch(part: Part) -> type:
        kind = type(part.layer)

        def call(self: Any, x: Any, *rest: Any) -> Any:
            note(x)
            return kind.__call__(self, x, *rest)

        def forward(self: Any, x: Any, *rest: Any) -> Any:
            note(x)
            return kind.forward(self, x, *rest)

        def note(x: Any) -> None:
            if part.input is None:
                part.input = np.array(x)
                used.append(part)

        methods = {"__call__": call} | ({"forward": forward} if hasattr(kind, "forward") else {})
        return type(kind.__name__, (kind,), methods)

    try:
        for part in parts:
            part.layer.__class__ = watch(part)
        yield
    finally:
        for part, kind in zip(parts, classes, strict=True):
            part.layer.__class__ = kind
    order = {part.name: i for i, part in enumerate(used)}
    parts.sort(key=lambda part: order.get(part.name, -1))


def _is_layer(item: Any) -> bool:
    if isinstance(item, type) or not callable(item) or not callable(getattr(item, "backward", None)):
        return False
    if not hasattr(item, "__dict__"):
        return False
    try:
        inspect.signature(item.backward).bind(object())
    except (TypeError, ValueError):
        return False
    return True
