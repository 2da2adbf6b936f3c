"""Arrays that a program made: they cannot be loaded by name; they are stored with the run, or passed again."""

from glasswork.data.dataset import Dataset
from glasswork.data.sources.arrange import Asked
from glasswork.errors import InputError


def load(argument: str, asked: Asked) -> Dataset:
    """Raise: there is nothing to load."""
    raise InputError(
        f"the data {argument!r} are arrays from a program, and they are not stored with this run; pass them again: "
        "Run(recipe, dataset) or Run.resume(folder, dataset=dataset)"
    )
