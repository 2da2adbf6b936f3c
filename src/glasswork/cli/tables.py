"""Tables that are never cut off, however narrow the terminal is."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

#: Wider than any table.
_WIDE = 100_000


def fits(table: "Table") -> bool:
    """Return whether the terminal is wide enough for a table."""
    from rich.console import Console

    return Console(width=_WIDE).measure(table).maximum <= Console().width


def without_frame(table: "Table", gap: int = 1) -> "Table":
    """Remove the frame of a table, leave ``gap`` spaces after each column, and return the table."""
    table.box, table.pad_edge, table.padding = None, False, (0, gap, 0, 0)
    return table


def print_table(table: "Table") -> None:
    """Print a table without cutting it off; if the terminal is too narrow, without its frame."""
    from rich.console import Console

    if not fits(table):
        without_frame(table)
    needed = Console(width=_WIDE).measure(table).maximum
    Console(width=max(Console().width, needed)).print(table, crop=False)
