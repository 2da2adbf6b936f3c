"""A description of a run: the last part of the page."""

import platform
from collections.abc import Sequence
from pathlib import Path

from glasswork.data import Split
from glasswork.data.sources import check_source
from glasswork.errors import RecipeError
from glasswork.models.committee import Committee
from glasswork.models.loaded import ModelFile
from glasswork.nn import MLP
from glasswork.paths import for_shell
from glasswork.recipes.build import column_scaling
from glasswork.recipes.recipe import Recipe, leaves
from glasswork.recipes.shelf import named_recipe
from glasswork.report.words import Words
from glasswork.runs.committee import Standing
from glasswork.runs.result import RunResult
from glasswork.statistics import accuracy_interval

#: Classes that are listed by name.
_LISTED = 30


def headline(words: Words, parts: Split, model: MLP, result: RunResult, accuracy: float, *, digits: bool) -> str:
    """Return the page's title: the data, the architecture, and the accuracy in percent."""
    say, name = words.say, parts.name
    tested = {"accuracy": words.number(accuracy, 2), "n": words.number(len(parts.test))}
    if parts.kind == "features":
        title = [say("A network for the table {name}", name=name), say("{accuracy} % of {n} test rows", **tested)]
    else:
        title = [say("A network for images of {name}", name=name), say("{accuracy} % of {n} test images", **tested)]
    if digits:
        title[0] = say("A network that reads digits")
    if result.members:
        together = words.number(result.test_accuracy or 0.0, 2)
        title.append(
            say("the best of a committee of {n}, which reaches {accuracy} %", n=len(result.members), accuracy=together)
        )
    return " · ".join([title[0], _widths(model), *title[1:]])


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


def handwriting(words: Words, recipe: Recipe) -> str:
    """Return what a writer of digits should know about the images that the network learnt from, or nothing."""
    if recipe.data.source != "mnist":
        return ""
    return words.say(
        "It learnt American handwriting: a 1 with a flag or a foot, a hooked 9 or a slashed 0 is often misread."
    )


def facts(words: Words, recipe: Recipe, result: RunResult, parts: Split, model: MLP, accuracy: float) -> dict[str, str]:
    """Return a description of a run as names and values; ``accuracy`` is in percent, as measured for the page."""
    say, number = words.say, words.number
    features = parts.kind == "features"
    things = "rows" if features else "images"
    named = {
        say("Recipe"): recipe.name + (f": {say(recipe.description)}" if recipe.description else ""),
        say("Network"): f"{_widths(model)}: {', '.join(str(layer) for layer in model.layers)}",
        say("Weights and biases"): number(sum(p.size for p in model.parameters())),
        say("Training"): say(
            "{state}, {done} of {all} epochs, {seconds} s",
            state=say(result.state),
            done=result.epochs,
            all=recipe.training.epochs,
            seconds=number(result.seconds, 1),
        ),
        say("Test accuracy"): _tested(words, result, parts, accuracy),
        say("Data"): say(
            f"{{source}}, {{scheme}} split: {{train}} training {things}, {{valid}} validation {things}, "
            f"{{test}} test {things}",
            source=recipe.data.source,
            scheme=parts.division.replace(" split", ""),
            train=number(len(parts.train)),
            valid=number(len(parts.valid)),
            test=number(len(parts.test)),
        ),
        say("Classes"): _listed(words, parts.classes),
        say("Seed"): say(
            "{seed} for the network, {split} for the split", seed=recipe.seed, split=recipe.data.split_seed
        ),
        say("Versions"): f"glasswork {result.version}, NumPy {result.numpy}, Python {platform.python_version()}",
    }
    if features:
        named[say("Columns")] = f"{model.in_features}, {_scaled(words, recipe)}"
    return named


def committee_facts(words: Words, file: ModelFile, parts: Split) -> dict[str, str]:
    """Return how good a committee and each member are, as names and values; nothing for a single network."""
    if not isinstance(file.model, Committee):
        return {}
    say, standing = words.say, Standing.of(file, parts.test)
    shown = say(
        "the mean of {n} networks, of which this page shows {name}, the best by validation",
        n=len(standing.right),
        name=standing.best,
    )
    return {
        say("Committee"): f"{shown}. {_accuracy(words, parts, int(standing.whole.sum()))}",
        **{
            say("Member {name}", name=name): _accuracy(words, parts, int(one.sum()))
            for name, one in standing.right.items()
        },
    }


def command(recipe: Recipe, *, members: Sequence[str] = (), is_long: bool = False) -> str:
    """Return the command that repeats the run, or the Python call if the data came from a program.

    A short training need not name NumPy as its engine, because every machine uses it then.
    """
    if members:
        return " ".join(["glasswork committee", *map(for_shell, members)])
    if recipe.data.source.startswith("arrays:"):
        return "Run(recipe, dataset)  # in Python, with the recipe below and the same arrays"
    if recipe.training.changes:
        return "glasswork train recipe.toml  # the recipe below, with the changes that were made while it ran"
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


def attribution(words: Words, recipe: Recipe, parts: Split) -> str:
    """Return who made the images, or the rows, in the page."""
    if recipe.data.source == "mnist":
        return words.say(
            "The images are from the MNIST database of handwritten digits by Yann LeCun, Corinna Cortes and "
            "Christopher J. C. Burges, distributed under CC BY-SA 3.0 "
            "(https://creativecommons.org/licenses/by-sa/3.0/); those in this page are a selection, "
            "and the training images among them are rounded to 16 grey levels."
        )
    things = "rows" if parts.kind == "features" else "images"
    return words.say(
        f"The {things} are from {{source}} ({{name}}); its authors and licence are stated at its source.",
        source=recipe.data.source,
        name=parts.name,
    )


def _tested(words: Words, result: RunResult, parts: Split, accuracy: float) -> str:
    tested = _accuracy(words, parts, round(accuracy * len(parts.test) / 100))
    finished = result.state == "finished"
    return tested if finished else f"{tested}; {words.say('the run was not finished')}"


def _accuracy(words: Words, parts: Split, right: int) -> str:
    """Return an accuracy with its images and its confidence interval."""
    count, things = len(parts.test), "rows" if parts.kind == "features" else "images"
    low, high = (words.number(end, 1) for end in accuracy_interval(right, count))
    return words.say(
        f"{{accuracy}} %: {{right}} of {{n}} test {things}; 95 % confidence: {{low}} to {{high}} %",
        accuracy=words.number(100 * right / count, 2),
        right=words.number(right),
        n=words.number(count),
        low=low,
        high=high,
    )


def _scaled(words: Words, recipe: Recipe) -> str:
    if column_scaling(recipe.data.scaling) == "standardize":
        return words.say("each scaled to mean 0 and standard deviation 1 over the training rows")
    return words.say("each scaled to 0 to 1 over the training rows")


def _widths(model: MLP) -> str:
    return "-".join(str(width) for width in (model.in_features, *model.hidden_size, model.out_features))


def _listed(words: Words, classes: tuple[str, ...]) -> str:
    listed, more = ", ".join(classes[:_LISTED]), len(classes) - _LISTED
    if more > 0:
        listed = words.say("{names} and {n} more", names=listed, n=words.number(more))
    return f"{len(classes)}: {listed}"


def _word(value: object) -> str:
    if isinstance(value, list | tuple):
        return ",".join(str(item) for item in value)
    return str(value).lower() if isinstance(value, bool) else str(value)
