"""Which columns of a table hold the files and classes of pictures, judged by their names or their content."""

import re

from glasswork.data.sources.rows import SUFFIXES, Table
from glasswork.errors import InputError

#: The usual names of a column of pictures, without signs between the letters, the most specific first.
_FILE_NAMES = (
    "filename", "filepath", "file", "path", "imagepath", "imagename", "image", "img", "picture", "photo", "imageid",
    "imgid", "name", "id",
)  # fmt: skip
_LABEL_NAMES = (
    "label", "labels", "class", "classname", "target", "category", "categoryname", "y", "digit", "letter", "character",
    "labelname", "classlabel", "tag", "symbol", "classid", "labelid", "groundtruth", "annotation",
)  # fmt: skip
#: What a table needs to hold images or name pictures.
TABLE_FORMS = (
    "a table of images has a column for each pixel, a table of pictures has a column file_name with the names of "
    "existing files, and a column label with their classes"
)

#: A column with this many values, all of them different, numbers or describes the pictures.
_MANY = 10

PART_NAMES = ("split", "subset", "set", "partition", "usage")


def file_column(table: Table) -> tuple[int, bool] | None:
    """Return the column of pictures, and whether its cells end like names of pictures."""
    for k in range(len(table.rows[0]) if table.rows else 0):
        cells = [row[k] for row in table.rows if k < len(row) and row[k]]
        if cells and sum(cell.lower().endswith(SUFFIXES) for cell in cells) >= 0.9 * len(cells):
            return k, True
    plain = [plain_name(name) for name in table.header]
    return next(((plain.index(name), False) for name in _FILE_NAMES if name in plain), None)


def plain_name(name: str) -> str:
    """Return the name of a column in lower case, without signs between the letters: ``file_name`` as ``filename``."""
    return re.sub(r"[\W_]", "", name.lower())


def called(table: Table, k: int) -> str:
    """Return the name of a column for messages."""
    return f"the column {table.header[k]!r}" if table.header else f"column {k + 1}"


def label_columns(table: Table, file: int) -> tuple[int, ...] | None:
    """Return the column that holds the labels, or the columns that stand for one class each; None if there is none.

    Raises
    ------
    InputError
        If several columns may hold the labels.
    """
    plain = [plain_name(name) for name in table.header]
    if (named := next((plain.index(name) for name in _LABEL_NAMES if name in plain), None)) is not None:
        return (named,)
    others = [k for k in range(len(table.rows[0])) if k != file and (not plain or plain[k] not in PART_NAMES)]
    columns = {k: [row[k] for row in table.rows if k < len(row)] for k in others}
    ones = [k for k in others if set(columns[k]) <= {"0", "1", "0.0", "1.0"}]
    if table.header and len(ones) > 1 and all(sum(float(row[k]) for k in ones) == 1 for row in table.rows):
        return tuple(ones)
    others = [k for k in others if len(columns[k]) < _MANY or len(set(columns[k])) < len(columns[k])]
    repeated = [k for k in others if 1 < len(set(columns[k])) < max(3, len(columns[k]))] or others
    words = [k for k in repeated if not all(re.fullmatch(r"-?[\d.]+", cell) for cell in columns[k])]
    likely = words or repeated
    if len(likely) > 1:
        raise InputError(
            f"several columns may hold the labels: {', '.join(called(table, k) for k in likely[:6])}; give the right "
            "one the name label in the first line of the table"
        )
    return tuple(likely) or None
