"""``glasswork evaluate``: how good a trained network is, class by class."""

import sys

from glasswork.cli.options import Debug, PictureFormat, RunArgument


def evaluate(run: RunArgument, picture_format: PictureFormat = "png", debug: Debug = False) -> None:
    """Test a run's network on its test images: accuracy, each class, confusion table.

    The confusion table is drawn into the run's figures as well.

    Example: glasswork evaluate runs/mine
    """
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    from glasswork.recipes.experiment import load_data
    from glasswork.runs.folder import RunFolder
    from glasswork.runs.model_file import read_model_file
    from glasswork.runs.pictures import draw

    past = RunFolder(run)
    recipe, result, read = past.recipe(), past.result(), read_model_file(run)
    model, names = read.model, read.classes
    test = load_data(recipe.data).test
    predicted = model.predict(test.images)
    classes = list(range(model.out_features))
    if result.state != "finished":
        print(f"This run is {result.state}, after {result.epochs} epochs. {result.reason}".rstrip())
    matrix = confusion_matrix(test.labels, predicted, labels=classes)
    precision, recall, f1, count = precision_recall_fscore_support(
        test.labels, predicted, labels=classes, zero_division=0
    )
    print(
        f"Test accuracy: {100 * (predicted == test.labels).mean():.2f}% "
        f"({len(test):,} images, {recipe.data.split} split)\n"
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
    problems = draw(run, {"confusion": lambda figures: figures.confusion(matrix, classes=names)}, picture_format)
    if problems:
        print(f"Notice: {problems[0]}", file=sys.stderr)
    else:
        print(f"Drawn in {run / 'figures' / f'confusion.{picture_format}'}")
