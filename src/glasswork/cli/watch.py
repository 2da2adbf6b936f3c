"""``glasswork watch``: the stage, alive, on a run while it is trained; and what ``train --watch`` does."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from glasswork.cli.options import Debug, RunArgument

if TYPE_CHECKING:
    from glasswork.runs.run import Run

Port = Annotated[int, typer.Option(min=0, max=65535, help="The port on 127.0.0.1.", show_default="any free one")]
Browser = Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser.")]
PageLanguage = Annotated[
    Literal["en", "de"] | None,
    typer.Option("--language", help="The language of the page.", show_default="the browser's"),
]

#: Seconds that pages have to learn how a run ended.
_LAST_WORDS = 1.5


def watch(
    run: RunArgument,
    port: Port = 0,
    browser: Browser = True,
    language: PageLanguage = None,
    with_parent: Annotated[bool, typer.Option("--with-parent", hidden=True)] = False,
    debug: Debug = False,
) -> None:
    """Open the stage on a run while it is trained: its network as it is now, curves, findings, the time left.

    On the page you can pause the training, go on, do a single step, slow it down, stop it, and change the learning rate
    and the dropout. Closing the page, or ending this command with Ctrl-C, does not stop it. Any run that
    glasswork train or resume is working on can be watched, at any time.

    Examples:

    glasswork watch runs/mine
    """
    from glasswork.runs.folder import RunFolder
    from glasswork.web import check_installed

    check_installed()
    RunFolder(run).check()
    from glasswork.cli.opening import open_to_user
    from glasswork.web import server
    from glasswork.web.watching import Watching

    folder = run.resolve()
    watching = Watching(folder.parent, only=folder.name, language=language)
    listening, parent = server.listen(port), os.getppid()
    url = f"{server.address_of(listening)}/#token={watching.token}"
    with open_to_user(url, f"Watch {folder.name}", browser=browser):
        server.run(watching.app, listening, until=lambda: with_parent and os.getppid() != parent)


@contextmanager
def watched(run: "Run") -> Iterator[None]:
    """Context manager: while it lasts, a server in a process of its own shows a run whose folder is there."""
    words = [sys.executable, "-m", "glasswork", "watch", "--with-parent", str(run.folder)]
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        yield
    finally:
        time.sleep(_LAST_WORDS)
        process.terminate()
        process.wait()
