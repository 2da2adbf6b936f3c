"""Probes of the functions: mini-batches, one-hot targets, training, validation and test."""

from typing import Any

import numpy as np

from glasswork.classroom.observe import Crash, attempt, plain, same, show
from glasswork.classroom.probes.base import Bench, Facets, Problem, line_of


class MinibatchProbe:
    """``minibatch_generator``: all rows once, in random order, images with their labels."""

    part = "minibatch_generator"

    def observe(self, bench: Bench) -> Facets:
        """Return what the part does."""
        generator = bench.namespace["minibatch_generator"]
        seen: dict[str, Any] = {}
        with bench.isolated("minibatch_generator"):
            # Names like those of the data, with other data in them: a generator that reads globals is found out.
            decoys = {name: np.full((4, 2), -7.0) if name[0] == "X" else np.full(4, -7) for name in _DATA}
            for count, size in ((12, 4), (11, 3), (7, 7)):
                before = {name: bench.namespace[name] for name in decoys if name in bench.namespace}
                bench.namespace.update(decoys)
                try:
                    seen[f"{count} {size}"] = self._batches(generator, count, size)
                finally:
                    for name in decoys:
                        bench.namespace.pop(name, None)
                    bench.namespace.update(before)
        return {"batches": seen}

    @staticmethod
    def _data(count: int) -> tuple[Any, Any]:
        y = np.arange(count) + 1
        return np.stack([y * 10.0, y * 10.0 + 1], axis=1), y

    def _batches(self, generator: Any, count: int, size: int) -> Any:
        X, y = self._data(count)
        x_before = X.copy()

        def collect() -> list[Any]:
            batches = []
            for i, batch in enumerate(generator(X, y, size)):
                batches.append(batch)
                if i >= 4 * count:
                    break
            return batches

        np.random.seed(3)
        batches = attempt(collect)
        if isinstance(batches, Crash):
            return {"error": batches}
        pairs = attempt(lambda: [(np.asarray(b[0]), np.asarray(b[1])) for b in batches if len(b) == 2])
        if isinstance(pairs, Crash) or len(pairs) != len(batches):
            return {"error": "no pairs"}
        again = attempt(collect)
        rows = [x[:, 0].tolist() if x.ndim == 2 else x.tolist() for x, _ in pairs]
        flat = [value for batch in rows for value in (batch if isinstance(batch, list) else [batch])]
        labels = [v for _, t in pairs for v in np.atleast_1d(t).ravel().tolist()]
        shapes = [x.shape for x, _ in pairs]
        sizes = [s[0] if s else 0 for s in shapes]
        matched = len(flat) == len(labels) and all(a == 10.0 * b for a, b in zip(flat, labels, strict=True))
        return {
            "sizes": sizes,
            "full": sum(s == size for s in sizes),
            "paired": matched,
            "distinct": len(set(flat)) == len(flat),
            "known": set(flat) <= set(x_before[:, 0].tolist()),
            "shuffled": flat != sorted(flat),
            "other order": not isinstance(again, Crash)
            and str([np.asarray(b[0]).tolist() for b in again]) != str([x.tolist() for x, _ in pairs]),
            "columns": sorted({s[1:] for s in shapes}),
            "data kept": bool(np.array_equal(X, x_before)) or sorted(X[:, 0]) == sorted(x_before[:, 0]),
        }

    def problems(self, seen: Facets) -> list[Problem]:
        """Return which properties the part lacks."""
        for name, batches in seen["batches"].items():
            count, size = map(int, name.split())
            problem = self._problem(batches, count, size)
            if problem is not None:
                return [problem]
        return []

    @staticmethod
    def _problem(seen: dict[str, Any], count: int, size: int) -> Problem | None:
        given = f"With {count} images and batches of {size}"
        if "error" in seen:
            got = (
                "what it yields are not pairs (images, labels)"
                if isinstance(seen["error"], str)
                else f"it gives {show(seen['error'])}"
            )
            return Problem("batches", "error", f"{given}, {got}.")
        if not seen["sizes"]:
            return Problem("batches", "result", f"{given}, it yields nothing; expected {count // size} batches.")
        if not seen["known"]:
            return Problem("batches", "value", f"{given}, it yields rows that are not rows of the X it was given.")
        if not seen["paired"]:
            return Problem("batches", "value", f"{given}, images and labels do not belong together.")
        if not seen["distinct"]:
            return Problem(
                "batches", "randomness", f"{given}, some images come more than once in an epoch and others never."
            )
        if seen["columns"] != [(2,)]:
            return Problem(
                "batches",
                "shape",
                f"{given}, a batch of images has shape (?, {seen['columns']}); expected ({size}, 2).",
            )
        all_rows = sum(seen["sizes"]) == count and max(seen["sizes"]) < 2 * size  # near enough: np.array_split
        if not all_rows and (seen["full"] < count // size or any(s not in (size, count % size) for s in seen["sizes"])):
            return Problem(
                "batches",
                "shape",
                f"{given}, the batches have the sizes {seen['sizes']}; expected {[size] * (count // size)}.",
            )
        if not seen["data kept"]:
            return Problem("batches", "aliasing", f"{given}, it changes the images it was given.")
        if not seen["shuffled"] and not seen["other order"] and count > size:
            return Problem(
                "batches", "randomness", f"{given}, the order is the same each time and not shuffled.", remark=True
            )
        return None

    def locate(self, bench: Bench, facet: str) -> int | None:
        """Return the line that decides a facet."""
        import ast

        function = bench.function("minibatch_generator")
        if function is None:
            return None
        yields = [n.lineno for n in ast.walk(function) if isinstance(n, ast.Yield | ast.Return)]
        return min(yields) if yields else getattr(function, "lineno", None)


_DATA = ("X", "y", "X_train", "y_train", "X_valid", "y_valid", "X_test", "y_test", "X_temp", "y_temp", "indices")


class OnehotProbe:
    """``int_to_onehot``: a row for each label with 1 in the label's place."""

    part = "int_to_onehot"

    def observe(self, bench: Bench) -> Facets:
        """Return what the part does."""
        function = bench.namespace["int_to_onehot"]
        with bench.isolated("int_to_onehot"):
            ten = plain(attempt(lambda: function(np.array([3, 0, 9, 1]))))
            others = plain(attempt(lambda: function(np.arange(10)[::-1].copy())))
            three = plain(attempt(lambda: function(np.array([2, 0]), 3)))
        return {"rows": {"ten": ten, "all": others, "three": three}}

    def problems(self, seen: Facets) -> list[Problem]:
        """Return which properties the part lacks."""
        got = seen["rows"]["ten"]
        want = np.eye(10)[[3, 0, 9, 1]]
        given = "For the labels [3, 0, 9, 1]"
        if isinstance(got, Crash):
            return [Problem("rows", "error", f"{given}, it gives {show(got)}; expected an array of shape (4, 10).")]
        if isinstance(got, str):
            return [Problem("rows", "result", f"{given}, it returns {got}; expected an array of shape (4, 10).")]
        if got.shape != want.shape:
            return [Problem("rows", "shape", f"{given}, the result has shape {got.shape}; expected (4, 10).")]
        if not same(got, want):
            row = int(np.argmax(np.any(~np.isclose(got, want), axis=1)))
            return [
                Problem(
                    "rows",
                    "value",
                    f"{given}, the row of label {[3, 0, 9, 1][row]} is {show(got[row], 10)}; expected {show(want[row], 10)}.",
                )
            ]
        if not same(seen["rows"]["all"], np.eye(10)[::-1]):
            return [Problem("rows", "value", "For the labels 9, 8, ..., 0 the rows are not right.")]
        return []

    def locate(self, bench: Bench, facet: str) -> int | None:
        """Return the line that decides a facet."""
        import ast

        function = bench.function("int_to_onehot")
        if function is None:
            return None
        got = bench.memory.get(self.part, {}).get("rows", {}).get("ten")
        stores = [
            n.lineno for n in ast.walk(function)
            if isinstance(n, ast.Assign) and any(isinstance(t, ast.Subscript) for t in n.targets)
        ]  # fmt: skip
        if stores and isinstance(got, np.ndarray) and got.shape == (4, 10):
            return stores[-1]
        return line_of(function) if not isinstance(got, str) else _return_line(function)


def _return_line(function: Any) -> int | None:
    import ast

    returns = [n.lineno for n in ast.walk(function) if isinstance(n, ast.Return)]
    return returns[-1] if returns else line_of(function)


class _Calls:
    """A right model, loss and optimizer that note how a loop uses them."""

    def __init__(self, bench: Bench) -> None:
        reference = bench.reference
        np.random.seed(5)
        self.model = reference["MLP"](3, 4, 10)
        self.loss = reference["MSELoss"]()
        self.optimizer = reference["SGD"](self.model.parameters(), self.model.gradients(), lr=0.5)
        self.log: list[str] = []
        self.before = [p.copy() for p in self.model.parameters()]
        self._note(self.model, "forward", "backward")
        self._note(self.loss, "forward", "backward")
        self._note(self.optimizer, "step", "zero_grad")

    def _note(self, thing: Any, *methods: str) -> None:
        for method in methods:
            original, name = getattr(thing, method), f"{type(thing).__name__}.{method}"

            def call(*args: Any, _o: Any = original, _n: str = name) -> Any:
                self.log.append(_n)
                return _o(*args)

            setattr(thing, method, call)


def _loader(sizes: tuple[int, ...] = (5, 5, 3)) -> list[tuple[Any, Any]]:
    random = np.random.RandomState(11)
    return [(random.uniform(-1, 1, (n, 3)), random.randint(0, 10, n)) for n in sizes]


def _all_of(loader: list[tuple[Any, Any]]) -> dict[str, Any]:
    """Return the data that the loader's batches come from, for a function that asks for their number."""
    x, y = (np.concatenate(arrays) for arrays in zip(*loader, strict=True))
    return {f"{letter}_{part}": data for part in ("train", "valid", "test") for letter, data in (("X", x), ("y", y))}


class TrainProbe:
    """``train``: for each batch zero_grad, forward, loss, backward, step; the mean loss returned."""

    part = "train"

    def observe(self, bench: Bench) -> Facets:
        """Return what the part does."""
        moved, means = self.expected(bench)
        return {"loop": self._run(bench, "train"), "right": {"moved": moved, "means": means}}

    @staticmethod
    def _run(bench: Bench, name: str) -> dict[str, Any]:
        calls = _Calls(bench)
        loader = _loader()
        # The handout's train reads a global loss_fn: it is the criterion here, as in the handout.
        with bench.isolated(name, loss_fn=calls.loss, criterion=calls.loss, **_all_of(loader)):
            function = bench.namespace[name]
            result = attempt(lambda: function(calls.model, iter(loader), calls.optimizer, calls.loss))
        after = [p.copy() for p in calls.model.parameters()]
        seen: dict[str, Any] = {
            "error": result if isinstance(result, Crash) else "",
            "returns": plain(result if not isinstance(result, tuple) else np.array([_float(v) for v in result])),
            "moved": [a - b for a, b in zip(after, calls.before, strict=True)],
            "log": " ".join(calls.log),
        }
        return seen

    @staticmethod
    def expected(bench: Bench) -> tuple[list[Any], list[float]]:
        """Return how far the parameters move in a right epoch, and the mean losses that pass."""
        calls = _Calls(bench)
        losses, sizes = [], []
        onehot = bench.reference["int_to_onehot"]
        for x, y in _loader():
            calls.optimizer.zero_grad()
            losses.append(float(calls.loss(calls.model(x), onehot(y))))
            sizes.append(len(y))
            calls.model.backward(calls.loss.backward())
            calls.optimizer.step()
        moved = [a - b for a, b in zip(calls.model.parameters(), calls.before, strict=True)]
        total = sum(losses)
        weighted = sum(loss * n for loss, n in zip(losses, sizes, strict=True)) / sum(sizes)
        return moved, [total / sum(sizes), total / len(losses), weighted]

    def problems(self, seen: Facets) -> list[Problem]:
        """Return which properties the part lacks."""
        loop = seen["loop"]
        moved, means = seen["right"]["moved"], seen["right"]["means"]
        log = loop["log"].split()
        if isinstance(loop["error"], Crash):
            return [Problem("loop", "error", f"On three small batches, train gives {show(loop['error'])}.")]
        if not all(map(same, loop["moved"], moved)):
            return [self._moved_problem(loop, moved, log)]
        returned = loop["returns"]
        if isinstance(returned, (str, Crash)):
            return [Problem("loop", "result", f"train returns {show(returned)}; expected the mean loss, a number.")]
        if not any(np.isclose(v, m, rtol=1e-4) for v in returned.ravel() for m in means):
            if returned.size > 3:
                return []  # a history of its own
            return [
                Problem(
                    "loop", "scale", f"For three batches of 5, 5 and 3 samples train returns {show(returned)}; expected "
                    f"{show(means[0])} (the sum over the 13 samples), {show(means[1])} or {show(means[2])} (means).",
                )
            ]  # fmt: skip
        return []

    @staticmethod
    def _moved_problem(loop: dict[str, Any], moved: list[Any], log: list[str]) -> Problem:
        count = {
            name: log.count(name)
            for name in (
                "SGD.zero_grad",
                "MLP.forward",
                "MSELoss.forward",
                "MSELoss.backward",
                "MLP.backward",
                "SGD.step",
            )
        }
        told = ", ".join(f"{name} {n}×" for name, n in count.items())
        if not any(m.any() for m in loop["moved"]):
            return Problem(
                "loop", "result", f"after three batches no weight has moved. Calls: {told}; expected each 3×."
            )
        if any(n != 3 for n in count.values()):
            return Problem("loop", "result", f"in three batches the calls are: {told}; expected each 3×.")
        got, want = loop["moved"][0].ravel()[0], moved[0].ravel()[0]
        order = " → ".join(log[:6])
        return Problem(
            "loop",
            "value",
            f"the first weight moves by {show(got)}; expected {show(want)}. Order of the calls: {order}.",
        )

    def locate(self, bench: Bench, facet: str) -> int | None:
        """Return the line that decides a facet."""
        import ast

        function = bench.function(self.part)
        if function is None:
            return None
        seen = bench.memory.get(self.part, {}).get("loop", {})
        loops = [n for n in ast.walk(function) if isinstance(n, ast.For | ast.While)]
        if self.part == "train" and loops and not _moved_right(bench, seen):
            return loops[0].body[0].lineno
        return line_of(function)


def _moved_right(bench: Bench, seen: dict[str, Any]) -> bool:
    right = bench.memory.get("train", {}).get("right", {})
    return bool(seen) and bool(right) and all(map(same, seen["moved"], right["moved"]))


class _ScoreProbe:
    """What `valid` and `test` have in common: a model whose scores are known, and labels of which some fit."""

    part = ""
    sizes = ((5, 5, 3), (10, 10), (10, 5))

    def observe(self, bench: Bench) -> Facets:
        """Return what the part does."""
        return {"loop": {" ".join(map(str, s)): self._run(bench, s) for s in self.sizes}}

    def _run(self, bench: Bench, sizes: tuple[int, ...]) -> Any:
        calls = _Calls(bench)
        loader = _scored(sizes)
        model = calls.model
        model.forward = lambda x: _scores(x)
        with bench.isolated(self.part, loss_fn=calls.loss, criterion=calls.loss, **_all_of(loader)):
            function = bench.namespace[self.part]
            args = (model, iter(loader), calls.loss) if self.part == "valid" else (model, iter(loader))
            result = attempt(lambda: function(*args))
        moved = any(not same(a, b) for a, b in zip(model.parameters(), calls.before, strict=True))
        if isinstance(result, Crash):
            return result
        values = np.array([_float(v) for v in result]) if isinstance(result, tuple | list) else plain(result)
        return "moves the weights" if moved else values

    def expected(self, sizes: tuple[int, ...]) -> tuple[float, list[float]]:
        """Return the accuracy in per cent and the mean losses that pass."""
        batches = _scored(sizes)
        right = sum(int((_scores(x).argmax(1) == y).sum()) for x, y in batches)
        losses = [float(np.mean((_scores(x) - np.eye(10)[y]) ** 2)) for x, y in batches]
        weighted = sum(loss * n for loss, n in zip(losses, sizes, strict=True)) / sum(sizes)
        return 100 * right / sum(sizes), [sum(losses) / sum(sizes), sum(losses) / len(losses), weighted]

    def problems(self, seen: Facets) -> list[Problem]:
        """Return which properties the part lacks."""
        for name, result in seen["loop"].items():
            sizes = tuple(map(int, name.split()))
            accuracy, losses = self.expected(sizes)
            given = f"For batches of {', '.join(map(str, sizes))} samples of which {round(accuracy * sum(sizes) / 100)} are predicted right"
            if isinstance(result, Crash):
                return [Problem("loop", "error", f"{given}, {self.part} gives {show(result)}.")]
            if isinstance(result, str):
                return [
                    Problem(
                        "loop",
                        "result",
                        f"{given}, {self.part} {'returns ' if result != 'moves the weights' else ''}{result}.",
                    )
                ]
            values = result.ravel()
            good_accuracy = any(np.isclose(v, accuracy) for v in values)
            fraction = any(np.isclose(v, accuracy / 100) for v in values)
            if not good_accuracy and not fraction:
                return [
                    Problem(
                        "loop",
                        "value",
                        f"{given}, {self.part} returns {show(result)}; expected the accuracy {show(accuracy)} %.",
                    )
                ]
            if self.part == "valid" and not any(np.isclose(v, m, rtol=1e-4) for v in values for m in losses):
                return [Problem("loop", "scale", f"{given}, the loss in {show(result)} is none of {show(losses)}.")]
            if fraction and not good_accuracy:
                return [
                    Problem(
                        "loop",
                        "scale",
                        f"{given}, the accuracy is given as the fraction {show(accuracy / 100)}.",
                        remark=True,
                    )
                ]
            if self.part == "valid" and np.isclose(values[0], accuracy):
                return [
                    Problem(
                        "loop", "value", f"{given}, valid returns the accuracy first; the loop expects the loss first."
                    )
                ]
        return []

    def locate(self, bench: Bench, facet: str) -> int | None:
        """Return the line that decides a facet."""
        function = bench.function(self.part)
        if function is None:
            return None
        return line_of(function, "predicted_labels", "predictions", "pred_labels", "correct_predictions")


def _scored(sizes: tuple[int, ...]) -> list[tuple[Any, Any]]:
    """Return batches of which every other sample has the label that its scores predict."""
    batches = []
    for x, _ in _loader(sizes):
        predicted = _scores(x).argmax(1)
        batches.append((x, np.where(np.arange(len(x)) % 2 == 0, predicted, (predicted + 3) % 10)))
    return batches


def _scores(x: Any) -> Any:
    """Return scores whose largest is where the first number of x says; those of the first sample are the highest."""
    place = np.floor((np.asarray(x)[:, 0] + 1) * 5).astype(int).clip(0, 9)
    spread = -np.arange(len(place))[:, None] * 0.008 + np.arange(10) * 0.021
    return 0.1 + spread + 0.6 * np.eye(10)[place]


def _float(value: Any) -> float:
    try:
        return float(np.asarray(value, dtype=float).mean())
    except (TypeError, ValueError):
        return float("nan")


class ValidProbe(_ScoreProbe):
    """``valid``: the mean loss and the accuracy, no weight moved."""

    part = "valid"


class TestProbe(_ScoreProbe):
    """``test``: the accuracy, no weight moved."""

    part = "test"
