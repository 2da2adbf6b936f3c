"""Read the network that a command is to use on images, and print what is assumed about its inputs."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glasswork.models.loaded import ModelFile


def read_for_data(run: Path) -> "ModelFile":
    """Read a run's network; print what its file does not state about the numbers that it takes.

    Raises
    ------
    FileError
        If there is no network, or its file is damaged.
    InputError
        If it was trained on other numbers than pixels.
    """
    from glasswork.models.model_file import read_model_file

    read, note = read_model_file(run).for_bytes()
    if note:
        print(f"Notice: {note}", file=sys.stderr)
    return read
