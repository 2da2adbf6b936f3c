"""``glasswork compare``: several runs side by side, and what differs between them."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from glasswork.cli.options import Debug, Force, Format, run_path
from glasswork.errors import InputError
from glasswork.paths import typed_path

if TYPE_CHECKING:
    from rich.table import Table

    from glasswork.runs.folder import RunFolder


#: Characters of a run's name that are shown on one line in any case.
_NAME = 16


def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN RUN...", help="Two to eight runs: folders, or names as in glasswork runs.", parser=run_path
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="The figure: .png, .svg or .pdf.",
            show_default="compare.png",
            parser=typed_path,
        ),
    ] = None,
    figure_format: Annotated[
        Format | None,
        typer.Option("--format", help="Format of the figure.", show_default="as --out ends, or png"),
    ] = None,
    force: Force = False,
    debug: Debug = False,
) -> None:
    """Compare runs: what differs between them, a table of their results, and a figure of their curves.

    On the same test images, McNemar's test tells whether one network is better than another.

    Examples:

    glasswork train cross-entropy --out runs/sigmoid

    glasswork train relu --out runs/relu

    glasswork compare sigmoid relu
    """
    from rich.console import Console

    from glasswork.nn.losses import LOSSES
    from glasswork.outputs import check_output
    from glasswork.recipes.differences import differences, in_words
    from glasswork.runs.folder import RunFolder
    from glasswork.runs.paired import differences_in_words

    if not 2 <= len(runs) <= 8:
        raise typer.BadParameter(f"expected two to eight runs, got {len(runs)}", param_hint="RUN")
    if len({folder.resolve() for folder in runs}) < len(runs):
        raise typer.BadParameter("expected each run once", param_hint="RUN")
    path = _figure_path(out, figure_format)
    check_output(path, runs, force=force)
    past = dict(zip(names_of(runs), map(RunFolder, runs), strict=True))
    recipes = {name: run.recipe() for name, run in past.items()}
    differing = dict(zip(recipes, differences(list(recipes.values())), strict=True))
    Console().print(_results(past))
    print("\n".join(differences_in_words(past)) + "\n")
    print(_in_words(differing) + _other_data(past))
    from glasswork import figures  # last, so that an error here does not hide the table

    figure = figures.compare(
        {name: run.history() for name, run in past.items()},
        notes={name: in_words(keys) for name, keys in differing.items()},
        losses={name: LOSSES[recipe.loss.name].label for name, recipe in recipes.items()},
        validated={run.result().validated for run in past.values()},
    )
    figures.save(figure, path)
    print(f"Figure saved to {path}")


def _figure_path(out: Path | None, figure_format: str | None) -> Path:
    """Return the path of the figure."""
    if out is None:
        return Path(f"compare.{figure_format or 'png'}")
    ending = out.suffix.lower().removeprefix(".")
    if ending not in get_args(Format) or figure_format not in (None, ending):
        expected = [figure_format] if figure_format else get_args(Format)
        endings = " or ".join(f".{name}" for name in expected)
        raise typer.BadParameter(f"expected a name that ends in {endings}, got {out.name!r}", param_hint="--out")
    return out


def _results(runs: "Mapping[str, RunFolder]") -> "Table":
    """Return a table with a row for each run."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    columns = ("run", "split", "parameters", "epochs", "best valid", "test", "seconds")
    table = Table(*columns, box=box.SIMPLE)
    table.columns[0].overflow = "fold"
    table.columns[0].min_width = min(max(map(len, runs)), _NAME)
    for column in table.columns[2:]:
        column.justify, column.no_wrap = "right", True
    for name, run in runs.items():
        history, result = run.history(), run.result()
        if result.members:
            raise InputError(f"{run.path}: a committee has no curves; glasswork evaluate compares it with its members")
        if not history:
            raise typer.BadParameter(f"{run.path}: expected at least one finished epoch, got none", param_hint="RUN")
        test = "-" if result.test_accuracy is None else f"{result.test_accuracy:.2f}%"
        best = max(epoch.valid_accuracy for epoch in history)
        table.add_row(
            escape(name), escape(result.split), f"{result.parameters:,}", str(len(history)), f"{best:.2f}%", test,
            f"{sum(epoch.seconds for epoch in history):.1f}",
        )  # fmt: skip
    return table


def _in_words(differing: Mapping[str, dict[str, Any]]) -> str:
    """Return what differs between the runs: for each key one line with its values, and which runs have each."""
    from glasswork.recipes.differences import show_value

    keys = dict.fromkeys(key for settings in differing.values() for key in settings)
    if not keys:
        return "Their recipes do not differ.\n"
    lines = []
    for key in keys:
        having: dict[str, list[str]] = {}
        for name, settings in differing.items():
            if key in settings:
                having.setdefault(show_value(settings[key]), []).append(name)
        values = "; ".join(f"{value} ({', '.join(names)})" for value, names in having.items())
        lines.append(f"  {key:<{max(map(len, keys))}}  {values}")
    return "\n".join(["What differs between them:", *lines, ""])


def _other_data(runs: "Mapping[str, RunFolder]") -> str:
    """Return a warning if the same source held different data for different runs; otherwise ""."""
    held: dict[str, dict[str, list[str]]] = {}
    for name, run in runs.items():
        if (data := run.result().data) is not None and data.sha256:
            what = f"{data.images:,} images, SHA-256 {data.sha256[:12]}…"
            held.setdefault(run.recipe().data.source, {}).setdefault(what, []).append(name)
    lines = [
        f"  {source}: " + "; ".join(f"{what} ({', '.join(names)})" for what, names in contents.items())
        for source, contents in held.items()
        if len(contents) > 1
    ]
    return "\n".join(["Their data differ, although the source is the same:", *lines, "", ""]) if lines else ""


def names_of(runs: list[Path]) -> list[str]:
    """Return the names of the folders, or their whole paths if two folders have the same name."""
    short = [folder.resolve().name for folder in runs]
    return short if len(set(short)) == len(short) else [str(folder) for folder in runs]
