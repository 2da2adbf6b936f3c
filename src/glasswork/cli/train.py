"""``glasswork train``: run an experiment, print its progress, leave a folder with the results."""

import contextlib
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from glasswork.cli.follow import follow
from glasswork.cli.options import CHECKPOINT_EVERY, CheckpointEvery, Debug, Quiet, Strict

if TYPE_CHECKING:
    from glasswork.recipes.recipe import Recipe


def train(
    recipe: Annotated[
        str,
        typer.Argument(
            metavar="RECIPE", help="A recipe's name, see glasswork recipes, a TOML file, or a run, to do it again."
        ),
    ] = "classwork",
    epochs: Annotated[
        int | None, typer.Option(help="Times through the training images.", show_default="50 in classwork")
    ] = None,
    hidden: Annotated[
        str | None,
        typer.Option(help="Neurons in the hidden layer, or in each: 300,100.", show_default="50 in classwork"),
    ] = None,
    batch_size: Annotated[int | None, typer.Option(help="Images in a step.", show_default="100 in classwork")] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="Length of a step.", show_default="0.1 in classwork")
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(help="Decides initial weights, order, masks and noise.", show_default="123 in classwork"),
    ] = None,
    dtype: Annotated[str | None, typer.Option(help="float32 or float64.", show_default="float32 in classwork")] = None,
    split: Annotated[
        str | None,
        typer.Option(
            help="handout: test images are drawn from all 70,000. official: the last 10,000, as in published results.",
            show_default="handout in classwork",
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="mnist, which is built in, or openml:NAME, from the network.", show_default="mnist in classwork"
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change any key of the recipe; may be given again and again."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for what the run leaves; must not exist yet.",
            show_default="runs/<date>-<recipe>",
        ),
    ] = None,
    checkpoint_every: CheckpointEvery = CHECKPOINT_EVERY,
    strict: Strict = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Train a network, by default the handout's: 784-50-10, sigmoid, squared error, 50 epochs.

    It leaves a folder with the recipe, the history, the network and pictures.
    Ctrl-C stops it after the step at hand; glasswork resume goes on from there.

    Examples:

    glasswork train

    glasswork train relu --epochs 10 --hidden 300,100 --learning-rate 0.5

    glasswork train deep --set optimizer.momentum=0.8 --set network.activation=tanh --out runs/mine
    """
    from glasswork.runs.run import Run

    flags = {
        "training.epochs": epochs,
        "network.hidden": None if hidden is None else _widths(hidden),
        "training.batch_size": batch_size,
        "optimizer.learning_rate": learning_rate,
        "seed": seed,
        "network.dtype": dtype,
        "data.split": split,
        "data.source": data,
    }
    asked = {key: value for key, value in flags.items() if value is not None}
    for setting in settings or []:
        key, value = _setting(setting)
        asked[key] = value
    chosen = _find(recipe)
    if asked:
        changes = ", ".join(f"{key} = {value}" for key, value in asked.items())
        asked["description"] = f"{chosen.description}; changed: {changes}"
    wanted = chosen.override(asked)
    follow(
        lambda stop: Run(wanted, out, checkpoint_every=checkpoint_every, should_stop=stop), strict=strict, quiet=quiet
    )


def _find(recipe: str) -> "Recipe":
    from glasswork.recipes.shelf import named_recipe, read_recipe

    path = Path(recipe)
    if (path / "recipe.toml").is_file():  # a run: the same again
        path = path / "recipe.toml"
    return read_recipe(path) if path.suffix == ".toml" else named_recipe(recipe)


def _widths(text: str) -> list[int]:
    try:
        return [int(width) for width in text.split(",")]
    except ValueError:
        raise typer.BadParameter(
            f"expected a number, or several with commas between, such as 300,100; got {text!r}", param_hint="--hidden"
        ) from None


def _setting(text: str) -> tuple[str, Any]:
    """Return the key and the value of ``key=value``: a TOML value, a word, or several with commas between."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise typer.BadParameter(
            f"expected KEY=VALUE, such as optimizer.momentum=0.9; got {text!r}", param_hint="--set"
        )
    for attempt in (value, f"[{value}]"):
        with contextlib.suppress(ValueError, RecursionError):
            parsed = tomllib.loads(f"value = {attempt}")
            if len(parsed) == 1:
                return key.strip(), parsed["value"]
    words = [word.strip() for word in value.split(",")]
    return key.strip(), words if len(words) > 1 else words[0]
