"""log: the results of a run, epoch by epoch, in the programs with which people follow trainings.

EpochResult ──► runs/log.csv      RUN/tensorboard      MLflow: MLFLOW_TRACKING_URI, or runs/mlflow.db
"""

from __future__ import annotations

import csv
import io
import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from glasswork.errors import InputError
from glasswork.files import write_whole
from glasswork.interop.translation import require
from glasswork.runs.run import Run
from glasswork.training.results import EpochResult

_COLUMNS = ("epoch", "train_loss", "valid_loss", "valid_accuracy", "learning_rate", "seconds")


class Log(ABC):
    """Takes what a training yields; opened inside the ``with`` block of a run, whose folder then exists.

    A run that is resumed continues its log. A new run never continues that of a deleted one with the same name.
    """

    #: The library that it needs.
    library: ClassVar[str | None] = None

    @abstractmethod
    def __init__(self, run: Run) -> None: ...

    @abstractmethod
    def note(self, result: EpochResult) -> None:
        """Add an epoch."""

    def close(self, test_accuracy: float | None) -> None:  # noqa: B027  (a table has nothing left to do)
        """End the log; the test accuracy in percent is None for a run that is not finished."""


def check_logs(kinds: Sequence[str]) -> None:
    """Raise a MissingLibraryError if a library is missing that these kinds of log need; before a run is created."""
    for kind in kinds:
        if (library := LOGS[kind].library) is not None:
            require(library, install="'glasswork[log]'")


def numbers_of(result: EpochResult) -> dict[str, float]:
    """Return the numbers of an epoch by name."""
    return {name: getattr(result, name) for name in _COLUMNS[1:]}


class CsvLog(Log):
    """One table for all runs of a folder, ``log.csv`` beside them: a row an epoch, written at once."""

    def __init__(self, run: Run) -> None:
        self.path, self.name = run.folder.parent / "log.csv", run.folder.name
        head, rows, new = ["run", *_COLUMNS], [], not self.path.exists() or not self.path.stat().st_size
        if new:
            self._append(head)
        else:
            with self.path.open(newline="", encoding="utf-8") as file:
                first, *rows = [*csv.reader(file)] or [[]]
            if first != head:
                raise InputError(f"{self.path}: expected the columns {', '.join(head)}, got {', '.join(first)}")
        past = [self._row(result) for result in run.history]
        if past != [row for row in rows if row[:1] == [self.name]]:  # rows of a deleted run, or not logged so far
            text = io.StringIO()
            csv.writer(text).writerows([head, *(row for row in rows if row[:1] != [self.name]), *past])
            write_whole(self.path, text.getvalue().encode())

    def _row(self, result: EpochResult) -> list[str]:
        return [self.name, *map(str, [result.epoch, *numbers_of(result).values()])]

    def _append(self, row: list[str]) -> None:
        with self.path.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerow(row)

    def note(self, result: EpochResult) -> None:
        """Append a row."""
        self._append(self._row(result))


class TensorboardLog(Log):
    """Event files in the run's folder; ``tensorboard --logdir runs`` shows all runs."""

    library = "tensorboardX"

    def __init__(self, run: Run) -> None:
        library = require(self.library, install="'glasswork[log]'")
        self.writer = library.SummaryWriter(str(run.folder / "tensorboard"))
        self.writer.add_text("recipe", "    " + run.recipe.to_toml().replace("\n", "\n    "))
        self.epochs = run.progress.epoch

    def note(self, result: EpochResult) -> None:
        """Add a point to each curve."""
        self.epochs = result.epoch
        for name, value in numbers_of(result).items():
            part, _, what = name.partition("_")
            self.writer.add_scalar(f"{what}/{part}" if what and part != "learning" else name, value, result.epoch)
        self.writer.flush()

    def close(self, test_accuracy: float | None) -> None:
        """Add the test accuracy."""
        if test_accuracy is not None:
            self.writer.add_scalar("accuracy/test", test_accuracy, self.epochs)
        self.writer.close()


class MlflowLog(Log):
    """A run of MLflow, in the experiment ``glasswork``; ``mlflow.txt`` in the run's folder holds its id."""

    library = "mlflow"

    def __init__(self, run: Run) -> None:
        library = require(self.library, install="'glasswork[log]'")
        # a server that is away does not hold a training up
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
        place = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{run.folder.parent / 'mlflow.db'}"
        self.epochs = run.progress.epoch
        self.client, note = library.MlflowClient(tracking_uri=place), run.folder / "mlflow.txt"
        if note.exists():
            self.id = note.read_text(encoding="utf-8").strip()
            try:
                self.client.update_run(self.id, "RUNNING")
            except library.exceptions.MlflowException:  # it was deleted, or is in another store
                note.unlink()
            else:
                return
        known = self.client.get_experiment_by_name("glasswork")
        experiment = known.experiment_id if known else self.client.create_experiment("glasswork")
        tags = {"glasswork_run": str(run.folder)}
        self.id = self.client.create_run(experiment, run_name=run.folder.name, tags=tags).info.run_id
        for key, value in _flat(run.recipe.to_dict()):
            self.client.log_param(self.id, key, value)
        for result in run.history:
            self.note(result)
        note.write_text(f"{self.id}\n", encoding="utf-8")

    def note(self, result: EpochResult) -> None:
        """Log the numbers of an epoch as metrics."""
        self.epochs = result.epoch
        for name, value in numbers_of(result).items():
            self.client.log_metric(self.id, name, value, step=result.epoch)

    def close(self, test_accuracy: float | None) -> None:
        """Log the test accuracy, and say how the run ended."""
        if test_accuracy is not None:
            self.client.log_metric(self.id, "test_accuracy", test_accuracy, step=self.epochs)
        self.client.set_terminated(self.id, "FINISHED" if test_accuracy is not None else "KILLED")


def _flat(settings: Mapping[str, Any], before: str = "") -> list[tuple[str, Any]]:
    """Return nested settings as pairs of a dotted key and a value."""
    pairs: list[tuple[str, Any]] = []
    for key, value in settings.items():
        pairs += _flat(value, f"{before}{key}.") if isinstance(value, Mapping) else [(before + key, value)]
    return pairs


#: Every kind of log; a new one is one line here.
LOGS: dict[str, type[Log]] = {"csv": CsvLog, "tensorboard": TensorboardLog, "mlflow": MlflowLog}
