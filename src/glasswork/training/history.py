"""history.csv: how a run went, one row an epoch."""

import csv
import dataclasses
from pathlib import Path

import msgspec

from glasswork.errors import FileError
from glasswork.training.loop import EpochResult


def append_history(path: Path, result: EpochResult) -> None:
    """Add one epoch to a history; the first one makes the file, with the names of its columns.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    row = dataclasses.asdict(result)
    try:
        with path.open("a", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, row, lineterminator="\n")
            if stream.tell() == 0:
                writer.writeheader()
            writer.writerow(row)
    except OSError as error:
        raise FileError(f"{path}: cannot be written ({error.strerror}); is there room?") from error


def read_history(path: Path) -> list[EpochResult]:
    """Return the epochs of a history.

    Raises
    ------
    FileError
        If it is missing or damaged.
    """
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            return [msgspec.convert(row, EpochResult, strict=False) for row in csv.DictReader(stream)]
    except (OSError, ValueError, csv.Error) as error:
        raise FileError(f"{path}: not the history of a run ({error})") from error
