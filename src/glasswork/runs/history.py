"""history.csv: one row for each epoch, with what seemed to go wrong in it."""

import csv
import dataclasses
import io
import math
from collections.abc import Sequence
from typing import Any

import msgspec

from glasswork.training.results import EpochResult, Finding

_COLUMNS = [field.name for field in dataclasses.fields(EpochResult)]


def encode_history(results: Sequence[EpochResult]) -> bytes:
    """Return a history as the content of a CSV file; findings are JSON in their cell."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    shown = [name for name in _COLUMNS if name != "valid_measure" or any(r.valid_measure is not None for r in results)]
    writer.writerow(shown)
    for result in results:
        writer.writerow([_cell(getattr(result, name)) for name in shown])
    return text.getvalue().encode()


def decode_history(content: bytes) -> list[EpochResult]:
    """Return the epochs of a history; columns added by a later version of glasswork are ignored.

    Raises
    ------
    ValueError
        If it is not a history.
    """
    rows = csv.DictReader(io.StringIO(content.decode(), newline=""), strict=True)
    try:
        results = [_epoch(row) for row in rows]
    except (csv.Error, RecursionError) as error:
        raise ValueError(str(error)) from error
    cells = [getattr(result, name) for result in results for name in _COLUMNS]
    numbers = [cell for cell in cells if isinstance(cell, int | float)]
    rising = [result.epoch for result in results] == list(range(1, len(results) + 1))
    if not rising or not all(map(math.isfinite, numbers)) or any(not 0 <= r.valid_accuracy <= 100 for r in results):
        raise ValueError("epochs out of order, or impossible numbers")
    return results


def _cell(value: Any) -> Any:
    """Return the content of a cell: a number unchanged, findings as JSON, and nothing if there are no findings."""
    if not isinstance(value, tuple):
        return value
    return msgspec.json.encode(value).decode() if value else ""


def _epoch(row: dict[str, Any]) -> EpochResult:
    findings = row.pop("findings", "") or "[]"
    known = {name: text for name, text in row.items() if name in _COLUMNS}
    return msgspec.convert(
        {**known, "findings": msgspec.json.decode(findings, type=list[Finding])}, EpochResult, strict=False
    )
