"""Train the classes of a checked file on real digits: ``glasswork check FILE --train``.

The file is run as the checker runs it, in a process of its own, and its own classes learn from 20,000 images.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from glasswork.classroom.student.source import read_cells
from glasswork.errors import GlassworkError

#: Images that the file's classes learn from, and those that measure.
TRAIN_ROWS, VALID_ROWS = 20_000, 5_000


def train_file(file: Path, *, epochs: int, tell: Callable[[str], None] = print, seconds: float = 600.0) -> Path:
    """Train a file's own MLP, loss and optimizer, and draw the loss and the accuracy.

    Returns
    -------
    path
        The picture, in the current folder.

    Raises
    ------
    GlassworkError
        If the file's classes cannot be trained.
    """
    cells, notebook = read_cells(file)
    history: list[tuple[float, float, float]] = []
    with tempfile.TemporaryDirectory(prefix="glasswork-train-") as folder:
        request = {"cells": cells, "notebook": notebook, "epochs": epochs, "seconds": seconds, "folder": folder}
        for message in _messages(request):
            if "failed" in message:
                raise GlassworkError(f"{file}: its classes cannot be trained: {message['failed']}")
            history.append((message["train"], message["valid"], message["accuracy"]))
            tell(
                f"Epoch: {len(history):02d}/{epochs} | Train MSE: {history[-1][0]:.4f} | "
                f"Valid MSE: {history[-1][1]:.4f} | Valid Acc: {history[-1][2]:.2f}%"
            )
    if not history:
        raise GlassworkError(f"{file}: the training ended before its first epoch")
    return _draw(history, Path(f"{file.stem}-training.png"))


def _messages(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what the training process says, epoch by epoch."""
    with subprocess.Popen(
        [sys.executable, "-m", "glasswork.classroom.sandbox.trainer"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(request))
        process.stdin.close()
        for line in process.stdout:
            yield json.loads(line)


def _draw(history: list[tuple[float, float, float]], path: Path) -> Path:
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    loss, accuracy = figure.subplots(1, 2)
    epochs = range(1, len(history) + 1)
    loss.plot(epochs, [h[0] for h in history], marker="o", markersize=3, label="train")
    loss.plot(epochs, [h[1] for h in history], marker="o", markersize=3, label="valid")
    loss.set(title="Loss", xlabel="epoch", ylim=(0, None))
    loss.legend(frameon=False)
    accuracy.plot(epochs, [h[2] for h in history], marker="o", markersize=3, color="tab:green")
    accuracy.set(title=f"Validation accuracy: {history[-1][2]:.2f} %", xlabel="epoch", ylabel="%", ylim=(0, 100))
    for axes in (loss, accuracy):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.3)
    figure.savefig(path, dpi=120)
    return path
