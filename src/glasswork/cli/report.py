"""``glasswork report``: one page about a run, which opens anywhere."""

import sys
import webbrowser
from pathlib import Path
from typing import Annotated, Literal

import typer

from glasswork.cli.options import Debug, Force, RunArgument
from glasswork.paths import typed_path


def report(
    run: RunArgument,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FILE", help="Where to save it.", show_default="RUN/report.html", parser=typed_path
        ),
    ] = None,
    language: Annotated[Literal["en", "de"], typer.Option("--language", help="The language of the page.")] = "en",
    show: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    force: Force = False,
    debug: Debug = False,
) -> None:
    """Write the report of a run: ask the network, see what each neuron does, how it learnt and where it errs.

    The report is a single HTML file with the network inside it. It needs no server and no internet connection, and
    can be sent to a friend.

    Example: glasswork report runs/mine --open
    """
    from glasswork.models.model_file import read_model_file
    from glasswork.outputs import check_output
    from glasswork.report import gather, write_report
    from glasswork.runs.data import data_of_run
    from glasswork.runs.folder import RunFolder

    path = out or run / "report.html"
    if path.resolve() != (run / "report.html").resolve():  # not the run's own report
        check_output(path, [run], force=force)
    place = RunFolder(run)
    place.check()
    model = read_model_file(run)
    parts, notes = data_of_run(place)
    size = write_report(gather(place, model, parts, language), path)
    for note in notes:
        print(f"Notice: {note}", file=sys.stderr)
    print(f"{path}: {size / 1e6:.1f} MB")
    if show:
        webbrowser.open(path.resolve().as_uri())
