"""What several verbs have in common: their arguments, and the way to the run that is meant."""

from pathlib import Path
from typing import Annotated

import typer

Debug = Annotated[bool, typer.Option("--debug", help="Show where in the code an error came from.")]
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run, as glasswork train made it.")]
