"""``glasswork train``: run an experiment, say how it goes, leave a folder with what it came to."""

import contextlib
import math
import shlex
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from glasswork.cli.options import Debug, command, figures_folder
from glasswork.errors import GlassworkError

if TYPE_CHECKING:
    from glasswork.training.recipe import Recipe
    from glasswork.training.run import Run


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
        typer.Option(help="Folder for what the run leaves; a new one.", show_default="runs/<date>-<recipe>"),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but the test accuracy.")] = False,
    debug: Debug = False,
) -> None:
    """Train a network, by default the handout's: 784-50-10, sigmoid, squared error, 50 epochs.

    It leaves a folder with the recipe, the history, the network and pictures.
    Ctrl-C stops it; what was learnt by then is kept.

    Examples:

    glasswork train

    glasswork train relu --epochs 10 --hidden 300,100 --learning-rate 0.5

    glasswork train deep --set optimizer.momentum=0.8 --set network.activation=tanh --out runs/mine
    """
    from glasswork.cli.progress import TrainingBar
    from glasswork.training.run import Run

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
    run = Run(chosen.override(asked), out)
    total = run.recipe.training.epochs
    try:
        with run, TrainingBar(total, len(run.train_loader), shown=not quiet) as bar:
            if not quiet:
                _announce(run)
            for result in run.epochs(watch=bar.watch):
                if not quiet:
                    print(
                        f"Epoch: {result.epoch:02d}/{total} | Train {run.loss.label}: {result.train_loss:.4f} | "
                        f"Valid {run.loss.label}: {result.valid_loss:.4f} | Valid Acc: {result.valid_accuracy:.2f}%",
                        flush=True,
                    )
    except KeyboardInterrupt:
        print(f"Interrupted after {len(run.history)} of {total} epochs; what was learnt is in {run.folder}", flush=True)
        if run.history:
            _draw(run)
        raise typer.Exit(130) from None
    except GlassworkError:
        if run.history:
            with contextlib.suppress(GlassworkError):  # the first error is the one to tell
                _draw(run)
        raise
    print(f"Test accuracy: {run.test_accuracy:.2f}%", flush=True)
    _draw(run)
    if not quiet:
        _what_next(run)


def _find(recipe: str) -> "Recipe":
    from glasswork.training.recipe import named_recipe, read_recipe

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


def _announce(run: "Run") -> None:
    recipe, parts, network, optimizer = run.recipe, run.parts, run.recipe.network, run.recipe.optimizer
    sizes = "-".join(str(width) for width in (run.model.in_features, *network.hidden, run.model.out_features))
    parameters = sum(parameter.size for parameter in run.model.parameters())
    activation = network.activation if isinstance(network.activation, str) else ", ".join(network.activation)
    extras = (
        _switched_on(
            input_dropout=network.input_dropout,
            dropout=network.dropout,
            input_noise=network.input_noise,
            noise=network.noise,
        )
        + ["batch norm"] * network.batch_norm
    )
    details = _switched_on(
        momentum=optimizer.momentum,
        weight_decay=optimizer.weight_decay,
        clip_norm=optimizer.clip_norm,
        max_norm=optimizer.max_norm,
        label_smoothing=recipe.loss.label_smoothing,
        warmup=recipe.schedule.warmup,
        average=recipe.training.average,
        early_stopping=recipe.training.early_stopping,
    )
    details += [f"{recipe.schedule.name} schedule"] * (recipe.schedule.name != "constant")
    print(f"{recipe.name}: {recipe.description}" if recipe.description else recipe.name)
    print(
        f"  data      {recipe.data.source}, {parts.scheme} split: "
        f"{len(parts.train):,} train, {len(parts.valid):,} valid, {len(parts.test):,} test"
    )
    print(f"  network   {', '.join([sizes, activation, *extras])}, {parameters:,} parameters, {network.dtype}")
    print(
        f"  training  {recipe.training.epochs} epochs, batches of {recipe.training.batch_size}, {recipe.loss.name}, "
        + ", ".join(
            [f"{optimizer.name} with learning rate {optimizer.learning_rate:g}", *details, f"seed {recipe.seed}"]
        )
    )
    print(f"  run       {run.folder}\n", flush=True)


def _switched_on(**settings: float) -> list[str]:
    return [f"{name.replace('_', ' ')} {value:g}" for name, value in settings.items() if value]


def _what_next(run: "Run") -> None:
    seconds = sum(result.seconds for result in run.history)
    print(f"Trained in {seconds:.1f} s. The pictures are in {run.folder / 'figures'}. Next:")
    here = shlex.quote(str(run.folder))
    print(f"  {command()} evaluate {here}")
    print(f"  {command()} predict {here} DIGIT.png")


def _draw(run: "Run") -> None:
    """Draw the pictures of a run into its folder."""
    from glasswork import figures
    from glasswork.training.build import describe_model

    folder = figures_folder(run.folder)
    history = run.history
    network = describe_model(run.model)
    sizes = [run.model.in_features, *network.hidden, run.model.out_features]
    activations = [*network.activation, None if network.output_activation == "none" else network.output_activation]
    pictures = {
        "curves": figures.curves(
            [result.epoch for result in history],
            [result.train_loss for result in history],
            [result.valid_loss for result in history],
            [result.valid_accuracy for result in history],
            loss_name=run.loss.label,
        ),
        "diagram": figures.diagram(sizes, activations, batch_norm=network.batch_norm),
    }
    if math.isqrt(run.model.in_features) ** 2 == run.model.in_features:  # square images, as MNIST's are
        pictures["weights"] = figures.weights(run.model.state()["linear1.weight"])
        if run.model.out_features == 10:
            pictures["digits"] = figures.digits(run.parts.train.images, run.parts.train.labels)
    for name, picture in pictures.items():
        figures.save(picture, folder / f"{name}.png")
