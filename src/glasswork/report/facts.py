"""A description of a run: the last part of the page."""

import platform
from pathlib import Path

from glasswork.data import Split
from glasswork.data.sources import check_source
from glasswork.errors import RecipeError
from glasswork.nn import MLP
from glasswork.recipes.build import column_scaling
from glasswork.recipes.recipe import Recipe, leaves
from glasswork.recipes.shelf import named_recipe
from glasswork.runs.result import RunResult
from glasswork.statistics import chance_in_words

_MNIST = (
    "The images are from the MNIST database of handwritten digits by Yann LeCun, Corinna Cortes and "
    "Christopher J. C. Burges, distributed under CC BY-SA 3.0 "
    "(https://creativecommons.org/licenses/by-sa/3.0/); those in this page are a selection, "
    "and the training images among them are rounded to 16 grey levels."
)

#: What MNIST's writers did not do, beside the board.
_HANDWRITING = (
    "It learnt from American handwriting: a 1 with a flag or a foot, a 9 with a hooked tail and a 0 with a slash are "
    "often misread."
)

#: How columns are scaled, in words.
_SCALED: dict[str, str] = {
    "standardize": "each scaled to mean 0 and standard deviation 1 over the training rows",
    "zero-to-one": "each scaled to 0 to 1 over the training rows",
}

#: Classes that are listed by name.
_LISTED = 30


def headline(parts: Split, model: MLP, accuracy: float, *, digits: bool) -> str:
    """Return the page's title: the data, the architecture, and the accuracy in percent."""
    features = parts.kind == "features"
    task = "that reads digits" if digits else f"for {'the table' if features else 'images of'} {parts.name}"
    tested = f"{accuracy:.2f} % of {len(parts.test):,} test {'rows' if features else 'images'}"
    return f"A network {task} · {_widths(model)} · {tested}"


def shareable(recipe: Recipe) -> Recipe:
    """Return the recipe without the paths of this machine: a file or a folder is called by its name alone."""
    source, weights = recipe.data.source, recipe.training.sample_weights
    named = {}
    if check_source(source)[0] is None:
        name = Path(source).name or "data"
        named["data.source"] = name if "." in name else f"{name}/"
        named["description"] = recipe.description.replace(source, name)
    if weights:
        named["training.sample_weights"] = Path(weights).name
    return recipe.override(named)


def handwriting(recipe: Recipe) -> str:
    """Return what a writer of digits should know about the images that the network learnt from, or nothing."""
    return _HANDWRITING if recipe.data.source == "mnist" else ""


def facts(recipe: Recipe, result: RunResult, parts: Split, model: MLP, accuracy: float) -> dict[str, str]:
    """Return a description of a run as names and values; ``accuracy`` is in percent, as measured for the page."""
    done = f"{result.epochs} of {recipe.training.epochs} epochs"
    features = parts.kind == "features"
    things = "rows" if features else "images"
    chance = chance_in_words(accuracy, len(parts.test), things)
    tested = f"{accuracy:.2f} %" + (f": {chance}" if chance else "")
    tested += "" if result.state == "finished" else "; the run was not finished"
    return {
        "Recipe": recipe.name + (f": {recipe.description}" if recipe.description else ""),
        "Network": f"{_widths(model)}: {', '.join(str(layer) for layer in model.layers)}",
        "Weights and biases": f"{result.parameters or sum(p.size for p in model.parameters()):,}",
        "Training": f"{result.state}, {done}, {result.seconds:.1f} s",
        "Test accuracy": tested,
        "Data": f"{recipe.data.source}, {parts.scheme} split: {len(parts.train):,} training {things}, "
        f"{len(parts.valid):,} validation {things}, {len(parts.test):,} test {things}",
        "Classes": _listed(parts.classes),
        **({"Columns": f"{model.in_features}, {_SCALED[column_scaling(recipe.data.scaling)]}"} if features else {}),
        "Seed": f"{recipe.seed} for the network, {recipe.data.split_seed} for the split",
        "Versions": f"glasswork {result.version}, NumPy {result.numpy}, Python {platform.python_version()}",
    }


def command(recipe: Recipe, *, is_long: bool = False) -> str:
    """Return the command that repeats the run, or the Python call if the data came from a program.

    A short training need not name NumPy as its engine, because every machine uses it then.
    """
    if recipe.data.source.startswith("arrays:"):
        return "Run(recipe, dataset)  # in Python, with the recipe below and the same arrays"
    try:
        known = dict(leaves(named_recipe(recipe.name).to_dict()))
    except RecipeError:
        return "glasswork train recipe.toml"
    usual = () if is_long or recipe.training.engine != "numpy" else ("training.engine",)
    changed = [
        f"--set {key}={_word(value)}"
        for key, value in leaves(recipe.to_dict())
        if value != known.get(key) and key not in ("description", "name", *usual)
    ]
    return " ".join(["glasswork train", recipe.name, *changed])


def attribution(recipe: Recipe, parts: Split) -> str:
    """Return who made the images, or the rows, in the page."""
    if recipe.data.source == "mnist":
        return _MNIST
    things = "rows" if parts.kind == "features" else "images"
    return (
        f"The {things} are from {recipe.data.source} ({parts.name}); its authors and licence are stated at its source."
    )


def _widths(model: MLP) -> str:
    return "-".join(str(width) for width in (model.in_features, *model.hidden_size, model.out_features))


def _listed(classes: tuple[str, ...]) -> str:
    more = f" and {len(classes) - _LISTED:,} more" if len(classes) > _LISTED else ""
    return f"{len(classes)}: {', '.join(classes[:_LISTED])}{more}"


def _word(value: object) -> str:
    if isinstance(value, list | tuple):
        return ",".join(str(item) for item in value)
    return str(value).lower() if isinstance(value, bool) else str(value)
