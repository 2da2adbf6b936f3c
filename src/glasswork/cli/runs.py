"""``glasswork runs``: a list of the runs, with the state of each."""

import datetime
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from glasswork.cli.options import Debug
from glasswork.cli.tables import fits, print_table, without_frame
from glasswork.errors import FileError

if TYPE_CHECKING:
    from rich.table import Table


def runs(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the runs are.")] = Path("runs"),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
    debug: Debug = False,
) -> None:
    """List runs, the newest last: state, epochs, accuracy, recipe, and the time of the last change.

    The state is running, finished, interrupted (glasswork resume continues it), or failed, with the reason. The
    accuracies are those of the weights in the run's model file; the lines below the table say on how many images they
    were measured.
    """
    from glasswork.runs.folder import find_runs
    from glasswork.runs.summary import summary_of

    if not folder.is_dir():
        raise FileError(
            f"{folder}: expected a folder of runs, and it is not there; train a network first: glasswork train"
        )
    rows = [summary_of(run) for run in find_runs(folder)]
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    if rows:
        _print(rows)
    inside = _runs_inside(folder)
    if inside:
        folders = ", ".join(f"{path} ({number})" for path, number in inside.items())
        print(f"Folders with more runs, which glasswork runs FOLDER lists: {folders}")
    if not rows and not inside:
        print(f"No runs in {folder}; train a network first: glasswork train")


def _runs_inside(folder: Path) -> dict[Path, int]:
    """Return the folders that hold runs up to three levels down, such as those of a ladder, and how many."""
    from glasswork.runs.folder import RunFolder

    found = {
        path: sum(1 for between in ("*", "*/*", "*/*/*") for _ in path.glob(f"{between}/result.json"))
        for path in sorted(folder.iterdir())
        if not RunFolder(path).exists()
    }
    return {path: number for path, number in found.items() if number}


def _print(rows: list[dict[str, Any]]) -> None:
    cells = [_cells(row) for row in rows]
    tables = [
        _table(cells, gap=2),
        _table(cells, gap=1),
        _table(cells, gap=1, leave_out=("when",)),
        _table(cells, gap=1, leave_out=("when", "95 % confidence")),
    ]
    chosen = next((table for table in tables if fits(table)), None)
    if chosen is not None:
        print_table(chosen)
    else:  # a narrow terminal: two lines for each run, which may wrap
        for run in cells:
            print(run.pop("run"))
            print("  " + ", ".join(f"{name} {text}".removeprefix("state ") for name, text in run.items() if text))
    _print_measured_on([row for row in rows if row.get("tested")])
    for row in rows:
        if row["reason"]:
            print(f"{row['run']}: {row['reason']}")
        for found in row.get("findings", []):
            print(f"{row['run']}: epoch {found['epoch']}: {found['message']}")


def _print_measured_on(rows: list[dict[str, Any]]) -> None:
    """Print on how many validation and test images the accuracies were measured, and which split drew them."""
    groups: dict[str, list[str]] = {}
    for row in rows:
        validated = f"{row['validated']:,} validation and " if row["validated"] else ""
        split, fold, which = row["split"].partition(", fold ")
        split += f", a fold of {which.split()[-1]}" if fold else ""
        images = f"{validated}{row['tested']:,} test images or rows; split: {split}"
        groups.setdefault(images, []).append(row["run"])
    for images, names in groups.items():
        of = f" of {', '.join(names)}" if len(groups) > 1 else ""
        print(f"Accuracies{of}: on {images}")


def _cells(row: dict[str, Any]) -> dict[str, str]:
    """Return the printed cells of a run, by the headings of their columns."""
    when = f"{datetime.datetime.fromtimestamp(row['last_change']):%d %b %H:%M}"
    if row["state"] == "damaged":
        unknown = dict.fromkeys(("epochs", "valid", "test", "95 % confidence", "recipe"), "")
        return {"run": row["run"], "state": "damaged", **unknown, "when": when}
    valid, test = ("-" if a is None else f"{a:.2f}%" for a in (row["valid_accuracy"], row["test_accuracy"]))
    epochs = "" if row["members"] else f"{row['epochs']}/{row['epochs_wanted']}"
    interval = "{:.1f} to {:.1f} %".format(*row["test_interval"]) if row["test_interval"] else ""
    return {
        "run": row["run"], "state": row["state"], "epochs": epochs, "valid": valid, "test": test,
        "95 % confidence": interval, "recipe": row["recipe"], "when": when,
    }  # fmt: skip


def _table(rows: list[dict[str, str]], *, gap: int, leave_out: Sequence[str] = ()) -> "Table":
    from rich.markup import escape
    from rich.table import Table

    names = [name for name in rows[0] if name not in leave_out]
    table = without_frame(Table(*names), gap)
    for column in table.columns:
        column.no_wrap = True
        column.justify = "right" if column.header in ("epochs", "valid", "test", "95 % confidence") else "left"
    for row in rows:
        table.add_row(*(escape(row[name]) for name in names))
    return table
