"""Seeing a run through: what is said while a network trains, and the pictures at the end."""

import contextlib
import math
import shlex
from typing import TYPE_CHECKING

import typer

from glasswork.cli.options import command, figures_folder
from glasswork.cli.progress import TrainingBar
from glasswork.errors import GlassworkError

if TYPE_CHECKING:
    from glasswork.runs.run import Run


def follow(run: "Run", *, strict: bool, quiet: bool) -> None:
    """Train a run to its end, new or taken up again, and say how it goes."""
    total, batches = run.recipe.training.epochs, len(run.train_loader)
    done = run.progress.epoch * batches + run.progress.batch
    try:
        with run, TrainingBar(total, batches, done=done, shown=not quiet) as bar:
            if not quiet:
                _announce(run)
            for result in run.epochs(watch=bar.watch, strict=strict):
                if not quiet:
                    print(
                        f"Epoch: {result.epoch:02d}/{total} | Train {run.loss.label}: {result.train_loss:.4f} | "
                        f"Valid {run.loss.label}: {result.valid_loss:.4f} | Valid Acc: {result.valid_accuracy:.2f}%",
                        flush=True,
                    )
                while run.findings:
                    print(f"Notice: {run.findings.pop(0).message}", flush=True)
    except KeyboardInterrupt:
        here = shlex.quote(str(run.folder))
        print(f"Interrupted after {len(run.history)} of {total} epochs; what was learnt is in {run.folder}")
        print(f"Go on with: {command()} resume {here}", flush=True)
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
    print(f"  run       {run.folder}")
    for note in run.notes:
        print(f"  note      {note}")
    if run.progress.epoch or run.progress.batch:
        print(f"  from      epoch {run.progress.epoch + 1}, batch {run.progress.batch + 1}")
    print(flush=True)


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
    from glasswork.recipes.build import describe_model

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
