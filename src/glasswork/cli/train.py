"""``glasswork train``: run an experiment, say how it goes, leave a folder with what it came to."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glasswork.cli.options import Debug

if TYPE_CHECKING:
    from glasswork.training.run import Run


def train(
    epochs: Annotated[int | None, typer.Option(help="Times through the training images.", show_default="50")] = None,
    hidden: Annotated[
        str | None, typer.Option(help="Neurons in the hidden layer, or in each: 300,100.", show_default="50")
    ] = None,
    batch_size: Annotated[int | None, typer.Option(help="Images in a step.", show_default="100")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Length of a step.", show_default="0.1")] = None,
    seed: Annotated[
        int | None, typer.Option(help="Decides the initial weights and the shuffling.", show_default="123")
    ] = None,
    dtype: Annotated[str | None, typer.Option(help="float32 or float64.", show_default="float32")] = None,
    split: Annotated[
        str | None,
        typer.Option(
            help="handout: test images are drawn from all 70,000. official: the last 10,000, as in published results.",
            show_default="handout",
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(help="mnist, which is built in, or openml:NAME, from the network.", show_default="mnist"),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for what the run leaves; a new one.", show_default="runs/<date>-<recipe>"),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but the test accuracy.")] = False,
    debug: Debug = False,
) -> None:
    """Train a network, by default the handout's: 784-50-10, sigmoid, squared error, 50 epochs.

    It leaves a folder with the recipe, the history, the network and pictures. Ctrl-C stops it; what was
    learnt by then is kept.

    Examples:

    glasswork train

    glasswork train --epochs 10 --hidden 300,100 --learning-rate 0.5

    glasswork train --split official --out runs/mine
    """
    from glasswork.cli.progress import TrainingBar
    from glasswork.training.recipe import named_recipe
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
    recipe = named_recipe("classwork").override({key: value for key, value in flags.items() if value is not None})
    run = Run(recipe, out)
    if not quiet:
        _announce(run)
    total = recipe.training.epochs
    bar = TrainingBar(total, len(run.train_loader), shown=not quiet)
    try:
        with run, bar:
            for result in run.epochs(watch=bar.watch):
                if not quiet:
                    print(
                        f"Epoch: {result.epoch:02d}/{total} | Train {run.loss.label}: {result.train_loss:.4f} | "
                        f"Valid {run.loss.label}: {result.valid_loss:.4f} | Valid Acc: {result.valid_accuracy:.2f}%",
                        flush=True,
                    )
    except KeyboardInterrupt:
        print(f"Interrupted after {len(run.history)} of {total} epochs; what was learnt is in {run.folder}")
        raise typer.Exit(130) from None
    finally:
        if run.history:
            _draw(run)
    print(f"Test accuracy: {run.test_accuracy:.2f}%")
    if not quiet:
        _what_next(run)


def _widths(text: str) -> list[int]:
    try:
        return [int(width) for width in text.split(",")]
    except ValueError:
        raise typer.BadParameter(
            f"expected a number, or several with commas between, such as 300,100; got {text!r}", param_hint="--hidden"
        ) from None


def _announce(run: "Run") -> None:
    recipe, parts, network = run.recipe, run.parts, run.recipe.network
    sizes = "-".join(str(width) for width in (run.model.in_features, *network.hidden, run.model.out_features))
    parameters = sum(parameter.size for parameter in run.model.parameters())
    print(f"{recipe.name}: {recipe.description}")
    print(
        f"  data      {recipe.data.source}, {parts.scheme} split: "
        f"{len(parts.train):,} train, {len(parts.valid):,} valid, {len(parts.test):,} test"
    )
    print(f"  network   {sizes}, {network.activation}, {parameters:,} parameters, {network.dtype}")
    print(
        f"  training  {recipe.training.epochs} epochs, batches of {recipe.training.batch_size}, "
        f"{recipe.optimizer.name} with learning rate {recipe.optimizer.learning_rate:g}, seed {recipe.seed}"
    )
    print(f"  run       {run.folder}\n", flush=True)


def _what_next(run: "Run") -> None:
    seconds = sum(result.seconds for result in run.history)
    print(f"Trained in {seconds:.1f} s. The pictures are in {run.folder / 'figures'}. Next:")
    print(f"  glasswork evaluate {run.folder}")
    print(f"  glasswork predict {run.folder} DIGIT.png")


def _draw(run: "Run") -> None:
    """Draw the pictures of a run into its folder."""
    from glasswork import figures

    folder = run.folder / "figures"
    folder.mkdir(exist_ok=True)
    history = run.history
    sizes = [run.model.in_features, *run.model.hidden_size, run.model.out_features]
    network = run.recipe.network
    activations = [network.activation] * len(network.hidden) + [network.output_activation]
    pictures = {
        "digits": figures.digits(run.parts.train.images, run.parts.train.labels),
        "curves": figures.curves(
            [result.epoch for result in history],
            [result.train_loss for result in history],
            [result.valid_loss for result in history],
            [result.valid_accuracy for result in history],
            loss_name=run.loss.label,
        ),
        "weights": figures.weights(run.model.state()["linear1.weight"]),
        "diagram": figures.diagram(sizes, activations),
    }
    for name, picture in pictures.items():
        figures.save(picture, folder / f"{name}.png")
