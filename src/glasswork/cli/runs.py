"""``glasswork runs``: the runs there are, and the state of each."""

import datetime
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from glasswork.cli.options import Debug
from glasswork.errors import FileError

if TYPE_CHECKING:
    from glasswork.runs.folder import RunFolder


def runs(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the runs are.")] = Path("runs"),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
    debug: Debug = False,
) -> None:
    """List runs, the newest last: state, epochs, accuracy, recipe, and when each last wrote.

    running, finished, interrupted (glasswork resume goes on), failed and why. Accuracies are those of the weights in
    the run's model file.
    """
    from glasswork.runs.folder import find_runs

    if not folder.is_dir():
        raise FileError(f"{folder}: no folder of runs; train a network first: glasswork train")
    rows = [_read(run) for run in find_runs(folder)]
    if as_json:
        print(json.dumps(rows, indent=2))
    elif rows:
        _print(rows)
    else:
        print(f"No runs in {folder}; train a network first: glasswork train")


def _read(run: "RunFolder") -> dict[str, Any]:
    """Return what is to be known about one run; each of its files is read once."""
    from glasswork.runs.state import kept_accuracy

    row: dict[str, Any] = {"run": run.path.name, "folder": str(run.path), "last_change": run.last_change()}
    try:
        result, recipe, history = run.result(), run.recipe(), run.history()
    except FileError as error:
        return {**row, "state": "damaged", "reason": str(error)}
    return {
        **row,
        "state": result.state,
        "reason": result.reason,
        "epochs": len(history),
        "epochs_wanted": recipe.training.epochs,
        "valid_accuracy": kept_accuracy(recipe, history),
        "test_accuracy": result.test_accuracy,
        "recipe": recipe.name,
        "split": result.split,
        "parameters": result.parameters,
        "seconds": sum(epoch.seconds for epoch in history),
        "findings": [
            {"epoch": epoch.epoch, "name": finding.name, "where": finding.where, "message": finding.message}
            for epoch in history
            for finding in epoch.findings
        ],
    }


def _print(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    columns = ("run", "state", "epochs", "valid", "test", "recipe", "when")
    table = Table(*columns, box=None, pad_edge=False, padding=(0, 2, 0, 0))  # fits 80 columns
    notes = []
    for row in rows:
        when = f"{datetime.datetime.fromtimestamp(row['last_change']):%d %b %H:%M}"
        if row["state"] == "damaged":
            table.add_row(escape(row["run"]), "damaged", "", "", "", "", when)
        else:
            accuracies = ("-" if a is None else f"{a:.2f}%" for a in (row["valid_accuracy"], row["test_accuracy"]))
            epochs = f"{row['epochs']}/{row['epochs_wanted']}"
            table.add_row(escape(row["run"]), row["state"], epochs, *accuracies, escape(row["recipe"]), when)
        notes += [f"{row['run']}: {row['reason']}"] * bool(row["reason"])
        notes += [f"{row['run']}: epoch {found['epoch']}: {found['message']}" for found in row.get("findings", [])]
    table.columns[0].overflow = "fold"
    for column in table.columns[1:]:
        column.no_wrap = True
    for column in table.columns[2:5]:
        column.justify = "right"
    Console().print(table)
    for note in notes:
        print(note)
