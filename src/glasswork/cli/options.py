"""What several verbs share: options, and how the name of a run becomes its folder."""

import logging
import shutil
import sys
import warnings
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import typer

from glasswork.paths import typed_path


def command() -> str:
    """Return what to type to call this command: ``glasswork``, or its path if the shell would not find it."""
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


run_path.__name__ = "path"  # what --help shows as the type


class Debugging:
    """Whether the command shows tracebacks. ``--debug`` switches it on, wherever it is on the command line."""

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
NetworkArgument = Annotated[
    Path,
    typer.Argument(
        metavar="RUN",
        help="The folder of a run, its name as in glasswork runs, a model file, or record: the network that comes "
        "with glasswork.",
        parser=run_path,
    ),
]
CheckpointEvery = Annotated[
    float,
    typer.Option(min=0.0, metavar="SECONDS", help="Time between two checkpoints; each epoch also ends with one."),
]
CHECKPOINT_EVERY = 5.0
EngineOption = Annotated[
    Literal["auto", "numpy", "compiled"] | None,
    typer.Option(
        "--engine", help="What computes the steps; the last digits of results differ.", show_default="the run's"
    ),
]
Strict = Annotated[bool, typer.Option("--strict", help="Stop at the first sign that the training is going wrong.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only the test accuracy.")]
Force = Annotated[
    bool, typer.Option("--force", help="Replace a file even if glasswork did not write it; never one that is read.")
]
Format: TypeAlias = Literal["png", "svg", "pdf"]
FigureFormat = Annotated[Format, typer.Option("--format", help="Format of the figures.")]


def _known_logs(kinds: list[str] | None) -> list[str]:
    if kinds:
        from glasswork.interop.log import LOGS

        for kind in kinds:
            if kind not in LOGS:
                *others, last = LOGS
                raise typer.BadParameter(f"expected {', '.join(others)} or {last}, got {kind!r}")
    return kinds or []


Watch = Annotated[bool, typer.Option("--watch", help="Open the stage in a browser while it is trained.")]
LogOption = Annotated[
    list[str] | None,
    typer.Option(
        "--log", metavar="KIND", help="Log each epoch to another program as well, such as tensorboard (repeatable).",
        show_default="history.csv alone", callback=_known_logs,
    ),
]  # fmt: skip
Jobs = Annotated[
    int | None,
    typer.Option(min=1, help="Runs trained at the same time on this machine.", show_default="one per granted core"),
]
OnCluster = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="ADDRESS",
        help="Train on a Dask cluster: tcp://HOST:PORT, or slurm and others: docs/lookup/many-runs.md.",
        show_default="this machine",
    ),
]
WithFigures = Annotated[bool, typer.Option("--figures/--no-figures", help="Draw the run's figures into figures/.")]
WithReport = Annotated[
    bool, typer.Option("--report/--no-report", help="Write report.html, a page about the run that opens anywhere.")
]
