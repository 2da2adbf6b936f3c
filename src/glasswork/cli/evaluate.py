"""``glasswork evaluate``: how good a trained network is, digit by digit."""

from glasswork.cli.options import Debug, RunFolder, figures_folder


def evaluate(run: RunFolder, debug: Debug = False) -> None:
    """Test a run's network on its test images: accuracy, each digit, which is taken for which.

    The table of confusions is drawn into the run's figures as well.

    Example: glasswork evaluate runs/mine
    """
    from rich.console import Console
    from rich.table import Table
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    from glasswork import figures
    from glasswork.recipes.experiment import load_data
    from glasswork.runs.reading import PastRun

    past = PastRun(run)
    recipe, model = past.recipe, past.model
    test = load_data(recipe.data).test
    predicted = model.predict(test.images)
    classes = list(range(model.out_features))
    if past.result.state != "finished":
        print(f"This run is {past.result.state}, after {past.result.epochs} epochs. {past.result.reason}".rstrip())
    matrix = confusion_matrix(test.labels, predicted, labels=classes)
    precision, recall, f1, count = precision_recall_fscore_support(
        test.labels, predicted, labels=classes, zero_division=0
    )
    print(
        f"Test accuracy: {100 * (predicted == test.labels).mean():.2f}% "
        f"({len(test):,} images, {recipe.data.split} split)\n"
    )
    console = Console()
    digits = Table("digit", "images", "recall", "precision", "F1", title="Digit by digit", title_justify="left")
    for column in digits.columns:
        column.justify = "right"
    for k in classes:
        digits.add_row(str(k), f"{count[k]:,}", *(f"{100 * part[k]:.2f}%" for part in (recall, precision, f1)))
    console.print(digits)
    confusions = Table("", *map(str, classes), title="True digit (row), taken for (column)", title_justify="left")
    for column in confusions.columns:
        column.justify = "right"
    for k in classes:
        cells = (f"[bold]{n}[/bold]" if k == j else "·" if n == 0 else str(n) for j, n in enumerate(matrix[k]))
        confusions.add_row(str(k), *cells)
    console.print(confusions)
    folder = figures_folder(run)
    figures.save(figures.confusion(matrix), folder / "confusion.png")
    print(f"Drawn in {folder / 'confusion.png'}")
