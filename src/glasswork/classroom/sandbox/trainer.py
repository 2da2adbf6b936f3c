"""The process in which a file's own classes are trained; started by `glasswork.classroom.sandbox.training`."""

import os
import sys
import tempfile
import warnings
from collections.abc import Iterator

import msgspec

from glasswork.classroom.limits import confine
from glasswork.classroom.sandbox.isolation import enter_namespaces
from glasswork.classroom.sandbox.training import TRAIN_ROWS, VALID_ROWS, Epoch, Failed, Training


def main() -> None:
    """Read a request, train, and print one line of JSON an epoch."""
    answers = os.fdopen(os.dup(1), "wb")
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123
    warnings.simplefilter("ignore")

    def tell(message: Epoch | Failed) -> None:
        answers.write(msgspec.json.encode(message) + b"\n")
        answers.flush()

    training = msgspec.json.decode(sys.stdin.buffer.read(), type=Training)
    try:
        for epoch in _train(training):
            tell(epoch)
    except Exception as error:
        tell(Failed(f"{type(error).__name__}: {error}"[:300]))


def _train(training: Training) -> Iterator[Epoch]:
    import numpy as np

    from glasswork.classroom.student.fixture import Mnist, install
    from glasswork.classroom.student.run import run_student
    from glasswork.classroom.student.source import from_cells, from_script
    from glasswork.classroom.student.unwrap import unwrapped
    from glasswork.data.sources.embedded import load_mnist

    images, labels = load_mnist()
    install(Mnist(images, labels))
    folder = tempfile.mkdtemp(prefix="glasswork-train-")
    enter_namespaces(folder)
    os.chdir(folder)
    confine(folder, memory=6 << 30, seconds=int(training.seconds))
    document = from_cells(training.cells) if training.notebook else from_script(training.cells[0])
    names = run_student(unwrapped(document)).namespace
    x = ((images[: TRAIN_ROWS + VALID_ROWS] / 255.0) - 0.5) * 2
    y = labels[: TRAIN_ROWS + VALID_ROWS]
    np.random.seed(123)
    model = names["MLP"](784, 50, 10)
    loss = names["MSELoss"]()
    names["loss_fn"] = names["criterion"] = loss
    optimizer = names["SGD"](model.parameters(), model.gradients(), lr=0.5)
    batches = names["minibatch_generator"]
    for _ in range(training.epochs):
        trained = names["train"](model, batches(x[:TRAIN_ROWS], y[:TRAIN_ROWS], 100), optimizer, loss)
        valid, accuracy = names["valid"](model, batches(x[TRAIN_ROWS:], y[TRAIN_ROWS:], 100), loss)
        yield Epoch(float(trained), float(valid), float(accuracy))


if __name__ == "__main__":
    main()
