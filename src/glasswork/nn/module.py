"""Module: what layers and networks have in common: the layers inside them, their mode, their dtype, and their copies.

network ─┬─ linear1              set_training, set_position, convert ──► everything inside
         ├─ block ─┬─ inner      for_evaluation, copies, pickles     ──► without what the last forward remembered
         │         └─ drop
         └─ act1
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from types import MethodType
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import DTypeLike

from glasswork.arrays import FloatArray
from glasswork.errors import InputError


class Module:
    """Base of `Layer` and `Network`. Modules inside it are found among its attributes, alone or in lists and dicts."""

    #: The name of this kind of layer in recipes and model files; None for a user's own class.
    kind: str | None = None

    #: Whether it is in training mode, as it is while `glasswork.train` runs.
    training = False

    #: The attributes in which ``forward`` leaves arrays for ``backward``, in addition to those of the base classes.
    #: Copies and pickles leave them out, so that they contain no images.
    remembers: ClassVar[tuple[str, ...]] = ()

    dtype: np.dtype[Any]

    def children(self) -> dict[str, Module]:
        """Return the modules directly inside this one, by name: ``inner``, or ``blocks.0`` in a list."""
        found: dict[str, Module] = {}
        if self.kind is None:  # glasswork's own layers have no layers inside
            for name, value in vars(self).items():
                collect(name, value, found)
        return found

    def modules(self) -> Iterator[Module]:
        """Yield this module and all those inside it, each once."""
        visited: set[int] = set()
        waiting: list[Module] = [self]
        while waiting:
            module = waiting.pop()
            if id(module) not in visited:
                visited.add(id(module))
                yield module
                waiting += reversed(module.children().values())

    def parameters(self) -> list[FloatArray]:
        """Return the arrays that training changes, in the order of the modules inside; always the same arrays.

        An array that several modules share is returned once, as in ``gradients()`` and ``state()``.
        """
        return _each_once(parameter for child in self.children().values() for parameter in child.parameters())

    def gradients(self) -> list[FloatArray]:
        """Return the gradient of each of ``parameters()``, in the same order; always the same arrays."""
        return _each_once(gradient for child in self.children().values() for gradient in child.gradients())

    def state(self) -> dict[str, FloatArray]:
        """Return the arrays that a model file keeps, parameters and running statistics: ``{"linear1.weight": ...}``."""
        inside = [(name, child.state()) for name, child in self.children().items()]
        named = [(f"{name}.{part}", array) for name, arrays in inside for part, array in arrays.items()]
        first = {id(array): name for name, array in reversed(named)}
        return {name: array for name, array in named if first[id(array)] == name}

    def set_training(self, training: bool) -> None:
        """Switch this module and all those inside it between training and evaluation."""
        self.training = training
        for child in self.children().values():
            child.set_training(training)

    def set_position(self, step: int, row: int = 0) -> None:
        """Tell the layers that draw random numbers which step the next forward belongs to.

        Parameters
        ----------
        step : int
            From 0; `glasswork.train` counts the steps of a run.
        row : int
            The first image's row in its batch: 0 unless the batch is split into parts.
        """
        for child in self.children().values():
            child.set_position(step, row)

    def convert(self, dtype: DTypeLike) -> None:
        """Convert this module to another dtype; nothing else ever replaces its arrays.

        An array that is held in several places, as by two layers that share their weights, stays one array.
        """
        converted: dict[int, tuple[Any, Any]] = {}  # by the identity of the original, which is kept alive here

        def change(value: Any) -> Any:
            if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
                return value
            if id(value) not in converted:
                converted[id(value)] = value, value.astype(dtype)
            return converted[id(value)][1]

        for module in self.modules():
            module._set_dtype(dtype)
            for name, value in vars(module).items():
                vars(module)[name] = changed(value, change)

    def _set_dtype(self, dtype: DTypeLike) -> None:
        try:
            found = None if dtype is None else np.dtype(dtype)  # NumPy takes None for float64
        except TypeError:
            found = None
        if found not in (np.float32, np.float64):  # float16 is too coarse to train in, and no file stores it
            raise InputError(f"{self}: expected the dtype float32 or float64, got {found or repr(dtype)}")
        self.dtype = found

    def astype(self, dtype: DTypeLike) -> Self:
        """Return a copy that works in another dtype."""
        twin = copy.deepcopy(self)
        twin.convert(dtype)
        return twin

    def for_evaluation(self, twins: dict[int, Any] | None = None) -> Self:
        """Return a copy in evaluation mode that shares the parameters, but has working memory of its own.

        ``twins`` are the copies that exist so far, by the identity of their originals.
        """
        twin = object.__new__(self.__class__)
        attributes = twin.__dict__
        attributes.update(self.__dict__)
        if self.kind is None or "forward" in attributes:  # it has modules inside, or a method that was replaced
            known: dict[int, Any] = {} if twins is None else twins
            known[id(self)] = twin

            def evaluating(value: Any) -> Any:
                if isinstance(value, Module):
                    return known.get(id(value)) or value.for_evaluation(known)
                if type(value) is MethodType and id(value.__self__) in known:  # a method replaced on the object
                    return MethodType(value.__func__, known[id(value.__self__)])
                return value

            for name, value in self.__dict__.items():
                if isinstance(value, _MAY_HOLD_MODULES):
                    attributes[name] = changed(value, evaluating)
        attributes["training"] = False
        attributes["_memory"] = {}
        return twin

    def __getstate__(self) -> dict[str, Any]:
        state = without_remembered(self)
        if state.get("_memory"):
            state["_memory"] = {}
        return state


def without_remembered(thing: Any) -> dict[str, Any]:
    """Return the attributes of a layer or a loss, except the arrays that its last forward left for backward."""
    names = {name for base in type(thing).__mro__ for name in vars(base).get("remembers", ())}
    return {name: value for name, value in vars(thing).items() if name not in names}


def replaced_methods(thing: Any, names: tuple[str, ...], base: type) -> list[str]:
    """Return the names of those methods of ``base`` that an object or its class has replaced."""
    kind = type(thing)
    return [name for name in names if name in vars(thing) or getattr(kind, name) is not getattr(base, name)]


def modules_in(thing: Any) -> list[Module]:
    """Return the modules of a network of any class, itself if it is one; else those among its attributes."""
    found: dict[str, Module] = {}
    collect("", thing, found)
    for name, value in {} if found else getattr(thing, "__dict__", {}).items():
        collect(name, value, found)
    return [module for top in found.values() for module in top.modules()]


def collect(name: str, value: Any, found: dict[str, Module]) -> None:
    """Add the modules that an attribute holds to the ones found so far."""
    if isinstance(value, Module):
        if all(value is not other for other in found.values()):
            found[name] = value
    elif isinstance(value, list | tuple):
        for i, item in enumerate(value):
            collect(f"{name}.{i}", item, found)
    elif isinstance(value, dict):
        for key, item in value.items():
            collect(f"{name}.{key}", item, found)


def changed(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return ``change(value)``; for a list, tuple or dict, a copy of its own class in which each item is changed."""
    if not isinstance(value, (dict, list, tuple)):
        return change(value)
    if type(value) is dict:  # as most are
        return {key: changed(item, change) for key, item in value.items()}
    if isinstance(value, tuple):
        return getattr(type(value), "_make", type(value))([changed(item, change) for item in value])
    twin = copy.copy(value)
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        twin[key] = changed(item, change)
    return twin


#: What an attribute with modules in it can be.
_MAY_HOLD_MODULES = (Module, dict, list, tuple, MethodType)


def _each_once(arrays: Iterable[FloatArray]) -> list[FloatArray]:
    """Return arrays without those that came before."""
    return list({id(array): array for array in arrays}.values())
