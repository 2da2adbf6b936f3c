"""Shared by all translations: import of the other library, and a check that every layer can be translated."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from glasswork.errors import FileError, GlassworkError, InputError, MissingLibraryError
from glasswork.nn import LAYERS, MLP
from glasswork.nn.module import replaced_methods

#: The largest file that is read.
LARGEST = 2_000_000_000


def require(library: str, *, install: str) -> Any:
    """Import and return an optional library; a MissingLibraryError says how to install it."""
    try:
        return import_module(library)
    except ModuleNotFoundError as error:
        raise MissingLibraryError(
            f"{error.name} is needed here but is not installed; install it with: pip install {install}"
        ) from error


@contextmanager
def opened(path: Path, what: str) -> Iterator[zipfile.ZipFile]:
    """Context manager: the zip archive of a file; whatever fails in its block means that the file is damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = sum(info.file_size for info in archive.infolist())
            if sizes > LARGEST:
                raise FileError(f"{path}: expected at most {LARGEST:,} bytes unpacked, got {sizes:,}")
            yield archive
    except GlassworkError:
        raise
    except Exception as error:  # zlib, struct, NumPy and h5py have many errors of their own
        raise FileError(f"{path}: expected {what}, but it is damaged or something else ({error!r})") from None


def check_layers(model: MLP, *, target: str) -> None:
    """Raise an InputError if a network has a forward of its own, or a layer of another class than glasswork's.

    A subclass of a layer counts as another class, because it may compute something else.
    """
    if own := replaced_methods(model, ("forward", "__call__", "scores"), MLP):
        raise InputError(f"{model}: has its own {', '.join(own)}, which {target} cannot translate")
    for name, layer in model.named_layers.items():
        known = LAYERS.get(str(layer.kind)) is type(layer)
        if not known or replaced_methods(layer, ("forward", "__call__"), type(layer)):
            raise InputError(
                f"{model}: {name} is {layer}, a layer of your own; {target} accepts only networks of glasswork's layers"
            )
