"""What several verbs have in common: their arguments, and the way to the run that is meant."""

import logging
import shutil
import sys
import warnings
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import typer

from glasswork.paths import typed_path


def command() -> str:
    """Return how this command is called here: ``glasswork``, or its path where the shell would not find it."""
    here = Path(sys.argv[0])
    found = shutil.which("glasswork")
    if here.name != "glasswork" or (found and Path(found).samefile(here)):
        return "glasswork"
    return str(here.relative_to(Path.cwd())) if here.is_relative_to(Path.cwd()) else str(here)


def run_path(text: str) -> Path:
    """Return the folder of a run: the path as typed, or the name of a run in ``runs``, as glasswork runs prints it."""
    path = typed_path(text)
    named = Path("runs") / path
    return named if not path.exists() and (named / "recipe.toml").is_file() else path


class Debugging:
    """Whether the command shows tracebacks: what ``--debug``, wherever it stands, switches on."""

    on = False


def _switch_debugging_on(asked: bool) -> bool:
    if asked:
        Debugging.on = True
        warnings.resetwarnings()
        logging.disable(logging.NOTSET)
    return asked


Debug = Annotated[
    bool,
    typer.Option("--debug", help="Show the traceback of an error.", callback=_switch_debugging_on, is_eager=True),
]
RunArgument = Annotated[
    Path, typer.Argument(metavar="RUN", help="The folder of a run, or its name as in glasswork runs.", parser=run_path)
]
CheckpointEvery = Annotated[
    float,
    typer.Option(min=0.0, metavar="SECONDS", help="Between two checkpoints; each epoch ends with one as well."),
]
CHECKPOINT_EVERY = 5.0
EngineOption = Annotated[
    Literal["auto", "numpy", "compiled"] | None,
    typer.Option("--engine", help="What does the steps; the last digits differ.", show_default="the run's"),
]
Strict = Annotated[bool, typer.Option("--strict", help="Stop at the first warning that the training goes wrong.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only the test accuracy.")]
Force = Annotated[
    bool, typer.Option("--force", help="Replace a file that glasswork did not write; never one that is read.")
]
Format: TypeAlias = Literal["png", "svg", "pdf"]
PictureFormat = Annotated[Format, typer.Option("--format", help="Of pictures.")]
WithFigures = Annotated[bool, typer.Option("--figures/--no-figures", help="Draw the run's pictures into figures/.")]
WithReport = Annotated[
    bool, typer.Option("--report/--no-report", help="Write the run as one page that opens anywhere, report.html.")
]
