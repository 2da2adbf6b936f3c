"""predict_file: what a network says about a picture or a table, read as its training data were."""

import warnings
from pathlib import Path

from glasswork.errors import InputError
from glasswork.models.answer import Answer
from glasswork.models.answers import answers
from glasswork.models.model_file import file_of, read_model_file
from glasswork.nn import MLP


def predict_file(model: MLP | str | Path, path: str | Path, *, single: bool = False) -> list[Answer]:
    """Return what a network says about a picture, a table, or a folder of them, read as its training data were.

    The answers are those of ``glasswork predict``. The columns of a table are matched by their names, pictures have the
    size and colours of the training pictures, and values are on the same scale.

    Parameters
    ----------
    model : MLP or path
        From `load_model`, which knows its classes and inputs, and its reference images; or what `load_model` takes.
    path : path
        Of a file or folder, in any format in which data can be read; or the name of a source, such as ``mnist``.
    single : bool
        Whether only the largest digit of a photograph of digits is answered.

    Returns
    -------
    list of Answer
        One for each picture, row, or digit on a photograph. The answer for one that cannot be read has an ``error``.

    Raises
    ------
    FileError
        If ``model`` is a path where no model file is, or a damaged one.
    InputError
        If there is no such file, nothing can be read there, or a column is missing.
    """

    def warn(note: str) -> None:
        warnings.warn(note, stacklevel=2)

    read = read_model_file(model) if isinstance(model, str | Path) else file_of(model)
    found = list(answers(read, [str(path)], single=single, notify=warn))
    if len(found) == 1 and found[0].error and not found[0].item:
        raise InputError(found[0].error)
    return found
