"""Where the data of a run are now, if the whole project was moved or copied: where they were, as seen from the run.

/old/letters, /old/runs/x     ──moved──►    /new/letters, /new/runs/x

That they are the same data is not decided here: their fingerprint is compared with the run's.
"""

from pathlib import Path

from glasswork.errors import FileError
from glasswork.recipes.recipe import Recipe


def with_source_now(recipe: Recipe, folder: Path) -> Recipe:
    """Return the recipe of the run in a folder, with its source where that is now."""
    source = recipe.data.source
    if not _is_gone(source):
        return recipe
    parts = Path(source).parts[1:]
    for around in folder.absolute().parents[:-1]:
        for n in range(len(parts)):
            if (place := around.joinpath(*parts[n:])).exists():
                return recipe.override({"data.source": str(place)})
    return recipe


def check_source(recipe: Recipe, folder: Path) -> None:
    """Raise a FileError if the source of the run in a folder is gone."""
    if _is_gone(recipe.data.source):
        raise FileError(
            f"{folder}: its data, {recipe.data.source}, are not there any more; bring them back, or, if they were "
            f"moved, correct data.source in {folder / 'recipe.toml'}"
        )


def _is_gone(source: str) -> bool:
    """Whether a source is a path, and no file or folder has that name, or a name that begins with it."""
    path = Path(source)
    return path.is_absolute() and not path.exists() and not any(path.parent.glob(f"{path.name}*"))
