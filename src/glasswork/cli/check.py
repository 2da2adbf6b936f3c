"""``glasswork check``: which parts of a solution are done, open or wrong, with hints for the mistakes."""

import json
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glasswork.paths import typed_path

if TYPE_CHECKING:
    from glasswork.classroom import Checker, CheckReport


def check(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The notebook (.ipynb) or script (.py) to check.", parser=typed_path)
    ],
    hint: Annotated[int, typer.Option(min=1, max=3, help="How much to give away: 1, 2 or 3 hints per mistake.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Check again each time the file is saved, until Ctrl-C.")
    ] = False,
    train: Annotated[
        bool, typer.Option("--train", help="If nothing is wrong, train the file's own classes and draw both curves.")
    ] = False,
    epochs: Annotated[int, typer.Option(min=1, max=100, help="Epochs of --train.")] = 5,
    sizes: Annotated[
        str | None,
        typer.Option(metavar="A/B/C", help="Images for training, validation and test; by default as the file states."),
    ] = None,
    time_limit: Annotated[
        float, typer.Option(min=1.0, metavar="SECONDS", help="Time limit for running the file.")
    ] = 20.0,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Check a solution of the handout, at any stage, and name the mistakes in it.

    Exit status: 0 if all required parts are done and the file runs from top to bottom, 1 if something is wrong, 2 if
    the file cannot be checked, 3 if it is not finished: a part is open, not found or could not be judged.

    Example: glasswork check classwork.ipynb --hint 2
    """
    from glasswork.classroom import Checker
    from glasswork.classroom.exercise.sizes import read_sizes
    from glasswork.classroom.sandbox.isolation import NOTICE
    from glasswork.errors import GlassworkError

    try:
        with Checker(time_limit=time_limit, sizes=read_sizes(sizes) if sizes else None) as checker:
            if not checker.is_isolated:
                typer.echo(NOTICE, err=True)
            report = checker.check(file, hint=hint)
            _print(report, as_json)
            if watch:
                _watch(checker, file, hint, as_json)
    except (GlassworkError, OSError) as error:
        if debug:
            raise
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(2) from error
    if train and not report.wrong:
        from glasswork.classroom.sandbox.training import train_file

        figure = train_file(file, epochs=epochs, tell=typer.echo)
        typer.echo(f"Figure saved to {figure}")
    raise typer.Exit(1 if report.wrong else 0 if report.finished else 3)


def _print(report: "CheckReport", as_json: bool) -> None:
    if as_json:
        print(_json(report))
        return
    from rich.console import Console

    from glasswork.classroom.report import to_console

    to_console(report, Console(soft_wrap=False, highlight=False))


def _json(report: "CheckReport") -> str:
    """Return a report as JSON in which every character can be printed."""
    text = json.dumps(report.to_dict(), ensure_ascii=False, indent=2)
    return re.sub(r"[^\n -~]", lambda c: c[0] if c[0].isprintable() else json.dumps(c[0])[1:-1], text)


def _watch(checker: "Checker", file: Path, hint: int, as_json: bool) -> None:
    """Check again whenever the file is saved."""
    before = _saved(file)
    print(f"\nWatching {file}; press Ctrl-C to stop.", flush=True)
    while True:
        time.sleep(0.3)
        now = _saved(file)
        if now == before or now is None:
            continue
        time.sleep(0.1)  # an editor may still be writing
        before = _saved(file)
        print(flush=True)
        _print(checker.check(file, hint=hint), as_json)


def _saved(file: Path) -> tuple[int, int] | None:
    try:
        stat = file.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size
