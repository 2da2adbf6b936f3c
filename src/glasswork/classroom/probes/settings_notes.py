"""Stand-ins that note what sections 8 to 10 do: which objects are made of what, and what the loop hands on."""

import ast
import collections
import inspect
import itertools
import sys
from collections.abc import Callable
from types import FrameType, GeneratorType
from typing import Any

import numpy as np

from glasswork.classroom.limits import STUDENT
from glasswork.classroom.probes.base import Bench
from glasswork.classroom.probes.sections import Sections
from glasswork.classroom.student.images import find_split
from glasswork.classroom.student.observe import plain, show

_CALLS = 120  # of train and valid, after which a loop has shown what it does

_BATCHES = 10_000

#: Calls of train() from which on one model each is taken for one model an epoch, and not for a comparison of models.
_EPOCHS = 5

CLASSES = ("MLP", "SGD", "MSELoss", "CrossEntropyLoss")

#: An object, the arguments it was made with, and the line of the file that did it.
Made = tuple[Any, dict[str, Any], int | None]


class EnoughError(BaseException):
    """Ends a training loop that has shown what it does."""


class Notes:
    """What the statements did: calls of constructors and of the three functions."""

    def __init__(self, bench: Bench, sections: Sections) -> None:
        self.bench, self.sections = bench, sections
        self.made: dict[str, list[Made]] = {name: [] for name in CLASSES}
        self.order: list[tuple[Any, list[int]]] = []  # all these objects, and the lines that were being executed
        self.is_cut = False  # whether a loop was ended before its end
        self.calls: list[dict[str, Any]] = []
        self.loaders: list[tuple[Any, int | None]] = []  # what makes batches, and the line
        self.mixed: list[tuple[str, int | None]] = []  # what was handed over together, and the line

    def recorded(self, name: str, cls: Any) -> Any:
        """Return a class that notes how its objects are made."""
        notes = self

        class Recorded(cls):  # type: ignore[misc]
            def __init__(self, *args: Any, **named: Any) -> None:
                notes.made[name].append((self, _bound(cls, args, named), _line()))
                notes.order.append((self, _lines()))
                super().__init__(*args, **named)

        Recorded.__name__ = Recorded.__qualname__ = name
        return Recorded

    def function(self, name: str, original: Any) -> Callable[..., Any]:
        """Return a function that notes its arguments in the place of one of the three."""
        form = self.bench.memory.get(name, {}).get("loop", {})
        returned = form.get("returns") if name == "train" else next(iter(form.values()), None) if form else None
        width = int(np.size(returned)) if isinstance(returned, np.ndarray) else 1
        counter = itertools.count()

        def call(*args: Any, **named: Any) -> Any:
            k = next(counter)
            bound = _bound(original, args, named, function=True)
            self._compare(bound)
            loader = _loader(bound)
            seen = {"batch": self._first(loader, k), "loader": loader, "line": _line()}
            self.calls.append({"function": name, "arguments": bound, **seen})
            if len(self.calls) >= _CALLS:
                self.is_cut = True
                raise EnoughError
            loss, accuracy = np.float64(0.1 * 0.97**k), np.float64(99.0 - 80.0 * 0.95**k)
            if name == "test":
                return accuracy
            if name == "valid":
                return (loss, accuracy) if width < 3 else tuple([loss] * width)
            return loss if width == 1 else tuple([loss, accuracy] + [loss] * (width - 2))

        return call

    def loader(self, original: Any) -> Callable[..., Any]:
        """Return a function that makes batches, and notes of what."""

        def call(*args: Any, **named: Any) -> Any:
            self._compare(_bound(original, args, named, function=True))
            made = original(*args, **named)
            self.loaders.append((made, _line()))
            return made

        return call

    def trained(self) -> tuple[Made | None, Made | None]:
        """Return the network and the optimizer that are trained first: a file may go on with others."""
        models, optimizers = self.made["MLP"], self.made["SGD"]
        for call in self.calls:
            if call["function"] == "train":
                given = list(call["arguments"].values())
                model = next((m for m in models if any(m[0] is g for g in given)), None)
                optimizer = next((o for o in optimizers if any(o[0] is g for g in given)), None)
                if model and optimizer:
                    return model, optimizer
        return (models[-1] if models else None), (optimizers[-1] if optimizers else None)

    def line_after(self, first: Any, then: Any) -> int | None:
        """Return the line that makes an object, if it is made after another one.

        Of an object that a function makes, as it made one before, it is the line that calls the function again.
        """
        things = [thing for thing, _ in self.order]
        at, place = (next((i for i, one in enumerate(things) if one is thing), -1) for thing in (first, then))
        if not 0 <= at < place:
            return None
        lines = self.order[place][1]
        before = [own for thing, own in self.order[:place] if type(thing) is type(then)]
        again = [line for line, old in zip(lines, before[-1], strict=False) if line != old] if before else []
        return next(iter(again), lines[-1] if lines else None)

    def made_anew(self) -> dict[str, Any]:
        """Return whether each call of train() gets a model that was not there before, and the line that makes it."""
        given = [list(c["arguments"].values()) for c in self.calls if c["function"] == "train"]
        models = [next((m for m in self.made["MLP"] if any(m[0] is g for g in values)), None) for values in given]
        own = [m for m in models if m is not None]
        if len(given) < _EPOCHS or len({id(m[0]) for m in own}) < len(given):
            return {"model": "kept"}
        return {"model": "anew", "_calls": len(given), "_line": own[-1][2]}

    def epochs(self, model: Made | None) -> dict[str, Any]:
        """Return how often a model is trained, if that is once more or less than the number of epochs."""
        calls = [c for c in self.calls if c["function"] == "train"]
        own = [c for c in calls if model is not None and any(model[0] is v for v in c["arguments"].values())]
        asked = [v for n, v in self.bench.namespace.items() if "epochs" in n.lower() and type(v) is int and v > 1]
        if self.is_cut or len(asked) != 1 or abs(len(own) - asked[0]) != 1:
            return {"calls": "as asked"}
        word = "more" if len(own) > asked[0] else "fewer"
        return {"calls": word, "_n": len(own), "_asked": asked[0], "_line": own[0]["line"] or 0}

    def _compare(self, bound: dict[str, Any]) -> None:
        """Note images and labels of different sets that are handed over together."""
        roles = {id(self.bench.namespace[name]): role for role, name in find_split(self.bench.namespace).items()}
        given = [roles[id(value)] for value in bound.values() if id(value) in roles]
        if len(given) == 2 and given[0][0] != given[1][0] and given[0][1:] != given[1][1:]:
            self.mixed.append((" and ".join(sorted(given)), _line()))

    def _first(self, loader: Any, k: int) -> str:
        """Return which images a loader's first batch holds, or that it holds none."""
        if loader is None:
            return "unknown"
        try:
            batches = iter(loader)
            batch = next(batches, None)
            if batch is None:
                return "empty"
            if k == 0 and isinstance(batches, GeneratorType):
                batches.close()  # it has no batch left, as after the real function
            elif k == 0:
                collections.deque(itertools.islice(batches, _BATCHES), maxlen=0)
            rows = self.sections.identifier.identify(np.asarray(batch[0]))
        except Exception:
            return "unknown"
        if rows is None or (rows >= 0).mean() < 0.8:
            return "unknown"
        wanted = rows[rows >= 0]
        shares = {name: float(known[wanted].mean()) for name, known in self._known().items()}
        best = max(shares, key=lambda n: shares[n], default="unknown")
        return best if shares and shares[best] >= 0.8 else "unknown"

    def _known(self) -> dict[str, Any]:
        known = self.sections.known_rows
        for role, name in find_split(self.bench.namespace).items():
            if role.startswith("X") and role[2:] not in known:
                found = self.sections.identifier.identify(self.bench.namespace[name])
                rows = np.zeros(0, int) if found is None else found[found >= 0]
                known[role[2:]] = np.bincount(rows, minlength=len(self.sections.trace.mnist.labels)) > 0
        return known


def _loader(bound: dict[str, Any]) -> Any:
    """Return the argument of a call that yields batches, if there is one."""
    given = (v for v in bound.values() if hasattr(v, "__iter__") and not hasattr(v, "shape") and not isinstance(v, str))
    return next(given, None)


def _line() -> int | None:
    """Return the line of the file that is being executed."""
    return next(reversed(_lines()), None)


def _lines() -> list[int]:
    """Return the lines of the file that are being executed, the innermost one last."""
    frame: FrameType | None = sys._getframe(1)
    found = []
    while frame is not None:
        if frame.f_code.co_filename == STUDENT:
            found.append(frame.f_lineno)
        frame = frame.f_back
    return found[::-1]


def _bound(target: Any, args: tuple[Any, ...], named: dict[str, Any], *, function: bool = False) -> dict[str, Any]:
    """Return the arguments of a call by the names of its parameters."""
    try:
        signature = inspect.signature(target if function else target.__init__)
        bound = signature.bind_partial(*args, **named) if function else signature.bind_partial(None, *args, **named)
        values = dict(bound.arguments)
    except (TypeError, ValueError):
        values = {f"argument {i}": a for i, a in enumerate(args, 1)} | named
    values.pop("self", None)
    return values


def rate_word(rate: float) -> str:
    """Return what is to be said of a learning rate."""
    words = {
        "negative": rate < 0, "zero": rate == 0, "tiny": rate <= 1e-4, "small": rate < 2e-3, "fine": rate <= 5,
        "large": rate < 20,
    }  # fmt: skip
    return next((word for word, holds in words.items() if holds), "huge")


def size_word(value: Any, bench: Bench) -> Any:
    """Return a size as a number, or as words where it is none."""
    images = [v for r, v in bench.namespace.items() if r in ("X_train", "X") and hasattr(v, "shape")]
    if isinstance(value, int) and any(value == len(v) for v in images):
        return "the number of images"
    if isinstance(value, tuple) and any(value == v.shape for v in images):
        return "a tuple, the shape of all images"
    if isinstance(value, bool):
        return f"{value}"
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, np.ndarray):
        return "an array, a row of pixels" if value.ndim == 1 else f"an array with {value.ndim} axes"
    if isinstance(value, list | tuple):
        return f"a {type(value).__name__}, {show(plain(value))}"
    return f"a {type(value).__name__}, {show(plain(value))}"


def whose(given: Any, own: tuple[list[Any], list[Any]]) -> str:
    """Return whose arrays are given: ``own`` are the right list, and the other one."""
    for word, arrays in (("right", own[0]), ("those of the other list", own[1])):
        if len(given) == len(arrays) and all(a is b for a, b in zip(given, arrays, strict=True)):
            return word
    if any(a is b for a in given for b in own[0]):
        return "some of them only"
    return "arrays of something else"


def trains_inline(statement: ast.stmt, bench: Bench) -> bool:
    """Return whether a statement is a training loop that is written out at the top level."""
    called = {n.func.attr for n in ast.walk(statement) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)}
    return isinstance(statement, ast.For | ast.While) and bool(called & {"backward", "step"})
