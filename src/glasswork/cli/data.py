"""``glasswork data inspect``: what a source holds, before anything is trained on it."""

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from glasswork.cli.options import Debug, Force
from glasswork.paths import typed_path

if TYPE_CHECKING:
    from glasswork.data.column_facts import ColumnFacts
    from glasswork.data.inspect import Inspection

#: So many columns are printed.
_MOST_COLUMNS = 60

app = typer.Typer(help="Look at data before training on it.", no_args_is_help=True)


@app.callback()
def _data() -> None:
    """Look at data before training on it."""


@app.command()
def inspect(
    source: Annotated[
        str,
        typer.Argument(metavar="SOURCE", help="A file or folder, or mnist, digits or openml:NAME; as --data takes it."),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="PNG file for a figure of samples.", show_default="a temporary file", parser=typed_path
        ),
    ] = None,
    data_range: Annotated[
        str | None,
        typer.Option(metavar="LOW,HIGH", help="The values of black and white.", show_default="what the data show"),
    ] = None,
    colour: Annotated[Literal["grey", "rgb"], typer.Option(help="What becomes of colours; rgb keeps them.")] = "grey",
    strict: Annotated[bool, typer.Option("--strict", help="Fail if anything in it cannot be read.")] = False,
    force: Force = False,
    debug: Debug = False,
) -> None:
    """Explain what a source holds: format, sizes, classes, ranges, columns, duplicates, problems; samples of images.

    The exit status is 1 if no network can be trained on it.

    Example: glasswork data inspect letters/
    """
    from glasswork.data.inspect import inspect as look
    from glasswork.outputs import check_output

    if out is not None:
        check_output(out, [source], force=force)
    found = look(source, data_range=None if data_range is None else _range_of(data_range), colour=colour)
    figure = None if found.columns else _draw(found, out)
    if found.columns and out is not None:
        print(f"Notice: {out} was not written: rows of features have no figure of samples", file=sys.stderr)
    if as_json:
        print(json.dumps({**found.to_dict(), "picture": figure and str(figure)}, indent=2))
    else:
        _print(found, figure)
    if not found.trainable or (strict and found.dataset is not None and found.dataset.origin.skipped):
        raise typer.Exit(1)


def _range_of(text: str) -> tuple[float, float]:
    try:
        low, high = map(float, text.split(","))
    except ValueError:
        raise typer.BadParameter(
            f"expected two numbers, such as 0,16, got {text!r}", param_hint="--data-range"
        ) from None
    return low, high


def _draw(found: "Inspection", out: Path | None) -> Path | None:
    """Draw the first image of each class; return the file."""
    from glasswork import figures

    if found.dataset is None:
        return None
    data = found.dataset
    if out is None:
        with tempfile.NamedTemporaryFile(prefix="glasswork-", suffix=".png", delete=False) as file:
            out = Path(file.name)
    figures.save(figures.digits(data), out)
    return out


def _print(found: "Inspection", figure: Path | None) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from glasswork.data.kinds import noun
    from glasswork.reading import size_in_words

    if found.dataset is None:
        if found.format:
            size = f", of {size_in_words(found.shape)}" if found.shape else ""
            images = f"; {found.images:,} images{size}" if found.images else ""
            print(f"{found.format}: {found.recognised}{images}")
        print("No network can be trained on this:")
        for problem in found.problems:
            print(f"  {problem}")
        _print_left_out(found.left_out)
        return
    data = found.dataset
    parts = ", ".join(f"{count:,} {name}" for name, count in found.splits().items())
    what = f"images of {size_in_words(data.shape)} (height × width)"
    what = f"rows of {data.shape[1]} features" if data.kind == "features" else what
    print(f"{data.name}: {len(data):,} {what}, {len(data.classes)} classes")
    print(f"  format      {data.origin.format}: {data.origin.recognised}")
    undivided = "one set, which training divides into train, valid and test"
    print(f"  parts       {parts if data.origin.sizes else undivided}")
    if found.trainable:
        print(f"  inputs      {found.inputs}")
    print(f"  {data.kind:<11} {found.ranges[0]:g} to {found.ranges[1]:g}; {_missing_in_words(found.missing)}")
    print(f"  duplicates  {found.duplicates['within']:,} within a part, {found.duplicates['across']:,} across parts")
    for note in data.origin.notes:
        print(f"  note        {note}")
    console = Console()
    if found.columns:
        _print_columns(found.columns)
    table = Table("class", noun(data.kind), "share")
    table.columns[1].justify = table.columns[2].justify = "right"
    for name, count in found.counts():
        table.add_row(escape(name), f"{count:,}", f"{count / len(data):.1%}")
    console.print(table)
    skipped = len(data.origin.skipped)
    if found.problems:
        print(
            f"{len(found.problems):,} problem{'s' * (len(found.problems) > 1)}"
            + (f", {skipped:,} of them items that were left out:" if skipped else ":")
        )
        for problem in found.problems[:20]:
            print(f"  {problem}")
        if len(found.problems) > 20:
            print(f"  ... and {len(found.problems) - 20:,} more")
    _print_left_out(found.left_out)
    if figure is not None:
        print(f"Figure of samples saved to {figure}")


def _missing_in_words(count: int) -> str:
    """Return how many values are missing, and what training wants to be told about them."""
    if count == 0:
        return "no value is missing"
    are = "1 value is" if count == 1 else f"{count:,} values are"
    return f"{are} missing: fill in, or train with --set data.missing=median, which takes the median of the column"


def _print_columns(columns: "tuple[ColumnFacts, ...]") -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("column", "values", "least", "mean", "greatest", "missing")
    for cell in table.columns[2:]:
        cell.justify = "right"
    for column in columns[:_MOST_COLUMNS]:
        numbers = ("" if number is None else f"{number:.5g}" for number in (column.low, column.mean, column.high))
        table.add_row(escape(column.name), column.kind, *numbers, f"{column.missing:,}" if column.missing else "")
    Console().print(table)
    if len(columns) > _MOST_COLUMNS:
        print(f"... and {len(columns) - _MOST_COLUMNS:,} more columns; --json describes them all")


def _print_left_out(left_out: tuple[str, ...]) -> None:
    if left_out:
        print("Not used:")
        for text in left_out[:20]:
            print(f"  {text}")
        if len(left_out) > 20:
            print(f"  ... and {len(left_out) - 20:,} more")
