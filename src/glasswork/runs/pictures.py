"""The pictures of a run: curves, diagram, weights, digits, drawn into its ``figures`` folder."""

from pathlib import Path

from glasswork import figures
from glasswork.errors import FileError
from glasswork.nn import Activation, BatchNorm, Linear
from glasswork.runs.run import Run


def figures_folder(run: Path) -> Path:
    """Return the folder for a run's pictures, made if it is not there yet.

    Raises
    ------
    FileError
        If it cannot be made.
    """
    folder = run / "figures"
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise FileError(f"{folder}: this folder cannot be made ({error.strerror}); move away what is there") from error
    return folder


def draw_pictures(run: Run) -> Path:
    """Draw the pictures of a run; return the folder that they are in.

    Raises
    ------
    FileError
        If they cannot be written.
    """
    folder = figures_folder(run.folder)
    history, parts, layers = run.history, run.parts, run.model.layers
    linears = [layer for layer in layers if isinstance(layer, Linear)]
    activations = [layer.kind or type(layer).__name__ for layer in layers if isinstance(layer, Activation)]
    pictures = {
        "curves": figures.curves(
            [result.epoch for result in history],
            [result.train_loss for result in history],
            [result.valid_loss for result in history],
            [result.valid_accuracy for result in history],
            loss_name=run.experiment.loss.label,
        ),
        "diagram": figures.diagram(
            [linears[0].in_features, *(linear.out_features for linear in linears)],
            [*activations, *[None] * (len(linears) - len(activations))],  # an output layer may have none
            batch_norm=any(isinstance(layer, BatchNorm) for layer in layers),
            shape=parts.shape,
            classes=parts.classes,
        ),
        "weights": figures.weights(linears[0].weight, shape=parts.shape),
        "digits": figures.digits(parts.train.images, parts.train.labels, classes=parts.classes, shape=parts.shape),
    }
    for name, picture in pictures.items():
        figures.save(picture, folder / f"{name}.png")
    return folder
