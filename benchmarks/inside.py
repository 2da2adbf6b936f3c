"""What is measured inside one process, which prints it as JSON.

python benchmarks/inside.py predict | growth | start | epochs | safety | listing ...
"""

import copy
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

Seconds = dict[str, dict[str, list[float]]]


# predict ROUNDS ----------------------------------------------------------------------------------


def predict(rounds: str) -> Seconds:
    """Return the seconds for one image and for 10,000, round by round, for each contender, which take turns."""
    from glasswork import MLP, Inputs, ReLU, load_mnist, normalize

    model = MLP(784, [300, 100], 10, activation=ReLU, output_activation=None)
    model.inputs = Inputs.of_bytes()  # so ours takes the raw images, and the peers the prepared ones
    raw = load_mnist()[0][-10_000:]
    images = normalize(raw)
    contenders = {
        "NumPy engine": model.predict,
        **_compiled(model),
        "onnxruntime": _in_onnx(model),
        "PyTorch": _in_torch(model),
    }
    takes = {name: raw if name.endswith("engine") else images for name in contenders}
    answers = [ask(takes[name]) for name, ask in contenders.items()]
    assert all(np.array_equal(answers[0], other) for other in answers[1:])
    seconds: Seconds = {name: {"one": [], "many": []} for name in contenders}
    for _ in range(int(rounds) + 1):
        for name, ask in contenders.items():
            many, one = takes[name], takes[name][:1]
            seconds[name]["one"].append(_clock(lambda ask=ask, one=one: ask(one), 1000))
            seconds[name]["many"].append(_clock(lambda ask=ask, many=many: ask(many), 5))
    return {name: {size: times[1:] for size, times in sizes.items()} for name, sizes in seconds.items()}


def _clock(call: Callable[[], object], times: int) -> float:
    start = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - start) / times


def _compiled(model: Any) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """Return the prediction of a copy that uses the compiled forward."""
    from glasswork import compiled

    return {"compiled engine": compiled(copy.deepcopy(model)).predict}


def _in_onnx(model: Any) -> Callable[[np.ndarray], np.ndarray]:
    import onnxruntime

    from glasswork.interop import to_onnx

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ["OMP_NUM_THREADS"])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        to_onnx(model, path)
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda images: session.run(None, {"images": images})[0].argmax(axis=1)


def _in_torch(model: Any) -> Callable[[np.ndarray], np.ndarray]:
    import torch

    from glasswork.interop import to_torch

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    network = to_torch(model)

    def ask(images: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return network(torch.from_numpy(images)).argmax(1).numpy()

    return ask


# growth ROUNDS -----------------------------------------------------------------------------------

AXES = {"width": [10 * 2**n for n in range(10)], "batch": [2**n for n in range(13)]}
TURN = 0.05


class Case:
    """One size: a network, its batches, and as many steps a turn as fill it, each turn an epoch of its own."""

    def __init__(self, engine: str, *, hidden: int, batch: int) -> None:
        from glasswork import MLP, SGD, CrossEntropyLoss, ReLU

        self.engine_name, self.batch = engine, batch
        self.model = MLP(784, [hidden], 10, activation=ReLU, output_activation=None)
        self.optimizer = SGD(self.model.parameters(), self.model.gradients(), 0.01)
        self.loss, self.steps = CrossEntropyLoss(), 2
        self.epochs = self._training()
        self.turn()
        self.steps = max(2, min(int(TURN / (self.turn() * batch)), 60_000 // batch))
        self.epochs = self._training()
        for _ in range(3):  # so long the compiled engine tries whether threads should share the work
            self.turn()

    def _training(self) -> Iterator[object]:
        from glasswork import Batches, fit, load_mnist

        images, labels = (array[: self.steps * self.batch] for array in load_mnist())
        loader = Batches(images, labels, self.batch, seed=1)
        one = Batches(images[:1], labels[:1], 1, seed=1)
        return fit(self.model, loader, one, self.optimizer, self.loss, epochs=10**6, engine=self.engine_name)

    def turn(self) -> float:
        """Return the seconds per image."""
        start = time.perf_counter()
        next(self.epochs)
        return (time.perf_counter() - start) / (self.steps * self.batch)


def growth(rounds: str) -> dict[str, Any]:
    """Return, for each engine and axis, its sizes and for each size the seconds per image, round by round."""
    found: dict[str, Any] = {}
    for engine in ("numpy", "compiled"):
        cases = {
            "width": [Case(engine, hidden=width, batch=100) for width in AXES["width"]],
            "batch": [Case(engine, hidden=50, batch=batch) for batch in AXES["batch"]],
        }
        seconds: dict[str, list[list[float]]] = {axis: [[] for _ in sizes] for axis, sizes in AXES.items()}
        for _ in range(int(rounds)):
            for axis, those in cases.items():
                for case, times in zip(those, seconds[axis], strict=True):
                    time.sleep(0.1)  # the threads of the case before still wait for work, and would be in the way
                    times.append(case.turn())
        found[engine] = {axis: {"sizes": AXES[axis], "seconds": seconds[axis]} for axis in AXES}
    return found


# start -------------------------------------------------------------------------------------------


def start() -> float:
    """Return the seconds from a network to a compiled engine that is ready for its first step."""
    from glasswork import MLP, SGD, Batches, MSELoss
    from glasswork.training.engines import choose_engine

    model = MLP(784, 50, 10)
    loader = Batches(np.zeros((100, 784), np.uint8), np.zeros(100, int), 100, seed=0)
    optimizer = SGD(model.parameters(), model.gradients())
    begun = time.perf_counter()
    engine = choose_engine("compiled", model, optimizer, MSELoss(), loader=loader, epochs=1)
    assert engine.name == "compiled"
    with model.mode(training=True):
        for batch in engine.batches(loader, lambda: 1):
            engine.step(batch)
    return time.perf_counter() - begun


# epochs RECIPE ENGINE EPOCHS ---------------------------------------------------------------------


def epochs(name: str, engine: str, count: str) -> list[float]:
    """Return the seconds of each epoch of a bare `fit`, as a program calls it."""
    from glasswork import fit, named_recipe
    from glasswork.recipes.experiment import assemble

    made = assemble(named_recipe(name).override({"training.epochs": int(count)}))
    return [
        result.seconds
        for result in fit(
            made.model, made.train_loader, made.valid_loader, made.optimizer, made.loss,
            epochs=int(count), engine=engine,
        )
    ]  # fmt: skip


# safety RECIPE ROUNDS EPOCHS ---------------------------------------------------------------------


def safety(name: str, rounds: str, epochs: str) -> list[float]:
    """Return the time of a `Run` with its folder divided by that of a bare `fit`; so many epochs of each take turns."""
    from glasswork import Run, fit, named_recipe
    from glasswork.recipes.experiment import assemble

    total = (int(rounds) + 1) * int(epochs)
    recipe = named_recipe(name).override({"training.epochs": total, "training.engine": "numpy"})
    bare, ratios = assemble(recipe), []
    with tempfile.TemporaryDirectory() as folder, Run(recipe, Path(folder) / "run") as run:
        kept = run.epochs()
        plain = fit(
            bare.model, bare.train_loader, bare.valid_loader, bare.optimizer, bare.loss,
            epochs=total, average=bare.average, threads=run.threads, engine="numpy",
        )  # fmt: skip
        with closing(plain), closing(kept):
            for _ in range(int(rounds) + 1):
                times = [
                    _clock(lambda epochs_of=epochs_of: next(epochs_of), int(epochs)) for epochs_of in (kept, plain)
                ]
                ratios.append(times[0] / times[1])
    return ratios[1:]


# listing -----------------------------------------------------------------------------------------


def listing() -> float:
    """Do as the handout stands, sections 1 to 9, for one epoch, to have the memory measured from outside.

    MNIST is as OpenML gives it, int64 (70000, 784), but comes from the files beside glasswork, so that no network is
    needed; the table that pandas would have held beside it is left out, in the handout's favour.
    """
    from sklearn.model_selection import train_test_split

    from glasswork import load_mnist

    sys.path.append(str(Path(__file__).parents[1] / "tests"))
    import listing as handout

    X, y = load_mnist()
    X = X.astype(np.int64)  # the bytes are forgotten here
    X = ((X / 255.0) - 0.5) * 2
    X_train_valid, _X_test, y_train_valid, _y_test = train_test_split(X, y, test_size=10_000)
    X_train, X_valid, y_train, y_valid = train_test_split(X_train_valid, y_train_valid, test_size=5_000)
    np.random.seed(123)
    model = handout.MLP(784, 50, 10)
    optimizer = handout.SGD(model.parameters(), model.gradients(), 0.1)
    handout.train(model, handout.minibatch_generator(X_train, y_train, 100), optimizer, handout.loss_fn)
    return float(handout.valid(model, handout.minibatch_generator(X_valid, y_valid, 100), handout.loss_fn)[1])


if __name__ == "__main__":
    for measure in (predict, growth, start, epochs, safety, listing):
        if measure.__name__ == sys.argv[1]:
            print(json.dumps(measure(*sys.argv[2:])))
