"""``glasswork evaluate``: how good a trained network is, class by class."""

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from glasswork.cli.options import Debug, FigureFormat, RunArgument
from glasswork.cli.tables import fits, print_table, without_frame

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glasswork.data.dataset import Dataset
    from glasswork.data.split import Part

#: Number of confusions that are listed if the terminal is too narrow for the table.
_LISTED = 20


def evaluate(
    run: RunArgument,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="SOURCE", help="Images or rows with labels to test on.", show_default="the run's test data"
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            min=0, max=1, help="For two classes: the least probability for answering the second.", show_default="0.5"
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs, and draw nothing.")] = False,
    figure_format: FigureFormat = "png",
    debug: Debug = False,
) -> None:
    """Test a run's network on its test images, or on other data: accuracy, each class, confusion table.

    The confusion table is also saved as one of the run's figures.

    Examples:

    glasswork evaluate runs/mine

    glasswork evaluate runs/mine --data photographs/ --json
    """
    import numpy as np

    from glasswork.cli.evaluate_json import above_threshold, measured
    from glasswork.cli.networks import read_for_data
    from glasswork.data.kinds import noun
    from glasswork.data.mapped import in_blocks
    from glasswork.models.committee import Committee
    from glasswork.models.labelled import load_like
    from glasswork.runs.committee import Standing
    from glasswork.runs.data import data_of_run
    from glasswork.runs.figures import draw
    from glasswork.runs.folder import RunFolder
    from glasswork.statistics import accuracy_in_words
    from glasswork.training.measures import confusion

    past = RunFolder(run)
    result = past.result()
    read = read_for_data(run)
    if threshold is not None and len(read.classes) != 2:
        raise typer.BadParameter(
            f"expected a network of two classes, got {len(read.classes)}", param_hint="--threshold"
        )
    test: Part | Dataset
    if data is None:
        parts, notes = data_of_run(past)
        test, where = parts.test, parts.division
        for note in notes:
            print(f"Notice: {note}", file=sys.stderr)
    else:
        test, where = load_like(data, read), data
    probabilities = np.concatenate([read.probabilities(block) for block in in_blocks(test.images)])
    predicted = probabilities.argmax(axis=1) if threshold is None else above_threshold(probabilities, threshold)
    standing = Standing.of(read, test) if isinstance(read.model, Committee) else None
    if as_json:
        found = measured(test.labels, predicted, probabilities, read.classes, threshold)
        members = standing.as_data() if standing else {}
        print(json.dumps({"run": str(run), "state": result.state, "data": where, **found, **members}, indent=2))
        return
    if result.state != "finished":
        print(f"This run is {result.state}, after {result.epochs} epochs. {result.reason}".rstrip())
    things = noun(read.like.kind)
    accuracy = 100 * float((predicted == test.labels).mean())
    print(f"Test accuracy: {accuracy_in_words(accuracy, len(test), things, where)}")
    if standing:
        print("\n".join(standing.in_words()))
    print()
    matrix = confusion(test.labels, predicted, len(read.classes))
    _print_classes(matrix, read.classes, things)
    _print_confusions(matrix, read.classes)
    name = "confusion" if data is None else f"confusion-{_file_name(data)}"  # keeps the test images' figure
    problems = draw(run, {name: lambda figures: figures.confusion(matrix, classes=read.classes)}, figure_format)
    if problems:
        print(f"Notice: {problems[0]}", file=sys.stderr)
    else:
        print(f"Figure saved to {run / 'figures' / f'{name}.{figure_format}'}")


def _file_name(source: str) -> str:
    """Return the name of a source in a form that fits into a file name."""
    return re.sub(r"[^\w.-]+", "-", Path(source).name or source).strip(".-") or "data"


def _print_classes(matrix: "NDArray[Any]", names: Sequence[str], things: str) -> None:
    """Print recall, precision and F1 of each class."""
    from rich.markup import escape
    from rich.table import Table

    from glasswork.training.measures import f1_of_classes, precisions, recalls

    count = matrix.sum(axis=1)
    each = (recalls(matrix), precisions(matrix), f1_of_classes(matrix))
    table = Table("class", things, "recall", "precision", "F1", title="Class by class", title_justify="left")
    for column in table.columns:
        column.justify, column.no_wrap = "right", True
    for k, name in enumerate(names):
        shares = [f"{100 * part[k]:.2f}%" if count[k] else "–" for part in each]
        table.add_row(escape(name), f"{count[k]:,}", *shares)
    print_table(table)


def _print_confusions(matrix: "NDArray[Any]", names: Sequence[str]) -> None:
    """Print the confusion table, or only the most frequent confusions if the terminal is too narrow."""
    from rich.markup import escape
    from rich.table import Table

    table = Table("", *map(escape, names), title="True class (row), predicted (column)", title_justify="left")
    for column in table.columns:
        column.justify, column.no_wrap = "right", True
    for k, name in enumerate(names):
        cells = (f"[bold]{n}[/bold]" if k == j else "·" if n == 0 else str(n) for j, n in enumerate(matrix[k]))
        table.add_row(escape(name), *cells)
    if fits(table) or fits(without_frame(table)):
        print_table(table)
        return
    pairs = [(int(matrix[k, j]), k, j) for k in range(len(names)) for j in range(len(names)) if k != j and matrix[k, j]]
    print("Most frequent confusions" if len(pairs) > _LISTED else "Confusions")
    for n, k, j in sorted(pairs, key=lambda pair: -pair[0])[:_LISTED]:
        print(f"{n:>5,} × {names[k]} taken for {names[j]}")
