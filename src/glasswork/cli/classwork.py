"""``glasswork classwork``: the handout to fill in, what its given code gets wrong, and a report on a class."""

from pathlib import Path
from typing import Annotated

import typer

from glasswork.cli.options import Debug

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
    from glasswork.cli.audit_view import show_audit

    show_audit(epochs)
