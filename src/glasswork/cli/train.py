"""``glasswork train``: run an experiment, print its progress, leave a folder with the results."""

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from glasswork.cli.follow import follow
from glasswork.cli.options import (
    CHECKPOINT_EVERY,
    CheckpointEvery,
    Debug,
    FigureFormat,
    Jobs,
    LogOption,
    OnCluster,
    Quiet,
    Strict,
    Watch,
    WithFigures,
    WithReport,
)
from glasswork.cli.recipe_options import parse_setting, parse_value, recipe_key
from glasswork.cli.seeds import train_many
from glasswork.paths import typed_path

if TYPE_CHECKING:
    from glasswork.data import Dataset
    from glasswork.recipes.recipe import Recipe
    from glasswork.runs.folder import RunFolder
    from glasswork.stopping import StopOnSignal


def train(
    recipe: Annotated[
        str,
        typer.Argument(
            metavar="RECIPE",
            help="A recipe's name (see glasswork recipes), a TOML file, or a run's folder, to repeat it in a new one.",
        ),
    ] = "classwork",
    epochs: Annotated[str | None, recipe_key("Passes over the training images.", "50")] = None,
    hidden: Annotated[
        str | None, recipe_key("Neurons in the hidden layer, or in each of several: 300,100.", "50")
    ] = None,
    batch_size: Annotated[str | None, recipe_key("Images per step.", "100")] = None,
    learning_rate: Annotated[str | None, recipe_key("What each gradient is multiplied by.", "0.1")] = None,
    seed: Annotated[str | None, recipe_key("Determines initial weights, order, masks and noise.", "123")] = None,
    dtype: Annotated[str | None, recipe_key("float32 or float64.", "float32")] = None,
    split: Annotated[
        str | None,
        recipe_key(
            "handout: test images are drawn from all 70,000. official: the last 10,000, as in published results.",
            "handout",
        ),
    ] = None,
    data: Annotated[
        str | None,
        recipe_key("A file or folder of images, or mnist, digits, openml:NAME. See glasswork data.", "mnist"),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Change any key of the recipe (repeatable), as --KEY VALUE does. All keys: glasswork recipes --keys.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the run; must not exist yet.", show_default="runs/<date>-<recipe>", parser=typed_path
        ),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(
            min=1, help="Train with the seeds 1 to this number, several at a time: mean ± standard deviation."
        ),
    ] = None,
    folds: Annotated[
        int | None,
        typer.Option(
            min=2, help="Cross-validate with this many folds of the training and validation images, by class."
        ),
    ] = None,
    jobs: Jobs = None,
    cluster: OnCluster = None,
    checkpoint_every: CheckpointEvery = CHECKPOINT_EVERY,
    strict: Strict = False,
    quiet: Quiet = False,
    figures: WithFigures = True,
    report: WithReport = True,
    figure_format: FigureFormat = "png",
    log: LogOption = None,
    watch: Watch = False,
    debug: Debug = False,
) -> None:
    """Train a network, by default the handout's: 784-50-10, sigmoid, squared error, 50 epochs.

    The run's folder then holds the recipe, the history, the network and figures.
    Ctrl-C stops it after the current step; glasswork resume continues from there.

    Examples:

    glasswork train

    glasswork train relu --epochs 10 --hidden 300,100 --lr 0.5

    glasswork train relu --data letters/

    glasswork train deep --momentum 0.8 --activation tanh --out runs/mine

    glasswork train deep --seeds 5

    glasswork train relu --data letters/ --folds 5
    """
    from glasswork.runs.data import check_data
    from glasswork.runs.run import Run

    flags = {
        "epochs": epochs,
        "hidden": hidden,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "seed": seed,
        "dtype": dtype,
        "split": split,
        "data": data,
    }
    wanted, old, asked = changed_recipe(recipe, settings or [], flags)
    if seeds is not None or folds is not None or jobs is not None or cluster is not None:
        if seeds is None and folds is None:
            raise typer.BadParameter("needs --seeds or --folds", param_hint="--jobs or --cluster")
        if strict or log or (seeds is not None and (folds is not None or "seed" in asked)):
            wrong = "trains many runs; leave out --strict, --log, and with --seeds also --seed and --folds"
            raise typer.BadParameter(wrong, param_hint="--folds" if seeds is None else "--seeds")
        given, count = kept_data(old, asked), folds or seeds or 1
        train_many(wanted, count, out, folds=folds is not None, jobs=jobs, cluster=cluster, dataset=given)
        return
    repeats = old if old is not None and not asked else None
    same_data = old if "data.source" not in asked else None

    def make(stop: "StopOnSignal") -> Run:
        run = Run(wanted, out, dataset=kept_data(old, asked), checkpoint_every=checkpoint_every, should_stop=stop)
        if same_data is not None:
            divided_alike = run.recipe.data == same_data.recipe().data
            data_sha256 = run.experiment.data_sha256
            run.notes.extend(check_data(same_data, run.parts, data_sha256, divided_alike=divided_alike))
        return run

    follow(
        make,
        strict=strict,
        quiet=quiet,
        report=report,
        figure_format=figure_format if figures else None,
        log=log or (),
        watch=watch,
        repeats=repeats,
    )


def kept_data(old: "RunFolder | None", asked: Mapping[str, Any]) -> "Dataset | None":
    """Return the arrays in the folder of the run that is repeated, if it has any and no other data are asked for."""
    return None if old is None or "data.source" in asked else old.kept_data()


def changed_recipe(
    recipe: str, settings: Sequence[str], flags: Mapping[str, str | None] | None = None
) -> "tuple[Recipe, RunFolder | None, dict[str, Any]]":
    """Return the recipe that an argument names, with changes; the run that it belongs to, if any; and the changes.

    Parameters
    ----------
    recipe : str
        A recipe's name, a TOML file, or a run's folder.
    settings : sequence of str
        ``KEY=VALUE``, as ``--set`` has them.
    flags : mapping, optional
        The values of the keys that have an option of their own; None for those that were not given.
    """
    from glasswork.recipes.keys import find_key

    asked = {find_key(name) or name: parse_value(text) for name, text in (flags or {}).items() if text is not None}
    for setting in settings:
        key, value = parse_setting(setting)
        asked[find_key(key) or key] = value
    if "data.source" in asked:
        asked |= describe_data(str(asked["data.source"]), divided="data.split" in asked)
    chosen, old = _find(recipe)
    words = ", ".join(f"{key} = {value}" for key, value in asked.items())
    described = {"description": f"{chosen.description}; changed: {words}"} if asked else {}
    return chosen.override({**asked, **described}), old, asked


def describe_data(source: str, *, divided: bool) -> dict[str, str]:
    """Return the recipe's keys for a source, with its absolute path, so that the run can be resumed from any folder.

    If the source has its own training and test images, that division is kept unless another one is asked for.
    """
    from glasswork.data.sources import check_source, find
    from glasswork.errors import GlassworkError

    with contextlib.suppress(GlassworkError):  # reported with the other keys
        if check_source(source)[0] is None:
            path = typed_path(source).absolute()
            parts = find(path).parts
            split = {"data.split": "source"} if not divided and {"train", "test"} <= set(parts) else {}
            return {"data.source": str(path), **split}
    return {}


def _find(recipe: str) -> "tuple[Recipe, RunFolder | None]":
    """Return the recipe that an argument names, and the run that it belongs to, if any."""
    from glasswork.runs.folder import RunFolder
    from glasswork.runs.given import as_recipe

    old = RunFolder(typed_path(recipe))
    return as_recipe(recipe), old if old.exists() else None
