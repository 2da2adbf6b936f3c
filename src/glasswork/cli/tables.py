"""Tables that lose no digit, however narrow the terminal is."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

#: Wider than any table.
_WIDE = 100_000


def fits(table: "Table") -> bool:
    """Return whether the terminal is wide enough for a table as it is."""
    from rich.console import Console

    return Console(width=_WIDE).measure(table).maximum <= Console().width


def without_frame(table: "Table", gap: int = 1) -> "Table":
    """Return a table without its frame, with that many columns of space behind each of its own."""
    table.box, table.pad_edge, table.padding = None, False, (0, gap, 0, 0)
    return table


def print_table(table: "Table") -> None:
    """Print a table: without its frame where the terminal is too narrow, and never cut."""
    from rich.console import Console

    if not fits(table):
        without_frame(table)
    needed = Console(width=_WIDE).measure(table).maximum
    Console(width=max(Console().width, needed)).print(table, crop=False)
