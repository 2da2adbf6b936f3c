"""``glasswork studio``: all runs in a browser: start, watch, compare, open reports."""

from pathlib import Path
from typing import Annotated

import typer

from glasswork.cli.options import Debug
from glasswork.cli.watch import Browser, PageLanguage, Port
from glasswork.paths import typed_path


def studio(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where the runs are, and where new ones go.", parser=typed_path)
    ] = Path("runs"),
    port: Port = 0,
    browser: Browser = True,
    language: PageLanguage = None,
    debug: Debug = False,
) -> None:
    """Open a page that lists all runs: start recipes, watch trainings, compare runs, open reports.

    A run that is started there is the same as one of glasswork train, and continues when this command ends.

    Examples:

    glasswork studio
    """
    from glasswork.web import check_installed

    check_installed()
    from glasswork.cli.opening import open_to_user
    from glasswork.web import server
    from glasswork.web.watching import Watching

    watching = Watching(folder.absolute(), language=language)
    listening = server.listen(port)
    url = f"{server.address_of(listening)}/#token={watching.token}"
    with open_to_user(url, f"The studio of {folder}", browser=browser):
        server.run(watching.app, listening)
