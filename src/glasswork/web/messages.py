"""What a page says to its server: every message is one of these, or it is refused."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct


class Hello(Struct, frozen=True, tag="hello", tag_field="kind", forbid_unknown_fields=True):
    """The first message of a page.

    Attributes
    ----------
    token : str
        From the fragment of its address.
    run : str
        The name of the run to watch; empty for the list of runs.
    after, epochs : int
        The number of the last look that the page has, and how many epochs: it is sent what came later.
    """

    token: Annotated[str, Meta(max_length=100)]
    run: Annotated[str, Meta(max_length=300)] = ""
    after: Annotated[int, Meta(ge=-1)] = -1
    epochs: Annotated[int, Meta(ge=0)] = 0


#: The settings that a page may change when it starts a run, and their names on the command line.
Setting: TypeAlias = Literal["epochs", "hidden", "lr", "seed", "data"]


class Start(Struct, frozen=True, tag="start", tag_field="kind", forbid_unknown_fields=True):
    """Train a recipe of the shelf, with some settings changed."""

    recipe: Annotated[str, Meta(max_length=80)]
    settings: dict[Setting, Annotated[str, Meta(max_length=200)]] = {}


class Compare(Struct, frozen=True, tag="compare", tag_field="kind", forbid_unknown_fields=True):
    """Compare two runs."""

    runs: Annotated[list[Annotated[str, Meta(max_length=300)]], Meta(min_length=2, max_length=2)]


class Report(Struct, frozen=True, tag="report", tag_field="kind", forbid_unknown_fields=True):
    """Open the report of a run."""

    run: Annotated[str, Meta(max_length=300)]
