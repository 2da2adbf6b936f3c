"""The audit as tables for a terminal of 80 columns."""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from glasswork.classroom.audit.measure import AMBIGUOUS, DEPARTURES, Departure, Ratio, Training


def departures(ratios: Sequence[Ratio]) -> Iterator[RenderableType]:
    """Yield the three places and the ambiguous formula, then the measured ratios."""
    yield "[bold]Three places of the handout's given code depart from the mathematics[/]\n"
    for number, departure in enumerate(DEPARTURES, 1):
        yield from _place(f"{number}. {departure.part}", departure, "given", "mended")
    yield from _place(f"And one formula has two readings: {AMBIGUOUS.part}", AMBIGUOUS, "1/all", "1/N")
    yield "[bold]Measured[/] on this code, with batches of 100: returned value / true value\n"
    table = _table("code", "gradient of", "ratio", "reading")
    table.columns[2].justify = "right"
    last = None
    for ratio in ratios:
        style = "green" if ratio.is_right else "red"
        if last not in (None, ratio.code):
            table.add_section()
        code = "" if ratio.code == last else ratio.code
        table.add_row(code, ratio.quantity, f"{ratio.value:.4g}", f"[{style}]{ratio.reading}[/]")
        last = ratio.code
    yield table
    yield "The true gradients are central differences of the loss, in float64.\n"


def effects(trainings: Sequence[Training]) -> Iterator[RenderableType]:
    """Yield the trainings, one a row."""
    epochs = len(trainings[0].losses)
    yield f"[bold]The effect on training[/]: MNIST, 784-50-10, {epochs} epochs, one seed\n"
    shown = sorted({0, epochs // 2, epochs - 1})
    table = _table("code", "printed MSE", *(f"epoch {epoch + 1}" for epoch in shown))
    for column in table.columns[1:]:
        column.justify = "right"
    for training in trainings:
        accuracies = (f"{training.accuracies[epoch]:.2f}%" for epoch in shown)
        table.add_row(training.code, f"{training.losses[-1]:.4f}", *accuracies)
    yield table
    yield "The columns of epochs show the accuracy on the validation set; the printed MSE is that of the last epoch."


def _place(title: str, departure: Departure, given: str, mended: str) -> Iterator[RenderableType]:
    yield f"[bold]{title}[/]"
    yield Padding(departure.what, (0, 3))
    yield Padding(
        f"[red]{given:<7}[/] {escape(departure.given)}\n[green]{mended:<7}[/] {escape(departure.mended)}\n", (0, 3)
    )


def _table(*columns: str) -> Table:
    return Table(*columns, box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
