"""The catalogue of mistakes: data, one entry each, in the TOML files beside this one.

An entry says to which part it belongs, how a right solution is changed to make the mistake, what the mistake does in
words, and three hints. A mistake is recognised by running its variants through the same probe as the student's code
and comparing the results; its tests are made from the entry. A teacher adds a mistake by adding an entry.
"""

import functools
import tomllib
from dataclasses import dataclass
from importlib import resources

from glasswork.classroom.handout import PARTS


@dataclass(frozen=True)
class Mistake:
    """One entry of the catalogue.

    Attributes
    ----------
    id : str
    part : str
        The part that is wrong; ``*`` for a mistake that can be in any part and is recognised by a rule.
    does : str
        What the mistake does.
    hints : three str
        Where to look; which property is violated; which step to take.
    variants : tuple of tuples of str
        Each a sequence old, new, old, new, ...: texts of the right solution and what stands there instead. In the
        files, a new line may be written ``\\n``.
    code : str
        A pattern that the part's code has to hold, for a mistake that others look like.
    """

    id: str
    part: str
    does: str
    hints: tuple[str, str, str]
    variants: tuple[tuple[str, ...], ...] = ()
    code: str = ""


@functools.cache
def solution() -> str:
    """Return the right solution that the variants change."""
    return resources.files(__name__).joinpath("solution.txt").read_text("utf-8")


def changed(variant: tuple[str, ...]) -> str:
    """Return the solution with a variant's changes made.

    Raises
    ------
    ValueError
        If a text to be replaced is not in the solution.
    """
    text = solution()
    for old, new in zip(variant[::2], variant[1::2], strict=True):
        if old not in text:
            raise ValueError(f"a variant changes {old!r}, which is not in solution.txt")
        text = text.replace(old, new, 1)
    return text


@functools.cache
def mistakes() -> dict[str, Mistake]:
    """Return all entries by their ids.

    Raises
    ------
    ValueError
        If two entries have one id, or an entry is of no part.
    """
    found: dict[str, Mistake] = {}
    files = sorted((f for f in resources.files(__name__).iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    for file in files:
        for entry in tomllib.loads(file.read_text("utf-8")).get("mistake", []):
            one, two, three = entry["hints"]
            mistake = Mistake(
                entry["id"],
                entry["part"],
                entry["does"],
                (one, two, three),
                tuple(tuple(t.replace("\\n", "\n") for t in variant) for variant in entry.get("variants", [])),
                entry.get("code", ""),
            )
            if mistake.id in found or mistake.part not in (*PARTS, "*"):
                raise ValueError(f"{file.name}: the entry {mistake.id} is there twice, or is of no part")
            found[mistake.id] = mistake
    return found


def of_part(part: str) -> list[Mistake]:
    """Return the entries of a part that are recognised by comparison."""
    return [m for m in mistakes().values() if m.part == part and m.variants]


@functools.cache
def to_begin(part: str) -> tuple[str, ...]:
    """Return three hints on a part that is still to be written; none for a part that the exercise never leaves open."""
    text = resources.files(__name__).joinpath("open.toml").read_text("utf-8")
    return tuple(tomllib.loads(text)["open"].get(part, ()))
