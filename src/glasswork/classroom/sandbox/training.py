"""Train the classes of a checked file on real digits: ``glasswork check FILE --train``.

The file is run as the checker runs it, in a process of its own, and its own classes learn from 20,000 images.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from glasswork.classroom.report import visible
from glasswork.classroom.sandbox.isolation import bubblewrap, environment
from glasswork.classroom.student.source import read_cells
from glasswork.errors import GlassworkError

#: Per cent of right answers below which ten digits may as well be guessed.
_HARDLY = 15.0

#: Images that the file's classes learn from, and those that measure.
TRAIN_ROWS, VALID_ROWS = 20_000, 5_000


class Training(Struct):
    """A file whose classes are to be trained."""

    cells: list[str]
    notebook: bool
    epochs: int
    seconds: float


class Epoch(Struct, tag="epoch"):
    """The result of one epoch."""

    train: float
    valid: float
    accuracy: float


class Failed(Struct, tag="failed"):
    """Why the training stopped."""

    reason: str


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
    history: list[Epoch] = []
    for message in _messages(Training(cells, notebook, epochs, seconds)):
        if isinstance(message, Failed):
            raise GlassworkError(f"{file}: its classes cannot be trained: {visible(message.reason)}")
        history.append(message)
        tell(
            f"Epoch: {len(history):02d}/{epochs} | Train MSE: {message.train:.4f} | "
            f"Valid MSE: {message.valid:.4f} | Valid Acc: {message.accuracy:.2f}%"
        )
    if not history:
        raise GlassworkError(f"{file}: the training ended before its first epoch")
    if history[-1].accuracy < _HARDLY:
        tell(
            f"After epoch {len(history)} the accuracy is {history[-1].accuracy:.2f} %, and guessing gives about 10 %: "
            "the network hardly learns yet. Look at how small its first weights are, and give it more epochs."
        )
    return _draw(history, Path(f"{file.stem}-training.png"))


def _messages(training: Training) -> Iterator[Epoch | Failed]:
    """Yield what the training process says, epoch by epoch, up to the first line of another form."""
    wrapped = bubblewrap()
    command = [*wrapped, sys.executable, "-P", "-m", "glasswork.classroom.sandbox.trainer"]
    with (
        tempfile.TemporaryDirectory(prefix="glasswork-") as folder,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment() | ({} if wrapped else {"TMPDIR": folder}),
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(msgspec.json.encode(training))
        process.stdin.close()
        for line in process.stdout:
            try:
                yield msgspec.json.decode(line, type=Epoch | Failed)
            except msgspec.MsgspecError:
                yield Failed("the file wrote to the channel on which it is watched")
                return


def _draw(history: list[Epoch], path: Path) -> Path:
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    loss, accuracy = figure.subplots(1, 2)
    epochs = range(1, len(history) + 1)
    loss.plot(epochs, [h.train for h in history], marker="o", markersize=3, label="train")
    loss.plot(epochs, [h.valid for h in history], marker="o", markersize=3, label="valid")
    loss.set(title="Loss", xlabel="epoch", ylim=(0, None))
    loss.legend(frameon=False)
    accuracy.plot(epochs, [h.accuracy for h in history], marker="o", markersize=3, color="tab:green")
    accuracy.set(
        title=f"Accuracy on {VALID_ROWS:,} validation images: {history[-1].accuracy:.2f} %",
        xlabel="epoch",
        ylabel="%",
        ylim=(0, 100),
    )
    for axes in (loss, accuracy):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.3)
    figure.savefig(path, dpi=120)
    return path
