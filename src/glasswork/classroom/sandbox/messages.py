"""What the process that asks for verdicts and the server that makes them say to each other, one line of JSON each."""

from typing import Annotated

from msgspec import Meta, Struct

from glasswork.classroom.report import PartReport


class Order(Struct):
    """A file to check."""

    cells: list[str]
    notebook: bool
    seconds: Annotated[float, Meta(gt=0)]
    sizes: dict[str, int]


class Ready(Struct):
    """The server's first line."""

    isolated: bool


class Verdicts(Struct):
    """The verdicts on one file."""

    parts: tuple[PartReport, ...]
