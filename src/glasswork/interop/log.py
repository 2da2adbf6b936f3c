"""log: the results of a run, epoch by epoch, in the programs with which people follow trainings.

EpochResult ──► runs/log.csv      RUN/tensorboard      MLflow: MLFLOW_TRACKING_URI, or runs/mlflow.db
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from glasswork.errors import InputError
from glasswork.interop.translation import require
from glasswork.runs.run import Run
from glasswork.training.results import EpochResult

_COLUMNS = ("epoch", "train_loss", "valid_loss", "valid_accuracy", "learning_rate", "seconds")


class Log(Protocol):
    """Takes what a training yields."""

    def note(self, result: EpochResult) -> None:
        """Add an epoch."""
        ...

    def close(self, test_accuracy: float | None) -> None:
        """End the log; the test accuracy in percent is None for a run that is not finished."""
        ...


def check_logs(kinds: Sequence[str]) -> None:
    """Raise a MissingLibraryError if a library is missing that these kinds of log need; before a run is created."""
    for kind in kinds:
        if kind in _LIBRARIES:
            require(_LIBRARIES[kind], install="'glasswork[log]'")


def open_log(kind: str, run: Run) -> Log:
    """Return a log of a run that is being trained; one that is resumed goes on in its old log.

    Parameters
    ----------
    kind : {"csv", "tensorboard", "mlflow"}
    run : Run
        Inside its ``with`` block: its folder exists.

    Raises
    ------
    MissingLibraryError
        If the library of that kind is not installed.
    InputError
        If there is no such kind, or ``log.csv`` is another table.
    """
    if kind not in LOGS:
        raise InputError(f"log: expected one of {', '.join(LOGS)}, got {kind!r}")
    return LOGS[kind](run)


def numbers_of(result: EpochResult) -> dict[str, float]:
    """Return the numbers of an epoch by name."""
    return {name: getattr(result, name) for name in _COLUMNS[1:]}


class CsvLog:
    """One table for all runs of a folder, ``log.csv`` beside them: a row an epoch, written at once."""

    def __init__(self, run: Run) -> None:
        self.path, self.name = run.folder.parent / "log.csv", run.folder.name
        head = ["run", *_COLUMNS]
        if self.path.exists() and self.path.stat().st_size:
            with self.path.open(newline="", encoding="utf-8") as file:
                if (found := next(csv.reader(file), [])) != head:
                    raise InputError(f"{self.path}: expected the columns {', '.join(head)}, got {', '.join(found)}")
        else:
            self._write(head)

    def _write(self, row: list[Any]) -> None:
        with self.path.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerow(row)

    def note(self, result: EpochResult) -> None:
        """Append a row."""
        self._write([self.name, result.epoch, *numbers_of(result).values()])

    def close(self, test_accuracy: float | None) -> None:
        """Nothing is left to do."""


class TensorboardLog:
    """Event files in the run's folder; ``tensorboard --logdir runs`` shows all runs."""

    def __init__(self, run: Run) -> None:
        library = require(_LIBRARIES["tensorboard"], install="'glasswork[log]'")
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


class MlflowLog:
    """A run of MLflow, in the experiment ``glasswork``."""

    def __init__(self, run: Run) -> None:
        library = require(_LIBRARIES["mlflow"], install="'glasswork[log]'")
        os.environ.setdefault(
            "MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1"
        )  # a server that is away does not hold a training up
        place = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{run.folder.parent / 'mlflow.db'}"
        self.client = library.MlflowClient(tracking_uri=place)
        known = self.client.get_experiment_by_name("glasswork")
        experiment = known.experiment_id if known else self.client.create_experiment("glasswork")
        name = str(run.folder).replace("'", "_")
        old = self.client.search_runs([experiment], filter_string=f"tags.glasswork_run = '{name}'")
        if old:
            self.id = old[0].info.run_id
            self.client.update_run(self.id, "RUNNING")
            return
        tags = {"glasswork_run": name}
        self.id = self.client.create_run(experiment, run_name=run.folder.name, tags=tags).info.run_id
        for key, value in _flat(run.recipe.to_dict()):
            self.client.log_param(self.id, key, value)

    def note(self, result: EpochResult) -> None:
        """Log the numbers of an epoch as metrics."""
        for name, value in numbers_of(result).items():
            self.client.log_metric(self.id, name, value, step=result.epoch)

    def close(self, test_accuracy: float | None) -> None:
        """Log the test accuracy, and say how the run ended."""
        if test_accuracy is not None:
            self.client.log_metric(self.id, "test_accuracy", test_accuracy)
        self.client.set_terminated(self.id, "FINISHED" if test_accuracy is not None else "KILLED")


def _flat(settings: Mapping[str, Any], before: str = "") -> list[tuple[str, Any]]:
    """Return nested settings as pairs of a dotted key and a value."""
    pairs: list[tuple[str, Any]] = []
    for key, value in settings.items():
        pairs += _flat(value, f"{before}{key}.") if isinstance(value, Mapping) else [(before + key, value)]
    return pairs


#: Every kind of log; a new one is one line here.
LOGS: dict[str, Callable[[Run], Log]] = {"csv": CsvLog, "tensorboard": TensorboardLog, "mlflow": MlflowLog}

_LIBRARIES = {"tensorboard": "tensorboardX", "mlflow": "mlflow"}
