"""Arrays that a user's program made: they cannot be loaded by their name, only kept with a run or handed in again."""

from glasswork.data.dataset import Dataset
from glasswork.errors import InputError


def load(argument: str) -> Dataset:
    """Raise: there is nothing to load."""
    raise InputError(
        f"the data {argument!r} are arrays that a program handed in, and they are not kept with this run; hand them in "
        "again: Run(recipe, dataset) or Run.resume(folder, dataset=dataset)"
    )
