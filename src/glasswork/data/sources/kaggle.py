"""What Kaggle wants to be handed in: two columns, and ids from 0, from 1 or of one's own, as its sample shows.

sample_submission.csv beside the images │ else their own column of ids │ else ImageId from 1, as Digit Recognizer has it
"""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from glasswork.data.sources import find
from glasswork.data.sources.rows import read_table
from glasswork.errors import GlassworkError, InputError

_SAMPLE = re.compile(r"(?i)(sample|example|format).*submi|submi.*(sample|example|format)")


@dataclass(frozen=True)
class Submission:
    """The form of a submission.

    Attributes
    ----------
    columns : (str, str)
        What the columns of ids and labels are called.
    ids : tuple of str
        The ids in the sample, in its order; empty without one.
    own : bool
        Whether images have ids of their own.
    """

    columns: tuple[str, str] = ("ImageId", "Label")
    ids: tuple[str, ...] = ()
    own: bool = False

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.ids)

    def id_of(self, number: int, item: str) -> str:
        """Return the id of an image by its number, from 0, and by what it is called in its source."""
        if self.own:
            return item
        for name in (item, Path(item).name, Path(item).stem) if "." in item else ():  # a picture
            if name in self._known:
                return name
        if number < len(self.ids):
            return self.ids[number]
        return str(number + 1)


def submission_for(source: str) -> Submission:
    """Return the form of a submission about the images of a source.

    Raises
    ------
    InputError
        If the sample beside the images has other columns than one of ids and one of labels.
    """
    path = Path(source).expanduser()
    index = _index(path)
    sample = _sample(path)
    if sample is None:
        return Submission() if index is None else Submission((index, "label"), own=True)
    table = read_table(sample)
    if len(table.header) != 2:
        raise InputError(
            f"{sample}: expected two columns, ids and labels, got {', '.join(table.header)[:200]}; a submission of "
            "another form can be made of a table with the probability of each class: -o answers.csv --scores"
        )
    return Submission((table.header[0], table.header[1]), tuple(row[0] for row in table.rows if row), index is not None)


def _index(path: Path) -> str | None:
    """Return what the column of ids of a table is called, if it has one."""
    try:
        return (find(path).index or None) if path.is_file() else None
    except GlassworkError:  # reported where the images are read
        return None


def _sample(path: Path) -> Path | None:
    """Return the sample of a submission that lies beside the images, if there is one."""
    places = [path.absolute().parent, *([path] if path.is_dir() else [])]
    files = sorted(file for place in places if place.is_dir() for file in place.iterdir() if file.is_file())
    wanted = (
        file for file in files if re.search(r"(?i)(sample|example|format).*submi|submi.*(sample|example)", file.name)
    )
    return next(wanted, None)
