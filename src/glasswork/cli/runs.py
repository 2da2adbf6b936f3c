"""``glasswork runs``: the runs there are, and how each one stands."""

import datetime
from pathlib import Path
from typing import Annotated

import typer

from glasswork.cli.options import Debug


def runs(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the runs are.")] = Path("runs"),
    debug: Debug = False,
) -> None:
    """List runs, the newest last: state, epochs, accuracy, recipe, and when each was last at work.

    running, finished, interrupted (glasswork resume goes on), failed and why.
    """
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from glasswork.errors import FileError
    from glasswork.runs.reading import PastRun

    if not folder.is_dir():
        raise FileError(f"{folder}: no folder of runs; train a network first: glasswork train")
    found = [place for place in folder.iterdir() if (place / "recipe.toml").is_file()]
    if not found:
        print(f"No runs in {folder}; train a network first: glasswork train")
        return
    columns = ("run", "state", "epochs", "valid", "test", "recipe", "when")
    table = Table(*columns, box=None, pad_edge=False, padding=(0, 2, 0, 0))  # fits 80 columns
    reasons = []
    for place in sorted(found, key=_when):
        past = PastRun(place)
        when = f"{datetime.datetime.fromtimestamp(_when(place)):%d %b %H:%M}"
        try:
            result, recipe = past.result, past.recipe
            history = past.history if (place / "history.csv").exists() else []
        except FileError as error:
            table.add_row(escape(place.name), "damaged", "", "", "", "", when)
            reasons.append(f"{place.name}: {error}")
            continue
        best = max((epoch.valid_accuracy for epoch in history), default=None)
        accuracies = ("-" if accuracy is None else f"{accuracy:.2f}%" for accuracy in (best, result.test_accuracy))
        epochs = f"{len(history)}/{recipe.training.epochs}"
        table.add_row(escape(place.name), result.state, epochs, *accuracies, escape(recipe.name), when)
        if result.reason:
            reasons.append(f"{place.name}: {result.reason}")
    table.columns[0].overflow = "fold"
    for column in table.columns[1:]:
        column.no_wrap = True
    for column in table.columns[2:5]:
        column.justify = "right"
    Console().print(table)
    for reason in reasons:
        print(reason)


def _when(place: Path) -> float:
    """Return when a run last wrote, in seconds."""
    names = ("recipe.toml", "history.csv", "result.json")
    return max(path.stat().st_mtime for name in names if (path := place / name).exists())
