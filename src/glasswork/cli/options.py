"""What several verbs have in common: their arguments, and the way to the run that is meant."""

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from glasswork.errors import FileError


def command() -> str:
    """Return how this command is called here: ``glasswork``, or its path where the shell would not find it."""
    here = Path(sys.argv[0])
    found = shutil.which("glasswork")
    if here.name != "glasswork" or (found and Path(found).samefile(here)):
        return "glasswork"
    return str(here.relative_to(Path.cwd())) if here.is_relative_to(Path.cwd()) else str(here)


def figures_folder(run: Path) -> Path:
    """Return the folder for a run's pictures, made if it is not there yet."""
    folder = run / "figures"
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise FileError(f"{folder}: this folder cannot be made ({error.strerror}); move away what is there") from error
    return folder


Debug = Annotated[bool, typer.Option("--debug", help="Show where in the code an error came from.")]
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run, as glasswork train made it.")]
CheckpointEvery = Annotated[
    float,
    typer.Option(min=0.0, metavar="SECONDS", help="Between two checkpoints; each epoch ends with one as well."),
]
CHECKPOINT_EVERY = 5.0
Strict = Annotated[
    bool, typer.Option("--strict", help="Stop where a training goes wrong in a way that is otherwise only said.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but the test accuracy.")]
