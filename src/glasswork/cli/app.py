"""The command as a whole: its verbs, its exit status, and how it reports errors.

0 done     1 failed     2 invalid request     130 interrupted
"""

import inspect
import io
import logging
import re
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from glasswork.cli import (
    check,
    classwork,
    committee,
    compare,
    data,
    doctor,
    evaluate,
    export,
    help_,
    history,
    import_,
    ladder,
    predict,
    recipes,
    report,
    resume,
    runs,
    serve,
    show,
    studio,
    sweep,
    train,
    watch,
)
from glasswork.cli.options import Debugging
from glasswork.cli.recipe_options import RecipeOptions
from glasswork.cli.streams import finish, outlast_readers
from glasswork.errors import GlassworkError, RecipeError
from glasswork.paths import for_shell
from glasswork.stopping import interrupt_on_signals
from glasswork.version import __version__

app = typer.Typer(
    name="glasswork",
    help="Train neural networks on MNIST in plain NumPy, and see what happens inside them.",
    epilog="Start with: glasswork train",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(name="train", cls=RecipeOptions)(train.train)
app.command(name="resume")(resume.resume)
app.command(name="report")(report.report)
app.command(name="runs")(runs.runs)
app.command(name="show", cls=RecipeOptions)(show.show)
app.command(name="evaluate")(evaluate.evaluate)
app.command(name="export")(export.export)
app.command(name="import", cls=RecipeOptions)(import_.import_)
app.command(name="predict")(predict.predict)
app.command(name="serve")(serve.serve)
app.command(name="watch")(watch.watch)
app.command(name="studio")(studio.studio)
app.command(name="recipes")(recipes.recipes)
app.command(name="help")(help_.help_)
app.command(name="check")(check.check)
app.command(name="compare")(compare.compare)
app.command(name="committee", cls=RecipeOptions)(committee.committee)
app.command(name="doctor")(doctor.doctor)
app.command(name="ladder")(ladder.ladder)
app.command(name="history")(history.history)
app.command(name="sweep", cls=RecipeOptions)(sweep.sweep)
app.add_typer(data.app, name="data")
app.add_typer(classwork.classwork)
for group in (app, data.app, classwork.classwork):
    for one in group.registered_commands:  # a paragraph of help fills the terminal, whatever its lines in the source
        one.help = re.sub(r"(?<!\n)\n(?!\n)", " ", inspect.getdoc(one.callback) or "")


@app.callback()
def _options(
    show_version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    if show_version:
        print(f"glasswork {__version__}")
        raise typer.Exit


def _explain_names_like_options(words: Sequence[str]) -> None:
    """Print how to type the name of a file or folder that was taken for an option."""
    if names := [word for word in words if word.startswith("-") and Path(word).exists()]:
        print(f"Notice: to name the file or folder {names[0]}, type {for_shell(names[0])}", file=sys.stderr)


def run() -> None:
    """Run the command that the command line asks for, and exit with its status."""
    interrupt_on_signals()
    warnings.simplefilter("ignore")  # errors say what matters; --debug shows warnings too
    logging.disable()
    outlast_readers()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # print ? where the terminal cannot show a letter
    try:
        try:
            app(prog_name="glasswork")  # exits by itself, with 2 for wrong use and 130 for Ctrl-C
        except SystemExit as end:
            if end.code == 2:
                _explain_names_like_options(sys.argv[1:])
            raise
        finally:
            finish()
    except Exception as error:
        if Debugging.on:
            raise
        if isinstance(error, GlassworkError | OSError):
            print(f"Error: {error}", file=sys.stderr)
        else:
            print(
                f"Error: {type(error).__name__}: {error}\nThis is a bug in glasswork, or a broken library: glasswork "
                "doctor finds the latter. Run the same command with --debug to see where it happens.",
                file=sys.stderr,
            )
        sys.exit(2 if isinstance(error, RecipeError) else 1)
