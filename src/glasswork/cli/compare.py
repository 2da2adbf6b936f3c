"""``glasswork compare``: several runs over each other."""

from pathlib import Path
from typing import Annotated

import typer

from glasswork.cli.options import Debug


def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN RUN...", help="Folders of runs, two to eight.")],
    out: Annotated[Path, typer.Option(help="Where the picture goes; a file there is replaced.")] = Path("compare.png"),
    debug: Debug = False,
) -> None:
    """Compare runs: a table of their results, and a picture of their curves.

    Examples:

    glasswork train cross-entropy --out runs/sigmoid

    glasswork train relu --out runs/relu

    glasswork compare runs/sigmoid runs/relu
    """
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from glasswork import figures
    from glasswork.nn.losses import LOSSES
    from glasswork.runs.folder import RunFolder

    if not 2 <= len(runs) <= 8:
        raise typer.BadParameter(f"expected two to eight runs, got {len(runs)}", param_hint="RUN")
    if len({folder.resolve() for folder in runs}) < len(runs):
        raise typer.BadParameter("expected each run once", param_hint="RUN")
    if out.suffix.lower() != ".png":
        raise typer.BadParameter(f"expected a name that ends in .png, got {out.name!r}", param_hint="--out")
    past = [RunFolder(folder) for folder in runs]
    names = _names(runs)
    columns = ("run", "split", "parameters", "epochs", "valid", "test", "seconds")
    title = "Best validation accuracy, test accuracy, and what it took"
    table = Table(*columns, title=title, title_justify="left", box=box.SIMPLE)
    table.columns[0].overflow = "fold"
    for column in table.columns[1:]:
        column.no_wrap = True
    for column in table.columns[2:]:
        column.justify = "right"
    curves = []
    for name, run in zip(names, past, strict=True):
        history, result = run.history(), run.result()
        if not history:
            raise typer.BadParameter(f"{run.path} has no epoch to show yet", param_hint="RUN")
        test = "-" if result.test_accuracy is None else f"{result.test_accuracy:.2f}%"
        best = max(epoch.valid_accuracy for epoch in history)
        table.add_row(
            escape(name), escape(result.split), f"{result.parameters:,}", str(len(history)), f"{best:.2f}%", test,
            f"{sum(epoch.seconds for epoch in history):.1f}",
        )  # fmt: skip
        curves.append(
            figures.Curve(
                name=name,
                epochs=[epoch.epoch for epoch in history],
                train_loss=[epoch.train_loss for epoch in history],
                valid_loss=[epoch.valid_loss for epoch in history],
                valid_accuracy=[epoch.valid_accuracy for epoch in history],
            )
        )
    Console().print(table)
    losses = [run.recipe().loss for run in past]
    label = LOSSES[losses[0].name].label
    figures.save(figures.compare(curves, same_loss=len(set(losses)) == 1, loss_name=label), out)
    print(f"Drawn in {out}")


def _names(runs: list[Path]) -> list[str]:
    """Return the folders' own names, or their whole paths where two would have one name."""
    short = [folder.resolve().name for folder in runs]
    return short if len(set(short)) == len(short) else [str(folder) for folder in runs]
