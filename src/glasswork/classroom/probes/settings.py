"""Probe of sections 8 to 10: what the network, the loss and the optimizer are made of, and what the loop hands on.

The statements run with right classes in place of wrong ones. ``train``, ``valid`` and ``test`` are replaced by functions
that note their arguments and take one batch from each loader, so that fifty epochs are over in a moment.
"""

import ast
import time
from typing import Any

import numpy as np

from glasswork.classroom.probes.base import Bench, Facets, Problem
from glasswork.classroom.probes.sections import places_of, sections_of
from glasswork.classroom.probes.settings_notes import CLASSES, Made, Notes, rate_word, size_word, trains_inline, whose
from glasswork.classroom.student.observe import Crash, show
from glasswork.classroom.student.outline import assigned_names, loaded_names, only_line_with
from glasswork.classroom.student.run import execute

_FUNCTIONS = ("train", "valid", "test")

#: The names that may hold the right sizes.
_NAMED = {"in_features": 784, "input_size": 784, "out_features": 10, "output_size": 10}


class SettingsProbe:
    """``settings``: sizes, learning rate, and that optimizer, model and loop belong together."""

    part = "settings"

    def observe(self, bench: Bench) -> Facets:
        """Return what the part does."""
        sections = sections_of(bench)
        notes = Notes(bench, sections)
        good = bench.memory.get("good", set())
        own = [name for name in (*CLASSES, "minibatch_generator") if self._is_good(name, good)]
        with bench.isolated(*own, "int_to_onehot", "loss_fn", "criterion", "model", "optimizer"):
            self._replace(bench, notes)
            crashes = self._run(bench)
            model, optimizer = notes.trained()
            return {
                "sizes": self._sizes(model, bench),
                "rate": self._rate(optimizer, bench.namespace),
                "arrays": self._arrays(model, optimizer, notes),
                "loop": self._loop(notes),
                "epochs": notes.epochs(model),
                "anew": notes.made_anew(),
                "mixed": dict(zip(("sets", "_line"), next(iter(notes.mixed), ("", None)), strict=True)),
                "error": self._errors(crashes, notes),
            }

    @staticmethod
    def _is_good(name: str, good: set[str]) -> bool:
        parts = {
            "MLP": ("MLP.__init__", "MLP.forward"),
            "SGD": ("SGD",),
            "MSELoss": ("MSELoss.forward", "MSELoss.backward"),
        }
        return all(part in good for part in parts.get(name, (name,)))

    @staticmethod
    def _replace(bench: Bench, notes: Notes) -> None:
        names = bench.namespace
        for name in CLASSES:
            if isinstance(names.get(name), type):
                names[name] = notes.recorded(name, names[name])
                names[bench.aliases.get(name, name)] = names[name]
        bench.memory["recorded"] = {name: names.get(name) for name in CLASSES}
        for name in _FUNCTIONS:
            if callable(names.get(name)):
                names[name] = notes.function(name, names[name])
        if callable(names.get("minibatch_generator")):
            names["minibatch_generator"] = notes.loader(names["minibatch_generator"])

    @staticmethod
    def _run(bench: Bench) -> list[tuple[ast.stmt, Crash]]:
        crashes = []
        names = bench.namespace
        if "split" not in bench.memory["good"] and "right split" in bench.memory:
            sections = sections_of(bench)
            sections.known_rows.clear()
            sections.trace.images.clear()
            for name in sections.split.values():  # they take half a gigabyte, and are judged by now
                del names[name]
            names.update(bench.memory["right split"]())
        budget = 4.0
        for statement in bench.memory["later"]:
            if trains_inline(statement, bench) or budget <= 0:
                continue
            started = time.process_time()
            crash = execute(statement, names, seconds=min(2.0, budget))
            budget -= time.process_time() - started
            if crash is not None and crash.kind != "EnoughError":
                crashes.append((statement, crash))
        return crashes

    @staticmethod
    def _sizes(made: Made | None, bench: Bench) -> dict[str, Any]:
        if made is None:
            return {}
        model, arguments, line = made
        values = list(arguments.values())
        held = [n for n, size in _NAMED.items() if isinstance(v := bench.namespace.get(n), int) and v == size]
        seen: dict[str, Any] = {"count": len(values), "_line": line or 0, "_right": " ".join(held)}
        for name, value in zip(("in", "hidden", "out"), values, strict=False):
            seen[name] = size_word(value, bench)
        linears = [a for a in getattr(model, "__dict__", {}).values() if hasattr(a, "weight")]
        shapes = [getattr(layer.weight, "shape", ()) for layer in linears]
        seen["built"] = bool(shapes) and all(len(s) == 2 for s in shapes)
        return seen

    @staticmethod
    def _rate(made: Made | None, names: dict[str, Any]) -> dict[str, Any]:
        if made is None:
            return {}
        arguments = made[1]
        rate = arguments.get(
            "lr", arguments.get("learning_rate", 0.1 if len(arguments) < 3 else list(arguments.values())[-1])
        )
        if isinstance(rate, bool) or not isinstance(rate, int | float | np.floating | np.integer):
            return {"rate": f"a {type(rate).__name__}", "_number": None}
        word = rate_word(float(rate))
        own = names.get("learning_rate", rate)
        if word == "fine" and len(arguments) < 3 and isinstance(own, int | float) and own != rate:
            return {"rate": "not handed over", "_number": float(own)}
        return {"rate": word, "_number": float(rate)}

    @staticmethod
    def _arrays(model: Made | None, optimizer: Made | None, notes: Notes) -> dict[str, Any]:
        """Return whose arrays the optimizer holds: those of the model that is trained?"""
        if model is None or optimizer is None:
            return {}
        arguments = list(optimizer[1].values())
        try:
            own = list(model[0].parameters()), list(model[0].gradients())
        except Exception:
            return {}
        seen: dict[str, Any] = {}
        for name, value in zip(("params", "grads"), arguments, strict=False):
            if callable(value) and not hasattr(value, "parameters"):
                seen[name] = "a method that was not called"
            elif isinstance(value, list | tuple) and all(isinstance(v, np.ndarray) for v in value):
                seen[name] = whose(value, own if name == "params" else own[::-1])
            else:
                seen[name] = "other"
        if "arrays of something else" in seen.values():
            seen["_line"] = notes.line_after(optimizer[0], model[0])
        return seen

    def _loop(self, notes: Notes) -> dict[str, Any]:
        seen: dict[str, Any] = {}
        recorded = notes.bench.memory["recorded"]
        for name in _FUNCTIONS:
            calls = [call for call in notes.calls if call["function"] == name]
            if not calls:
                continue
            fed = {call["batch"] for call in calls} - {"unknown"}
            used_up = "empty" in fed and len(fed) > 1
            seen[name] = "empty" if used_up else "no batch" if fed == {"empty"} else ", ".join(sorted(fed))
            others = [call for call in notes.calls if call["function"] != name]
            shared = next((o for o in others for c in calls if o["loader"] is c["loader"] is not None), None)
            if "empty" in fed and shared is not None:
                seen[name] = f"used by {shared['function']}"
            made = next((line for loader, line in notes.loaders if loader is calls[0]["loader"]), None)
            seen[f"{name} calls"] = "once" if len(calls) == 1 else "often"
            first = calls[0]["arguments"]
            kinds = [self._role(value, recorded) for value in first.values()]
            seen[f"{name} arguments"] = " ".join(k for k in kinds if k)
            is_of_call = shared is not None or "class-" in seen[f"{name} arguments"]
            seen[f"_{name} line"] = calls[0]["line"] if is_of_call else made
        return seen

    @staticmethod
    def _role(value: Any, recorded: dict[str, Any]) -> str:
        for name, cls in recorded.items():
            if isinstance(value, type) and value is cls:
                return f"class-{name}"
            if isinstance(cls, type) and isinstance(value, cls):
                return "loss" if name in ("MSELoss", "CrossEntropyLoss") else name
        return ""

    @staticmethod
    def _errors(crashes: list[tuple[ast.stmt, Crash]], notes: Notes) -> dict[str, Any]:
        """Return the first crash that is of these sections: the making of objects, or a loop."""
        reached = bool(notes.calls)
        for statement, crash in crashes:
            loads = loaded_names(statement)
            makes = loads & set(CLASSES)
            loops = isinstance(statement, ast.For | ast.While) or loads & set(_FUNCTIONS)
            is_check = isinstance(statement, ast.Assert | ast.Expr) and not loads & {*_FUNCTIONS}
            if is_check or crash.kind in ("AssertionError", "OutOfTime", "ModuleNotFoundError", "ImportError"):
                if crash.kind == "OutOfTime" and isinstance(statement, ast.While) and not loads & {*_FUNCTIONS}:
                    return {"crash": crash, "_line": crash.line or statement.lineno}
                continue
            stops = loops and crash.kind in ("NameError", "UnboundLocalError", "AttributeError", "TypeError")
            if (makes and not reached) or stops:
                return {"crash": crash, "_line": crash.line or statement.lineno, "_is_in_loop": bool(reached and loops)}
        return {}

    def problems(self, seen: Facets) -> list[Problem]:
        """Return which properties the part lacks."""
        found: list[Problem] = []
        if seen["anew"]["model"] == "anew":
            says = f"train() was called {seen['anew']['_calls']} times, each time with another model."
            found.append(Problem("anew", "result", says, seen["anew"]["_line"], "model-in-loop"))
        if seen["mixed"]["sets"]:
            says = f"{seen['mixed']['sets']} are handed over together: images of one set, labels of another."
            found.append(Problem("mixed", "content", says, seen["mixed"]["_line"], "sets-mixed"))
        found += self._size_problems(seen["sizes"])
        found += self._rate_problems(seen["rate"])
        for name, held in seen["arrays"].items():
            if name != "_line" and held not in ("right", "other"):
                found.append(
                    Problem(
                        "arrays",
                        "content",
                        f"the optimizer's {name} are {held}; expected the {name} of the trained model.",
                        seen["arrays"].get("_line"),
                    )
                )
                break
        found += self._loop_problems(seen["loop"])
        if (epochs := seen["epochs"])["calls"] != "as asked":
            says = f"the number of epochs is {epochs['_asked']}, and train() is called {epochs['_n']} times."
            found.append(Problem("epochs", "count", says))
        if seen["error"] and not found:
            facet = "stop" if seen["error"].get("_is_in_loop") else "error"
            says = f"This stops with {show(seen['error']['crash'])}."
            found.append(Problem(facet, "error", says, seen["error"]["_line"]))
        return found

    @staticmethod
    def _size_problems(sizes: dict[str, Any]) -> list[Problem]:
        if not sizes or (sizes["count"] != 3 and sizes["built"]):
            return []
        for name, right in (("in", 784), ("hidden", None), ("out", 10)):
            got = sizes.get(name, "missing")
            if isinstance(got, str) or (got != right if right is not None else got < 1):
                want = "a whole number above 0" if right is None else str(right)
                if sizes["built"] and isinstance(got, str) and got.startswith(("a list", "a tuple")):
                    continue
                says = f"MLP's {name}_features is {got}; expected {want}.".replace("hidden_features", "hidden_size")
                return [Problem("sizes", "content", says)]
        return []

    @staticmethod
    def _rate_problems(rate: dict[str, Any]) -> list[Problem]:
        word, number = rate.get("rate", "fine"), rate.get("_number")
        says = {
            "zero": "the learning rate is 0: no weight ever moves.",
            "negative": f"the learning rate is {number}: each step goes uphill.",
            "tiny": f"the learning rate is {number}: in fifty epochs the weights hardly move. The handout takes 0.1.",
            "huge": f"the learning rate is {number}: one step throws the weights far beyond the minimum. The handout takes 0.1.",
            "small": f"the learning rate is {number}, where the handout takes 0.1: training is slow.",
            "large": f"the learning rate is {number}, where the handout takes 0.1.",
            "not handed over": f"learning_rate is {number}, and nothing hands it to the optimizer, which takes its own default.",
            "fine": "",
        }.get(word, f"the learning rate is {word}, not a number.")
        return [Problem("rate", "scale", says, remark=word in ("small", "large", "not handed over"))] if says else []

    @staticmethod
    def _loop_problems(loop: dict[str, Any]) -> list[Problem]:
        wants = {"train": ("train",), "valid": ("valid", "test", "train"), "test": ("test",)}
        for name in _FUNCTIONS:
            fed = loop.get(name, "")
            if fed.startswith("used by "):
                says = f"{name}() gets the loader that {fed[8:]}() has used up: no batch is left in it."
                return [Problem("loop", "content", says)]
            if fed == "empty":
                return [
                    Problem(
                        "loop",
                        "content",
                        f"from the second epoch on, {name}() gets a generator that is used up: it yields no batch.",
                    )
                ]
            if fed == "no batch":
                says = f"{name}() gets a loader that yields no batch."
                return [Problem("loop", "result", says, mistake="batch-larger-than-set")]
            if fed and not set(fed.split(", ")) <= set(wants[name]):
                return [Problem("loop", "content", f"{name}() gets images of the {fed} set.")]
            if "class-" in loop.get(f"{name} arguments", ""):
                return [Problem("loop", "content", f"{name}() gets a class, not an object of it.")]
        if loop.get("valid") == "train":
            return [
                Problem(
                    "loop",
                    "content",
                    "valid() gets images of the train set: it does not see how the network does on new ones.",
                )
            ]
        return []

    def locate(self, bench: Bench, facet: str) -> int | None:
        """Return the line that decides a facet."""
        seen = bench.memory.get(self.part, {})
        if facet == "epochs":
            at = int(seen["epochs"]["_line"])
            nodes = (n for s in places_of(bench).statements for n in ast.walk(s) if isinstance(n, ast.For | ast.While))
            return max((n.lineno for n in nodes if n.lineno <= at <= (n.end_lineno or 0)), default=at)
        statements: list[ast.stmt] = [
            s for s in places_of(bench).statements if not isinstance(s, ast.FunctionDef | ast.ClassDef)
        ]
        names: tuple[str, ...] = ()
        if facet == "sizes":
            bad, right = next(
                (
                    (n, r)
                    for n, r in (("in", 784), ("hidden", None), ("out", 10))
                    if isinstance(got := seen["sizes"].get(n), str) or (got != r if r else got is not None and got < 1)
                ),
                ("in", 784),
            )
            names = {
                "in": ("in_features", "input_size"),
                "hidden": ("hidden_size",),
                "out": ("out_features", "output_size"),
            }[bad]
        elif facet == "rate":
            names = ("learning_rate", "lr")
        elif "no batch" in seen["loop"].values():
            names = ("batch_size",)
        if facet == "sizes" and right is not None and {*names} & {*seen["sizes"].get("_right", "").split()}:
            return int(seen["sizes"]["_line"])  # the size is there, and handed over in another place
        for statement in reversed(statements):
            if assigned_names(statement) & set(names):
                return statement.lineno
        if facet == "rate" and (line := only_line_with(statements, seen["rate"].get("_number"))):
            return line
        calls = {"sizes": {"MLP"}, "rate": {"SGD"}, "arrays": {"SGD"}}.get(facet)
        if calls:
            return next((s.lineno for s in reversed(statements) if loaded_names(s) & calls), None)
        return self._loop_line(bench, seen, statements)

    @staticmethod
    def _loop_line(bench: Bench, seen: Facets, statements: list[ast.stmt]) -> int | None:
        loop = seen.get("loop", {})
        bad = next(
            (
                n
                for n in _FUNCTIONS
                if SettingsProbe._loop_problems({k: v for k, v in loop.items() if k.split()[0] == n})
            ),
            "train",
        )
        if (line := loop.get(f"_{bad} line")) is not None:
            return int(line)
        nodes = (n for s in statements for n in ast.walk(s) if isinstance(n, ast.Assign))
        made = (n.lineno for n in nodes if f"{bad}_loader" in assigned_names(n))
        return next(made, next((s.lineno for s in statements if bad in loaded_names(s)), None))
