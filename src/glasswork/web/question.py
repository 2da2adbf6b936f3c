"""A question to a network: pictures or numbers, from the body of a request.

image/png, image/jpeg, ...      a picture file
application/json                [0, 0, 255, ...] or lists of such, one image or many; or {"pictures": ["<base64>", ...]}
"""

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from glasswork.errors import InputError
from glasswork.models.answer import by_image, entry_of
from glasswork.models.answers import answers_about_pictures, answers_about_rows
from glasswork.models.loaded import ModelFile
from glasswork.web.server import RefusedError

#: The most rows, and the most pictures, of one request.
MOST_ROWS, MOST_PICTURES = 10_000, 100

_WANTED = 'expected a list of numbers, a list of such lists, or {"pictures": [...]} with pictures in base64'


class Pictures(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Picture files, in base64 in JSON."""

    pictures: list[bytes]


def takes(kind: str) -> bool:
    """Return whether a body of this content type can be a question."""
    return kind == "application/json" or kind.startswith("image/")


def answers_to(read: ModelFile, kind: str, body: bytes) -> list[dict[str, Any]]:
    """Return an entry for each image in a body, as ``glasswork predict --json`` prints it.

    Raises
    ------
    RefusedError
        If there are too many images in it.
    InputError
        If it is not what its content type says, or its numbers do not fit the network.
    """
    asked = Pictures([body]) if kind != "application/json" else _decoded(body)
    if isinstance(asked, Pictures):
        if len(asked.pictures) > MOST_PICTURES:
            raise RefusedError(413, f"expected at most {MOST_PICTURES} pictures, got {len(asked.pictures):,}")
        return [entry_of(answers) for answers in by_image(answers_about_pictures(read, asked.pictures))]
    numbers = _array(asked, features=read.takes_features)
    if len(numbers) > MOST_ROWS and numbers.ndim > 1:
        raise RefusedError(413, f"expected at most {MOST_ROWS:,} rows, got {len(numbers):,}; send them in parts")
    return [entry_of([answer]) for answer in answers_about_rows(read, numbers)]


def _decoded(body: bytes) -> list[Any] | Pictures:
    try:
        asked: list[Any] | Pictures = msgspec.json.decode(body, type=list[Any] | Pictures)
    except msgspec.MsgspecError as error:
        raise InputError(f"the body: {_WANTED}; {error}") from None
    except RecursionError:
        raise InputError(f"the body: {_WANTED}; it goes too deep") from None
    if not (asked.pictures if isinstance(asked, Pictures) else asked):
        raise InputError(f"the body: {_WANTED}; it is empty")
    return asked


def _array(numbers: list[Any], *, features: bool) -> NDArray[Any]:
    """Return nested lists as an array; null is a missing feature."""
    try:
        array = np.asarray(numbers)
        if array.dtype.kind == "O" and features:
            array = np.asarray(numbers, np.float64)
    except (ValueError, TypeError, OverflowError):
        raise InputError(f"the body: {_WANTED}; its lists differ in length or hold something else") from None
    if array.dtype.kind not in "iuf":
        raise InputError(f"the body: {_WANTED}; it holds something else than numbers")
    return array
