"""Answer: what a network says about one image, and the same keys for it on the screen and in every file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from glasswork.arrays import FloatArray
from glasswork.data.photos import Reading

#: Below this confidence the second guess is shown as well.
_UNSURE = 0.7

_DIGITS = tuple("0123456789")

#: The keys of an answer in JSON and in tables; docs/lookup/data.md explains each.
KEYS = (
    "item", "file", "row", "position", "label", "confidence", "agreement", "unlike", "strangeness", "resembles", "box",
    "error",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Answer:
    """A network's answer about one image: a row of a table, a picture, or one of the digits in a picture.

    Attributes
    ----------
    source, item : str
        The source, and the name of the image in it: a file, an id, or the number of its row.
    row : int
        The number of the image in its source, from 1, counting images that cannot be read.
    position : int
        The position of the digit in its picture, in reading order from 1.
    label : str
        The name of the most probable class; empty if the image could not be read.
    classes : tuple of str
        The names of all classes.
    probabilities : (classes,) array or None
        Limited where the network cannot be trusted; see ``glasswork.models.doubt``.
    agreement : float or None
        Of a committee: the share of its members that give the label.
    unlike : bool or None
        Whether the image is unlike anything that the network was trained on; None if there is nothing to compare with.
    strangeness : float or None
        0 for a typical image, more than 1 if it is unlike the training images; infinite for an image of a single level.
    resembles : str
        The most frequent class among the nearest training images.
    box : (int, int, int, int) or None
        Where a digit is in its picture: left, top, right, bottom in pixels of the upright picture.
    reading : Reading or None
        How a picture of digits was read, step by step; also for a picture in which nothing was found.
    error : str
        Why the image could not be read; empty if it could.
    """

    source: str
    item: str = ""
    row: int = 0
    position: int = 1
    label: str = ""
    classes: tuple[str, ...] = ()
    probabilities: FloatArray | None = None
    agreement: float | None = None
    unlike: bool | None = None
    strangeness: float | None = None
    resembles: str = ""
    box: tuple[int, int, int, int] | None = None
    reading: Reading | None = None
    error: str = ""

    def __repr__(self) -> str:
        place = self.source if self.source.endswith(self.item) else f"{self.source} {self.item}"
        if self.error:
            return f"Answer({place!r}, error={self.error!r})"
        strange = ", unlike the training images" if self.unlike else ""
        return f"Answer({place!r}, label={self.label!r}, {self.confidence:.1%} sure{strange})"

    @property
    def confidence(self) -> float:
        """The probability of the label."""
        return 0.0 if self.probabilities is None else float(self.probabilities.max())

    @property
    def second_guess(self) -> tuple[str, float] | None:
        """The second class and its probability, if the network is unsure."""
        if self.probabilities is None or self.confidence >= _UNSURE or len(self.classes) < 2:
            return None
        second = int(self.probabilities.argsort()[-2])
        return self.classes[second], float(self.probabilities[second])

    def to_dict(self) -> dict[str, Any]:
        """Return the answer by ``KEYS``, for JSON and tables; unknown values are None."""
        known = not self.error
        finite = self.strangeness is not None and np.isfinite(self.strangeness)
        values = (
            self.item or None,
            self.source,
            self.row or None,
            self.position if known else None,
            self.label if known else None,
            round(self.confidence, 6) if known else None,
            None if self.agreement is None else round(self.agreement, 6),
            self.unlike,
            round(self.strangeness, 3) if self.strangeness is not None and finite else None,
            self.resembles or None,
            self.box,
            self.error or None,
        )
        return dict(zip(KEYS, values, strict=True))


def by_image(answers: Iterator[Answer]) -> Iterator[list[Answer]]:
    """Yield the answers for each image: one, or one for each digit of a picture."""
    image: list[Answer] = []
    for answer in answers:
        if image and (answer.reading is None or answer.reading is not image[-1].reading):
            yield image
            image = []
        image.append(answer)
    if image:
        yield image


def entry_of(answers: Sequence[Answer], *, scores: bool = False) -> dict[str, Any]:
    """Return an image's entry in JSON. A picture's is that of its first digit, with a list of all its digits.

    If there are several, ``note`` warns that the label is that of the first.
    """
    first, *_ = facts = [_facts(answer, scores=scores) for answer in answers]
    if answers[0].reading is None or answers[0].error:
        return first
    of_image = ("item", "file", "row")
    entry = first | {"digits": [{key: one[key] for key in one if key not in of_image} for one in facts]}
    if len(facts) > 1:
        entry["note"] = f"{len(facts)} digits found: label is the first in reading order, digits has all of them"
    return entry


def _facts(answer: Answer, *, scores: bool) -> dict[str, Any]:
    facts = answer.to_dict()
    if answer.probabilities is None:
        return {key: value for key, value in facts.items() if value is not None}
    del facts["error"]
    if answer.classes == _DIGITS:
        facts["digit"] = int(answer.label)
    shares = [round(float(share), 6) for share in answer.probabilities]
    facts["probabilities"] = shares
    if scores:
        facts["scores"] = dict(zip(answer.classes, shares, strict=True))
    return facts
