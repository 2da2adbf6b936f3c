"""What all translations share: the library that they need, and a check that they know every layer."""

from collections.abc import Container
from importlib import import_module
from typing import Any

from glasswork.errors import InputError, MissingLibraryError
from glasswork.nn import MLP, Layer
from glasswork.nn.module import replaced_methods


def require(library: str, *, install: str) -> Any:
    """Return a library that only some users have; it is loaded now.

    Raises
    ------
    MissingLibraryError
        If it is not installed.
    """
    try:
        return import_module(library)
    except ModuleNotFoundError as error:
        raise MissingLibraryError(
            f"{error.name} is not installed, and is needed here; install it with: pip install {install}"
        ) from error


def check_layers(model: MLP, known: Container[type[Layer]], *, target: str) -> None:
    """Raise an InputError if a network has a forward of its own, or a layer of another class than the known ones.

    A subclass of a layer is another class: it may well compute something else.
    """
    if own := replaced_methods(model, ("forward", "__call__", "scores"), MLP):
        raise InputError(f"{model}: has its own {', '.join(own)}, which {target} cannot translate")
    for name, layer in model.named_layers.items():
        if type(layer) not in known or replaced_methods(layer, ("forward", "__call__"), type(layer)):
            raise InputError(
                f"{model}: {name} is {layer}, a layer of your own; {target} can be given networks of glasswork's layers"
            )
