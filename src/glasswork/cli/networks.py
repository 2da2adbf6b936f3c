"""The network that a command asks about images, and a notice on what is assumed about the numbers it takes."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glasswork.models.loaded import ModelFile


def read_for_data(run: Path) -> "ModelFile":
    """Read a run's network; print what its file leaves open about the numbers that it takes.

    Raises
    ------
    FileError
        If there is no network, or its file is damaged.
    InputError
        If it was trained on other numbers.
    """
    from glasswork.models.model_file import read_model_file

    read, note = read_model_file(run).for_bytes()
    if note:
        print(f"Notice: {note}", file=sys.stderr)
    return read
