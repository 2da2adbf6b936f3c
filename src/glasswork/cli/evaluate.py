"""``glasswork evaluate``: how good a trained network is, class by class."""

from typing import Annotated

import typer

from glasswork.cli.options import Debug, RunArgument


def evaluate(
    run: RunArgument,
    data: Annotated[
        str | None,
        typer.Option(metavar="SOURCE", help="Images with labels to test on.", show_default="the run's test images"),
    ] = None,
    debug: Debug = False,
) -> None:
    """Test a run's network on its test images, or on other data: accuracy, each class, confusion table.

    The confusion table is drawn into the run's figures as well.

    Examples:

    glasswork evaluate runs/mine

    glasswork evaluate runs/mine --data photographs/
    """
    import numpy as np
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    from glasswork import figures
    from glasswork.data.dataset import Dataset
    from glasswork.data.mapped import in_blocks
    from glasswork.data.split import Part
    from glasswork.recipes.experiment import load_data
    from glasswork.runs.answers import load_like
    from glasswork.runs.folder import RunFolder
    from glasswork.runs.model_file import read_model_file
    from glasswork.runs.pictures import figures_folder

    past = RunFolder(run)
    recipe, result, read = past.recipe(), past.result(), read_model_file(run)
    model, names = read.model, read.classes
    if data is None:
        test: Part | Dataset = load_data(recipe.data, past.kept_data()).test
    else:
        test = load_like(data, read)
    predicted = np.concatenate([model.predict(block) for block in in_blocks(test.images)])
    classes = list(range(model.out_features))
    if result.state != "finished":
        print(f"This run is {result.state}, after {result.epochs} epochs. {result.reason}".rstrip())
    matrix = confusion_matrix(test.labels, predicted, labels=classes)
    precision, recall, f1, count = precision_recall_fscore_support(
        test.labels, predicted, labels=classes, zero_division=0
    )
    print(
        f"Test accuracy: {100 * (predicted == test.labels).mean():.2f}% "
        f"({len(test):,} images, {f'{recipe.data.split} split' if data is None else data})\n"
    )
    console = Console()
    table = Table("class", "images", "recall", "precision", "F1", title="Class by class", title_justify="left")
    for column in table.columns:
        column.justify = "right"
    for k in classes:
        table.add_row(escape(names[k]), f"{count[k]:,}", *(f"{100 * part[k]:.2f}%" for part in (recall, precision, f1)))
    console.print(table)
    confusions = Table("", *map(escape, names), title="True class (row), predicted (column)", title_justify="left")
    for column in confusions.columns:
        column.justify = "right"
    for k in classes:
        cells = (f"[bold]{n}[/bold]" if k == j else "·" if n == 0 else str(n) for j, n in enumerate(matrix[k]))
        confusions.add_row(escape(names[k]), *cells)
    console.print(confusions)
    folder = figures_folder(run)
    figures.save(figures.confusion(matrix, classes=names), folder / "confusion.png")
    print(f"Drawn in {folder / 'confusion.png'}")
