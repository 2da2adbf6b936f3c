"""The process in which a file's own classes are trained; started by `glasswork.classroom.sandbox.training`."""

import json
import os
import sys
import warnings
from typing import Any

from glasswork.classroom.limits import confine, without_network
from glasswork.classroom.sandbox.training import TRAIN_ROWS, VALID_ROWS


def main() -> None:
    """Read a request, train, and print one line of JSON an epoch."""
    without_network()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123
    warnings.simplefilter("ignore")
    request = json.load(sys.stdin)
    os.chdir(request["folder"])
    try:
        _train(request, request["folder"], answers)
    except Exception as error:
        print(json.dumps({"failed": f"{type(error).__name__}: {error}"[:300]}), file=answers, flush=True)


def _train(request: dict[str, Any], folder: str, answers: Any) -> None:
    import numpy as np

    from glasswork.classroom.student.fixture import Mnist, install
    from glasswork.classroom.student.run import run_student
    from glasswork.classroom.student.source import from_cells, from_script
    from glasswork.data.sources.embedded import load_mnist

    images, labels = load_mnist()
    install(Mnist(images, labels))
    confine(folder, memory=6 << 30, seconds=int(request["seconds"]))
    document = from_cells(request["cells"]) if request["notebook"] else from_script(request["cells"][0])
    names = run_student(document).namespace
    x = ((images[: TRAIN_ROWS + VALID_ROWS] / 255.0) - 0.5) * 2
    y = labels[: TRAIN_ROWS + VALID_ROWS]
    np.random.seed(123)
    model = names["MLP"](784, 50, 10)
    loss = names["MSELoss"]()
    names["loss_fn"] = names["criterion"] = loss
    optimizer = names["SGD"](model.parameters(), model.gradients(), lr=0.5)
    batches = names["minibatch_generator"]
    for _ in range(request["epochs"]):
        trained = names["train"](model, batches(x[:TRAIN_ROWS], y[:TRAIN_ROWS], 100), optimizer, loss)
        valid, accuracy = names["valid"](model, batches(x[TRAIN_ROWS:], y[TRAIN_ROWS:], 100), loss)
        line = {"train": float(trained), "valid": float(valid), "accuracy": float(accuracy)}
        print(json.dumps(line), file=answers, flush=True)


if __name__ == "__main__":
    main()
