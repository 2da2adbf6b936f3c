"""``glasswork classwork``: the handout to fill in, what its given code gets wrong, and a report on a class."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from glasswork.cli.options import Debug


@contextmanager
def progress(task: str, total: int) -> Iterator[Callable[[], None]]:
    """Context manager: shows a progress bar on a terminal, and hands out the function that moves it one step."""
    if not sys.stdout.isatty():
        yield lambda: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(task), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("left"))
    with Progress(*columns, transient=True) as bar:
        shown = bar.add_task(task, total=total)
        yield lambda: bar.advance(shown)


classwork = typer.Typer(
    name="classwork",
    help="The handout to fill in, an audit of its given code, and a report on a whole class.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@classwork.command()
def new(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write it; created if necessary.")],
    solution: Annotated[bool, typer.Option("--solution", help="Write the solution instead, for teachers.")] = False,
    debug: Debug = False,
) -> None:
    """Write the exercise as a notebook and as a script. No file is ever overwritten."""
    from glasswork.classroom.exercise import write_classwork

    notebook, script = write_classwork(folder, solution=solution)
    print(f"{notebook}\n{script}")
    if solution:
        print("Both hold the same solution, and run from top to bottom.")
    else:
        print(f"Both hold the same exercise: fill in one of them. At any time: glasswork check {notebook}")


@classwork.command()
def audit(
    epochs: Annotated[int, typer.Option(min=1, max=50, help="Epochs of each of the trainings that are compared.")] = 3,
    debug: Debug = False,
) -> None:
    """Measure where the handout's given code departs from the mathematics, what that changes, and how to mend it."""
    from rich.console import Console

    from glasswork.classroom import audit_tables
    from glasswork.classroom.audit import VARIANTS, measure, trainings

    console = Console()
    for part in audit_tables.departures(measure()):
        console.print(part)
    with progress("training", epochs * len(VARIANTS)) as advance:
        results = list(trainings(epochs, after_epoch=advance))
    for part in audit_tables.effects(results):
        console.print(part)
