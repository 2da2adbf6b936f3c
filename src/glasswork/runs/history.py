"""history.csv: how a run went, one row an epoch."""

import csv
import dataclasses
import io
import math
from collections.abc import Sequence
from pathlib import Path

import msgspec

from glasswork.errors import FileError
from glasswork.files import read_small, write_whole
from glasswork.training.loop import EpochResult


def write_history(path: Path, results: Sequence[EpochResult]) -> None:
    """Write a history, whole or not at all.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, [field.name for field in dataclasses.fields(EpochResult)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(dataclasses.asdict(result) for result in results)
    write_whole(path, text.getvalue().encode())


def read_history(path: Path) -> list[EpochResult]:
    """Return the epochs of a history.

    Raises
    ------
    FileError
        If it is missing or damaged.
    """
    try:
        rows = csv.DictReader(io.StringIO(read_small(path).decode(), newline=""))
        results = [msgspec.convert(row, EpochResult, strict=False) for row in rows]
    except (OSError, ValueError, csv.Error) as error:
        raise FileError(f"{path}: not the history of a run ({error})") from error
    numbers = [number for result in results for number in dataclasses.astuple(result)]
    rising = [result.epoch for result in results] == list(range(1, len(results) + 1))
    if not rising or not all(map(math.isfinite, numbers)) or any(not 0 <= r.valid_accuracy <= 100 for r in results):
        raise FileError(f"{path}: not the history of a run (epochs out of order, or numbers that cannot be)")
    return results
