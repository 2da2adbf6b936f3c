"""``glasswork report``: a run as one page that opens anywhere."""

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from glasswork.cli.options import Debug, RunArgument


def report(
    run: RunArgument,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="The page.", show_default="RUN/report.html")
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    debug: Debug = False,
) -> None:
    """Write a run as one page: draw a digit, see what each neuron does with it, how it learnt and where it errs.

    The page is a single file with the network inside it. It needs no server and no network, and can be sent to a
    friend.

    Example: glasswork report runs/mine --open
    """
    from glasswork.report import gather_folder, write_report

    path = out or run / "report.html"
    size = write_report(gather_folder(run), path)
    print(f"{path}: {size / 1e6:.1f} MB")
    if show:
        webbrowser.open(path.resolve().as_uri())
