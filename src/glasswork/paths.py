"""Paths as a user types them, and as a user can type them again."""

import os
import shlex
from pathlib import Path


def typed_path(text: str | os.PathLike[str]) -> Path:
    """Return the path that a user typed: ``~`` is the home folder, unless there is none, as in a container."""
    path = Path(text)
    try:
        return path.expanduser()
    except RuntimeError:
        return path


typed_path.__name__ = "path"  # what --help shows as the type


def for_shell(path: str | os.PathLike[str]) -> str:
    """Return a path as it can be typed as an argument: quoted where it has to be, and never like an option."""
    text = os.fspath(path)
    return shlex.quote(f"./{text}" if text.startswith("-") else text)
