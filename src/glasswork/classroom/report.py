"""What a check returns: one report a file, with one line for each part of the exercise."""

from dataclasses import dataclass
from typing import Any, Literal

Status = Literal["done", "open", "wrong", "remark", "blocked", "not found"]


@dataclass(frozen=True)
class PartReport:
    """The verdict on one part of the exercise.

    Attributes
    ----------
    name : str
        The part, such as ``Linear.forward``.
    status : str
        ``done``, ``open`` (not begun), ``wrong``, ``remark`` (right, with a remark), ``blocked`` (cannot be judged
        until another part is mended) or ``not found``.
    mistake : str or None
        The id of the catalogue's entry, if the part behaves exactly as that entry does.
    cell, line : int or None
        Where: the code cell of a notebook, counted from 1, and the line in it; ``cell`` is None for a script.
    message : str
        What the part does and what was expected.
    hints : tuple of str
        Three hints, each giving away more than the one before; empty unless something is wrong.
    code : str
        The student's own line at ``line``; not part of the JSON form.
    """

    name: str
    status: Status
    mistake: str | None = None
    cell: int | None = None
    line: int | None = None
    message: str = ""
    hints: tuple[str, str, str] | tuple[()] = ()
    code: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the documented JSON form."""
        return {
            "name": self.name,
            "status": self.status,
            "mistake": self.mistake,
            "cell": self.cell,
            "line": self.line,
            "message": self.message,
            "hints": list(self.hints),
        }


@dataclass(frozen=True)
class CheckReport:
    """The verdicts on all parts of one file, in the order of the handout."""

    file: str
    parts: tuple[PartReport, ...]
    hint: int = 1  # how many of the hints to show

    @property
    def wrong(self) -> bool:
        """Whether any part is wrong."""
        return any(part.status == "wrong" for part in self.parts)

    def to_dict(self) -> dict[str, Any]:
        """Return the documented JSON form of ``glasswork check --json``."""
        return {"file": self.file, "parts": [part.to_dict() for part in self.parts]}

    def __str__(self) -> str:
        from glasswork.classroom.rendering import to_text

        return to_text(self)

    def _repr_html_(self) -> str:
        from glasswork.classroom.rendering import to_html

        return to_html(self)
