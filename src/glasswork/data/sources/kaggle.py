"""Submissions to Kaggle: two columns, and ids from 0, from 1 or from the data, as the sample shows.

sample_submission.csv beside the images │ or the images' own id column │ or ImageId from 1, as in Digit Recognizer
"""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from glasswork.data.sources import find
from glasswork.data.sources.rows import read_table
from glasswork.errors import GlassworkError, InputError
from glasswork.paths import typed_path

_SAMPLE = re.compile(r"(?i)(sample|example|format).*submi|submi.*(sample|example|format)")


@dataclass(frozen=True)
class Submission:
    """The form of a submission.

    Attributes
    ----------
    columns : (str, str)
        The names of the columns of ids and labels.
    ids : tuple of str
        The ids in the sample, in its order; empty without a sample.
    own : bool
        Whether the images have their own ids.
    """

    columns: tuple[str, str] = ("ImageId", "Label")
    ids: tuple[str, ...] = ()
    own: bool = False

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.ids)

    def id_of(self, number: int, item: str) -> str:
        """Return the id of an image, given its number from 0 and its name in the source.

        Raises
        ------
        InputError
            If there is a sample that has no id for it.
        """
        if self.own:
            return item
        if not self.ids:
            return str(number + 1)
        if "." in item:  # a picture
            found = next((name for name in (item, Path(item).name, Path(item).stem) if name in self._known), None)
        else:
            found = self.ids[number] if number < len(self.ids) else None
        if found is None:
            raise InputError(
                f"{item}: the sample of a submission has {len(self.ids):,} ids, such as {self.ids[0]}, and none for "
                "this image; put the sample that belongs to these images beside them, or leave out --submission"
            )
        return found


def submission_for(source: str) -> Submission:
    """Return the form of a submission for the images of a source.

    Raises
    ------
    InputError
        If the sample beside the images does not have one column of ids and one of labels.
    """
    path = typed_path(source)
    index = _index(path)
    sample = _sample(path)
    if sample is None:
        return Submission() if index is None else Submission((index, "label"), own=True)
    table = read_table(sample)
    if len(table.header) != 2:
        raise InputError(
            f"{sample}: expected two columns, ids and labels, got {', '.join(table.header)[:200]}; for a "
            "submission of another form, save the probabilities of all classes: -o answers.csv --scores"
        )
    return Submission((table.header[0], table.header[1]), tuple(row[0] for row in table.rows if row), index is not None)


def _index(path: Path) -> str | None:
    """Return the name of the id column of a table, if it has one."""
    try:
        return (find(path).index or None) if path.is_file() else None
    except GlassworkError:  # reported when the images are read
        return None


def _sample(path: Path) -> Path | None:
    """Return the sample of a submission that lies beside the images, if there is one."""
    places = [path.absolute().parent, *([path] if path.is_dir() else [])]
    files = sorted(file for place in places if place.is_dir() for file in place.iterdir() if file.is_file())
    wanted = (
        file for file in files if re.search(r"(?i)(sample|example|format).*submi|submi.*(sample|example)", file.name)
    )
    return next(wanted, None)
